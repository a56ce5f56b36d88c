"""What `./dev bench` measures of the remediator. Each part adds its figures; a part that needs an empty event log makes one."""

import contextlib
import json
import math
import pathlib
import shlex
import time

from bench_figures import Figures

MEBIBYTE = 1024
IDLE_SECONDS = 60
# Rounds over all victims: more than 100 actions each way.
ROUNDS = 6
# Seconds between two posts when actions do not overlap.
APART = 0.25
CONNECTIONS = (4, 8, 16, 32)


class Remediator:
    """The remediator of a machine as the bench needs it: its service, its posts, its log."""

    def __init__(self, machine, args: dict):
        self.machine, self.args = machine, args
        self.unit = args["units"]["remediator"]
        self.url = f"http://127.0.0.1:{args['ports']['remediator']}"
        self.log = f"{args['remediatorState']}/events.db"

    def property(self, name: str) -> int:
        """A number that systemd knows of the service."""
        return int(self.machine.succeed(f"systemctl show --value --property={name} {self.unit}"))

    def restart(self, empty: bool = False) -> float:
        """Starts it again, on an empty log if asked; returns the milliseconds from its start to READY."""
        wipe = f"rm --force {self.log} {self.log}-wal {self.log}-shm" if empty else "true"
        self.machine.succeed(f"systemctl stop {self.unit}; {wipe}; systemctl start {self.unit}")
        self.machine.wait_until_succeeds(f"curl --fail --silent {self.url}/health", timeout=30)
        return (self.property("ActiveEnterTimestampMonotonic") - self.property("ExecMainStartTimestampMonotonic")) / 1000

    @contextlib.contextmanager
    def undisturbed(self):
        """What is measured meanwhile is void when the service ended in between, for it starts again by itself."""
        show = f"systemctl show --value --property=InvocationID {self.unit}"
        before = self.machine.succeed(show)
        yield
        if self.machine.succeed(show) != before:
            raise RuntimeError(f"{self.unit} ended during a measurement; its journal says why")

    def memory(self, key: str) -> float:
        """VmRSS or VmHWM of proc(5), in MiB."""
        status = self.machine.succeed(f"cat /proc/{self.property('MainPID')}/status")
        lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        return int(lines[key].split()[0]) / MEBIBYTE

    def post(self, *, rate: float, alerts: int, seconds: int, connections: int = 32, resend: bool = False,
             path: str = "/webhook", base: str | None = None, about: tuple[str, str] | None = None) -> dict:  # fmt: skip
        """The report of a `homeostat load webhook` run, with `generator_cpu`: its own seconds of processor time."""
        call = ["homeostat", "load", "webhook", "--url", (base or self.url) + path, "--token-file", self.args["alertmanagerToken"],
                "--posts-per-second", str(rate), "--alerts-per-post", str(alerts), "--seconds", str(seconds),
                "--connections", str(connections), *(["--resend"] if resend else []), *(["--alertname", about[0], "--unit", about[1]] if about else [])]  # fmt: skip
        # A run in which nothing was accepted ends with 1, and that is what the ceiling asks for.
        script = f"TIMEFORMAT='%U %S'; {{ time {{ {shlex.join(call)} 2> /dev/null || [ $? = 1 ]; }}; }} 2>&1"
        with self.undisturbed():
            report, used = self.machine.succeed(script).strip().splitlines()
        return {**json.loads(report), "generator_cpu": sum(map(float, used.split()))}

    def metrics(self) -> dict[str, float]:
        """Every series of /metrics by its name and labels."""
        lines = self.machine.succeed(f"curl --fail --silent {self.url}/metrics").splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def flush(remediator: Remediator, count: int = 1000) -> dict:
    """The disk's own flush time where the event log is."""
    folder = remediator.args["remediatorState"]
    return json.loads(remediator.machine.succeed(f"homeostat load flush --directory {folder} --count {count}"))


def idle(remediator: Remediator, figures: Figures) -> None:
    """Start, memory and processor time with nothing to do, while the whole stack watches it."""
    figures.add("start to READY, empty log", remediator.restart(empty=True), "ms", ("<=", 200))
    before = remediator.property("CPUUsageNSec")
    with remediator.undisturbed():
        time.sleep(IDLE_SECONDS)
    used = remediator.property("CPUUsageNSec") - before
    figures.add(f"processor time, idle, over {IDLE_SECONDS} s", used / IDLE_SECONDS / 1e9 * 100, "% of a core", ("<", 0.2))
    figures.add("memory (VmRSS), idle, empty log", remediator.memory("VmRSS"), "MiB", ("<=", 24))


