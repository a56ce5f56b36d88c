# Every expression of every dashboard, and every selector of every alert and recording rule, has data on a machine that has been
# used, or is named in dashboards/empty.toml with the reason. The inventory of metrics is recorded on the way.
import fnmatch
import urllib.parse

# The scrape jobs that a program which is not here would have, and what Grafana's service map reads.
JOBS = {"loki": ["loki"], "victorialogs": ["victorialogs"], "tempo": ["tempo"], "collector": ["collector", "span-metrics"], "grafana": ["grafana"]}
SERVICE_MAP = ["traces_service_graph_request_total", "traces_service_graph_request_server_seconds_sum"]
TRACEQL_METRICS = re.compile(r"\|\s*(?:rate|\w+_over_time|compare)\s*\(")
# Grafana's own variables, as it would fill them for a panel that is as fine as the scrapes.
RANGE, STEP = 900, args["scrape"]
BUILT_IN = {
    "__interval": f"{STEP}s", "__interval_ms": str(STEP * 1000), "__rate_interval": f"{4 * STEP}s",
    "__range": f"{RANGE}s", "__range_s": str(RANGE), "__range_ms": str(RANGE * 1000),
}  # fmt: skip


def foreign_spans():
    """What an app that is not ours might send: calls of a peer, and of a database without a peer's name, well and in error."""
    now = int(machine.succeed("date +%s%N"))
    spans = [
        {"traceId": hex(now)[2:].zfill(32), "spanId": hex(number)[2:].zfill(16), "name": "call", "kind": 3, "status": {"code": status},
         "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 10**7),
         "attributes": [{"key": key, "value": {"stringValue": "cellar"}}]}
        for number, (key, status) in enumerate([("peer.service", 2), ("db.system.name", 1), ("db.system.name", 2)], 1)
    ]  # fmt: skip
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
    t.assertEqual(ask("POST", f"http://127.0.0.1:{args['ports']['otlpHttp']}/v1/traces", body)[0], 200)


def query(base, path, **parameters):
    """(problem, answer) of a question to a backend. Prometheus wants brackets behind the name of `match`."""
    pairs = [("match[]" if key == "match" else key, value) for key, value in parameters.items()]
    status, text = ask("GET", f"{base}{path}?{urllib.parse.urlencode(pairs)}")
    if status != 200:
        return f"status {status}: {text.strip()[:300]}", None
    answer = json.loads(text)
    return "; ".join(answer.get("warnings") or []), answer


def window():
    """The time range that is asked for."""
    now = int(machine.succeed("date +%s"))
    return {"start": now - RANGE, "end": now}


def shown(result):
    """Whether a vector, a matrix, a number or streams of lines hold anything that can be shown; NaN cannot."""
    for series in result:
        values = (series.get("values") or [series.get("value")]) if isinstance(series, dict) else [result]
        if any(value and value[1] != "NaN" for value in values):
            return True
    return False


def answer_to(question, span):
    """None when a question has data; else what is wrong, which begins with a dash when there is just nothing."""
    source, text = question["source"], question["text"]
    if source == "series":
        problem, answer = query(prometheus, "/api/v1/series", match=text, **span)
        filled = answer and answer["data"]
    elif source == "tempo":
        path = "/api/metrics/query_range" if TRACEQL_METRICS.search(text) else "/api/search"
        problem, answer = query(tempo, path, q=text, limit=5, step=STEP, **span)
        filled = answer and (answer.get("traces") or answer.get("series"))
    else:
        base = f"{prometheus}/api/v1" if source == "prometheus" else f"{loki}/loki/api/v1"
        # Prometheus would warn that it left series out.
        limit = {"limit": 10} if source == "loki" else {}
        when = {"time": span["end"]} if question["instant"] else {**span, "step": STEP}
        problem, answer = query(base, "/query" if question["instant"] else "/query_range", query=text, **limit, **when)
        filled = answer and shown(answer["data"]["result"])
    return problem or (None if filled else "- no data")


def fill(text, values):
    """Puts variables in as Grafana does; what is none of them stays."""

    def value(found):
        name, form = found[1] or found[2] or found[4], found[3]
        chosen = values.get(name, found[0])
        if isinstance(chosen, str):
            return chosen
        # Prometheus and Loki read the string before the regular expression, so each backslash is two.
        words = [re.sub(r"[$^*{}\[\]'+?.()|]", "\\\\\\\\\\g<0>", word) for word in chosen] if form is None else chosen
        return f"({'|'.join(words)})" if len(words) > 1 else words[0]

    return re.sub(r"\$(\w+)|\$\{(\w+)(?::(\w+))?\}|\[\[(\w+)\]\]", value, text)


