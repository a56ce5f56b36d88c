//! Many incidents at once: none waits in a row behind the others, and none for a service that hangs.

use crate::world::{World, alert, labels, payload, until};
use std::collections::BTreeMap;

fn down(world: &World, units: &[String]) -> String {
    let alerts = units.iter().map(|unit| {
        let labels = labels("UnitDown", unit);
        world.witnesses.fire(&labels);
        alert("firing", &labels)
    });
    payload(&Vec::from_iter(alerts))
}

#[tokio::test]
async fn thirty_pages_go_on_and_the_status_page_answers_while_the_bus_hangs() {
    let (world, units) = World::of_many(30).await;
    for unit in &units {
        world
            .systemd
            .set(unit, |u| u.load_state = "not-found".to_owned());
    }
    let daemon = world.start().await;
    daemon.take(down(&world, &units)).await;
    let pages = || world.witnesses.standing("RemediationExhausted").len();
    until("all are paged", || pages() == units.len()).await;

    world.systemd.answer(false);
    let posts = || -> BTreeMap<String, usize> {
        let book = world.witnesses.book();
        let unit = |post: &serde_json::Value| post["labels"]["unit"].as_str().map(str::to_owned);
        let mut count = BTreeMap::new();
        for unit in book.posts.iter().filter_map(unit) {
            *count.entry(unit).or_default() += 1;
        }
        count
    };
    let before = posts();
    until("each page is posted twice more", || {
        let now = posts();
        units.iter().all(|unit| now[unit] >= before[unit] + 2)
    })
    .await;
    assert_eq!(daemon.get("/").await.status, 200);
    world.systemd.answer(true);
}

#[tokio::test]
async fn ten_alerts_with_a_hanging_prometheus_ask_it_together_and_all_are_acted_on() {
    let (world, units) = World::of_many(10).await;
    world.witnesses.answer(false);
    let daemon = world.start().await;
    daemon.take(down(&world, &units)).await;
    until("all are acted on", || {
        world.systemd.calls().len() == units.len()
    })
    .await;
    let questions = world.witnesses.book().questions;
    // The first look's, and one for all that came while that was under way.
    assert!(questions <= 2, "{questions}");
    world.witnesses.answer(true);
}

#[tokio::test]
async fn a_unit_that_was_not_seen_for_long_is_not_shown_as_it_was() {
    let (world, _) = World::of_many(2).await;
    let daemon = world.start().await;
    let unknown = "homeostat_remediator_units_unknown";
    let until_unknown = async |count: f64| {
        let wait = async {
            while daemon.metric(unknown).await != count {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let end = tokio::time::timeout(std::time::Duration::from_secs(60), wait).await;
        assert!(end.is_ok(), "{unknown} is not {count}");
    };
    until_unknown(0.0).await;
    world.systemd.answer(false);
    until_unknown(4.0).await;
    let page = daemon.get("/").await.body.to_string();
    assert!(page.contains("not known"), "{page}");
    world.systemd.answer(true);
    until_unknown(0.0).await;
}
