# What every machine test says about Homeostat, in the test driver's words. It is put before each script, for the
# NixOS driver and for Debian's alike; `machine`, `args`, `subtest` and `t` come from the driver.
import calendar
import json
import re
import shlex
import time

api = f"http://127.0.0.1:{args['ports']['api']}"
remediator = f"http://127.0.0.1:{args['ports']['remediator']}"
sink = f"http://127.0.0.1:{args['ports']['sink']}"
prometheus = f"http://127.0.0.1:{args['ports']['prometheus']}"
alertmanager = f"http://127.0.0.1:{args['ports']['alertmanager']}"
loki = f"http://127.0.0.1:{args['ports']['loki']}"
victorialogs = f"http://127.0.0.1:{args['ports']['victorialogs']}"
tempo = f"http://127.0.0.1:{args['ports']['tempo']}"
grafana = f"http://127.0.0.1:{args['ports']['grafana']}"

# The backends of this test's machine that can be had here: the driver says which ones are absent.
running = [backend for backend in args["backends"] if backend not in args["absent"]]
# What keeps the log lines, if anything does, and where it says that it is ready.
store = next((backend for backend in ("loki", "victorialogs") if backend in running), None)
store_ready = f"{loki}/ready" if store == "loki" else f"{victorialogs}/health"


def skip(what):
    """Says that a part of this test does not run here; the closing line of the tests counts such lines."""
    log.info(f"skipped: {what}")


def get(url):
    """The JSON behind a URL that must answer well."""
    return json.loads(machine.succeed(f"curl -fsS --max-time 10 {shlex.quote(url)}"))


def ask(method, url, body=None, token=None, headers=()):
    """(status, text) of any request; a body is sent as JSON."""
    command = ["curl", "-sS", "--max-time", "15", "-X", method, "-w", "\\n%{http_code}", url]
    for header in headers:
        command += ["-H", header]
    line = shlex.join(command)
    if token is not None:
        line += f' -H "Authorization: Bearer $(cat {token})"'
    if body is not None:
        text = body if isinstance(body, str) else json.dumps(body)
        line = f"printf %s {shlex.quote(text)} | {line} -H 'Content-Type: application/json' --data-binary @-"
    text, status = machine.succeed(line).rsplit("\n", 1)
    return int(status), text


def operator(path, reason):
    """What a person with the operator's token asks of the remediator."""
    status, text = ask("POST", f"{remediator}{path}", {"reason": reason}, token=args["operatorToken"])
    t.assertEqual(status, 200, text)


def post_alert(name, token=None, **labels):
    """A post by hand, as a person would make it."""
    alert = {"status": "firing", "labels": {"alertname": name, **labels}}
    status, text = ask("POST", f"{remediator}/webhook", {"alerts": [alert]}, token or args["alertmanagerToken"])
    t.assertEqual(status, 200, text)
    return json.loads(text)


def incidents(unit=None):
    """The remediator's incidents, newest first, of one unit or all."""
    return [i for i in get(f"{remediator}/incidents?limit=1000")["incidents"] if unit in (None, i["unit"])]


def story(incident):
    """One incident with its events."""
    return get(f"{remediator}/incidents/{incident['id']}")


def newest(unit):
    """The newest incident of a unit, or None."""
    return next(iter(incidents(unit)), None)


def last_id(unit):
    """The number of the unit's newest incident; 0 before the first."""
    return (newest(unit) or {"id": 0})["id"]


def told(unit, reason):
    """The newest incident of a unit with its events, of one moment, once they name that reason; None before."""
    incident = newest(unit)
    whole = incident and story(incident)
    return whole if whole and reason in [event["reason"] for event in whole["events"]] else None


# How long a condition may take to hold, in seconds: a machine with a kernel of its own may be emulated, which is many
# times slower, and slower still on a host that is busy.
PATIENCE = 900 if "kernel" in args else 120


