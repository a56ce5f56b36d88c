# One request, followed by its identifier from a metric to its trace, from there to its log lines, and back.
import base64
import secrets
import urllib.parse

API = args["units"]["api"].removesuffix(".service")
MARK = secrets.token_hex(8)
ROUTE = "POST /transactions/create"


def query(base, path, **parameters):
    """The answer of Prometheus or Tempo to a query."""
    return get(f"{base}{path}?{urllib.parse.urlencode(parameters)}")


# Where spans are kept in the log store, they are told from the lines by a field.
SPANS, LINES = {"entry_kind": "span"}, {"entry_kind": ""}


def lines(service=None, *containing, matching=None, **fields):
    """The log lines that are found in the last hour: (fields, line)."""
    found = log_lines(service, containing, matching, {**LINES, **fields})
    return [(fields, line) for _, fields, line in found]


def some_lines(count, *words, **fields):
    """Waits until so many lines are found."""
    return wait_for(f"{count} lines of {words}, {fields}", lambda: (found := lines(*words, **fields)) and len(found) >= count and found)


def values(text):
    """What PromQL finds now: (labels, value)."""
    found = query(prometheus, "/api/v1/query", query=text)["data"]["result"]
    return [(series["metric"], float(series["value"][1])) for series in found]


def clock():
    """The machine's time, in seconds."""
    return float(machine.succeed("date +%s.%N"))


def stored_spans(trace_id):
    """A trace's spans from Tempo, which writes identifiers in Base64; none while it does not have them."""
    status, text = ask("GET", f"{tempo}/api/traces/{trace_id}")
    spans = []
    for batch in json.loads(text)["batches"] if status == 200 else []:
        resource = {a["key"]: a["value"].get("stringValue") for a in batch["resource"]["attributes"]}
        for span in [span for scope in batch["scopeSpans"] for span in scope["spans"]]:
            spans.append({
                "service": resource["service.name"], "name": span["name"],
                "kind": span["kind"].removeprefix("SPAN_KIND_").capitalize(),
                "id": base64.b64decode(span["spanId"]).hex(),
                "parent": base64.b64decode(span.get("parentSpanId", "")).hex(),
            })  # fmt: skip
    return spans


def kept_spans(trace_id):
    """A trace's spans from the log store, for want of Tempo."""
    return [
        {
            "service": fields["service_name"], "name": fields["span_name"],
            "kind": fields["span_kind"].capitalize(),
            "id": fields["span_id"], "parent": fields.get("parent_span_id", ""),
        }
        for fields, _ in lines(trace_id=trace_id, **SPANS)
    ]  # fmt: skip


def waterfall(trace_id, *names):
    """What `homeostat trace` shows, once it has all of these: its head, and the last column of its rows."""

    def whole():
        status, text = machine.execute(f"homeostat trace --width 200 {trace_id}")
        return status == 0 and all(name in text for name in names) and text

    text = wait_for(f"{names} in the waterfall of {trace_id}", whole)
    log.info(text)
    head, table = text.split("\n\n")[:2]
    heading, *rows = table.splitlines()
    return head, [row[heading.index("SPAN") :] for row in rows]


def spans_of(trace_id, *names):
    """A trace's spans by name, once it has these."""
    fetch = stored_spans if "tempo" in running else kept_spans

    def complete():
        spans = {span["name"]: span for span in fetch(trace_id)}
        return set(names) <= set(spans) and spans

    return wait_for(f"the spans {names} of {trace_id}", complete)


def searched(since):
    """The traces that Tempo's search finds with a request on our route."""
    wanted = f'{{ resource.service.name = "{API}" && name = "{ROUTE}" }}'
    found = query(tempo, "/api/search", q=wanted, limit=1000, start=int(since), end=int(clock() + 5))
    # Tempo leaves out zeros at the beginning.
    return [trace["traceID"].zfill(32) for trace in found.get("traces", [])]


def in_unit(name, script):
    """Runs a shell script as a unit of its own, to the end."""
    machine.succeed(f"systemd-run --quiet --wait --collect --unit={name} sh -c {shlex.quote(script)}")


wait_for_stack()
machine.wait_until_succeeds(f"curl -fsS {api}/ready")
machine.wait_until_succeeds(f"curl -fsS {store_ready}")

