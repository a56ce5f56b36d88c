//! The HTTP interface: what is taken, what is refused and how, and what is shown.

use crate::world::{ALERTMANAGER, API, BY_HAND, OPERATOR, World, alert, labels, payload, request};
use axum::body::Body;
use axum::http::Request;
use homeostat_policy::words::DecisionKind;
use homeostat_policy::words::Reason;
use homeostat_policy::words::Verdict;
use homeostat_policy::words::{JobResult, Verb};
use serde_json::{Value, json};

#[tokio::test]
async fn bad_alerts_do_not_sink_the_good_ones() {
    let world = World::new().await;
    let daemon = world.start().await;
    let good = json!({ "status": "firing", "labels": { "alertname": "HighErrorRate" } });
    let nameless = json!({ "status": "firing", "labels": { "unit": API } });
    let odd = json!({ "status": "perhaps", "labels": { "alertname": "A" } });
    let posted = [nameless, json!(42), good, odd, json!({ "labels": {} })];
    let taken = daemon.take(payload(&posted)).await;
    assert_eq!(taken["accepted"], 1);
    let rejected = taken["rejected"].as_array().unwrap();
    let places: Vec<_> = rejected
        .iter()
        .filter_map(|r| r["index"].as_u64())
        .collect();
    assert_eq!(places, [0, 1, 3, 4]);
    let reason = rejected[0]["reason"].as_str().unwrap();
    assert!(reason.contains("alertname"), "{reason}");
    assert_eq!(daemon.until_phase(1, "closed").await["end"], "fixed");
    let metric = r#"homeostat_remediator_alerts_total{result="rejected"}"#;
    assert_eq!(daemon.metric(metric).await, 4.0);
}

#[tokio::test]
async fn what_is_not_ours_is_refused_and_the_reason_is_in_the_incident() {
    let world = World::new().await;
    let daemon = world.start().await;
    let mut foreign = labels("HighErrorRate", API);
    foreign.insert("host".to_owned(), "elsewhere".to_owned());
    let unknown = labels("MoonFull", API);
    let not_granted = labels("HighErrorRate", "sshd.service");
    let posted = [&foreign, &unknown, &not_granted].map(|l| alert("firing", l));
    assert_eq!(daemon.take(payload(&posted)).await["accepted"], 3);
    for (id, host, reason) in [
        (1, "elsewhere", "other_host"),
        (2, "h", "no_rule"),
        (3, "h", "no_rule"),
    ] {
        let incident = daemon.incident(id).await;
        assert_eq!(incident["end"], "refused");
        assert_eq!(incident["host"], host);
        assert_eq!(incident["reason"], reason);
        assert_eq!(incident["unit"], Value::Null);
    }
    let metric = r#"homeostat_remediator_decisions_total{decision="refuse",reason="no_rule"}"#;
    assert_eq!(daemon.metric(metric).await, 2.0);
    assert!(world.systemd.calls().is_empty());
}

