"""Stands before the log store and refuses what Loki refuses, as a whole request; what it takes it passes on.

Usage: strict_receiver.py PORT STORE-URL | strict_receiver.py compare URL
POST on any path takes log records over OTLP/HTTP in protobuf. GET /refusals gives what was refused, with the reason, as
JSON; GET /largest the most bytes of a request. The rules are those of Loki 3.7.6 with its default limits
(pkg/loghttp/push/otlp.go, pkg/distributor/validator.go). With `compare` a Loki is sent requests on both sides of each rule:
what is taken here must be taken there, and what is refused here refused there, but for lengths that a Loki may be told to
take. Field numbers are those of opentelemetry/proto/logs/v1/logs.proto.
"""

import gzip
import http.server
import json
import re
import struct
import sys
import time
import urllib.error
import urllib.request

LINE_BYTES = 256 * 1024
METADATA_BYTES = 64 * 1024
METADATA_ENTRIES = 128
# One message between Loki's own parts.
MESSAGE_BYTES = 4 * 1024 * 1024
AHEAD_SECONDS = 600
OLDEST_SECONDS = 7 * 24 * 3600
# What names a stream, and so is not written out for each record.
STREAM = (b"service.name", b"host.name")


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def parts(data: bytes) -> list[tuple[int, int | bytes]]:
    """The fields of a protobuf message: (number, value)."""
    found, at = [], 0
    while at < len(data):
        key, at = varint(data, at)
        match key & 7:
            case 0:
                value, at = varint(data, at)
            case 1:
                value, at = struct.unpack_from("<Q", data, at)[0], at + 8
            case 2:
                length, at = varint(data, at)
                value, at = data[at : at + length], at + length
            case 5:
                value, at = struct.unpack_from("<I", data, at)[0], at + 4
            case other:
                raise ValueError(f"no such wire type: {other}")
        found.append((key >> 3, value))
    return found


def every(data: bytes, number: int) -> list:
    """All values of one field."""
    return [value for field, value in parts(data) if field == number]


def one(data: bytes, number: int, otherwise=b""):
    """The last value of one field."""
    return next(reversed(every(data, number)), otherwise)


def labels(prefix: str, pair: bytes) -> list[tuple[str, bytes]]:
    """A KeyValue by the names that Loki gives: those of a map's members begin with the map's."""
    # A byte that is no UTF-8 is a character of its own there.
    key = one(pair, 1).decode(errors="surrogateescape")
    name = re.sub("[^a-zA-Z0-9_]+", "_", f"{prefix}_{key}" if prefix else key)
    if not name.strip("_"):
        raise Refused(400, f"name {key!r} is made of no character of a label")
    value = one(pair, 2)
    for number, content in parts(value):
        if number == 6:
            return [found for member in every(content, 1) for found in labels(name, member)]
        return [(name, content if isinstance(content, bytes) else str(content).encode())]
    return [(name, b"")]


class Refused(Exception):
    """The status and the reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def size(record: list[tuple[str, bytes]], line: bytes) -> int:
    """What a record takes in a message, each text with its tag and length."""
    return len(line) + 20 + sum(len(name) + len(value) + 8 for name, value in record)


def judge(body: bytes, now: float) -> None:
    """Refuses the request if Loki would refuse it or one of its records."""
    message = 0
    for resource_logs in every(body, 1):
        pairs = every(one(resource_logs, 1), 1)
        for pair in pairs:
            if one(pair, 1) in STREAM:
                # Its parser takes the replacement character for a byte that is no UTF-8, which it becomes there.
                if "\ufffd" in pair.decode(errors="replace"):
                    raise Refused(400, f"{one(pair, 1)!r} is no UTF-8")
        of_resource = [found for pair in pairs if one(pair, 1) not in STREAM for found in labels("", pair)]
        for scope_logs in every(resource_logs, 2):
            scope = one(scope_logs, 1)
            of_scope = [("scope_name", one(scope, 1)), ("scope_version", one(scope, 2))]
            of_scope = [pair for pair in of_scope if pair[1]] + [found for pair in every(scope, 3) for found in labels("", pair)]
            for record in every(scope_logs, 2):
                message += judge_record(record, of_resource + of_scope, now)
    if message > MESSAGE_BYTES:
        raise Refused(503, f"{message} bytes in one message, of {len(body)}")


def judge_record(record: bytes, outer: list[tuple[str, bytes]], now: float) -> int:
    """Refuses a record that Loki would refuse; returns what it takes in a message."""
    metadata = [*outer, *(found for pair in every(record, 6) for found in labels("", pair))]
    at, observed = one(record, 1, 0), one(record, 11, 0)
    if at and observed:
        metadata.append(("observed_timestamp", str(observed).encode()))
    for number, name in (2, "severity_number"), (3, "severity_text"), (9, "trace_id"), (10, "span_id"):
        value = one(record, number, b"")
        if value:
            metadata.append((name, value.hex().encode() if number > 8 else value if number == 3 else str(value).encode()))
    text = one(one(record, 5), 1)
    line = text if isinstance(text, bytes) else b""
    seconds = (at or observed or now * 1e9) / 1e9
    if seconds > now + AHEAD_SECONDS:
        raise Refused(400, f"{seconds - now:.0f} s ahead")
    if seconds < now - OLDEST_SECONDS:
        raise Refused(400, f"{now - seconds:.0f} s old")
    if len(line) > LINE_BYTES:
        raise Refused(400, f"a line of {len(line)} bytes")
    total = sum(len(name) + len(value) for name, value in metadata)
    if total > METADATA_BYTES or len(metadata) > METADATA_ENTRIES:
        raise Refused(400, f"{len(metadata)} fields of {total} bytes")
    return size(metadata, line)


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(sent) if self.headers.get("Content-Encoding") == "gzip" else sent
        self.server.largest = max(self.server.largest, len(body))
        try:
            judge(body, time.time())
        except Refused as refusal:
            self.server.refusals.append(str(refusal))
            self.answer(refusal.status, str(refusal).encode())
            return
        names = [name for name in self.headers if name.lower() not in ("host", "connection", "content-length")]
        request = urllib.request.Request(self.server.store + self.path, sent, {name: self.headers[name] for name in names})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                self.answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            self.answer(error.code, error.read())
        except OSError as error:
            self.answer(503, str(error).encode())

    def do_GET(self) -> None:
        told = {"/refusals": self.server.refusals, "/largest": self.server.largest}
        self.answer(200, json.dumps(told[self.path]).encode())

    def answer(self, status: int, text: bytes) -> None:
        """Answers with a text."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_) -> None:
        """Says nothing: its lines would come back to it."""


