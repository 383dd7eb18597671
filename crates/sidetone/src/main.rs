//! The command line's entry: 0 done, 1 failed, 2 wrong usage.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match sidetone::cmd::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[allow(clippy::print_stderr, reason = "the command line speaks to its user")]
            {
                eprintln!("error: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
