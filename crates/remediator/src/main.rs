//! `homeostat-remediator`: arguments and wiring.

use clap::{Parser, Subcommand};
use homeostat_remediator::config::{Config, Tokens};
use homeostat_remediator::{SERVICE, check, run, systemd};
use std::path::PathBuf;
use std::process::ExitCode;

/// Bad usage or configuration, as in `sysexits.h`.
const EX_USAGE: u8 = 64;

#[derive(Parser)]
#[command(version, about = "Heals systemd units and proves that it helped")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the daemon
    Serve {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The folder with the files alertmanager-token and operator-token
        #[arg(long, value_name = "DIR", env = "CREDENTIALS_DIRECTORY")]
        credentials: Option<PathBuf>,
    },
    /// Check a configuration file and print what is in force, defaults filled in; on standard error, the order in
    /// which a remedy is looked at, and warnings
    CheckConfig {
        /// The configuration file
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing is left to do when the error cannot be printed either.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { EX_USAGE } else { 0 });
        }
    };
    match arguments.command {
        Command::CheckConfig { file } => match Config::read(&file) {
            Ok(config) => {
                println!("{:#}", config.effective);
                tell(&config);
                ExitCode::SUCCESS
            }
            Err(error) => usage(&error),
        },
        Command::Serve {
            config,
            credentials,
        } => {
            let config = match Config::read(&config) {
                Ok(config) => config,
                Err(error) => return usage(&error),
            };
            let tokens = credentials
                .ok_or(homeostat_remediator::config::TokenError::NoDirectory)
                .and_then(|directory| Tokens::read(&directory));
            match tokens {
                Ok(tokens) => serve(config, tokens),
                Err(error) => usage(&error),
            }
        }
    }
}

/// Says on standard error what is not in the configuration itself.
#[tokio::main(flavor = "current_thread")]
async fn tell(config: &Config) {
    eprintln!("{}", check::obstacles());
    let control = systemd::Systemd::new(systemd::BusAddress::System);
    let of_units = check::of_units(&config.rules, &control).await;
    let not_asked = match &of_units {
        Ok(_) => None,
        // Where a system is built, for one, there is none.
        Err(error) => Some(format!("systemd was not asked about the units: {error}")),
    };
    let warnings = check::of_rules(&config.rules);
    for text in warnings.iter().chain(of_units.iter().flatten()) {
        eprintln!("warning: {text}");
    }
    if let Some(text) = not_asked {
        eprintln!("{text}");
    }
}

fn usage(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("homeostat-remediator: {error}");
    ExitCode::from(EX_USAGE)
}

#[tokio::main(worker_threads = 2)]
async fn serve(config: Config, tokens: Tokens) -> ExitCode {
    let telemetry = match homeostat_telemetry::init(homeostat_telemetry::Settings {
        service_name: SERVICE,
        // Incidents are what is worth a trace here, and they are sent when they are over; the spans
        // of scrapes and probes would bury them.
        otlp_endpoint: None,
    }) {
        Ok(telemetry) => telemetry,
        Err(error) => return usage(&error),
    };
    let outcome = start(config, tokens).await;
    telemetry.shutdown();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("homeostat-remediator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(config: Config, tokens: Tokens) -> Result<(), Box<dyn std::error::Error>> {
    let shutdown = homeostat_telemetry::shutdown_signal()?;
    let listener = tokio::net::TcpListener::bind(config.listen)
        .await
        .map_err(|error| format!("cannot listen on {} (key `listen`): {error}", config.listen))?;
    tracing::info!(listen = %config.listen, host = config.rules.host(), "listening");
    let control = systemd::Systemd::new(systemd::BusAddress::System);
    run(config, tokens, control, listener, shutdown).await?;
    Ok(())
}
