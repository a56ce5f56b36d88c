"""Each rule of the lint: silent on a dashboard that is right, and heard on one that is wrong in one thing."""

import copy
import pathlib
import tempfile
import unittest

import lint
import provisioning

PROMETHEUS = {"type": "prometheus", "uid": "${prometheus}"}
LOKI = {"type": "loki", "uid": "${loki}"}
TEMPO = {"type": "tempo", "uid": "${tempo}"}


def source(kind: str) -> dict:
    """The variable for a data source."""
    return {"name": kind, "type": "datasource", "query": kind, "current": {"text": kind, "value": kind}}


def good() -> dict:
    """A small dashboard without a fault."""
    panel = {
        "id": 1, "type": "timeseries", "title": "Rate", "description": "Requests a second; HighErrorRate tells when too many fail.",
        "datasource": PROMETHEUS, "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
        "options": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull"]}},
        "fieldConfig": {"defaults": {"unit": "reqps", "noValue": "no requests", "custom": {"lineWidth": 1, "stacking": {"mode": "none"}},
                                     "links": [{"title": "Host", "url": "/d/homeostat-a?${__all_variables}&${__url_time_range}"}]},
                        "overrides": [{"matcher": {"id": "byName", "options": "x"}, "properties": [{"id": "custom.lineWidth", "value": 2}]}]},
        "targets": [{"refId": "A", "expr": 'sum by (code) (rate(requests_total{host="$host"}[$__rate_interval]))', "legendFormat": "{{code}}"}],
    }  # fmt: skip
    lines = {
        "id": 2, "type": "logs", "title": "Lines", "description": "Lines of the host.", "datasource": LOKI,
        "gridPos": {"x": 12, "y": 0, "w": 12, "h": 8}, "fieldConfig": {"defaults": {"noValue": "no lines"}}, "options": {"showTime": True},
        "targets": [{"refId": "A", "expr": '{host_name="$host", service_name=~"$service"} |= "x"'}],
    }  # fmt: skip
    traces = {
        "id": 3, "type": "table", "title": "Traces", "description": "Slow traces.", "datasource": TEMPO,
        "gridPos": {"x": 0, "y": 8, "w": 24, "h": 8}, "fieldConfig": {"defaults": {"noValue": "no traces"}},
        "targets": [{"refId": "A", "queryType": "traceql", "query": "{ duration > 100ms }"}],
    }  # fmt: skip
    host = {"name": "host", "type": "query", "datasource": PROMETHEUS, "query": "label_values(up, host)", "refresh": 2}
    service = {"name": "service", "type": "query", "datasource": LOKI, "refresh": 2,
               "query": {"type": 1, "label": "service_name", "stream": '{host_name="$host"}'}}  # fmt: skip
    return {
        "uid": "homeostat-a", "title": "A", "description": "Is it well?", "tags": ["homeostat"], "schemaVersion": 41, "editable": False,
        "timezone": "browser", "refresh": "30s", "panels": [panel, lines, traces],
        "templating": {"list": [source("prometheus"), source("loki"), source("tempo"), host, service]},
        "annotations": {"list": [{"name": "Alerts", "datasource": PROMETHEUS, "enable": True, "iconColor": "red",
                                  "expr": 'ALERTS{alertname="HighErrorRate"}'}]},
    }  # fmt: skip


def grafana() -> dict:
    """Grafana's settings without a fault."""
    return {
        "settings": {"server": {"http_port": 3000}},
        "datasources": {"apiVersion": 1, "datasources": [
            {"name": "Loki", "type": "loki", "uid": "loki", "access": "proxy", "url": "http://127.0.0.1:3100",
             "jsonData": {"derivedFields": [{"name": "t", "datasourceUid": "tempo", "matcherType": "label", "url": "$${__value.raw}"}]}},
            {"name": "Tempo", "type": "tempo", "uid": "tempo", "access": "proxy", "jsonData": {"nodeGraph": {"enabled": True}}},
        ]},
        "dashboards": {"apiVersion": 1, "providers": [{"name": "a", "type": "file", "options": {"path": "/x"}}]},
    }  # fmt: skip


