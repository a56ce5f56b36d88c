"""All tests, each a child process with a log of its own, two at a time (lanes.py).

Usage: tests.py [--all] [NAME...] | --list | --bench | --one NAME
A machine test is a file ../NAME.py with its ../NAME.args.nix; the other tests are functions of checks.py. What several
need is made once, before them. Long tests run with --all, or by their names. The closing line counts all that ran.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import traceback

import backends
import build
import checks
import driver
import host
import kernel
import lanes
import modules
import roots
import settings
import state

SKIPPED = driver.SKIPPED
# Of the log of a test that failed: so many of its last lines are shown, and so many from each line that names a fault.
TAIL_LINES = 40
FAULT_LINES = 6
FAULTS_SHOWN = 10
# A test of Rust that failed, a panic, an exception. They may be far from the end, for tests go on after the first fault.
FAULT = re.compile(r"^test .* FAILED$|panicked at |^Traceback ")


def driver_call(script: pathlib.Path, log: pathlib.Path) -> list[str]:
    """The call that runs a script of the test vocabulary on a machine of its own."""
    call = [sys.executable, str(settings.HERE / "driver.py"), str(script)]
    return [*call, "--binaries", str(build.folder()), "--log", str(log)]


def machine_tests() -> dict[str, dict]:
    """The machine tests by name, with what their arguments say of how they run."""
    host.bring("nix-instantiate")
    return settings.evaluate_tests(settings.test_scripts())


def preparations() -> dict:
    """What is made once for all tests that need it."""
    makers = {name: lambda name=name: modules.compile_module(name) for name in modules.MODULES}
    return {"release": build.release, "root": roots.common, "kernel-root": kernel.root, **makers}


def everything() -> tuple[list[lanes.Job], set[str]]:
    """All tests in the order in which they start, as far as they can, and the names of the long ones."""
    jobs, machines = [], machine_tests()
    for check in checks.CHECKS:
        jobs.append(lanes.Job(check.name, (*check.needs, *unbuilt(check.backends)), check.lane))
    for name, told in machines.items():
        needs = ("release", "root", *(["kernel-root"] if told["kernel"] else []), *unbuilt(told["backends"]))
        jobs.append(lanes.Job(name, needs, alone=told["alone"]))
    # Whoever needs the machine for itself comes last, so that nobody waits for it.
    jobs.sort(key=lambda job: job.alone)
    long = {check.name for check in checks.CHECKS if check.long} | {name for name, told in machines.items() if told["long"]}
    return jobs, long


def unbuilt(wanted: list[str]) -> list[str]:
    """The backends that have to be built before a test of these can run."""
    return backends.choose(wanted).unbuilt()


def preparing(jobs: list[lanes.Job]) -> list[lanes.Job]:
    """The jobs that prepare what these need, the longest first."""
    needed = {need for job in jobs for need in job.needs}
    lane = {"release": "cargo"} | dict.fromkeys(modules.MODULES, "go")
    return [lanes.Job(name, lane=lane.get(name)) for name in preparations() if name in needed]


def logs() -> pathlib.Path:
    """The folder of the tests' logs."""
    folder = state.folder() / "logs"
    folder.mkdir(exist_ok=True)
    return folder


def machine_log(name: str) -> pathlib.Path:
    """Every command of a machine test with what it gave."""
    return logs() / f"{name}.machine.log"


def text_of(log: pathlib.Path) -> str:
    """What a log holds, if it is there."""
    return log.read_text(errors="replace") if log.exists() else ""


