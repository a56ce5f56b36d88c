"""Rules on what is asked of Prometheus and Loki: by dashboards, by alert rules and by recording rules."""

import dataclasses
import re
from collections.abc import Iterator

import promql
from findings import Place, panels, place_of, targets

# On every scraped series, so the inventory leaves them out.
TARGET_LABELS = {"job", "instance", "host"}
RATES = ("rate", "irate", "increase")
# Loki has few index labels on purpose; everything else is filtered behind the selector.
INDEX_LABELS = ("service_name", "host_name")
LOKI_RANGES = ("$__auto", "$__interval", "$__range")
# Prometheus writes these by itself; the remediator posts the last two alerts.
ALWAYS = ("ALERTS", "ALERTS_FOR_STATE")
POSTED = ("RemediationExhausted", "RemediationAcknowledged")
# Grafana's service map reads these of the Prometheus that the Tempo data source names.
SERVICE_MAP = ("traces_service_graph_request_total", "traces_service_graph_request_server_seconds_sum")


@dataclasses.dataclass
class Known:
    """What there is to ask for: metrics by job with their labels, and what our own rules record and alert on."""

    inventory: dict[str, dict[str, list[str]]]
    rules: list[dict]
    # Words that look like names of alerts and are none.
    words: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self):
        self.recorded = {rule["record"] for rule in self.rules if "record" in rule}
        self.alerts = {rule["alert"] for rule in self.rules if "alert" in rule} | set(POSTED)
        self.labels: dict[str, set[str]] = {}
        for metrics in self.inventory.values():
            for metric, labels in metrics.items():
                self.labels.setdefault(metric, set(TARGET_LABELS)).update(labels)


def dashboard(file: str, given: dict, known: Known) -> Iterator[str]:
    """Every query of a dashboard: panels, annotations and variables."""
    for panel in panels(given):
        place = place_of(file, panel)
        for source, target in targets(panel):
            yield from query(place.at(f"targets.{target.get('refId')}"), source.get("type"), target, known)
        yield from mentions(place, panel.get("description", ""), known)
    for annotation in given.get("annotations", {}).get("list", []):
        if annotation.get("expr"):
            place = Place(file, f'annotation "{annotation.get("name")}"', "expr")
            yield from query(place, annotation.get("datasource", {}).get("type"), annotation, known)
    for variable in given.get("templating", {}).get("list", []):
        place = Place(file, f'variable "{variable.get("name")}"', "query")
        kind = variable.get("type") == "query" and (variable.get("datasource") or {}).get("type")
        if kind == "prometheus":
            yield from variable_query(place, variable.get("query", ""), known)
        elif kind == "loki":
            yield from loki_variable(place, variable.get("query"))


def query(place: Place, kind: str | None, target: dict, known: Known) -> Iterator[str]:
    """One query in the language of its data source."""
    text = target.get("expr") or target.get("query") or target.get("serviceMapQuery") or ""
    if not text.strip() and target.get("queryType") != "serviceMap":
        yield place.says("the expression is empty")
    elif kind == "prometheus":
        yield from prometheus(place, text, known, target.get("legendFormat", ""))
        yield from intervals(place, text, bool(target.get("instant")))
    elif kind == "loki":
        yield from loki(place, text)
    elif kind == "tempo":
        if target.get("queryType") not in ("traceql", "serviceMap"):
            yield place.at("queryType").says(f"{target.get('queryType')!r} must be traceql or serviceMap; the test can run these")
        if target.get("queryType") == "serviceMap":
            for metric in SERVICE_MAP:
                yield from prometheus(place, metric + text, known)


def variable_query(place: Place, given: object, known: Known) -> Iterator[str]:
    """label_values(metric, label), label_values(label) or query_result(expression)."""
    text = given.get("query", "") if isinstance(given, dict) else str(given)
    asked = re.fullmatch(r"label_values\((?:(?P<metric>.+),)?\s*(?P<label>\w+)\s*\)|query_result\((?P<result>.+)\)", text, re.DOTALL)
    if not asked:
        yield place.says(f"{text!r} must be label_values(METRIC, LABEL), label_values(LABEL) or query_result(EXPRESSION)")
    elif asked["result"] or asked["metric"]:
        yield from prometheus(place, asked["result"] or asked["metric"], known)
        for metric in promql.read(asked["metric"] or "").selectors:
            labels = known.labels.get(metric.metric)
            if labels and asked["label"] not in labels:
                yield place.says(f"{metric.metric} has no label {asked['label']}; it has: {', '.join(sorted(labels))}")


