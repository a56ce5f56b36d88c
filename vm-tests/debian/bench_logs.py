"""What `./dev bench` measures of the whole stack at rest, and of the road of log lines from the journal to the log store."""

import json
import shlex
import time
from collections.abc import Callable

from bench_figures import Figures

STEADY_SECONDS = 60
BURST_LINES = 30_000
DEADLINE_SECONDS = 300
# What each process holds in memory, shared pages in parts, by unit; kB.
MEMORY = """
for pid in $(ps -eo pid=); do
  share=$(awk '/^Pss:/ {print $2}' /proc/$pid/smaps_rollup 2> /dev/null) || continue
  echo "$(ps -o unit= -p $pid) ${share:-0}"
done
"""


class Logs:
    """The road of log lines on a machine: a unit that writes, the Collector, the log store. `log_query` is the prelude's."""

    def __init__(self, machine, args: dict, store: str, log_query: Callable[..., str]):
        self.machine, self.args, self.store, self.log_query = machine, args, store, log_query
        self.base = f"http://127.0.0.1:{args['ports'][store]}"

    def write(self, name: str, script: str) -> None:
        """Starts a shell script whose lines go to the journal as those of the unit NAME, without journald's limit."""
        # The unit stays: journald forgets what applies to one that is gone, and may still be reading its lines.
        options = f"--quiet --remain-after-exit --unit={name} --property=LogRateLimitIntervalSec=0"
        self.machine.succeed(f"systemd-run {options} sh -c {shlex.quote(script)}")

    def stored(self, name: str) -> int:
        """How many lines of a unit the log store has, without what systemd says of it."""
        lines = self.log_query(name, matching="^(step|burst) ")
        if self.store == "loki":
            path, query = "/loki/api/v1/query", f"sum(count_over_time({lines} [1h]))"
        else:
            path, query = "/select/logsql/stats_query", f"_time:1h {lines} | stats count() lines"
        call = ["curl", "-fsSG", "--max-time", "30", f"{self.base}{path}", "--data-urlencode", f"query={query}"]
        found = json.loads(self.machine.succeed(shlex.join(call)))["data"]["result"]
        return int(found[0]["value"][1]) if found else 0

    def await_lines(self, name: str, count: int) -> None:
        """Waits until the log store has all lines of a unit."""
        began = time.monotonic()
        while (found := self.stored(name)) < count:
            if time.monotonic() - began > DEADLINE_SECONDS:
                raise RuntimeError(f"{found} of {count} lines of {name} are in the log store after {DEADLINE_SECONDS} s")
            time.sleep(0.2)

    def processor_seconds(self) -> float:
        """What the Collector and the journalctl that it reads from have used so far; proc(5), stat."""
        unit = self.args["units"]["collector"]
        fields = self.machine.succeed(f"cat $(ps -eo pid=,unit= | awk '$2 == \"{unit}\" {{print \"/proc/\" $1 \"/stat\"}}')")
        ticks = sum(sum(map(int, line.rpartition(")")[2].split()[11:13])) for line in fields.splitlines())
        return ticks / int(self.machine.succeed("getconf CLK_TCK"))


def memory(logs: Logs, figures: Figures) -> None:
    """Memory of every unit of the stack, and of all together."""
    sizes = {}
    for line in logs.machine.succeed(MEMORY).splitlines():
        unit, kilobytes = line.split()
        sizes[unit] = sizes.get(unit, 0) + int(kilobytes) / 1024
    stack = {unit: sizes[unit] for unit in set(logs.args["units"].values()) if sizes.get(unit)}
    for unit, size in sorted(stack.items(), key=lambda item: -item[1]):
        figures.add(f"memory, idle: {unit}", size, "MiB")
    figures.add("memory, idle: the whole stack", sum(stack.values()), "MiB", ("<=", 1024))


def throughput(logs: Logs, figures: Figures) -> None:
    """Lines at a steady rate with what they cost the Collector, then as many as the journal takes at once."""
    steps = STEADY_SECONDS * 10
    for per_minute in (12_000, 60_000):
        name, each = f"steady-{per_minute}", per_minute // 600
        before = logs.processor_seconds()
        began = time.monotonic()
        logs.write(name, f"for step in $(seq {steps}); do seq -f \"step $step line %.0f\" {each}; sleep 0.1; done")
        logs.await_lines(name, steps * each)
        spent, whole = logs.processor_seconds() - before, time.monotonic() - began
        figures.add(f"log lines carried without loss, written at {per_minute:,}/min at most", 60 * steps * each / whole, "/min")
        figures.add(f"Collector's processor time at {per_minute:,}/min", 100 * spent / whole, "% of one")
    began = time.monotonic()
    logs.write("burst", f"seq -f 'burst %.0f' {BURST_LINES}")
    logs.await_lines("burst", BURST_LINES)
    figures.add("log lines carried without loss, written at once", 60 * BURST_LINES / (time.monotonic() - began), "/min", (">=", 10_000))
