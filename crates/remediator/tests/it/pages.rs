//! A page is a level at Alertmanager: there until its incident closes or a person answers.

use crate::world::{API, OPERATOR, World, alert, labels, payload, until};
use serde_json::Value;

/// A host with an incident that called a person at once, for systemd does not know the unit.
pub async fn paged() -> (World, crate::world::Daemon) {
    let world = World::new().await;
    world
        .systemd
        .set(API, |u| u.load_state = "not-found".to_owned());
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    let incident = daemon.until_phase(1, "paged").await;
    assert_eq!(incident["reason"], "unit_unknown");
    assert_eq!(incident["end"], "paged");
    (world, daemon)
}

#[tokio::test]
async fn a_page_is_posted_again_until_it_is_acknowledged_and_all_ends_with_the_incident() {
    let (world, daemon) = paged().await;
    let witnesses = &world.witnesses;
    until("the page was posted three times", || {
        witnesses.posts_of("RemediationExhausted") >= 3
    })
    .await;
    let pages = witnesses.standing("RemediationExhausted");
    assert_eq!(pages.len(), 1, "one page, however often it is posted");
    for (name, value) in [
        ("severity", "critical"),
        ("component", "remediator"),
        ("host", "h"),
        ("unit", API),
        ("incident", "1"),
    ] {
        assert_eq!(pages[0][name], value);
    }
    let text = witnesses.book().posts[0]["annotations"].clone();
    let told = |name: &str| text[name].as_str().unwrap_or_default().to_owned();
    assert!(told("summary").contains("unit_unknown"), "{text}");
    assert!(told("description").contains("Nothing was tried"), "{text}");
    assert!(told("runbook_url").ends_with("RUNBOOK.md#remediationexhausted"));
    assert_eq!(
        daemon.metric("homeostat_remediator_pages_active").await,
        1.0
    );

    let said = r#"{"reason":"I am on it"}"#;
    let answer = daemon
        .post("/incidents/1/acknowledge", OPERATOR, said)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    until("the page is over and the acknowledgement stands", || {
        witnesses.standing("RemediationExhausted").is_empty()
            && witnesses.standing("RemediationAcknowledged").len() == 1
    })
    .await;
    assert_eq!(
        daemon.metric("homeostat_remediator_pages_active").await,
        0.0
    );
    let posts = witnesses.posts_of("RemediationExhausted");
    let before = witnesses.posts_of("RemediationAcknowledged");
    until("the acknowledgement is posted again", || {
        witnesses.posts_of("RemediationAcknowledged") >= before + 2
    })
    .await;
    assert_eq!(witnesses.posts_of("RemediationExhausted"), posts);

    let over = labels("HighErrorRate", API);
    witnesses.leave_alertmanager(&over);
    witnesses.leave_prometheus(&over);
    daemon.take(payload(&[alert("resolved", &over)])).await;
    let incident = daemon.until_phase(1, "closed").await;
    assert_eq!(incident["end"], "paged");
    until("nothing of it stands", || {
        witnesses.standing("RemediationAcknowledged").is_empty()
    })
    .await;
    assert!(witnesses.standing("RemediationExhausted").is_empty());
}

#[tokio::test]
async fn a_page_that_nobody_acknowledged_ends_when_its_incident_closes() {
    let (world, daemon) = paged().await;
    let witnesses = &world.witnesses;
    until("the page stands", || {
        witnesses.standing("RemediationExhausted").len() == 1
    })
    .await;
    let over = labels("HighErrorRate", API);
    witnesses.leave_alertmanager(&over);
    witnesses.leave_prometheus(&over);
    daemon.until_phase(1, "closed").await;
    until("the page is over", || {
        witnesses.standing("RemediationExhausted").is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_page_reaches_an_alertmanager_that_was_down() {
    let world = World::new().await;
    world
        .systemd
        .set(API, |u| u.load_state = "masked".to_owned());
    world.witnesses.book().alertmanager_is_up = false;
    let daemon = world.start().await;
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    daemon.take(payload(&[alert("firing", &labels)])).await;
    daemon.until_phase(1, "paged").await;
    let wait = async {
        while daemon
            .metric("homeostat_remediator_page_errors_total")
            .await
            < 1.0
        {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let end = tokio::time::timeout(std::time::Duration::from_secs(20), wait).await;
    assert!(end.is_ok(), "a failed post was never counted");
    assert!(world.witnesses.book().posts.is_empty());
    world.witnesses.book().alertmanager_is_up = true;
    until("the page stands", || {
        world.witnesses.standing("RemediationExhausted").len() == 1
    })
    .await;
}

#[tokio::test]
async fn the_end_of_a_page_reaches_an_alertmanager_that_was_down() {
    let (world, daemon) = paged().await;
    let witnesses = &world.witnesses;
    until("the page stands", || {
        witnesses.standing("RemediationExhausted").len() == 1
    })
    .await;
    witnesses.book().alertmanager_is_up = false;
    let said = r#"{"reason":"decommissioned"}"#;
    let answer = daemon.post("/incidents/1/close", OPERATOR, said).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let incident = daemon.until_phase(1, "closed").await;
    assert_eq!(incident["end"], "taken_over");
    witnesses.book().alertmanager_is_up = true;
    until("the page is over", || {
        witnesses.standing("RemediationExhausted").is_empty()
    })
    .await;
    let ended = |post: &Value| post["endsAt"].is_string();
    assert!(witnesses.book().posts.iter().any(ended));
}
