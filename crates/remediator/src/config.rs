//! The configuration file: JSON, unknown keys refused, checked once.

mod tokens;

pub use tokens::{TokenError, Tokens};

use crate::sources::StoreKind;
use homeostat_policy::rules::{Budget, RawGrant, RawRule, RawRules, Rules};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    host: String,
    #[serde(default = "default_listen")]
    listen: String,
    #[serde(default = "default_allowed_hosts")]
    allowed_hosts: Vec<String>,
    database: PathBuf,
    #[serde(default = "default_alertmanager")]
    alertmanager_url: String,
    #[serde(default = "default_receiver")]
    alertmanager_receiver: String,
    #[serde(default = "default_prometheus")]
    prometheus_url: String,
    #[serde(default = "default_external")]
    external_url: String,
    runbook_url: String,
    #[serde(default)]
    otlp_endpoint: Option<String>,
    #[serde(default)]
    log_store: Option<LogStoreAt>,
    #[serde(default = "default_switch_lock")]
    switch_lock: PathBuf,
    #[serde(default = "default_page_resend")]
    page_resend_seconds: u64,
    #[serde(default)]
    page_journal_lines: usize,
    #[serde(default)]
    retention: Retention,
    #[serde(default = "default_hold_timeout")]
    hold_timeout_seconds: u64,
    #[serde(default = "default_acknowledgement")]
    acknowledgement_seconds: u64,
    #[serde(default = "default_resolve_timeout")]
    resolve_timeout_seconds: u64,
    #[serde(default)]
    budget: Budget,
    #[serde(default)]
    units: BTreeMap<String, RawGrant>,
    #[serde(default)]
    rules: Vec<RawRule>,
}

fn default_listen() -> String {
    "127.0.0.1:5000".to_owned()
}
fn default_allowed_hosts() -> Vec<String> {
    ["127.0.0.1", "::1", "localhost"].map(str::to_owned).into()
}
fn default_alertmanager() -> String {
    "http://127.0.0.1:9093".to_owned()
}
fn default_receiver() -> String {
    "remediator".to_owned()
}
fn default_prometheus() -> String {
    "http://127.0.0.1:9090".to_owned()
}
fn default_external() -> String {
    "http://127.0.0.1:5000".to_owned()
}
fn default_switch_lock() -> PathBuf {
    "/run/nixos/switch-to-configuration.lock".into()
}
fn default_page_resend() -> u64 {
    30
}
fn default_hold_timeout() -> u64 {
    300
}
fn default_acknowledgement() -> u64 {
    4 * 3600
}
fn default_resolve_timeout() -> u64 {
    300
}

fn default_canary() -> u64 {
    60
}

/// The log store on this host, in which our own log lines have to arrive.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogStoreAt {
    /// Which program it is.
    pub kind: StoreKind,
    /// Its base URL.
    pub url: String,
    /// How often a line is written that has to arrive, in seconds.
    #[serde(default = "default_canary")]
    pub canary_seconds: u64,
}

/// How long closed incidents are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Closed incidents older than this are deleted.
    pub days: u32,
    /// When the store is larger, the oldest closed incidents are deleted first.
    pub megabytes: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            days: 90,
            megabytes: 512,
        }
    }
}

/// The configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The `Host` headers that are answered, without ports.
    pub allowed_hosts: Vec<String>,
    /// The event log.
    pub database: PathBuf,
    /// Alertmanager's base URL, without a slash at the end.
    pub alertmanager_url: String,
    /// The name of the receiver in Alertmanager's configuration that posts to us.
    pub alertmanager_receiver: String,
    /// Prometheus' base URL, without a slash at the end.
    pub prometheus_url: String,
    /// Our own base URL as a person reaches it.
    pub external_url: String,
    /// The runbook's URL; the anchor of an alert is appended.
    pub runbook_url: String,
    /// Base URL of the Collector that takes the traces of incidents; without one they go nowhere.
    pub otlp_endpoint: Option<String>,
    /// The log store; without one, whether our log lines arrive is not looked at.
    pub log_store: Option<LogStoreAt>,
    /// The file that is locked while the host is switched to a new configuration; it need not exist.
    pub switch_lock: PathBuf,
    /// How often a standing page is posted again.
    pub page_resend: Duration,
    /// How many of the unit's last journal lines a page carries; 0 where the receiver of pages may
    /// not see them.
    pub page_journal_lines: usize,
    /// How long closed incidents are kept.
    pub retention: Retention,
    /// The rules of this host.
    pub rules: Rules,
    /// The whole as JSON, defaults filled in.
    pub effective: serde_json::Value,
}