def wait_for(what, condition, timeout=PATIENCE):
    """Asks until the condition holds, and gives its value. The drivers' own words wait for commands only."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.3)
    return value


def log_query(service=None, containing=(), matching=None, fields=None):
    """A query for log lines in the log store's own language: of a service or of all, with these texts in the line, with
    a regular expression found in it, and with these fields. A field is text, "" where it must be absent, or a compiled
    regular expression that matches all of it."""
    fields = fields or {}
    if store == "loki":
        parts = ['{service_name=~".+"}' if service is None else f"{{service_name={json.dumps(service)}}}"]
        parts += [f"|= {json.dumps(text)}" for text in containing]
        parts += [f"|~ {json.dumps(matching)}"] if matching else []
        for name, value in fields.items():
            parts.append(f"| {name}={json.dumps(value)}" if isinstance(value, str) else f"| {name}=~{json.dumps(value.pattern)}")
    else:
        parts = ["*" if service is None else f'{{"service.name"={json.dumps(service)}}}']
        parts += [f"_msg:~{json.dumps(re.escape(text))}" for text in containing]
        parts += [f"_msg:~{json.dumps(matching)}"] if matching else []
        for name, value in fields.items():
            exact, name = isinstance(value, str), '"host.name"' if name == "host_name" else name
            parts.append(f"{name}:={json.dumps(value)}" if exact else f"{name}:~{json.dumps(f'^(?:{value.pattern})$')}")
    return " ".join(parts)


def log_lines(service=None, containing=(), matching=None, fields=None, since=None, until=None, limit=5000):
    """The oldest log lines that `log_query` finds from one time to another, in nanoseconds, or in the last hour: (time
    in nanoseconds, fields by Loki's names, line), oldest first."""
    question = log_query(service, containing, matching, fields)
    span = {} if since is None else {"start": since, "end": until}
    if store == "loki":
        base, given = f"{loki}/loki/api/v1/query_range", {"query": question, "limit": limit, "direction": "forward", **span}
    else:
        within = "" if span else "_time:1h "
        base, given = f"{victorialogs}/select/logsql/query", {"query": f"{within}{question} | sort by (_time) limit {limit}", **span}
    call = ["curl", "-fsSG", "--max-time", "30", base]
    for name, value in given.items():
        call += ["--data-urlencode", f"{name}={value}"]
    answer = machine.succeed(shlex.join(call))
    if store == "loki":
        streams = json.loads(answer)["data"]["result"]
        return sorted(
            ((int(at), stream["stream"], text) for stream in streams for at, text in stream["values"]), key=lambda line: line[0]
        )
    entries = [json.loads(line) for line in answer.splitlines()]
    return [
        (nanoseconds(entry["_time"]), {name.replace(".", "_"): value for name, value in entry.items()}, entry.get("_msg", ""))
        for entry in entries
    ]


def log_store_flush():
    """From here on all that the log store has taken is found. VictoriaLogs answers a writer before that."""
    if store == "victorialogs":
        machine.succeed(f"curl -fsS {victorialogs}/internal/force_flush")


def nanoseconds(text):
    """An RFC 3339 time in UTC, in nanoseconds since the epoch."""
    whole, _, part = text.removesuffix("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int(part.ljust(9, "0"))


def metric(name):
    """The sum over a metric's series at the remediator whose name and labels begin so."""
    lines = machine.succeed(f"curl -fsS {remediator}/metrics").splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"homeostat_remediator_{name}"))


def invocation(unit):
    """The InvocationID of a unit: it changes with each start."""
    return machine.succeed(f"systemctl show --value -p InvocationID {shlex.quote(unit)}").strip()


def starts(unit):
    """How often systemd has started a unit in this boot, from the journal."""
    count = f"journalctl -q -b -o json _PID=1 UNIT={shlex.quote(unit)} JOB_TYPE=start JOB_RESULT=done | wc -l"
    return int(machine.succeed(count))


def pages(alert=None):
    """The notifications that reached people: (status, alert) pairs, oldest first."""
    received = [a for page in get(f"{sink}/pages") for a in page["payload"]["alerts"]]
    return [(a["status"], a) for a in received if alert in (None, a["labels"]["alertname"])]


def wait_for_stack():
    """Everything is up, and Prometheus has seen every target once."""
    start_all()
    for unit in args["active"] + [args["units"][backend] for backend in running]:
        machine.wait_for_unit(unit)
    machine.wait_until_succeeds(f"curl -fsS {remediator}/health")
    wait_for("every target is up", all_targets_up)


def all_targets_up():
    """Whether Prometheus answers, and has scraped all its targets, and well."""
    status, text = machine.execute(f"curl -fsS '{prometheus}/api/v1/targets?state=active'")
    targets = json.loads(text)["data"]["activeTargets"] if status == 0 else []
    return targets and all(target["health"] == "up" for target in targets)


def in_seconds(text):
    """An RFC 3339 time as seconds since the epoch."""
    return float(machine.succeed(f"date -u -d {shlex.quote(text)} +%s.%N"))
