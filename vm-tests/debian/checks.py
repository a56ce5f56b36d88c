"""The tests that need no booted machine, and the two that need one of a special kind. Each raises, or passes."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable

import backends
import build
import driver
import host
import modules
import nspawn
import papers
import roots
import settings
import state

REPOSITORY = state.REPOSITORY
TOOLS = REPOSITORY / "target" / "tools"
# The settings are proved with these arguments and with those of every machine test.
ARGUMENTS = ["{ demo = false; fast = false; }", "{ demo = true; fast = false; }", "{ demo = true; fast = true; }"]
# With every backend, and each of the two forms that Tempo's configuration has.
WITH_BACKENDS = [
    f"{{ demo = true; fast = false; backends = [ {settings.words([store, *backends.ALL[1:]])} ]; tempoVersion = \"{version}\"; }}"
    for store, version in (("loki", "2.10.8"), ("victorialogs", "3.0.3"))
]
# How those check their own settings that may be absent.
OWN_CHECKS = {"loki": "loki -verify-config", "tempo": "tempo -config.verify"}
# What the driver gives to a script.
SCRIPT_WORDS = "machine,machines,args,log,t,start_all,subtest"


@dataclasses.dataclass(frozen=True)
class Check:
    """A test of this file, and how it runs."""

    name: str
    run: Callable[[], None]
    # What has to be made before; see tests.py.
    needs: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    # Those of the lane `cargo` would wait for each other's locks.
    lane: str | None = None
    long: bool = False


class Skipped(Exception):
    """This host cannot run the test; the message says why."""


class Failed(Exception):
    """The test found something wrong; the message says what."""


def call(*command: str, **options) -> None:
    """Runs a command in the repository; anything but success fails the test."""
    print(f"$ {' '.join(map(str, command))}", flush=True)
    subprocess.run(command, check=True, cwd=REPOSITORY, stdin=subprocess.DEVNULL, **options)


def files(*patterns: str) -> list[str]:
    """Files of the repository by pattern, without what is built."""
    found = {path for pattern in patterns for path in REPOSITORY.rglob(pattern)}
    inside = (path.relative_to(REPOSITORY) for path in found if path.is_file())
    return sorted(str(path) for path in inside if path.parts[0] not in ("target", ".git"))


def formatting() -> None:
    """rustfmt has nothing to change."""
    build.cargo("fmt", "--all", "--check")


def lint() -> None:
    """clippy finds nothing in any target."""
    build.cargo("clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings")


def rust() -> None:
    """The Rust tests; those of the API start a real PostgreSQL."""
    environment = {}
    if host.why_not_host_cargo() is None:
        environment["HOMEOSTAT_TEST_POSTGRES_BIN"] = str(host.postgres())
    build.cargo("test", "--workspace", "--locked", "--no-fail-fast", environment=environment)


def shell() -> None:
    """shellcheck finds nothing."""
    host.bring("shellcheck")
    call("shellcheck", "dev", ".ci/run", *files("*.sh"))


def python() -> None:
    """pyflakes finds nothing, in our scripts and in the tests; and what runs the tests does what it should."""
    host.bring("pyflakes3")
    call(sys.executable, "-m", "unittest", "discover", "--start-directory", "vm-tests/debian", "--pattern", "*_test.py")
    # Each script of a machine has its arguments beside it, or a NixOS test of its name.
    scripts = sorted(settings.HERE.parent.rglob("*.py"))
    tests = [path for path in scripts if {path.with_suffix(".nix"), path.with_suffix(".args.nix")} & set(path.parent.iterdir())]
    words = {**os.environ, "PYFLAKES_BUILTINS": SCRIPT_WORDS}
    joined = {str(path.relative_to(REPOSITORY)) for path in [driver.PRELUDE, *tests]}
    call("pyflakes3", *(file for file in files("*.py") if file not in joined), env=words)
    # A test is checked as the drivers run it: with what stands before it.
    for test in tests:
        source = "\n".join(part.read_text() for part in [driver.PRELUDE, test])
        done = subprocess.run(["pyflakes3"], input=source, capture_output=True, text=True, env=words)
        if done.returncode != 0:
            raise Failed(f"{test.name} behind its prelude:\n{done.stdout}{done.stderr}")


def nix() -> None:
    """Every Nix file parses, the settings and the tests' arguments evaluate, and nothing in them is unused."""
    host.bring("nix-instantiate")
    for file in files("*.nix"):
        call("nix-instantiate", "--parse", file, stdout=subprocess.DEVNULL)
    for arguments in [*all_arguments(), *WITH_BACKENDS]:
        settings.machine(arguments)
    if not (TOOLS / "bin" / "deadnix").exists():
        if host.why_not_host_cargo():
            raise Skipped(f"all evaluates, but deadnix cannot be built: {host.why_not_host_cargo()}")
        call(*host.as_person("cargo", "install", "--quiet", "--locked", "--root", str(TOOLS), "deadnix"))
    call(str(TOOLS / "bin" / "deadnix"), "--fail", *files("*.nix"))


