//! The command line. Every value is checked here, so that the commands get only values they can use.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, value_parser};
use reqwest::Url;

/// The longest load run, in seconds: a forgotten one ends by itself.
pub const MAX_SECONDS: u64 = 600;

/// The highest rate of the open loop, in posts per second. It bounds what a run keeps in memory.
const MAX_RATE: f64 = 10_000.0;

/// The operator's tool of the Homeostat observability stack.
#[derive(Debug, Parser)]
#[command(name = "homeostat", version, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Receive pages from Alertmanager, keep them in a file and show them
    Sink(SinkArgs),
    /// Put load on a local service and print one JSON object with the figures
    #[command(subcommand)]
    Load(Load),
    /// List the remediator's incidents, or tell the story of one
    Incidents(IncidentsArgs),
    /// Show one trace as a waterfall, with its log lines
    Trace(TraceArgs),
    /// Receive spans over OTLP and keep them in the log store, where there is no Tempo
    Spans(SpansArgs),
}

/// Arguments of `sink`.
#[derive(Debug, Args)]
pub struct SinkArgs {
    /// Address and port to listen on; port 0 takes a free one, which is printed
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5001")]
    pub listen: SocketAddr,
    /// File that gets one JSON line per received payload; made when absent
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
}

/// The kinds of load.
#[derive(Debug, Subcommand)]
pub enum Load {
    /// Post Alertmanager payloads to a webhook, at a fixed rate or as fast as it answers
    Webhook(WebhookArgs),
    /// Send GET requests, as fast as they are answered
    Http(HttpArgs),
    /// Time how long the disk takes to make 4 KiB durable
    Flush(FlushArgs),
}

/// Arguments of `load webhook`.
#[derive(Debug, Args)]
pub struct WebhookArgs {
    /// The webhook, on loopback: http://127.0.0.1:5000/webhook
    #[arg(long, value_name = "URL", value_parser = loopback_url)]
    pub url: Url,
    /// File with the bearer token
    #[arg(long, value_name = "FILE")]
    pub token_file: PathBuf,
    /// Fixed rate (latency counts from the intended send time); 0 = each connection posts again once answered
    #[arg(long, value_name = "N", value_parser = rate, allow_negative_numbers = true)]
    pub posts_per_second: f64,
    /// Alerts in each post, 1 to 1000
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=1000))]
    pub alerts_per_post: u16,
    /// Length of the run, 1 to 600
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=MAX_SECONDS))]
    pub seconds: u64,
    /// Post the same alerts each time, in place of new ones
    #[arg(long)]
    pub resend: bool,
    /// Label `alertname` of the alerts
    #[arg(long, value_name = "NAME", default_value = "LoadTest", value_parser = label_value)]
    pub alertname: String,
    /// Connections, and so the most posts under way at once, 1 to 1024
    #[arg(long, value_name = "N", default_value = "32", value_parser = value_parser!(u16).range(1..=1024))]
    pub connections: u16,
    /// Label `unit` of the alerts; without it they carry none
    #[arg(long, value_name = "U", value_parser = label_value)]
    pub unit: Option<String>,
}

/// Arguments of `load http`.
#[derive(Debug, Args)]
pub struct HttpArgs {
    /// The address to GET, on loopback: http://127.0.0.1:8000/transactions
    #[arg(long, value_name = "URL", value_parser = loopback_url)]
    pub url: Url,
    /// Requests in all, 1 to 10000000; the run ends after 600 seconds at the latest
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=10_000_000))]
    pub requests: u64,
    /// Connections, and so the most requests under way at once, 1 to 1024
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=1024))]
    pub connections: u16,
}

/// Arguments of `load flush`.
#[derive(Debug, Args)]
pub struct FlushArgs {
    /// Folder on the file system to measure; the file that is written there is gone afterwards
    #[arg(long, value_name = "DIR")]
    pub directory: PathBuf,
    /// Flushes in all, 1 to 1000000; the run ends after 600 seconds at the latest
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub count: u64,
}

/// Arguments of `incidents`.
#[derive(Debug, Args)]
pub struct IncidentsArgs {
    /// The remediator
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:5000", value_parser = http_url)]
    pub url: Url,
    /// The incident to tell; without it the newest 100 are listed
    #[arg(value_name = "ID", value_parser = incident_id)]
    pub id: Option<String>,
    /// Print the remediator's JSON as it came
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `trace`.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// The trace: 32 hex digits, as log lines and error answers name it
    #[arg(value_name = "ID", value_parser = trace_id)]
    pub id: String,
    /// Tempo; where it does not answer, or has no such trace, the spans are looked for among the log entries
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3200", value_parser = http_url)]
    pub tempo: Url,
    /// Loki
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3100", value_parser = http_url)]
    pub loki: Url,
    /// VictoriaLogs, asked where Loki does not answer
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9428", value_parser = http_url)]
    pub victorialogs: Url,
    /// How far back log entries are looked for where Tempo does not tell the time, in hours, 1 to 8760
    #[arg(long, value_name = "N", default_value = "168", value_parser = value_parser!(u32).range(1..=8760))]
    pub hours: u32,
    /// Columns of the output, 80 to 1000
    #[arg(long, value_name = "N", default_value = "80", value_parser = value_parser!(u16).range(80..=1000))]
    pub width: u16,
}

