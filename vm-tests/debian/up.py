"""The machine of `./dev up`: brings it up, takes it down, and tells how it does.

Usage: up.py up | down [--all] | status | logs UNIT | shell [COMMAND...] | help
"""

import contextlib
import fcntl
import os
import signal
import sys
import time
import urllib.error
import urllib.request

import build
import host
import nspawn
import roots
import settings
import state

ARGUMENTS = os.environ.get("HOMEOSTAT_ARGUMENTS") or "{ demo = true; fast = true; }"
READY_SECONDS = 60
LABEL = "up"
# Loopback is never asked through a proxy.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextlib.contextmanager
def step(title: str):
    """A step with its time."""
    print(f"- {title}", flush=True)
    began = time.monotonic()
    yield
    print(f"  done in {time.monotonic() - began:.1f} s", flush=True)


@contextlib.contextmanager
def alone():
    """One `up` or `down` at a time on a state folder."""
    with (state.folder() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise state.Refused("another ./dev up or down is at work on this state folder; wait for it") from None
        yield


def machines(label: str = "") -> list[nspawn.Machine]:
    """Machines that have a folder, those of `up` or all."""
    folders = sorted((state.folder() / "machines").glob(f"homeostat-{label}*"))
    return [nspawn.Machine(folder) for folder in folders]


def running() -> nspawn.Machine | None:
    """The machine that an earlier `up` brought all the way up."""
    for machine in machines(f"{LABEL}-"):
        if (machine.home / "complete").exists() and machine.process("leader"):
            return machine
    return None


def required() -> nspawn.Machine:
    """The running machine, or an error that says what to do."""
    machine = running()
    if machine is None:
        raise state.Refused("no machine runs; start one with: sudo ./dev up")
    return machine


def up() -> None:
    """Brings everything that is missing, boots the machine and shows its table. Harmless when it runs."""
    began = time.monotonic()
    machine = running()
    if machine:
        print("The machine runs already. To begin anew: sudo ./dev down && sudo ./dev up\n")
        show(machine)
        return
    for leftover in machines(f"{LABEL}-"):
        leftover.stop()
        leftover.remove()
    with step("this host's programs"):
        host.bring(*host.MACHINE_TOOLS)
    with step("settings"):
        described = settings.machine(ARGUMENTS)
        refuse_taken_ports(described["ports"])
    with step("the machine's root"):
        base = roots.machine(described)
    with step("our programs (the first time takes minutes)"):
        binaries = build.release()
    with step("the machine"):
        machine = nspawn.Machine.create(LABEL, described, base, binaries, "host", hostname=os.uname().nodename)
        try:
            machine.start(outlive=True)
        except BaseException:
            machine.stop()
            raise
        (machine.home / "complete").touch()
    with step("its services"):
        await_services(described["endpoints"])
    print(f"\nUp after {time.monotonic() - began:.0f} s.\n")
    show(machine)


def refuse_taken_ports(ports: list[int]) -> None:
    """The machine shares this host's network, so every port must be free."""
    taken = {port: host.holder(port) for port in ports}
    named = [f"  port {port} is held by {who}" for port, who in taken.items() if who]
    if named:
        raise state.Refused("the machine needs these ports of this host; stop what holds them:\n" + "\n".join(named))


def await_services(endpoints: list[dict]) -> None:
    """Waits until every endpoint answers; one that does not is named in the table, for the rest is of use."""
    deadline = time.monotonic() + READY_SECONDS
    while any(answer(endpoint) != "ok" for endpoint in endpoints) and time.monotonic() < deadline:
        time.sleep(0.2)


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
    """The table of URLs, where the secrets are, and what to try."""
    described = machine.spec()["settings"]
    rows = [(e["name"], answer(e), e["url"], e.get("what", "")) for e in described["endpoints"]]
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]).rstrip())
    failed = machine.run("systemctl --failed --no-legend --plain")[1].split("\n")
    for line in filter(None, failed):
        print(f"failed: {line.split()[0]}    (look: sudo ./dev logs {line.split()[0]})")
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


def down(everything: bool) -> None:
    """Ends the machine of `up`, removes it and what dead machines left; with `everything` the caches too."""
    for machine in machines():
        of_up = machine.name.startswith(f"homeostat-{LABEL}-")
        if not of_up and machine.process("supervisor"):
            print(f"  left alone: {machine.name}, a test that runs")
            continue
        machine.stop()
        machine.remove()
        print(f"  removed {machine.name}")
    folder = state.folder()
    left = state.mounts_below(folder)
    if left:
        raise state.Refused(f"still mounted below {folder}: {', '.join(left)}; unmount and run this again")
    if everything:
        state.remove(folder)
        print(f"  removed {folder}")
        return
    kept = [path.name for path in sorted(folder.iterdir()) if path.is_dir() and any(path.iterdir())]
    print(f"  left for the next up in {folder}: {', '.join(kept) or 'nothing'} (./dev down --all removes them)")
    print("  left in target/: what cargo compiled (cargo clean removes it)")


def main() -> int:
    """The command line of this file; returns the exit code."""
    words = sys.argv[1:]
    match words:
        case ["up"]:
            with alone():
                up()
        case ["down", *rest] if rest in ([], ["--all"]):
            with alone():
                down(rest == ["--all"])
        case ["status"]:
            # `./dev status | head` ends quietly.
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            show(required())
        case ["logs", unit]:
            os.execvp("nsenter", required().enter("journalctl", "--no-pager", "--lines=200", "--unit", unit))
        case ["shell", *command]:
            os.execvp("nsenter", required().enter(*(command or ["bash", "--login"])))
        case _:
            print(__doc__, file=sys.stderr)
            return 64
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except state.Refused as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(64)
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. Run ./dev up again, it goes on from here.")
