"""Runs jobs as child processes, two at a time, each as soon as what it needs is there."""

import contextlib
import dataclasses
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

# The machine that all of this has to fit on has two processors.
WIDTH = 2
# How long an ended child's own children may take to end, such as a machine that powers off.
END_SECONDS = 120


@dataclasses.dataclass(frozen=True)
class Job:
    """Something to run once. Jobs start in the order in which they are given, as far as they can."""

    name: str
    # The jobs that must have passed before.
    needs: tuple[str, ...] = ()
    # Of the jobs of one lane, one runs at a time.
    lane: str | None = None
    # Nothing else runs meanwhile: it measures, or takes all there is.
    alone: bool = False


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a job ended: its child's exit status, or None where it could not start, for the reason given."""

    status: int | None
    seconds: float
    # From the beginning of the whole run until the job started.
    waited: float
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether what needs this job may start."""
        return self.status == 0


@dataclasses.dataclass(frozen=True)
class Running:
    """A job with its child."""

    job: Job
    process: subprocess.Popen
    began: float


def run(jobs: list[Job], start: Callable[[Job], subprocess.Popen],
        told: Callable[[Job, Outcome | None], None]) -> dict[str, Outcome]:  # fmt: skip
    """Runs all jobs; gives their outcomes in the order of their ends. `start` makes the child, in a session of its own;
    `told` hears of each start (None) and end. Whatever ends this function ends the children too."""
    known = {job.name for job in jobs}
    assert all(need in known for job in jobs for need in job.needs), "a job needs one that is not there"
    origin = time.monotonic()
    waiting, running, ended = list(jobs), [], {}

    def end(job: Job, outcome: Outcome) -> None:
        ended[job.name] = outcome
        told(job, outcome)

    try:
        while waiting or running:
            for job in list(waiting):
                lacking = [need for need in job.needs if need in ended and not ended[need].passed]
                if lacking:
                    waiting.remove(job)
                    waited = time.monotonic() - origin
                    end(job, Outcome(None, 0, waited, f"{', '.join(lacking)} failed, which it needs"))
                elif may_start(job, [other.job for other in running], ended):
                    waiting.remove(job)
                    told(job, None)
                    running.append(Running(job, start(job), time.monotonic()))
            for over in await_ends(running):
                running.remove(over)
                seconds = time.monotonic() - over.began
                end(over.job, Outcome(over.process.returncode, seconds, over.began - origin))
    finally:
        terminate(running)
    return ended


def may_start(job: Job, running: list[Job], ended: dict[str, Outcome]) -> bool:
    """Whether a job fits beside those that run, and all that it needs has passed."""
    if any(need not in ended for need in job.needs) or len(running) >= WIDTH:
        return False
    if running and (job.alone or any(other.alone for other in running)):
        return False
    return job.lane is None or job.lane not in [other.lane for other in running]


def await_ends(running: list[Running]) -> Iterator[Running]:
    """Waits until one of the children has ended, and gives all that have."""
    if not running:
        return
    with contextlib.ExitStack() as stack:
        poll = select.poll()
        for child in running:
            handle = os.pidfd_open(child.process.pid)
            stack.callback(os.close, handle)
            poll.register(handle, select.POLLIN)
        poll.poll()
    yield from [child for child in running if child.process.poll() is not None]


def terminate(running: list[Running]) -> None:
    """Ends children with all that they have started, and waits for it."""
    for child in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGTERM)
    deadline = time.monotonic() + END_SECONDS
    for child in running:
        child.process.wait()
        while group_lives(child.process.pid) and time.monotonic() < deadline:
            time.sleep(0.1)


def group_lives(group: int) -> bool:
    """Whether any process of a process group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
