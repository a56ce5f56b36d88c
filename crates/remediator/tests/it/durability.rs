//! An answer of 200 is a promise: it is on disk. What cannot be written is not acted on.

use crate::database::Database;
use crate::world::{API, BY_HAND, OPERATOR, SHOP, World, alert, labels, payload, request, until};
use std::time::Duration;

#[tokio::test]
async fn when_the_answer_comes_every_alert_is_in_the_file() {
    let world = World::new().await;
    let daemon = world.start().await;
    let mut file = Database::open(&world.database()).await;
    let many: Vec<_> = (0..100)
        .map(|n| {
            let mut labels = labels("HighErrorRate", API);
            labels.insert("n".to_owned(), n.to_string());
            alert("firing", &labels)
        })
        .collect();
    let taken = daemon.take(payload(&many)).await;
    assert_eq!(taken["accepted"], 100);
    assert_eq!(file.count("alert").await, 100);
    assert_eq!(file.count("opened").await, 1);
}

#[tokio::test]
async fn while_writes_fail_nothing_is_taken_and_nothing_done_and_then_it_goes_on() {
    let world = World::new().await;
    // An incident that waits for someone else's job, and may act as soon as that is gone.
    world
        .systemd
        .set(SHOP, |u| u.job = Some("reload".to_owned()));
    let shop = labels("ShopDown", SHOP);
    world.witnesses.fire(&shop);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &shop)])).await;
    daemon.until_phase(1, "holding").await;

    let mut file = Database::open(&world.database()).await;
    file.break_writes().await;
    let answer = daemon.webhook(BY_HAND).await.unwrap();
    assert_eq!(answer.status, 503, "{answer:?}");
    world.systemd.set(SHOP, |u| u.job = None);
    let answer = daemon.post("/pause", OPERATOR, r#"{"reason":"r"}"#).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    let errors = "homeostat_remediator_store_errors_total";
    let first = daemon.metric(errors).await;
    assert!(first >= 1.0);
    // The daemon tries to recover, and the driver of the incident to act, again and again.
    let wait = async {
        while daemon.metric(errors).await < first + 3.0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let end = tokio::time::timeout(Duration::from_secs(20), wait).await;
    assert!(end.is_ok(), "failed writes are not counted");
    assert!(
        world.systemd.calls().is_empty(),
        "{:?}",
        world.systemd.calls()
    );
    assert_eq!(file.count("intent").await, 0);
    assert_eq!(file.count("paused").await, 0);

    file.mend_writes().await;
    until("the open incident is driven again", || {
        world.systemd.calls().iter().any(|c| c.0 == SHOP)
    })
    .await;
    assert_eq!(daemon.get("/health").await.status, 200);
    assert_eq!(daemon.engine.paused(), None, "a pause that failed is none");
    daemon.take(BY_HAND).await;
    until("the post is acted on", || {
        world.systemd.calls().iter().any(|c| c.0 == API)
    })
    .await;
    assert_eq!(world.systemd.calls().len(), 2);
}

#[tokio::test]
async fn while_a_write_hangs_nothing_is_taken_and_nothing_done_and_then_it_goes_on() {
    let world = World::new().await;
    let daemon = world.start().await;
    let mut file = Database::open(&world.database()).await;
    file.hang_next_write().await;
    let answer = daemon.webhook(BY_HAND).await.unwrap();
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(daemon.get("/health").await.body["store"], "failed");
    let healthy = "homeostat_remediator_store_healthy";
    assert_eq!(daemon.metric(healthy).await, 0.0);
    assert!(
        daemon
            .metric("homeostat_remediator_store_errors_total")
            .await
            >= 1.0
    );
    // The next is not left waiting, and the lists are shown as they are.
    assert_eq!(daemon.webhook(BY_HAND).await.unwrap().status, 503);
    assert_eq!(daemon.get("/incidents").await.status, 200);
    assert!(world.systemd.calls().is_empty());
    assert_eq!(file.count("alert").await, 0);

    // What hung ends by itself.
    let wait = async {
        while daemon.metric(healthy).await < 1.0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let end = tokio::time::timeout(Duration::from_secs(120), wait).await;
    assert!(end.is_ok(), "it does not answer again");
    assert_eq!(file.count("alert").await, 1, "what waited was written");
}

#[tokio::test]
async fn a_store_that_failed_shows_in_health_and_metrics() {
    let world = World::new().await;
    let daemon = world.start().await;
    let mut file = Database::open(&world.database()).await;
    // Here the probe of the recovery fails too, as on a full disk.
    file.break_writes().await;
    daemon.webhook(BY_HAND).await.unwrap();
    file.mend_writes().await;
    file.hold_writes().await;
    let health = daemon.get("/health").await;
    assert_eq!(health.status, 503);
    assert_eq!(health.body["store"], "failed");
    assert_eq!(
        daemon.metric("homeostat_remediator_store_healthy").await,
        0.0
    );
    let unavailable = r#"homeostat_remediator_webhook_requests_total{result="unavailable"}"#;
    assert_eq!(daemon.metric(unavailable).await, 1.0);
    file.release_writes().await;
}

#[tokio::test]
async fn a_duplicate_of_a_pending_alert_waits_for_its_write() {
    let world = World::new().await;
    let daemon = world.start().await;
    let mut file = Database::open(&world.database()).await;
    file.hold_writes().await;
    let body = payload(&[alert("firing", &labels("HighErrorRate", API))]);
    let first = daemon.webhook(body.clone());
    until("the first is taken", || {
        daemon.engine.newest_open(i64::MAX, 1_000).len() == 1
    })
    .await;
    let mut second = daemon.webhook(body);
    let early = tokio::time::timeout(Duration::from_millis(300), &mut second).await;
    assert!(early.is_err(), "{early:?}");
    assert!(!first.is_finished());
    file.release_writes().await;
    assert_eq!(first.await.unwrap().body["accepted"], 1);
    let second = second.await.unwrap();
    assert_eq!(
        (second.status.as_u16(), &second.body["duplicates"]),
        (200, &1.into())
    );
}

#[tokio::test]
async fn a_duplicate_of_an_alert_whose_write_fails_is_not_taken() {
    let world = World::new().await;
    let daemon = world.start().await;
    let mut file = Database::open(&world.database()).await;
    file.hold_writes().await;
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let body = payload(&[alert("firing", &labels)]);
    let posts = [daemon.webhook(body.clone()), daemon.webhook(body.clone())];
    until("the first is taken", || {
        daemon.engine.newest_open(i64::MAX, 1_000).len() == 1
    })
    .await;
    file.break_writes().await;
    file.release_writes().await;
    for post in posts {
        assert_eq!(post.await.unwrap().status, 503);
    }
    file.mend_writes().await;
    let wait = async { while daemon.webhook(body.clone()).await.unwrap().status != 200 {} };
    let end = tokio::time::timeout(Duration::from_secs(20), wait).await;
    assert!(end.is_ok(), "the store never recovers");
    assert_eq!(file.count("alert").await, 1);
    until("it is acted on", || world.systemd.calls().len() == 1).await;
}

#[tokio::test]
async fn an_alert_is_acted_on_though_its_sender_hung_up() {
    let world = World::new().await;
    let daemon = world.start().await;
    let mut file = Database::open(&world.database()).await;
    file.hold_writes().await;
    let post = daemon.webhook(BY_HAND);
    until("the alert is taken", || {
        daemon.engine.newest_open(i64::MAX, 1_000).len() == 1
    })
    .await;
    post.abort();
    assert!(post.await.unwrap_err().is_cancelled());
    file.release_writes().await;
    until("it is acted on", || world.systemd.calls().len() == 1).await;
}

#[tokio::test]
async fn an_incident_is_shown_while_its_beginning_and_its_end_are_being_written() {
    let world = World::new().await;
    let daemon = world.start().await;
    let pause = r#"{"reason":"a test"}"#;
    assert_eq!(daemon.post("/pause", OPERATOR, pause).await.status, 200);
    let mut file = Database::open(&world.database()).await;
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let fires = || {
        request(
            "POST",
            "/webhook",
            Some(OPERATOR),
            payload(&[alert("firing", &labels)]),
        )
    };
    let close = || request("POST", "/incidents/1/close", Some(OPERATOR), pause);
    for (sent, open, path) in [(fires(), 1, "/incidents/1"), (close(), 0, "/incidents")] {
        file.hold_writes().await;
        let post = daemon.send(sent);
        until("memory is ahead of the disk", || {
            daemon.engine.newest_open(i64::MAX, 1_000).len() == open
        })
        .await;
        let mut shown = daemon.send(request("GET", path, None, ""));
        let early = tokio::time::timeout(Duration::from_millis(300), &mut shown).await;
        assert!(early.is_err(), "{early:?}");
        file.release_writes().await;
        assert_eq!(post.await.unwrap().status, 200);
        let body = shown.await.unwrap().body;
        let incident = body.get("incidents").map_or(&body, |list| &list[0]);
        assert_eq!(incident["id"], 1, "{body}");
    }
}
