"""Rules on one panel: what a person needs to read it, and its options against the allow-list."""

from collections.abc import Iterator

import shape
from findings import Place, place_of, targets, unknown_keys

KINDS = {"string": str, "number": (int, float), "bool": bool}
# They show text or other panels, and have no field of their own.
BARE = ("row", "text")


def panel(file: str, given: dict, allowed: dict, uids: set[str]) -> Iterator[str]:
    """Everything that is wrong with one panel, its queries aside."""
    place = place_of(file, given)
    kind = given.get("type")
    if not given.get("title"):
        yield place.at("title").says("missing")
    if kind == "row":
        yield from unknown_keys(place, given, allowed["keys"]["row"])
        return
    if kind not in allowed["types"]:
        yield place.at("type").says(f"{kind!r} is no panel type of the allow-list; there are: {', '.join(allowed['types'])}")
        return
    known = allowed["types"][kind]
    yield from unknown_keys(place, given, allowed["keys"]["panel"])
    if not given.get("description"):
        yield place.at("description").says("missing; say what the panel shows and what to do when it looks bad")
    yield from tree(place.at("options"), given.get("options", {}), options(known.get("options", {}), allowed), allowed)
    field = given.get("fieldConfig", {})
    yield from defaults(place.at("fieldConfig.defaults"), field.get("defaults", {}), known, allowed, uids)
    yield from overrides(place.at("fieldConfig.overrides"), field.get("overrides", []), known, allowed, uids)
    if kind in BARE:
        return
    if not field.get("defaults", {}).get("noValue"):
        yield place.at("fieldConfig.defaults.noValue").says("missing; say what it means that there is nothing to show")
    if known.get("unit") and not has_unit(given):
        yield place.at("fieldConfig.defaults.unit").says('missing; choose of [lists] units in panels.toml, "none" for a plain number')
    for transformation in given.get("transformations", []):
        if transformation.get("id") not in allowed["lists"]["transformations"]:
            yield place.at("transformations").says(f"{transformation.get('id')!r} is none of [lists] transformations in panels.toml")
    if kind != "alertlist":
        yield from queries(place, given, allowed)


def has_unit(given: dict) -> bool:
    """Whether the numbers have a unit. A heatmap's stand on its axis, and a table of traces has none."""
    field = given.get("fieldConfig", {})
    units = [field.get("defaults", {}).get("unit"), given.get("options", {}).get("yAxis", {}).get("unit")]
    return any(units) or all(source.get("type") == "tempo" for source, _ in targets(given))


def queries(place: Place, given: dict, allowed: dict) -> Iterator[str]:
    """The frame of a panel's queries: sources, names, known keys."""
    yield from shape.source(place, given.get("datasource"), (shape.MIXED,))
    if not given.get("targets"):
        yield place.at("targets").says("missing; a panel must ask something")
    names = [target.get("refId") for target in given.get("targets", [])]
    if len(set(names)) < len(names) or not all(names):
        yield place.at("targets").says(f"refId {names} must be there and unique")
    for source, target in targets(given):
        at = place.at(f"targets.{target.get('refId')}")
        yield from shape.source(at, source)
        if source != given.get("datasource") and given.get("datasource") != shape.MIXED:
            yield at.at("datasource").says('is not the panel\'s; a panel with several has {"type": "datasource", "uid": "-- Mixed --"}')
        yield from unknown_keys(at, target, allowed["keys"]["targets"].get(source.get("type"), list(target)))


def options(known: dict, allowed: dict) -> dict:
    """The allowed paths of a panel type with those that it shares."""
    merged = {path: kind for path, kind in known.items() if path != "use"}
    for name in known.get("use", []):
        merged.update(allowed["shared"][name])
    return merged


def tree(place: Place, given: dict, known: dict, allowed: dict, path: str = "") -> Iterator[str]:
    """Every key of a tree of options must be known, and its value of the right kind."""
    for key, value in given.items():
        here = f"{path}.{key}" if path else key
        if here in known:
            yield from value_of(place.at(key), value, known[here], allowed)
        elif isinstance(value, dict) and any(name.startswith(f"{here}.") for name in known):
            yield from tree(place.at(key), value, known, allowed, here)
        else:
            yield place.at(key).says(f"no such option; there are: {', '.join(sorted(known)) or 'none'}")


def value_of(place: Place, value: object, kind: object, allowed: dict) -> Iterator[str]:
    """One value against its kind. A list of values is right when each of them is."""
    choices = allowed["lists"].get(kind, []) if isinstance(kind, str) else kind
    if kind == "any" or isinstance(kind, str) and kind in KINDS and isinstance(value, KINDS[kind]) and (kind == "bool") == isinstance(value, bool):
        return
    if kind == "strings" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return
    for item in value if isinstance(value, list) else [value]:
        if not choices or not isinstance(item, (str, int)) or item not in choices:
            yield place.says(f"{item!r} is not allowed; it must be {'one of ' + ', '.join(map(str, choices)) if choices else kind}")


def defaults(place: Place, given: dict, known: dict, allowed: dict, uids: set[str]) -> Iterator[str]:
    """Options of fields: those of every type, and the type's own below `custom`."""
    own = given.get("custom", {})
    yield from tree(place, {key: value for key, value in given.items() if key != "custom"}, allowed["field"], allowed)
    yield from tree(place.at("custom"), own, options(known.get("custom", {}), allowed), allowed)
    unit = given.get("unit")
    if unit and unit not in allowed["lists"]["units"] and not unit.startswith(tuple(allowed["lists"]["unit_prefixes"])):
        yield place.at("unit").says(f"{unit!r} is no unit of Grafana; choose of [lists] units in panels.toml")
    steps = [step.get("value") for step in given.get("thresholds", {}).get("steps", [])]
    if steps and (steps[0] is not None or None in steps[1:] or steps[1:] != sorted(steps[1:])):
        yield place.at("thresholds.steps").says(f"{steps}: the first value must be null and the others must rise")
    for link in given.get("links") or []:
        yield from shape.url(place.at(f'links "{link.get("title", "")}"'), link.get("url", ""), uids)


def overrides(place: Place, given: list, known: dict, allowed: dict, uids: set[str]) -> Iterator[str]:
    """An override says the same as `defaults`, as a list of paths with values."""
    for override in given:
        matcher = override.get("matcher", {})
        at = place.at(f'"{matcher.get("options")}"')
        if matcher.get("id") not in allowed["lists"]["matchers"]:
            yield at.at("matcher.id").says(f"{matcher.get('id')!r} is none of [lists] matchers in panels.toml")
        for change in override.get("properties", []):
            nested = change.get("value")
            for key in reversed(change.get("id", "").split(".")):
                nested = {key: nested}
            yield from defaults(at, nested, known, allowed, uids)
