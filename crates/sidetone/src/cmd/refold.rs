//! `sidetone refold`

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::summary::CallSummary;
use sidetone_store::FoldedCall;

use super::offline;
use super::output::print_json;
use crate::app::App;
use crate::data::DataArgs;
use crate::data_dir;
use crate::workers::refold::{self, Preview, Refolded};

/// Calls in a step.
const STEP: usize = 500;
/// Calls between two lines of progress.
const SHOWN: u64 = 10_000;

/// Fold calls anew from their events, by this release and the rules in force
///
/// Calls of which events are damaged keep their summaries. What changes makes new versions of
/// summaries, as late events do. No server may run meanwhile, unless with --dry-run: that writes
/// nothing, and prints a JSON object a line for each call that would change, with every field's old and
/// new value, and at the end how many calls would change in which fields. What came after a call's
/// summary is left out of that.
///
/// Examples: sidetone refold --dry-run --data /var/lib/sidetone
///           sidetone refold --data /var/lib/sidetone
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct RefoldArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Configuration file of the server, for how long calls settle and may be idle [default: sidetone.toml, when there is one]
    #[arg(long, env = "SIDETONE_CONFIG")]
    config: Option<PathBuf>,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

/// A call that would change.
#[derive(Serialize)]
struct Difference {
    account_sid: AccountSid,
    call_sid: CallSid,
    fields: BTreeMap<String, Change>,
}

/// A field's values; `None`: it is not there.
#[derive(Debug, PartialEq, Serialize)]
struct Change {
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Value>,
}

/// What was found, and what was done.
#[derive(Default, Serialize)]
struct Report {
    dry_run: bool,
    /// Calls that were folded.
    calls: u64,
    /// Of these, those that would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<u64>,
    /// Calls that keep their summaries: events of them are damaged, or folding fails.
    kept: u64,
    /// Calls whose summaries are damaged: for `sidetone check --repair`.
    damaged: u64,
    /// Calls that would change, by field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, u64>,
}

/// Prints the differences, and the report as the last line.
///
/// # Errors
/// When the data cannot be read or written.
pub async fn run(args: RefoldArgs) -> anyhow::Result<()> {
    let app = offline::open(&args.data, args.config.as_deref()).await?;
    let _alone = match args.dry_run {
        true => None,
        false => {
            let locked = data_dir::lock(&args.data.data);
            Some(locked.context("without --dry-run, refold needs the data for itself")?)
        }
    };
    let mut preview = args.dry_run.then(|| Preview::new(app.clone()));
    let mut report = Report {
        dry_run: args.dry_run,
        changed: args.dry_run.then_some(0),
        ..Report::default()
    };
    let (mut after, mut shown) = (None, 0);
    loop {
        let folded = app.store.folded(after, STEP).await?;
        report.damaged += folded.damaged;
        match &mut preview {
            Some(preview) => show(preview, folded.calls, &mut report).await?,
            None => write(&app, folded.calls, &mut report).await?,
        }
        if report.calls >= shown + SHOWN {
            shown = report.calls;
            writeln!(std::io::stderr(), "{shown} calls")?;
        }
        after = folded.next;
        if after.is_none() {
            return print_json(&report);
        }
    }
}

async fn show(
    preview: &mut Preview,
    calls: Vec<FoldedCall>,
    report: &mut Report,
) -> anyhow::Result<()> {
    for FoldedCall { summary, log } in calls {
        let call = log.call;
        let new = match preview.fold(log).await? {
            Refolded::Summary(new) => new,
            Refolded::Unreadable(events) => {
                keep(call, &format!("{events} events cannot be read"), report)?;
                continue;
            }
            Refolded::Impossible(reason) => {
                keep(call, &reason, report)?;
                continue;
            }
        };
        report.calls += 1;
        let fields = differences(&summary, &new)?;
        if fields.is_empty() {
            continue;
        }
        report.changed = report.changed.map(|changed| changed + 1);
        for field in fields.keys() {
            *report.fields.entry(field.clone()).or_default() += 1;
        }
        print_json(&Difference {
            account_sid: call.account,
            call_sid: call.sid,
            fields,
        })?;
    }
    Ok(())
}

async fn write(app: &App, calls: Vec<FoldedCall>, report: &mut Report) -> anyhow::Result<()> {
    let mut whole = Vec::with_capacity(calls.len());
    for FoldedCall { log, .. } in calls {
        match refold::unreadable(&log, app).await? {
            0 => whole.push(log.call),
            events => keep(log.call, &format!("{events} events cannot be read"), report)?,
        }
    }
    report.calls += whole.len() as u64;
    Ok(refold::refold(whole, app).await?)
}

/// Tells of a call that keeps its summary.
fn keep(call: CallRef, why: &str, report: &mut Report) -> anyhow::Result<()> {
    report.kept += 1;
    let CallRef { account, sid } = call;
    writeln!(std::io::stderr(), "{sid} of {account}: not folded, {why}")?;
    Ok(())
}

/// The fields in which two summaries differ.
fn differences(
    old: &CallSummary,
    new: &CallSummary,
) -> serde_json::Result<BTreeMap<String, Change>> {
    let mut fields: BTreeMap<String, Change> = BTreeMap::new();
    let mut olds = BTreeMap::new();
    let mut news = BTreeMap::new();
    flatten(String::new(), serde_json::to_value(old)?, &mut olds);
    flatten(String::new(), serde_json::to_value(new)?, &mut news);
    for (field, old) in olds {
        let new = news.remove(&field);
        let old = Some(old);
        if old != new {
            fields.insert(field, Change { old, new });
        }
    }
    let added = news.into_iter().map(|(field, new)| {
        let new = Some(new);
        (field, Change { old: None, new })
    });
    fields.extend(added);
    Ok(fields)
}

/// The values of an object, by the names that lead to them. Lists are values.
fn flatten(field: String, value: Value, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(values) => {
            for (name, value) in values {
                let field = match field.as_str() {
                    "" => name,
                    within => format!("{within}.{name}"),
                };
                flatten(field, value, into);
            }
        }
        value => {
            into.insert(field, value);
        }
    }
}
