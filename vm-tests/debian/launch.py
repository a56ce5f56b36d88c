"""Becomes the supervisor of one machine: puts its tree together, applies its settings, then turns into systemd-nspawn.

Usage: unshare --mount launch.py MACHINE-FOLDER [COMMAND...]
With a command nothing is booted: the command runs alone in the tree. All this happens in a mount namespace of its
own, so whatever is mounted is gone with the last process, however it ended: the host's own mounts never change.
"""

import json
import os
import pathlib
import subprocess
import sys
import uuid

import nspawn
import settings
import state


def tree(home: pathlib.Path, base: pathlib.Path) -> pathlib.Path:
    """The machine's own copy of the base root: an overlay, or, where the kernel refuses one, a real copy."""
    root, upper, work = home / "root", home / "upper", home / "work"
    for folder in (root, upper, work):
        folder.mkdir(exist_ok=True)
    layers = f"lowerdir={base},upperdir={upper},workdir={work}"
    mounted = subprocess.run(["mount", "-t", "overlay", "homeostat", "-o", layers, str(root)], capture_output=True)
    if mounted.returncode != 0:
        print("no overlay here, copying the root", flush=True)
        subprocess.run(["cp", "--archive", "--reflink=auto", f"{base}/.", str(root)], check=True)
    return root


def dress(root: pathlib.Path, spec: dict) -> None:
    """Makes a copy of the base root a machine: what its settings say, and who it is."""
    if spec["settings"]:
        settings.apply(spec["settings"], root, spec["programs"])
    # Every machine is somebody new. Without an identity systemd would take this for a first boot and
    # enable by preset what the packages had left off.
    (root / "etc/machine-id").write_text(f"{uuid.uuid4().hex}\n")
    (root / "etc/hostname").write_text(f"{spec['hostname']}\n")


def call(spec: dict, root: pathlib.Path, command: list[str]) -> list[str]:
    """The call of systemd-nspawn for this machine."""
    words = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", f"--machine={spec['name']}",
             f"--directory={root}", "--link-journal=no", "--timezone=off"]  # fmt: skip
    words += ["--private-network", "--resolv-conf=off"] if spec["network"] == "private" else []
    words += [f"--bind={path}" for path in spec.get("writable", [])]
    words += [f"--bind-ro={path}" for path in spec["readable"]]
    return [*words, "--pipe", "--", *command] if command else [*words, "--boot", "--console=read-only"]


def main() -> None:
    """Prepares the machine in the folder named on the command line, and becomes it."""
    home = pathlib.Path(sys.argv[1])
    spec = json.loads((home / "machine.json").read_text())
    try:
        root = tree(home, pathlib.Path(spec["base"]))
        dress(root, spec)
    except state.Refused as error:
        sys.exit(f"error: {error}")
    os.environ["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] = "1"
    if (cgroup := nspawn.own_cgroup(spec["name"])) is not None:
        cgroup.mkdir()
        (cgroup / "cgroup.procs").write_text(str(os.getpid()))
    words = call(spec, root, sys.argv[2:])
    os.execvp(words[0], words)


if __name__ == "__main__":
    main()
