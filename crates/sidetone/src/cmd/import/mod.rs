//! `sidetone import`

mod calls;
mod checkpoint;
mod remote;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use sidetone_core::id::AccountSid;

use self::calls::Calls;
use self::checkpoint::Checkpoint;
use self::remote::Remote;
use super::environment::{self, IMPORT_AUTH_TOKEN};
use super::offline;
use crate::accounts;
use crate::data::DataArgs;
use crate::data_dir;
use crate::workers::catch_up::CatchUp;

/// Copy what another system knows of calls
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    Twilio(TwilioArgs),
}

/// Copy calls from Twilio Voice Insights, or from another Sidetone, over their API
///
/// Takes summaries with their annotations, events, metrics and, of another Sidetone, feedback, into
/// a data directory, beside a running server or without one. Imported summaries are served back
/// field for field. An import that was interrupted goes on where it was when it is started again
/// with the same options; calls that are here already are not doubled. The auth token comes from
/// `SIDETONE_IMPORT_AUTH_TOKEN` or from a file, never from the command line.
///
/// Example: sidetone import twilio --data DIR --account-sid AC… --auth-token-file token
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct TwilioArgs {
    /// The account there
    #[arg(long, env = "SIDETONE_IMPORT_ACCOUNT_SID")]
    account_sid: AccountSid,
    /// File that holds the auth token [default: `SIDETONE_IMPORT_AUTH_TOKEN` holds it]
    #[arg(long)]
    auth_token_file: Option<PathBuf>,
    /// Where another Sidetone is, instead of Twilio
    #[arg(long)]
    base_url: Option<String>,
    /// Calls that started then or later: `30d` ago, or ISO 8601
    #[arg(long, default_value = "30d")]
    start_time: String,
    /// Calls that ended then or earlier [default: now]
    #[arg(long)]
    end_time: Option<String>,
    /// The account here whose calls they become [default: the first account]
    #[arg(long)]
    account: Option<AccountSid>,
    #[command(flatten)]
    data: DataArgs,
    /// Configuration file of the server, for how long calls settle and may be idle [default: sidetone.toml, when there is one]
    #[arg(long, env = "SIDETONE_CONFIG")]
    config: Option<PathBuf>,
}

/// Does what was asked for.
///
/// # Errors
/// When the other side cannot be read, or the data not be written; it goes on where it was when it
/// is started again.
pub async fn run(command: ImportCommand) -> anyhow::Result<()> {
    let ImportCommand::Twilio(args) = command;
    let token = token(&args)?;
    let app = offline::open(&args.data, args.config.as_deref()).await?;
    let account = accounts::named_or_first(app.store.as_ref(), args.account).await?;
    let remote = Remote::new(args.base_url.as_deref(), args.account_sid, &token)?;
    let first = remote.first_page(&args.start_time, args.end_time.as_deref());
    let mut checkpoint = Checkpoint::open(
        &args.data.data,
        &[&remote.name(), &account.to_string(), &first],
    )?;
    if checkpoint.calls > 0 {
        writeln!(
            std::io::stderr(),
            "going on after {} calls",
            checkpoint.calls
        )?;
    }
    let calls = Calls {
        app: &app,
        account,
        remote: &remote,
    };
    let mut next = Some(checkpoint.next.clone().unwrap_or(first));
    let mut refused = 0;
    while let Some(page) = next {
        let copied = calls.page(&page).await.with_context(|| {
            format!(
                "after {} calls; started again, it goes on there",
                checkpoint.calls
            )
        })?;
        refused += copied.refused;
        next = copied.next;
        checkpoint.calls += copied.calls;
        checkpoint.next.clone_from(&next);
        checkpoint.keep()?;
        show(checkpoint.calls)?;
    }
    let calls = checkpoint.calls;
    checkpoint.forget()?;
    // A server that is running folds; without one, nobody else would.
    if let Ok(_lock) = data_dir::lock(&args.data.data) {
        CatchUp::new(app.clone()).drain().await?;
    }
    writeln!(std::io::stdout(), "{calls} calls imported")?;
    if refused > 0 {
        bail!("{refused} items could not be read, and were left out");
    }
    Ok(())
}

fn token(args: &TwilioArgs) -> anyhow::Result<String> {
    let Some(file) = &args.auth_token_file else {
        return environment::import_auth_token().with_context(|| {
            format!("set {IMPORT_AUTH_TOKEN}, or name a file by --auth-token-file")
        });
    };
    let token = std::fs::read_to_string(file);
    let token = token.with_context(|| format!("cannot read {}", file.display()))?;
    Ok(token.trim().to_owned())
}

fn show(calls: u64) -> std::io::Result<()> {
    let mut out = std::io::stderr();
    if out.is_terminal() {
        write!(out, "\r{calls} calls")?;
    }
    Ok(())
}
