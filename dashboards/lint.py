"""Checks the dashboards beside this file, the alert rules and Grafana's settings without running anything.

Usage: lint.py                 one line for each finding; exit code 1 if there is any
       lint.py --record FILE   takes the inventory that the machine test `dashboards` left into metrics.toml
Grafana does not say what it ignores. So names are held against allow-lists: panels.toml and provisioning.toml, which were
read from Grafana's documentation, and metrics.toml, which was recorded from a machine; unrecorded.toml adds what a healthy
machine does not show. empty.toml names the expressions that are rightly empty on such a machine.
"""

import fnmatch
import json
import pathlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import expressions
import fields
import promql
import provisioning
import shape
from findings import Place, panels

HERE = pathlib.Path(__file__).resolve().parent
NIXOS_MODULES = HERE.parent / "nixos-modules"
HOST = NIXOS_MODULES / "tests" / "host.nix"
TESTS = HERE.parent / "vm-tests"
# Grafana reads every .json file below its dashboards' folder, so what is none has another name.
LISTS = ("panels", "provisioning", "metrics", "unrecorded", "empty")
PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def toml(name: str) -> dict:
    """One of the lists beside this file; none yet is an empty one."""
    path = HERE / f"{name}.toml"
    return tomllib.loads(path.read_text()) if path.exists() else {}


def settings() -> dict:
    """The rules of the host that the rule tests look at, and Grafana's settings with Tempo and without. The dummy store keeps
    Nix from making /nix."""
    expression = f"""
      let
        part = file: import (/. + "{NIXOS_MODULES}/settings/${{file}}.nix");
        grafana = without: part "grafana" {{
          inherit without;
          host = "demo";
          ports = part "ports" {{ }};
          timing = part "timing" {{ }};
          urls = {{ }};
          dashboards = "/dashboards";
        }};
      in {{
        inherit (import (/. + "{HOST}") {{ fast = false; }}) rules;
        grafana = map grafana [ [ ] [ "tempo" ] ];
      }}"""
    command = ["nix-instantiate", "--store", "dummy://", "--eval", "--strict", "--json", "--expr", expression]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def once(pairs: list) -> dict:
    """An object of JSON in which no key stands twice."""
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError(f"a key stands twice in one object: {', '.join(sorted({key for key in keys if keys.count(key) > 1}))}")
    return dict(pairs)


def parsed(folder: pathlib.Path) -> tuple[dict[str, dict], list[str]]:
    """The dashboards by file name, and what cannot be read."""
    found, wrong = {}, []
    for path in sorted(folder.glob("*.json")):
        try:
            found[path.name] = json.loads(path.read_text(), object_pairs_hook=once)
        except ValueError as error:
            wrong.append(Place(path.name).says(f"is not JSON: {error}"))
    return found, wrong


def exceptions(found: dict[str, dict], listed: list[dict], rules: list[dict]) -> Iterator[str]:
    """Every entry of empty.toml means an expression that there is, and a test that fills it."""
    there = set()
    for file, given in found.items():
        name = file.removesuffix(".json")
        there |= {f"{name} / {panel.get('title')} / {target.get('refId')}" for panel in panels(given) for target in panel.get("targets", [])}
        there |= {f"{name} / annotation / {annotation.get('name')}" for annotation in given.get("annotations", {}).get("list", [])}
    for rule in rules:
        name = rule.get("alert") or rule["record"]
        there |= {f"rule / {name} / {selector.metric}" for selector in promql.read(rule["expr"]).selectors}
    for entry in listed:
        place = Place("empty.toml", entry.get("at", ""))
        if not fnmatch.filter(there, entry.get("at", "")):
            yield place.says("there is no such expression; take the entry away or correct it")
        if not entry.get("reason"):
            yield place.at("reason").says("missing; say why there is nothing on a healthy machine")
        tests = [TESTS / f"{entry.get('filled_by')}.py", HOST.parent / "rules" / f"{entry.get('filled_by')}.nix"]
        if not any(path.exists() for path in tests):
            yield place.at("filled_by").says("names no machine test and no rule test")


def lint(found: dict[str, dict], lists: dict, evaluated: dict) -> list[str]:
    """All findings. `lists` are the lists beside this file, `evaluated` what `settings` gives."""
    rules = [rule for group in evaluated["rules"]["groups"] for rule in group["rules"]]
    inventory = {job: {**lists["unrecorded"].get(job, {}), **lists["metrics"].get(job, {})}
                 for job in [*lists["metrics"], *lists["unrecorded"]]}  # fmt: skip
    known = expressions.Known(inventory, rules, lists["panels"]["words"])
    uids = {given.get("uid") for given in found.values()}
    out = []
    for file, given in found.items():
        out += shape.dashboard(file, given, lists["panels"], uids)
        for panel in panels(given):
            out += fields.panel(file, panel, lists["panels"], uids)
        out += expressions.dashboard(file, given, known)
    out += expressions.rules(rules, known)
    out += exceptions(found, lists["empty"].get("expressions", []), rules)
    for grafana in evaluated["grafana"]:
        out += provisioning.grafana(grafana, lists["provisioning"])
    return out


def record(recorded: dict[str, dict]) -> None:
    """Writes metrics.toml anew. Jobs that the recording lacks stay as they were, for their program was absent; what stands in
    unrecorded.toml stays there, for the next machine may not show it."""

    def name(text: str) -> str:
        return text if set(text) <= PLAIN else json.dumps(text)

    lines = ["# What every scrape job exposes on a machine: metric = labels, without job, instance and host, which all have.",
             "# Recorded by the machine test `dashboards`; `lint.py --record FILE` writes this file."]  # fmt: skip
    apart = toml("unrecorded")
    for job, metrics in sorted({**toml("metrics"), **recorded}.items()):
        kept = {metric: labels for metric, labels in sorted(metrics.items()) if metric == "up" or metric not in apart.get(job, {})}
        lines += ["", f"[{name(job)}]", *(f"{name(metric)} = {json.dumps(sorted(labels))}" for metric, labels in kept.items())]
    (HERE / "metrics.toml").write_text("\n".join(lines) + "\n")


def main(words: list[str]) -> int:
    """The command line of this file; returns the exit code."""
    if len(words) == 2 and words[0] == "--record":
        record(json.loads(pathlib.Path(words[1]).read_text()))
        return 0
    if words:
        print(__doc__, file=sys.stderr)
        return 64
    found, wrong = parsed(HERE)
    wrong += lint(found, {name: toml(name) for name in LISTS}, settings())
    wrong = list(dict.fromkeys(wrong))
    print("\n".join([*wrong, f"{len(found)} dashboards, {len(wrong)} findings"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
