//! The operator's hand of Homeostat: receivers for pages and spans, load for measurements, views of incidents and traces.
//!
//! Nothing here heals or decides. Whatever prints text that came from elsewhere goes through [`terminal`].

pub mod args;
mod client;
mod error;
pub mod incidents;
pub mod load;
mod server;
pub mod sink;
pub mod spans;
pub mod terminal;
mod token;
pub mod trace;

pub use error::Error;

use std::io::{ErrorKind, Write as _};

use args::{Command, Load};

/// Runs one command to its end.
///
/// # Errors
/// Says what failed and how to cure it; [`Error::is_usage`] tells bad usage from a failure at run time.
pub async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Sink(args) => sink::run(&args).await,
        Command::Load(Load::Webhook(args)) => {
            let report = load::webhook(&args).await?;
            print_out(&to_json(&report))?;
            report.verdict(args.url.as_str())
        }
        Command::Load(Load::Http(args)) => {
            let report = load::http(&args).await?;
            print_out(&to_json(&report))?;
            report.verdict(args.url.as_str())
        }
        Command::Load(Load::Siege(args)) => print_out(&to_json(&load::siege(&args).await?)),
        Command::Load(Load::Flush(args)) => print_out(&to_json(&load::flush(&args)?)),
        Command::Spans(args) => spans::run(&args).await,
        Command::Trace(args) => print_out(&trace::show(&args).await?),
        Command::Incidents(args) => print_out(&match &args.change {
            Some(change) => incidents::change(change).await?,
            None => incidents::show(&args).await?,
        }),
    }
}

fn to_json(report: &impl serde::Serialize) -> String {
    serde_json::to_string(report).expect("invariant: a report has string keys and finite numbers")
}

/// Writes to stdout. A reader that went away (`| head`) is no failure.
fn print_out(text: &str) -> Result<(), Error> {
    match writeln!(std::io::stdout().lock(), "{}", text.trim_end()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => Err(Error::Output { source }),
        _ => Ok(()),
    }
}
