//! A post by hand, from the alert to the end.

use crate::database::Database;
use crate::world::{API, BY_HAND, World, column};
use homeostat_policy::words::Verb;

#[tokio::test]
async fn a_post_by_hand_restarts_once_and_ends_as_fixed_without_a_page() {
    let world = World::new().await;
    let before = world.systemd.invocation(API);
    let daemon = world.start().await;
    let taken = daemon.take(BY_HAND).await;
    assert_eq!(taken["accepted"], 1);
    let incident = daemon.until_phase(1, "closed").await;
    assert_eq!(incident["end"], "fixed");
    assert_eq!(incident["verdict"], "fixed");
    assert_eq!(incident["state"], "closed");
    assert_eq!(incident["unit"], API);
    assert_eq!(incident["host"], "h");
    assert_eq!(incident["actions"], 1);
    assert_eq!(incident["alerts"][0]["kind"], "posted");
    assert_eq!(incident["alerts"][0]["cleared"], true);
    assert_eq!(
        column(&incident, "kind"),
        [
            "opened",
            "alert",
            "witnessed",
            "decided",
            "intent",
            "job_ended",
            "verdict",
            "cleared",
            "closed"
        ]
    );
    assert_eq!(column(&incident, "reason"), ["firing", "recovered"]);
    assert_eq!(world.systemd.calls(), [(API.to_owned(), Verb::Restart)]);
    assert_ne!(world.systemd.invocation(API), before);
    assert!(world.witnesses.book().posts.is_empty());
    let acted = r#"homeostat_remediator_actions_total{result="done",verb="restart"}"#;
    assert_eq!(daemon.metric(acted).await, 1.0);
    let fixed = r#"homeostat_remediator_verdicts_total{verdict="fixed"}"#;
    assert_eq!(daemon.metric(fixed).await, 1.0);
    assert_eq!(
        daemon.metric("homeostat_remediator_incidents_open").await,
        0.0
    );
}

#[tokio::test]
async fn no_alerts_are_taken_and_do_nothing() {
    let world = World::new().await;
    let daemon = world.start().await;
    let taken = daemon.take(r#"{"alerts":[]}"#).await;
    assert_eq!(taken["accepted"], 0);
    let all = daemon.get("/incidents").await.body;
    assert_eq!(all["incidents"].as_array().map(Vec::len), Some(0));
    let mut file = Database::open(&world.database()).await;
    assert_eq!(file.number("SELECT count(*) FROM events").await, 0);
}

#[tokio::test]
async fn a_second_post_within_the_cool_down_does_nothing_and_tells_a_person_in_the_end() {
    let mut world = World::new().await;
    world.config["hold_timeout_seconds"] = 2.into();
    let daemon = world.start().await;
    daemon.take(BY_HAND).await;
    daemon.until_phase(1, "closed").await;
    daemon.take(BY_HAND).await;
    let held = daemon.until_phase(2, "holding").await;
    assert_eq!(held["reason"], "cooldown");
    let paged = daemon.until_phase(2, "paged").await;
    assert_eq!(paged["reason"], "hold_timeout", "nobody else hears of it");
    assert_eq!(world.systemd.calls().len(), 1);
}

#[tokio::test]
async fn dry_run_tells_at_once_what_it_would_do_and_does_nothing() {
    let mut world = World::new().await;
    world.config["rules"][0]["mode"] = "dry-run".into();
    let daemon = world.start().await;
    daemon.take(BY_HAND).await;
    let paged = daemon.until_phase(1, "paged").await;
    assert_eq!(paged["reason"], "dry_run");
    let text = paged["events"].to_string();
    assert!(text.contains("would have been restart"), "{text}");
    assert!(world.systemd.calls().is_empty());
}
