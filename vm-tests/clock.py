# The wall clock steps, in a running boot and between two: what counts ages goes by the boot's own clock, nothing young is
# forgotten, and people go on hearing. No other machine may have its clock set, for it would be its host's.
HOUR = 3600
YEAR = 365 * 24 * HOUR
own = args["units"]["remediator"]
steps = 0


def now():
    """The machine's wall clock, in seconds."""
    return float(machine.succeed("date +%s.%N"))


def step(seconds):
    """Sets the machine's clock by so much."""
    machine.fail("systemd-detect-virt --quiet --container")
    machine.succeed(f"date --set=@$(( $(date +%s) + {seconds} ))")


def page():
    """What Alertmanager holds of the page: (unit, since when, until when)."""
    held = get(f"{alertmanager}/api/v2/alerts?filter=alertname=RemediationExhausted")
    return [
        (a["labels"]["unit"], in_seconds(a["startsAt"]), in_seconds(a["endsAt"])) for a in held if a["status"]["state"] == "active"
    ]


def people_hear_of_prometheus():
    """After a clock that stood ahead Prometheus takes no samples, and only this alert can fire."""
    wait_for("people hear that Prometheus is blind", lambda: "firing" in [s for s, _ in pages("PrometheusWithoutData")], timeout=180)


def await_remediator():
    """Waits until it answers."""
    machine.wait_until_succeeds(f"curl -fsS {remediator}/health", timeout=60)


def budget_holds():
    """Two actions were spent, and the third unit is not acted on."""
    t.assertEqual(metric("budget_remaining"), 0)
    t.assertEqual(starts("third.service"), 1, "restarted over the budget")
    t.assertEqual(newest("third.service")["state"], "open")


def cooldown_holds():
    """What is posted about a unit that was just restarted is held."""
    global steps
    steps += 1
    post_alert("AppDown", unit="first.service", step=str(steps))

    def looked_at():
        """Whether the newest alert was looked at, and all those of before are there."""
        alerts = newest("first.service")["alerts"]
        return len(alerts) == steps and "unasked" not in [alert["kind"] for alert in alerts]

    wait_for("it is looked at", looked_at)
    t.assertEqual(newest("first.service")["reason"], "cooldown")
    t.assertEqual(starts("first.service"), 2)


def history_holds():
    """Nothing is deleted that is some minutes old."""
    ends = {i["unit"]: i["end"] for i in incidents() if i["state"] == "closed"}
    t.assertEqual((ends.get("first.service"), ends.get("second.service")), ("fixed", "fixed"))


def page_stands():
    """Alertmanager holds the page, which has begun and not ended."""
    wait_for("the page stands", lambda: {unit for unit, since, until in page() if since <= now() < until} >= {"gone.service"}, timeout=40)


machine.start(allow_reboot=True)
wait_for_stack()

with subtest("two restarts spend the budget, a third unit is left alone, and a page stands"):
    for unit in ["first.service", "second.service"]:
        post_alert("AppDown", unit=unit)
        wait_for("the incident is over", lambda: newest(unit) and newest(unit)["state"] == "closed", timeout=200)
        t.assertEqual(newest(unit)["end"], "fixed", story(newest(unit)))
    machine.succeed("ln -sf /dev/null /etc/systemd/system/gone.service; systemctl daemon-reload")
    post_alert("AppDown", unit="gone.service")
    post_alert("AppDown", unit="third.service")
    wait_for("left alone for the budget", lambda: told("third.service", "budget_spent"))
    page_stands()
    budget_holds()
    cooldown_holds()

for title, seconds in [("two hours on", 2 * HOUR), ("an hour back", -HOUR), ("a year on", YEAR), ("a year back", -YEAR)]:
    with subtest(f"{title}, in a running boot"):
        step(seconds)
        budget_holds()
        cooldown_holds()
        history_holds()
        page_stands()
    with subtest(f"{title}, and the remediator starts"):
        machine.succeed(f"systemctl restart {own}")
        await_remediator()
        budget_holds()
        cooldown_holds()
        history_holds()
        page_stands()

with subtest("people hear that Prometheus is blind since the clock stood ahead"):
    people_hear_of_prometheus()

# The clock of the hardware is set too, and the next boot begins with it.
for title, seconds in [("a year ahead", YEAR), ("a year behind", -2 * YEAR)]:
    with subtest(f"a boot whose clock is {title}"):
        begun = now() + seconds
        machine.succeed(f"timedatectl set-time \"$(date --date=@{int(begun)} '+%F %T')\"")
        machine.reboot()
        machine.wait_until_succeeds(f"curl -fsS {remediator}/health")
        # systemd sets a clock that stands before its own release to that day.
        t.assertLess(abs(now() - begun), YEAR / 2, "the clock of the hardware was not set")
        history_holds()
        page_stands()
        t.assertEqual(metric("budget_remaining"), 0)
        for unit in ["first.service", "second.service", "third.service"]:
            t.assertEqual(starts(unit), 1, f"{unit}: this boot started it, and nobody else")