def loki_variable(place: Place, given: object) -> Iterator[str]:
    """The values of an index label, among the streams of this host."""
    if not isinstance(given, dict) or given.get("type") != 1 or given.get("label") not in INDEX_LABELS:
        yield place.says(f"{given!r} must be label values (type 1) with one of {', '.join(INDEX_LABELS)} as label")
    elif "host_name=" not in given.get("stream", ""):
        yield place.at("stream").says('must have host_name="$host", or it offers what other hosts write')


def prometheus(place: Place, text: str, known: Known, legend: str = "") -> Iterator[str]:
    """Metrics, labels, jobs and alerts that an expression names must be there."""
    found = promql.read(text)
    for bracket in found.unpaired:
        yield place.says(f"a bracket has no other half: {bracket}")
    for name in found.unknown_functions:
        yield place.says(f"{name}() is no function of PromQL")
    for selector in found.selectors:
        yield from one_selector(place, selector, known)
    labels = [known.labels.get(selector.metric) for selector in found.selectors]
    if labels and all(labels):
        have = set().union(*labels) | found.made
        for label in [*found.grouped, *re.findall(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}", legend)]:
            if label not in have | {"__name__"}:
                yield place.says(f"no metric of this expression has the label {label}; there are: {', '.join(sorted(have))}")


def one_selector(place: Place, selector: promql.Selector, known: Known) -> Iterator[str]:
    """One metric with its matchers."""
    metric = selector.metric
    if metric is None:
        yield place.says("a selector without the name of a metric; name it")
        return
    if metric not in known.labels and metric not in known.recorded and metric not in ALWAYS:
        near = [name for name in known.labels if name.startswith(metric[: max(8, len(metric) - 6)])]
        yield place.says(
            f"nothing exposes {metric} (metrics.toml){'; near are: ' + ', '.join(sorted(near)[:5]) if near else ''}; "
            "correct the name, or record the inventory anew if a program has learned it"
        )
        return
    for label, operator, value in selector.matchers:
        if metric in known.labels and label not in known.labels[metric]:
            yield place.says(f"{metric} has no label {label}; it has: {', '.join(sorted(known.labels[metric]))}")
        if label == "job" and operator == "=" and "$" not in value and metric in known.labels:
            jobs = [job for job, metrics in known.inventory.items() if metric in metrics]
            if value not in jobs and not value.startswith(("app/", "probe/")):
                yield place.says(f"job {value} does not expose {metric}; these do: {', '.join(jobs)}")
        if label == "alertname" and operator in ("=", "=~") and "$" not in value:
            for name in value.split("|"):
                if re.fullmatch(r"\w+", name) and name not in known.alerts:
                    yield place.says(f"no rule raises the alert {name}; there are: {', '.join(sorted(known.alerts))}")


def intervals(place: Place, text: str, instant: bool) -> Iterator[str]:
    """A rate looks as far as Grafana says, which is at least four scrapes; one number may look over the whole time range."""
    for function, window in promql.read(text).ranges:
        if function in RATES and window != "$__rate_interval" and not (instant and window == "$__range"):
            yield place.says(
                f"{function}(...[{window}]) must be {function}(...[$__rate_interval]), or [$__range] in an instant query"
            )


def loki(place: Place, text: str) -> Iterator[str]:
    """Stream selectors name the host and nothing but index labels; Grafana fills in ranges."""
    found = promql.read(text)
    for bracket in found.unpaired:
        yield place.says(f"a bracket has no other half: {bracket}")
    streams = [selector for selector in found.selectors if selector.metric is None]
    if not streams:
        yield place.says('a LogQL query begins with a stream selector: {host_name="$host"}')
    for stream in streams:
        labels = [label for label, _, _ in stream.matchers]
        if "host_name" not in labels:
            yield place.says('the stream selector must have host_name="$host"')
        for label in labels:
            if label not in INDEX_LABELS:
                yield place.says(f"{label} is no index label of Loki; filter behind the selector: | {label}=...")
    for _, window in found.ranges:
        if window not in LOKI_RANGES:
            yield place.says(f"[{window}] must be [$__auto], [$__interval] or [$__range]; Grafana fills in no others for Loki")


def mentions(place: Place, text: str, known: Known) -> Iterator[str]:
    """A word in a description that looks like the name of an alert must be one."""
    for word in re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z0-9]+)+\b", text):
        if word not in known.alerts and word not in known.words:
            yield place.at("description").says(f"there is no alert {word}; if it is none, name it in panels.toml's words")


def rules(given: list[dict], known: Known) -> Iterator[str]:
    """The expressions of alert and recording rules."""
    for rule in given:
        yield from prometheus(Place("alert rules", rule.get("alert") or rule.get("record")), rule["expr"], known)
