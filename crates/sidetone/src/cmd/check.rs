//! `sidetone check`

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use sidetone_store::Care;

use super::rules::{self, Example};
use crate::data::DataArgs;

/// Look for damage in a data directory, beside a running server or without one; or try the rules of
/// a file
///
/// Examples: sidetone check --data /var/lib/sidetone
///           sidetone check --rules --source 203.0.113.7 --domain trunk.example.com
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct CheckArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Show the [[side]] rules of the configuration file instead, as a start or SIGHUP would
    /// publish them, or what they say of an example
    #[arg(long)]
    rules: bool,
    /// Configuration file with the rules [default: sidetone.toml]
    #[arg(long, env = "SIDETONE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    example: Example,
}

/// Prints each finding; none is `ok`.
///
/// # Errors
/// When there are findings, or the check cannot be made.
pub async fn run(args: CheckArgs) -> anyhow::Result<()> {
    if args.rules {
        return rules::run(args.config.as_deref(), &args.example);
    }
    let store = args.data.open_store()?;
    let mut findings = store.check().await?;
    findings.extend(args.data.check_key(&store).await?);
    let mut out = std::io::stdout();
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    writeln!(out, "ok")?;
    Ok(())
}
