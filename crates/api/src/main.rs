//! `homeostat-api`: the demo workload and its traffic.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use homeostat_api::config::Config;
use homeostat_telemetry as telemetry;

/// Exit code for bad usage and bad configuration (EX_USAGE of sysexits.h).
const BAD_USAGE: u8 = 64;

/// The instrumented demo workload of Homeostat.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer requests until SIGTERM.
    Serve {
        /// The configuration file, JSON.
        #[arg(long)]
        config: PathBuf,
    },
    /// Send steady demo traffic to the API until SIGTERM.
    Traffic {
        /// The configuration file, JSON.
        #[arg(long)]
        config: PathBuf,
    },
    /// Print the effective configuration, or an error with its cure.
    CheckConfig {
        /// The configuration file, JSON.
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed pipe is no reason to fail in another way.
            drop(error.print());
            return ExitCode::from(if error.use_stderr() { BAD_USAGE } else { 0 });
        }
    };
    let file = match &arguments.command {
        Command::Serve { config } | Command::Traffic { config } => config,
        Command::CheckConfig { file } => file,
    };
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("homeostat-api: {error}");
            return ExitCode::from(BAD_USAGE);
        }
    };
    let result = match arguments.command {
        Command::CheckConfig { .. } => {
            println!("{}", config.to_json());
            Ok(())
        }
        Command::Serve { .. } => run("homeostat-api", config, false),
        Command::Traffic { .. } => run("homeostat-traffic", config, true),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("homeostat-api: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(service_name: &'static str, config: Config, traffic: bool) -> Result<(), String> {
    let guard = telemetry::init(telemetry::Settings {
        service_name,
        otlp_endpoint: config.otlp_endpoint.clone(),
    })
    .map_err(|error| told(&error))?;
    let shutdown = telemetry::shutdown_signal().map_err(|error| told(&error))?;
    let result = if traffic {
        homeostat_api::traffic::run(&config.traffic, shutdown)
            .await
            .map_err(|error| told(&error))
    } else {
        let listener = tokio::net::TcpListener::bind(config.listen)
            .await
            .map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
        homeostat_api::serve(&config, listener, shutdown)
            .await
            .map_err(|error| told(&error))
    };
    // Blocking is right here: there is nothing else left to do.
    guard.shutdown();
    result
}

/// An error with its causes, on one line.
fn told(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
