"""The state folder: where roots, machines, binaries and logs live, and the only way to remove any of it."""

import hashlib
import os
import pathlib
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MARKER = ".homeostat-state"


class Refused(Exception):
    """Something a person can cure; the message says how. Ends `./dev` with exit code 64."""


def folder() -> pathlib.Path:
    """The state folder, made if absent and marked as ours."""
    path = pathlib.Path(os.environ.get("HOMEOSTAT_STATE") or REPOSITORY / "target" / "dev").absolute()
    mark(path)
    return path


def mark(path: pathlib.Path) -> None:
    """Makes `path` a folder of ours. A folder that holds a stranger's files is refused, not taken over."""
    marker = path / MARKER
    if marker.exists():
        return
    if path.exists() and any(path.iterdir()):
        raise Refused(f"{path}: holds files but no {MARKER}; name an empty or absent folder in HOMEOSTAT_STATE")
    path.mkdir(parents=True, exist_ok=True)
    marker.write_text("Made by ./dev of Homeostat; `./dev down --all` removes this folder.\n")


def mounts_below(path: pathlib.Path) -> list[str]:
    """Mount points at or below `path`, deepest first, as this process sees them."""
    below = []
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split()[4].encode().decode("unicode_escape")
        if point == str(path) or point.startswith(f"{path}/"):
            below.append(point)
    return sorted(below, key=len, reverse=True)


def remove(path: pathlib.Path) -> None:
    """Removes a folder of ours: marked, without a mount inside, and never across a file system."""
    path = path.resolve()
    if not path.exists():
        return
    if not (path / MARKER).is_file():
        raise Refused(f"{path}: not removed, for it does not hold {MARKER}; look at it and remove it by hand")
    for point in mounts_below(path):
        subprocess.run(["umount", point], check=False)
    left = mounts_below(path)
    if left:
        raise Refused(f"{path}: not removed, still mounted: {', '.join(left)}; unmount it and run this again")
    subprocess.run(["rm", "-r", "--force", "--one-file-system", "--", str(path)], check=True)


def digest(*parts: str) -> str:
    """A short name for what something is made of."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
