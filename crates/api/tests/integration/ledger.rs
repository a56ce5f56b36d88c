//! The transaction routes on a real database.

use serde_json::{Value, json};

use crate::Outcome;
use crate::process::{Process, config};

async fn ready(database: &str) -> Result<Process, Box<dyn std::error::Error>> {
    let process = Process::serve(&config(database)).await?;
    process.ready().await?;
    Ok(process)
}

/// Pages cover every row once, newest first; the filter and the limit hold.
pub async fn transactions_are_listed_by_cursor(database: &str) -> Outcome {
    let process = ready(database).await?;
    let mut made = Vec::new();
    for amount in 1..=5 {
        let body = json!({"amount": amount, "currency": "EUR", "description": "listed"});
        let response = process.post("/transactions").json(&body).send().await?;
        assert_eq!(response.status(), 201);
        let location = response.headers()["location"].to_str()?.to_owned();
        let row: Value = response.json().await?;
        assert_eq!(row["status"], "pending");
        let shown: Value = process.get(&location).send().await?.json().await?;
        assert_eq!(shown, row);
        made.push(row["id"].as_i64().ok_or("an integer id")?);
    }
    made.reverse();

    let mut seen = Vec::new();
    let mut path = "/transactions?limit=2&status=pending".to_owned();
    loop {
        let page: Value = process.get(&path).send().await?.json().await?;
        let rows = page["transactions"].as_array().ok_or("an array")?;
        seen.extend(rows.iter().filter_map(|row| row["id"].as_i64()));
        match page["next_cursor"].as_i64() {
            Some(cursor) => path = format!("/transactions?limit=2&status=pending&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, made);
    let failed: Value = process
        .get("/transactions?status=failed")
        .send()
        .await?
        .json()
        .await?;
    assert_eq!(failed, json!({"transactions": [], "next_cursor": null}));
    assert_eq!(process.get("/transactions/999").send().await?.status(), 404);
    Ok(())
}

/// A number and a string come back as the same exact decimal.
pub async fn amounts_survive_exactly(database: &str) -> Outcome {
    let process = ready(database).await?;
    for (sent, stored) in [
        ("9999999999.99", "9999999999.99"),
        ("\"0.01\"", "0.01"),
        ("10.5", "10.50"),
        ("7", "7.00"),
    ] {
        let response = process
            .post("/transactions")
            .header("content-type", "application/json")
            .body(format!(r#"{{"amount": {sent}, "currency": "USD"}}"#))
            .send()
            .await?;
        assert_eq!(response.status(), 201, "{sent}");
        let row: Value = response.json().await?;
        assert_eq!(row["amount"], stored);
    }
    Ok(())
}

/// The same key and body give the first answer; another body is refused; two at once make one row.
pub async fn a_key_makes_one_row(database: &str) -> Outcome {
    let process = ready(database).await?;
    let send = |key: &str, amount: &str| {
        process
            .post("/transactions")
            .header("idempotency-key", key)
            .json(&json!({"amount": amount, "currency": "EUR"}))
            .send()
    };
    let first = send("one", "5.00").await?;
    assert_eq!(first.status(), 201);
    assert!(!first.headers().contains_key("idempotent-replayed"));
    let first: Value = first.json().await?;
    let again = send("one", "5").await?;
    assert_eq!(again.status(), 201);
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(again.json::<Value>().await?, first);

    let other = send("one", "6.00").await?;
    assert_eq!(other.status(), 422);
    let problem: Value = other.json().await?;
    assert_eq!(problem["code"], "idempotency_key_reused");

    let mut at_once = tokio::task::JoinSet::new();
    for _ in 0..8 {
        at_once.spawn(send("two", "1.00"));
    }
    let mut ids = std::collections::BTreeSet::new();
    for answer in at_once.join_all().await {
        let row: Value = answer?.json().await?;
        ids.insert(row["id"].as_i64().ok_or("an integer id")?);
    }
    assert_eq!(ids.len(), 1);
    let recorded = process
        .metric("transactions_total{status=\"pending\"}")
        .await?;
    assert_eq!(recorded, 2.0, "a replayed answer records nothing");
    Ok(())
}

/// `POST /transactions/create` needs no body and always ends as 201; the counters tell how.
pub async fn random_transactions_are_counted(database: &str) -> Outcome {
    let process = ready(database).await?;
    let mut at_once = tokio::task::JoinSet::new();
    for _ in 0..40 {
        at_once.spawn(process.post("/transactions/create").send());
    }
    let mut failed = 0.0;
    for answer in at_once.join_all().await {
        let answer = answer?;
        assert_eq!(answer.status(), 201);
        let row: Value = answer.json().await?;
        if row["status"] == "failed" {
            failed += 1.0;
        } else {
            assert_eq!(row["status"], "completed");
        }
    }
    let counted = |status| format!("transactions_total{{status=\"{status}\"}}");
    assert_eq!(process.metric(&counted("failed")).await?, failed);
    assert_eq!(process.metric(&counted("completed")).await?, 40.0 - failed);
    let served = "http_server_request_duration_seconds_count{http_request_method=\"POST\",\
        http_response_status_code=\"201\",http_route=\"/transactions/create\"}";
    assert_eq!(process.metric(served).await?, 40.0);
    let inserts = "db_client_operation_duration_seconds_count{db_operation_name=\"INSERT\"}";
    assert_eq!(process.metric(inserts).await?, 40.0);
    assert_eq!(process.metric("db_client_connection_max").await?, 10.0);
    let idle = process
        .metric("db_client_connection_count{state=\"idle\"}")
        .await?;
    assert!((1.0..=10.0).contains(&idle), "{idle} idle connections");
    assert_eq!(
        process
            .metric("dependency_up{dependency=\"postgresql\"}")
            .await?,
        1.0
    );
    process.metric("app_temperature_celsius").await?;
    Ok(())
}

/// Sample rows come with the first start and not with the second.
pub async fn the_demo_is_seeded_once(database: &str) -> Outcome {
    let mut settings = config(database);
    settings["seed"] = json!(true);
    for _ in 0..2 {
        let process = Process::serve(&settings).await?;
        process.ready().await?;
        let page: Value = process
            .get("/transactions?limit=500")
            .send()
            .await?
            .json()
            .await?;
        assert_eq!(page["transactions"].as_array().map(Vec::len), Some(200));
    }
    Ok(())
}