def acknowledgement(remediator: Remediator, figures: Figures) -> None:
    """How long a durable answer takes, beside the flush time of the same minute."""
    remediator.restart(empty=True)
    before = flush(remediator)
    report = remediator.post(rate=500, alerts=1, seconds=20)
    after = flush(remediator)
    # The same without a write: what the generator, HTTP and waking sleepers take of it.
    resent = remediator.post(rate=500, alerts=1, seconds=5, resend=True)
    disk = (before["p50_ms"] + after["p50_ms"]) / 2
    figures.add("disk: 4 KiB + fdatasync, p50, before", before["p50_ms"], "ms")
    figures.add("disk: 4 KiB + fdatasync, p50, after", after["p50_ms"], "ms")
    figures.add("disk: 4 KiB + fdatasync, p99, the worse", max(before["p99_ms"], after["p99_ms"]), "ms")
    failed = sum(report["status"].values()) - report["posts"]
    figures.add("webhook, 500 posts/s of 1 new alert: not accepted", failed, "posts", ("<=", 0))
    figures.add("webhook, 500 posts/s, p50", report["p50_ms"], "ms")
    figures.add("webhook, 500 posts/s, p50 in flushes", report["p50_ms"] / disk, "flushes", ("<=", 2))
    figures.add("webhook, 500 posts/s, p95", report["p95_ms"], "ms")
    figures.add("webhook, 500 posts/s, p99", report["p99_ms"], "ms", ("<=", 15))
    figures.add("webhook, 500 posts/s, re-sent and so without a write, p50", resent["p50_ms"], "ms")


def throughput(remediator: Remediator, figures: Figures) -> None:
    """Alerts per second in posts of 50, each connection posting again once answered. The ceiling is the same posts by the
    same generator to a path that reads them and answers 401: what is left without parsing, deciding and writing."""
    cores = remediator.machine.succeed("nproc").strip()
    for kind, resend, budget in (("new", False, 25_000), ("re-sent", True, 100_000)):
        probes = {}
        for connections in CONNECTIONS:
            remediator.restart(empty=True)
            probe = remediator.post(rate=0, alerts=50, seconds=3, connections=connections, resend=resend)
            probes[connections] = probe["alerts_per_second"]
        best = max(probes, key=probes.get)
        remediator.restart(empty=True)
        before = remediator.property("CPUUsageNSec")
        report = remediator.post(rate=0, alerts=50, seconds=10, connections=best, resend=resend)
        used = remediator.property("CPUUsageNSec") - before
        shape = f"{kind} alerts in posts of 50, {best} connections"
        figures.add(shape, report["alerts_per_second"], "alerts/s", (">=", budget))
        figures.add(f"{kind} alerts: remediator's processor time", used / report["alerts"] / 1000, "us/alert")
        figures.add(f"{kind} alerts: generator's processor time", report["generator_cpu"] / report["alerts"] * 1e6, "us/alert")
        ceiling = remediator.post(rate=0, alerts=50, seconds=5, connections=best, resend=resend, path="/pause")
        rate = sum(ceiling["status"].values()) * 50 / ceiling["seconds"]
        figures.add(f"{kind} alerts: ceiling of generator and HTTP, {cores} cores", rate, "alerts/s")


def siege(remediator: Remediator, figures: Figures) -> None:
    """A durable answer to who has a token, in peace and while 2,000 connections without one besiege the port."""
    shape = {"rate": 50, "alerts": 1, "seconds": 10, "connections": 4}
    remediator.restart(empty=True)
    peace = remediator.post(**shape)
    attack = f"ulimit -n 8192; exec homeostat load siege --url {remediator.url} --seconds 30"
    remediator.machine.succeed(f"systemd-run --quiet --collect --unit=siege sh -c {shlex.quote(attack)}")
    name = "homeostat_remediator_connections_crowded_out_total"
    remediator.machine.retry("all places are taken", lambda: remediator.metrics()[name] > 1000, 30)
    war = remediator.post(**shape)
    remediator.machine.succeed("systemctl is-active siege.service; systemctl stop siege.service")
    for when, report in (("in peace", peace), ("besieged", war)):
        failed = sum(report["status"].values()) - report["posts"]
        figures.add(f"webhook, 50 posts/s, {when}: not accepted", failed, "posts", ("<=", 0))
        figures.add(f"webhook, 50 posts/s, {when}, p50", report["p50_ms"], "ms")
        figures.add(f"webhook, 50 posts/s, {when}, p99", report["p99_ms"], "ms")
    figures.add("webhook, besieged, p50 over that in peace", war["p50_ms"] / peace["p50_ms"], "times")
    figures.add("memory (VmHWM), besieged", remediator.memory("VmHWM"), "MiB", ("<=", 40))


