"""Tests of lanes.py with real children. Which job ran beside which is read from the order of starts and ends."""

import os
import signal
import subprocess
import threading
import time
import unittest

import lanes
from lanes import Job


def child(script: str) -> subprocess.Popen:
    """A shell script as a child in a session of its own."""
    return subprocess.Popen(["sh", "-c", script], start_new_session=True)


class Lanes(unittest.TestCase):
    """Each test says what its jobs do, and looks at what happened."""

    def run_jobs(self, jobs: list[Job], scripts: dict[str, str] | None = None) -> dict[str, lanes.Outcome]:
        """Runs jobs; `self.story` has the names of starts, and of ends with a minus. Each takes a moment by default."""
        self.story: list[str] = []
        return lanes.run(
            jobs,
            lambda job: child((scripts or {}).get(job.name, "sleep 0.1")),
            lambda job, outcome: self.story.append(job.name if outcome is None else f"-{job.name}"),
        )

    def most_beside(self) -> int:
        """How many ran at once, at most."""
        now = most = 0
        for word in self.story:
            now += -1 if word.startswith("-") else 1
            most = max(most, now)
        return most

    def test_two_run_at_a_time_in_the_order_given(self) -> None:
        outcomes = self.run_jobs([Job(name) for name in "abcde"])
        self.assertEqual(self.story[:2], ["a", "b"])
        self.assertEqual([word for word in self.story if len(word) == 1], list("abcde"))
        self.assertEqual(self.most_beside(), 2)
        self.assertTrue(all(outcome.passed for outcome in outcomes.values()))

    def test_a_job_waits_for_what_it_needs_and_lets_others_pass(self) -> None:
        outcomes = self.run_jobs([Job("base"), Job("upon", needs=("base",)), Job("other")], {"base": "sleep 0.3"})
        self.assertEqual(self.story[:2], ["base", "other"])
        self.assertLess(self.story.index("-base"), self.story.index("upon"))
        self.assertGreaterEqual(outcomes["upon"].waited, outcomes["base"].seconds)

    def test_what_fails_takes_along_what_needs_it_and_nothing_else(self) -> None:
        jobs = [Job("base"), Job("upon", ("base",)), Job("above", ("upon",)), Job("other")]
        outcomes = self.run_jobs(jobs, {"base": "exit 3"})
        self.assertEqual(outcomes["base"].status, 3)
        self.assertEqual(outcomes["upon"], lanes.Outcome(None, 0, outcomes["upon"].waited, "base failed, which it needs"))
        self.assertIn("upon failed", outcomes["above"].reason)
        self.assertTrue(outcomes["other"].passed)
        self.assertNotIn("upon", self.story)

    def test_one_of_a_lane_at_a_time(self) -> None:
        self.run_jobs([Job("a", lane="cargo"), Job("b", lane="cargo"), Job("c", lane="cargo"), Job("d")], {"a": "sleep 0.3"})
        for before, after in ("ab", "bc"):
            self.assertLess(self.story.index(f"-{before}"), self.story.index(after))
        self.assertLess(self.story.index("d"), self.story.index("-a"))

    def test_alone_is_alone(self) -> None:
        self.run_jobs([Job("a"), Job("measures", alone=True), Job("b"), Job("c")], {"a": "sleep 0.3"})
        place = self.story.index("measures")
        self.assertEqual(self.story[place + 1], "-measures")
        self.assertEqual(self.story.count("-a") + self.story[:place].count("-a"), 2)

    def test_a_killed_child_has_failed(self) -> None:
        outcomes = self.run_jobs([Job("a")], {"a": "kill -KILL $$"})
        self.assertEqual(outcomes["a"].status, -signal.SIGKILL)
        self.assertFalse(outcomes["a"].passed)

    def test_an_interruption_ends_the_children_and_theirs(self) -> None:
        started: list[subprocess.Popen] = []

        def start(job: Job) -> subprocess.Popen:
            started.append(child("sleep 60 & wait"))
            return started[-1]

        def interrupt() -> None:
            while len(started) < 2:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        # Whoever starts the tests in a shell's background has them ignore it.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        threading.Thread(target=interrupt).start()
        with self.assertRaises(KeyboardInterrupt):
            lanes.run([Job("a"), Job("b"), Job("c")], start, lambda job, outcome: None)
        self.assertEqual(len(started), 2)
        self.assertFalse(any(lanes.group_lives(process.pid) for process in started))

    def test_a_need_that_is_not_there_is_a_mistake(self) -> None:
        with self.assertRaises(AssertionError):
            self.run_jobs([Job("a", needs=("nobody",))])


if __name__ == "__main__":
    unittest.main()