METRICS = {"app": {"requests_total": ["code"], "up": [], "latency_bucket": ["le"]}, "node": {"up": []}}
RULES = {"groups": [{"rules": [{"alert": "HighErrorRate", "expr": "up == 0"}, {"record": "a:rate", "expr": "up"}]}]}


def findings(dashboard: dict, metrics: dict = METRICS, empty: tuple = (), rules: dict = RULES) -> list[str]:
    """What the lint says of one dashboard, a.json."""
    lists = {"panels": lint.toml("panels"), "provisioning": {}, "metrics": metrics, "unrecorded": {"node": {"node_late": []}},
             "empty": {"expressions": list(empty)}}  # fmt: skip
    return lint.lint({"a.json": dashboard}, lists, {"rules": rules, "grafana": []})


def changed(path: str, value: object, base: dict) -> dict:
    """A copy with the value at a dotted path; None takes the key away."""
    out = copy.deepcopy(base)
    *above, last = [int(word) if word.isdigit() else word for word in path.split(".")]
    inside = out
    for key in above:
        inside = inside.setdefault(key, {}) if isinstance(inside, dict) else inside[key]
    if value is None:
        del inside[last]
    else:
        inside[last] = value
    return out


RATE = "panels.0.targets.0.expr"
DEFAULTS = "panels.0.fieldConfig.defaults"
WRONG = [
    ("uid", "homeostat-b", "must be 'homeostat-a'"),
    ("id", 7, "no such key"),
    ("schemaVersion", 36, "must be 41"),
    ("tags", [], "must be ['homeostat']"),
    ("editable", True, "must be False"),
    ("description", None, "which question"),
    ("templating.list.0.current", {"value": "x"}, "a variable for data sources"),
    ("templating.list.3.query", "label_values(host)", "there must be a variable host"),
    ("templating.list.3.datasource", {"type": "prometheus", "uid": "prometheus"}, "is absolute or missing"),
    ("templating.list.3.refresh", None, "refresh: missing"),
    ("templating.list.3.name", "unused", "nothing uses it"),
    ("templating.list.3.name", "unused", "$host is used, but there is no such variable"),
    ("templating.list.3.type", "adhoc", "'adhoc' is not used here"),
    ("templating.list.3.querry", "x", "no such key"),
    ("templating.list.3.query", "label_names()", "must be label_values("),
    ("templating.list.3.query", "label_values(up, hots)", "up has no label hots"),
    ("templating.list.4.query.label", "unit", "must be label values (type 1)"),
    ("templating.list.4.query.stream", '{service_name=~".+"}', "must have host_name"),
    ("annotations.list.0.datasource", None, "is absolute or missing"),
    ("annotations.list.0.datasource", {"type": "grafana", "uid": "-- Grafana --"}, "is absolute or missing"),
    ("annotations.list.0.expr", "", "the query stands in the annotation"),
    ("annotations.list.0.expr", 'ALERTS{alertname="HighErrorRat"}', "no rule raises the alert HighErrorRat"),
    ("panels.1.title", "Rate", "belongs to 2 panels"),
    ("panels.1.id", 1, "belongs to 2 panels"),
    ("panels.1.gridPos.x", 11, "overlaps panel"),
    ("panels.1.gridPos.w", 13, "not within 24 columns"),
    ("panels.0.title", "", "title: missing"),
    ("panels.0.description", "", "description: missing"),
    ("panels.0.description", "See HighErorRate.", "there is no alert HighErorRate"),
    ("panels.0.type", "timeseriez", "is no panel type"),
    ("panels.0.datasource", {"type": "prometheus", "uid": "prometheus"}, "is absolute or missing"),
    ("panels.0.datasource", None, "is absolute or missing"),
    ("panels.0.targets.0.datasource", LOKI, "is not the panel's"),
    ("panels.0.targets", [], "must ask something"),
    ("panels.0.targets.0.refId", "", "must be there and unique"),
    ("panels.0.targets.0.exprs", "x", "no such key"),
    ("panels.0.options.legend.displayMode", "absolute", "must be one of list, table, hidden"),
    ("panels.0.options.legend.calcs", ["lastest"], "'lastest' is not allowed"),
    ("panels.0.options.legends", {}, "no such option"),
    ("panels.0.links", [{"title": "x", "url": "/d/homeostat-b"}], "no dashboard has the uid homeostat-b"),
    ("panels.0.links", [{"title": "x", "url": "/d/homeostat-a"}], "must open with the same data sources"),
    ("panels.0.links", [{"title": "x", "url": "https://example.org"}], "leads out of this Grafana"),
    ("panels.0.links", [{"title": "x", "type": "dashboards"}], "includeVars and keepTime must be true"),
    ("panels.0.transformations", [{"id": "organise"}], "none of [lists] transformations"),
    (f"{DEFAULTS}.unit", None, "unit: missing"),
    (f"{DEFAULTS}.unit", "requests", "is no unit of Grafana"),
    (f"{DEFAULTS}.noValue", None, "noValue: missing"),
    (f"{DEFAULTS}.decimals", "2", "it must be number"),
    (f"{DEFAULTS}.custom.lineWith", 1, "no such option"),
    (f"{DEFAULTS}.custom.stacking.mode", "percentage", "must be one of none, normal, percent"),
    (f"{DEFAULTS}.thresholds", {"mode": "absolute", "steps": [{"value": 5}]}, "first value must be null"),
    (f"{DEFAULTS}.links.0.url", "/explore?left=loki", "Explore must be opened with"),
    (f"{DEFAULTS}.links.0.url", "/d/homeostat-a?${__all_variables}", "must open with the same data sources"),
    ("panels.0.fieldConfig.overrides.0.matcher.id", "byTitle", "none of [lists] matchers"),
    ("panels.0.fieldConfig.overrides.0.properties.0.id", "custom.lineWith", "no such option"),
    (RATE, " ", "the expression is empty"),
    (RATE, 'rate(requests_total{host="$host"}[5m])', "must be rate(...[$__rate_interval])"),
    (RATE, 'increase(requests_total{host="$host"}[$__range])', "must be increase(...[$__rate_interval])"),
    (RATE, 'request_total{host="$host"}', "nothing exposes request_total"),
    (RATE, 'requests_total{host="$host",cod="1"}', "has no label cod"),
    (RATE, 'sum by (cod) (requests_total{host="$host"})', "has the label cod"),
    (RATE, 'requests_total{host="$host",job="node"}', "job node does not expose"),
    (RATE, '{host="$host"}', "without the name of a metric"),
    (RATE, 'rates(requests_total{host="$host"}[5m])', "rates() is no function"),
    (RATE, 'rate(requests_total{host="$host"[$__rate_interval])', "has no other half: }"),
    ("panels.0.targets.0.legendFormat", "{{cod}}", "has the label cod"),
    ("panels.1.targets.0.expr", '{service_name="x"} |= "$host"', 'must have host_name="$host"'),
    ("panels.1.targets.0.expr", '{host_name="$host",level="x"}', "level is no index label"),
    ("panels.1.targets.0.expr", 'rate({host_name="$host"}[$__rate_interval])', "must be [$__auto]"),
    ("panels.1.targets.0.expr", '"$host"', "begins with a stream selector"),
    ("panels.2.targets.0.queryType", "traceqlSearch", "must be traceql or serviceMap"),
]


