"""Rules on a dashboard as a whole: identity, variables, annotations, layout, links and titles."""

import itertools
import re
from collections.abc import Iterator

from findings import Place, panels, place_of, unknown_keys

SOURCES = ("prometheus", "loki", "tempo")
# What Grafana itself offers for annotations made by hand, and for panels with several sources.
BUILT_IN = ({"type": "grafana", "uid": "-- Grafana --"}, {"type": "datasource", "uid": "grafana"})
MIXED = {"type": "datasource", "uid": "-- Mixed --"}
HOST = "label_values(up, host)"


def dashboard(file: str, given: dict, allowed: dict, uids: set[str]) -> Iterator[str]:
    """Everything that is wrong with the frame of a dashboard. `uids` are those of all dashboards."""
    place = Place(file)
    yield from unknown_keys(place, given, allowed["keys"]["dashboard"])
    name = file.removesuffix(".json")
    wanted = {"uid": f"homeostat-{name}", "tags": ["homeostat"], "schemaVersion": allowed["schema_version"], "editable": False,
              "timezone": "browser", "refresh": "10s" if name == "overview" else "30s"}  # fmt: skip
    for key, value in wanted.items():
        if given.get(key) != value:
            yield place.at(key).says(f"{given.get(key)!r} must be {value!r}")
    for key in ("title", "description"):
        if not given.get(key):
            yield place.at(key).says("missing; say which question the dashboard answers")
    yield from variables(place, given, allowed)
    yield from annotations(place, given, allowed)
    yield from layout(file, given)
    yield from titles(file, given)
    yield from links(place, given.get("links", []), allowed, uids)
    for panel in panels(given):
        yield from links(place_of(file, panel), panel.get("links", []), allowed, uids)


def source(place: Place, given: object, also: tuple = ()) -> Iterator[str]:
    """A data source must be one of the three template variables, so that the dashboard fits any Grafana."""
    templates = [{"type": name, "uid": f"${{{name}}}"} for name in SOURCES]
    if given not in templates and given not in also:
        yield place.at("datasource").says(f'{given!r} is absolute or missing; write {{"type": "prometheus", "uid": "${{prometheus}}"}}')


def variables(place: Place, given: dict, allowed: dict) -> Iterator[str]:
    """Names, kinds and queries of the variables, and that each is used."""
    found = given.get("templating", {}).get("list", [])
    text = repr([given.get("panels"), given.get("annotations"), given.get("links"), [v.get("query") for v in found]])
    for variable in found:
        name, kind = variable.get("name", ""), variable.get("type")
        at = Place(place.file, f'variable "{name}"')
        if kind not in allowed["keys"]["variables"]:
            yield at.at("type").says(f"{kind!r} is not used here; choose of: {', '.join(allowed['keys']['variables'])}")
            continue
        yield from unknown_keys(at, variable, allowed["keys"]["variables"][kind])
        if kind == "datasource":
            current = variable.get("current") or {}
            if (name, current.get("value")) != (variable.get("query"), name) or name not in SOURCES:
                yield at.says("a variable for data sources has name, query and current.value prometheus, loki or tempo")
            continue
        if kind == "query":
            yield from source(at, variable.get("datasource"))
            if variable.get("refresh") not in (1, 2):
                yield at.at("refresh").says("missing; 1 asks when the dashboard is opened, 2 when the time range changes too")
        repeated = any(panel.get("repeat") == name for panel in panels(given))
        if not repeated and not re.search(rf"\$(?:{name}\b|\{{{name}[}}:])", text):
            yield at.says("nothing uses it; take it away")
    names = [variable.get("name") for variable in found]
    for name in {name for name in names if names.count(name) > 1}:
        yield place.says(f"two variables are called {name}")
    host = next((variable for variable in found if variable.get("name") == "host"), {})
    query = host.get("query")
    if (query.get("query") if isinstance(query, dict) else query) != HOST:
        yield place.at("templating").says(f"there must be a variable host with the query {HOST}")
    for name in set(re.findall(r"\$\{?(?!__)([A-Za-z]\w*)", text)) - set(names):
        yield place.at("templating").says(f"${name} is used, but there is no such variable")


