//! The daemon is killed in every phase of an incident, and started again on the same log.

use crate::database::Database;
use crate::journalctl::{self, NO_JOBS, UNREADABLE};
use crate::scripted_systemd::Gate;
use crate::world::{API, BY_HAND, World, alert, column, labels, payload, until};

/// A host whose daemon was killed with an intent on disk and its job queued.
async fn killed_in_job() -> World {
    let world = World::new().await;
    world.systemd.gate(Gate::InJob);
    let daemon = world.start().await;
    daemon.take(BY_HAND).await;
    let systemd = &world.systemd;
    until("the job is queued", || systemd.calls().len() == 1).await;
    assert_eq!(daemon.incident(1).await["phase"], "acting");
    daemon.kill().await;
    world.systemd.gate(Gate::Open);
    world
}

#[tokio::test]
async fn killed_between_alert_and_decision_it_decides_at_the_next_start() {
    let world = World::new().await;
    world.start().await.kill().await;
    let mut file = Database::open(&world.database()).await;
    let (name, labels) = ("HighErrorRate", labels("HighErrorRate", API));
    let alert = homeostat_policy::alert::Alert::parse(
        &alert("firing", &labels).to_string(),
        &homeostat_remediator::clock::now(),
    )
    .unwrap();
    let alert = serde_json::to_string(&alert).unwrap();
    let opened = format!(r#"{{"kind":"opened","host":"h","unit":"{API}"}}"#);
    file.add(1, "opened", &opened).await;
    let joined = format!(r#"{{"kind":"alert","rule":"{API}/{name}","alert":{alert}}}"#);
    file.add(1, "alert", &joined).await;
    world.witnesses.fire(&labels);

    let daemon = world.start().await;
    until("it is acted on", || world.systemd.calls().len() == 1).await;
    world.witnesses.leave_alertmanager(&labels);
    world.witnesses.leave_prometheus(&labels);
    assert_eq!(daemon.until_phase(1, "closed").await["end"], "fixed");
}

#[tokio::test]
async fn killed_with_its_job_queued_it_waits_for_the_end_of_the_job() {
    let world = killed_in_job().await;
    let daemon = world.start().await;
    // Nobody's call waits for this job any more: only the examination can see its end.
    let unit = homeostat_policy::unit::UnitName::parse(API).unwrap();
    until("the job is seen", || {
        let seen = daemon.engine.unit(&unit);
        seen.is_some_and(|seen| seen.job.as_deref() == Some("restart"))
    })
    .await;
    assert_eq!(daemon.incident(1).await["phase"], "acting");
    world.systemd.finish_job(API);
    let incident = daemon.until_phase(1, "closed").await;
    assert_eq!(incident["end"], "fixed");
    let text = incident["events"].to_string();
    assert!(text.contains("found by examination"), "{text}");
    assert_eq!(world.systemd.calls().len(), 1);
}

#[tokio::test]
async fn killed_and_the_unit_runs_anew_the_job_is_done() {
    let world = killed_in_job().await;
    world.systemd.finish_job(API);
    let daemon = world.start().await;
    assert_eq!(daemon.until_phase(1, "closed").await["end"], "fixed");
    assert_eq!(world.systemd.calls().len(), 1);
}

#[tokio::test]
async fn killed_and_nobody_can_tell_a_person_is_called_and_nothing_done_again() {
    let name = "restarts::killed_and_nobody_can_tell_a_person_is_called_and_nothing_done_again";
    if !journalctl::is_inside(name, UNREADABLE) {
        return;
    }
    let world = killed_in_job().await;
    world.systemd.set(API, |unit| unit.job = None);
    let daemon = world.start().await;
    let incident = daemon
        .until(1, "a person is called", |i| i["end"] == "paged")
        .await;
    assert_eq!(incident["reason"], "outcome_unknown");
    assert!(column(&incident, "kind").contains(&"verdict"));
    until("the page stands", || {
        world.witnesses.posts_of("RemediationExhausted") >= 1
    })
    .await;
    assert_eq!(world.systemd.calls().len(), 1);
}

#[tokio::test]
async fn killed_before_the_call_and_the_journal_knows_of_no_job_it_is_done_once_more() {
    let name =
        "restarts::killed_before_the_call_and_the_journal_knows_of_no_job_it_is_done_once_more";
    if !journalctl::is_inside(name, NO_JOBS) {
        return;
    }
    let mut world = World::new().await;
    world.config["rules"][0]["settle_seconds"] = 20.into();
    world.systemd.gate(Gate::BeforeCall);
    let daemon = world.start().await;
    daemon.take(BY_HAND).await;
    until("the call is about to be sent", || {
        world.systemd.calls().len() == 1
    })
    .await;
    daemon.kill().await;
    world.systemd.gate(Gate::Open);
    let before = world.systemd.invocation(API);
    let daemon = world.start().await;
    until("it is done", || world.systemd.calls().len() == 2).await;
    let incident = daemon.until_phase(1, "verifying").await;
    assert_eq!(incident["actions"], 2);
    assert_ne!(world.systemd.invocation(API), before);
    assert_eq!(
        daemon.engine.budget_left(),
        9,
        "what was never called costs nothing"
    );
}

#[tokio::test]
async fn killed_while_verifying_it_gives_the_verdict() {
    let world = World::new().await;
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    daemon.until_phase(1, "verifying").await;
    daemon.kill().await;
    world.witnesses.leave_alertmanager(&labels);
    world.witnesses.leave_prometheus(&labels);
    let daemon = world.start().await;
    let incident = daemon.until_phase(1, "closed").await;
    assert_eq!(incident["end"], "fixed");
    assert_eq!(world.systemd.calls().len(), 1);
}

#[tokio::test]
async fn killed_while_a_person_is_called_it_calls_on() {
    let world = World::new().await;
    world
        .systemd
        .set(API, |u| u.load_state = "masked".to_owned());
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    daemon.until_phase(1, "paged").await;
    daemon.kill().await;
    let posts = world.witnesses.posts_of("RemediationExhausted");
    world
        .systemd
        .set(API, |u| u.load_state = "loaded".to_owned());
    let daemon = world.start().await;
    until("the page is posted again", || {
        world.witnesses.posts_of("RemediationExhausted") > posts
    })
    .await;
    assert_eq!(daemon.incident(1).await["phase"], "paged");
    assert!(world.systemd.calls().is_empty(), "a page is not a retry");
}

#[tokio::test]
async fn the_budget_the_cool_down_and_the_pause_survive_a_restart() {
    let world = World::new().await;
    let daemon = world.start().await;
    daemon.take(BY_HAND).await;
    daemon.until_phase(1, "closed").await;
    let said = r#"{"reason":"we deploy"}"#;
    daemon.post("/pause", crate::world::OPERATOR, said).await;
    daemon.kill().await;
    let daemon = world.start().await;
    assert_eq!(daemon.engine.budget_left(), 9);
    assert_eq!(daemon.engine.paused().as_deref(), Some("we deploy"));
    daemon.post("/resume", crate::world::OPERATOR, said).await;
    daemon.take(BY_HAND).await;
    let held = daemon.until_phase(2, "holding").await;
    assert_eq!(held["reason"], "cooldown");
    assert_eq!(world.systemd.calls().len(), 1);
}
