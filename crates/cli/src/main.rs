//! The binary `homeostat`: parses the command line, runs it, turns errors into exit codes.

use std::error::Error as _;
use std::process::ExitCode;

use clap::Parser;
use homeostat_cli::args::Arguments;

/// Bad usage or bad configuration, as `EX_USAGE` in sysexits.h.
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version also arrive here; they are no errors and go to stdout.
            let code = if error.use_stderr() { USAGE } else { 0 };
            // When even stderr is closed there is nobody left to tell.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start the threads: {error}; check the limit of processes");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(homeostat_cli::run(arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(deeper) = cause {
                eprintln!("  cause: {deeper}");
                cause = deeper.source();
            }
            ExitCode::from(if error.is_usage() { USAGE } else { 1 })
        }
    }
}
