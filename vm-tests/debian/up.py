"""The machine of `./dev up`: brings it up, takes it down, and tells how it does.

Usage: up.py up | down [--all] | status | logs UNIT | shell [COMMAND...] | help
"""

import contextlib
import fcntl
import os
import re
import signal
import sys
import time
from typing import NoReturn

import backends
import build
import host
import modules
import nspawn
import roots
import settings
import state
import table

ARGUMENTS = os.environ.get("HOMEOSTAT_ARGUMENTS") or "{ demo = true; fast = true; }"
LABEL = "up"


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
        complete(machine)
        table.show(machine)
        return
    for leftover in machines(f"{LABEL}-"):
        leftover.stop()
        leftover.remove()
    with step("this host's programs"):
        host.bring(*host.MACHINE_TOOLS)
    with step("settings"):
        choice = backends.choose(settings.wanted(ARGUMENTS, backends.ALL))
        described = settings.machine(choice.arguments(ARGUMENTS)) | {"absent": choice.absent}
        refuse_taken_ports(described["ports"])
    with step("the machine's root"):
        base = roots.machine(described)
    with step("our programs (the first time takes minutes)"):
        programs = build.release() | choice.programs()
    with step("the machine"):
        machine = nspawn.Machine.create(LABEL, described, base, programs, "host", os.uname().nodename,
                                        choice.folders())  # fmt: skip
        try:
            machine.start(outlive=True)
        except BaseException:
            machine.stop()
            raise
        (machine.home / "complete").touch()
    with step("its services"):
        table.await_services(machine)
    print(f"\nUp after {time.monotonic() - began:.0f} s.\n")
    if complete(machine):
        print(f"\nAll of it up after {time.monotonic() - began:.0f} s.\n")
    table.show(machine)


def complete(machine: nspawn.Machine) -> bool:
    """Builds the programs that a running machine still lacks, and starts what waits for each. Whether any did."""
    lacking = table.missing(machine)
    names = [name for name in modules.MODULES if backends.place(name) in lacking.values()]
    if names:
        silence(machine, list(lacking), "1h")
        table.show_endpoints(machine)
        print("\nThe machine is of use already. What is not built yet is brought into it now, which takes minutes.")
    for name in names:
        units = [unit for unit, program in lacking.items() if program == backends.place(name)]
        with step(f"{backends.TITLES[name]} ({', '.join(units)})"):
            modules.bring([name], lambda text: print(f"  {text}", flush=True))
            machine.put(modules.built(name), backends.place(name))
            status, _, errors = machine.run(f"systemctl start {' '.join(units)}")
            if status != 0:
                raise state.Refused(f"cannot start {', '.join(units)}: {errors.strip()}")
    if names:
        with step("their start"):
            table.await_services(machine)
        # Prometheus has to see them first.
        silence(machine, list(lacking), "2m")
    return bool(names)


def silence(machine: nspawn.Machine, units: list[str], duration: str) -> None:
    """Calls nobody, for so long from now, about units that are not built yet. A silence of an earlier call ends."""
    urls = {endpoint["name"]: endpoint["url"] for endpoint in machine.spec()["settings"]["endpoints"]}
    amtool = f"amtool --alertmanager.url={urls['Alertmanager']} silence"
    about = "|".join(map(re.escape, units))
    status, _, errors = machine.run(
        f"set -e; old=$({amtool} query --quiet --created-by=./dev)\n"
        f"{amtool} add --author=./dev --comment='not built yet' --duration={duration} 'unit=~\"{about}\"'\n"
        f"[ -z \"$old\" ] || {amtool} expire $old"
    )
    if status != 0:
        print(f"  no silence for {', '.join(units)}, of which alerts may tell meanwhile: {errors.strip()}")


def refuse_taken_ports(ports: list[int]) -> None:
    """The machine shares this host's network, so every port must be free."""
    taken = {port: host.holder(port) for port in ports}
    named = [f"  port {port} is held by {who}" for port, who in taken.items() if who]
    if named:
        raise state.Refused("the machine needs these ports of this host; stop what holds them:\n" + "\n".join(named))


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
    if modules.why_not_host_go() is None:
        print("  left in Go's own folders: what it fetched and compiled (go clean -modcache -cache removes all that is there)")


def inside(call: list[str]) -> NoReturn:
    """Becomes a command in the machine."""
    os.execvp(call[0], call)


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
            table.show(required())
        case ["logs", unit]:
            inside(required().enter("journalctl", "--no-pager", "--lines=200", "--unit", unit))
        case ["shell", *command]:
            inside(required().enter(*(command or ["bash", "--login"])))
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
