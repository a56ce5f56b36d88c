# The power is cut again and again, at any point, while alerts are posted and remedies run: what was acknowledged is on
# the disk, nothing was done that is not on record, and nothing of a dead boot is done twice.
import base64
import gzip
import os
import random
import sqlite3
import tempfile

seed = args.get("seed", time.time_ns() % 1_000_000)
log.info(f"the power is cut where {seed} says")
chance = random.Random(seed)
own = args["units"]["remediator"]
# Every so many rounds, and in the last, the machine is left alone until all is over.
SETTLED = 5
# What a client was told is on disk, over all boots, by the numbers of its alerts.
acknowledged = set()


def post_steadily(first):
    """Two clients post one alert after the other, each with a number of its own, and tell the console what was taken."""
    units = [*args["quick"], "slow.service"]
    for client in range(2):
        script = f"""
            units=({" ".join(units)}) token=$(cat {args["alertmanagerToken"]})
            for ((n = {first + client}; ; n += 2)); do
              labels="\\"alertname\\": \\"AppDown\\", \\"unit\\": \\"${{units[n / 2 % {len(units)}]}}\\", \\"number\\": \\"$n\\""
              curl -fsS -o /dev/null -H "Authorization: Bearer $token" {remediator}/webhook --data-binary \\
                "{{\\"alerts\\": [{{\\"status\\": \\"firing\\", \\"labels\\": {{$labels}}}}]}}" && echo "taken $n;" > /dev/ttyS0
              sleep 0.1
            done
        """
        machine.succeed(f"systemd-run --quiet --expand-environment=no --unit=client-{client} bash -c {shlex.quote(script)}")


def events():
    """All that is in the store: (boot's id, kind, body). The remediator is stopped for the moment of the copy, so that
    what is copied is what a disk could hold."""
    files = [args["store"], f"{args['store']}-wal"]
    copies = " ".join(f"cp {file} /run;" for file in files)
    machine.succeed(f"systemctl kill --signal=SIGSTOP {own}; {copies} systemctl kill --signal=SIGCONT {own}")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, os.path.basename(args["store"]))
        for file in files:
            name = os.path.basename(file)
            text = machine.succeed(f"gzip -1 < /run/{name} | base64 -w 0")
            with open(os.path.join(folder, name), "wb") as copy:
                copy.write(gzip.decompress(base64.b64decode(text)))
        with sqlite3.connect(path) as store:
            [[verdict]] = store.execute("PRAGMA integrity_check").fetchall()
            t.assertEqual(verdict, "ok", "the store is whole")
            rows = store.execute("SELECT boot_id, kind, body FROM events ORDER BY id").fetchall()
    return [(boot, kind, json.loads(body)) for boot, kind, body in rows]


def intents(found, boot, unit):
    """How many actions on a unit were begun in a boot."""
    return sum(1 for b, kind, body in found if (b, kind, body.get("unit")) == (boot, "intent", unit))


def boot_id():
    """The id of the present boot, as the store writes it."""
    return machine.succeed("cat /proc/sys/kernel/random/boot_id").strip().replace("-", "")


def nothing_is_lost(found):
    """Every alert that a client was told to be taken is in the store."""
    stored = {body["alert"]["labels"].get("number") for _, kind, body in found if kind == "alert"}
    t.assertEqual(acknowledged - stored, set(), "acknowledged, and not in the store")


def all_is_on_record(found, boot, console):
    """Nothing was done to a unit in that boot without an intent on disk, and at most the last call did not arrive."""
    for unit in args["quick"]:
        done = console.count(f"started {unit};") - 1
        begun = intents(found, boot, unit)
        t.assertGreaterEqual(begun, done, f"{unit} was restarted without an intent on disk")
        t.assertLessEqual(begun - done, 1, f"{unit}: intents without a restart")


def page():
    """What Alertmanager holds of the page that stands through all boots."""
    held = get(f"{alertmanager}/api/v2/alerts?filter=alertname=RemediationExhausted")
    return [a["labels"]["unit"] for a in held if a["status"]["state"] == "active"]


def all_is_over(sent):
    """Left alone, all incidents but the page's end; what they began is decided, and nothing is done off the record."""
    wait_for("the page stands again, and no other", lambda: page() == ["gone.service"])
    wait_for("people have it", lambda: len(pages("RemediationExhausted")) >= sent)
    wait_for("all is over", lambda: [i["unit"] for i in incidents() if i["state"] == "open"] == ["gone.service"])
    found, boot = events(), boot_id()
    for unit in [*args["quick"], "slow.service"]:
        # What the cut ended before its end is decided anew, and may be tried again; then that is on record.
        t.assertEqual(starts(unit) - 1, intents(found, boot, unit), f"{unit} was started by nobody on record")
    begun = [(body["unit"], body["action"]) for _, kind, body in found if kind == "intent"]
    ended = [body for _, kind, body in found if kind == "job_ended"]
    t.assertEqual(len(begun), len(ended), "each action has one end")


wait_for_stack()
machine.succeed("systemctl mask --runtime gone.service; ln -sf /dev/null /etc/systemd/system/gone.service; systemctl daemon-reload")
post_alert("AppDown", unit="gone.service")
wait_for("a person is called", lambda: page() == ["gone.service"])
wait_for("people have it", lambda: pages("RemediationExhausted"))
number = 0

for cut in range(1, args["rounds"] + 1):
    with subtest(f"cut {cut}"):
        boot = boot_id()
        post_steadily(number)
        wait_for("the first alert is taken", lambda: "taken " in machine.get_console_log())
        time.sleep(chance.uniform(0, 12))
        machine.crash()
        console = machine.get_console_log()
        taken = re.findall(r"taken (\d+);", console)
        acknowledged |= set(taken)
        number += 10_000
        machine.wait_until_succeeds(f"curl -fsS {remediator}/health")
        found = events()
        nothing_is_lost(found)
        all_is_on_record(found, boot, console)
        begun = sum(intents(found, boot, unit) for unit in [*args["quick"], "slow.service"])
        log.info(f"{len(taken)} alerts were acknowledged and {begun} actions begun in that boot: all on disk")
    if cut % SETTLED == 0 or cut == args["rounds"]:
        with subtest("left alone"):
            all_is_over(1)

# Or the end of the machine would wait for it.
machine.succeed("touch /run/may-stop")
