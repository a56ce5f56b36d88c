# What must not be done is not done, and the reason is in the incident and in the metric.

wait_for_stack()


def untouched(unit, act):
    """Does something after which the unit must run on as it was."""
    before = invocation(unit)
    value = act()
    t.assertEqual(invocation(unit), before, f"{unit} was restarted")
    return value


def refused(labels, reason):
    """Posts an alert that is refused for that reason, and gives its incident."""
    counted = metric(f'decisions_total{{decision="refuse",reason="{reason}"}}')
    post_alert(**labels)
    incident = incidents()[0]
    t.assertEqual((incident["end"], incident["reason"], incident["unit"]), ("refused", reason, None))
    t.assertEqual(metric(f'decisions_total{{decision="refuse",reason="{reason}"}}'), counted + 1)
    return incident


def crash(unit):
    """Kills a unit, and posts the alert for it once systemd has noticed."""
    machine.succeed(f"systemctl kill --signal=SIGKILL {unit}")
    machine.wait_until_fails(f"systemctl is-active {unit}")
    post_alert("UnitFailed", unit=unit)


with subtest("a wrong token, no token"):
    alert = {"alerts": [{"status": "firing", "labels": {"alertname": "HighErrorRate"}}]}
    machine.succeed("echo 0123456789012345678901234567890123456789 > /run/wrong-token")
    count = len(incidents())
    for token in ["/run/wrong-token", None]:
        t.assertEqual(ask("POST", f"{remediator}/webhook", alert, token)[0], 401)
    for path in ["/pause", "/resume", "/incidents/1/acknowledge"]:
        status, _ = ask("POST", f"{remediator}{path}", {"reason": "x"}, args["alertmanagerToken"])
        t.assertEqual(status, 401, "Alertmanager's token may only post alerts")
    t.assertEqual(len(incidents()), count)
    t.assertEqual(metric('webhook_requests_total{result="unauthorized"}'), 2)

with subtest("an unknown alert, an unknown unit, another host"):
    refused({"name": "NobodyKnows"}, "no_rule")
    refused({"name": "AppDown", "unit": "../../etc/passwd"}, "no_rule")
    untouched("acted.service", lambda: refused({"name": "UnitFailed", "host": "elsewhere", "unit": "acted.service"}, "other_host"))
    untouched("acted.service", lambda: refused({"name": "UnitFailed"}, "ambiguous"))

with subtest("another Host header"):
    t.assertEqual(ask("GET", f"{remediator}/incidents", headers=["Host: evil.example"])[0], 421)

with subtest("paused"):
    operator("/pause", "a machine test")
    t.assertEqual(metric("paused"), 1)
    crash("other.service")
    # Whether a person is told at once hangs on whether Alertmanager, by then, has answered that it has no such alert.
    incident = wait_for("nothing is done while paused", lambda: told("other.service", "paused"))
    t.assertEqual(incident["actions"], 0)
    machine.fail("systemctl is-active other.service")
    # The unit is started by hand: the post clears by its health, and nothing is left to do on resume.
    machine.succeed("systemctl start other.service")
    wait_for("the incident ends by itself", lambda: newest("other.service")["state"] == "closed")
    operator("/resume", "the machine test goes on")
    t.assertIn(newest("other.service")["end"], ["resolved_by_itself", "paged"])

with subtest("dry-run"):
    crash("dry.service")
    incident = wait_for("dry-run is recorded", lambda: told("dry.service", "dry_run"))
    t.assertEqual(incident["actions"], 0)
    machine.fail("systemctl is-active dry.service")
    machine.succeed("systemctl start dry.service")

with subtest("a human's queued stop is not turned round"):
    machine.succeed("systemctl stop --no-block slow.service")
    machine.succeed("systemctl list-jobs --no-legend slow.service | grep stop")
    post_alert("UnitFailed", unit="slow.service")
    wait_for("held for the stop", lambda: told("slow.service", "stop_queued"))
    machine.succeed("touch /run/may-stop")
    incident = wait_for("held for a clean stop", lambda: told("slow.service", "stopped_on_purpose"))
    machine.require_unit_state("slow.service", "inactive")
    t.assertEqual(incident["actions"], 0)

