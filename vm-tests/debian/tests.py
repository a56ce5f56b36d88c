"""All tests, one after the other, each by its name with its time.

Usage: tests.py [NAME...] | --list | --bench
A machine test is a file ../NAME.py with its ../NAME.args.nix; the other tests are functions of checks.py.
The closing line counts all of them.
"""

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import time
import traceback

import backends
import build
import checks
import host
import modules
import settings
import state


def on_machine(script: pathlib.Path, log: pathlib.Path) -> None:
    """Runs a script of the test vocabulary on a machine of its own."""
    host.bring(*host.MACHINE_TOOLS)
    build.release()
    driver = [sys.executable, str(settings.HERE / "driver.py"), str(script)]
    subprocess.run([*driver, "--binaries", str(build.folder()), "--log", str(log)], check=True)


def machine_log(name: str) -> pathlib.Path:
    """Every command of a machine test with what it gave."""
    return logs() / f"{name}.machine.log"


def everything() -> dict:
    """Every test by name, in the order in which a mistake shows soonest."""
    machines = {}
    for script in settings.test_scripts():
        machines[script.stem] = lambda script=script: on_machine(script, machine_log(script.stem))
    return {**checks.FIRST, **machines, **checks.LAST}


def bring_backends(name: str) -> None:
    """Builds what a test wants of Loki and the Collector and is not built yet. That takes minutes, so it is shown."""
    scripts = {script.stem: script for script in settings.test_scripts()}
    if name in scripts:
        host.bring("nix-instantiate")
        wanted = settings.test_arguments(scripts[name])[0]["backends"]
    else:
        wanted = checks.BACKENDS.get(name, [])
    modules.bring(wanted, lambda text: print(f"    {text}", flush=True))


def skipped_parts(name: str) -> list[str]:
    """What a machine test says that it did not run: lines of the prelude's `skip`."""
    log = machine_log(name)
    text = log.read_text(errors="replace") if log.exists() else ""
    return re.findall(r"^ *[\d.]+ s +skipped: (.+)$", text, re.MULTILINE)


def logs() -> pathlib.Path:
    """The folder of the tests' logs."""
    folder = state.folder() / "logs"
    folder.mkdir(exist_ok=True)
    return folder


@contextlib.contextmanager
def output_to(path: pathlib.Path):
    """Sends this process's output, and that of its children, to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with path.open("wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for target, saved in zip((1, 2), kept):
            os.dup2(saved, target)
            os.close(saved)


def run_one(name: str, test) -> str:
    """Runs one test; returns passed, failed or skipped with its reason, and says so."""
    began = time.monotonic()
    log = logs() / f"{name}.log"
    print(f"{name} ...", flush=True)
    machine_log(name).unlink(missing_ok=True)
    try:
        bring_backends(name)
        with output_to(log):
            test()
        outcome = "passed"
    except checks.Skipped as reason:
        outcome = f"skipped: {reason}"
    except Exception as error:
        # A test that breaks must not keep the others from running. Our own exceptions explain themselves.
        outcome = "failed"
        known = isinstance(error, (state.Refused, checks.Failed))
        text = str(error) if known else traceback.format_exc()
        if isinstance(error, subprocess.CalledProcessError):
            text = f"exit status {error.returncode}"
        with log.open("a") as file:
            file.write(f"\n{text}\n")
        tail = log.read_text(errors="replace").splitlines()[-40:]
        print("\n".join(f"    {line}" for line in tail))
    shown = f"failed, see {log}" if outcome == "failed" else outcome
    print(f"{name}: {shown} ({time.monotonic() - began:.0f} s)", flush=True)
    return outcome


def main() -> int:
    """The command line of this file; returns the exit code."""
    words = sys.argv[1:]
    if words == ["--bench"]:
        on_machine(settings.HERE / "bench.py", logs() / "bench.log")
        return 0
    tests = everything()
    if words == ["--list"]:
        print("\n".join(tests))
        return 0
    unknown = [word for word in words if word not in tests]
    if unknown:
        raise state.Refused(f"no test {', '.join(unknown)}; there are: {', '.join(tests)}")
    # A bad TEMPO or GRAFANA is told before anything runs.
    backends.choose([])
    began = time.monotonic()
    outcomes = {name: run_one(name, tests[name]) for name in words or tests}
    print(f"\n{time.monotonic() - began:.0f} s in all")
    print(closing(outcomes))
    return 1 if "failed" in outcomes.values() else 0


def closing(outcomes: dict[str, str]) -> str:
    """The closing lines: what failed, then all in numbers, with whatever was skipped by its name."""
    failed = [name for name, outcome in outcomes.items() if outcome == "failed"]
    # A test is skipped as a whole, or passes without some of its parts; either counts.
    skipped = [f"{name}: {outcome.partition(': ')[2]}" for name, outcome in outcomes.items()
               if outcome.startswith("skipped")]  # fmt: skip
    skipped += [f"{name}: {part}" for name in outcomes for part in skipped_parts(name)]
    passed = list(outcomes.values()).count("passed")
    counts = f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped"
    lines = [f"{name}: failed, see {logs() / name}.log" for name in failed]
    return "\n".join([*lines, counts + (f" ({'; '.join(skipped)})" if skipped else "")])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except state.Refused as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(64)
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
