//! `homeostat incidents` against a server that answers in the remediator's forms.

use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{output, run, serve, stderr};

async fn remediator() -> String {
    let list = |RawQuery(query): RawQuery| async move {
        assert_eq!(query.as_deref(), Some("state=all&limit=100"));
        Json(
            json!({"incidents": [{"id": "a/1", "host": "demo", "unit": "shop.service", "state": "open", "phase": "acting"}]}),
        )
    };
    let one = |Path(id): Path<String>| async move {
        if id != "a/1" {
            return Err(StatusCode::NOT_FOUND);
        }
        Ok(Json(
            json!({"id": id, "events": [{"at": "2026-01-02T03:04:05Z", "kind": "alert", "text": "AppDown fires"}]}),
        ))
    };
    let router = Router::new()
        .route("/incidents", get(list))
        .route("/incidents/{id}", get(one));
    format!("http://{}", serve(router).await)
}

#[test]
fn the_list_and_a_story_are_printed() {
    run(async {
        let url = remediator().await;
        let list = output(&["incidents", "--url", &url]).await;
        let text = String::from_utf8_lossy(&list.stdout).into_owned();
        assert_eq!(list.status.code(), Some(0), "{}", stderr(&list));
        assert!(
            text.starts_with("ID ") && text.contains("a/1") && text.contains("acting"),
            "{text}"
        );

        let story = output(&["incidents", "--url", &url, "a/1"]).await;
        let text = String::from_utf8_lossy(&story.stdout).into_owned();
        assert_eq!(story.status.code(), Some(0), "{}", stderr(&story));
        assert!(
            text.ends_with("2026-01-02T03:04:05Z  alert  -  AppDown fires\n"),
            "{text}"
        );

        let raw = output(&["incidents", "--json", "--url", &url]).await;
        let value: Value = serde_json::from_slice(&raw.stdout).unwrap();
        assert_eq!(value["incidents"][0]["phase"], "acting");
    });
}

#[test]
fn an_unknown_incident_another_service_and_silence_are_told_apart() {
    run(async {
        let url = remediator().await;
        let unknown = output(&["incidents", "--url", &url, "8"]).await;
        assert_eq!(unknown.status.code(), Some(1));
        assert!(
            stderr(&unknown).contains("no such incident"),
            "{}",
            stderr(&unknown)
        );

        let other = Router::new().route(
            "/incidents",
            get(|| async { Json(json!({"hello": "world"})) }),
        );
        let url = format!("http://{}", serve(other).await);
        let foreign = output(&["incidents", "--url", &url]).await;
        assert_eq!(foreign.status.code(), Some(1));
        assert!(
            stderr(&foreign).contains("no list `incidents`"),
            "{}",
            stderr(&foreign)
        );

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let silent = output(&["incidents", "--url", &url]).await;
        assert_eq!(silent.status.code(), Some(1));
        assert!(
            stderr(&silent).contains("no complete answer"),
            "{}",
            stderr(&silent)
        );
    });
}
