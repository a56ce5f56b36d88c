"""Runs a machine test: a script written for the NixOS test driver, on a Debian machine in systemd-nspawn, or, where
its arguments have a `kernel`, in QEMU.

Usage: driver.py SCRIPT [--binaries FOLDER] [--log FILE] [--keep]
The machine also has the backends that the test's arguments name, as far as they can be had here (backends.py).
The script finds `machine`, `args`, `start_all`, `subtest`, `log` and `t` as it would under NixOS, and before it
runs ../prelude.py, which the NixOS driver puts there too. Exit code 0 is a pass.
"""

import argparse
import contextlib
import os
import pathlib
import re
import signal
import sys
import time
import traceback
import unittest

import backends
import build
import kernel
import modules
import nspawn
import roots
import settings
import state
import vocabulary

# A test that cannot run here exits with this status, as automake's do; its last line has the reason.
SKIPPED = 77
PRELUDE = settings.HERE.parent / "prelude.py"
MINIMUM = {"prometheus": (3, 5), "prometheus-alertmanager": (0, 33)}


class Log:
    """Everything goes to the file; what a person follows goes to the terminal too."""

    def __init__(self, path: pathlib.Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = path.open("w", buffering=1, encoding="utf-8")
        self.began = time.monotonic()
        self.depth = 0

    def info(self, text: str) -> None:
        """A line for the person and for the file."""
        line = f"{time.monotonic() - self.began:7.2f} s  {'  ' * self.depth}{text}"
        print(f"    {line}", flush=True)
        self.file.write(f"{line}\n")

    def detail(self, text: str) -> None:
        """Text for the file alone."""
        self.file.write(f"{time.monotonic() - self.began:7.2f} s  {text.rstrip()}\n")

    log = info

    @contextlib.contextmanager
    def nested(self, title: str):
        """A titled part, with its time at the end."""
        began = time.monotonic()
        self.info(title)
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1
        self.info(f"{title}: done in {time.monotonic() - began:.1f} s")


def require_versions(machine: vocabulary.Machine, log: Log) -> None:
    """Prints the versions of what the settings are written for, and refuses older ones."""
    for program, least in MINIMUM.items():
        status, output, errors = machine.container.run(f"{program} --version")
        found = re.search(r"version (\d+)\.(\d+)[^ ]*", output + errors)
        if status != 0 or not found:
            log.info(f"{program}: not installed")
            continue
        log.info(f"{program} {found.group(0)}")
        if tuple(map(int, found.groups())) < least:
            raise state.Refused(f"{program} {found.group(0)} is older than {'.'.join(map(str, least))}")


def post_mortem(machine: vocabulary.Machine, log: Log) -> None:
    """What one wants to see first after a failure."""
    if machine.container.process("leader") is None:
        log.info(f"the machine does not run; its console ends:\n{machine.container.console()}")
        return
    for title, script, shown in [
        ("failed units", "systemctl --failed --no-legend --plain", True),
        ("journal of our units", "journalctl --no-pager --output=short-precise -n 60 -u 'homeostat-*'", True),
        ("whole journal", "journalctl --no-pager --output=short-precise", False),
    ]:
        _, output, errors = machine.container.run(script, timeout=30)
        (log.info if shown else log.detail)(f"{title}:\n{output or '(none)'}{errors}")


def parts(script: pathlib.Path) -> list[pathlib.Path]:
    """The files that make up a test: the prelude, where the script has arguments for it, and the script."""
    return [PRELUDE, script] if settings.arguments_file(script).exists() else [script]


def run(script: pathlib.Path, binaries: pathlib.Path | None, log: Log, keep: bool) -> bool:
    """Makes the machine, runs the script, and ends the machine. True is a pass."""
    args, machine_arguments = settings.test_arguments(script)
    choice = backends.choose(args.get("backends", []))
    modules.bring(choice.unbuilt(), log.info)
    args["backends"], args["absent"] = choice.available, list(choice.absent)
    for name, cure in choice.absent.items():
        log.info(f"{backends.TITLES[name]} is absent: {cure}")
    described = settings.machine(choice.arguments(machine_arguments))
    base = roots.machine(described)
    programs = (build.programs(binaries) if binaries else {}) | choice.programs()
    if "kernel" in args:
        args.setdefault("seed", int(os.environ.get("HOMEOSTAT_SEED") or time.time_ns() % 1_000_000))
        log.info(f"HOMEOSTAT_SEED={args['seed']} repeats this run's chances")
        container = kernel.Machine.create(script.stem, described, base, programs, choice.folders(), args["kernel"], args["seed"])
    else:
        container = nspawn.Machine.create(script.stem, described, base, programs, "private", "machine", choice.folders())
    machine = vocabulary.Machine("machine", container, log)
    machine.after_start = lambda: require_versions(machine, log)
    scope = {
        "args": args, "machine": machine, "machines": [machine], "log": log, "t": unittest.TestCase(),
        "start_all": machine.start, "subtest": log.nested, "__name__": "test_script",
    }  # fmt: skip
    try:
        # Each file is compiled under its own name, so that an error tells the right line.
        for part in parts(script):
            exec(compile(part.read_text(), str(part), "exec"), scope)
        return True
    except BaseException as error:
        log.detail("".join(traceback.format_exception(error)))
        post_mortem(machine, log)
        # What went wrong stands last, where a person looks first.
        log.info("".join(traceback.format_exception(error)))
        log.info(f"every command and the whole journal: {log.file.name}")
        return False
    finally:
        if keep and container.process("leader"):
            log.info(f"kept: {container.home}; enter: {' '.join(container.enter('bash'))}")
            input("    Enter ends the machine ")
        container.stop()
        container.remove()


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("script", type=pathlib.Path)
    parser.add_argument("--binaries", type=pathlib.Path)
    parser.add_argument("--log", type=pathlib.Path)
    parser.add_argument("--keep", action="store_true", help="wait for Enter before the machine ends")
    options = parser.parse_args()
    # A terminated test must still end its machine.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    try:
        if not options.script.is_file():
            raise state.Refused(f"{options.script}: no such script")
        log = Log(options.log or state.folder() / "logs" / f"{options.script.stem}.machine.log")
        passed = run(options.script, options.binaries, log, options.keep)
    except kernel.Unfit as reason:
        print(reason, flush=True)
        sys.exit(SKIPPED)
    except state.Refused as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(64)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