with subtest("a stop that ends while the remediator looks is not turned round"):
    # Prometheus is asked for seconds; the unit was seen active before, and is stopped meanwhile.
    witness, unit = args["units"]["prometheus"], "wished.service"
    before = starts(unit)
    machine.succeed(f"systemctl kill --signal=SIGSTOP {witness}")
    post_alert("AppDown", unit=unit)
    machine.succeed(f"systemctl stop {unit}")
    incident = wait_for("held for the stop", lambda: told(unit, "stopped_on_purpose"))
    machine.succeed(f"systemctl kill --signal=SIGCONT {witness}")
    kinds = [event["kind"] for event in incident["events"]]
    t.assertIn("intent", kinds, "the stop came before the decision: nothing was tried")
    ended = incident["events"][kinds.index("job_ended")]
    t.assertIn("The unit is on its way to another state.", ended["text"])
    machine.require_unit_state(unit, "inactive")
    t.assertEqual(starts(unit), before)
    t.assertEqual(metric("budget_remaining"), 3, "what made no job costs nothing")

with subtest("a stop that was over before the alert came is respected, though the ladder could start the unit"):
    machine.succeed("systemctl stop halted.service")
    machine.require_unit_state("halted.service", "inactive")
    post_alert("AppDown", unit="halted.service")
    incident = wait_for("held for the stop", lambda: told("halted.service", "stopped_on_purpose"))
    machine.require_unit_state("halted.service", "inactive")
    t.assertEqual((incident["actions"], starts("halted.service")), (0, 1))

with subtest("a stop is respected though the program made a failure of it"):
    machine.succeed("systemctl stop exits.service")
    machine.require_unit_state("exits.service", "failed")
    post_alert("UnitFailed", unit="exits.service")
    wait_for("held for the stop", lambda: told("exits.service", "stopped_on_purpose"))
    machine.require_unit_state("exits.service", "failed")
    t.assertEqual(starts("exits.service"), 1)

with subtest("a switch to a new configuration goes first"):
    # What nixos-rebuild does for as long as it switches. Elsewhere than on NixOS nobody ever made the folder.
    lock = "/run/nixos/switch-to-configuration.lock"
    machine.succeed(f"mkdir -p /run/nixos; flock --no-fork {lock} sleep 600 > /dev/null 2>&1 & echo $! > /run/switch.pid")
    machine.wait_until_fails(f"flock --nonblock {lock} true")
    crash("switched.service")
    incident = wait_for("held for the switch", lambda: told("switched.service", "switch_running"))
    t.assertEqual((incident["phase"], incident["actions"]), ("holding", 0))
    wait_for("it is counted", lambda: metric('decisions_total{decision="hold",reason="switch_running"}') >= 1)
    machine.fail("systemctl is-active switched.service")
    machine.succeed("kill $(cat /run/switch.pid)")
    wait_for("fixed when it is over", lambda: newest("switched.service")["end"] == "fixed", timeout=60)
    t.assertEqual(newest("switched.service")["actions"], 1)
    machine.succeed("systemctl is-active switched.service")

with subtest("one action is allowed, then the cool-down holds"):
    crash("acted.service")
    wait_for("fixed", lambda: (i := newest("acted.service")) and i["end"] == "fixed", timeout=60)
    crash("acted.service")
    incident = wait_for("held for the cool-down", lambda: told("acted.service", "cooldown"))
    t.assertEqual(incident["actions"], 0)
    machine.fail("systemctl is-active acted.service")

with subtest("the host-wide budget"):
    crash("other.service")
    wait_for("fixed", lambda: newest("other.service")["end"] == "fixed", timeout=60)
    t.assertEqual(metric("budget_remaining"), 0)
    crash("spent.service")
    incident = wait_for("no budget", lambda: told("spent.service", "budget_spent"))
    t.assertEqual((incident["actions"], incident["phase"]), (0, "paged"))
    machine.fail("systemctl is-active spent.service")
    machine.succeed("systemctl start spent.service")

with subtest("polkit refuses the remediator's user everything that is not in the rules"):
    manager = "org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager"
    user = f"runuser -u {args['users']['remediator']} -- busctl --system call {manager}"
    own = args["units"]["api"]
    # The one permitted call goes through: the refusals below are polkit's, not a broken bus.
    machine.succeed(f"{user} TryRestartUnit ss {own} fail")
    for call in [
        f"RestartUnit ss {own} fail",
        f"ReloadOrRestartUnit ss {own} fail",
        f"ReloadOrTryRestartUnit ss {own} fail",
        f"RestartUnit ss {args['units']['prometheus']} fail",
        f"RestartUnit ss {args['units']['dbus']} fail",
        "RestartUnit ss ssh.service fail",
        f"StopUnit ss {own} fail",
        f"KillUnit ssi {own} all 9",
        "StartTransientUnit ssa(sv)a(sa(sv)) x.service fail 0 0",
        "Reload",
        "Reboot",
    ]:
        status, _ = machine.execute(f"{user} {call} 2> /run/denial")
        denial = machine.succeed("cat /run/denial")
        t.assertNotEqual(status, 0, call)
        t.assertRegex(denial, "Access denied|authentication required|not found", call)
