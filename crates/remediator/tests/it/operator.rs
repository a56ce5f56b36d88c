//! What a person may say: pause, resume, acknowledge.

use crate::world::{ALERTMANAGER, API, OPERATOR, World, alert, labels, payload, request, until};

#[tokio::test]
async fn only_the_operators_token_may_and_a_reason_is_required() {
    let world = World::new().await;
    let daemon = world.start().await;
    let good = r#"{"reason":"we deploy"}"#;
    for path in ["/pause", "/resume", "/incidents/1/acknowledge"] {
        let none = daemon
            .send(request("POST", path, None, good))
            .await
            .unwrap();
        assert_eq!(none.status, 401, "{path}");
        assert!(none.body["error"].is_string(), "{none:?}");
        for token in ["", "wrong", ALERTMANAGER, &OPERATOR[1..]] {
            let answer = daemon.post(path, token, good).await;
            assert_eq!(answer.status, 401, "{path} {token}");
        }
        let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(501));
        for bad in ["", "{}", r#"{"reason":""}"#, r#"{"reason":"  "}"#, &long] {
            let answer = daemon.post(path, OPERATOR, bad.to_owned()).await;
            assert_eq!(answer.status, 400, "{path} {bad}");
            assert!(answer.body["error"].is_string(), "{answer:?}");
        }
    }
    assert_eq!(daemon.engine.paused(), None);
}

#[tokio::test]
async fn while_paused_nothing_is_done_and_after_it_the_incident_goes_on() {
    let world = World::new().await;
    let failing = labels("HighErrorRate", API);
    world.witnesses.fire(&failing);
    let daemon = world.start().await;
    let said = r#"{"reason":"we deploy"}"#;
    let answer = daemon.post("/pause", OPERATOR, said).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["paused"]),
        (200, &true.into())
    );
    assert_eq!(daemon.get("/health").await.body["paused"], "we deploy");
    assert_eq!(daemon.metric("homeostat_remediator_paused").await, 1.0);
    daemon.take(payload(&[alert("firing", &failing)])).await;
    let held = daemon.until_phase(1, "holding").await;
    assert_eq!(held["reason"], "paused");
    // News of the incident makes the daemon look again.
    let asked = world.witnesses.book().questions;
    let slow = labels("HighLatency", API);
    daemon.take(payload(&[alert("firing", &slow)])).await;
    until("the incident was looked at again", || {
        world.witnesses.book().questions > asked
    })
    .await;
    assert!(world.systemd.calls().is_empty());
    let metric = r#"homeostat_remediator_decisions_total{decision="hold",reason="paused"}"#;
    assert_eq!(daemon.metric(metric).await, 1.0, "a hold counts once");

    let answer = daemon.post("/resume", OPERATOR, said).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["paused"]),
        (200, &false.into())
    );
    until("it is acted on", || world.systemd.calls().len() == 1).await;
    assert_eq!(daemon.metric("homeostat_remediator_paused").await, 0.0);
}

#[tokio::test]
async fn only_a_page_of_an_open_incident_can_be_acknowledged() {
    let world = World::new().await;
    world
        .systemd
        .set(API, |u| u.job = Some("reload".to_owned()));
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    let said = r#"{"reason":"mine"}"#;
    let path = "/incidents/1/acknowledge";
    assert_eq!(daemon.post(path, OPERATOR, said).await.status, 404);
    daemon.take(payload(&[alert("firing", &labels)])).await;
    daemon.until_phase(1, "holding").await;
    assert_eq!(daemon.post(path, OPERATOR, said).await.status, 409);
    world
        .systemd
        .set(API, |u| u.load_state = "masked".to_owned());
    daemon.until_phase(1, "paged").await;
    let answer = daemon.post(path, OPERATOR, said).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let incident = daemon.incident(1).await;
    assert_eq!(incident["phase"], "acknowledged");
    let text = incident["events"].to_string();
    assert!(text.contains("mine"), "{text}");
}

#[tokio::test]
async fn a_queued_stop_is_not_turned_round() {
    let world = World::new().await;
    world.systemd.set(API, |u| u.job = Some("stop".to_owned()));
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    let held = daemon.until_phase(1, "holding").await;
    assert_eq!(held["reason"], "stop_queued");
    assert!(world.systemd.calls().is_empty());
}
