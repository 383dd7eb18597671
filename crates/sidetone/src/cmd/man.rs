//! `sidetone man`

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command};

/// Write the manual pages of all commands into a directory
///
/// Example: sidetone man /usr/local/share/man/man1
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct ManArgs {
    /// The directory; made when it is not there
    directory: PathBuf,
}

/// Writes those of the whole command line.
///
/// # Errors
/// When the directory cannot be written to.
pub fn run(args: &ManArgs, program: Command) -> anyhow::Result<()> {
    let directory = &args.directory;
    let write = || {
        std::fs::create_dir_all(directory)?;
        clap_mangen::generate_to(program, directory)
    };
    write().with_context(|| format!("cannot write manual pages to {}", directory.display()))
}
