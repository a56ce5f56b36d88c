"""API instructions a request, with and without instrumentation, counted by callgrind on the same binary.

Two runs that differ only in how many requests they serve are subtracted, so that start and stop cancel. Valgrind executes
one thread at a time and counts all of them; the figure does not depend on the machine's load.
"""

import contextlib
import json
import pathlib
import re
import shlex
import subprocess
import sys

from bench_figures import Figures

SHORT, LONG = 100, 500
UNIT = "bench-api.service"
WORK = "/run/bench"
SPANS_PORT = 4318
REQUESTS = {
    "GET /transactions?limit=10": ("/transactions?limit=10", None, "200"),
    "POST /transactions": ("/transactions", {"amount": "12.50", "currency": "EUR", "description": "bench"}, "201"),
}


class Api:
    """The API under callgrind, in place of its own service, against the machine's PostgreSQL."""

    def __init__(self, machine, args: dict):
        self.machine, self.args = machine, args
        self.url = f"http://127.0.0.1:{args['ports']['api']}"
        self.config = f"{args['config']}/api.json"

    def ask(self, path: str, body: dict | None, count: int) -> str:
        """Sends requests one after the other over one connection; returns the status that all of them got."""
        # The fragment makes curl repeat the request and never leaves it.
        call = ["curl", "--silent", "--show-error", "--output", "/dev/null", "--write-out", "%{http_code}\\n",
                *(["--json", json.dumps(body)] if body else []), f"{self.url}{path}#[1-{count}]"]  # fmt: skip
        found = self.machine.succeed(f"{shlex.join(call)} | sort | uniq --count").split()
        if len(found) != 2 or int(found[0]) != count:
            raise RuntimeError(f"{count} requests to {path} were answered with: {found}")
        return found[1]

    def instructions(self, name: str, count: int, config: str, instrumented: bool) -> int:
        """Instructions of a whole run that serves so many requests."""
        path, body, wanted = REQUESTS[name]
        user = self.args["users"]["api"]
        call = ["systemd-run", "--quiet", "--collect", f"--unit={UNIT}", "--property=Type=notify", "--property=NotifyAccess=all",
                f"--property=User={user}", f"--setenv=HOMEOSTAT_INSTRUMENTATION={'on' if instrumented else 'off'}",
                "valgrind", "--tool=callgrind", f"--callgrind-out-file={WORK}/out", f"--log-file={WORK}/log",
                "/usr/local/bin/homeostat-api", "serve", "--config", config]  # fmt: skip
        self.machine.succeed(f"rm --force {WORK}/log; {shlex.join(call)}", timeout=120)
        status = self.ask(path, body, count)
        self.machine.succeed(f"systemctl stop {UNIT}", timeout=60)
        told = self.machine.succeed(f"cat {WORK}/log")
        found = re.search(r"Collected : (\d+)", told)
        if status != wanted or found is None:
            raise RuntimeError(f"{name} was answered with {status}, and valgrind said:\n{told}")
        return int(found[1])

    def per_request(self, name: str, config: str, instrumented: bool) -> float:
        """Instructions of one request."""
        long, short = (self.instructions(name, count, config, instrumented) for count in (LONG, SHORT))
        return (long - short) / (LONG - SHORT)


@contextlib.contextmanager
def span_swallower(machine):
    """A receiver for spans in the machine's network that takes everything and keeps nothing."""
    leader = machine.container.process("leader")
    program = pathlib.Path(__file__).with_name("bench_swallow.py")
    process = subprocess.Popen(["nsenter", f"--target={leader}", "--net", sys.executable, str(program), str(SPANS_PORT)])
    try:
        machine.wait_for_open_port(SPANS_PORT, "127.0.0.1", timeout=20)
        yield
    finally:
        process.kill()
        process.wait()


def instrumentation(machine, args: dict, figures: Figures) -> None:
    """What instrumentation costs a request that asks the database."""
    api = Api(machine, args)
    # Rows to list, so that a page is a page.
    api.ask(*REQUESTS["POST /transactions"][:2], 20)
    machine.succeed(f"systemctl stop {args['units']['api']}; install -d -m 0755 -o {args['users']['api']} {WORK}")
    exporting = f"{WORK}/api.json"
    endpoint = f"http://127.0.0.1:{SPANS_PORT}"
    machine.succeed(f"jq '.otlp_endpoint = \"{endpoint}\"' {api.config} > {exporting}")
    for name in REQUESTS:
        bare = api.per_request(name, api.config, False)
        seen = api.per_request(name, api.config, True)
        with span_swallower(machine):
            exported = api.per_request(name, exporting, True)
        figures.add(f"{name}: without instrumentation", bare, "instructions")
        figures.add(f"{name}: with", seen, "instructions")
        figures.add(f"{name}: more with instrumentation", (seen / bare - 1) * 100, "%", ("<=", 10))
        figures.add(f"{name}: more with spans exported too", (exported / bare - 1) * 100, "%")
