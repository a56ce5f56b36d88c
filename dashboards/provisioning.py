"""Rules on Grafana's own settings: each key of its provisioning and ini files, and what the data sources lead to."""

import re
from collections.abc import Iterator

from findings import Place, unknown_keys

# Data sources by the keys that name one.
LEADS = "datasourceUid"


def grafana(given: dict, allowed: dict) -> Iterator[str]:
    """Everything that is wrong with { settings; datasources; dashboards; } of the pure settings."""
    place = Place("settings/grafana.nix")
    for section, values in given["settings"].items():
        at = place.at(f"settings.{section}")
        if section not in allowed["ini"]:
            yield at.says(f"no such section in the allow-list; there are: {', '.join(allowed['ini'])}")
        else:
            yield from unknown_keys(at, values, allowed["ini"][section])
    yield from datasources(place.at("datasources"), given["datasources"], allowed)
    yield from providers(place.at("dashboards"), given["dashboards"], allowed)


def datasources(place: Place, given: dict, allowed: dict) -> Iterator[str]:
    """The file of data sources."""
    yield from unknown_keys(place, given, allowed["datasources"])
    found = given.get("datasources", [])
    uids = [source.get("uid") for source in found]
    if len(set(uids)) < len(uids) or not all(uids):
        yield place.says(f"uids {uids} must be there and unique; the dashboards' variables hold them")
    if [source.get("isDefault", False) for source in found].count(True) > 1:
        yield place.says("only one data source may have isDefault; Grafana refuses the file")
    for source in found:
        at = place.at(str(source.get("name")))
        yield from unknown_keys(at, source, allowed["datasource"])
        yield from one_of(at, source, allowed)
        if source.get("type") not in allowed["json_data"]:
            yield at.at("type").says(f"{source.get('type')!r} has no list of keys in provisioning.toml")
            continue
        if source.get("uid") != source["type"]:
            yield at.at("uid").says(f"{source.get('uid')!r} must be {source['type']!r}: the variables of the dashboards begin with it")
        for path, value in leaves(source.get("jsonData", {})):
            if path not in allowed["json_data"][source["type"]]:
                known = ", ".join(allowed["json_data"][source["type"]])
                yield at.at(f"jsonData.{path}").says(f"no such key for this type; there are: {known}")
            yield from one_of(at, {path.rpartition(".")[2]: value}, allowed)
            if path.endswith(LEADS) and value not in uids:
                yield at.at(f"jsonData.{path}").says(f"{value!r} is no uid of a data source; there are: {', '.join(map(str, uids))}")
            if isinstance(value, str) and re.search(r"(?<!\$)(?:\$\$)*\$(?!\$)[{A-Za-z_]", value) and "$__file{" not in value:
                yield at.at(f"jsonData.{path}").says(f"{value!r}: Grafana would put an environment variable here; write $$ for $")


def leaves(given: object, path: str = "") -> Iterator[tuple[str, object]]:
    """(path, value) of everything below jsonData; the items of a list share its path."""
    if isinstance(given, dict):
        for key, value in given.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(given, list):
        for value in given:
            yield from leaves(value, path)
    else:
        yield path, given


def one_of(place: Place, given: dict, allowed: dict) -> Iterator[str]:
    """Values where Grafana takes only some."""
    for key, choices in allowed["values"].items():
        if key in given and given[key] not in choices:
            yield place.at(key).says(f"{given[key]!r} must be one of {', '.join(choices)}")


def providers(place: Place, given: dict, allowed: dict) -> Iterator[str]:
    """The file that says where dashboards are."""
    yield from unknown_keys(place, given, allowed["dashboards"])
    for provider in given.get("providers", []):
        at = place.at(str(provider.get("name")))
        yield from unknown_keys(at, provider, allowed["provider"])
        yield from unknown_keys(at.at("options"), provider.get("options", {}), allowed["provider_options"])
        if provider.get("type") != "file" or not provider.get("options", {}).get("path"):
            yield at.says("type must be file and options.path the folder of the dashboards")
