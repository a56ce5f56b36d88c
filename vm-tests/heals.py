# Faults are found, healed, proven to be healed, and nobody is called.
unit = args["units"]["api"]


def fixed(name, after):
    """The newest incident of a unit, begun after that number, once it is closed as fixed."""
    incident = newest(name)
    return incident if incident and incident["id"] > after and incident["end"] == "fixed" else None


def heals(alert, inject):
    """Injects a fault into the API and follows it to its end."""
    before, began, last = invocation(unit), time.monotonic(), (newest(unit) or {"id": 0})["id"]
    started = starts(unit)
    inject()
    wait_for(f"{alert} opens an incident", lambda: (newest(unit) or {"id": 0})["id"] > last, timeout=60)
    found = time.monotonic() - began
    wait_for("a new invocation", lambda: invocation(unit) != before, timeout=60)
    acted = time.monotonic() - began
    incident = wait_for("the incident is fixed", lambda: fixed(unit, last), timeout=180)
    healed = time.monotonic() - began
    t.assertEqual(starts(unit) - started, 1, "exactly one restart")
    t.assertEqual(incident["actions"], 1)
    t.assertIn(alert, [a["name"] for a in incident["alerts"]])
    t.assertEqual(incident["verdict"], "fixed")
    firing = get(f"{prometheus}/api/v1/alerts")["data"]["alerts"]
    t.assertNotIn(alert, [a["labels"]["alertname"] for a in firing])
    machine.log(f"{alert}: detected after {round(found, 1)} s, acted on after {round(acted, 1)} s, proven after {round(healed, 1)} s")


def cool():
    """Waits until the cool-down after the newest action on the API is over: it is no fault to wait for."""
    last = [e["at"] for e in story(newest(unit))["events"] if e["kind"] == "intent"][-1]
    over = in_seconds(last) + args["cooldown"]
    wait_for("the cool-down is over", lambda: float(machine.succeed("date +%s.%N")) > over, timeout=args["cooldown"] + 10)


wait_for_stack()
machine.wait_until_succeeds(f"curl -fsS {api}/ready")

with subtest("as the README says: 30 creates, then 20 requests to /error within a second"):

    def errors():
        machine.succeed(f"for n in $(seq 30); do curl -fsS -X POST {api}/transactions/create; done")
        machine.succeed(f"seq 20 | xargs -P 20 -I N curl -sS -o /dev/null {api}/error")

    heals("HighErrorRate", errors)

with subtest("a share of 500s, cured by a restart"):
    cool()
    heals("HighErrorRate", lambda: ask("PUT", f"{api}/faults", {"error_share": 0.6}))

with subtest("slow answers"):
    cool()
    heals("HighLatency", lambda: ask("PUT", f"{api}/faults", {"delay_ms": 1500}))

with subtest("a killed unit without Restart= is started"):
    before = invocation("first-victim.service")
    machine.succeed("systemctl kill --signal=SIGKILL first-victim.service")
    began = time.monotonic()
    wait_for("the unit is fixed", lambda: fixed("first-victim.service", 0), timeout=120)
    machine.log(f"killed unit: proven after {round(time.monotonic() - began, 1)} s")
    t.assertNotEqual(invocation("first-victim.service"), before)

with subtest("two units that fail at once both heal"):
    last = newest("first-victim.service")["id"]
    machine.succeed("systemctl kill --signal=SIGKILL first-victim.service second-victim.service")
    for name in ["first-victim.service", "second-victim.service"]:
        wait_for(f"{name} is fixed", lambda: fixed(name, last), timeout=180)
        machine.require_unit_state(name)

with subtest("a post by hand heals without a page"):
    cool()
    last = newest(unit)["id"]
    post_alert("HighErrorRate", severity="critical")
    wait_for("the incident is fixed", lambda: fixed(unit, last), timeout=60)

with subtest("a unit that ended by itself is started"):
    machine.succeed("touch /run/may-end")
    machine.wait_until_fails("systemctl is-active ends.service")
    machine.require_unit_state("ends.service", "inactive")
    post_alert("AppDown", unit="ends.service")
    wait_for("it is fixed", lambda: fixed("ends.service", 0), timeout=60)
    machine.require_unit_state("ends.service")

with subtest("a unit that went down with the one it is bound to waits for that one, and is started then"):
    machine.succeed("systemctl kill --signal=SIGKILL base.service")
    machine.wait_until_fails("systemctl is-active bound.service")
    machine.require_unit_state("bound.service", "inactive")
    post_alert("AppDown", unit="bound.service")
    incident = wait_for("held for the other", lambda: told("bound.service", "dependency_down"))
    t.assertEqual(incident["actions"], 0)
    machine.succeed("systemctl start base.service")
    wait_for("it is fixed", lambda: fixed("bound.service", 0), timeout=60)
    machine.require_unit_state("bound.service")

with subtest("a unit that systemd forgot when it failed is started; of its last run the journal tells"):
    machine.succeed("systemctl start forgotten.service")
    machine.succeed("systemctl kill --signal=SIGKILL forgotten.service")
    machine.wait_until_succeeds("systemctl show -p ActiveState,InvocationID forgotten.service | grep -x ActiveState=inactive")
    t.assertEqual(invocation("forgotten.service"), "")
    post_alert("AppDown", unit="forgotten.service")
    wait_for("it is fixed", lambda: fixed("forgotten.service", 0), timeout=60)
    machine.require_unit_state("forgotten.service")

with subtest("a frozen unit is left alone, and restarted once it is thawed"):
    before = invocation("frozen.service")
    machine.succeed("systemctl freeze frozen.service")
    post_alert("AppDown", unit="frozen.service")
    incident = wait_for("held while it is frozen", lambda: told("frozen.service", "frozen"))
    t.assertEqual(incident["actions"], 0)
    machine.succeed("systemctl thaw frozen.service")
    wait_for("it is fixed", lambda: fixed("frozen.service", 0), timeout=60)
    t.assertNotEqual(invocation("frozen.service"), before)

with subtest("a oneshot that is rescued and does its work is fixed, though it is not active then"):
    machine.succeed("touch /run/fails-once")
    machine.fail("systemctl start once.service")
    machine.succeed("rm /run/fails-once")
    post_alert("UnitFailed", unit="once.service")
    wait_for("it is fixed", lambda: fixed("once.service", 0), timeout=60)
    machine.require_unit_state("once.service", "inactive")

with subtest("an empty post does nothing"):
    count = len(incidents())
    t.assertEqual(ask("POST", f"{remediator}/webhook", {"alerts": []}, args["alertmanagerToken"])[0], 200)
    t.assertEqual(len(incidents()), count)

with subtest("nobody was called, and each action had its intent first"):
    t.assertEqual(pages(), [])
    for incident in incidents():
        kinds = [event["kind"] for event in story(incident)["events"]]
        if "job_ended" in kinds:
            t.assertLess(kinds.index("intent"), kinds.index("job_ended"))
