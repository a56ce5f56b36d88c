//! PostgreSQL goes away under the running process.

use std::path::Path;

use sqlx::Connection as _;

use crate::postgres::Cluster;
use crate::process::{Process, config};
use crate::{Outcome, eventually};

/// The server is stopped, or frozen with its connections open. Requests end as 503, the
/// process lives, and it recovers by itself.
pub async fn server_goes_and_returns(bin: &Path, freeze: bool) -> Outcome {
    let mut cluster = Cluster::start(bin).await?;
    let url = cluster.database().await?;
    let process = Process::serve(&config(&url)).await?;
    process.ready().await?;
    assert_eq!(process.get("/transactions").send().await?.status(), 200);

    if freeze {
        cluster.signal_all("-STOP")?;
    } else {
        cluster.stop()?;
    }
    for path in ["/transactions", "/transactions/1", "/health", "/ready"] {
        assert_eq!(process.get(path).send().await?.status(), 503, "{path}");
    }
    let create = process.post("/transactions/create").send().await?;
    assert_eq!(create.status(), 503);
    assert_eq!(process.get("/live").send().await?.status(), 200);
    assert_eq!(
        process
            .metric("dependency_up{dependency=\"postgresql\"}")
            .await?,
        0.0
    );
    process.line("PostgreSQL cannot be used").await?;

    if freeze {
        cluster.signal_all("-CONT")?;
    } else {
        cluster.resume().await?;
    }
    eventually("transactions are served again", async || {
        Ok(process.post("/transactions/create").send().await?.status() == 201)
    })
    .await
}

/// A statement that waits for a lock is given up: the server answers, the table does not.
pub async fn locked_table(database: &str) -> Outcome {
    let process = Process::serve(&config(database)).await?;
    process.ready().await?;
    let mut other = sqlx::PgConnection::connect(database).await?;
    let mut holder = other.begin().await?;
    sqlx::query("LOCK TABLE transactions")
        .execute(&mut *holder)
        .await?;
    assert_eq!(process.get("/transactions").send().await?.status(), 503);
    assert_eq!(process.get("/live").send().await?.status(), 200);
    holder.rollback().await?;
    eventually("the table is served again", async || {
        Ok(process.get("/transactions").send().await?.status() == 200)
    })
    .await
}
