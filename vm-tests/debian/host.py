"""What we use of the person's own host: a few packages, their account for compiling, their compilers if good enough."""

import fcntl
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys

import state

# Which package brings which program. Nothing here runs as a daemon.
PACKAGES = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "nix-instantiate": "nix-bin",
    "shellcheck": "shellcheck",
    "pyflakes3": "pyflakes3",
    "jq": "jq",
    "qemu-system-x86_64": "qemu-system-x86",
    "mke2fs": "e2fsprogs",
}
MACHINE_TOOLS = ["mmdebstrap", "systemd-nspawn", "nix-instantiate"]
BUILD_ROOT_WANTED = "HOMEOSTAT_BUILD_ROOT=1 asks for the build root"
LEAST_RUST = (1, 94)
# A program linked on the host runs in the machine only if the host's libc is not newer than trixie's.
MACHINE_LIBC = (2, 41)


def person() -> pwd.struct_passwd:
    """The account that called sudo, or the current one."""
    return pwd.getpwnam(os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name)


def person_path() -> str:
    """Where the person's programs are looked for: their own compilers first, which sudo takes off the path."""
    home = person().pw_dir
    return f"{home}/.cargo/bin:{home}/go/bin:/usr/local/go/bin:{os.environ['PATH']}"


def as_person(*command: str) -> list[str]:
    """The call that runs a command as the person, with their own compilers on the path."""
    account = person()
    call = ["env", f"PATH={person_path()}", *command]
    if account.pw_uid != os.getuid():
        call = ["runuser", "-u", account.pw_name, "--", "env", f"HOME={account.pw_dir}", *call]
    return call


def bring(*tools: str) -> None:
    """Installs the packages of programs that are missing, and says so."""
    missing = sorted({PACKAGES[tool] for tool in tools if shutil.which(tool) is None})
    if missing:
        install(*missing)


def install(*packages: str) -> None:
    """Installs host packages. systemctl is told to stay offline, so that no package can start a service."""
    with (state.folder() / "packages.lock").open("w") as lock:
        # apt-get would not wait for another test that installs something.
        fcntl.flock(lock, fcntl.LOCK_EX)
        install_now(packages)


def install_now(packages: tuple[str, ...]) -> None:
    """The same, while nobody else does."""
    print(f"  installing on this host: {' '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_OFFLINE": "1"}
    call = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages]
    done = subprocess.run(call, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        # A fresh host has no package lists yet, or old ones.
        subprocess.run(["apt-get", "update", "--quiet"], env=environment, capture_output=True)
        done = subprocess.run(call, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise state.Refused(f"cannot install {' '.join(packages)}:\n{done.stdout}{done.stderr}")


def build_root_wanted() -> bool:
    """Whether the person wants the Debian tree's compilers even where the host's would do."""
    return os.environ.get("HOMEOSTAT_BUILD_ROOT") == "1"


def why_not_host_go(least: tuple[int, ...]) -> str | None:
    """Why the host's Go cannot build what asks for the version `least`; None when it can."""
    if build_root_wanted():
        return BUILD_ROOT_WANTED
    if shutil.which("go", path=person_path()) is None:
        return "this host has no go"
    # What it would fetch to replace itself with does not count.
    found = subprocess.run(as_person("env", "GOTOOLCHAIN=local", "go", "env", "GOVERSION"), cwd="/",
                           capture_output=True, text=True)  # fmt: skip
    version = numbers(found.stdout, 3)
    if version is None or version < least:
        return f"{found.stdout.strip() or 'this go'} is older than {'.'.join(map(str, least))}"
    return None


def why_not_host_cargo() -> str | None:
    """Why the host's Rust cannot build for the machine; None when it can."""
    if build_root_wanted():
        return BUILD_ROOT_WANTED
    found = subprocess.run(as_person("cargo", "--version"), capture_output=True, text=True)
    version = numbers(found.stdout) if found.returncode == 0 else None
    if version is None:
        return "this host has no cargo"
    if version < LEAST_RUST:
        return f"cargo {version[0]}.{version[1]} is older than {LEAST_RUST[0]}.{LEAST_RUST[1]}"
    if shutil.which("cc") is None:
        return "this host has no C compiler"
    libc = numbers(subprocess.run(["getconf", "GNU_LIBC_VERSION"], capture_output=True, text=True).stdout)
    if libc is None or libc > MACHINE_LIBC:
        return f"this host's libc is not glibc <= {MACHINE_LIBC[0]}.{MACHINE_LIBC[1]}"
    return None


def numbers(text: str, count: int = 2) -> tuple[int, ...] | None:
    """The first MAJOR.MINOR in a text; of a longer version up to `count` numbers."""
    found = re.search(r"\d+\.\d+(\.\d+)*", text)
    return tuple(map(int, found[0].split(".")))[:count] if found else None


def postgres() -> pathlib.Path:
    """The folder of a PostgreSQL server's programs on the host; the package is installed without a cluster."""
    found = list(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        switch = pathlib.Path("/etc/postgresql-common/createcluster.conf")
        if not switch.exists():
            switch.parent.mkdir(parents=True, exist_ok=True)
            switch.write_text("# Written by ./dev of Homeostat: its tests need the server's programs, no server.\n"
                              "create_main_cluster = false\n")  # fmt: skip
        install("postgresql")
        found = list(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return max(found, key=lambda path: float(path.parts[4])).parent


def holder(port: int) -> str | None:
    """Who listens on a loopback or wildcard TCP port of this host; None when it is free (proc(5), net/tcp)."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        path = pathlib.Path("/proc/net") / table
        for line in path.read_text().splitlines()[1:] if path.exists() else []:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{fields[9]}]")
    if not sockets:
        return None
    for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(link) in sockets:
                return f"{(link.parents[1] / 'comm').read_text().strip()} (process {link.parts[2]})"
        except OSError:
            continue
    return "a process that this account cannot see"


if __name__ == "__main__":
    try:
        bring(*sys.argv[1:])
    except state.Refused as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(64)
