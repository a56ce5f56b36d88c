"""The log store, Tempo, the Collector and Grafana: which of them can be had here, and where. The names stand in this order.

VictoriaLogs and the Collector can always be had, for they are built here (modules.py). Loki, Tempo and Grafana are the
person's: named in the environment, or found on their path. Where Loki is wanted and absent, VictoriaLogs has its place.
"""

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
from collections.abc import Iterable

import host
import modules
import settings
import state

ALL = ("loki", "tempo", "collector", "grafana")
# The programs by their names in a machine's /usr/local/bin; Grafana is a folder of its own.
PROGRAMS = {"loki": "loki", "tempo": "tempo"} | {name: module.program for name, module in modules.MODULES.items()}
GRAFANA_FOLDER = "/usr/local/lib/grafana"
TITLES = {"loki": "Loki", "victorialogs": "VictoriaLogs", "tempo": "Tempo", "collector": "Collector", "grafana": "Grafana"}
CURES = {
    "loki": "name a binary with LOKI=/path/to/loki or put loki on PATH",
    "tempo": "name a binary with TEMPO=/path/to/tempo or put tempo on PATH",
    "grafana": "name its folder with GRAFANA=/path (the one that holds bin/grafana, conf and public) or put grafana on PATH",
}
# What the settings are written for.
LEAST = {"loki": (3, 7), "tempo": (2, 10)}


@dataclasses.dataclass(frozen=True)
class Choice:
    """What of the wanted can be had on this host; VictoriaLogs and the Collector may still have to be built."""

    available: list[str]
    # Why the others cannot, with the cure.
    absent: dict[str, str]
    places: dict[str, pathlib.Path]
    tempo_version: str | None

    def unbuilt(self) -> list[str]:
        """What has to be built before a machine can run it."""
        return [name for name in self.available if not self.places[name].exists()]

    def programs(self) -> dict[str, pathlib.Path]:
        """The programs that are there, by their names in a machine."""
        return {PROGRAMS[name]: path for name, path in self.places.items() if name in PROGRAMS and path.exists()}

    def folders(self) -> dict[str, pathlib.Path]:
        """The folders that are there, by their places in a machine."""
        return {GRAFANA_FOLDER: self.places["grafana"]} if "grafana" in self.places else {}

    def arguments(self, text: str) -> str:
        """The arguments of a machine (the text of a Nix attrset) with what it can run."""
        version = f'tempoVersion = "{self.tempo_version}"; ' if self.tempo_version else ""
        return f"({text} // {{ backends = [ {settings.words(self.available)} ]; {version}}})"


def place(name: str) -> str:
    """Where a backend's program is in a machine."""
    return f"/usr/local/bin/{PROGRAMS[name]}"


def choose(wanted: Iterable[str]) -> Choice:
    """Looks for the wanted ones on this host. A bad LOKI, TEMPO or GRAFANA is refused, wanted or not."""
    unknown = [name for name in wanted if name not in ALL]
    if unknown:
        raise state.Refused(f"backends: no {', '.join(unknown)}; there are {', '.join(ALL)}")
    places = {name: modules.built(name) for name in modules.MODULES}
    loki, _ = find_program("loki")
    places |= {"loki": loki} if loki else {}
    tempo, version = find_program("tempo")
    places |= {"tempo": tempo} if tempo else {}
    grafana = find_grafana()
    places |= {"grafana": grafana} if grafana else {}
    available = [stand_in(name, places) for name in ALL if name in wanted and stand_in(name, places) in places]
    absent = {name: CURES[name] for name in ALL if name in wanted and name not in places}
    return Choice(available, absent, {name: places[name] for name in available},
                  version if "tempo" in available else None)  # fmt: skip


def stand_in(name: str, places: dict[str, pathlib.Path]) -> str:
    """What runs in a program's place where that cannot be had: VictoriaLogs keeps lines as Loki does."""
    return "victorialogs" if name == "loki" and name not in places else name


def find_program(name: str) -> tuple[pathlib.Path | None, str | None]:
    """The program and version of Loki or Tempo: the one that LOKI or TEMPO names, or the one on the person's path."""
    variable = name.upper()
    named = os.environ.get(variable)
    found = named or shutil.which(name, path=host.person_path())
    if not found:
        return None, None
    path = pathlib.Path(found).resolve()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise state.Refused(f"{variable}={named}: not a program; {CURES[name]}, or leave {variable} unset")
    said = first_line(path, "-version")
    version = re.match(rf"{name}, version v?(\d+\.\d+\.\d+)", said)
    if version and host.numbers(version[1]) >= LEAST[name]:
        return path, version[1]
    if not named:
        # Another program may have the name.
        return None, None
    least = ".".join(map(str, LEAST[name]))
    raise state.Refused(f"{variable}={named}: `-version` says '{said}', which is not {TITLES[name]} {least} or newer; "
                        f"{CURES[name]}, or leave {variable} unset")  # fmt: skip


def find_grafana() -> pathlib.Path | None:
    """Grafana's folder: the one that GRAFANA names, or the one above the program on the person's path."""
    named = os.environ.get("GRAFANA")
    found = shutil.which("grafana", path=host.person_path())
    folder = pathlib.Path(named).resolve() if named else pathlib.Path(found).resolve().parents[1] if found else None
    if folder is None:
        return None
    lacking = [part for part in ("bin/grafana", "conf/defaults.ini", "public") if not (folder / part).exists()]
    if not lacking:
        return folder
    if not named:
        return None
    raise state.Refused(f"GRAFANA={named}: holds no {', '.join(lacking)}; {CURES['grafana']}, or leave GRAFANA unset")


def first_line(program: pathlib.Path, *words: str) -> str:
    """What a program says first, as the person would see it."""
    try:
        done = subprocess.run(host.as_person(str(program), *words), capture_output=True, text=True, errors="replace",
                              stdin=subprocess.DEVNULL, timeout=30)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stdout + done.stderr).partition("\n")[0]
