"""What a person sees of a machine that runs: its URLs and their state, its secrets, what is absent, what to try."""

import pathlib
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterable

import backends
import nspawn

READY_SECONDS = 60
# Loopback is never asked through a proxy.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def await_services(machine: nspawn.Machine) -> None:
    """Waits until every endpoint answers whose program is there. One that does not is named in the table, for the
    rest is of use."""
    unbuilt = missing(machine)
    expected = [end for end in machine.spec()["settings"]["endpoints"] if end["unit"] not in unbuilt]
    deadline = time.monotonic() + READY_SECONDS
    while any(answer(endpoint) != "ok" for endpoint in expected) and time.monotonic() < deadline:
        time.sleep(0.2)


def missing(machine: nspawn.Machine) -> dict[str, str]:
    """Units of a running machine whose program is still to be brought into it, and where it will be. Such a unit has
    its program as a condition."""
    awaited = {}
    for path, file in machine.spec()["settings"]["files"].items():
        if path.endswith(".service"):
            programs = re.findall(r"^ConditionPathExists=(/usr/local/\S+)$", file["text"], re.MULTILINE)
            awaited |= {pathlib.PurePath(path).name: program for program in programs}
    return {unit: program for unit, program in awaited.items() if machine.run(f"test -e {program}")[0] != 0}


def answer(endpoint: dict) -> str:
    """What an endpoint says about itself: ok, its HTTP status, or that nothing listens."""
    try:
        with DIRECT.open(endpoint.get("health") or endpoint["url"], timeout=3):
            return "ok"
    except urllib.error.HTTPError as error:
        return f"HTTP {error.code}"
    except OSError:
        return "no answer"


def show(machine: nspawn.Machine) -> None:
    """The table of URLs, what is absent, where the secrets are, and what to try."""
    show_endpoints(machine)
    described = machine.spec()["settings"]
    for name, cure in described["absent"].items():
        print(f"{backends.TITLES[name]} is absent: {cure}{instead(name, described['files'])}")
    print("\nSecrets, made at the first start, readable by root inside the machine:")
    for path in described.get("secrets", []):
        print(f"  sudo ./dev shell cat {path}")
    urls = {endpoint["name"].lower(): endpoint["url"].rstrip("/") for endpoint in described["endpoints"]}
    api, page = urls.get("api"), urls.get("remediator")
    if api and page:
        print("\nThree things to try:")
        print(f"  1. Create some:  for i in $(seq 30); do curl -sX POST {api}/transactions/create; echo; done")
        print(f"  2. Break it:     for i in $(seq 20); do curl -so /dev/null {api}/error; done")
        print(f"  3. Watch it being healed, within a minute:  {page}/")
    print("\nMore: ./dev status | logs UNIT | shell | down")


def instead(name: str, files: Iterable[str]) -> str:
    """What does an absent program's work, and how it is asked."""
    if name == "loki" and any(path.endswith("/victorialogs.service") for path in files):
        return "; VictoriaLogs keeps the log lines instead: open its page"
    if name == "tempo" and any(path.endswith("/homeostat-spans.service") for path in files):
        return "; spans are kept with the log lines instead: sudo ./dev shell homeostat trace TRACE_ID"
    return ""


def show_endpoints(machine: nspawn.Machine) -> None:
    """The table of URLs, and what has failed."""
    described = machine.spec()["settings"]
    unbuilt = missing(machine)
    states = ["not built yet" if end["unit"] in unbuilt else answer(end) for end in described["endpoints"]]
    rows = [(e["name"], state, e["url"], e.get("what", "")) for e, state in zip(described["endpoints"], states)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]).rstrip())
    failed = machine.run("systemctl --failed --no-legend --plain")[1].split("\n")
    for line in filter(None, failed):
        print(f"failed: {line.split()[0]}    (look: sudo ./dev logs {line.split()[0]})")
