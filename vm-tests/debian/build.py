"""Compiles: with the host's cargo as the person who called, or else in a root with sid's Rust.

Usage: build.py      builds the release binaries and prints where they are
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time

import host
import nspawn
import roots
import state

BINARIES = ("homeostat-api", "homeostat-remediator", "homeostat")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
ROOT_POSTGRES = "/usr/lib/postgresql/17/bin"


def cargo(*arguments: str, environment: dict[str, str] | None = None, in_root: bool = False) -> pathlib.Path:
    """Runs cargo on the workspace, its output on ours; returns the target folder that it used."""
    print(f"$ cargo {' '.join(arguments)}", flush=True)
    for path in dated_after_now(state.REPOSITORY / "crates")[:1]:
        print(f"  {path} is dated after now, as after a clock that was set back: cargo would compile its crate each time; "
              f"cure: touch {path}", flush=True)  # fmt: skip
    environment = dict(environment or {})
    reason = "asked for" if in_root else host.why_not_host_cargo()
    settings = [f"{key}={value}" for key, value in (environment | proxies()).items()]
    if reason is None:
        call = host.as_person("env", *settings, "cargo", *arguments)
        subprocess.run(call, cwd=state.REPOSITORY, check=True, stdin=subprocess.DEVNULL)
        return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or state.REPOSITORY / "target")
    print(f"  compiling in the build root ({reason})", flush=True)
    kept = compiled()
    settings += [f"CARGO_HOME={kept}/cargo", f"CARGO_TARGET_DIR={kept}/target",
                 f"HOMEOSTAT_TEST_POSTGRES_BIN={ROOT_POSTGRES}"]  # fmt: skip
    inside(roots.compilers(), state.REPOSITORY, settings, "cargo", *arguments)
    return kept / "target"


def dated_after_now(folder: pathlib.Path) -> list[pathlib.Path]:
    """Files that are newer than now. cargo goes by times, so what is made of them is never fresh."""
    now = time.time()
    return sorted(path for path in folder.rglob("*") if path.stat().st_mtime > now + 1)


def proxies() -> dict[str, str]:
    """The way out of this host, where it leads through a proxy."""
    return {key: value for key, value in os.environ.items() if key.lower().endswith("_proxy")}


def compiled() -> pathlib.Path:
    """The person's folder for what is compiled elsewhere than in their own caches."""
    place = state.folder() / "compiled"
    place.mkdir(exist_ok=True)
    account = host.person()
    os.chown(place, account.pw_uid, account.pw_gid)
    return place


def inside(root: pathlib.Path, place: pathlib.Path, settings: list[str], *command: str) -> None:
    """Runs a compiler of a root in a folder of the repository, as the person, with these variables (NAME=value)."""
    account, kept = host.person(), compiled()
    machine = nspawn.Machine.create("build", None, root, {}, "host", hostname="build")
    try:
        # The paths inside are the paths outside, so that messages name files that exist.
        call = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups",
                "env", "-i", f"--chdir={place}", f"PATH={nspawn.PATH}", "LANG=C.UTF-8", f"HOME={kept}", *settings,
                *command]  # fmt: skip
        # Whom this host trusts, for the way to the registry may lead through a proxy of its owner's.
        trusted = [CERTIFICATES] if pathlib.Path(CERTIFICATES).exists() else []
        status = machine.once(call, writable=[str(state.REPOSITORY), str(kept)], readable=trusted)
    finally:
        machine.remove()
    if status != 0:
        raise subprocess.CalledProcessError(status, command)


def release() -> dict[str, pathlib.Path]:
    """Builds the release binaries and puts them together in one folder; gives them by name, for machines to copy."""
    built = cargo("build", "--release", "--locked", "--workspace", "--bins") / "release"
    folder().mkdir(exist_ok=True)
    for name in BINARIES:
        fresh = folder() / f".{name}"
        shutil.copyfile(built / name, fresh)
        fresh.chmod(0o755)
        fresh.replace(folder() / name)
    return programs(folder())


def folder() -> pathlib.Path:
    """Where the release binaries lie together."""
    return state.folder() / "binaries"


def programs(place: pathlib.Path) -> dict[str, pathlib.Path]:
    """The programs in a folder by their names."""
    return {path.name: path for path in sorted(place.iterdir()) if not path.name.startswith(".")}


if __name__ == "__main__":
    try:
        print("\n".join(map(str, release().values())))
    except (state.Refused, subprocess.CalledProcessError) as error:
        sys.exit(f"error: {error}")
