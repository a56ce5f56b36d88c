# What only a kernel of the machine's own can show: memory that runs out, accounting, the network's filters and faults, a
# real reboot and a soft one in the midst of a remedy.
import urllib.parse


def cgroup(unit, file):
    """A number from a unit's control group; the one of a key where the file has keys."""
    name, _, key = file.partition(":")
    lines = machine.succeed(f"cat /sys/fs/cgroup/system.slice/{unit}/{name}").split("\n")
    return int(next(line for line in lines if line.startswith(key)).split()[-1])


def healed(unit, after):
    """The unit's incident once it is over; it must have been healed."""
    incident = wait_for("the incident is over", lambda: (i := newest(unit)) and i["id"] > after and i["state"] == "closed" and i, timeout=240)
    t.assertEqual(incident["end"], "fixed", story(incident))
    return story(incident)


def value(query):
    """The one value that Prometheus has for a query."""
    answer = get(f"{prometheus}/api/v1/query?query={urllib.parse.quote(query)}")
    [series] = answer["data"]["result"]
    return float(series["value"][1])


machine.start(allow_reboot=True)
wait_for_stack()

with subtest("the journal begins with the kernel's first line, and our units are locked down"):
    t.assertIn("Linux version", machine.succeed("journalctl -q -b -o cat | head -n 1"))
    for unit in ["api", "remediator", "traffic", "sink"]:
        machine.succeed(f"systemd-analyze security --no-pager --threshold=15 {args['units'][unit]}")

with subtest("the whole machine is out of memory: the greedy goes, the stack stays, and the greedy is healed"):
    before = {unit: invocation(unit) for unit in args["active"]}
    after = last_id("greedy.service")
    # One read takes no more than two gigabytes, so that something is taken before.
    machine.succeed("head -c 1400M /dev/zero > /dev/shm/ballast; touch /run/may-eat-all")
    machine.wait_until_succeeds("journalctl -q -k -b | grep 'Out of memory'")
    machine.succeed("rm /dev/shm/ballast")
    incident = healed("greedy.service", after)
    t.assertIn("oom-kill", " ".join(event["text"] for event in incident["events"]))
    t.assertEqual({unit: invocation(unit) for unit in args["active"]}, before, "none of ours was restarted")

with subtest("MemoryHigh slows a unit down, and is not taken for a fault"):
    machine.succeed("systemctl start squeezed.service")
    wait_for("the kernel holds it back", lambda: cgroup("squeezed.service", "memory.events:high") > 0)
    machine.require_unit_state("squeezed.service")
    t.assertIsNone(newest("squeezed.service"))
    machine.succeed("systemctl stop squeezed.service")

with subtest("what the dashboards show of a unit is what the kernel accounts"):
    for unit in [args["units"]["prometheus"], args["units"]["api"]]:
        shown = f'namedprocess_namegroup_cpu_seconds_total{{groupname="{unit}"}}'
        wait_for("it is scraped", lambda: get(f"{prometheus}/api/v1/query?query=namedprocess_namegroup_num_procs")["data"]["result"])
        used = int(machine.get_unit_property(unit, "CPUUsageNSec")) / 1e9
        # The exporter does not see what a process used before its first look, nor the unit's helpers that have ended.
        t.assertLessEqual(value(f"sum({shown})"), used * 1.05 + 1)
        t.assertGreaterEqual(value(f"sum({shown})"), used / 3)
        resident = value(f'namedprocess_namegroup_memory_bytes{{groupname="{unit}",memtype="resident"}}')
        anonymous = cgroup(unit, "memory.stat:anon ")
        t.assertGreaterEqual(resident * 1.05, anonymous, "resident is what is anonymous, and shared files besides")

with subtest("a frozen unit is not restarted"):
    machine.succeed("systemctl freeze frozen.service")
    post_alert("AppDown", unit="frozen.service")
    wait_for("held", lambda: told("frozen.service", "frozen"))
    t.assertEqual(starts("frozen.service"), 1)
    machine.succeed("systemctl thaw frozen.service")

with subtest("our units reach nothing beyond loopback, though the host does"):
    machine.succeed("ip link add beyond type dummy; ip address add 192.0.2.1/24 dev beyond; ip link set beyond up")
    machine.succeed("systemd-run --quiet --unit=beyond systemd-socket-activate --accept --listen=192.0.2.1:7000 cat")
    reach = "exec 3<>/dev/tcp/192.0.2.1/7000"
    machine.wait_until_succeeds(f"timeout 5 bash -c '{reach}'")
    for unit in ["api", "remediator", "traffic", "sink"]:
        # Who stands in the unit's control group is under its filter.
        inside = f"echo $$ > /sys/fs/cgroup/system.slice/{args['units'][unit]}/cgroup.procs; {reach}"
        machine.fail(f"timeout 5 bash -c '{inside}'")
        machine.succeed(f"timeout 5 bash -c '{inside.replace('192.0.2.1/7000', '127.0.0.1/' + str(args['ports']['remediator']))}'")

