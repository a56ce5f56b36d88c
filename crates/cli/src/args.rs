//! The command line. Every value is checked here, so that the commands get only values they can use.

mod values;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, value_parser};
use reqwest::Url;

use values::{http_url, incident_id, label_value, loopback_url, rate, reason, trace_id};

/// The longest load run, in seconds: a forgotten one ends by itself.
pub const MAX_SECONDS: u64 = 600;

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
    /// List the remediator's incidents, tell the story of one, or answer one
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
    /// Besiege a service without a token: half requests, slow readers, large bodies and bad tokens, all at once
    Siege(SiegeArgs),
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

/// Arguments of `load siege`.
#[derive(Debug, Args)]
pub struct SiegeArgs {
    /// The remediator, on loopback: http://127.0.0.1:5000
    #[arg(long, value_name = "URL", value_parser = loopback_url)]
    pub url: Url,
    /// Length of the siege, 1 to 600
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=MAX_SECONDS))]
    pub seconds: u64,
    /// Half requests, and as many slow readers, 1 to 4000; the limit of open files must allow both
    #[arg(long, value_name = "N", default_value = "1000", value_parser = value_parser!(u16).range(1..=4000))]
    pub connections: u16,
    /// Bytes of bodies in all, in MB, 0 to 10000
    #[arg(long, value_name = "N", default_value = "200", value_parser = value_parser!(u32).range(0..=10_000))]
    pub body_megabytes: u32,
    /// Posts with a bad token in each second, as far as they are answered, 0 to 10000
    #[arg(long, value_name = "N", default_value = "10000", value_parser = value_parser!(u16).range(0..=10_000))]
    pub posts_per_second: u16,
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
#[command(args_conflicts_with_subcommands = true)]
pub struct IncidentsArgs {
    /// What to tell the remediator of an incident.
    #[command(subcommand)]
    pub change: Option<Change>,
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

/// A person's answer to an incident.
#[derive(Debug, Subcommand)]
pub enum Change {
    /// Say that somebody is on it: its page ends, and what was known of it calls nobody for a while
    Acknowledge(AnswerArgs),
    /// End it by hand: its page ends, and an alert that still fires is nobody's concern until it has resolved
    Close(AnswerArgs),
}

/// Arguments of `incidents acknowledge` and `incidents close`.
#[derive(Debug, Args)]
pub struct AnswerArgs {
    /// The incident
    #[arg(value_name = "ID", value_parser = incident_id)]
    pub id: String,
    /// Why, in 1 to 500 characters; others read it in the incident's story
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: String,
    /// File with the operator's token
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/var/lib/homeostat-secrets/operator-token"
    )]
    pub token_file: PathBuf,
    /// The remediator
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:5000", value_parser = http_url)]
    pub url: Url,
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
