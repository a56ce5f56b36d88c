# The Collector restarted, the log store away, the Collector killed: every line of the API arrives at least once, and what a kill
# may lose is counted. A line is known by its time in the journal, its transaction and its text.
import collections

own = args["units"]["collector"]
store_unit = args["units"][store]
api_unit = args["units"]["api"]
traffic = args["units"]["traffic"]
collector = f"http://127.0.0.1:{args['ports']['collectorMetrics']}/metrics"


def now():
    """The machine's time in microseconds, as the journal writes it."""
    return int(machine.succeed("date +%s%6N"))


def written(unit, since, until):
    """The lines of a unit in the journal: those that have to arrive."""
    entries = f"journalctl -q -o json --since=@{since // 10**6} _SYSTEMD_UNIT={shlex.quote(unit)}"
    fields = '[.__REALTIME_TIMESTAMP, .F_TRANSACTION_ID // "", .MESSAGE] | @tsv'
    lines = machine.succeed(f"{entries} | jq -r {shlex.quote(fields)}").splitlines()
    keys = (line.split("\t", 2) for line in lines)
    return {(int(at), transaction, text) for at, transaction, text in keys if since <= int(at) < until}


def page(unit, since, until):
    """The first 5000 lines of a unit in the log store, which gives no more at once, oldest first."""
    found = log_lines(
        unit.removesuffix(".service"), fields={"entry_kind": ""}, since=since * 1000, until=until * 1000, limit=5000
    )
    # What went wrong is added to a line on its way.
    return sorted((at // 1000, fields.get("transaction_id", ""), text.partition(" error=")[0]) for at, fields, text in found)


def arrived(unit, since, until):
    """How often each line of a unit is in the log store."""
    counts = collections.Counter()
    while len(lines := page(unit, since, until)) == 5000:
        # The lines of the last microsecond may go on behind the page.
        since = lines[-1][0]
        counts.update(line for line in lines if line[0] < since)
    return counts + collections.Counter(lines)


def counted(metric):
    """What the Collector counts of log lines."""
    lines = machine.succeed(f"curl -fsS {collector}").splitlines()
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines if line.startswith(metric))


def held():
    """How many bytes of lines the Collector holds for the log store."""
    return counted('otelcol_exporter_queue_size{data_type="logs"')


def has_read():
    """How many lines the Collector has read since its start."""
    return counted('otelcol_receiver_accepted_log_records_total{receiver="journald"')


def settle():
    """Waits until one more line of the API is in the log store, and the Collector holds none. Returns the moment up to which
    all that arrives has arrived: the journal is read in its order."""
    machine.wait_until_succeeds(f"curl -fsS {collector} && curl -fsS {store_ready}", timeout=120)
    # With new lines all the time the Collector would seldom be seen without any.
    machine.succeed(f"systemctl stop {traffic}")
    moment = now()
    machine.succeed(f"curl -fsS -X POST {api}/transactions/create")
    wait_for("the line is in the log store", lambda: page(api_unit, moment, now()))
    wait_for("nothing waits", lambda: held() == 0)
    log_store_flush()
    machine.succeed(f"systemctl start {traffic}")
    return moment


def lost(since, *units):
    """How many lines of these units since then are in the journal but not in the log store, once all has settled."""
    until = settle()
    lines = set().union(*(written(unit, since, until) for unit in units))
    found = sum((arrived(unit, since, until) for unit in units), collections.Counter())
    missing = sorted(lines - found.keys())
    log.info(f"{len(lines)} lines, {len(missing)} lost, {found.total() - len(found)} twice")
    t.assertGreater(len(lines), 0, "nothing was written")
    if missing:
        log.info(f"the first of the lost: {missing[:5]}")
    return len(missing)


def in_the_midst(number, end):
    """Ends the Collector while it reads a flood of lines; returns how many were lost, of those and of the API's."""
    unit = f"flood@{number}.service"
    since, before = now(), has_read()
    machine.succeed(f"systemctl start {unit}")
    wait_for("the flood is being read", lambda: has_read() > before + 500)
    machine.succeed(end)
    machine.succeed(f"systemctl is-active {unit}", f"systemctl stop {unit}")
    return lost(since, unit, api_unit)


wait_for_stack()
machine.wait_until_succeeds(f"curl -fsS {api}/ready")

with subtest(f"the Collector restarted {args['restarts']} times, in the midst of reading"):
    for number in range(args["restarts"]):
        t.assertEqual(in_the_midst(number, f"systemctl restart {own}"), 0)

with subtest(f"the log store stopped for {args['outage']} s"):
    began = now()
    machine.succeed(f"systemctl stop {store_unit}")
    # The length of the outage is what is asked for, so there is nothing to wait for.
    time.sleep(args["outage"])
    waiting = held()
    t.assertGreater(waiting, 0, "what the log store cannot take waits in the Collector")
    machine.succeed(f"systemctl start {store_unit}")
    began_again = now()
    settle()
    log.info(f"{waiting} bytes of lines waited; all were in the log store {(now() - began_again) // 10**6} s after its start")
    t.assertEqual(lost(began, api_unit), 0)

with subtest("the Collector restarted while the log store is away"):
    began = now()
    machine.succeed(f"systemctl stop {store_unit}")
    wait_for("lines wait", lambda: held() > 0)
    machine.succeed(f"systemctl restart {own}", f"systemctl start {store_unit}")
    t.assertEqual(lost(began, api_unit), 0)

with subtest(f"the Collector killed {args['kills']} times, in the midst of reading"):
    losses = []
    for number in range(args["restarts"], args["restarts"] + args["kills"]):
        losses.append(in_the_midst(number, f"systemctl kill --signal=SIGKILL {own}"))
        t.assertLessEqual(losses[-1], args["lostToKill"], "more than what the documentation says")
    log.info(f"lines lost by each kill: {losses}")
