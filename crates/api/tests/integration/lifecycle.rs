//! Start, stop, configuration, schema.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::process::{Process, config, no_database};
use crate::{Outcome, PATIENCE};

/// READY is sent, `/live` and `/metrics` answer, the rest is a 503: no server needed for that.
pub async fn starts_without_postgresql() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let told = || {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&buffer[..length]).trim().to_owned())
    };
    let notify = path.to_str().ok_or("a UTF-8 path")?;
    let mut process = Process::spawn("serve", &no_database(), &[("NOTIFY_SOCKET", notify)])?;
    process.announced().await?;
    assert_eq!(told()?, "READY=1");

    for (path, status) in [
        ("/live", 200),
        ("/metrics", 200),
        ("/ready", 503),
        ("/health", 503),
        ("/transactions", 503),
        ("/transactions/1", 503),
    ] {
        assert_eq!(process.get(path).send().await?.status(), status, "{path}");
    }
    let refused = process.post("/transactions/create").send().await?;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    let problem: Value = refused.json().await?;
    assert_eq!(problem["code"], "database_unavailable");
    assert_eq!(problem["trace_id"].as_str().map(str::len), Some(32));
    assert_eq!(
        process
            .metric("dependency_up{dependency=\"postgresql\"}")
            .await?,
        0.0
    );
    let health: Value = process.get("/health").send().await?.json().await?;
    assert_eq!(health["dependencies"][0]["name"], "postgresql");
    assert_eq!(health["dependencies"][0]["status"], "down");

    process.terminate()?;
    assert_eq!(told()?, "STOPPING=1");
    assert_eq!(process.ended().await?.code(), Some(0));
    Ok(())
}

/// Usage and configuration errors end with 64 and say what to do.
pub async fn bad_configuration_is_64() -> Outcome {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("api.json");
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_homeostat-api"))
            .args(arguments)
            .arg(&file)
            .output()
    };
    std::fs::write(&file, r#"{"listen": "127.0.0.1:1", "database": "x"}"#)?;
    for arguments in [&["check-config"][..], &["serve", "--config"]] {
        let output = run(arguments)?;
        assert_eq!(output.status.code(), Some(64));
        let message = String::from_utf8(output.stderr)?;
        assert!(message.contains("api.json"), "{message}");
        assert!(message.contains("\"database\""), "{message}");
    }
    assert_eq!(run(&["no-such-command"])?.status.code(), Some(64));

    std::fs::write(&file, no_database().to_string())?;
    let output = run(&["check-config"])?;
    assert_eq!(output.status.code(), Some(0));
    let effective: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(effective["traffic"]["requests_per_second"], 2.0);
    Ok(())
}

/// A request that is open at SIGTERM gets its answer; a new one finds nobody.
pub async fn open_requests_are_drained(database: &str) -> Outcome {
    let mut settings = config(database);
    settings["faults"] = json!(true);
    let mut process = Process::serve(&settings).await?;
    process.ready().await?;
    let slow = process.request(reqwest::Method::PUT, "/faults");
    let set = slow.json(&json!({"delay_ms": 1500})).send().await?;
    assert_eq!(set.status(), 200);

    let open = tokio::spawn(process.get("/transactions").send());
    crate::eventually("the request is open", async || {
        // The scrape itself is the other one.
        Ok(process.metric("http_server_active_requests").await? == 2.0)
    })
    .await?;
    process.terminate()?;
    process.line(" stopping").await?;
    crate::eventually("the port is closed", async || {
        let fresh = reqwest::Client::builder().timeout(Duration::from_secs(5));
        let answer = process.get("/live").build()?;
        Ok(fresh.build()?.execute(answer).await.is_err())
    })
    .await?;
    assert_eq!(open.await??.status(), 200);
    assert_eq!(process.ended().await?.code(), Some(0));
    Ok(())
}

/// After a rollback, the older binary meets migrations that it does not know.
pub async fn a_newer_schema_is_accepted(database: &str) -> Outcome {
    let process = Process::serve(&config(database)).await?;
    process.ready().await?;
    drop(process);
    let mut connection = sqlx::PgConnection::connect(database).await?;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', true, '', 0)",
    )
    .execute(&mut connection)
    .await?;
    Process::serve(&config(database)).await?.ready().await
}
