# Whatever one unit writes, the others' lines arrive. A strict receiver before the log store refuses what Loki refuses, as
# a whole request; a steady writer's lines are counted through all of it.
import base64
import secrets

MARK = secrets.token_hex(8)
collector_unit, store_unit = args["units"]["collector"], args["units"][store]
state = args["paths"]["collectorState"]
strict = f"http://127.0.0.1:{args['strict']['port']}"
otlp = f"http://127.0.0.1:{args['ports']['otlpHttp']}/v1/logs"
store_url = loki if store == "loki" else victorialogs
TEXT = 192 * 1024


def lines(*words, service=None, matching=None, **fields):
    """The log lines of the last hour that are found: (fields, line)."""
    found = log_lines(service, words, matching, {"entry_kind": "", **fields})
    return [(fields, line) for _, fields, line in found]


def line(name, **fields):
    """The one line of that name, once it is there."""
    text = f"{MARK} {name}."
    [found] = wait_for(text, lambda: lines(text, **fields))
    return found


def write(name, *entry):
    """Writes an entry to the journal, field by field."""
    machine.succeed(f"printf '%b\\n' {shlex.join([f'MESSAGE={MARK} {name}.', *entry])} | logger --journald")


def is_firing(alert):
    """Whether Prometheus fires it."""
    found = get(f"{prometheus}/api/v1/alerts")["data"]["alerts"]
    return any(a["labels"]["alertname"] == alert and a["state"] == "firing" for a in found)


def numbers():
    """The numbers of the steady writer that are in the log store, in the order of their times."""
    log_store_flush()
    found, since = [], began * 10**9
    while True:
        page = log_lines("steady", matching="^steady [0-9]+$", since=since, until=int(machine.succeed("date +%s%N")), limit=5000)
        found += [int(text.split()[1]) for _, _, text in page]
        if len(page) < 5000:
            return found
        since = page[-1][0] + 1


def steady_arrives(what):
    """Every line that the steady writer has written until now is there, in its order, at least once."""
    newest = int(machine.succeed("journalctl -q -o cat -n 1 _SYSTEMD_UNIT=steady.service").split()[1])
    # Two requests are on their way at a time, so that the newest line may be there before an older one.
    wait_for(f"all {newest} lines after {what}", lambda: set(range(1, newest + 1)) <= set(numbers()), timeout=300)
    arrived = numbers()
    t.assertEqual(arrived, sorted(arrived), what)
    log.info(f"{newest} steady lines, {len(arrived) - len(set(arrived))} of them twice, after {what}")


def send(records, resource=None, scope=None, schema=""):
    """Sends log records over OTLP as JSON; "BADBYTE" becomes a byte that is no UTF-8."""
    attributes = pairs({"service.name": "poisons", **(resource or {})})
    logs = [{"scope": scope or {}, "logRecords": records}]
    text = json.dumps({"resourceLogs": [{"resource": {"attributes": attributes}, "schemaUrl": schema, "scopeLogs": logs}]})
    coded = base64.b64encode(text.encode().replace(b"BADBYTE", b"\xff")).decode()
    # A command's words are limited to 128 KiB.
    machine.succeed("rm -f /run/poison")
    for at in range(0, len(coded), 100000):
        machine.succeed(f"printf %s {coded[at:at + 100000]} >> /run/poison")
    machine.succeed(f"base64 -d /run/poison | curl -fsS -H 'Content-Type: application/json' --data-binary @- {otlp}")


def pairs(values):
    """Attributes in OTLP's form."""
    return [{"key": key, "value": value if isinstance(value, dict) else {"stringValue": value}} for key, value in values.items()]


def record(name, values=None, ahead=0, **more):
    """A log record."""
    at = str(int((now() + ahead) * 1e9))
    return {"timeUnixNano": at, "body": {"stringValue": f"{MARK} {name}."}, "attributes": pairs(values or {}), **more}


def flood(count):
    """One unit writes so many lines of 5 kB."""
    script = f"line=$(head -c 5000 /dev/zero | tr '\\0' x); for number in $(seq {count}); do echo {MARK} flood $number. $line; done"
    unit = "--property=LogRateLimitIntervalSec=0 --unit=poisons-flood"
    machine.succeed(f"systemd-run --quiet --wait --collect {unit} sh -c {shlex.quote(script)}")


def now():
    """The machine's time, in seconds."""
    return float(machine.succeed("date +%s.%N"))


start_all()
machine.wait_for_unit("default.target")
began = int(now())
coded = base64.b64encode(args["strict"]["program"].encode()).decode()
machine.succeed(f"printf %s {coded} | base64 -d > /run/strict_receiver.py")
machine.succeed(f"systemd-run --quiet --unit=strict-receiver python3 /run/strict_receiver.py {args['strict']['port']} {store_url}")
wait_for_stack()
machine.wait_until_succeeds(f"curl -fsS {store_ready} && curl -fsS {strict}/refusals")
machine.succeed("systemctl start steady")