class Dashboards(unittest.TestCase):
    """One fault at a time."""

    def test_silent_on_what_is_right(self):
        self.assertEqual(findings(good()), [])

    def test_heard_on_each_fault(self):
        for path, value, wanted in WRONG:
            with self.subTest(f"{path} = {value!r}"):
                found = findings(changed(path, value, good()))
                self.assertTrue(any(wanted in line for line in found), f"wanted {wanted!r}, found {found}")

    def test_also_in_folded_rows(self):
        fault = changed("targets.0.expr", "unknown_metric", good()["panels"][0])
        row = {"id": 9, "type": "row", "title": "More", "collapsed": True, "gridPos": {"x": 0, "y": 16, "w": 24, "h": 1},
               "panels": [{**fault, "id": 10, "title": "Folded"}]}  # fmt: skip
        found = findings({**good(), "panels": [*good()["panels"], row]})
        self.assertEqual(len(found), 1, found)
        self.assertIn('panel "Folded": targets.A: nothing exposes unknown_metric', found[0])

    def test_a_range_query_over_everything_is_for_one_number(self):
        text = 'increase(requests_total{host="$host"}[$__range])'
        instant = changed("panels.0.targets.0.instant", True, changed(RATE, text, good()))
        self.assertEqual(findings(changed("panels.0.targets.0.legendFormat", "", instant)), [])

    def test_what_rules_record_and_ask(self):
        self.assertEqual(findings(changed("panels.0.targets.0", {"refId": "A", "expr": 'a:rate{host="$host"}'}, good())), [])
        rules = {"groups": [{"rules": [*RULES["groups"][0]["rules"], {"alert": "Gone", "expr": "gone > 0"}]}]}
        self.assertEqual(len(findings(good(), rules=rules)), 1)

    def test_what_is_not_recorded_may_be_asked(self):
        self.assertEqual(findings(changed("panels.0.targets.0", {"refId": "A", "expr": 'node_late{host="$host"}'}, good())), [])

    def test_exceptions_must_mean_something(self):
        right = {"at": "a / Rate / A", "reason": "x", "filled_by": "heals"}
        self.assertEqual(findings(good(), empty=(right, {**right, "at": "rule / HighErrorRate / up"})), [])
        for key, value in [("at", "a / Rates / A"), ("reason", ""), ("filled_by", "nobody")]:
            with self.subTest(key):
                self.assertEqual(len(findings(good(), empty=({**right, key: value},))), 1)

    def test_files_that_cannot_be_read(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "b.json").write_text('{"a": 1, "a": 2}')
            pathlib.Path(folder, "c.json").write_text("{")
            found, wrong = lint.parsed(pathlib.Path(folder))
        self.assertEqual((found, [line.split(":")[0] for line in wrong]), ({}, ["b.json", "c.json"]))


