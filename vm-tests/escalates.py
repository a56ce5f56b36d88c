# When remedies do not help, one page reaches people and stays; when the remediator is useless, people hear all the same.

wait_for_stack()


def standing(name, unit):
    """Whether Alertmanager holds the alert for the unit as active."""
    held = get(f"{alertmanager}/api/v2/alerts")
    return [a for a in held if a["labels"]["alertname"] == name and a["labels"].get("unit") == unit]


with subtest("a unit that always fails: attempts within budget, then one page"):
    machine.succeed("systemctl start broken.service")
    incident = wait_for("a person is called", lambda: (i := newest("broken.service")) and i["phase"] == "paged" and i)
    t.assertEqual(incident["actions"], 2)
    t.assertEqual(incident["reason"], "attempts_exhausted")
    wait_for("the page arrives", lambda: pages("RemediationExhausted"), timeout=60)
    page = pages("RemediationExhausted")[0][1]
    t.assertEqual((page["labels"]["unit"], page["labels"]["severity"]), ("broken.service", "critical"))
    for word in ["rescue", "unproven", "failed"]:
        t.assertIn(word, page["annotations"]["description"])

with subtest("the page outlives Alertmanager's resolve_timeout, and stays one"):
    end = float(machine.succeed("date +%s")) + 2 * args["resolveTimeout"]
    wait_for("twice the time-out", lambda: float(machine.succeed("date +%s")) > end, timeout=3 * args["resolveTimeout"])
    t.assertTrue(standing("RemediationExhausted", "broken.service"))
    t.assertEqual([status for status, _ in pages("RemediationExhausted")], ["firing"])
    t.assertEqual(newest("broken.service")["actions"], 2, "nothing more is tried while a person is called")
    t.assertEqual([a for _, a in pages("UnitFailed")], [], "the page mutes what it is about")

with subtest("the page outlives the remediator's restart"):
    machine.succeed(f"systemctl restart {args['units']['remediator']}")
    machine.wait_until_succeeds(f"curl -fsS {remediator}/health")
    wait_for("the page is posted again", lambda: metric("pages_active") == 1)
    t.assertEqual([status for status, _ in pages("RemediationExhausted")], ["firing"])

with subtest("acknowledged: the page ends, and the fault stays muted"):
    operator(f"/incidents/{newest('broken.service')['id']}/acknowledge", "I am on it")
    wait_for("the page is gone", lambda: not standing("RemediationExhausted", "broken.service"), timeout=60)
    wait_for("people hear that it is answered", lambda: ("resolved" in [s for s, _ in pages("RemediationExhausted")]), timeout=60)
    t.assertTrue(standing("RemediationAcknowledged", "broken.service"))
    t.assertEqual([a for _, a in pages("UnitFailed")], [])

with subtest("the fault is gone: the incident closes"):
    machine.succeed("systemctl reset-failed broken.service")
    wait_for("closed", lambda: newest("broken.service")["state"] == "closed", timeout=60)
    t.assertEqual(newest("broken.service")["end"], "paged")
    wait_for("nothing stands", lambda: not standing("RemediationAcknowledged", "broken.service"), timeout=60)


def people_hear(what):
    """Kills the victim and demands that people hear of it by the backstop, without any action."""
    told = len(pages("UnitFailed"))
    machine.succeed("systemctl kill --signal=SIGKILL victim.service")
    wait_for(f"people hear: {what}", lambda: len(pages("UnitFailed")) > told, timeout=180)
    machine.fail("systemctl is-active victim.service")
    machine.succeed("systemctl start victim.service")
    # Alertmanager remembers what it said: a fault that comes back before people hear of its end is no news to it.
    wait_for("people hear of the end", lambda: pages("UnitFailed")[-1][0] == "resolved", timeout=60)


with subtest("paused: people are called by the backstop"):
    operator("/pause", "a machine test")
    people_hear("paused")
    operator("/resume", "the machine test goes on")

with subtest("Alertmanager has a wrong token: people are called by the backstop, and RemediatorCannotAct fires"):
    token = args["alertmanagerToken"]
    machine.succeed(
        f"cp -p {token} /run/kept-token && chmod u+w {token} && echo 00000000000000000000000000000000 > {token}",
        f"systemctl restart {args['units']['alertmanager']}",
        f"curl -fsS --retry 20 --retry-connrefused --retry-delay 1 {alertmanager}/-/ready",
    )
    people_hear("wrong token")
    t.assertGreater(metric('webhook_requests_total{result="unauthorized"}'), 0)
    wait_for("RemediatorCannotAct", lambda: pages("RemediatorCannotAct"), timeout=120)
    machine.succeed(f"cp -p /run/kept-token {token}", f"systemctl restart {args['units']['alertmanager']}")

with subtest("the remediator is dead: people are called"):
    machine.succeed(f"systemctl stop {args['units']['remediator']}")
    wait_for("RemediatorDown", lambda: pages("RemediatorDown"), timeout=120)
    people_hear("dead")
