# The whole stack is up, sees itself, behaves as documented and listens on loopback alone.

wait_for_stack()

with subtest("no alert but the heartbeat fires on a healthy host"):

    def alerts():
        """The alerts in Prometheus, of which none but the heartbeat may fire."""
        found = get(f"{prometheus}/api/v1/alerts")["data"]["alerts"]
        t.assertLessEqual({a["labels"]["alertname"] for a in found if a["state"] == "firing"}, {"Watchdog"})
        return [a["labels"]["alertname"] for a in found]

    # What was not up yet at the first evaluation is pending until the next.
    wait_for("nothing is pending", lambda: alerts() == ["Watchdog"])

with subtest("the rules are evaluated without errors"):

    def healths():
        """What has become of the rules at their last evaluation."""
        groups = get(f"{prometheus}/api/v1/rules")["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        t.assertEqual([rule for rule in rules if rule["health"] not in ("ok", "unknown")], [])
        return {rule["health"] for rule in rules}

    wait_for("all are evaluated", lambda: healths() == {"ok"})

with subtest("every target carries this host's name"):
    for target in get(f"{prometheus}/api/v1/targets?state=active")["data"]["activeTargets"]:
        t.assertIn("host", target["labels"], target["scrapeUrl"])

with subtest("a transaction's life"):
    machine.wait_until_succeeds(f"curl -fsS {api}/ready")
    status, text = ask("POST", f"{api}/transactions", {"amount": "12.30", "currency": "EUR", "description": "tea"})
    t.assertEqual(status, 201, text)
    created = json.loads(text)
    t.assertEqual(get(f"{api}/transactions/{created['id']}")["amount"], "12.30")
    t.assertIn("currency", get(f"{api}/transactions?limit=1")["transactions"][0])
    health = get(f"{api}/health")
    t.assertEqual([d["name"] for d in health["dependencies"]], ["postgresql"])

with subtest("an idempotency key gives the first answer again"):
    key = ["Idempotency-Key: machine-test-1"]
    body = {"amount": "1.00", "currency": "EUR", "description": "once"}
    first = ask("POST", f"{api}/transactions", body, headers=key)
    again = ask("POST", f"{api}/transactions", body, headers=key)
    t.assertEqual(json.loads(first[1])["id"], json.loads(again[1])["id"])
    other = ask("POST", f"{api}/transactions", {**body, "amount": "2.00"}, headers=key)
    t.assertEqual(other[0], 422, other[1])

with subtest("bad input gets its right status and a problem document"):
    for method, path, body, wanted in [
        ("POST", "/transactions", "{", 400),
        ("POST", "/transactions", {"amount": "-1.00", "currency": "EUR", "description": "x"}, 422),
        ("POST", "/transactions", {"amount": "1.001", "currency": "EUR", "description": "x"}, 422),
        ("POST", "/transactions", {"amount": "1.00", "currency": "XXZ", "description": "x"}, 422),
        ("GET", "/transactions/999999999", None, 404),
        ("GET", "/transactions?limit=0", None, 400),
        ("GET", "/nowhere", None, 404),
        ("DELETE", "/transactions", None, 405),
        ("GET", "/error", None, 500),
    ]:
        status, text = ask(method, f"{api}{path}", body)
        t.assertEqual(status, wanted, f"{method} {path}: {text}")
        t.assertEqual(json.loads(text)["status"], wanted, text)

with subtest("a created transaction is in the journal with its fields and level"):
    status, text = ask("POST", f"{api}/transactions/create")
    t.assertEqual(status, 201, text)
    number = json.loads(text)["id"]
    find = f"journalctl -q -o json -u {args['units']['api']} F_TRANSACTION_ID={number}"
    line = json.loads(machine.wait_until_succeeds(f"{find} | grep . | head -n 1", timeout=30))
    t.assertEqual(line["MESSAGE"], "transaction created")
    t.assertEqual(line["PRIORITY"], "6")

with subtest("PostgreSQL gone: 503, the process lives, and it recovers by itself"):
    database = args["units"]["postgresql"]
    machine.succeed(f"systemctl stop {database}")
    status, text = ask("GET", f"{api}/transactions")
    t.assertEqual(status, 503, text)
    t.assertEqual(ask("GET", f"{api}/live")[0], 200)
    machine.succeed(f"systemctl start {database}")
    machine.wait_until_succeeds(f"curl -fsS {api}/transactions", timeout=30)

if args["distribution"] == "debian":
    with subtest("nobody in a machine can set its clock, for that is the host's"):
        # Looked at before it is tried: a success would be one on the host.
        bound = int(machine.succeed("grep CapBnd /proc/self/status").split()[1], 16)
        t.assertEqual(bound >> 25 & 1, 0, "CAP_SYS_TIME is capability 25, says capabilities(7)")
        status, text = machine.execute("date --set=@$(date +%s) 2>&1")
        t.assertEqual(status, 1, text)
        t.assertIn("not permitted", text)
        machine.fail("systemd-run --quiet --wait --pipe date --set=@$(date +%s)")

with subtest("the status page asks for nothing from elsewhere"):
    page = machine.succeed(f"curl -fsS {remediator}/")
    t.assertIn(args["units"]["api"], page)
    for word in ["<script", "src=", "@import", "url("]:
        t.assertNotIn(word, page)

if "grafana" in running:
    with subtest("Grafana answers its first user, with the password that was made for them, and nobody else"):
        password = machine.succeed(f"cat {args['paths']['secrets']}/grafana-admin-password").strip()
        t.assertEqual(json.loads(machine.wait_until_succeeds(f"curl -fsS {grafana}/api/health"))["database"], "ok")
        t.assertEqual(ask("GET", f"{grafana}/api/search")[0], 401)
        machine.succeed(f"curl -fsS -u admin:{password} {grafana}/api/datasources/uid/prometheus/health")

with subtest("nothing listens beyond loopback"):
    for backend in args["absent"]:
        skip(f"where it listens and how it is locked down: needs {backend.capitalize()}")
    for line in machine.succeed("ss -Hltun").splitlines():
        address = line.split()[4].rsplit(":", 1)[0]
        t.assertTrue(address.startswith("127.") or address.startswith("[::1]"), line)

with subtest("our units are locked down"):
    # On NixOS the backends have upstream's sandbox, which is not as tight.
    for unit in ["api", "remediator", "traffic", "sink"] + (running if args["distribution"] == "debian" else []):
        machine.succeed(f"systemd-analyze security --no-pager --threshold=15 {args['units'][unit]}")

with subtest("what all others stand on, and what a login needs, is never acted on"):
    fields = ["Id", "LoadState", "Requires", "Requisite", "Wants", "BindsTo", "After"]
    shown = machine.succeed("systemctl show '*' " + " ".join(f"-p {field}" for field in fields)).strip().split("\n\n")
    units = {unit["Id"]: unit for unit in (dict(line.split("=", 1) for line in block.splitlines()) for block in shown)}
    # What the boot pulls in; sockets, timers and paths are started with it, and are anybody's.
    found, beyond = set(), ["sysinit.target", "basic.target"]
    while beyond:
        name = beyond.pop()
        if name in units and name not in found | {"sockets.target", "timers.target", "paths.target"}:
            found.add(name)
            beyond += [needed for field in fields[2:6] for needed in units[name][field].split()]
    for target in "network.target", "network-pre.target":
        found |= set(units.get(target, {"After": ""})["After"].split())
    found |= {name for name in units if re.match(r"(systemd-logind|dbus.*|(user|user-runtime-dir|getty|serial-getty)@.*)[.](service|socket)$", name)}
    found = {name for name in found if units.get(name, {}).get("LoadState") == "loaded"}

    def refusal(name):
        """What the remediator says to a permit for this unit; nothing where it takes it."""
        rules = {"host": "h", "database": "/tmp/x.db", "runbook_url": "https://example.org/r.md", "units": {name: {"verbs": ["restart"]}}}
        call = f"printf %s {shlex.quote(json.dumps(rules))} > /tmp/permit.json; homeostat-remediator check-config /tmp/permit.json 2>&1"
        status, text = machine.execute(call)
        return "" if status == 0 else text

    taken = sorted(name for name in found if "acted on" not in refusal(name))
    log.info(f"{len(found)} units are refused: {' '.join(sorted(found))}")
    t.assertEqual(taken, [])
    for name, reason in {"app.slice": "only services", "x.scope": "only services", "worker@.service": "template"}.items():
        t.assertIn(reason, refusal(name))
    for name in "backup.timer", "shop.socket", "shop@7.service", "user.service":
        t.assertEqual(refusal(name), "")

with subtest("the secrets are root's alone"):
    modes = machine.succeed(f"stat -c '%a %U' {args['paths']['secrets']}/*").splitlines()
    t.assertEqual(modes, ["400 root"] * 4)