class Provisioning(unittest.TestCase):
    """Grafana's own settings."""

    WRONG = [
        ("settings.servers", {}, "no such section"),
        ("settings.server.port", 1, "no such key"),
        ("datasources.datasources.0.json_data", {}, "no such key"),
        ("datasources.datasources.0.jsonData.derivedField", 1, "no such key for this type"),
        ("datasources.datasources.0.jsonData.derivedFields.0.matcherType", "labels", "must be one of label, regex"),
        ("datasources.datasources.0.jsonData.derivedFields.0.datasourceUid", "temp", "is no uid of a data source"),
        ("datasources.datasources.0.jsonData.derivedFields.0.url", "${__value.raw}", "write $$ for $"),
        ("datasources.datasources.0.uid", "tempo", "must be there and unique"),
        ("datasources.datasources.1.uid", "t", "must be 'tempo'"),
        ("datasources.datasources.0.type", "lokki", "has no list of keys"),
        ("datasources.datasources.0.access", "direct", "must be one of proxy"),
        ("dashboards.providers.0.type", "folder", "type must be file"),
        ("dashboards.providers.0.allowUIUpdates", True, "no such key"),
        ("dashboards.providers.0.options.paths", "/y", "no such key"),
    ]

    def test_silent_on_what_is_right(self):
        self.assertEqual(list(provisioning.grafana(grafana(), lint.toml("provisioning"))), [])

    def test_heard_on_each_fault(self):
        for path, value, wanted in self.WRONG:
            with self.subTest(f"{path} = {value!r}"):
                found = list(provisioning.grafana(changed(path, value, grafana()), lint.toml("provisioning")))
                self.assertTrue(any(wanted in line for line in found), f"wanted {wanted!r}, found {found}")


if __name__ == "__main__":
    unittest.main()