def offered(variable, values):
    """What Grafana offers for a variable that is asked of a backend."""
    asked = variable["query"]
    if variable["source"] == "loki":
        stream = {"query": fill(asked["stream"], values)} if asked.get("stream") else {}
        problem, answer = query(loki, f"/loki/api/v1/label/{asked['label']}/values", **stream, **window())
    else:
        text = fill(asked["query"] if isinstance(asked, dict) else asked, values)
        metric, label = re.fullmatch(r"label_values\((?:(.+),)?\s*(\w+)\s*\)", text, re.DOTALL).groups()
        match = {"match": metric} if metric else {}
        problem, answer = query(prometheus, f"/api/v1/label/{label}/values", **match, **window())
    t.assertFalse(problem, f"variable {variable['name']}: {problem}")
    found = [re.search((variable.get("regex") or "").strip("/"), name) for name in answer.get("data") or []]
    return sorted({name[1] if name.groups() else name.string for name in found if name})


def chosen(dashboard):
    """The values of a dashboard's variables as somebody finds them who opens it."""
    values = dict(BUILT_IN)
    for variable in dashboard["variables"]:
        name, kept = variable["name"], (variable.get("current") or {}).get("value")
        if variable["type"] == "datasource":
            continue
        if variable["type"] != "query":
            values[name] = kept if isinstance(kept, str) else variable.get("query", "")
        elif missing_program({"source": variable["source"], "text": json.dumps(variable["query"])}):
            values[name] = ".*"
        else:
            found = wait_for(f"{dashboard['name']}: values for {name}", lambda: offered(variable, values), timeout=60)
            kept = [value for value in (kept if isinstance(kept, list) else [kept]) if value in found]
            everything = variable.get("includeAll") and (variable.get("allValue") or found)
            values[name] = kept or everything or found[:1]
    return values


def questions_of_dashboard(dashboard):
    """The questions of a dashboard, variables filled in."""
    values = chosen(dashboard)
    for given in dashboard["questions"]:
        at = f"{dashboard['name']} / {given['at']}"
        instant = given.get("instant") is True or given.get("queryType") == "instant"
        if given.get("queryType") == "serviceMap":
            texts, source = [metric + fill(given.get("serviceMapQuery", ""), values) for metric in SERVICE_MAP], "prometheus"
        else:
            auto = {"__auto": f"{RANGE if instant else STEP}s"}
            texts, source = [fill(given.get("expr") or given.get("query"), {**values, **auto})], given["source"]
        yield from ({"at": at, "source": source, "text": text, "instant": instant} for text in texts)


def selectors(node):
    """The vector selectors of an expression as Prometheus itself parses it, as text."""
    if isinstance(node, list):
        return [text for part in node for text in selectors(part)]
    if not isinstance(node, dict):
        return []
    if node.get("type") in ("vectorSelector", "matrixSelector"):
        matchers = [f"{m['name']}{m['type']}{json.dumps(m['value'])}" for m in node["matchers"] if m["name"] != "__name__"]
        return [f"{node['name']}{{{','.join(matchers)}}}"]
    return [text for part in node.values() for text in selectors(part)]


def questions_of_rule(rule):
    """Each selector of a rule, as a question for its series."""
    problem, answer = query(prometheus, "/api/v1/parse_query", query=rule["query"])
    t.assertFalse(problem, rule)
    for text in dict.fromkeys(selectors(answer["data"])):
        yield {"at": f"rule / {rule['name']} / {text.partition('{')[0]}", "source": "series", "text": text}


def exposed_by(jobs):
    """The metrics of jobs, as far as a dashboard names them."""
    return {metric for listed in (args["inventory"], args["unrecorded"]) for job in jobs for metric in listed.get(job, [])}


def missing_program(question):
    """The program that a question needs and that is not here, or None."""
    words = set(re.findall(r"[A-Za-z_:][\w:]*", question["text"]))
    for program in args["absent"]:
        of_job = any(f'job="{job}"' in question["text"] for job in JOBS[program])
        if question["source"] == program or of_job or words & exposed_by(JOBS[program]) - here:
            return program
    return None


wait_for_stack()
absent_jobs = [job for program in JOBS if program not in running for job in JOBS[program]]
here = exposed_by(set(args["inventory"]) - set(absent_jobs))

with subtest("the machine is used: a fault that heals, then creates, reads, errors, a slow request"):
    machine.wait_until_succeeds(f"curl -fsS {api}/ready")
    machine.succeed(f"for n in $(seq 30); do curl -fsS -X POST {api}/transactions/create; done")
    machine.succeed(f"seq 20 | xargs -P 20 -I N curl -sS -o /dev/null {api}/error")
    wait_for("a fault has healed", lambda: any(incident["end"] == "fixed" for incident in incidents()))
    machine.wait_until_succeeds(f"curl -fsS {api}/ready")
    machine.succeed(f"for n in $(seq 60); do curl -fsS -X POST {api}/transactions/create; done")
    for path in ["/transactions?limit=5", "/transactions/999999999", "/nowhere", "/error"]:
        ask("GET", f"{api}{path}")
    ask("PUT", f"{api}/faults", {"delay_ms": 700})
    ask("GET", f"{api}/transactions")
    ask("DELETE", f"{api}/faults")
    if "collector" in running:
        foreign_spans()

rules = [rule for group in get(f"{prometheus}/api/v1/rules")["data"]["groups"] for rule in group["rules"]]
wrong = []

