//! `sidetone erase`

use std::io::Write;

use anyhow::bail;
use clap::Args;
use serde_json::json;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_store::erasure::Erasure;
use sidetone_store::{Lookup, Scope, Store};

use super::output::print_json;
use crate::accounts;
use crate::clock::Clock;
use crate::data::DataArgs;

/// Calls erased in one transaction.
const PIECE: usize = 50;
/// Calls looked at together for a number.
const LOOKED_AT: usize = 1_000;
/// Calls between two lines of progress.
const SHOWN: usize = 100_000;
/// Erasures printed at a time.
const PAGE: usize = 1_000;

/// Erase calls and all that is known and was said of them; a running server may go on
///
/// Nothing brings them back, and later events for them are refused. What remains is that there was
/// such a call, when it was erased and by whom: --log prints that. Backups keep what they hold.
///
/// Examples: sidetone erase --call CA… --data /var/lib/sidetone
///           sidetone erase --number +15550100 --dry-run --data /var/lib/sidetone
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct EraseArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The call; may be given more than once
    #[arg(long, required_unless_present_any = ["number", "log"])]
    call: Vec<CallSid>,
    /// All calls from or to this number, however it is written (spaces, hyphens, brackets, 00 for +,
    /// SIP URI, whatsapp:), or another address as summaries have it; not a number without its country
    #[arg(long, conflicts_with = "call", allow_hyphen_values = true, value_parser = address)]
    number: Option<String>,
    /// Only calls of this account and its subaccounts [default: of all accounts]
    #[arg(long)]
    account: Option<AccountSid>,
    /// Who asks for it, as the log of erasures is to say
    #[arg(long, default_value = "sidetone erase", value_parser = name)]
    by: String,
    /// Erase nothing, only print which calls would be
    #[arg(long)]
    dry_run: bool,
    /// Print what was erased before, a JSON object a line, instead of erasing
    #[arg(long, conflicts_with_all = ["call", "number", "dry_run"])]
    log: bool,
}

fn address(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.chars().any(char::is_alphanumeric) {
        Ok(text.to_owned())
    } else {
        Err("a number such as +15550100, or another address is expected".to_owned())
    }
}

fn name(text: &str) -> Result<String, String> {
    match text.chars().count() {
        1..=100 => Ok(text.to_owned()),
        _ => Err("1 to 100 characters are expected".to_owned()),
    }
}

/// Erases, and prints how many calls there were as one line of JSON.
///
/// # Errors
/// When a call is not found, or the store fails.
pub async fn run(args: EraseArgs) -> anyhow::Result<()> {
    let store = args.data.open().await?.store;
    let store = store.as_ref();
    let scope = scope(store, args.account).await?;
    if args.log {
        return print_log(store, &scope).await;
    }
    let (calls, not_folded) = match &args.number {
        Some(number) => calls_of(store, number, &scope).await?,
        None => (named(store, &args.call, &scope).await?, 0),
    };
    if args.dry_run {
        for call in &calls {
            print_json(&json!({ "account_sid": call.account, "call_sid": call.sid }))?;
        }
    } else {
        erase(store, &calls, &args.by, &args.data.clock()?).await?;
    }
    let (found, dry_run) = (calls.len(), args.dry_run);
    let erased = if dry_run { 0 } else { found };
    print_json(&json!({ "found": found, "erased": erased, "not_folded": not_folded }))?;
    if let Some(number) = args.number.as_ref().filter(|_| found == 0) {
        writeln!(std::io::stderr(), "no call from or to {number} was found")?;
    }
    if not_folded > 0 {
        writeln!(
            std::io::stderr(),
            "{not_folded} calls have no summary yet, so that their numbers are not known; do this again in a minute, with a server running"
        )?;
    }
    Ok(())
}

/// The accounts whose calls may be erased.
async fn scope(store: &dyn Store, only: Option<AccountSid>) -> anyhow::Result<Vec<AccountSid>> {
    if let Some(account) = only {
        accounts::find(store, account).await?;
    }
    let known = store.accounts().await?.sound.into_iter();
    let within = known.filter(|it| only.is_none_or(|one| it.sid == one || it.parent == Some(one)));
    Ok(within.map(|account| account.sid).collect())
}

/// The calls of these names, all of which must be there.
async fn named(
    store: &dyn Store,
    sids: &[CallSid],
    scope: &[AccountSid],
) -> anyhow::Result<Vec<CallRef>> {
    let mut calls = Vec::new();
    for sid in sids {
        let (before, mut is_gone) = (calls.len(), false);
        for account in scope.iter().copied() {
            match store.annotation(Scope { account }, *sid).await? {
                // That of a subaccount is found by way of its parent, too.
                Lookup::Found(record) if calls.contains(&record.call) => {}
                Lookup::Found(record) => calls.push(record.call),
                Lookup::Gone => is_gone = true,
                Lookup::Unknown => {}
            }
        }
        if calls.len() == before {
            let why = if is_gone {
                "was erased or has expired already"
            } else {
                "is not known"
            };
            bail!("{sid} {why}; nothing was erased");
        }
    }
    Ok(calls)
}

/// The calls of a number, and how many there are whose numbers are not known yet.
async fn calls_of(
    store: &dyn Store,
    number: &str,
    scope: &[AccountSid],
) -> anyhow::Result<(Vec<CallRef>, u64)> {
    let (mut calls, mut not_folded, mut after) = (Vec::new(), 0, None);
    let mut looked_at = 0;
    loop {
        let found = store.calls_of(number, after, LOOKED_AT).await?;
        let within = found.calls.into_iter();
        calls.extend(within.filter(|call| scope.contains(&call.account)));
        not_folded += found.not_folded;
        after = found.next;
        if after.is_none() {
            return Ok((calls, not_folded));
        }
        looked_at += LOOKED_AT;
        if looked_at % SHOWN == 0 {
            let found = calls.len();
            writeln!(
                std::io::stderr(),
                "looked at {looked_at} calls, found {found}"
            )?;
        }
    }
}

/// Erases piece by piece, so that a server beside it can write in between.
async fn erase(
    store: &dyn Store,
    calls: &[CallRef],
    by: &str,
    clock: &Clock,
) -> anyhow::Result<()> {
    for (number, piece) in (1..).zip(calls.chunks(PIECE)) {
        store.erase(piece.to_vec(), by, clock.now()).await?;
        let done = number * PIECE;
        if done.is_multiple_of(1_000) {
            writeln!(std::io::stderr(), "erased {done} of {} calls", calls.len())?;
        }
    }
    Ok(())
}

async fn print_log(store: &dyn Store, scope: &[AccountSid]) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let (erasures, next) = store.erasures(after, PAGE).await?;
        for Erasure { call, at, by } in erasures {
            if scope.contains(&call.account) {
                print_json(&json!({
                    "account_sid": call.account,
                    "call_sid": call.sid,
                    "erased": at.to_seconds_text(),
                    "by": by,
                }))?;
            }
        }
        if next.is_none() {
            return Ok(());
        }
        after = next;
    }
}
