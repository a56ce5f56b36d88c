"""Base roots: a Debian tree for machines, and two with compilers. Each is built once and kept by what it is made of.

Usage: roots.py machine < settings.json | roots.py build | roots.py go      (prints the root's path)
"""

import fcntl
import json
import os
import pathlib
import subprocess
import sys
import time

import host
import settings
import state

SETUP = pathlib.Path(__file__).with_name("root-setup.sh")
SUITE = "trixie"
MACHINE_PACKAGES = ["systemd", "systemd-sysv", "dbus", "polkitd", "procps", "iproute2", "curl", "jq", "python3",
                    # What only a machine with a kernel of its own makes use of.
                    "udev", "kmod", "dmsetup", "e2fsprogs"]  # fmt: skip
# Prometheus does not insist on its checker's version; rules must be checked by the one that will read them.
MACHINE_PACKAGES_SID = ["promtool"]
# The server is for the Rust tests, which start one of their own.
BUILD_PACKAGES = ["gcc", "libc6-dev", "ca-certificates", "pkg-config", "postgresql-17"]
BUILD_PACKAGES_SID = ["cargo", "rustc", "rust-clippy", "rustfmt"]
GO_PACKAGES = ["ca-certificates"]
GO_PACKAGES_SID = ["golang-go"]


def machine(described: dict) -> pathlib.Path:
    """The root that machines with these settings are copied from."""
    packages = described["packages"]
    from_sid = MACHINE_PACKAGES_SID + packages.get("sid", [])
    return build("machine", MACHINE_PACKAGES + packages.get("trixie", []), from_sid)


def common() -> pathlib.Path:
    """The root of every machine test, and of `./dev up`."""
    host.bring(*host.MACHINE_TOOLS)
    return machine(settings.machine())


def compilers() -> pathlib.Path:
    """The root with sid's Rust on the machine's libc, for hosts whose own cargo is too old or absent."""
    return build("build", BUILD_PACKAGES, BUILD_PACKAGES_SID)


def go() -> pathlib.Path:
    """The root with sid's Go. It is apart from Rust's, for a host often has one of the two compilers."""
    return build("go", GO_PACKAGES, GO_PACKAGES_SID)


def build(kind: str, packages: list[str], from_sid: list[str]) -> pathlib.Path:
    """The root of this kind with these packages: the kept one, or a new one."""
    packages, from_sid = sorted(set(packages)), sorted(set(from_sid))
    name = state.digest(SUITE, SETUP.read_text(), json.dumps([packages, from_sid]))
    home = state.folder() / "roots" / f"{kind}-{name}"
    tree = home / "tree"
    if tree.is_dir():
        return tree
    home.parent.mkdir(exist_ok=True)
    with (home.parent / f"{kind}.lock").open("w") as lock:
        # Whoever waited for another's build finds it done.
        fcntl.flock(lock, fcntl.LOCK_EX)
        return tree if tree.is_dir() else install(kind, home, packages, from_sid)


def install(kind: str, home: pathlib.Path, packages: list[str], from_sid: list[str]) -> pathlib.Path:
    """A new root in the folder `home`."""
    # A root becomes visible under its name only when it is whole, so an interrupted build leaves nothing to trust.
    half = home.with_name(f"{home.name}.half")
    state.remove(half)
    state.mark(half)
    began = time.monotonic()
    log = half / "build.log"
    print(f"  building the {kind} root ({len(packages) + len(from_sid)} packages and what they need)", file=sys.stderr)
    command = [
        "mmdebstrap", "--variant=apt", "--mode=root", f"--include={','.join(packages)}",
        f"--customize-hook=copy-in {SETUP} /root",
        f'--customize-hook=chroot "$1" bash /root/{SETUP.name} {" ".join(from_sid)}',
        f'--customize-hook=rm "$1/root/{SETUP.name}" "$1/etc/resolv.conf" "$1/etc/hostname"',
        SUITE, str(half / "tree"),
    ]  # fmt: skip
    with log.open("wb") as out:
        done = subprocess.run(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=clean_environment())
    if done.returncode != 0:
        kept = state.folder() / f"{kind}-root.log"
        log.replace(kept)
        tail = "\n".join(kept.read_text(errors="replace").splitlines()[-15:])
        state.remove(half)
        raise state.Refused(f"mmdebstrap failed; the end of {kept}:\n{tail}")
    half.rename(home)
    print(f"  {kind} root ready after {time.monotonic() - began:.0f} s", file=sys.stderr)
    return home / "tree"


def clean_environment() -> dict[str, str]:
    """What a root's installation may see of the host: the way out, if it needs a proxy, and nothing else."""
    kept = {key: value for key, value in os.environ.items() if key.lower().endswith("_proxy")}
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **kept}


def main() -> None:
    """The command line of this file."""
    try:
        match sys.argv[1:]:
            case ["build"]:
                print(compilers())
            case ["go"]:
                print(go())
            case _:
                print(machine(json.load(sys.stdin)))
    except state.Refused as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
