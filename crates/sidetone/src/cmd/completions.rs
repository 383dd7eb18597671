//! `sidetone completions`

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;

/// Print what a shell needs to complete commands and options
///
/// Example: sidetone completions bash >sidetone.bash
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints it.
///
/// # Errors
/// When standard output is closed.
pub fn run(args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "sidetone", &mut text);
    Ok(std::io::stdout().write_all(&text)?)
}
