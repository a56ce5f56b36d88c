# Killed at the worst moment, cut off from the bus and the database, and sent everything a thousand times: no alert is
# lost, and nothing is done twice.

own = args["units"]["remediator"]
wait_for_stack()


def closed(unit, after):
    """The newest incident of a unit, begun after that number, once it is over."""
    incident = newest(unit)
    return incident if incident and incident["id"] > after and incident["state"] == "closed" else None


def begin(unit, job_is_there=True):
    """Posts AppDown about a unit, and waits until its restart is under way: there is the intent, and systemd's job,
    or the call may not have arrived yet. Returns what `finish` wants to know."""
    before, last = starts(unit), last_id(unit)
    post_alert("AppDown", unit=unit)
    wait_for("the intent", lambda: (i := newest(unit)) and i["id"] > last and i["phase"] == "acting", timeout=30)
    if job_is_there:
        machine.wait_until_succeeds(f"systemctl list-jobs --no-legend {unit} | grep .", timeout=30)
    return unit, before, last, job_is_there


def finish(unit, before, last, job_is_there):
    """Demands one restart and a fixed end of what began; gives the incident."""
    incident = story(wait_for("the incident is over", lambda: closed(unit, last), timeout=120))
    t.assertEqual(incident["end"], "fixed", incident)
    if job_is_there:
        t.assertEqual(incident["actions"], 1, incident)
    t.assertEqual(starts(unit) - before, 1, f"exactly one restart: {incident}")
    return incident


def await_remediator():
    """Waits until it answers again."""
    machine.wait_until_succeeds(f"curl -fsS {remediator}/health", timeout=60)


def heals_once(unit, meanwhile):
    """Does something while the restart of a unit is under way, and demands one restart and a fixed end."""
    machine.succeed("rm -f /run/may-stop")
    begun = begin(unit)
    meanwhile()
    machine.succeed("touch /run/may-stop")
    await_remediator()
    finish(*begun)


slow = args["slow"]
kills = args["rounds"] * len(slow)
with subtest(f"kill -9 between intent and result, {kills} times"):
    for number in range(args["rounds"]):
        machine.succeed("rm -f /run/may-stop")
        begun = []
        for place, unit in enumerate(slow):
            # In most cases systemd has the job; in every fifth the call may not have arrived, and is then made once more.
            begun.append(begin(unit, job_is_there=(number * len(slow) + place) % 5 != 4))
            machine.succeed(f"systemctl kill --signal=SIGKILL {own}")
            # Each restart outlasts this kill and those that follow; the last one's ends, in every second round, while
            # the remediator may still be away.
            if unit != slow[-1] or number % 2 == 1:
                await_remediator()
        machine.succeed("touch /run/may-stop")
        await_remediator()
        for incident in [finish(*what) for what in begun]:
            t.assertIn("examination", " ".join(event["text"] for event in incident["events"]))
    for unit in slow:
        t.assertEqual(len(incidents(unit)), args["rounds"], "one incident for each alert")

with subtest("D-Bus restarted while a job runs"):
    heals_once(slow[0], lambda: machine.succeed(f"systemctl restart {args['units']['dbus']}"))
    wait_for("the bus is back", lambda: metric("bus_connected") == 1, timeout=30)
    machine.require_unit_state(own)

with subtest("D-Bus restarted while nothing runs, then an alert"):
    machine.succeed(f"systemctl restart {args['units']['dbus']}")
    wait_for("the bus is back", lambda: metric("bus_connected") == 1, timeout=30)
    heals_once(slow[0], lambda: None)

with subtest("PostgreSQL restarted under it"):
    heals_once(slow[0], lambda: machine.succeed(f"systemctl restart {args['units']['postgresql']}"))

with subtest("Prometheus and Alertmanager gone: a post by hand still leads to a remedy"):
    names = f"{args['units']['prometheus']} {args['units']['alertmanager']}"
    machine.succeed(f"systemctl stop {names}")
    # They come back while the job runs: nobody but Alertmanager can say that it does not have the alert.
    heals_once(slow[0], lambda: machine.succeed(f"systemctl start {names}"))
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

    def fixed():
        """The incidents since then that a remedy ended. What comes after such an end may be one more, that ends unasked."""
        return [i for i in incidents("victim.service") if i["id"] > last and i["end"] == "fixed"]

    [incident] = wait_for("the incident is over", fixed, timeout=120)
    t.assertEqual(incident["actions"], 1, story(incident))
    machine.succeed(f"seq 20 | xargs -P 8 -I N sh -c {shlex.quote(post)}")
    # What comes late is asked about, and nothing more is done.
    wait_for("late re-sends are over", lambda: all(i["state"] == "closed" for i in incidents("victim.service")))
    t.assertEqual(sum(i["actions"] for i in incidents("victim.service")), 1, "no further action")
    t.assertEqual(starts("victim.service") - before, 1)
