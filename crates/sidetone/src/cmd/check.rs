//! `sidetone check`

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use sidetone_store::Care;

use super::offline;
use super::rules::{self, Example};
use crate::data::DataArgs;
use crate::data_dir;
use crate::workers::catch_up::CatchUp;

/// Look for damage in a data directory, beside a running server or without one; or try the rules of
/// a file
///
/// With --repair, what is damaged and follows from what is whole is made again: indexes, columns, counts,
/// the search of comments, statistics, and summaries, by folding their events. Events, and what people
/// said, are never changed: what is damaged of them is told as before, and the exit code is 1. No server
/// may run meanwhile; copy the data directory first.
///
/// Examples: sidetone check --data /var/lib/sidetone
///           sidetone check --repair --data /var/lib/sidetone
///           sidetone check --rules --source 203.0.113.7 --domain trunk.example.com
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct CheckArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Make again what can be, and tell it in a line each, before what is still damaged
    #[arg(long, conflicts_with = "rules")]
    repair: bool,
    /// Show the [[side]] rules of the configuration file instead, as a start or SIGHUP would
    /// publish them, or what they say of an example
    #[arg(long)]
    rules: bool,
    /// Configuration file of the server, for its rules and for folding [default: sidetone.toml]
    #[arg(long, env = "SIDETONE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    example: Example,
}

/// Prints each repair, if any is to be made, and each finding; none is `ok`.
///
/// # Errors
/// When there are findings, or the check cannot be made.
pub async fn run(args: CheckArgs) -> anyhow::Result<()> {
    if args.rules {
        return rules::run(args.config.as_deref(), &args.example);
    }
    let store = args.data.open_store()?;
    let mut out = std::io::stdout();
    let _alone = match args.repair {
        true => {
            Some(data_dir::lock(&args.data.data).context("a repair needs the data for itself")?)
        }
        false => None,
    };
    if args.repair {
        for repair in store.repair().await? {
            writeln!(out, "repaired: {repair}")?;
        }
        match offline::open(&args.data, args.config.as_deref()).await {
            Ok(app) => CatchUp::new(app).fold().await?,
            Err(error) => writeln!(
                std::io::stderr(),
                "calls are folded again by the next start only: {error:#}"
            )?,
        }
    }
    let mut findings = store.check().await?;
    findings.extend(args.data.check_key(&store).await?);
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    writeln!(out, "ok")?;
    Ok(())
}