with subtest("from a metric to a trace: an exemplar of the API's slowest route"):
    selector = f'traces_span_metrics_duration_seconds_bucket{{service_name="{API}",span_name="{ROUTE}"}}'

    def exemplars():
        """Those of the last minute, newest last."""
        found = query(prometheus, "/api/v1/query_exemplars", query=selector, start=clock() - 60, end=clock())["data"]
        return sorted((e for series in found for e in series["exemplars"]), key=lambda e: e["timestamp"])

    trace_id = wait_for("an exemplar", exemplars)[-1]["labels"]["trace_id"]
    spans = spans_of(trace_id, ROUTE, "POST /charges", "INSERT transactions")
    request, charge, insert = spans[ROUTE], spans["POST /charges"], spans["INSERT transactions"]
    t.assertEqual([span["kind"] for span in (request, charge, insert)], ["Server", "Client", "Client"])
    t.assertEqual([charge["parent"], insert["parent"]], [request["id"]] * 2)
    t.assertEqual({span["service"] for span in (request, charge, insert)}, {API})

with subtest("from the trace to its log lines"):
    [(labels, line)] = some_lines(1, request["service"], trace_id=trace_id)
    t.assertEqual(line, "transaction created")
    t.assertEqual((labels["systemd_unit"], labels["severity_text"]), (args["units"]["api"], "INFO"))
    t.assertEqual(labels["request"], ROUTE)
    for field in ["transaction_id", "amount", "currency", "status"]:
        t.assertIn(field, labels)
    log.info(f"line {line!r}: {labels}")

with subtest("the same trace in the terminal, with its log line"):
    head, rows = waterfall(trace_id, *spans, line)
    t.assertIn(f"\n{len(spans)} spans, 1 log line, ", head)
    t.assertIn("\nSpans from " + ("Tempo" if "tempo" in running else ""), head)
    shown = [row.strip() for row in rows]
    # Siblings stand in the order of time, one step below their parent.
    order = [shown.index(name) for name in (ROUTE, "POST /charges", "INSERT transactions")]
    t.assertEqual(order, sorted(order))
    top, *below = [len(rows[place]) - len(shown[place]) for place in order]
    t.assertEqual(below, [top + 2] * 2)
    t.assertEqual([row for row in shown if row.startswith("| ")], [f"| {line}"])
    unknown = secrets.token_hex(16)
    status, text = machine.execute(f"homeostat trace {unknown} 2>&1")
    t.assertEqual(status, 1)
    t.assertRegex(text, f"(?s){unknown} was found.*Tempo at .* at http://127.0.0.1:")

with subtest("from a log line to its trace"):
    status, text = ask("GET", f"{api}/error")
    t.assertEqual(status, 500)
    wanted = json.loads(text)["trace_id"]
    [(labels, _)] = some_lines(1, API, "error", trace_id=wanted)
    t.assertEqual((labels["severity_text"], labels["severity_number"]), ("ERROR", "17"))
    t.assertEqual(labels["error"], "a fault on purpose")
    t.assertEqual(spans_of(labels["trace_id"], "GET /error")["GET /error"]["service"], API)

if "tempo" in running:
    with subtest("a trace is found by search"):
        wait_for("the trace is found", lambda: trace_id in searched(clock() - 600))
else:
    skip("search for traces: needs Tempo")

with subtest("the service map knows whom the API calls"):
    edges = 'traces_service_graph_request_total{client="%s",server="%s"} > 0'
    for server in ["payment-gateway", "postgresql"]:
        wait_for(f"an edge to {server}", lambda: values(edges % (API, server)))
        for part in ["failed_total", "server_seconds_bucket", "client_seconds_sum", "client_seconds_count"]:
            name = f'traces_service_graph_request_{part}{{client="{API}",server="{server}",host="demo"}}'
            wait_for(name, lambda: values(name))

# What a line says of its level at its beginning, in the dialects that are common; and what only looks like it.
DIALECTS = {
    "ts=now level=warn msg=x": "WARN",
    'time="2026-11-25 12:00" level=error msg=x': "ERROR",
    "level=errata": "INFO",
    "no level=error at the beginning": "INFO",
    "[12] ERROR:  x": "ERROR",
    "[12] LOG:  x": "INFO",
    "ERROR: x": "ERROR",
    "fatal: x": "FATAL",
    "FATAL: x": "FATAL",
    "[ERROR] x": "ERROR",
    "[error] x": "ERROR",
    "error in the text": "INFO",
    "10 error pages were sent": "INFO",
    '{"level":"error","msg":"x"}': "ERROR",
    '{"ts":1.5,"msg":"x","severity":"WARNING"}': "WARN",
    '{"a":{"level":"error"}}': "INFO",
    "E1125 12:00:00.000001 1 x.go:1] x": "ERROR",
    "E1125": "INFO",
    "2026-11-25 12:00:00,123 - name - ERROR - x": "ERROR",
    "2026/11/25 12:00:00 [error] 7#7: x": "ERROR",
    "2026-11-25T12:00:00.5Z WARN x": "WARN",
    "12:00:00 debug: x": "DEBUG",
}

