# The measurements of `./dev bench`: one run, on one machine with its own network, of the release binaries. The exit code
# does not depend on what they say. Time to detect and to repair comes from the test `heals`.
import os

import bench_api
import bench_logs
import bench_remediator
import build
import state
from bench_figures import Figures

figures = Figures()
remediator = bench_remediator.Remediator(machine, args)
logs = bench_logs.Logs(machine, args, store, log_query)
# Whatever compiles does so before anything is measured.
compiled = build.cargo("build", "--release", "--locked", "--package", "homeostat-policy", "--example", "decision_time")
log.info(f"load average of this host before the first measurement: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


def decision_time():
    """The decision core alone, from an example of its crate that is compiled as the binaries are."""
    machine.copy_from_host(str(compiled / "release" / "examples" / "decision_time"), "/usr/local/bin/decision_time")
    told = json.loads(machine.succeed("/usr/local/bin/decision_time"))
    figures.add("decision core, reading and looking up an alert", told["parse_lookup_ns"], "ns")
    figures.add("decision core, deciding", told["decide_ns"], "ns")
    figures.add("decision core, an alert in all", sum(told.values()), "ns", ("<=", 5000))


try:
    start_all()
    for unit in args["active"] + [args["units"][backend] for backend in running]:
        machine.wait_for_unit(unit)
    machine.wait_until_succeeds(f"curl -fsS {store_ready}")
    with subtest("idle, with the whole stack up"):
        bench_remediator.idle(remediator, figures)
        bench_logs.memory(logs, figures)
    with subtest("log lines"):
        bench_logs.throughput(logs, figures)
    with subtest("actions on units"):
        bench_remediator.actions(remediator, figures)
    # From here on nothing runs beside what is measured.
    beside = [args["units"][name] for name in ("prometheus", "alertmanager", "traffic", "sink", *running)]
    machine.succeed(f"systemctl stop {' '.join(beside)} 'prometheus-*-exporter.service'")
    with subtest("webhook acknowledgement"):
        bench_remediator.acknowledgement(remediator, figures)
    with subtest("alerts per second"):
        bench_remediator.throughput(remediator, figures)
    with subtest("besieged"):
        bench_remediator.siege(remediator, figures)
    with subtest("beside a bot of the usual kind"):
        bench_remediator.bot(remediator, figures)
    with subtest("memory and start on a log"):
        bench_remediator.memory(remediator, figures)
    with subtest("decision time"):
        decision_time()
    with subtest("instructions a request"):
        bench_api.instrumentation(machine, args, figures)
finally:
    path = state.folder() / "bench.json"
    figures.write(path)
    table = figures.table()
    log.detail(table)
    print(f"\n{table}\n\nload: this host's average over one minute, {os.cpu_count()} processors; as JSON: {path}", flush=True)