/// Arguments of `spans`.
#[derive(Debug, Args)]
pub struct SpansArgs {
    /// Address and port to listen on; port 0 takes a free one, which is printed
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4418")]
    pub listen: SocketAddr,
    /// Where the log store takes OTLP logs: http://127.0.0.1:9428/insert/opentelemetry/v1/logs for VictoriaLogs,
    /// http://127.0.0.1:3100/otlp/v1/logs for Loki
    #[arg(long, value_name = "URL", value_parser = http_url)]
    pub store: Url,
}

/// Accepts plain HTTP only: the binary carries no TLS.
fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("{error}; give one such as http://127.0.0.1:5000"))?;
    if url.scheme() != "http" || url.host_str().is_none() {
        return Err(
            "only http:// is spoken here; reach another host through a tunnel to its loopback"
                .to_owned(),
        );
    }
    Ok(url)
}

/// Accepts loopback addresses and `localhost`: a load generator must not be pointed at somebody else.
fn loopback_url(text: &str) -> Result<Url, String> {
    let url = http_url(text)?;
    let host = url.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    if host == "localhost" || address.is_ok_and(|address| address.is_loopback()) {
        return Ok(url);
    }
    Err(format!(
        "load goes to loopback only, and {host} is elsewhere; use 127.0.0.1, [::1] or localhost"
    ))
}

fn rate(text: &str) -> Result<f64, String> {
    let cure = || format!("give 0 (as fast as answered) or a number from 0.01 to {MAX_RATE}");
    let rate: f64 = text
        .parse()
        .map_err(|_| format!("not a number; {}", cure()))?;
    if rate == 0.0 || (0.01..=MAX_RATE).contains(&rate) {
        Ok(rate)
    } else {
        Err(cure())
    }
}

fn label_value(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
        return Err("give 1 to 256 bytes without control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// An id becomes one segment of a path, where `.` and `..` would name another page.
fn incident_id(text: &str) -> Result<String, String> {
    if text.is_empty() || text == "." || text == ".." {
        return Err("not an id; `homeostat incidents` lists them".to_owned());
    }
    Ok(text.to_owned())
}

/// Accepts what W3C Trace Context calls a trace id, in upper case too.
fn trace_id(text: &str) -> Result<String, String> {
    let id = text.to_ascii_lowercase();
    let is_hex = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex || id.bytes().all(|byte| byte == b'0') {
        return Err("a trace id is 32 hex digits, not all zero; take it from a log line's trace_id, an error answer's \
             trace_id, or an exemplar"
            .to_owned());
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::{http_url, incident_id, label_value, loopback_url, rate, trace_id};

    #[test]
    fn load_goes_to_loopback_only() {
        for good in [
            "http://127.0.0.1:5000/webhook",
            "http://localhost/",
            "http://[::1]:8000/x",
            "http://127.1:80/",
        ] {
            assert!(loopback_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://192.0.2.1/",
            "http://0.0.0.0:5000/",
            "http://example.org/",
            "http://127.0.0.1@example.org/",
            "http://localhost.example.org/",
            "http://127.0.0.1.example.org/",
            "http://[2001:db8::1]/",
        ] {
            assert!(
                loopback_url(bad).is_err_and(|error| error.contains("loopback")),
                "{bad}"
            );
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for bad in [
            "https://127.0.0.1/",
            "file:///etc/passwd",
            "127.0.0.1:5000",
            "",
        ] {
            assert!(http_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_are_finite_and_bounded() {
        assert_eq!(rate("0"), Ok(0.0));
        assert_eq!(rate("0.5"), Ok(0.5));
        for bad in ["-1", "NaN", "inf", "10001", "0.001", "fast"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn odd_labels_and_ids_are_refused() {
        assert!(label_value("").is_err());
        assert!(label_value("a\nb").is_err());
        assert!(incident_id("..").is_err());
        assert_eq!(incident_id("42").as_deref(), Ok("42"));
    }

    #[test]
    fn a_trace_id_is_32_hex_digits() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&id.to_uppercase()).as_deref(), Ok(id));
        for bad in [
            "",
            "4bf9",
            &"0".repeat(32),
            &"g".repeat(32),
            &"é".repeat(16),
        ] {
            assert!(
                trace_id(bad).is_err_and(|error| error.contains("32 hex digits")),
                "{bad}"
            );
        }
    }
}
