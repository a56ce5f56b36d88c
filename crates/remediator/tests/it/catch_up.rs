//! Alerts that a post could not hold are read from Alertmanager.

use crate::world::{API, SHOP, World, alert, labels, payload, until};
use serde_json::json;

#[tokio::test]
async fn what_alertmanager_left_out_of_a_post_is_read_from_it() {
    let world = World::new().await;
    let (told, left_out) = (labels("HighErrorRate", API), labels("ShopDown", SHOP));
    world.witnesses.fire(&told);
    world.witnesses.fire(&left_out);
    let daemon = world.start().await;
    for truncated in [json!(null), json!(0)] {
        let post = json!({ "alerts": [], "truncatedAlerts": truncated }).to_string();
        daemon.take(post).await;
    }
    let post = json!({ "alerts": [alert("firing", &told)], "truncatedAlerts": 1 }).to_string();
    assert_eq!(daemon.take(post).await["accepted"], 1);
    until("both are acted on", || world.systemd.calls().len() == 2).await;
}

#[tokio::test]
async fn the_alerts_of_a_post_that_is_too_large_are_read_from_alertmanager() {
    let world = World::new().await;
    let labels = labels("ShopDown", SHOP);
    world.witnesses.fire(&labels);
    world.witnesses.book().alertmanager_is_up = false;
    let daemon = world.start().await;
    let mut large = alert("firing", &labels);
    large["annotations"]["description"] = json!("x".repeat(64 * 1024));
    let post = payload(&vec![large; 33]);
    let answer = daemon.webhook(post).await.unwrap();
    assert_eq!(answer.status, 413, "{answer:?}");
    let text = answer.body["error"].as_str().unwrap_or_default();
    assert!(text.contains("are read from Alertmanager"), "{text}");
    // It is asked until it answers.
    world.witnesses.book().alertmanager_is_up = true;
    until("it is acted on", || world.systemd.calls().len() == 1).await;
}