def start(job: lanes.Job) -> subprocess.Popen:
    """Runs a test in a process of its own, whose output is its log."""
    machine_log(job.name).unlink(missing_ok=True)
    # Whatever ends this process ends the child too. Compilers give way to machines, which have times to keep.
    call = ["setpriv", "--pdeathsig", "TERM", *(["nice", "-n", "10"] if job.lane else []),
            sys.executable, __file__, "--one", job.name]  # fmt: skip
    with (logs() / f"{job.name}.log").open("wb") as log:
        return subprocess.Popen(call, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def one(name: str) -> int:
    """Runs one test, or prepares one thing, in this process; returns the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    scripts = {script.stem: script for script in settings.test_scripts()}
    if name in scripts:
        host.bring(*host.MACHINE_TOOLS)
        call = driver_call(scripts[name], machine_log(name))
        os.execv(call[0], call)
    work = preparations() | {check.name: check.run for check in checks.CHECKS}
    try:
        work[name]()
    except checks.Skipped as reason:
        print(reason, flush=True)
        return SKIPPED
    except (state.Refused, checks.Failed) as error:
        # Our own exceptions explain themselves.
        print(f"\n{error}", flush=True)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"\nexit status {error.returncode}", flush=True)
        return 1
    except Exception:
        print(f"\n{traceback.format_exc()}", flush=True)
        return 1
    return 0


def telling(text: str) -> list[str]:
    """The lines of a log that tell why a test failed: those about its faults, and the end."""
    lines = text.splitlines()
    end = max(len(lines) - TAIL_LINES, 0)
    faults = [at for at in range(end) if FAULT.search(lines[at])][:FAULTS_SHOWN]
    shown = sorted({at for fault in faults for at in range(fault, min(fault + FAULT_LINES, end))})
    return [*(lines[at] for at in shown), *lines[end:]]


def told(job: lanes.Job, outcome: lanes.Outcome | None) -> None:
    """Says that a job begins, or how it ended; of one that failed, what tells why."""
    if outcome is None:
        print(f"{job.name} ...", flush=True)
        return
    log = logs() / f"{job.name}.log"
    if word(outcome) == "failed" and outcome.status is not None:
        print("\n".join(f"    {line}" for line in telling(text_of(log))))
    shown = f"failed, see {log}" if outcome.status not in (0, SKIPPED, None) else explain(job.name, outcome)
    print(f"{job.name}: {shown} ({outcome.seconds:.0f} s)", flush=True)


def word(outcome: lanes.Outcome) -> str:
    """passed, skipped or failed."""
    return {0: "passed", SKIPPED: "skipped"}.get(outcome.status, "failed")


def explain(name: str, outcome: lanes.Outcome) -> str:
    """The outcome with its reason."""
    if outcome.status == SKIPPED:
        return f"skipped: {text_of(logs() / f'{name}.log').strip().splitlines()[-1]}"
    return f"{word(outcome)}: {outcome.reason}" if outcome.reason else word(outcome)


def skipped_parts(name: str) -> list[str]:
    """What a test says that it did not run: lines of the prelude's `skip`, or a check's own."""
    text = text_of(machine_log(name)) or text_of(logs() / f"{name}.log")
    return re.findall(r"^(?: *[\d.]+ s +)?skipped: (.+)$", text, re.MULTILINE)


def table(outcomes: dict[str, lanes.Outcome]) -> str:
    """Every job with its seconds, and with those that it waited for its turn and for what it needs."""
    width = max(map(len, outcomes))
    rows = [f"{'':{width}}   ran s  waited s"]
    for name, outcome in sorted(outcomes.items(), key=lambda item: item[1].waited):
        rows.append(f"{name:{width}}  {outcome.seconds:6.0f}  {outcome.waited:8.0f}  {word(outcome)}")
    return "\n".join(rows)


def closing(outcomes: dict[str, lanes.Outcome]) -> str:
    """The closing lines: what failed, then all in numbers, with whatever was skipped by its name."""
    failed = [name for name, outcome in outcomes.items() if word(outcome) == "failed"]
    # A test is skipped as a whole, or passes without some of its parts; either counts.
    skipped = [f"{name}: {explain(name, outcome).partition(': ')[2]}" for name, outcome in outcomes.items()
               if word(outcome) == "skipped"]  # fmt: skip
    skipped += [f"{name}: {part}" for name, outcome in outcomes.items() if outcome.passed for part in skipped_parts(name)]
    passed = sum(outcome.passed for outcome in outcomes.values())
    counts = f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped"
    lines = [f"{name}: failed, {outcomes[name].reason or f'see {logs() / name}.log'}" for name in failed]
    return "\n".join([*lines, counts + (f" ({'; '.join(skipped)})" if skipped else "")])


def main() -> int:
    """The command line of this file; returns the exit code."""
    words = sys.argv[1:]
    match words:
        case ["--one", name]:
            return one(name)
        case ["--bench"]:
            host.bring(*host.MACHINE_TOOLS)
            build.release()
            return subprocess.run(driver_call(settings.HERE / "bench.py", logs() / "bench.log")).returncode
    # A bad LOKI, TEMPO or GRAFANA is told before anything runs.
    backends.choose([])
    tests, long = everything()
    if words == ["--list"]:
        for job in tests:
            marks = [mark for mark, holds in (("long", job.name in long), ("alone", job.alone)) if holds]
            print(f"{job.name}  ({', '.join(marks)})" if marks else job.name)
        return 0
    names = [word for word in words if word != "--all"]
    known = [job.name for job in tests]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise state.Refused(f"no test {', '.join(unknown)}; there are: {', '.join(known)}")
    chosen = [job for job in tests if job.name in names] if names else [job for job in tests if "--all" in words or job.name not in long]
    began = time.monotonic()
    outcomes = lanes.run([*preparing(chosen), *chosen], start, told)
    print(f"\n{table(outcomes)}\n\n{time.monotonic() - began:.0f} s in all")
    tested = {job.name: outcomes[job.name] for job in chosen}
    print(closing(tested))
    return 0 if all(word(outcome) != "failed" for outcome in tested.values()) else 1


if __name__ == "__main__":
    # A terminated run ends its tests, and they their machines.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    try:
        sys.exit(main())
    except state.Refused as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(64)
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
