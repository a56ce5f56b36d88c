//! Lists and stories come in pages, however long they are.

use crate::world::{API, Daemon, World, alert, labels, payload};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn numbers(list: &Value, field: &str) -> Vec<i64> {
    let list = list[field].as_array().expect("a list");
    list.iter().filter_map(|one| one["id"].as_i64()).collect()
}

/// All pages of a list, each of which names the next.
async fn pages(daemon: &Daemon, path: &str, cursor: &str, field: &str) -> Vec<Vec<i64>> {
    let mut pages = Vec::new();
    let mut next = String::new();
    loop {
        let answer = daemon.get(&format!("{path}{next}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        pages.push(numbers(&answer.body, field));
        match answer.body["next"].as_i64() {
            Some(number) => next = format!("{cursor}={number}"),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn incidents_are_listed_page_by_page() {
    let world = World::new().await;
    let daemon = world.start().await;
    for number in 0..7 {
        let labels = json!({ "alertname": "Nobody", "n": number.to_string() });
        daemon
            .take(payload(&[json!({ "status": "firing", "labels": labels })]))
            .await;
    }
    let listed = pages(&daemon, "/incidents?limit=3", "&before", "incidents").await;
    assert_eq!(listed, [vec![7, 6, 5], vec![4, 3, 2], vec![1]]);
}

#[tokio::test]
async fn an_incident_with_thousands_of_alerts_is_told_in_pages_and_says_what_is_left_out() {
    let world = World::new().await;
    world
        .systemd
        .set(API, |u| u.load_state = "masked".to_owned());
    let daemon = world.start().await;
    for post in 0..13 {
        let alerts: Vec<Value> = (0..50)
            .map(|n| {
                let mut labels = labels("HighErrorRate", API);
                labels.insert("n".to_owned(), format!("{post} {n}"));
                world.witnesses.fire(&labels);
                alert("firing", &labels)
            })
            .collect();
        assert_eq!(daemon.take(payload(&alerts)).await["accepted"], 50);
    }
    let incident = daemon.until_phase(1, "paged").await;
    assert_eq!(incident["left_out"], 150);
    assert_eq!(incident["alerts"].as_array().map(Vec::len), Some(500));
    let told = pages(&daemon, "/incidents/1", "?after", "events").await;
    assert!(told.len() > 1, "{told:?}");
    let all: BTreeSet<i64> = told.iter().flatten().copied().collect();
    let count = i64::try_from(all.len()).unwrap();
    assert!(count > 650, "{count}");
    assert_eq!(all, (1..=count).collect(), "none is missing");
    let page = daemon.get("/").await.body;
    let page = page.as_str().expect("a page");
    assert!(
        page.contains("and 150 more that are only counted"),
        "{page}"
    );
    assert!(page.contains("more steps are in the JSON"), "{page}");
}
