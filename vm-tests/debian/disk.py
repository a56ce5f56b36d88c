"""The disk of a machine with a kernel of its own: made from a tree, and, after a power cut, what such a disk may hold.

QEMU's block driver `blklogwrites` logs each write, in the format of Linux's dm-log-writes (the kernel's
Documentation/admin-guide/device-mapper/log-writes.rst, and QEMU's block/blklogwrites.c): a superblock, then for each
write one sector that describes it and the data, all little-endian.
"""

import pathlib
import random
import struct
import subprocess
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

SECTOR = 512
MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD = 1, 2, 4
SUPERBLOCK = struct.Struct("<QQQI")
ENTRY = struct.Struct("<QQQQ")


class Write(NamedTuple):
    """One entry of the log: where it went, what it was, and where in the log its data lie."""

    sector: int
    sectors: int
    flags: int
    data: int


def make(tree: pathlib.Path, image: pathlib.Path, size: str) -> None:
    """An ext4 file system with the files of a tree."""
    call = ["mke2fs", "-q", "-F", "-t", "ext4", "-d", str(tree), str(image), size]
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL)


def copy(source: pathlib.Path, target: pathlib.Path) -> None:
    """A copy of an image that takes no more room than what is in it."""
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(source), str(target)], check=True)


def written(log: BinaryIO) -> Iterator[Write]:
    """The entries of a log, up to its end or to one that is not whole. The superblock's count is not asked: QEMU writes
    it from time to time, and a power cut comes between."""
    magic, version, _, sector_size = SUPERBLOCK.unpack(log.read(SUPERBLOCK.size))
    if (magic, version, sector_size) != (MAGIC, 1, SECTOR):
        raise ValueError(f"not a log of writes in sectors of {SECTOR}: magic {magic:#x}, version {version}, {sector_size}")
    size = log.seek(0, 2)
    place = SECTOR
    while place + SECTOR <= size:
        log.seek(place)
        sector, sectors, flags, _ = ENTRY.unpack(log.read(ENTRY.size))
        data = place + SECTOR
        place = data + (0 if flags & DISCARD else sectors * SECTOR)
        if place > size or not (sectors or flags):
            return
        yield Write(sector, sectors, flags, data)


def surviving(writes: list[Write], chance: random.Random) -> tuple[list[Write], int]:
    """What is on a disk whose power was cut, in an order in which it may have got there, and how many writes are lost.
    All that was finished before the last flush is there; of what came later, anything (FUA excepted: it is on the disk
    when it is answered)."""
    last = max((place for place, write in enumerate(writes) if write.flags & FLUSH), default=-1)
    safe, later = writes[: last + 1], writes[last + 1 :]
    kept = [write for write in later if write.flags & FUA or chance.random() < 0.5]
    chance.shuffle(kept)
    return safe + kept, len(later) - len(kept)


def cut(before: pathlib.Path, log: pathlib.Path, after: pathlib.Path, chance: random.Random) -> str:
    """Makes the image `after` from the one `before` a boot and from the log of that boot's writes, whose power was cut.
    Says what was lost. `before` becomes it."""
    with log.open("rb") as source, before.open("r+b") as image:
        writes = list(written(source))
        kept, lost = surviving(writes, chance)
        for write in kept:
            if write.flags & DISCARD or not write.sectors:
                # What a discarded sector holds is not promised: here it keeps what it had.
                continue
            source.seek(write.data)
            image.seek(write.sector * SECTOR)
            image.write(source.read(write.sectors * SECTOR))
    before.replace(after)
    flushes = sum(1 for write in writes if write.flags & FLUSH)
    return f"{lost} of the writes since the last of {flushes} flushes are lost, of {len(writes)} in all"
