//! `sidetone check`

use std::io::Write;

use anyhow::bail;
use clap::Args;

use crate::data::DataArgs;

/// Look for damage in a data directory, beside a running server or without one
///
/// Example: sidetone check --data /var/lib/sidetone
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct CheckArgs {
    #[command(flatten)]
    data: DataArgs,
}

/// Prints each finding; none is `ok`.
///
/// # Errors
/// When there are findings, or the check cannot be made.
pub async fn run(args: CheckArgs) -> anyhow::Result<()> {
    let findings = args.data.open()?.store.check().await?;
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
