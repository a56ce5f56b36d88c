//! `homeostat incidents` against a server that answers in the remediator's forms.

use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
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
    let one = |Path(id): Path<String>, RawQuery(query): RawQuery| async move {
        if id != "a/1" {
            return Err(StatusCode::NOT_FOUND);
        }
        // A long story comes in parts.
        Ok(Json(match query.as_deref() {
            None => {
                json!({"id": id, "next": 1, "events": [{"at": "2026-01-02T03:04:04Z", "kind": "opened", "text": "it began"}]})
            }
            _ => {
                json!({"id": id, "events": [{"at": "2026-01-02T03:04:05Z", "kind": "alert", "text": "AppDown fires"}]})
            }
        }))
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
            text.ends_with("2026-01-02T03:04:05Z  alert   -  AppDown fires\n"),
            "{text}"
        );
        assert!(text.contains("opened  -  it began"), "{text}");

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

/// A remediator that knows the token `s3cret` and the open incident 7.
async fn answered() -> String {
    let answer = |Path((id, word)): Path<(String, String)>,
                  headers: HeaderMap,
                  Json(body): Json<Value>| async move {
        let refused = |status, error: &str| (status, Json(json!({ "error": error })));
        if headers
            .get("authorization")
            .is_none_or(|value| value != "Bearer s3cret")
        {
            return refused(StatusCode::UNAUTHORIZED, "the operator's token is needed");
        }
        assert_eq!(body, json!({"reason": "the disk was swapped"}));
        match (id.as_str(), word.as_str()) {
            ("7", "close" | "acknowledge") => (StatusCode::OK, Json(json!({ "done": 7 }))),
            _ => refused(StatusCode::NOT_FOUND, "no open\u{1b}[2J incident"),
        }
    };
    let router = Router::new().route("/incidents/{id}/{word}", post(answer));
    format!("http://{}", serve(router).await)
}

#[test]
fn an_incident_is_acknowledged_and_closed_with_a_reason() {
    run(async {
        let url = answered().await;
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "s3cret\n").unwrap();
        let token = token.to_str().unwrap();
        let call = |word: &'static str, id: &'static str, token: String| {
            let url = url.clone();
            async move {
                let reason = "the disk was swapped";
                output(&[
                    "incidents",
                    word,
                    id,
                    "--reason",
                    reason,
                    "--url",
                    &url,
                    "--token-file",
                    &token,
                ])
                .await
            }
        };
        for (word, done) in [("close", "closed"), ("acknowledge", "acknowledged")] {
            let told = call(word, "7", token.to_owned()).await;
            assert_eq!(told.status.code(), Some(0), "{}", stderr(&told));
            assert_eq!(
                String::from_utf8_lossy(&told.stdout),
                format!("Incident 7 is {done}.\n")
            );
        }
        let unknown = call("close", "8", token.to_owned()).await;
        assert_eq!(unknown.status.code(), Some(1));
        assert!(
            stderr(&unknown)
                .contains("/incidents/8/close: answered 404: no open\\u{1b}[2J incident"),
            "{}",
            stderr(&unknown)
        );
        std::fs::write(token, "another\n").unwrap();
        let refused = call("close", "7", token.to_owned()).await;
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            stderr(&refused).contains("answered 401: the operator's token"),
            "{}",
            stderr(&refused)
        );
        let absent = call("close", "7", format!("{token}.absent")).await;
        assert_eq!(absent.status.code(), Some(64), "{}", stderr(&absent));
    });
}

#[test]
fn an_answer_without_a_reason_is_bad_usage() {
    run(async {
        for args in [
            &["incidents", "close", "7"][..],
            &["incidents", "close", "7", "--reason", "  "],
            &["incidents", "close", "--reason", "why"],
            &["incidents", "7", "close", "--reason", "why"],
        ] {
            assert_eq!(output(args).await.status.code(), Some(64), "{args:?}");
        }
    });
}