with subtest("names that are no labels"):
    write("names", "PRIORITY=6", "F_=x", "F__=y", "F___=z", "F_GOOD=kept")
    fields, _ = line("names")
    t.assertEqual((fields["good"], fields["altered"]), ("kept", "names"))

with subtest("a priority that is missing, unknown, or there twice"):
    for name, entry, severity in [
        ("none", [], "INFO"),
        ("thirty", ["PRIORITY=30"], "INFO"),
        ("word", ["PRIORITY=err"], "INFO"),
        ("twice", ["PRIORITY=3", "PRIORITY=4"], "ERROR"),
    ]:
        write(f"priority {name}", *entry)
        t.assertEqual(line(f"priority {name}")[0]["severity_text"], severity)

with subtest("fields that are too long or too many"):
    entry = f"printf 'MESSAGE={MARK} long field.\\nPRIORITY=6\\nF_ERROR='; head -c 66000 /dev/zero | tr '\\0' x; echo"
    machine.succeed(f"{{ {entry}; }} | logger --journald")
    fields, text = line("long field")
    t.assertEqual((fields["altered"], len(fields["error"])), ("fields", 2048))
    t.assertGreater(len(text), 66000, "the reason is whole in the text")
    write("many fields", "PRIORITY=6", *(f"F_FIELD_{number}=x" for number in range(140)))
    fields, _ = line("many fields")
    t.assertEqual(fields["altered"], "fields")
    t.assertEqual(sum(name.startswith("field_") for name in fields) + 2, 80)

with subtest("several texts, none, and one that is not printable"):
    machine.succeed(f"printf 'MESSAGE={MARK} first.\\nPRIORITY=6\\nMESSAGE=second\\n' | logger --journald")
    t.assertEqual(line("first")[1], f"{MARK} first.\nsecond")
    machine.succeed(f"printf 'PRIORITY=6\\nF_ONLY={MARK} textless.\\n' | logger --journald")
    [(fields, text)] = wait_for("the entry without a text", lambda: lines(only=f"{MARK} textless."))
    t.assertEqual(json.loads(text)["only"], fields["only"])
    machine.succeed(f"printf 'MESSAGE={MARK} bell. gr\\303\\274n \\a\\377\\nPRIORITY=6\\n' | logger --journald")
    t.assertEqual(line("bell")[1], f"{MARK} bell. grün \a\ufffd")
    entry = f"printf 'PRIORITY=6\\nMESSAGE={MARK} long bell. \\a'; head -c 300000 /dev/zero | tr '\\0' x; echo"
    machine.succeed(f"{{ {entry}; }} | logger --journald")
    fields, text = line("long bell")
    t.assertEqual((fields["altered"], len(text.encode()), text[-1]), ("text", TEXT, "…"))

with subtest("a line that the journal splits is put together, with the level of its beginning"):
    for name, length, severity in [("split", 100000, "ERROR"), ("very long", 300000, "INFO")]:
        # By one process: where another goes on with a line, journald begins a new one on purpose.
        script = f"text=$(head -c {length} /dev/zero | tr '\\0' x); echo \"ERROR: {MARK} {name}. $text\""
        machine.succeed(f"systemd-run --quiet --wait --collect --unit=poisons-split sh -c {shlex.quote(script)}")
        # systemd tells the command too.
        fields, text = line(name, matching="^ERROR: ")
        t.assertEqual(fields["severity_text"], severity)
        t.assertEqual(fields.get("line_break"), None if length < TEXT else "line-max")
        if length < TEXT:
            t.assertEqual(text, f"ERROR: {MARK} {name}. {'x' * length}")
    wait_for("all pieces", lambda: sum(text.count("x") for _, text in lines(service="poisons-split", matching="xxx$")) == 400000)

with subtest("over OTLP: names, lengths, times, bytes that are no text, no text at all"):
    send([record("otlp names", {"_": "1", ".": "2", "": "3", "größe": "4", "ключ": "5", "a.b": "kept"})])
    fields, _ = line("otlp names", service="poisons")
    t.assertEqual((fields["a_b"], fields["altered"]), ("kept", "names"))
    send([record("otlp long", {"big": "x" * 70000}), record("otlp many", {f"field_{n}": "x" for n in range(300)})])
    t.assertEqual(line("otlp long")[0]["altered"], "fields")
    t.assertEqual(line("otlp many")[0]["altered"], "fields")
    send([record("otlp sender")] * 50, {f"of_sender_{n}": "x" * 3000 for n in range(100)}, {"name": "y" * 5000}, "z" * 900000)
    t.assertEqual({fields["altered"] for fields, _ in wait_for("all", lambda: lines(f"{MARK} otlp sender."))}, {"fields"})
    send([record("otlp ahead", ahead=3600), record("otlp old", ahead=-60 * 86400)])
    for name in "otlp ahead", "otlp old":
        fields, _ = line(name)
        t.assertEqual(fields["altered"], "time")
        t.assertGreater(abs(in_seconds(fields["stated_time"]) - now()), 3000)
    send([record("otlp bytes", {"field": "vBADBYTE"}, severityText="sBADBYTE" * 90)], {"service.name": "poisonsBADBYTE"})
    fields, _ = line("otlp bytes")
    t.assertEqual((fields["field"], fields["service_name"]), ("v?", "poisons?"))
    whole = {"timeUnixNano": "0", "body": {"kvlistValue": {"values": pairs({"whole": f"{MARK} structured."})}}}
    send([whole, {"attributes": pairs({"only": f"{MARK} nothing."})}])
    t.assertEqual(json.loads(line("structured")[1])["whole"], f"{MARK} structured.")
    [(_, text)] = wait_for("the record without a text", lambda: lines(only=f"{MARK} nothing."))
    t.assertEqual(json.loads(text), {"only": f"{MARK} nothing."})

