//! What a client is told, and the faults on purpose.

use reqwest::Method;
use serde_json::{Value, json};

use crate::Outcome;
use crate::process::{Process, config, no_database};

/// Each kind of bad request has its status, its code and a problem document. None needs a database.
pub async fn requests_get_their_problem() -> Outcome {
    let process = Process::serve(&no_database()).await?;
    let json = "application/json";
    let large = format!(r#"{{"description": "{}"}}"#, "x".repeat(20_000));
    let cases = [
        ("GET", "/nowhere", "", "", 404, "route_unknown"),
        ("DELETE", "/transactions", "", "", 405, "method_not_allowed"),
        ("GET", "/transactions/abc", "", "", 400, "path_malformed"),
        (
            "GET",
            "/transactions?limit=0",
            "",
            "",
            400,
            "limit_out_of_range",
        ),
        (
            "GET",
            "/transactions?limit=501",
            "",
            "",
            400,
            "limit_out_of_range",
        ),
        (
            "GET",
            "/transactions?limit=many",
            "",
            "",
            400,
            "query_malformed",
        ),
        (
            "GET",
            "/transactions?status=lost",
            "",
            "",
            400,
            "query_malformed",
        ),
        (
            "GET",
            "/transactions?page=2",
            "",
            "",
            400,
            "query_malformed",
        ),
        (
            "POST",
            "/transactions",
            "",
            "{}",
            415,
            "media_type_unsupported",
        ),
        (
            "POST",
            "/transactions",
            "text/plain",
            "{}",
            415,
            "media_type_unsupported",
        ),
        ("POST", "/transactions", json, "{", 400, "body_not_json"),
        ("POST", "/transactions", json, "[]", 422, "body_wrong_shape"),
        (
            "POST",
            "/transactions",
            json,
            r#"{"amount": 1}"#,
            422,
            "body_wrong_shape",
        ),
        (
            "POST",
            "/transactions",
            json,
            r#"{"amount": 1, "currency": 7}"#,
            422,
            "body_wrong_shape",
        ),
        ("POST", "/transactions", json, &large, 413, "body_too_large"),
        (
            "POST",
            "/transactions",
            json,
            r#"{"amount": -1, "currency": "EUR"}"#,
            422,
            "amount_not_positive",
        ),
        (
            "POST",
            "/transactions",
            json,
            r#"{"amount": 1.005, "currency": "EUR"}"#,
            422,
            "amount_too_precise",
        ),
        (
            "POST",
            "/transactions",
            json,
            r#"{"amount": "x", "currency": "EUR"}"#,
            422,
            "amount_not_a_number",
        ),
        (
            "POST",
            "/transactions",
            json,
            r#"{"amount": 1, "currency": "XXX"}"#,
            422,
            "currency_unknown",
        ),
    ];
    for (method, path, media_type, body, status, code) in cases {
        let mut request = process.request(method.parse::<Method>()?, path);
        if !media_type.is_empty() {
            request = request.header("content-type", media_type);
        }
        let response = request.body(body.to_owned()).send().await?;
        let seen = format!(
            "{method} {path} {}",
            body.chars().take(80).collect::<String>()
        );
        assert_eq!(response.status(), status, "{seen}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json",
            "{seen}"
        );
        if status == 405 {
            let mut allowed: Vec<_> = response.headers()["allow"].to_str()?.split(',').collect();
            allowed.sort_unstable();
            assert_eq!(allowed, ["GET", "HEAD", "POST"]);
        }
        let problem: Value = response.json().await?;
        assert_eq!(problem["code"], code, "{seen}");
        assert_eq!(problem["status"], status, "{seen}");
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{seen}"
        );
    }
    let key = process.post("/transactions").header("idempotency-key", "");
    let refused: Value = key.json(&json!({})).send().await?.json().await?;
    assert_eq!(refused["code"], "idempotency_key_malformed");
    Ok(())
}

/// Without `faults` in the configuration there is nothing to switch.
pub async fn faults_are_off_by_default() -> Outcome {
    let process = Process::serve(&no_database()).await?;
    assert_eq!(process.get("/error").send().await?.status(), 404);
    let switch = process.request(Method::PUT, "/faults");
    let refused = switch.json(&json!({"error_share": 1})).send().await?;
    assert_eq!(refused.status(), 404);
    Ok(())
}

/// The switches reach the transaction routes and nothing that watches the process.
pub async fn faults_meet_transactions_only(database: &str) -> Outcome {
    let mut settings = config(database);
    settings["faults"] = json!(true);
    let process = Process::serve(&settings).await?;
    process.ready().await?;
    let set = |switches: Value| {
        process
            .request(Method::PUT, "/faults")
            .json(&switches)
            .send()
    };

    let error = process.get("/error").send().await?;
    assert_eq!(error.status(), 500);
    assert_eq!(error.json::<Value>().await?["code"], "fault_injected");

    let answer: Value = set(json!({"error_share": 1})).await?.json().await?;
    assert_eq!(answer, json!({"delay_ms": 0, "error_share": 1.0}));
    assert_eq!(process.get("/transactions").send().await?.status(), 500);
    assert_eq!(process.get("/transactions/1").send().await?.status(), 500);
    assert_eq!(
        process.post("/transactions/create").send().await?.status(),
        500
    );
    for path in ["/health", "/live", "/ready", "/metrics", "/faults"] {
        assert_eq!(process.get(path).send().await?.status(), 200, "{path}");
    }
    for bad in [
        json!({"error_share": 1.5}),
        json!({"delay_ms": 60_000}),
        json!({"delay": 1}),
    ] {
        assert_eq!(set(bad).await?.status(), 422);
    }

    // 300 ms falls above the bucket of 250: the delay is in the histogram that alerts read.
    set(json!({"delay_ms": 300})).await?;
    assert_eq!(
        process.get("/transactions?limit=1").send().await?.status(),
        200
    );
    let below = "http_server_request_duration_seconds_bucket{http_request_method=\"GET\",\
        http_response_status_code=\"200\",http_route=\"/transactions\",le=\"0.25\"}";
    assert_eq!(process.metric(below).await?, 0.0);

    let cleared = process.request(Method::DELETE, "/faults").send().await?;
    assert_eq!(
        cleared.json::<Value>().await?,
        json!({"delay_ms": 0, "error_share": 0.0})
    );
    assert_eq!(process.get("/transactions").send().await?.status(), 200);
    Ok(())
}