#[tokio::test]
async fn the_webhook_says_what_is_wrong_with_a_post() {
    let world = World::new().await;
    let daemon = world.start().await;
    for token in [None, Some("wrong")] {
        let sent = request("POST", "/webhook", token, BY_HAND);
        let answer = daemon.send(sent).await.unwrap();
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    for bad in ["", "{", "[]", "{}", r#"{"alerts":{}}"#] {
        let answer = daemon.webhook(bad).await.unwrap();
        assert_eq!(answer.status, 400, "{bad} {answer:?}");
        let error = answer.body["error"].as_str().unwrap_or_default();
        assert!(error.contains("not an Alertmanager payload"), "{answer:?}");
    }
    let large = vec![b' '; 2 * 1024 * 1024 + 1];
    let answer = daemon.webhook(large).await.unwrap();
    assert_eq!(answer.status, 413, "{answer:?}");
    assert!(answer.body["error"].is_string(), "{answer:?}");
    assert_eq!(daemon.post("/webhook", OPERATOR, BY_HAND).await.status, 200);
    for (result, count) in [
        ("unauthorized", 2.0),
        ("malformed", 5.0),
        ("too_large", 1.0),
        ("accepted", 1.0),
    ] {
        let metric = format!(r#"homeostat_remediator_webhook_requests_total{{result="{result}"}}"#);
        assert_eq!(daemon.metric(&metric).await, count, "{metric}");
    }
}

#[tokio::test]
async fn only_known_hosts_paths_methods_and_queries_are_answered() {
    let world = World::new().await;
    let daemon = world.start().await;
    for (host, status) in [
        (Some("evil.example"), 421),
        (Some("127.0.0.1.evil.example:5000"), 421),
        (Some("localhost"), 200),
        (Some("127.0.0.1:80"), 200),
        (None, 421),
    ] {
        let mut sent = Request::builder().uri("/health");
        if let Some(host) = host {
            sent = sent.header("host", host);
        }
        let answer = daemon
            .send(sent.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(answer.status, status, "{host:?}");
    }
    for (method, path, status) in [
        ("GET", "/nowhere", 404),
        ("GET", "/webhook", 405),
        ("POST", "/incidents", 405),
        ("DELETE", "/incidents/1", 405),
        ("GET", "/incidents/7", 404),
        ("GET", "/incidents/0", 404),
        ("GET", "/incidents/one", 400),
        ("GET", "/incidents?state=ajar", 400),
        ("GET", "/incidents?limit=many", 400),
        ("GET", "/incidents?limit=0", 400),
        ("GET", "/incidents?colour=red", 400),
    ] {
        let sent = request(method, path, Some(ALERTMANAGER), "");
        let answer = daemon.send(sent).await.unwrap();
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(
            answer.body["error"].is_string(),
            "{method} {path} {answer:?}"
        );
    }
}

#[tokio::test]
async fn incidents_are_listed_newest_first_and_chosen_by_state() {
    let world = World::new().await;
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    world
        .systemd
        .set(API, |u| u.job = Some("reload".to_owned()));
    let daemon = world.start().await;
    let unknown = r#"{"alerts":[{"status":"firing","labels":{"alertname":"MoonFull"}}]}"#;
    daemon.take(unknown).await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    daemon.take(unknown.replace("Full", "New")).await;
    let listed = async |query: &str| {
        let answer = daemon.get(&format!("/incidents{query}")).await;
        assert_eq!(answer.status, 200, "{query}");
        let incidents = answer.body["incidents"].as_array().unwrap().clone();
        let ids: Vec<_> = incidents.iter().filter_map(|i| i["id"].as_i64()).collect();
        ids
    };
    assert_eq!(listed("").await, [3, 2, 1]);
    assert_eq!(listed("?state=all").await, [3, 2, 1]);
    assert_eq!(listed("?state=open").await, [2]);
    assert_eq!(listed("?state=closed").await, [3, 1]);
    assert_eq!(listed("?limit=2").await, [3, 2]);
    let page = daemon.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.body.as_str().unwrap().contains("<html"));
}

#[tokio::test]
async fn the_evidence_is_for_the_operator_alone() {
    let world = World::new().await;
    let daemon = world.start().await;
    daemon.take(BY_HAND).await;
    let path = "/incidents/1/evidence";
    for token in [None, Some("wrong"), Some(ALERTMANAGER)] {
        let answer = daemon.send(request("GET", path, token, "")).await.unwrap();
        assert_eq!(answer.status, 401, "{token:?}");
        assert!(!answer.body.to_string().contains("alertname"));
    }
    let sent = request("GET", path, Some(OPERATOR), "");
    let answer = daemon.send(sent).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let kinds = answer.body["events"].as_array().unwrap();
    assert_eq!(kinds[0]["kind"], "opened");
    assert_eq!(kinds[1]["alert"]["labels"]["alertname"], "HighErrorRate");
    let told = answer.body["journal"].is_array() || answer.body["journal_error"].is_string();
    assert!(told, "{answer:?}");
    let nothing = request("GET", "/incidents/9/evidence", Some(OPERATOR), "");
    assert_eq!(daemon.send(nothing).await.unwrap().status, 404);
}

#[tokio::test]
async fn every_series_is_there_from_the_start() {
    let world = World::new().await;
    let daemon = world.start().await;
    let text = daemon.get("/metrics").await.body;
    let text = text.as_str().unwrap();
    let mut wanted: Vec<String> = Vec::new();
    for result in [
        "accepted",
        "unauthorized",
        "malformed",
        "too_large",
        "unavailable",
    ] {
        wanted.push(format!(r#"webhook_requests_total{{result="{result}"}} 0"#));
    }
    for result in ["new", "duplicate", "rejected"] {
        wanted.push(format!(r#"alerts_total{{result="{result}"}} 0"#));
    }
    for decision in DecisionKind::ALL.iter().map(|d| d.label()) {
        for reason in Reason::ALL.iter().map(|r| r.label()) {
            let labels = format!(r#"decision="{decision}",reason="{reason}""#);
            wanted.push(format!("decisions_total{{{labels}}} 0"));
        }
    }
    for verb in Verb::ALL.iter().map(|v| v.label()) {
        for result in JobResult::ALL.iter().map(|r| r.label()) {
            let labels = format!(r#"result="{result}",verb="{verb}""#);
            wanted.push(format!("actions_total{{{labels}}} 0"));
        }
    }
    for verdict in Verdict::ALL.iter().map(|v| v.label()) {
        wanted.push(format!(r#"verdicts_total{{verdict="{verdict}"}} 0"#));
    }
    let single = "incidents_open 0, pages_active 0, paused 0, budget_remaining 10, \
                  store_errors_total 0, denied_total 0, page_errors_total 0, bus_connected 1, \
                  connections_crowded_out_total 0, \
                  store_healthy 1, commit_to_call_seconds_count 0, time_to_verdict_seconds_count 0";
    wanted.extend(single.split(", ").map(str::to_owned));
    for line in wanted {
        let line = format!("\nhomeostat_remediator_{line}\n");
        assert!(text.contains(&line), "{line}");
    }
}

#[tokio::test]
async fn a_storm_of_refused_alerts_does_not_push_an_open_incident_off_the_page() {
    let world = World::new().await;
    world
        .systemd
        .set(API, |u| u.load_state = "masked".to_owned());
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    daemon.until_phase(1, "paged").await;
    for number in 0..150 {
        let body = format!(
            r#"{{"alerts":[{{"status":"firing","labels":{{"alertname":"Nobody","n":"{number}"}}}}]}}"#
        );
        daemon.take(body).await;
    }
    let page = daemon.get("/").await.body;
    let page = page.as_str().unwrap();
    assert!(page.contains("id=\"incident-1\""), "{page}");
}