def bad_network(port, fault):
    """From now on what goes to a port is late or lost; band 4 of the queue takes it."""
    machine.succeed(
        "tc qdisc add dev lo root handle 1: prio bands 4",
        f"tc qdisc add dev lo parent 1:4 handle 40: netem {fault}",
        f"tc filter add dev lo parent 1: protocol ip u32 match ip protocol 6 0xff match ip dport {port} 0xffff flowid 1:4",
    )


def nothing_is_called_a_cure(alert, after):
    """Restarts heal no network: a person is called, and no verdict says that it is fixed. When the network is well, the
    incident ends."""
    unit = args["units"]["api"]
    incident = wait_for(
        "a person is called", lambda: (i := newest(unit)) and i["id"] > after and i["phase"] == "paged" and story(i), timeout=600
    )
    t.assertIn(alert, [a["name"] for a in incident["alerts"]])
    verdicts = [event["text"] for event in incident["events"] if event["kind"] == "verdict"]
    t.assertGreater(len(verdicts), 0, incident)
    for verdict in verdicts:
        t.assertNotIn("is fixed", verdict)
    machine.succeed("tc qdisc del dev lo root")
    closed = wait_for("it is over", lambda: (i := newest(unit))["state"] == "closed" and i, timeout=300)
    t.assertEqual((closed["id"], closed["end"]), (incident["id"], "paged"))


with subtest("a slow network between the probe and the app is no fault of the app"):
    after = last_id(args["units"]["api"])
    bad_network(args["ports"]["api"], "delay 300ms loss 20%")
    probe = 'max(probe_duration_seconds{job="probe/homeostat-api"})'
    wait_for("the probe is slow", lambda: value(probe) > 0.5, timeout=300)
    t.assertEqual([i["end"] for i in incidents(args["units"]["api"]) if i["id"] > after and i["end"] == "fixed"], [])
    machine.succeed("tc qdisc del dev lo root")

with subtest("no network to the app: no restart is called a cure"):
    after = last_id(args["units"]["api"])
    bad_network(args["ports"]["api"], "loss 100%")
    nothing_is_called_a_cure("AppDown", after)

with subtest("a slow network from the app to its database: no restart is called a cure, by the rate of slow requests"):
    after = last_id(args["units"]["api"])
    bad_network(args["databasePort"], "delay 700ms loss 20%")
    nothing_is_called_a_cure("HighLatency", after)


def action_under_way():
    """Posts an alert that is answered by a restart, and waits until systemd is at it."""
    before = last_id("slow.service")
    post_alert("AppDown", unit="slow.service", at=machine.succeed("date +%s%N").strip())
    wait_for("the intent", lambda: (i := newest("slow.service")) and i["id"] > before and i["phase"] == "acting")
    machine.wait_until_succeeds("systemctl list-jobs --no-legend slow.service | grep .")


def decided_once():
    """The incident of the interrupted action is over, and nothing was done twice."""
    machine.wait_until_succeeds(f"curl -fsS {remediator}/health")
    incident = wait_for("the incident is over", lambda: (i := newest("slow.service"))["state"] == "closed" and story(i), timeout=240)
    t.assertEqual(incident["actions"], 1, incident)
    return " ".join(event["text"] for event in incident["events"])


def all_stopped_in_time():
    """No unit of ours had to be killed at the end of the boot before."""
    late = "journalctl -q -b -1 -u 'homeostat-*' -g 'timed out|Killing'"
    t.assertEqual(machine.succeed(f"{late} || true"), "")


with subtest("a reboot in the midst of a remedy"):
    action_under_way()
    machine.reboot()
    wait_for_stack()
    decided_once()
    t.assertEqual(starts("slow.service"), 1, "this boot started it, and nobody else")
    all_stopped_in_time()

with subtest("systemd's soft reboot in the midst of a remedy"):
    action_under_way()
    machine.succeed("systemctl --no-block soft-reboot")
    machine.connected = False
    wait_for_stack()
    decided_once()

with subtest("switched off in good order"):
    machine.shutdown()
    machine.start(allow_reboot=True)
    # The file system was left in order.
    t.assertEqual(machine.succeed("journalctl -q -k -b -g 'recovery (required|complete)' || true"), "")
    all_stopped_in_time()
