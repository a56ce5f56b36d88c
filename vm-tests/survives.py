# Killed at the worst moment, cut off from the bus and the database, and sent everything a thousand times: no alert is
# lost, and nothing is done twice.

own = args["units"]["remediator"]
wait_for_stack()


def closed(unit, after):
    """The newest incident of a unit, begun after that number, once it is over."""
    incident = newest(unit)
    return incident if incident and incident["id"] > after and incident["state"] == "closed" else None


def last_id(unit):
    """The number of the unit's newest incident; 0 before the first."""
    return (newest(unit) or {"id": 0})["id"]


def heals_once(unit, meanwhile, job_is_there=True, outlasts=False):
    """Posts AppDown, does something while the restart is under way, and demands one restart and a fixed end.
    The restart ends while the remediator may still be away, or outlasts that."""
    machine.succeed("rm -f /run/may-stop")
    before, last = starts(unit), last_id(unit)
    post_alert("AppDown", unit=unit)
    wait_for("the intent", lambda: (i := newest(unit)) and i["id"] > last and i["phase"] == "acting", timeout=30)
    if job_is_there:
        machine.wait_until_succeeds(f"systemctl list-jobs --no-legend {unit} | grep .", timeout=30)
    meanwhile()
    healthy = f"curl -fsS {remediator}/health"
    if outlasts:
        machine.wait_until_succeeds(healthy, timeout=60)
    machine.succeed("touch /run/may-stop")
    machine.wait_until_succeeds(healthy, timeout=60)
    incident = story(wait_for("the incident is over", lambda: closed(unit, last), timeout=120))
    t.assertEqual(incident["end"], "fixed", incident)
    if job_is_there:
        t.assertEqual(incident["actions"], 1, incident)
    t.assertEqual(starts(unit) - before, 1, f"exactly one restart: {incident}")
    return incident


with subtest(f"kill -9 between intent and result, {args['rounds']} times"):
    for number in range(args["rounds"]):
        # In most rounds systemd has the job; in every fifth the call may not have arrived, and is then made once more.
        kill = f"systemctl kill --signal=SIGKILL {own}"
        incident = heals_once(
            "slow.service", lambda: machine.succeed(kill), job_is_there=number % 5 != 4, outlasts=number % 2 == 1
        )  # fmt: skip
        t.assertIn("examination", " ".join(event["text"] for event in incident["events"]))
    t.assertEqual(len(incidents("slow.service")), args["rounds"], "one incident for each alert")

with subtest("D-Bus restarted while a job runs"):
    heals_once("slow.service", lambda: machine.succeed(f"systemctl restart {args['units']['dbus']}"))
    wait_for("the bus is back", lambda: metric("bus_connected") == 1, timeout=30)
    machine.require_unit_state(own)

with subtest("D-Bus restarted while nothing runs, then an alert"):
    machine.succeed(f"systemctl restart {args['units']['dbus']}")
    wait_for("the bus is back", lambda: metric("bus_connected") == 1, timeout=30)
    heals_once("slow.service", lambda: None)

with subtest("PostgreSQL restarted under it"):
    heals_once("slow.service", lambda: machine.succeed(f"systemctl restart {args['units']['postgresql']}"))

with subtest("Prometheus and Alertmanager gone: a post by hand still leads to a remedy"):
    names = f"{args['units']['prometheus']} {args['units']['alertmanager']}"
    machine.succeed(f"systemctl stop {names}")
    # They come back while the job runs: nobody but Alertmanager can say that it does not have the alert.
    heals_once("slow.service", lambda: machine.succeed(f"systemctl start {names}"))
    wait_for("every target is up", all_targets_up)

with subtest(f"a payload of the real Alertmanager, {args['resends']} times: one action"):
    # Paused, so that the alert stands until the backstop brings Alertmanager's own payload to the sink.
    operator("/pause", "to capture a payload")
    before, last = starts("victim.service"), last_id("victim.service")
    machine.succeed("systemctl kill --signal=SIGKILL victim.service")
    wait_for("people hear of it", lambda: [a for s, a in pages("UnitFailed") if s == "firing"], timeout=180)
    payload = next(
        page["payload"] for page in get(f"{sink}/pages")
        if any(a["labels"]["alertname"] == "UnitFailed" for a in page["payload"]["alerts"])
    )  # fmt: skip
    t.assertIn("fingerprint", payload["alerts"][0])
    machine.succeed(f"printf %s {shlex.quote(json.dumps(payload))} > /run/payload.json")
    post = (
        f'curl -fsS -o /dev/null -H "Authorization: Bearer $(cat {args["alertmanagerToken"]})" '
        f"--data-binary @/run/payload.json {remediator}/webhook"
    )
    half = args["resends"] // 2
    machine.succeed(f"seq {half} | xargs -P 8 -I N sh -c {shlex.quote(post)}")
    operator("/resume", "captured")
    machine.succeed(f"seq {half} | xargs -P 8 -I N sh -c {shlex.quote(post)}")
    incident = wait_for("the incident is over", lambda: closed("victim.service", last), timeout=120)
    t.assertEqual((incident["end"], incident["actions"]), ("fixed", 1), story(incident))
    machine.succeed(f"seq 20 | xargs -P 8 -I N sh -c {shlex.quote(post)}")
    # What comes late is asked about, and nothing more is done.
    wait_for("late re-sends are over", lambda: all(i["state"] == "closed" for i in incidents("victim.service")))
    t.assertEqual(sum(i["actions"] for i in incidents("victim.service")), 1, "no further action")
    t.assertEqual(starts("victim.service") - before, 1)
