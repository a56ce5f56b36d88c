"""VictoriaLogs and the Collector, which Debian does not have: built once from the Go modules in the folder backends/.

Usage: modules.py NAME...      builds those named (victorialogs, collector) and prints where they are
"""

import dataclasses
import fcntl
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import build
import host
import roots
import state

PROGRESS_SECONDS = 15


@dataclasses.dataclass(frozen=True)
class Module:
    """A program that is built from a Go module of ours."""

    program: str
    package: str
    # Which dependency's version is the program's, the variable that the program reports it from, and in which form.
    released: str
    variable: str
    reported: str = "{}"


# The one that takes a third of the other's time comes first.
MODULES = {
    "victorialogs": Module("victoria-logs", "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs",
                           "github.com/VictoriaMetrics/VictoriaLogs",
                           "github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version", "victoria-logs-v{}"),
    "collector": Module("otelcol", ".", "go.opentelemetry.io/collector/otelcol", "main.release"),
}  # fmt: skip


def bring(names: list[str], say: Callable[[str], None]) -> None:
    """Builds those of the named that are not built yet, and says every few seconds how it goes."""
    for name in MODULES:
        if name in names and not built(name).exists():
            watch(name, say)
    caches = root_caches()
    if caches.exists() and all(built(name).exists() for name in MODULES):
        # Some gigabytes that nobody needs any more.
        state.remove(caches)


def watch(name: str, say: Callable[[str], None]) -> None:
    """Builds one program in a process of its own, whose output goes to a log."""
    log = state.folder() / "logs" / f"build-{name}.log"
    log.parent.mkdir(exist_ok=True)
    title = f"{MODULES[name].program} {version(name)}"
    say(f"building {title}, this once; each step: {log}")
    began = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, __file__, name], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                   start_new_session=True)  # fmt: skip
        try:
            while (status := patience(process)) is None:
                say(f"building {title}: {doing(log)} after {time.monotonic() - began:.0f} s")
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
    if status != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
        raise state.Refused(f"cannot build {title}; the end of {log}:\n{tail}")
    say(f"{title} is built, after {time.monotonic() - began:.0f} s")


def patience(process: subprocess.Popen) -> int | None:
    """The exit status of a process that ends in time for the next line of progress."""
    try:
        return process.wait(PROGRESS_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def doing(log: pathlib.Path) -> str:
    """How far a build is, from its log. go names each package that it compiles in a line of its own."""
    lines = log.read_text(errors="replace").splitlines()
    packages = sum(1 for line in lines if line and " " not in line)
    return f"{packages} packages compiled" if packages else lines[-1].strip() if lines else "beginning"


def built(name: str) -> pathlib.Path:
    """Where a built program lies, by what it is made of."""
    sources = sorted(source_folder(name).glob("go.*")) + sorted(source_folder(name).glob("*.go"))
    made_of = state.digest(*(part for path in sources for part in (path.name, path.read_text())), *flags(name))
    return state.folder() / "backends" / f"{name}-{made_of}" / MODULES[name].program


def source_folder(name: str) -> pathlib.Path:
    """The Go module of a program."""
    return pathlib.Path(__file__).resolve().with_name("backends") / name


def version(name: str) -> str:
    """The version that a module asks for."""
    text = (source_folder(name) / "go.mod").read_text()
    return re.search(rf"\b{re.escape(MODULES[name].released)} v(\d+\.\d+\.\d+)", text)[1]


def flags(name: str) -> list[str]:
    """What go builds with. Without C the program needs no libc, so a machine's may be older than this host's."""
    module = MODULES[name]
    return ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags",
            f"-s -w -X {module.variable}={module.reported.format(version(name))}"]  # fmt: skip


def compile_module(name: str) -> pathlib.Path:
    """Builds one program, its output on ours, unless it is there; puts it in place when it is whole."""
    target = built(name)
    target.parents[1].mkdir(exist_ok=True)
    with (target.parents[1] / "lock").open("w") as lock:
        print("waiting until no other ./dev builds", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            fresh = go_build(name)
            half = target.parent.with_name(f"{target.parent.name}.half")
            state.remove(half)
            state.mark(half)
            shutil.copyfile(fresh, half / target.name)
            (half / target.name).chmod(0o755)
            fresh.unlink()
            for older in target.parents[1].glob(f"{name}-*"):
                if older != half:
                    state.remove(older)
            half.rename(target.parent)
    return target


def go_build(name: str) -> pathlib.Path:
    """Runs go, the host's or that of a root, and gives what it has made."""
    folder, kept = source_folder(name), build.compiled()
    output = kept / MODULES[name].program
    go = ["nice", "-n", "5", "go", "build", "-v", *flags(name), "-o", str(output), MODULES[name].package]
    reason = why_not_host_go()
    settings = ["CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOWORK=off"]
    settings += [f"{key}={value}" for key, value in build.proxies().items()]
    settings += [f"{key}={os.environ[key]}" for key in ("GOPROXY", "GOSUMDB", "GONOSUMDB") if key in os.environ]
    if reason is None:
        subprocess.run(host.as_person("env", *settings, *go), cwd=folder, check=True, stdin=subprocess.DEVNULL)
        return output
    print(f"compiling in a root with sid's Go ({reason})", flush=True)
    caches, account = root_caches(), host.person()
    state.mark(caches)
    os.chown(caches, account.pw_uid, account.pw_gid)
    settings += [f"GOPATH={caches}", f"GOCACHE={caches}/build"]
    build.inside(roots.go(), folder, settings, *go)
    return output


def why_not_host_go() -> str | None:
    """Why the host's Go cannot build our modules; None when it can."""
    asked = [re.search(r"^go (\S+)$", (source_folder(name) / "go.mod").read_text(), re.MULTILINE)[1] for name in MODULES]
    return host.why_not_host_go(max(host.numbers(version, 3) for version in asked))


def root_caches() -> pathlib.Path:
    """What go keeps where a root's go builds: sources and compiled packages."""
    return state.folder() / "compiled" / "go"


def main() -> None:
    """The command line of this file."""
    names = sys.argv[1:]
    if not names or not set(names) <= set(MODULES):
        print(__doc__, file=sys.stderr)
        sys.exit(64)
    try:
        for name in names:
            print(compile_module(name))
    except (state.Refused, subprocess.CalledProcessError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
