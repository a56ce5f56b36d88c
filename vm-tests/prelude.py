# What every machine test says about Homeostat, in the test driver's words. It is put before each script, for the
# NixOS driver and for Debian's alike; `machine`, `args`, `subtest` and `t` come from the driver.
import json
import shlex
import time

api = f"http://127.0.0.1:{args['ports']['api']}"
remediator = f"http://127.0.0.1:{args['ports']['remediator']}"
sink = f"http://127.0.0.1:{args['ports']['sink']}"
prometheus = f"http://127.0.0.1:{args['ports']['prometheus']}"
alertmanager = f"http://127.0.0.1:{args['ports']['alertmanager']}"
loki = f"http://127.0.0.1:{args['ports']['loki']}"
tempo = f"http://127.0.0.1:{args['ports']['tempo']}"
grafana = f"http://127.0.0.1:{args['ports']['grafana']}"

# The backends of this test's machine that can be had here: the driver says which ones are absent.
running = [backend for backend in args["backends"] if backend not in args["absent"]]


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


def told(unit, reason):
    """The newest incident of a unit with its events, of one moment, once they name that reason; None before."""
    incident = newest(unit)
    whole = incident and story(incident)
    return whole if whole and reason in [event["reason"] for event in whole["events"]] else None


def wait_for(what, condition, timeout=120):
    """Asks until the condition holds, and gives its value. The drivers' own words wait for commands only."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.3)
    return value


def metric(name):
    """The sum over a metric's series at the remediator whose name and labels begin so."""
    lines = machine.succeed(f"curl -fsS {remediator}/metrics").splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"homeostat_remediator_{name}"))


def invocation(unit):
    """The InvocationID of a unit: it changes with each start."""
    return machine.succeed(f"systemctl show --value -p InvocationID {shlex.quote(unit)}").strip()


def starts(unit):
    """How often systemd has started a unit in this boot, from the journal."""
    count = f"journalctl -q -o json _PID=1 UNIT={shlex.quote(unit)} JOB_TYPE=start JOB_RESULT=done | wc -l"
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
