//! What the log store has of our own lines.
//!
//! Protocol: Loki `GET /loki/api/v1/query_range` (read at 3.7), VictoriaLogs `GET /select/logsql/query` (read at 1.52).

use super::{LIMIT, NoAnswer, body, parse};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which program keeps log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// Loki 3.
    Loki,
    /// VictoriaLogs 1.
    VictoriaLogs,
}

/// The log store, to be asked.
#[derive(Debug, Clone)]
pub struct LogStore {
    client: Client,
    kind: StoreKind,
    url: String,
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    stream: BTreeMap<String, String>,
}

impl LogStore {
    /// A client for its base URL, with a time limit on every question.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(kind: StoreKind, url: &str) -> Result<Self, reqwest::Error> {
        let client = Client::builder().timeout(LIMIT).build()?;
        let url = url.to_owned();
        Ok(Self { client, kind, url })
    }

    /// The value of `field` in the newest line of `service` in which it begins so. The last hour is
    /// looked at.
    ///
    /// # Errors
    /// When the store does not answer, or in another form.
    pub async fn newest(
        &self,
        service: &str,
        field: &str,
        begins: &str,
    ) -> Result<Option<String>, NoAnswer> {
        let found = match self.kind {
            StoreKind::Loki => {
                let url = format!("{}/loki/api/v1/query_range", self.url);
                let query = format!("{{service_name=\"{service}\"}} | {field}=~\"{begins}.*\"");
                let query = [
                    ("query", query.as_str()),
                    ("since", "1h"),
                    ("direction", "backward"),
                    ("limit", "1"),
                ];
                let answer: Answer = parse(&url, &body(&self.client, &url, &query).await?)?;
                answer.data.result.into_iter().next().map(|s| s.stream)
            }
            StoreKind::VictoriaLogs => {
                let url = format!("{}/select/logsql/query", self.url);
                let query = format!(
                    "_time:1h {{\"service.name\"=\"{service}\"}} {field}:~\"^{begins}\" \
                     | sort by (_time) desc limit 1 | fields {field}"
                );
                // A line for each that was found.
                let answer = body(&self.client, &url, &[("query", query)]).await?;
                let line = answer.split(|byte| *byte == b'\n').find(|l| !l.is_empty());
                line.map(|line| parse(&url, line)).transpose()?
            }
        };
        Ok(found.and_then(|mut fields| fields.remove(field)))
    }
}