with subtest("nothing of it was refused, and every line of the others has arrived"):
    steady_arrives("the poisons")
    t.assertEqual(get(f"{strict}/refusals"), [])

with subtest("the log store is away while one unit writes 3,000 lines of 5 kB; people hear that nothing is sent"):
    machine.succeed(f"systemctl stop {store_unit}")
    flood(3000)
    wait_for("CollectorNotSending", lambda: is_firing("CollectorNotSending"), timeout=180)
    machine.succeed(f"systemctl start {store_unit}")
    machine.wait_until_succeeds(f"curl -fsS {store_ready}")
    steady_arrives("the flood")
    # Loki gives no 15 MB at once.
    found = set()
    for digit in range(1, 10):
        some = lines(service="poisons-flood", matching=f"^{MARK} flood {digit}")
        found |= {int(text.split()[2].rstrip(".")) for _, text in some}
    t.assertEqual(sorted(set(range(1, 3001)) - found), [])
    largest = get(f"{strict}/largest")
    t.assertLess(largest, 1024 * 1024)
    t.assertEqual(get(f"{strict}/refusals"), [])
    log.info(f"the largest request had {largest} bytes")
    wait_for("CollectorNotSending is over", lambda: not is_firing("CollectorNotSending"), timeout=180)

with subtest("the Collector's journalctl is stopped: the canary does not come back, and people hear"):
    machine.succeed("pkill -STOP -x journalctl")
    wait_for("LogCanaryLate", lambda: is_firing("LogCanaryLate"), timeout=120)
    machine.succeed(f"systemctl restart {collector_unit}")
    wait_for("LogCanaryLate is over", lambda: not is_firing("LogCanaryLate"))
    steady_arrives("the stop")

# The queue's file while lines wait in it, and one that a full disk has left before it held anything.
DAMAGE = {
    "random bytes in the middle": "dd if=/dev/urandom of=$file bs=4096 seek=$((pages / 4)) count=$((pages / 2)) conv=notrunc",
    "cut in half": "truncate -s $((pages / 2 * 4096)) $file",
    "never born": "truncate -s 5000 $file",
}
for name, damage in DAMAGE.items():
    with subtest(f"a storage file: {name}"):
        aside, held = f"{state}/storage.damaged", name != "never born"
        machine.succeed(f"rm -rf {aside}")
        metrics = f"http://127.0.0.1:{args['ports']['collectorMetrics']}/metrics"
        waiting = f"curl -fsS {metrics} | grep -F 'queue_size{{data_type=\"logs\"' | awk '{{ print $2 }}'"
        if held:
            machine.succeed(f"systemctl stop {store_unit}")
            # So many that every part of the file is in use.
            flood(1000)
            wait_for("lines wait", lambda: float(machine.succeed(waiting)) > 5e6)
        else:
            wait_for("no line waits", lambda: float(machine.succeed(waiting)) == 0)
        # What the Collector still has to do it does before it ends.
        machine.succeed(f"systemctl stop {collector_unit}")
        machine.succeed(f"file=$(ls {state}/storage/exporter_*_logs); pages=$(($(stat -c %s $file) / 4096)); {damage}")
        machine.succeed(f"systemctl start {store_unit}", f"systemctl start {collector_unit}")
        if held:
            machine.wait_until_succeeds(f"test -d {aside}", timeout=60)
        steady_arrives(name)
        wait_for("CollectorCrashed", lambda: is_firing("CollectorCrashed"))
        if not held:
            machine.fail(f"test -e {aside}")
        wait_for("CollectorCrashed is over", lambda: not is_firing("CollectorCrashed"), timeout=180)
        t.assertEqual(get(f"{strict}/refusals"), [])

if store == "loki":
    with subtest("what the strict receiver refuses is what Loki refuses"):
        log.info(machine.succeed(f"python3 /run/strict_receiver.py compare {loki}/otlp/v1/logs"))
else:
    skip("the strict receiver compared with Loki: needs Loki")