def all_arguments() -> list[str]:
    """Each set of arguments that a machine is made with anywhere, as Nix text."""
    scripts = [path.parent / path.name.replace(".args.nix", ".py") for path in settings.HERE.parent.glob("*.args.nix")]
    tests = [settings.test_arguments(script)[1] for script in sorted(scripts)]
    return list(dict.fromkeys([*ARGUMENTS, WITH_BACKENDS[0], *tests]))


def in_tree(script: str, sets: list[str], *words: str) -> None:
    """Runs a bash script of the repository in the tree of a machine, without booting it. Its settings are those of the
    first set of arguments; the files of each lie below /sets/NUMBER too. Of the backends the tree has those that any
    set wants and that can be had here."""
    host.bring(*host.MACHINE_TOOLS)
    wanted = [settings.wanted(arguments, []) for arguments in sets]
    machines = [settings.machine(backends.choose(names).arguments(arguments)) for names, arguments in zip(wanted, sets)]
    choice = backends.choose(set().union(*wanted))
    described = dict(machines[0])
    described["users"] = list({user["name"]: user for one in machines for user in one["users"]}.values())
    described["files"] = described["files"] | {
        f"/sets/{number}{path}": file for number, one in enumerate(machines) for path, file in one["files"].items()
    }
    programs = build.programs(build.folder()) | choice.programs()
    machine = nspawn.Machine.create("check", described, roots.machine(described), programs, "private",
                                    folders=choice.folders())  # fmt: skip
    try:
        readable = [str(REPOSITORY), str(state.folder())]
        status = machine.once(["bash", str(REPOSITORY / script), *words], readable=readable)
    finally:
        machine.remove()
    if status != 0:
        raise Failed(f"{script} failed")


def rendered() -> None:
    """The programs themselves accept their settings: promtool, amtool, blackbox, systemd, our own check-config."""
    sets = all_arguments()
    for number, arguments in enumerate(sets):
        print(f"set {number}: {arguments}")
    in_tree("vm-tests/debian/check-settings.sh", sets, *map(str, range(len(sets))))
    for name in backends.choose(backends.ALL).absent:
        if name in OWN_CHECKS:
            print(f"skipped: {OWN_CHECKS[name]}: needs {backends.TITLES[name]}")


def rules() -> None:
    """The alert rules and routes do what they promise, on the rendered files."""
    host.bring("nix-instantiate", "jq")
    with tempfile.TemporaryDirectory(dir=state.folder()) as folder:
        call("nixos-modules/tests/render.sh", folder)
        in_tree("nixos-modules/tests/run.sh", ARGUMENTS[:1], folder, str(REPOSITORY / "docs" / "RUNBOOK.md"))


def notifications() -> None:
    """A real Alertmanager with the rendered file groups, routes and inhibits as promised, also in a storm."""
    host.bring("nix-instantiate", "jq")
    with tempfile.TemporaryDirectory(dir=state.folder()) as folder:
        call("nixos-modules/tests/render.sh", folder)
        in_tree("nixos-modules/tests/notifications.sh", ARGUMENTS[:1], folder)