/// Why the configuration was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("{}: cannot be read: {source}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The text does not have the form of a configuration.
    #[error("{}: {key}: {source}; correct it and try `homeostat-remediator check-config` again", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The cause, with line and column.
        source: serde_json::Error,
    },
    /// A value that has the right form and still cannot be.
    #[error("{}: {key}: `{value}`: {cure}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What stands there.
        value: String,
        /// What to do.
        cure: &'static str,
    },
    /// A rule that cannot be.
    #[error("{}: {source}", path.display())]
    Rules {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: homeostat_policy::rules::RuleError,
    },
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// When the file cannot be read, or on the first fault in it.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }

    /// Checks the text of the file at `path`.
    ///
    /// # Errors
    /// On the first fault.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let raw: Raw = serde_path_to_error::deserialize(&mut json)
            .and_then(|raw| {
                json.end().map_err(|e| {
                    serde_path_to_error::Error::new(serde_path_to_error::Track::new().path(), e)
                })?;
                Ok(raw)
            })
            .map_err(|error| ConfigError::Form {
                path: path.to_owned(),
                key: error.path().to_string(),
                source: error.into_inner(),
            })?;
        let effective = serde_json::to_value(&raw).map_err(|source| ConfigError::Form {
            path: path.to_owned(),
            key: ".".to_owned(),
            source,
        })?;
        let fault = |key, value: &str, cure| ConfigError::Value {
            path: path.to_owned(),
            key,
            value: value.to_owned(),
            cure,
        };
        if raw.host.is_empty() {
            return Err(fault(
                "host",
                "",
                "give the value of the `host` label that Prometheus puts on this host's targets",
            ));
        }
        if raw.allowed_hosts.is_empty() {
            return Err(fault(
                "allowed_hosts",
                "[]",
                "name at least one, for example 127.0.0.1",
            ));
        }
        if !raw.switch_lock.is_absolute() {
            return Err(fault(
                "switch_lock",
                &raw.switch_lock.display().to_string(),
                "give the whole path of the lock file, from / on; the file need not exist",
            ));
        }
        if !(1..=3600).contains(&raw.page_resend_seconds) {
            return Err(fault(
                "page_resend_seconds",
                &raw.page_resend_seconds.to_string(),
                "give seconds between 1 and 3600, below Alertmanager's resolve_timeout",
            ));
        }
        if raw.page_journal_lines > 50 {
            return Err(fault(
                "page_journal_lines",
                &raw.page_journal_lines.to_string(),
                "give at most 50; the whole story is at GET /incidents/ID/evidence",
            ));
        }
        if raw.retention.days == 0 || raw.retention.megabytes < 8 {
            return Err(fault(
                "retention",
                &format!("{:?}", raw.retention),
                "keep at least 1 day and 8 megabytes",
            ));
        }
        let url = |key, text: &str| match reqwest::Url::parse(text) {
            Ok(url) if url.scheme() == "http" && url.has_host() => {
                Ok(text.trim_end_matches('/').to_owned())
            }
            _ => Err(fault(
                key,
                text,
                "give a URL that begins with http:// (put a local TLS proxy before a remote one)",
            )),
        };
        Ok(Self {
            listen: raw.listen.parse().map_err(|_| {
                fault(
                    "listen",
                    &raw.listen,
                    "give an IP address and a port, for example 127.0.0.1:5000",
                )
            })?,
            database: raw.database,
            alertmanager_url: url("alertmanager_url", &raw.alertmanager_url)?,
            alertmanager_receiver: raw.alertmanager_receiver,
            prometheus_url: url("prometheus_url", &raw.prometheus_url)?,
            otlp_endpoint: raw
                .otlp_endpoint
                .map(|endpoint| url("otlp_endpoint", &endpoint))
                .transpose()?,
            log_store: raw
                .log_store
                .map(|told| match told.canary_seconds {
                    1..=3600 => Ok(LogStoreAt {
                        url: url("log_store.url", &told.url)?,
                        ..told
                    }),
                    seconds => Err(fault(
                        "log_store.canary_seconds",
                        &seconds.to_string(),
                        "give seconds between 1 and 3600",
                    )),
                })
                .transpose()?,
            external_url: raw.external_url.trim_end_matches('/').to_owned(),
            runbook_url: raw.runbook_url,
            switch_lock: raw.switch_lock,
            page_resend: Duration::from_secs(raw.page_resend_seconds),
            page_journal_lines: raw.page_journal_lines,
            retention: raw.retention,
            rules: Rules::check(
                &raw.host,
                RawRules {
                    budget: raw.budget,
                    hold_timeout_seconds: raw.hold_timeout_seconds,
                    acknowledgement_seconds: raw.acknowledgement_seconds,
                    resolve_timeout_seconds: raw.resolve_timeout_seconds,
                    units: raw.units,
                    rules: raw.rules,
                },
            )
            .map_err(|source| ConfigError::Rules {
                path: path.to_owned(),
                source,
            })?,
            allowed_hosts: raw.allowed_hosts,
            effective,
        })
    }
}

#[cfg(test)]
mod tests;