with subtest("severity: the eight priorities, bytes, and what a line says itself"):
    lines_of_dialects = "\n".join(f"{line} {MARK}" for line in DIALECTS)
    in_unit("signals-severity", f"""
        for priority in 0 1 2 3 4 5 6 7; do echo "<$priority>{MARK} $priority"; done
        printf '<3>{MARK} bell \\a\\n'
        printf '%s\\n' {shlex.quote(lines_of_dialects)}
    """)  # fmt: skip
    found = {line: labels for labels, line in some_lines(9 + len(DIALECTS), "signals-severity", MARK)}
    texts = ["FATAL", "FATAL", "FATAL", "ERROR", "WARN", "INFO2", "INFO", "DEBUG"]
    numbers = ["21", "21", "21", "17", "13", "10", "9", "5"]
    for priority, wanted in enumerate(zip(texts, numbers)):
        labels = found[f"{MARK} {priority}"]
        t.assertEqual((labels["severity_text"], labels["severity_number"]), wanted)
    t.assertEqual(found[f"{MARK} bell \a"]["severity_text"], "ERROR")
    for line, severity in DIALECTS.items():
        t.assertEqual(found[f"{line} {MARK}"]["severity_text"], severity, line)

with subtest("a template's instance has its unit's name, and a connection's does not"):
    for unit, service in [
        ("signals@2026-11", "signals@2026-11"),
        ("signals@2026-11-05", "signals@2026-11-05"),
        ("signals@17-main", "signals@17-main"),
        ("signals@3-127.0.0.1:22-127.0.0.1:39000", "signals"),
        ("signals@0-4242-1000", "signals"),
    ]:
        text = f"{MARK} instance {unit}"
        in_unit(f"{unit}.service", f"echo '{text}'")
        # systemd's own lines about the unit tell its command too.
        [labels] = wait_for(text, lambda: [labels for labels, line in lines(service, text) if line == text])
        t.assertEqual(labels["systemd_instance"], unit.partition("@")[2])

with subtest("what PostgreSQL says of a statement, with its own severity"):
    # It refuses the value, and names it. A number it might read in part, and find too large.
    machine.fail(f"runuser -u {args['users']['postgresql']} -- psql -c \"SELECT '{MARK}'::boolean\"")
    name = args["units"]["postgresql"].removesuffix(".service")
    [(labels, line)] = some_lines(1, name, "ERROR:", MARK)
    t.assertRegex(line, r"^\[\d+\] ERROR:  invalid input syntax")
    t.assertEqual(labels["severity_text"], "ERROR")

with subtest("fields: of several values the innermost, unreadable ones not at all"):
    entry = ["PRIORITY=6", "F_DURATION_MS=3", "F_DURATION_MS=12.5", "F_REASON=bell \\a", "F_UNIT_NAME=a.service"]
    machine.succeed(f"printf '%b\\n' 'MESSAGE={MARK} fields' {shlex.join(entry)} | logger --journald")
    [(labels, _)] = some_lines(1, None, f"{MARK} fields", host_name="demo")
    t.assertEqual((labels["duration_ms"], labels["unit_name"], "reason" in labels), ("12.5", "a.service", False))

with subtest("each line has its own unit's name, also when the Collector reads many at once"):
    collector = args["units"]["collector"]
    machine.succeed(f"systemctl stop {collector}")
    names = [f"signals-{name}" for name in ["one", "two", "three"]]
    for name in names:
        in_unit(name, f"for number in $(seq 20); do echo {MARK} {name} $number; done")
    machine.succeed(f"systemctl start {collector}")
    for labels, line in some_lines(60, matching=f"{MARK} signals-.* [0-9]+"):
        t.assertEqual([labels["service_name"], labels["systemd_unit"]], [line.split()[1], f"{line.split()[1]}.service"])

with subtest("what systemd says of a unit is found with the unit's lines"):
    sink_unit = args["units"]["sink"]
    machine.succeed(f"systemctl restart {sink_unit}")
    name = sink_unit.removesuffix(".service")
    found = some_lines(1, name, matching="^Stopped ", syslog_identifier="systemd")
    t.assertEqual(found[0][0]["systemd_unit"], sink_unit)