def docs() -> None:
    """Alerts have their headings in the runbook, links lead somewhere, and options that a text names exist."""
    host.bring("nix-instantiate")
    call("nixos-modules/tests/options.sh", "docs/OPTIONS.md", *(file for file in files("*.md") if file != "docs/OPTIONS.md"))
    found = papers.broken_links(REPOSITORY) + papers.alerts_without_runbook(REPOSITORY, settings.machine(ARGUMENTS[1]))
    if found:
        raise Failed("\n".join(found))


def lifecycle() -> None:
    """up, up again, down, in a state folder of its own, which is gone afterwards."""
    host.bring(*host.MACHINE_TOOLS)
    everything = backends.choose(list(backends.ALL)).arguments(ARGUMENTS[2])
    taken = {port: host.holder(port) for port in settings.machine(everything)["ports"]}
    held = [f"{port} ({who})" for port, who in taken.items() if who]
    if held:
        raise Skipped(f"these ports of this host are taken: {', '.join(held)}")
    folder = state.folder() / "lifecycle"
    environment = {**os.environ, "HOMEOSTAT_STATE": str(folder)}
    environment.pop("HOMEOSTAT_ARGUMENTS", None)
    try:
        lend(folder)
        call("./dev", "up", env=environment)
        began = running(folder)
        store = "loki" if "loki" in backends.choose(["loki"]).available else "victorialogs"
        for unit in (f"{store}.service", "opentelemetry-collector.service"):
            call("./dev", "shell", "systemctl", "is-active", unit, env=environment)
        call("./dev", "up", env=environment)
        if not began or running(folder) != began:
            raise Failed(f"the second up did not leave the first's machine alone: {began}, then {running(folder)}")
        call("./dev", "status", env=environment)
    finally:
        call("./dev", "down", "--all", env=environment)
    if folder.exists() or state.mounts_below(folder):
        raise Failed(f"{folder} is still there, or mounted")


def lend(folder: pathlib.Path) -> None:
    """Gives a state folder a backend that is built already. Where the host's Go can build the other one in seconds,
    from what it has kept, that one is left for `up` to bring into its machine."""
    lent = ["collector"] if modules.why_not_host_go() else []
    state.mark(folder)
    built = [modules.built(name).parent for name in ["victorialogs", *lent]]
    for place in filter(pathlib.Path.exists, built):
        shutil.copytree(place, folder / "backends" / place.name, dirs_exist_ok=True)


def running(folder: pathlib.Path) -> list[str]:
    """What a state folder says of its machine's processes."""
    return [path.read_text() for path in folder.glob("machines/*/running.json")]


def toolchain() -> None:
    """The root with sid's Rust builds the core: what a host without a fit cargo relies on."""
    host.bring("mmdebstrap", "systemd-nspawn")
    build.cargo("build", "--locked", "--package", "homeostat-policy", in_root=True)


def dashboards_lint() -> None:
    """Dashboards, rules and Grafana's settings name nothing that is not there; the lint's own tests come first."""
    host.bring("nix-instantiate")
    call(sys.executable, "-m", "unittest", "discover", "--start-directory", "dashboards", "--pattern", "*_test.py")
    call(sys.executable, "dashboards/lint.py")


def mutants() -> None:
    """The simulator finds each fault that is put back into the decision core."""
    build.cargo("test", "--locked", "--package", "homeostat-policy", "--test", "mutants", "--", "--ignored", "--nocapture")


# In the order in which a mistake shows soonest.
CHECKS = [
    Check("format", formatting),
    Check("shell", shell),
    Check("python", python),
    Check("nix", nix),
    Check("docs", docs),
    Check("dashboards-lint", dashboards_lint),
    Check("lint", lint, lane="cargo"),
    Check("rust", rust, lane="cargo"),
    Check("toolchain", toolchain, lane="cargo"),
    Check("mutants", mutants, lane="cargo", long=True),
    Check("settings", rendered, ("release", "root"), ("loki", "collector")),
    Check("rules", rules, ("release", "root")),
    Check("notifications", notifications, ("release", "root")),
    Check("lifecycle", lifecycle, ("release",), ("loki", "collector")),
]
