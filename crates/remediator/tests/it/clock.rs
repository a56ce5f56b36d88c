//! The wall clock steps, in a boot and between two: nothing is freed or deleted by it, and pages are taken.

use crate::world::{API, SHOP, World, alert, labels, payload, until};
use homeostat_policy::log::{Moment, parse_rfc3339};
use homeostat_remediator::clock::{Clock, now};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const HOUR_MS: i64 = 3_600_000;

/// A host whose wall clock stands apart from the real one by so much, and the means to set it.
fn set_by_hand(world: &mut World) -> Arc<AtomicI64> {
    let apart = Arc::new(AtomicI64::new(0));
    world.clock = Clock::of({
        let apart = Arc::clone(&apart);
        move || {
            let now = now();
            Moment {
                wall_ms: now.wall_ms + apart.load(Ordering::Relaxed),
                ..now
            }
        }
    });
    apart
}

#[tokio::test]
async fn two_hours_on_and_a_restart_free_neither_budget_nor_cool_down() {
    let mut world = World::new().await;
    world.config["budget"] = serde_json::json!({ "actions": 1, "window_seconds": 3600 });
    for rule in world.config["rules"].as_array_mut().unwrap() {
        rule["cooldown_seconds"] = 3600.into();
    }
    let apart = set_by_hand(&mut world);
    let daemon = world.start().await;
    let post = |name: &str, unit: &str| payload(&[alert("firing", &labels(name, unit))]);
    world.witnesses.fire(&labels("HighErrorRate", API));
    daemon.take(post("HighErrorRate", API)).await;
    until("it is called", || !world.systemd.calls().is_empty()).await;
    world
        .witnesses
        .leave_alertmanager(&labels("HighErrorRate", API));
    world
        .witnesses
        .leave_prometheus(&labels("HighErrorRate", API));
    daemon.until_phase(1, "closed").await;

    for step in [2 * HOUR_MS, -HOUR_MS, 365 * 24 * HOUR_MS] {
        apart.store(step, Ordering::Relaxed);
        let left = "homeostat_remediator_budget_remaining";
        assert_eq!(daemon.metric(left).await, 0.0, "a step of {step} ms");
    }
    daemon.kill().await;
    let daemon = world.start().await;
    for (id, name, unit, reason) in [
        (2, "HighLatency", API, "cooldown"),
        (3, "ShopDown", SHOP, "budget_spent"),
    ] {
        world.witnesses.fire(&labels(name, unit));
        daemon.take(post(name, unit)).await;
        daemon.until(id, reason, |i| i["reason"] == reason).await;
    }
    assert_eq!(world.systemd.calls().len(), 1);
    assert_eq!(
        daemon.incident(1).await["end"],
        "fixed",
        "and is remembered"
    );
}

#[tokio::test]
async fn a_page_that_was_opened_by_a_clock_that_stood_ahead_begins_now() {
    let mut world = World::new().await;
    world
        .systemd
        .set(API, |u| u.load_state = "not-found".to_owned());
    let apart = set_by_hand(&mut world);
    apart.store(HOUR_MS, Ordering::Relaxed);
    let labels = labels("HighErrorRate", API);
    world.witnesses.fire(&labels);
    let daemon = world.start().await;
    daemon.take(payload(&[alert("firing", &labels)])).await;
    daemon.until_phase(1, "paged").await;
    apart.store(0, Ordering::Relaxed);
    // One that was on its way still begins by the other clock.
    let posted = world.witnesses.posts_of("RemediationExhausted");
    until("it is posted twice more", || {
        world.witnesses.posts_of("RemediationExhausted") >= posted + 2
    })
    .await;
    let newest = world.witnesses.book().posts.last().cloned();
    let newest = newest.expect("a page");
    let begins = newest["startsAt"].as_str().and_then(parse_rfc3339);
    assert!(begins.expect("a time") <= now().wall_ms, "{newest}");
}
