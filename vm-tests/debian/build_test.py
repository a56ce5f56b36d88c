"""Tests of build.py."""

import os
import pathlib
import tempfile
import time
import unittest

import build


class Dates(unittest.TestCase):
    """What is dated after now is found, for cargo would compile it again and again."""

    def test_files_from_the_future_are_found_and_no_others(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder, "migrations")
            place.mkdir()
            old, late = place / "0001.sql", place / "0002.sql"
            old.touch()
            late.touch()
            os.utime(late, (time.time() + 3600,) * 2)
            self.assertEqual(build.dated_after_now(place), [late])


if __name__ == "__main__":
    unittest.main()
