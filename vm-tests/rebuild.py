# A switch to a new generation while an incident is open, and back again. NixOS only: Debian has no generations.

own = args["units"]["remediator"]
wait_for_stack()


def under_care():
    """The units that the running remediator may touch, from its own configuration."""
    return sorted(json.loads(machine.succeed(f"cat {args['paths']['config']}/remediator.json"))["units"])


def switch(generation):
    """Activates a generation; the remediator's configuration differs, so it is restarted by it."""
    before = invocation(own)
    # 4 says that some unit is in the failed state, which the one of this test is.
    status, output = machine.execute(f"{generation}/bin/switch-to-configuration test 2>&1")
    t.assertIn(status, [0, 4], output)
    t.assertNotEqual(invocation(own), before, output)
    machine.wait_until_succeeds(f"curl -fsS {remediator}/health")
    wait_for("every target is up", all_targets_up)


def nothing_lost():
    """The incident, its page and all that was done are as they were, and no unit was touched."""
    incident = newest("broken.service")
    t.assertEqual((incident["id"], incident["phase"], incident["actions"]), kept, story(incident))
    t.assertEqual([i["id"] for i in incidents()], known)
    t.assertEqual([invocation(unit) for unit in bystanders], lived)
    wait_for("the page is posted again", lambda: metric("pages_active") == 1)
    t.assertEqual([status for status, _ in pages("RemediationExhausted")], ["firing"])


def stored(query):
    """One number from the remediator's database."""
    database = f"{args['paths']['remediatorState']}/events.db"
    return int(machine.succeed(f"sqlite3 -readonly -cmd '.timeout 10000' {database} {shlex.quote(query)}"))


with subtest("an incident that a person is called for"):
    machine.succeed("systemctl start broken.service")
    paged = wait_for("a person is called", lambda: (i := newest("broken.service")) and i["phase"] == "paged" and i)
    wait_for("the page arrives", lambda: pages("RemediationExhausted"), timeout=60)
    kept = (paged["id"], paged["phase"], paged["actions"])
    known = [i["id"] for i in incidents()]
    bystanders = ["victim.service", "added.service"]
    lived = [invocation(unit) for unit in bystanders]

with subtest("a new generation, with one more unit under care"):
    t.assertNotIn("added.service", under_care())
    switch("/run/booted-system/specialisation/next")
    t.assertIn("added.service", under_care())
    nothing_lost()

with subtest("the new unit is healed"):
    machine.succeed("systemctl kill --signal=SIGKILL added.service")
    wait_for("fixed", lambda: (i := newest("added.service")) and i["end"] == "fixed", timeout=120)
    known = [i["id"] for i in incidents()]
    lived = [invocation(unit) for unit in bystanders]

with subtest("rolled back, with a store that a newer version has grown"):
    t.assertNotEqual(stored("SELECT count(*) FROM events WHERE colour = 'blue'"), 0)
    switch("/run/booted-system")
    t.assertNotIn("added.service", under_care())
    nothing_lost()

with subtest("while a switch runs, nothing is remedied"):
    # Held as switch-to-configuration holds it, which refuses to run beside another.
    lock = "/run/nixos/switch-to-configuration.lock"
    machine.succeed(f"systemd-run --unit=switching --service-type=exec flock --exclusive --nonblock {lock} sleep infinity")
    machine.wait_until_fails(f"flock --exclusive --nonblock {lock} true")
    status, output = machine.execute("/run/booted-system/bin/switch-to-configuration test 2>&1")
    t.assertNotIn(status, [0, 4], output)
    machine.succeed("systemctl kill --signal=SIGKILL victim.service")
    held = wait_for("held", lambda: (i := newest("victim.service")) and i["reason"] == "switch_running" and i, timeout=60)
    t.assertEqual((held["state"], held["actions"]), ("open", 0), story(held))
    machine.fail("systemctl is-active victim.service")

with subtest("and when it is over, all is"):
    machine.succeed("systemctl stop switching.service")
    healed = wait_for("fixed", lambda: (i := newest("victim.service")) and i["end"] == "fixed" and i, timeout=120)
    t.assertEqual((healed["id"], healed["actions"]), (held["id"], 1), story(healed))

with subtest("what is no longer under care is left alone, and the rest heals on"):
    machine.succeed("systemctl kill --signal=SIGKILL victim.service added.service")
    wait_for("fixed", lambda: (i := newest("victim.service"))["id"] != healed["id"] and i["end"] == "fixed", timeout=120)
    machine.fail("systemctl is-active added.service")
