//! While the host is switched to a new configuration nothing is done; afterwards all is.

use crate::world::{API, Daemon, World, alert, column, labels, payload, until};
use homeostat_policy::words::Verb;
use serde_json::json;
use std::fs::File;
use tempfile::TempDir;

/// A host with a lock file on a tmpfs, as /run is.
async fn host() -> (World, TempDir, File) {
    let mut world = World::new().await;
    let run = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let lock = run.path().join("switch.lock");
    world.config["switch_lock"] = json!(lock);
    world.witnesses.fire(&labels("HighErrorRate", API));
    (world, run, File::create(&lock).expect("a file"))
}

async fn start_under_fire(world: &World) -> Daemon {
    let daemon = world.start().await;
    let firing = alert("firing", &labels("HighErrorRate", API));
    daemon.take(payload(&[firing])).await;
    daemon
}

#[tokio::test]
async fn a_fault_during_a_switch_is_healed_when_the_switch_is_over() {
    let (world, _run, lock) = host().await;
    lock.lock().unwrap();
    let daemon = start_under_fire(&world).await;
    let held = daemon.until_phase(1, "holding").await;
    assert_eq!(held["reason"], "switch_running");
    let counted =
        r#"homeostat_remediator_decisions_total{decision="hold",reason="switch_running"}"#;
    assert_eq!(daemon.metric(counted).await, 1.0);
    // A switch restarts the remediator too, in the midst of it.
    daemon.kill().await;
    let looked = world.witnesses.book().questions;
    let daemon = world.start().await;
    until("it has looked again", || {
        world.witnesses.book().questions > looked + 1
    })
    .await;
    assert!(world.systemd.calls().is_empty());
    lock.unlock().unwrap();
    until("it acts", || !world.systemd.calls().is_empty()).await;
    world
        .witnesses
        .leave_alertmanager(&labels("HighErrorRate", API));
    world
        .witnesses
        .leave_prometheus(&labels("HighErrorRate", API));
    let incident = daemon.until_phase(1, "closed").await;
    assert_eq!(incident["end"], "fixed");
    assert_eq!(world.systemd.calls(), [(API.to_owned(), Verb::Restart)]);
    let reasons = column(&incident, "reason");
    assert_eq!(reasons, ["switch_running", "firing", "recovered"]);
}

#[tokio::test]
async fn a_person_is_called_when_a_switch_does_not_end_and_hears_of_it() {
    let (mut world, _run, lock) = host().await;
    world.config["hold_timeout_seconds"] = 1.into();
    lock.lock().unwrap();
    let daemon = start_under_fire(&world).await;
    let incident = daemon.until_phase(1, "paged").await;
    assert_eq!(incident["reason"], "hold_timeout");
    until("the page stands", || {
        world.witnesses.standing("RemediationExhausted").len() == 1
    })
    .await;
    let text = world.witnesses.book().posts[0]["annotations"]["description"].to_string();
    assert!(text.contains("A switch of the host"), "{text}");
    assert!(world.systemd.calls().is_empty());
}

#[tokio::test]
async fn what_cannot_be_told_is_no_leave_to_act() {
    let (mut world, run, _lock) = host().await;
    world.config["switch_lock"] = json!(run.path().join("switch.lock/below-a-file"));
    let daemon = start_under_fire(&world).await;
    let held = daemon.until_phase(1, "holding").await;
    assert_eq!(held["reason"], "switch_unknown");
    assert!(world.systemd.calls().is_empty());
}
