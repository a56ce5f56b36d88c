//! Alertmanager sends at least once, so the same notice comes often: one action.

use crate::database::Database;
use crate::world::{API, Daemon, World, alert, labels, payload};

/// Posts the payload 1,000 times by 20 senders, and gives how often it was news.
async fn storm(daemon: &Daemon, body: &str) -> u64 {
    let mut accepted = 0;
    for _ in 0..50 {
        let posts: Vec<_> = (0..20).map(|_| daemon.webhook(body.to_owned())).collect();
        for post in posts {
            let answer = post.await.expect("no panic");
            assert_eq!(answer.status, 200, "{answer:?}");
            accepted += answer.body["accepted"].as_u64().expect("a number");
        }
    }
    accepted
}

#[tokio::test]
async fn the_same_payload_a_thousand_times_is_one_action_also_across_a_restart() {
    let mut world = World::new().await;
    // Longer than a thousand posts take on a busy host.
    world.config["rules"][0]["grace_seconds"] = 600.into();
    let labels = labels("HighErrorRate", API);
    let body = payload(&[alert("firing", &labels)]);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    assert_eq!(storm(&daemon, &body).await, 1);
    daemon.until_phase(1, "verifying").await;
    world.witnesses.leave_alertmanager(&labels);
    world.witnesses.leave_prometheus(&labels);
    daemon.until_phase(1, "closed").await;
    // After the end nobody shows it any more: it is asked about once, and nothing is done.
    assert_eq!(storm(&daemon, &body).await, 1);
    let stale = daemon.until_phase(2, "closed").await;
    assert_eq!(
        (&stale["end"], &stale["reason"]),
        (&"resolved_by_itself".into(), &"stale".into())
    );
    daemon.kill().await;

    let daemon = world.start().await;
    assert_eq!(storm(&daemon, &body).await, 0);
    let all = daemon.get("/incidents?state=all").await.body;
    assert_eq!(all["incidents"].as_array().map(Vec::len), Some(2));
    assert_eq!(world.systemd.calls().len(), 1);
    let mut file = Database::open(&world.database()).await;
    assert_eq!(file.count("alert").await, 2);
    let duplicates = r#"homeostat_remediator_alerts_total{result="duplicate"}"#;
    assert_eq!(daemon.metric(duplicates).await, 1_000.0);
}

#[tokio::test]
async fn the_same_alert_twice_in_one_post_is_one_alert() {
    let world = World::new().await;
    let alert = alert("firing", &labels("HighErrorRate", API));
    let daemon = world.start().await;
    let taken = daemon.take(payload(&[alert.clone(), alert])).await;
    assert_eq!(
        (&taken["accepted"], &taken["duplicates"]),
        (&1.into(), &1.into())
    );
}

#[tokio::test]
async fn the_end_of_an_alert_that_nobody_knows_is_no_news() {
    let world = World::new().await;
    let daemon = world.start().await;
    let over = alert("resolved", &labels("HighErrorRate", API));
    let taken = daemon.take(payload(&[over])).await;
    assert_eq!(taken["accepted"], 0);
    let all = daemon.get("/incidents").await.body;
    assert_eq!(all["incidents"].as_array().map(Vec::len), Some(0));
}
