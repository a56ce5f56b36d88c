//! Bounds across incidents, and what happens while the bus is lost.

use crate::scripted_systemd::Gate;
use crate::world::{API, SHOP, World, alert, labels, payload, until};
use homeostat_policy::words::JobResult;

#[tokio::test]
async fn with_a_budget_of_one_and_two_units_at_once_exactly_one_acts() {
    let mut world = World::new().await;
    world.config["budget"] = serde_json::json!({ "actions": 1, "window_seconds": 3600 });
    world.systemd.gate(Gate::InJob);
    let (api, shop) = (labels("HighErrorRate", API), labels("ShopDown", SHOP));
    world.witnesses.fire(&api);
    world.witnesses.fire(&shop);
    let daemon = world.start().await;
    let both = [alert("firing", &api), alert("firing", &shop)];
    daemon.take(payload(&both)).await;
    let phases = async || {
        let incidents = daemon.get("/incidents?state=open").await.body;
        let incidents = incidents["incidents"].as_array().unwrap().clone();
        incidents
            .iter()
            .map(|i| format!("{} {}", i["phase"], i["reason"]).replace('"', ""))
            .collect::<std::collections::BTreeSet<_>>()
    };
    let wanted = ["acting firing", "paged budget_spent"].map(str::to_owned);
    let mut now = phases().await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while now != wanted.clone().into() {
        assert!(tokio::time::Instant::now() < deadline, "{now:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        now = phases().await;
    }
    until("it is called", || !world.systemd.calls().is_empty()).await;
    assert_eq!(world.systemd.calls().len(), 1);
    assert_eq!(
        daemon.metric("homeostat_remediator_budget_remaining").await,
        0.0
    );
}

#[tokio::test]
async fn two_units_at_once_both_heal() {
    let world = World::new().await;
    let daemon = world.start().await;
    let by_hand = r#"{"alerts":[{"status":"firing","labels":{"alertname":"HighErrorRate"}},
                                {"status":"firing","labels":{"alertname":"ShopDown"}}]}"#;
    daemon.take(by_hand).await;
    for id in [1, 2] {
        assert_eq!(daemon.until_phase(id, "closed").await["end"], "fixed");
    }
    let mut units: Vec<_> = world.systemd.calls().into_iter().map(|c| c.0).collect();
    units.sort();
    assert_eq!(units, [API, SHOP]);
}

#[tokio::test]
async fn attempts_are_bounded() {
    let mut world = World::new().await;
    world.config["rules"][1]["attempts"] = 1.into();
    world.config["rules"][1]["ladder"] = serde_json::json!(["restart", "reload-or-restart"]);
    world.systemd.results(&[JobResult::Failed]);
    let labels = labels("HighLatency", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    let incident = daemon.until_phase(1, "paged").await;
    assert_eq!(incident["reason"], "attempts_exhausted");
    assert_eq!(world.systemd.calls().len(), 1);
}

#[tokio::test]
async fn a_call_that_polkit_denies_calls_a_person_and_is_counted() {
    let world = World::new().await;
    world.systemd.results(&[JobResult::Denied]);
    let labels = labels("HighLatency", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    let incident = daemon.until_phase(1, "paged").await;
    assert_eq!(incident["reason"], "denied");
    assert_eq!(world.systemd.calls().len(), 1);
    assert_eq!(
        daemon.metric("homeostat_remediator_denied_total").await,
        1.0
    );
}

#[tokio::test]
async fn while_the_bus_is_lost_it_waits_and_then_acts() {
    let world = World::new().await;
    world.systemd.connect(false);
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    let health = daemon.get("/health").await;
    assert_eq!(
        (health.status.as_u16(), &health.body["bus"]),
        (503, &"failed".into())
    );
    assert_eq!(
        daemon.metric("homeostat_remediator_bus_connected").await,
        0.0
    );
    daemon.take(payload(&[alert("firing", &labels)])).await;
    let held = daemon.until_phase(1, "holding").await;
    assert_eq!(held["reason"], "bus_lost");
    world.systemd.connect(true);
    until("it is acted on", || world.systemd.calls().len() == 1).await;
    assert_eq!(daemon.get("/health").await.status, 200);
}

#[tokio::test]
async fn a_bus_that_stays_lost_calls_a_person() {
    let mut world = World::new().await;
    world.config["hold_timeout_seconds"] = 1.into();
    world.systemd.connect(false);
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    let incident = daemon.until_phase(1, "paged").await;
    assert_eq!(incident["reason"], "hold_timeout");
    until("the page stands", || {
        world.witnesses.posts_of("RemediationExhausted") >= 1
    })
    .await;
}
