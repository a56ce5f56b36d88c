//! What makes a verdict on an action for an alert of Alertmanager.

use crate::world::{API, Daemon, World, alert, column, labels, payload, until};
use homeostat_policy::words::{JobResult, Verb};
use homeostat_remediator::clock;

/// The witnesses are asked twice more, and the verdict is still out.
async fn still_open_after_two_questions(world: &World, daemon: &Daemon) {
    let asked = world.witnesses.book().questions;
    until("the witnesses were asked twice", || {
        world.witnesses.book().questions >= asked + 2
    })
    .await;
    assert_eq!(daemon.incident(1).await["phase"], "verifying");
}

#[tokio::test]
async fn fixed_takes_alertmanager_prometheus_and_a_young_evaluation() {
    let mut world = World::new().await;
    world.config["rules"][0]["window_seconds"] = 1.into();
    world.config["rules"][0]["grace_seconds"] = 60.into();
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    daemon.until_phase(1, "verifying").await;
    let job_ended = clock::now().wall_ms;

    world.witnesses.leave_alertmanager(&labels);
    world.witnesses.book().evaluated_ms = Some(job_ended);
    until("settle time and window are over", || {
        clock::now().wall_ms > job_ended + 1_000
    })
    .await;
    still_open_after_two_questions(&world, &daemon).await;

    world.witnesses.fire(&labels);
    world.witnesses.leave_prometheus(&labels);
    still_open_after_two_questions(&world, &daemon).await;

    // Both say that it is gone, by an evaluation whose window began before the restart.
    world.witnesses.leave_alertmanager(&labels);
    still_open_after_two_questions(&world, &daemon).await;

    world.witnesses.book().evaluated_ms = None;
    let incident = daemon.until_phase(1, "closed").await;
    assert_eq!(incident["end"], "fixed");
    assert_eq!(incident["alerts"][0]["kind"], "alertmanager");
    assert_eq!(world.systemd.calls().len(), 1);
    assert!(world.witnesses.book().posts.is_empty());
}

#[tokio::test]
async fn an_alert_that_still_fires_climbs_the_ladder_to_a_person() {
    let world = World::new().await;
    let labels = labels("HighLatency", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    let incident = daemon.until_phase(1, "paged").await;
    assert_eq!(incident["verdict"], "unproven");
    assert_eq!(incident["state"], "open");
    assert_eq!(
        column(&incident, "reason"),
        [
            "firing",
            "still_firing",
            "firing",
            "still_firing",
            "ladder_exhausted"
        ]
    );
    let verbs: Vec<Verb> = world.systemd.calls().iter().map(|c| c.1).collect();
    assert_eq!(verbs, [Verb::Restart, Verb::ReloadOrRestart]);
    let unproven = r#"homeostat_remediator_verdicts_total{verdict="unproven"}"#;
    assert_eq!(daemon.metric(unproven).await, 2.0);
}

#[tokio::test]
async fn silence_without_data_proves_nothing() {
    let mut world = World::new().await;
    world.config["rules"][0]["proof"] = "sum(rate(requests[2m]))".into();
    world.witnesses.book().proof = "0".to_owned();
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    daemon.until_phase(1, "verifying").await;
    world.witnesses.leave_alertmanager(&labels);
    world.witnesses.leave_prometheus(&labels);
    let incident = daemon.until_phase(1, "paged").await;
    assert!(
        column(&incident, "reason").contains(&"no_data"),
        "{incident:#}"
    );
    // With data again the alert counts as gone, and the page ends.
    world.witnesses.book().proof = "3.5".to_owned();
    assert_eq!(daemon.until_phase(1, "closed").await["end"], "paged");
}

#[tokio::test]
async fn silent_witnesses_prove_nothing() {
    let world = World::new().await;
    let labels = labels("HighErrorRate", API);
    world.witnesses.book().alertmanager_is_up = false;
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    let incident = daemon.until_phase(1, "paged").await;
    assert!(column(&incident, "reason").contains(&"evidence_unknown"));
    assert_eq!(world.systemd.calls().len(), 1);
}

#[tokio::test]
async fn a_failed_job_is_no_remedy() {
    let world = World::new().await;
    world.systemd.results(&[JobResult::Failed]);
    let daemon = world.start().await;
    daemon.take(crate::world::BY_HAND).await;
    let incident = daemon
        .until(1, "there is a verdict", |i| i["verdict"].is_string())
        .await;
    assert_eq!(incident["verdict"], "unproven");
    assert!(column(&incident, "reason").contains(&"job_failed"));
}

#[tokio::test]
async fn a_unit_that_does_not_stay_active_is_not_fixed() {
    let world = World::new().await;
    let daemon = world.start().await;
    daemon.take(crate::world::BY_HAND).await;
    daemon.until_phase(1, "verifying").await;
    let failed = homeostat_policy::unit::ActiveState::Failed;
    world.systemd.set(API, |unit| unit.active = failed);
    let incident = daemon.until_phase(1, "paged").await;
    assert!(column(&incident, "reason").contains(&"unit_not_active"));
}
