//! A file that a newer version wrote, after a rollback.

use crate::database::Database;
use crate::world::{API, World, alert, column, labels, payload, until};

#[tokio::test]
async fn a_file_from_the_future_opens_and_goes_on() {
    let world = World::new().await;
    let daemon = world.start().await;
    daemon.take(crate::world::BY_HAND).await;
    daemon.until_phase(1, "closed").await;
    daemon.kill().await;
    let mut file = Database::open(&world.database()).await;
    file.run(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', 1, x'00', 1); \
         ALTER TABLE events ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'; \
         CREATE TABLE silences (id INTEGER PRIMARY KEY) STRICT",
    )
    .await;

    let daemon = world.start().await;
    assert_eq!(daemon.incident(1).await["end"], "fixed");
    daemon.take(crate::world::BY_HAND).await;
    assert_eq!(daemon.until_phase(2, "holding").await["reason"], "cooldown");
    daemon.kill().await;
    // Another start, as the newer version after the older one: all is there.
    assert_eq!(file.count("opened").await, 2);
    let blue = "SELECT count(*) FROM events WHERE colour = 'blue'";
    let all = "SELECT count(*) FROM events";
    assert_eq!(file.number(blue).await, file.number(all).await);
}

#[tokio::test]
async fn an_event_of_an_unknown_kind_calls_a_person_instead_of_a_guess() {
    let world = World::new().await;
    world
        .systemd
        .set(API, |u| u.job = Some("reload".to_owned()));
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    daemon.until_phase(1, "holding").await;
    daemon.kill().await;
    let mut file = Database::open(&world.database()).await;
    file.add(1, "teleported", r#"{"kind":"teleported","to":"mars"}"#)
        .await;
    world.systemd.set(API, |u| u.job = None);

    let daemon = world.start().await;
    let incident = daemon.until_phase(1, "paged").await;
    assert_eq!(incident["reason"], "unreadable");
    assert!(column(&incident, "kind").contains(&"unknown"));
    until("the page stands", || {
        world.witnesses.posts_of("RemediationExhausted") >= 1
    })
    .await;
    assert!(world.systemd.calls().is_empty());
    // The event itself is kept for the newer version.
    let kept = "SELECT count(*) FROM events WHERE body LIKE '%mars%'";
    assert_eq!(file.number(kept).await, 1);
}

#[tokio::test]
async fn a_file_that_is_no_event_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    std::fs::write(&path, "this is a letter and no database, and it is long").unwrap();
    let error = homeostat_remediator::store::Store::open(&path).await.err();
    let text = error.unwrap().to_string();
    assert!(text.contains("event log"), "{text}");
}