def annotations(place: Place, given: dict, allowed: dict) -> Iterator[str]:
    """Each annotation has a name and a data source that is a variable."""
    for annotation in given.get("annotations", {}).get("list", []):
        at = Place(place.file, f'annotation "{annotation.get("name", "")}"')
        yield from unknown_keys(at, annotation, allowed["keys"]["annotation"])
        yield from source(at, annotation.get("datasource"), BUILT_IN if annotation.get("builtIn") else ())
        if not annotation.get("builtIn") and not annotation.get("expr"):
            yield at.at("expr").says("missing or empty; the query stands in the annotation itself")


def layout(file: str, given: dict) -> Iterator[str]:
    """Panels stand within the 24 columns and not on one another."""
    folded = [panel["panels"] for panel in given.get("panels", []) if panel.get("panels")]
    for together in [given.get("panels", []), *folded]:
        boxes = []
        for panel in together:
            box = panel.get("gridPos", {})
            sides = [box.get(side) for side in "xywh"]
            if not all(isinstance(side, int) for side in sides) or min(sides[:2]) < 0 or min(sides[2:]) < 1 or sides[0] + sides[2] > 24:
                yield place_of(file, panel).at("gridPos").says(f"{box} is not within 24 columns; x + w must be 24 or less")
                continue
            boxes.append((panel, *sides))
        for (one, x, y, w, h), (other, x2, y2, w2, h2) in itertools.combinations(boxes, 2):
            if x < x2 + w2 and x2 < x + w and y < y2 + h2 and y2 < y + h:
                yield place_of(file, one).at("gridPos").says(f'overlaps panel "{other.get("title")}"; move one of them')


def titles(file: str, given: dict) -> Iterator[str]:
    """Titles and numbers of panels are unique, so that a link or a message means one of them."""
    for key in ("title", "id"):
        seen = [panel.get(key) for panel in panels(given) if panel.get(key) is not None]
        for value in dict.fromkeys(value for value in seen if seen.count(value) > 1):
            yield Place(file, key=key).says(f"{value!r} belongs to {seen.count(value)} panels; it must be unique")


def links(place: Place, given: list, allowed: dict, uids: set[str]) -> Iterator[str]:
    """Links of a dashboard or of a panel's header."""
    for link in given:
        at = place.at(f'links "{link.get("title", "")}"')
        yield from unknown_keys(at, link, allowed["keys"]["link"])
        kept = "${__all_variables}" in link.get("url", "") or link.get("includeVars")
        yield from url(at, link.get("url", ""), uids, bool(kept and (link.get("keepTime") or "time_range" in link["url"])))
        if link.get("type") == "dashboards" and not (link.get("includeVars") and link.get("keepTime")):
            yield at.says("includeVars and keepTime must be true, or the next dashboard shows another host and time")


def url(place: Place, text: str, uids: set[str], kept: bool | None = None) -> Iterator[str]:
    """Where a link leads: to a dashboard of ours with the same variables and time, or to Explore with a variable as source."""
    target = re.match(r"/d/([^/?]+)", text)
    if re.match(r"[a-z]+:", text):
        yield place.at("url").says(f"{text!r} leads out of this Grafana; begin it with /d/ or /explore")
    elif target and target[1] not in uids:
        yield place.at("url").says(f"no dashboard has the uid {target[1]}; there are: {', '.join(sorted(uids))}")
    elif target and not (kept or "time_range" in text and ("${__all_variables}" in text or "${prometheus:queryparam}" in text)):
        yield place.at("url").says(
            "the dashboard must open with the same data sources and time: add ${__all_variables} and ${__url_time_range}, "
            "or ${prometheus:queryparam} and what else it needs (a link in a panel's header: includeVars and keepTime)"
        )
    elif text.startswith("/explore") and not any(f"${{{name}" in text for name in SOURCES):
        yield place.at("url").says("Explore must be opened with ${prometheus}, ${loki} or ${tempo} as data source")
