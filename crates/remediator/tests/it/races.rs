//! What happens while something else is being looked at.

use crate::database::Database;
use crate::journalctl::{self, NO_JOBS};
use crate::scripted_systemd::Gate;
use crate::world::{API, BY_HAND, SHOP, World, alert, labels, payload, until};
use std::collections::BTreeSet;
use std::time::Duration;

#[tokio::test]
async fn an_alert_that_joins_during_the_last_look_is_not_swallowed_by_the_verdict() {
    let mut world = World::new().await;
    world.config["rules"][0]["grace_seconds"] = 30.into();
    let first = labels("HighErrorRate", API);
    world.witnesses.fire(&first);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &first)])).await;
    daemon.until_phase(1, "verifying").await;
    until("the settle time is over", || {
        let actions = daemon.engine.newest_open(i64::MAX, 1_000)[0]
            .actions
            .clone();
        let ended = actions[0].ended.as_ref().map(|e| e.at);
        ended.is_some_and(|at| {
            homeostat_remediator::clock::now().since(&at) > Duration::from_secs(1)
        })
    })
    .await;
    // The last look finds all well, and its answer is on the way.
    world.witnesses.leave_alertmanager(&first);
    world.witnesses.leave_prometheus(&first);
    world.witnesses.answer(false);
    until("a look waits", || world.witnesses.waiting() > 0).await;
    let second = labels("HighLatency", API);
    world.witnesses.fire(&second);
    daemon.take(payload(&[alert("firing", &second)])).await;
    let asked = world.witnesses.book().questions;
    world.witnesses.answer(true);
    let incident = daemon
        .until(1, "the look is over", |i| {
            i["state"] == "closed" || world.witnesses.book().questions > asked + 2
        })
        .await;
    assert_eq!(incident["state"], "open", "{incident:#}");
}

#[tokio::test]
async fn an_alert_that_fires_again_during_a_look_is_not_cleared_by_it() {
    let world = World::new().await;
    world
        .systemd
        .set(API, |u| u.job = Some("reload".to_owned()));
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    daemon.until_phase(1, "holding").await;
    // A look finds the alert gone, and its answer is on the way when the alert fires anew.
    world.witnesses.leave_alertmanager(&labels);
    world.witnesses.leave_prometheus(&labels);
    world.witnesses.answer(false);
    until("a look waits", || world.witnesses.waiting() > 0).await;
    world.witnesses.fire(&labels);
    let mut again = alert("firing", &labels);
    again["startsAt"] = "2026-01-02T04:00:00Z".into();
    daemon.take(payload(&[again])).await;
    world.witnesses.answer(true);
    world.systemd.set(API, |u| u.job = None);
    let incident = daemon
        .until(1, "it is acted on or ended", |i| {
            i["state"] == "closed" || i["actions"] == 1
        })
        .await;
    assert_eq!(incident["actions"], 1, "{incident:#}");
}

#[tokio::test]
async fn a_call_under_way_while_the_store_recovers_is_not_repeated() {
    let name = "races::a_call_under_way_while_the_store_recovers_is_not_repeated";
    if !journalctl::is_inside(name, NO_JOBS) {
        return;
    }
    let world = World::new().await;
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    world.systemd.gate(Gate::BeforeCall);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    until("the call is about to be sent", || {
        world.systemd.calls().len() == 1
    })
    .await;
    let mut file = Database::open(&world.database()).await;
    file.break_writes().await;
    assert_eq!(daemon.webhook(BY_HAND).await.unwrap().status, 503);
    file.mend_writes().await;
    // Longer than it takes to conclude from the journal that a call never arrived.
    let begun = daemon.engine.newest_open(i64::MAX, 1_000)[0].actions[0].intent;
    until("the journal would be believed", || {
        homeostat_remediator::clock::now().since(&begun) > Duration::from_secs(7)
    })
    .await;
    assert_eq!(
        world.systemd.calls().len(),
        1,
        "{:#}",
        daemon.incident(1).await
    );
    world.systemd.gate(Gate::Open);
    world.witnesses.leave_alertmanager(&labels);
    world.witnesses.leave_prometheus(&labels);
    assert_eq!(daemon.until_phase(1, "closed").await["end"], "fixed");
    assert_eq!(world.systemd.calls().len(), 1);
}

#[tokio::test]
async fn no_accepted_alert_is_lost_while_the_store_fails_and_recovers() {
    let world = World::new().await;
    // The incident stays open: someone else's job stands in the way of a remedy, and a silent
    // Alertmanager in the way of its end.
    world.witnesses.book().alertmanager_is_up = false;
    world
        .systemd
        .set(SHOP, |u| u.job = Some("reload".to_owned()));
    let daemon = world.start().await;
    let mut file = Database::open(&world.database()).await;
    let mut accepted = BTreeSet::new();
    let mut n = 0;
    let mut post = async |accepted: &mut BTreeSet<String>| {
        n += 1;
        let mut labels = labels("ShopDown", SHOP);
        labels.insert("n".to_owned(), n.to_string());
        let alert = alert("firing", &labels);
        let answer = daemon.webhook(payload(std::slice::from_ref(&alert))).await;
        let is_accepted = answer.unwrap().status == 200;
        if is_accepted {
            accepted.insert(alert["fingerprint"].as_str().unwrap().to_owned());
        }
        is_accepted
    };
    for _ in 0..4 {
        file.break_writes().await;
        while post(&mut accepted).await {}
        file.mend_writes().await;
        while !post(&mut accepted).await {}
        for _ in 0..20 {
            post(&mut accepted).await;
        }
    }
    let open = daemon.engine.newest_open(i64::MAX, 1_000);
    let in_memory: BTreeSet<String> = open
        .iter()
        .flat_map(|i| i.evidence.keys().map(ToString::to_string))
        .collect();
    let lost: Vec<_> = accepted.difference(&in_memory).collect();
    assert!(lost.is_empty(), "{} of {} lost", lost.len(), accepted.len());
    daemon.kill().await;
    let daemon = world.start().await;
    let open = daemon.engine.newest_open(i64::MAX, 1_000);
    let on_disk: BTreeSet<String> = open
        .iter()
        .flat_map(|i| i.evidence.keys().map(ToString::to_string))
        .collect();
    assert!(accepted.is_subset(&on_disk));
}
