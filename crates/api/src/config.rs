//! The configuration file: JSON, every unknown key refused, every error with its cure.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::postgres::PgConnectOptions;

/// What `/etc/homeostat/api.json` holds.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address and port of the HTTP listener. Port 0 lets the kernel choose.
    pub listen: SocketAddr,
    /// Connection URL of PostgreSQL.
    pub database_url: String,
    /// Most connections that are open at once.
    #[serde(default = "default_max_connections")]
    pub database_max_connections: u32,
    /// Whether `GET /error` and the fault switches exist. For demos only.
    #[serde(default)]
    pub faults: bool,
    /// Whether an empty table is filled with sample rows at the first start.
    #[serde(default)]
    pub seed: bool,
    /// Base URL of an OTLP/HTTP receiver; without one, traces stay in the process.
    #[serde(default)]
    pub otlp_endpoint: Option<String>,
    /// Read by the `traffic` subcommand only.
    #[serde(default)]
    pub traffic: Traffic,
}

/// The steady demo traffic.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Traffic {
    /// Base URL of the API that is called.
    pub url: String,
    /// Requests that are begun each second.
    pub requests_per_second: f64,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:8000".to_owned(),
            requests_per_second: 2.0,
        }
    }
}

fn default_max_connections() -> u32 {
    10
}

/// Why a configuration file is refused. The process ends with exit code 64.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}; check that it exists and that this user may read it", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// The file is not JSON.
    #[error("{}: is not JSON: {source}; correct it at that line", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A key is unknown or missing, or its value is not one that can be used.
    #[error("{}: key \"{key}\", value {value}: {problem}; {cure}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// The key, with dots between levels.
        key: String,
        /// The value as JSON, or `(none)`.
        value: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        cure: &'static str,
    },
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// When the file is unreadable, malformed, or holds a value that cannot be used.
    pub fn load(file: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(file).map_err(|source| Error::Read {
            file: file.to_owned(),
            source,
        })?;
        Self::parse(file, &text)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, Error> {
        let json: Value = serde_json::from_str(text).map_err(|source| Error::Syntax {
            file: file.to_owned(),
            source,
        })?;
        let refuse = |key: String, problem: String, cure| Error::Key {
            file: file.to_owned(),
            value: shown(&json, &key),
            key,
            problem,
            cure,
        };
        let config: Self = serde_path_to_error::deserialize(&json).map_err(|error| {
            let problem = error.inner().to_string();
            let cure = cure_for(&problem);
            refuse(named(&error.path().to_string(), &problem), problem, cure)
        })?;
        match config.first_unusable() {
            Some((key, problem, cure)) => Err(refuse(key.to_owned(), problem, cure)),
            None => Ok(config),
        }
    }

    fn first_unusable(&self) -> Option<(&'static str, String, &'static str)> {
        let postgres = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| self.database_url.starts_with(scheme));
        if !postgres {
            return Some((
                "database_url",
                "is not a PostgreSQL URL".to_owned(),
                "write postgresql:///NAME?host=/run/postgresql&user=USER",
            ));
        }
        if let Err(error) = PgConnectOptions::from_str(&self.database_url) {
            return Some((
                "database_url",
                error.to_string(),
                "write postgresql:///NAME?host=/run/postgresql&user=USER",
            ));
        }
        if !(1..=1000).contains(&self.database_max_connections) {
            return Some((
                "database_max_connections",
                "is out of range".to_owned(),
                "choose 1 to 1000, below the server's max_connections",
            ));
        }
        if let Some(endpoint) = &self.otlp_endpoint
            && let Some(problem) = not_plain_http(endpoint)
        {
            return Some((
                "otlp_endpoint",
                problem,
                "write the base URL of a Collector on this host, such as http://127.0.0.1:4318, or null",
            ));
        }
        if let Some(problem) = not_plain_http(&self.traffic.url) {
            return Some((
                "traffic.url",
                problem,
                "write the API's base URL, such as http://127.0.0.1:8000",
            ));
        }
        let rate = self.traffic.requests_per_second;
        if !(rate > 0.0 && rate <= 1000.0) {
            return Some((
                "traffic.requests_per_second",
                "is out of range".to_owned(),
                "choose more than 0 and at most 1000",
            ));
        }
        None
    }

    /// The effective configuration as JSON, for `check-config`. A password in the
    /// database URL is hidden.
    pub fn to_json(&self) -> String {
        let shown = Self {
            database_url: without_password(&self.database_url),
            ..self.clone()
        };
        serde_json::to_string_pretty(&shown).expect("invariant: every field is plain JSON")
    }
}