with subtest("every expression of a dashboard and every selector of a rule is asked until it has data"):
    questions = [question for dashboard in args["dashboards"] for question in questions_of_dashboard(dashboard)]
    questions += [question for rule in rules for question in questions_of_rule(rule)]
    needing = {}
    for question in questions:
        needing.setdefault(missing_program(question), []).append(question)
    asked = needing.pop(None, [])
    excuses = {e["at"]: e.get("varies") for e in args["rightlyEmpty"] if e.get("on", args["distribution"]) == args["distribution"]}
    excused = {question["at"] for question in asked for excuse in excuses if fnmatch.fnmatchcase(question["at"], excuse)}
    problems = ["- not asked"] * len(asked)

    def all_answered():
        """Asks again what had nothing to tell. Whatever else is wrong stays so."""
        span = window()
        for number, question in enumerate(asked):
            if (problems[number] or "").startswith("-"):
                problems[number] = answer_to(question, span)
        return not any(problem and question["at"] not in excused for question, problem in zip(asked, problems))

    try:
        wait_for("every expression has data", all_answered, timeout=90)
    except AssertionError as late:
        log.info(str(late))
    for question, problem in zip(asked, problems):
        if problem and not (problem.startswith("-") and question["at"] in excused):
            wrong.append(f"{question['at']}: {problem.removeprefix('- ')}: {question['text']}")
    empty = [question["at"] for question, problem in zip(asked, problems) if problem]
    # That each entry means an expression is for the lint to see, which knows the rules of absent programs too.
    for excuse, varies in excuses.items():
        if fnmatch.filter(excused, excuse) and not fnmatch.filter(empty, excuse) and not varies:
            wrong.append(f"empty.toml: {excuse}: has data on a machine that has been used; take the entry away")
    for source in ["prometheus", "loki", "tempo", "series"]:
        log.info(f"{source}: {len([question for question in asked if question['source'] == source])} expressions asked")
    for program, unasked in sorted(needing.items()):
        skip(f"{len(unasked)} expressions need {program}: {', '.join(sorted({question['at'] for question in unasked}))}")

recorded = [rule["name"] for rule in rules if rule["type"] == "recording"] + ["ALERTS", "ALERTS_FOR_STATE"]
jobs = {target["labels"]["job"] for target in get(f"{prometheus}/api/v1/targets?state=active")["data"]["activeTargets"]}
lists = f"--argjson recorded {shlex.quote(json.dumps(recorded))} --argjson jobs {shlex.quote(json.dumps(sorted(jobs)))}"
# Metrics made of spans keep the job that the Collector gives them, which is the service.
record = (
    f"curl -fsS --max-time 60 -G --data-urlencode 'match[]={{__name__!=\"\"}}' {prometheus}/api/v1/series | jq {lists} '"
    '[.data[] | {metric: .__name__, labels: (keys - ["__name__", "job", "instance", "host"]), job: (if .__name__ | IN($recorded[])'
    ' then "rules" elif .job | IN($jobs[]) then .job else "span-metrics" end)}]'
    " | group_by(.job) | map({key: .[0].job, value: (group_by(.metric)"
    " | map({key: .[0].metric, value: (map(.labels) | add | unique)}) | from_entries)}) | from_entries' > /run/metrics.json"
)
inventory = {job: set(names) for job, names in args["inventory"].items() if job != "rules" and job not in absent_jobs}


def gone():
    """What the committed inventory has and this machine does not show."""
    machine.succeed(record)
    exposed = json.loads(machine.succeed("jq -c 'map_values(keys)' /run/metrics.json"))
    return [f"metrics.toml: job {job} exposes no {name} here" for job in inventory for name in inventory[job] - set(exposed.get(job, []))]


with subtest("the inventory: what every job exposes goes beside the log of this test, as metrics.json"):
    try:
        # What the questions above have made a program count is seen with its next scrape.
        wait_for("the inventory is whole", lambda: not gone(), timeout=4 * STEP)
    except AssertionError:
        wrong += gone()
    machine.copy_from_machine("/run/metrics.json")
    count = machine.succeed("jq '[.[] | length] | add' /run/metrics.json")
    log.info(f"{count.strip()} metrics recorded")

with subtest("nothing is wrong"):
    if wrong:
        raise AssertionError("\n".join([f"{len(wrong)} findings", *wrong]))

if "grafana" in running:
    with subtest("Grafana has the dashboards, and its data sources answer"):
        login = f'-u "admin:$(cat {args["grafanaPassword"]})"'
        found = machine.succeed(f"curl -fsS {login} '{grafana}/api/search?type=dash-db&tag=homeostat' | jq -r '.[].uid'").split()
        t.assertEqual(sorted(found), sorted(dashboard["uid"] for dashboard in args["dashboards"]))
        for source in ["prometheus", *(name for name in ("loki", "tempo") if name in running)]:
            health = machine.succeed(f"curl -fsS {login} {grafana}/api/datasources/uid/{source}/health | jq -r .status")
            t.assertEqual(health.strip(), "OK", source)
else:
    skip("Grafana's list of dashboards and the health of its data sources: needs Grafana")
