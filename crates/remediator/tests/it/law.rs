//! The law on the whole daemon: no alert is lost, no person is fought, nothing is muted for ever.

use crate::pages::paged;
use crate::world::{API, BY_HAND, OPERATOR, World, alert, labels, payload, until};
use homeostat_policy::unit::ActiveState;
use homeostat_policy::words::JobResult;

/// A host whose rule for HighErrorRate may act again at once.
async fn host() -> World {
    let mut world = World::new().await;
    world.config["rules"][0]["cooldown_seconds"] = 0.into();
    world
}

#[tokio::test]
async fn an_alert_that_fires_again_with_its_old_start_is_acted_on_again() {
    let world = host().await;
    let labels = labels("HighErrorRate", API);
    let firing = payload(&[alert("firing", &labels)]);
    let daemon = world.start().await;
    for round in 1..=2 {
        world.witnesses.fire(&labels);
        // The start is that of the first time: Prometheus may restore it over a restart.
        assert_eq!(
            daemon.take(firing.clone()).await["accepted"],
            1,
            "round {round}"
        );
        daemon.until_phase(round, "verifying").await;
        world.witnesses.leave_alertmanager(&labels);
        world.witnesses.leave_prometheus(&labels);
        let incident = daemon.until_phase(round, "closed").await;
        assert_eq!(incident["end"], "fixed", "{incident:#}");
    }
    assert_eq!(world.systemd.calls().len(), 2);
}

#[tokio::test]
async fn a_resolved_is_not_believed_while_the_witnesses_show_the_alert() {
    let (world, daemon) = paged().await;
    let labels = labels("HighErrorRate", API);
    let asked = world.witnesses.book().questions;
    daemon.take(payload(&[alert("resolved", &labels)])).await;
    until("they were asked", || {
        world.witnesses.book().questions >= asked + 2
    })
    .await;
    assert_eq!(daemon.incident(1).await["phase"], "paged");
    until("the page stands", || {
        !world.witnesses.standing("RemediationExhausted").is_empty()
    })
    .await;
    world.witnesses.leave_alertmanager(&labels);
    world.witnesses.leave_prometheus(&labels);
    daemon.until_phase(1, "closed").await;
}

#[tokio::test]
async fn a_post_of_which_nobody_else_hears_calls_a_person_at_once_while_paused() {
    let world = host().await;
    let daemon = world.start().await;
    // While paused nothing is done about it, and nothing has changed at the unit.
    let said = r#"{"reason":"a look by hand"}"#;
    assert_eq!(daemon.post("/pause", OPERATOR, said).await.status, 200);
    daemon.take(BY_HAND).await;
    // Nobody else knows of it, so a person is told at once.
    let incident = daemon.until_phase(1, "paged").await;
    assert_eq!(incident["reason"], "paused", "{incident:#}");
    until("the page stands", || {
        world.witnesses.posts_of("RemediationExhausted") >= 3
    })
    .await;
    let incident = daemon.incident(1).await;
    assert_eq!(incident["state"], "open", "{incident:#}");
    assert_eq!(incident["alerts"][0]["kind"], "posted", "{incident:#}");
}

#[tokio::test]
async fn what_is_worse_than_what_was_acknowledged_calls_again() {
    let (world, daemon) = paged().await;
    let said = r#"{"reason":"I am on it"}"#;
    let answer = daemon
        .post("/incidents/1/acknowledge", OPERATOR, said)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    daemon.until_phase(1, "acknowledged").await;
    world.systemd.set(API, |u| {
        u.load_state = "loaded".to_owned();
        u.active = ActiveState::Failed;
    });
    let incident = daemon.until_phase(1, "paged").await;
    assert_eq!(incident["reason"], "worse_since", "{incident:#}");
    assert!(world.systemd.calls().is_empty(), "nothing is done to it");
}

#[tokio::test]
async fn a_refused_call_costs_neither_an_attempt_nor_the_budget() {
    let mut world = host().await;
    world.config["rules"][0]["attempts"] = 1.into();
    world.config["budget"] = serde_json::json!({ "actions": 1, "window_seconds": 3600 });
    world
        .systemd
        .results(&[JobResult::Refused, JobResult::Refused, JobResult::Done]);
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    daemon.until_phase(1, "verifying").await;
    world.witnesses.leave_alertmanager(&labels);
    world.witnesses.leave_prometheus(&labels);
    let incident = daemon.until_phase(1, "closed").await;
    assert_eq!(incident["end"], "fixed", "{incident:#}");
    assert_eq!(world.systemd.calls().len(), 3);
}
