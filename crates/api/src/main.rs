//! `homeostat-api`: the demo workload and its traffic.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use homeostat_api::chain;
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
    Serve(File),
    /// Send steady demo traffic to the API until SIGTERM.
    Traffic(File),
    /// Print the effective configuration, or an error with its cure.
    CheckConfig {
        /// The configuration file, JSON.
        file: PathBuf,
    },
}

#[derive(clap::Args)]
struct File {
    /// The configuration file, JSON.
    #[arg(long)]
    config: PathBuf,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            drop(error.print());
            return ExitCode::from(if error.use_stderr() { BAD_USAGE } else { 0 });
        }
    };
    let file = match &arguments.command {
        Command::Serve(File { config }) | Command::Traffic(File { config }) => config,
        Command::CheckConfig { file } => file,
    };
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(error) => return failed(&error.to_string(), BAD_USAGE),
    };
    let result = match arguments.command {
        Command::CheckConfig { .. } => {
            println!("{}", config.to_json());
            Ok(())
        }
        Command::Serve(_) => run("homeostat-api", config, false),
        Command::Traffic(_) => run("homeostat-traffic", config, true),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error, 1),
    }
}

fn failed(error: &str, code: u8) -> ExitCode {
    eprintln!("homeostat-api: {error}");
    ExitCode::from(code)
}

#[tokio::main]
async fn run(service_name: &'static str, config: Config, traffic: bool) -> Result<(), String> {
    let guard = telemetry::init(telemetry::Settings {
        service_name,
        otlp_endpoint: config.otlp_endpoint.clone(),
    })
    .map_err(|error| chain(&error))?;
    let shutdown = telemetry::shutdown_signal().map_err(|error| chain(&error))?;
    let result = if traffic {
        homeostat_api::traffic::run(&config.traffic, shutdown)
            .await
            .map_err(|error| chain(&error))
    } else {
        let listener = tokio::net::TcpListener::bind(config.listen)
            .await
            .map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
        homeostat_api::serve(&config, listener, shutdown)
            .await
            .map_err(|error| chain(&error))
    };
    // Blocking is right here: there is nothing else left to do.
    guard.shutdown();
    result
}