with subtest("few index labels, and nothing feeds back"):
    if store == "loki":
        index = get(f"{loki}/loki/api/v1/labels")["data"]
    else:
        index = [name["value"] for name in get(f"{victorialogs}/select/logsql/stream_field_names?query=*")["values"]]
    t.assertEqual(sorted(name.replace(".", "_") for name in index), ["host_name", "service_name"])
    own = collector.removesuffix(".service")
    t.assertEqual({labels["syslog_identifier"] for labels, _ in some_lines(1, own)}, {"systemd"})

with subtest("a line that is too long for the log store is cut, and not thrown away"):
    text = f"echo PRIORITY=6; printf 'MESSAGE={MARK} long '; head -c 3000000 /dev/zero | tr '\\0' x; echo"
    machine.succeed(f"{{ {text}; }} | logger --journald")
    [(_, line)] = some_lines(1, None, f"{MARK} long")
    log.info(f"{len(line)} of 3,000,000 characters are kept")

if "tempo" not in running:
    with subtest("spans wait in the Collector while the log store is away"):
        store_unit, keeper = args["units"][store], args["units"]["spans"]
        machine.succeed(f"systemctl stop {store_unit}")
        status, text = ask("GET", f"{api}/error")
        machine.wait_until_succeeds(f"journalctl -q -o cat -u {keeper} | grep 'did not take spans'")
        machine.succeed(f"systemctl start {store_unit}")
        machine.wait_until_succeeds(f"curl -fsS {store_ready}")
        spans_of(json.loads(text)["trace_id"], "GET /error")

# From here on the machine answers to this test alone.
machine.succeed(f"systemctl stop {args['units']['traffic']}")
COUNT = 50
asked = [f"{secrets.token_hex(1)}{MARK}{secrets.token_hex(7)}" for _ in range(COUNT)]
COUNTER = 'http_server_request_duration_seconds_count{http_route="/transactions/create"}'


def seen_lines(missing):
    """Which of the traces have a log line."""
    return {labels["trace_id"] for labels, _ in lines(API, trace_id=re.compile(f"..{MARK}.*"))}


def seen_metric(missing):
    """Which of the requests Prometheus has counted: they were answered one after the other."""
    found = values(f"sum({COUNTER})")
    return asked[: int(found[0][1] - counted)] if found else []


def seen_traces(missing):
    """Which of the traces can be had by their identifier."""
    if "tempo" not in running:
        kept = lines(API, trace_id=re.compile(f"..{MARK}.*"), **SPANS)
        return {fields["trace_id"] for fields, _ in kept}
    one = f"curl -fsS -o /dev/null {tempo}/api/traces/$trace 2> /dev/null && echo $trace"
    return machine.succeed(f"for trace in {' '.join(missing)}; do {one} || true; done").split()


with subtest(f"freshness: {COUNT} requests, each found by every signal"):
    wait_for("the last of the traffic is counted", lambda: values(f"sum(changes({COUNTER}[15s])) == 0"))
    counted, began = wait_for("the count", lambda: values(f"sum({COUNTER})"))[0][1], clock()
    curl = f"curl -fsS -o /dev/null -X POST {api}/transactions/create -H traceparent:\\ 00-$trace-00f067aa0ba902b7-01"
    script = f"for trace in {' '.join(asked)}; do {curl}; echo $trace $(date +%s.%N) >> /run/asked; sleep 0.1; done"
    machine.succeed(f"systemd-run --quiet --collect --unit=signals-asks sh -c {shlex.quote(script)}")
    signals = {"metric": seen_metric, "log line": seen_lines, "trace by id": seen_traces}
    if "tempo" in running:
        signals["trace by search"] = lambda missing: searched(began - 5)
    seen = {signal: {} for signal in signals}

    def all_seen():
        """Notes what has newly come to sight, and when; whether that was the last."""
        for signal, look in signals.items():
            missing = [trace for trace in asked if trace not in seen[signal]]
            found = set(look(missing)) & set(missing) if missing else set()
            seen[signal] |= dict.fromkeys(found, clock() if found else None)
        return all(len(traces) == COUNT for traces in seen.values())

    wait_for("the last is found by the last", all_seen, timeout=300)
    answered = dict(line.split() for line in machine.succeed("cat /run/asked").splitlines())
    for signal, traces in seen.items():
        delays = sorted(when - float(answered[trace]) for trace, when in traces.items())
        half, most = round(delays[COUNT // 2], 1), round(delays[COUNT * 95 // 100], 1)
        log.info(f"{signal}: p50 {half} s, p95 {most} s after the answer")
