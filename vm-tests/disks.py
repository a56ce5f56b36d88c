# The disk under the log of events fails in each way that a disk can: nothing is acknowledged, nothing is done, people
# hear, the metrics are served; and it goes on when the disk does.

own = args["units"]["remediator"]
folder = args["folder"]
unit = "victim.service"
mount = f"mount -o errors=remount-ro /dev/mapper/state {folder}"
# The kernel's device mapper stands between the file system and the disk, and fails when it is told to.



def put(table):
    """Has the disk behave so from now on."""
    machine.succeed(f"dmsetup suspend --noflush --nolockfs state; dmsetup reload state --table '0 {sectors} {table}'; dmsetup resume state")


def await_store():
    """Waits until the remediator takes alerts."""
    machine.wait_until_succeeds(f"curl -fsS {remediator}/health", timeout=90)
    wait_for("the store is well", lambda: metric("store_healthy") == 1, timeout=90)


def post():
    """Posts an alert about the unit: the status of the answer, or 0 where none came in time."""
    body = json.dumps({"alerts": [{"status": "firing", "labels": {"alertname": "UnitFailed", "unit": unit}}]})
    code = machine.execute(
        f'curl -sS -o /dev/null -w "%{{http_code}}" --max-time 10 -H "Authorization: Bearer $(cat {args["alertmanagerToken"]})" '
        f"--data-binary {shlex.quote(body)} {remediator}/webhook"
    )[1]
    return int(code or 0)


def mount_again():
    """What a person does about a file system that has given up."""
    machine.succeed(f"systemctl stop {own}; umount {folder}; fsck.ext4 -p /dev/mapper/state || test $? -le 1; {mount}; systemctl start {own}")


def nothing_is_done(before):
    """Nothing is acknowledged, nothing is started, and the metrics are served."""
    t.assertIn(post(), (0, 503))
    t.assertEqual(starts(unit), before, "something was done without a log")
    machine.succeed(f"curl -fsS --max-time 5 {remediator}/metrics")


def people_hear(after):
    """RemediatorCannotAct reaches people."""
    wait_for("people hear", lambda: len([s for s, _ in pages("RemediatorCannotAct") if s == "firing"]) > after, timeout=200)


def heard_before():
    """How often people heard so far that the remediator cannot act."""
    return len([s for s, _ in pages("RemediatorCannotAct") if s == "firing"])


def it_goes_on(before):
    """The disk is well again: the failed unit is started, once."""
    await_store()
    wait_for("the unit is healed", lambda: machine.execute(f"systemctl is-active {unit}")[0] == 0, timeout=200)
    t.assertEqual(starts(unit), before + 1)
    wait_for("the incident is over", lambda: newest(unit)["state"] == "closed", timeout=200)
    wait_for("people hear of the end", lambda: pages("RemediatorCannotAct")[-1][0] == "resolved", timeout=200)


wait_for_stack()
with subtest("the log of events moves to a disk of its own"):
    machine.succeed(f"systemctl stop {own}")
    sectors = machine.succeed("blockdev --getsz /dev/vdb").strip()
    machine.succeed(
        "modprobe dm-mod; modprobe dm-flakey",
        "mkfs.ext4 -q /dev/vdb",
        f"dmsetup create state --table '0 {sectors} linear /dev/vdb 0'",
        f"{mount} && chown {args['user']}: {folder}",
        f"systemctl start {own}",
    )
    await_store()
    t.assertIn("/dev/mapper/state", machine.succeed(f"findmnt --target {folder}/events.db"))

with subtest("the file system is full"):
    heard, before = heard_before(), starts(unit)
    machine.succeed(f"dd if=/dev/zero of={folder}/ballast bs=1M 2> /dev/null || true")
    machine.succeed(f"systemctl kill --signal=SIGKILL {unit}")
    # What is in the file already may still take a few rows.
    wait_for("the store is full", lambda: post() in (0, 503), timeout=120)
    before = starts(unit) if machine.execute(f"systemctl is-active {unit}")[0] == 0 else before
    nothing_is_done(before)
    people_hear(heard)
    machine.succeed(f"rm {folder}/ballast")
    it_goes_on(before)

with subtest("the file system is read-only"):
    heard, before = heard_before(), starts(unit)
    # As after an error that the file system has found.
    machine.succeed("echo 1 > /sys/fs/ext4/$(basename $(readlink -f /dev/mapper/state))/trigger_fs_error")
    machine.succeed(f"systemctl kill --signal=SIGKILL {unit}")
    wait_for("it is noticed", lambda: post() in (0, 503), timeout=60)
    nothing_is_done(before)
    people_hear(heard)
    mount_again()
    it_goes_on(before)

with subtest("every write fails, and so does the flush"):
    heard, before = heard_before(), starts(unit)
    put("flakey /dev/vdb 0 0 3600 1 error_writes")
    machine.succeed(f"systemctl kill --signal=SIGKILL {unit}")
    wait_for("it is noticed", lambda: post() in (0, 503), timeout=60)
    nothing_is_done(before)
    people_hear(heard)
    put("linear /dev/vdb 0")
    mount_again()
    it_goes_on(before)

with subtest("every write hangs"):
    heard, before = heard_before(), starts(unit)
    machine.succeed("dmsetup suspend --noflush --nolockfs state")
    machine.succeed(f"systemctl kill --signal=SIGKILL {unit}")
    nothing_is_done(before)
    wait_for("it is noticed", lambda: metric("store_healthy") == 0, timeout=60)
    people_hear(heard)
    machine.succeed("dmsetup resume state")
    it_goes_on(before)
