"""Tests of disk.py on logs that are written here."""

import pathlib
import random
import struct
import tempfile
import unittest

import disk


def entry(sector: int, data: bytes, flags: int = 0) -> bytes:
    """One write of the log."""
    described = struct.pack("<QQQQ", sector, len(data) // disk.SECTOR, flags, 0)
    return described.ljust(disk.SECTOR, b"\0") + data


def log_of(*entries: bytes) -> bytes:
    """A log, whose superblock counts nothing, as after a power cut."""
    return struct.pack("<QQQI", disk.MAGIC, 1, 0, disk.SECTOR).ljust(disk.SECTOR, b"\0") + b"".join(entries)


def block(letter: str) -> bytes:
    """A sector of one letter."""
    return letter.encode() * disk.SECTOR


class Cut(unittest.TestCase):
    """What a disk holds after a power cut."""

    def after(self, seed: int, *entries: bytes, torn: bytes = b"") -> str:
        """The letters of the first eight sectors, a dot for what was never written."""
        with tempfile.TemporaryDirectory() as folder:
            before, log, after = (pathlib.Path(folder) / name for name in ("before", "log", "after"))
            before.write_bytes(bytes(8 * disk.SECTOR))
            log.write_bytes(log_of(*entries) + torn)
            self.told = disk.cut(before, log, after, random.Random(seed))
            whole = after.read_bytes()
        letters = (whole[place * disk.SECTOR] for place in range(8))
        return "".join(chr(letter) if letter else "." for letter in letters)

    def test_what_was_flushed_is_there_in_its_order(self):
        writes = entry(0, block("a")), entry(1, block("b")), entry(0, block("c")), entry(0, b"", disk.FLUSH)
        self.assertEqual({self.after(seed, *writes) for seed in range(20)}, {"cb......"})

    def test_what_was_not_flushed_may_be_lost_and_may_come_in_any_order(self):
        writes = entry(0, block("a")), entry(0, b"", disk.FLUSH), entry(1, block("b")), entry(1, block("c")), entry(2, block("d"))
        seen = {self.after(seed, *writes) for seed in range(200)}
        self.assertEqual(seen, {f"a{second}{third}....." for second in ".bc" for third in ".d"})

    def test_a_write_that_forces_itself_to_the_disk_is_kept(self):
        self.assertEqual({self.after(seed, entry(3, block("f"), disk.FUA)) for seed in range(20)}, {"...f...."})

    def test_a_flush_carries_its_own_data_and_a_torn_entry_ends_the_log(self):
        self.assertEqual(self.after(1, entry(5, block("g"), disk.FLUSH), torn=entry(6, block("h"))[:-1]), ".....g..")
        self.assertIn("0 of the writes", self.told)

    def test_another_file_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "log"
            path.write_bytes(bytes(4096))
            with path.open("rb") as log, self.assertRaises(ValueError):
                list(disk.written(log))


if __name__ == "__main__":
    unittest.main()
