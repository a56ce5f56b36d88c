"""What the lint finds, where it stands, and how to walk a dashboard."""

import dataclasses
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Place:
    """A part of a file, as a person finds it: `overview.json: panel "Errors": targets.A`."""

    file: str
    part: str = ""
    key: str = ""

    def at(self, key: str) -> "Place":
        """The place of a key below this one."""
        return dataclasses.replace(self, key=f"{self.key}.{key}" if self.key else str(key))

    def says(self, problem: str) -> str:
        """A finding: where, what is there, and the cure."""
        return ": ".join(word for word in (self.file, self.part, self.key, problem) if word)


def panels(dashboard: dict) -> Iterator[dict]:
    """Every panel, rows and what is folded into them too."""
    for panel in dashboard.get("panels", []):
        yield panel
        yield from panel.get("panels", [])


def place_of(file: str, panel: dict) -> Place:
    """Where a panel stands."""
    return Place(file, f'panel "{panel.get("title", "")}"')


def targets(panel: dict) -> Iterator[tuple[dict, dict]]:
    """(data source, target) of each query of a panel. A target without a data source has the panel's."""
    for target in panel.get("targets", []):
        yield target.get("datasource") or panel.get("datasource") or {}, target


def unknown_keys(place: Place, given: dict, allowed: list[str]) -> Iterator[str]:
    """A finding for every key that is not allowed."""
    for key in given:
        if key not in allowed:
            yield place.at(key).says(f"no such key; there are: {', '.join(sorted(allowed))}")