/// TLS is not built in: traces and traffic stay on this host.
fn not_plain_http(url: &str) -> Option<String> {
    match reqwest::Url::parse(url) {
        Ok(url) if url.scheme() == "http" && url.has_host() => None,
        Ok(_) => Some("is not an http:// URL".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

fn without_password(url: &str) -> String {
    let Ok(mut parsed) = reqwest::Url::parse(url) else {
        return "(hidden)".to_owned();
    };
    let named = parsed.query_pairs().any(|(key, _)| key == "password");
    if parsed.password().is_none() && !named {
        return url.to_owned();
    }
    if parsed.password().is_some() && parsed.set_password(Some("hidden")).is_err() {
        return "(hidden)".to_owned();
    }
    if named {
        let pairs: Vec<_> = parsed
            .query_pairs()
            .into_owned()
            .map(|(key, value)| match key.as_str() {
                "password" => (key, "hidden".to_owned()),
                _ => (key, value),
            })
            .collect();
        parsed.query_pairs_mut().clear().extend_pairs(pairs);
    }
    parsed.into()
}

/// serde reports a missing key at its parent; the key itself stands in the message.
fn named(path: &str, problem: &str) -> String {
    let missing = problem
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next());
    match (path, missing) {
        (".", Some(key)) => key.to_owned(),
        (parent, Some(key)) => format!("{parent}.{key}"),
        (path, None) => path.to_owned(),
    }
}

fn cure_for(problem: &str) -> &'static str {
    if problem.starts_with("unknown field") {
        "remove the key or correct its spelling"
    } else if problem.starts_with("missing field") {
        "add the key"
    } else {
        "write a value of that kind"
    }
}

/// The value at a dotted key. A database URL may hold a password.
fn shown(json: &Value, key: &str) -> String {
    let pointer = format!("/{}", key.replace('.', "/"));
    match json.pointer(&pointer) {
        Some(Value::String(url)) if key == "database_url" => {
            format!("\"{}\"", without_password(url))
        }
        Some(value) => value.to_string(),
        None => "(none)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "postgresql:///homeostat-api?host=/run/postgresql&user=homeostat-api";

    fn refused(text: &str) -> String {
        Config::parse(Path::new("/etc/api.json"), text)
            .unwrap_err()
            .to_string()
    }

    fn with(pair: &str) -> String {
        format!(r#"{{"listen": "127.0.0.1:8000", "database_url": "{URL}", {pair}}}"#)
    }

    #[test]
    fn two_keys_are_enough() {
        let text = format!(r#"{{"listen": "127.0.0.1:8000", "database_url": "{URL}"}}"#);
        let config = Config::parse(Path::new("f"), &text).unwrap();
        assert_eq!(config.database_max_connections, 10);
        assert!(!config.faults && !config.seed);
        assert_eq!(config.traffic, Traffic::default());
        let again = Config::parse(Path::new("f"), &config.to_json()).unwrap();
        assert_eq!(again, config);
    }

    #[test]
    fn each_error_names_file_key_value_and_cure() {
        let cases = [
            (
                with(r#""fault": true"#),
                "key \"fault\", value true",
                "spelling",
            ),
            (
                with(r#""faults": "yes""#),
                "key \"faults\", value \"yes\"",
                "that kind",
            ),
            (
                with(r#""traffic": {"requests_per_second": 0}"#),
                "key \"traffic.requests_per_second\", value 0",
                "more than 0",
            ),
            (
                with(r#""otlp_endpoint": "https://collector:4318""#),
                "key \"otlp_endpoint\", value \"https://collector:4318\"",
                "http://127.0.0.1:4318",
            ),
            (
                with(r#""database_max_connections": 0"#),
                "key \"database_max_connections\", value 0",
                "1 to 1000",
            ),
            (
                r#"{"listen": "127.0.0.1:8000"}"#.to_owned(),
                "key \"database_url\", value (none)",
                "add the key",
            ),
            (
                r#"{"listen": "nowhere", "database_url": "postgresql:///x"}"#.to_owned(),
                "key \"listen\", value \"nowhere\"",
                "that kind",
            ),
        ];
        for (text, key_and_value, cure) in cases {
            let message = refused(&text);
            assert!(message.starts_with("/etc/api.json: "), "{message}");
            assert!(message.contains(key_and_value), "{message}");
            assert!(message.contains(cure), "{message}");
        }
        assert!(refused("{").contains("is not JSON"));
    }

    #[test]
    fn passwords_are_not_shown() {
        for url in [
            "postgresql://u:s3cret@h/db",
            "postgresql:///db?user=u&password=s3cret",
        ] {
            assert!(!without_password(url).contains("s3cret"));
        }
        assert_eq!(without_password(URL), URL);
        let mysql = r#"{"listen": "127.0.0.1:1", "database_url": "mysql://u:s3cret@h/db"}"#;
        assert!(!refused(mysql).contains("s3cret"));
    }
}
