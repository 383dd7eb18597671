//! `sidetone completions`

use std::io::Write;

use clap::{Args, Command};
use clap_complete::Shell;

/// Print what a shell needs to complete commands and options
///
/// Example: sidetone completions bash >sidetone.bash
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints it, for the whole command line.
///
/// # Errors
/// When standard output is closed.
pub fn run(args: &CompletionsArgs, mut program: Command) -> anyhow::Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut program, "sidetone", &mut text);
    Ok(std::io::stdout().write_all(&text)?)
}
