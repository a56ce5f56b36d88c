//! The program under test, as systemd would start it.

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Outcome, eventually};

/// A running `homeostat-api`. Dropping it kills the process.
pub struct Process {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    base: String,
    client: reqwest::Client,
    _dir: TempDir,
}

/// Below the program's own limit for a request, so that only the database's limit explains a 503.
const ANSWER_LIMIT: Duration = Duration::from_secs(8);

/// A configuration with the keys that every test sets.
pub fn config(database_url: &str) -> Value {
    json!({"listen": "127.0.0.1:0", "database_url": database_url})
}

/// A database that is not there.
pub fn no_database() -> Value {
    config("postgresql:///none?host=/nonexistent&user=none")
}

impl Process {
    /// Starts `serve` and waits for its port.
    pub async fn serve(config: &Value) -> Result<Self, Box<dyn Error>> {
        let mut process = Self::spawn("serve", config, &[])?;
        process.announced().await?;
        Ok(process)
    }

    /// Starts a subcommand with extra environment variables.
    pub fn spawn(
        subcommand: &str,
        config: &Value,
        environment: &[(&str, &str)],
    ) -> Result<Self, Box<dyn Error>> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("api.json");
        std::fs::write(&file, config.to_string())?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_homeostat-api"))
            .arg(subcommand)
            .arg("--config")
            .arg(file)
            .env_remove("JOURNAL_STREAM")
            .env_remove("NOTIFY_SOCKET")
            .env_remove("RUST_LOG")
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take().ok_or("stderr is piped")?;
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().expect("no holder panics").push(line);
            }
        });
        Ok(Self {
            child,
            log,
            base: String::new(),
            client: reqwest::Client::builder().timeout(ANSWER_LIMIT).build()?,
            _dir: dir,
        })
    }

    /// Waits for the line that tells the port.
    pub async fn announced(&mut self) -> Outcome {
        let line = self.line(" listening ").await?;
        let address = line.rsplit("address=").next().unwrap_or_default();
        self.base = format!("http://{address}");
        Ok(())
    }

    /// A request to this process.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// Waits until the tables are there.
    pub async fn ready(&self) -> Outcome {
        eventually("the API is ready", async || {
            Ok(self.get("/ready").send().await?.status() == 200)
        })
        .await
    }

    /// The value of a series in `/metrics`, by its exact name and labels.
    pub async fn metric(&self, series: &str) -> Result<f64, Box<dyn Error>> {
        let page = self.get("/metrics").send().await?.text().await?;
        let value = page
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
            .ok_or_else(|| format!("no {series} in\n{page}"))?;
        Ok(value.parse()?)
    }

    /// Every line logged so far that holds `text`.
    pub fn lines(&self, text: &str) -> Vec<String> {
        let log = self.log.lock().expect("no holder panics");
        log.iter()
            .filter(|line| line.contains(text))
            .cloned()
            .collect()
    }

    /// The first line that holds `text`, waited for.
    pub async fn line(&self, text: &str) -> Result<String, Box<dyn Error>> {
        eventually(&format!("a log line with {text:?}"), async || {
            Ok(!self.lines(text).is_empty())
        })
        .await?;
        Ok(self.lines(text).remove(0))
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) -> Outcome {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        Ok(())
    }

    /// Waits for the end.
    pub async fn ended(&mut self) -> Result<ExitStatus, Box<dyn Error>> {
        eventually("the process ends", async || {
            Ok(self.child.try_wait()?.is_some())
        })
        .await?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.lines("").join("\n"));
        }
        // It may have ended already, and then there is nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
