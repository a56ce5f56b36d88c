"""Tests of what tests.py says about tests."""

import unittest

import tests


class Telling(unittest.TestCase):
    """What is shown of the log of a test that failed."""

    def test_a_fault_far_from_the_end_is_shown_with_what_follows_it(self) -> None:
        before = [f"test number_{at} ... ok" for at in range(100)]
        fault = ["thread 'crowds' panicked at tests/it/crowds.rs:7:", "assertion failed: 1 == 2", "note", "a", "b", "c"]
        after = [f"test later_{at} ... ok" for at in range(100)]
        told = tests.telling("\n".join([*before, "test crowds ... FAILED", *fault, *after]))
        self.assertEqual(told[0], "test crowds ... FAILED")
        self.assertIn("assertion failed: 1 == 2", told)
        self.assertEqual(told[-tests.TAIL_LINES :], after[-tests.TAIL_LINES :])
        self.assertNotIn("test number_99 ... ok", told)
        self.assertEqual(len(told), len(set(told)))

    def test_a_short_log_is_shown_as_it_is(self) -> None:
        lines = ["one", "Traceback (most recent call last):", "two"]
        self.assertEqual(tests.telling("\n".join(lines)), lines)


if __name__ == "__main__":
    unittest.main()