def bot(remediator: Remediator, figures: Figures) -> None:
    """A restart bot of the usual kind (bench_bot.py), which keeps nothing, beside ours, which answers when all is on disk."""
    machine, port = remediator.machine, 5080
    machine.copy_from_host(str(pathlib.Path(__file__).with_name("bench_bot.py")), "/run/bench_bot.py")
    machine.succeed(f"systemd-run --quiet --collect --unit=bot python3 /run/bench_bot.py {port}")
    machine.wait_for_open_port(port, "127.0.0.1", timeout=30)
    pid = machine.succeed("systemctl show --value -p MainPID bot.service").strip()
    for whose, url in (("a Flask bot", f"http://127.0.0.1:{port}"), ("the remediator", remediator.url)):
        remediator.restart(empty=True)
        steady = remediator.post(rate=200, alerts=1, seconds=10, base=url)
        most = remediator.post(rate=0, alerts=50, seconds=5, connections=8, base=url)
        figures.add(f"{whose}: 200 posts/s, p50", steady["p50_ms"], "ms")
        figures.add(f"{whose}: 200 posts/s, p99", steady["p99_ms"], "ms")
        figures.add(f"{whose}: alerts in posts of 50", most["alerts_per_second"], "alerts/s")
    status = machine.succeed(f"sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\) kB/\\1/p' /proc/{pid}/status")
    figures.add("a Flask bot: memory (VmHWM)", int(status) / MEBIBYTE, "MiB")
    figures.add("the remediator: memory (VmHWM)", remediator.memory("VmHWM"), "MiB")
    machine.succeed("systemctl stop bot.service")


def memory(remediator: Remediator, figures: Figures) -> None:
    """Memory and start with a log that is no longer empty. The alerts have no rule, so each is an incident of its own."""
    remediator.restart(empty=True)
    remediator.post(rate=100, alerts=50, seconds=2)
    figures.add("memory (VmRSS), 10,000 incidents", remediator.memory("VmRSS"), "MiB", ("<=", 24))
    for page in ("/incidents?limit=1000", "/"):
        remediator.machine.succeed(f"curl --fail --silent --output /dev/null '{remediator.url}{page}'")
    listed = remediator.memory("VmRSS")
    figures.add("memory (VmRSS), 10,000 incidents, 1,000 listed and the page", listed, "MiB", ("<=", 24))
    figures.add("memory (VmHWM), the same", remediator.memory("VmHWM"), "MiB")
    figures.add("start to READY, 10,000 incidents", remediator.restart(), "ms", ("<=", 200))
    figures.add("memory (VmRSS), 10,000 incidents, restarted", remediator.memory("VmRSS"), "MiB", ("<=", 24))
    remediator.restart(empty=True)
    remediator.post(rate=80, alerts=50, seconds=10, about=("AppDown", remediator.args["victims"][0]))
    remediator.machine.succeed(f"curl --fail --silent --output /dev/null {remediator.url}/")
    figures.add("memory (VmHWM), 40,000 alerts of one incident, and the page", remediator.memory("VmHWM"), "MiB")
    remediator.restart(empty=True)
    remediator.post(rate=200, alerts=50, seconds=10)
    figures.add("memory (VmRSS), 100,000 events", remediator.memory("VmRSS"), "MiB")
    figures.add("start to READY, 100,000 events", remediator.restart(), "ms", ("<=", 200))
    figures.add("memory (VmRSS), 100,000 events, restarted", remediator.memory("VmRSS"), "MiB")


def actions(remediator: Remediator, figures: Figures) -> None:
    """From the commit of an intent to the call on the bus, over more than 100 restarts of units that live and die at once."""
    units = remediator.args["victims"]
    token = f'"Authorization: Bearer $(cat {remediator.args["alertmanagerToken"]})"'
    posts = []
    for unit in units:
        body = json.dumps({"alerts": [{"status": "firing", "labels": {"alertname": "AppDown", "unit": unit}}]})
        posts.append(f"curl --fail --silent --output /dev/null -H {token} -d {shlex.quote(body)} {remediator.url}/webhook")
    for way, pause in (("one after the other", f"; sleep {APART}; "), (f"{len(units)} at once", "; ")):
        remediator.restart(empty=True)
        with remediator.undisturbed():
            for number in range(1, ROUNDS + 1):
                remediator.machine.succeed(pause.join(posts))
                remediator.machine.retry("every incident is over", lambda: is_quiet(remediator, number * len(units)), 60)
        series = remediator.metrics()
        name = "homeostat_remediator_commit_to_call_seconds"
        done = series['homeostat_remediator_actions_total{result="done",verb="restart"}']
        figures.add(f"actions on units, {way}: done", done, "actions", (">=", 100))
        for percent, budget in ((50, None), (99, ("<=", 20))):
            bound = upper_bound(series, name, percent / 100) * 1000
            figures.add(f"commit to D-Bus call, {way}, p{percent} (its bucket's upper bound)", bound, "ms", budget)
        figures.add(f"commit to D-Bus call, {way}, mean", series[f"{name}_sum"] / series[f"{name}_count"] * 1000, "ms")


def is_quiet(remediator: Remediator, calls: int) -> bool:
    """Whether so many actions were called and no incident is open."""
    series = remediator.metrics()
    called = series["homeostat_remediator_commit_to_call_seconds_count"]
    return called >= calls and series["homeostat_remediator_incidents_open"] == 0


def upper_bound(series: dict[str, float], name: str, share: float) -> float:
    """The upper bound of the histogram's bucket that holds this share of the observations."""
    buckets = {}
    for key, value in series.items():
        if key.startswith(f"{name}_bucket"):
            buckets[float(key.split('le="')[1].split('"')[0])] = value
    needed = share * buckets[math.inf]
    return min(bound for bound, count in buckets.items() if count >= needed)