class Server(http.server.ThreadingHTTPServer):
    """With what it has seen."""

    store = ""
    largest = 0
    refusals: list[str] = []


def write(number: int, value: bytes | str) -> bytes:
    """A field of a message that is text, bytes or a message itself."""
    data, length = value.encode() if isinstance(value, str) else value, b""
    left = len(data)
    while left > 127:
        length, left = length + bytes([left & 127 | 128]), left >> 7
    return bytes([number << 3 | 2]) + length + bytes([left]) + data


def request(attributes: list[tuple[bytes | str, bytes]], seconds: float = 0, line: str = "x",
            service: bytes = b"compared", copies: int = 1) -> bytes:  # fmt: skip
    """A request with one record, or the same many times; an attribute's value is an AnyValue."""
    pairs = b"".join(write(6, write(1, key) + write(2, value)) for key, value in attributes)
    at = struct.pack("<BQ", 1 << 3 | 1, int((time.time() + seconds) * 1e9))
    record = write(2, at + write(5, write(1, line)) + pairs)
    resource = write(1, write(1, write(1, "service.name") + write(2, write(1, service))))
    return write(1, resource + write(2, record * copies))


def compare(url: str) -> int:
    """Sends a Loki what is just taken and just not, and says where it answers otherwise; returns how often it does."""
    text = write(1, "v")
    nested = write(6, write(1, write(1, "_") + write(2, text)))
    # What the request has, and whether a Loki may be told to take it though it is refused here.
    cases = [("an ordinary one", request([("a.b", text)]), False)]
    for name in ["_", "__", ".", "", "ключ", "größe", "a", "9", "é", b"\xff", b"a\xff"]:
        cases.append((f"the name {name!r}", request([(name, text)]), False))
    cases += [
        ("a map with the name _ in it", request([("a", nested)]), False),
        ("a value that is no UTF-8", request([("a", write(1, b"\xff"))]), False),
        ("a service that is no UTF-8", request([], service=b"\xff"), False),
        ("a service with U+FFFD in it", request([], service="\ufffd".encode()), False),
        ("9 minutes ahead", request([], 540), False),
        ("11 minutes ahead", request([], 660), False),
        # In a stream of its own: what is an hour behind others of its stream is refused too, alone.
        ("nearly a week old", request([], 60 - OLDEST_SECONDS, service=b"compared old"), False),
        ("more than a week old", request([], -60 - OLDEST_SECONDS), False),
        ("a line of 256 KiB", request([], line="x" * LINE_BYTES), False),
        ("a longer line", request([], line="x" * (LINE_BYTES + 1)), True),
        ("64 KiB of fields", request([("a", write(1, "x" * (METADATA_BYTES - 200)))]), False),
        ("more of them", request([("a", write(1, "x" * METADATA_BYTES))]), True),
        ("120 fields", request([(f"a{n}", text) for n in range(120)]), False),
        ("130 fields", request([(f"a{n}", text) for n in range(130)]), True),
        ("768 KiB in the smallest records", request([], copies=786432 // 40), False),
        ("768 KiB in large ones", request([("a", write(1, "x" * 5000))], copies=150), False),
        ("5 MiB in large ones", request([("a", write(1, "x" * 5000))], copies=1050), True),
    ]
    different = 0
    for name, body, raised in cases:
        asked = urllib.request.Request(url, body, {"Content-Type": "application/x-protobuf"})
        try:
            judge(body, time.time())
            ours = 200
        except Refused as refusal:
            ours = refusal.status
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                theirs = answer.status
        except urllib.error.HTTPError as error:
            theirs = error.code
        same = (ours < 300) == (theirs < 300)
        different += not same and not (raised and theirs < 300)
        print(f"{'' if same else 'not '}the same: {name}: {ours}, Loki {theirs}")
    return different


if __name__ == "__main__":
    if sys.argv[1] == "compare":
        sys.exit(compare(sys.argv[2]) > 0)
    Server.store = sys.argv[2]
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
