"""Takes every OTLP/HTTP post and forgets it. Usage: bench_swallow.py PORT"""

import http.server
import sys


class Swallow(http.server.BaseHTTPRequestHandler):
    """Answers with an empty ExportTraceServiceResponse, which in protobuf is no byte at all (OTLP 1, "Full Success")."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        """Reads the post to its end and says that all is well."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Nobody reads a line for each post."""


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Swallow).serve_forever()
