"""From the pure settings to a root: evaluates the Nix files and writes what they say into a Debian tree."""

import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterable

import state

HERE = pathlib.Path(__file__).resolve().parent
MACHINE = pathlib.Path(os.environ.get("HOMEOSTAT_MACHINE_NIX") or HERE / "machine.nix")
FACTS = HERE / "facts.nix"


def evaluate(expression: str) -> dict | list:
    """The value of a Nix expression. The dummy store keeps Nix from making /nix on the host."""
    command = ["nix-instantiate", "--store", "dummy://", "--eval", "--strict", "--json", "--expr", expression]
    done = subprocess.run(command, capture_output=True, text=True, cwd=state.REPOSITORY)
    if done.returncode != 0:
        raise state.Refused(f"the settings do not evaluate:\n{done.stderr.strip()}\nin: {expression}")
    return json.loads(done.stdout)


def machine(arguments: str = "{ }") -> dict:
    """What a machine holds, for these arguments (the text of a Nix attrset)."""
    return evaluate(f"import {MACHINE} {{ arguments = {arguments}; }}")


def arguments_file(script: pathlib.Path) -> pathlib.Path:
    """NAME.args.nix beside NAME.py."""
    return script.resolve().with_suffix(".args.nix")


def test_scripts() -> list[pathlib.Path]:
    """The machine tests: scripts of the folder above that have an arguments file."""
    return sorted(path for path in HERE.parent.glob("*.py") if arguments_file(path).exists())


def words(names: Iterable[str]) -> str:
    """Names as the elements of a Nix list."""
    return " ".join(f'"{name}"' for name in names)


def wanted(arguments: str, default: Iterable[str]) -> list[str]:
    """The backends that a machine's arguments (Nix text) name."""
    return evaluate(f"({arguments}).backends or [ {words(default)} ]")


def test_arguments(script: pathlib.Path) -> tuple[dict, str]:
    """A test's `args`, and its machine's arguments as Nix text."""
    path = arguments_file(script)
    if not path.exists():
        return {}, "{ }"
    whole = f"import {path} {{ machine = import {FACTS}; }}"
    return evaluate(whole), f"(({whole}).machineArguments or {{ }})"


def evaluate_tests(scripts: list[pathlib.Path]) -> dict[str, dict]:
    """By a test's name: whether it runs `alone`, whether it is `long`, whether its machine has a `kernel` of its own, and
    the `backends` that it wants."""
    files = " ".join(f'"{script.stem}" = import {arguments_file(script)} {{ machine = import {FACTS}; }};' for script in scripts)
    return evaluate(
        f"builtins.mapAttrs (_: test: {{ backends = test.backends; alone = test.alone or false; long = test.long or false; "
        f"kernel = test ? kernel; }}) {{ {files} }}"
    )


def inside(root: pathlib.Path, *command: str) -> None:
    """Runs a program of the root that only edits files; its systemctl must not look for a running systemd."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_OFFLINE": "1", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(["chroot", str(root), *command], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise state.Refused(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")


def apply(settings: dict, root: pathlib.Path, programs: dict[str, str]) -> None:
    """Makes the tree at `root` the machine that the settings describe: users, files, programs, units."""
    create_users(settings.get("users", []), root)
    for path, file in settings.get("files", {}).items():
        write(root, path, file)
    for name, source in programs.items():
        target = root / "usr/local/bin" / name
        shutil.copyfile(source, target)
        target.chmod(0o755)
    for verb in ("mask", "enable"):
        units = settings.get(verb, [])
        if units:
            inside(root, "systemctl", verb, *units)


def create_users(users: list[dict], root: pathlib.Path) -> None:
    """System users with a group of their own name; one that a package has made only joins its groups."""
    present = {line.split(":")[0] for line in (root / "etc/passwd").read_text().splitlines()}
    for user in users:
        if user["name"] not in present:
            inside(root, "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
                   "--shell", "/usr/sbin/nologin", user["name"])  # fmt: skip
        if user.get("groups"):
            inside(root, "usermod", "--append", "--groups", ",".join(user["groups"]), user["name"])


def write(root: pathlib.Path, path: str, file: dict) -> None:
    """One file with its owner and mode. Folders that are missing above it belong to root."""
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    # A link is replaced, never followed: it could lead out of the tree.
    target.unlink(missing_ok=True)
    target.write_text(file["text"])
    owner = identity(root, "passwd", file.get("user", "root"), path)
    group = identity(root, "group", file.get("group", "root"), path)
    os.chown(target, owner, group)
    target.chmod(int(file.get("mode", "0644"), 8))


def identity(root: pathlib.Path, database: str, name: str, path: str) -> int:
    """The number of a user or group as the tree itself knows it."""
    for line in (root / "etc" / database).read_text().splitlines():
        fields = line.split(":")
        if fields[0] == name:
            return int(fields[2])
    raise state.Refused(f"{path}: the machine has no {name} in /etc/{database}; add it to `users` in {MACHINE.name}")
