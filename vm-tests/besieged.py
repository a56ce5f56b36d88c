# What comes in is bounded, and nothing is lost by it: a group of alerts that is too large for a post, and a crowd without
# a token, which keeps nobody out who has one, and takes neither memory nor the journal.

wait_for_stack()
own = args["units"]["remediator"]


def lines():
    """How many lines the remediator has written."""
    return int(machine.succeed(f"journalctl -q -b -o cat -u {own} | wc -l"))


def memory(field):
    """The remediator's resident memory, in KiB: VmRSS now, VmHWM at its highest."""
    pid = machine.succeed(f"systemctl show --value -p MainPID {own}").strip()
    return int(machine.succeed(f"sed -n 's/^{field}:[^0-9]*\\([0-9]*\\) kB/\\1/p' /proc/{pid}/status"))


def heal():
    """Kills the victim, posts the alert with the token, and demands that it is healed."""
    last = last_id("victim.service")
    machine.succeed("systemctl kill --signal=SIGKILL victim.service")
    machine.wait_until_fails("systemctl is-active victim.service")
    post_alert("UnitFailed", unit="victim.service")
    incident = wait_for("healed", lambda: (i := newest("victim.service")) and i["id"] > last and i["state"] == "closed" and i)
    t.assertEqual((incident["end"], incident["actions"]), ("fixed", 1), story(incident))


def tell_alertmanager(**more):
    """Posts alerts about the victim to Alertmanager, more of them than one post to the remediator can hold."""
    alerts = [
        {
            "labels": {"alertname": "UnitFailed", "host": "demo", "unit": "victim.service", "number": str(number)},
            "annotations": {"description": "x" * 64 * 1024},
            **more,
        }
        for number in range(args["large"])
    ]
    machine.succeed("rm -f /run/large.json")
    text = json.dumps(alerts)
    # A command line is no place for so much.
    for at in range(0, len(text), 100_000):
        machine.succeed(f"printf %s {shlex.quote(text[at:at + 100_000])} >> /run/large.json")
    machine.succeed(f"curl -fsS -H 'Content-Type: application/json' --data-binary @/run/large.json {alertmanager}/api/v2/alerts")


with subtest("a group of alerts that is too large for a post is read from Alertmanager"):
    operator("/pause", "what is done about them is not the point")
    tell_alertmanager()
    wait_for("it was too large", lambda: metric('webhook_requests_total{result="too_large"}') > 0)
    wait_for("all are known", lambda: (i := newest("victim.service")) and len(i["alerts"]) == args["large"])
    over = machine.succeed("date -u +%Y-%m-%dT%H:%M:%SZ").strip()
    tell_alertmanager(endsAt=over)
    wait_for("all are gone", lambda: newest("victim.service")["state"] == "closed")
    operator("/resume", "the machine test goes on")

with subtest("in peace"):
    heal()
    log.info(f"memory in peace: {memory('VmRSS')} KiB, {memory('VmHWM')} KiB at its highest")
    written = lines()

def besiege():
    """Begins a siege, and waits until all places are taken."""
    siege = f"ulimit -n 8192; exec homeostat load siege --url {remediator} --seconds {args['siege']}"
    machine.succeed(f"systemd-run --unit=siege --collect sh -c {shlex.quote(siege + ' > /run/siege.json')}")
    crowded = metric("connections_crowded_out_total")
    wait_for("all places are taken", lambda: metric("connections_crowded_out_total") > crowded + 1000)


with subtest("besieged: alerts with a token are healed, health and metrics answer, and a person sees the page"):
    besiege()
    heal()
    for path in ["/health", "/metrics", "/"]:
        machine.succeed(f"curl -fsS --max-time 10 {remediator}{path}")
    heal()
    machine.succeed("systemctl is-active siege.service")

with subtest("it took no memory, and left the journal to others"):
    machine.wait_until_fails("systemctl is-active siege.service")
    siege = json.loads(machine.succeed("cat /run/siege.json"))
    log.info(f"{siege}; {memory('VmHWM')} KiB at the highest, {lines() - written} lines")
    t.assertGreaterEqual(siege["body_bytes"], 200 * 10**6)
    t.assertGreater(siege["connections"], 2000)
    t.assertGreater(siege["posts"], 1000)
    t.assertGreaterEqual(metric('webhook_requests_total{result="unauthorized"}'), siege["posts"])
    t.assertLessEqual(memory("VmHWM"), args["mostMemory"])
    t.assertLess(lines() - written, 100)

with subtest("besieged: it stops"):
    besiege()
    machine.succeed(f"timeout 5 systemctl stop {own}", "systemctl is-active siege.service")
    t.assertEqual(machine.succeed(f"systemctl show --value -p Result {own}").strip(), "success")
    machine.succeed("systemctl stop siege.service", f"systemctl start {own}")
    machine.wait_until_succeeds(f"curl -fsS {remediator}/health", timeout=30)
