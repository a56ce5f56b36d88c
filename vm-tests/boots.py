# With a kernel of its own: a unit that the kernel ends for its memory is healed, and a power cut in the midst of a remedy
# loses nothing and repeats nothing. The long tests of the kind are kernel, power, clock and disks.

wait_for_stack()

with subtest("ended by the kernel for its memory, and healed"):
    unit = "hungry.service"
    before = starts(unit)
    machine.succeed("touch /run/may-eat")
    incident = wait_for("the incident is over", lambda: (i := newest(unit)) and i["state"] == "closed" and story(i))
    t.assertEqual((incident["end"], incident["actions"]), ("fixed", 1), incident)
    t.assertEqual(starts(unit) - before, 1)
    t.assertIn("oom-kill", machine.succeed(f"journalctl -q -u {unit}"))
    # And the person who reads the incident learns why.
    t.assertIn("oom-kill", " ".join(event["text"] for event in incident["events"]))

with subtest("the power is cut while a restart is under way"):
    unit = "slow.service"
    post_alert("AppDown", unit=unit)
    wait_for("the intent", lambda: (i := newest(unit)) and i["phase"] == "acting")
    machine.wait_until_succeeds(f"systemctl list-jobs --no-legend {unit} | grep .")
    boot = machine.succeed("cat /proc/sys/kernel/random/boot_id")
    machine.crash()
    wait_for_stack()
    t.assertNotEqual(machine.succeed("cat /proc/sys/kernel/random/boot_id"), boot)
    [incident] = incidents(unit)
    closed = wait_for("the incident is over", lambda: (i := newest(unit))["state"] == "closed" and story(i))
    t.assertEqual((closed["id"], closed["actions"]), (incident["id"], 1), closed)
    t.assertIn("The host booted before it ended", " ".join(event["text"] for event in closed["events"]))
    t.assertEqual(starts(unit), 1, "this boot started it, and nobody else")
    # Or the end of the machine would wait for it.
    machine.succeed("touch /run/may-stop")
