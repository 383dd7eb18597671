//! `sidetone completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;

/// Print what a shell needs to complete commands and options
///
/// Example: sidetone completions bash > /etc/bash_completion.d/sidetone
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints it.
pub fn run(args: &CompletionsArgs) {
    let mut out = std::io::stdout();
    clap_complete::generate(args.shell, &mut Cli::command(), "sidetone", &mut out);
}
