//! `sidetone migrate-feedback`

use std::collections::BTreeMap;
use std::io::Write;

use clap::{Args, ValueEnum};
use serde::Serialize;
use sidetone_core::feedback::{Feedback, FeedbackIssue, FeedbackPatch};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store::feedback::{Judgement, Rate, Rated};
use sidetone_store::{Annotate, Lookup, Scope, Store, StoreError};

use super::output::print_json;
use crate::accounts;
use crate::data::DataArgs;

/// Judgements read at a time.
const BATCH: usize = 1_000;
/// Calls between two lines of progress.
const SHOWN: u64 = 10_000;
/// Who changed it, as the history tells.
const BY: &str = "migrate-feedback";

/// Take feedback over into annotations, or annotations into feedback
///
/// Tells what it would do; with --apply it does it. What is said already stays as it is: an
/// annotation only gets what it lacks, feedback is made only where there is none. Doing it again
/// changes nothing more.
///
/// Example: sidetone migrate-feedback --data /var/lib/sidetone --apply
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct MigrateFeedbackArgs {
    #[command(flatten)]
    data: DataArgs,
    /// What is written
    #[arg(long, value_enum, default_value = "annotation")]
    to: Target,
    /// Only the calls of this account
    #[arg(long)]
    account: Option<AccountSid>,
    /// Write, instead of only telling
    #[arg(long)]
    apply: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Target {
    /// Annotations, from feedback
    Annotation,
    /// Feedback, from annotations
    Feedback,
}

/// What was found, and what was or would be done.
#[derive(Debug, Serialize)]
struct Report {
    to: Target,
    applied: bool,
    /// Calls that have what is taken over.
    calls: u64,
    /// Calls of which something is (or would be) written.
    changed: u64,
    unchanged: u64,
    /// Annotations that no feedback can be made of, because they have no score.
    without_score: u64,
    /// Calls that somebody changed meanwhile; run it again.
    busy: u64,
    /// Issues that annotations have no room for, by how often; they stay with the feedback.
    not_translated: BTreeMap<&'static str, u64>,
}

/// Prints the report as one line of JSON.
///
/// # Errors
/// When the data cannot be read or written.
pub async fn run(args: MigrateFeedbackArgs) -> anyhow::Result<()> {
    let store = args.data.open().await?.store;
    if let Some(account) = args.account {
        accounts::find(store.as_ref(), account).await?;
    }
    let now = args.data.clock()?.now();
    let mut report = Report {
        to: args.to,
        applied: args.apply,
        calls: 0,
        changed: 0,
        unchanged: 0,
        without_score: 0,
        busy: 0,
        not_translated: BTreeMap::new(),
    };
    let (mut after, mut shown) = (None, 0);
    loop {
        let judgements = store.judgements(after, BATCH).await?;
        let Some(last) = judgements.last() else { break };
        after = Some(last.cursor.clone());
        for judgement in judgements {
            if args
                .account
                .is_none_or(|account| account == judgement.call.account)
            {
                migrate(store.as_ref(), &judgement, args.apply, now, &mut report).await?;
            }
        }
        if report.calls >= shown + SHOWN {
            shown = report.calls;
            writeln!(std::io::stderr(), "{shown} calls")?;
        }
    }
    print_json(&report)
}

async fn migrate(
    store: &dyn Store,
    judgement: &Judgement,
    apply: bool,
    now: TimeUs,
    report: &mut Report,
) -> anyhow::Result<()> {
    let Judgement {
        call,
        feedback,
        annotation,
        ..
    } = judgement;
    let changed = match (report.to, *feedback) {
        (Target::Annotation, None) => return Ok(()),
        (Target::Annotation, Some(feedback)) => {
            for issue in feedback.untranslated().iter() {
                *report
                    .not_translated
                    .entry(FeedbackIssue::as_str(issue))
                    .or_default() += 1;
            }
            let patch = feedback.fill(annotation);
            let changed = annotation.with(patch.clone()) != *annotation;
            if changed && apply {
                let scope = Scope {
                    account: call.account,
                };
                let change = Annotate {
                    author: String::new(),
                    by: BY.to_owned(),
                    patch: Some(patch),
                    if_revision: Some(judgement.annotation_revision),
                    now,
                    accept_unknown: false,
                };
                match store.annotate(scope, call.sid, change).await {
                    Err(StoreError::Conflict(_)) => {
                        report.calls += 1;
                        report.busy += 1;
                        return Ok(());
                    }
                    written => drop(written?),
                }
            }
            changed
        }
        (Target::Feedback, _) if annotation.is_empty() => return Ok(()),
        (Target::Feedback, Some(_)) => false,
        (Target::Feedback, None) => {
            let Some(new) = Feedback::of(annotation) else {
                report.calls += 1;
                report.without_score += 1;
                return Ok(());
            };
            if apply {
                let rate = Rate {
                    by: BY.to_owned(),
                    patch: FeedbackPatch {
                        score: Some(new.score),
                        issues: Some(new.issues),
                    },
                    now,
                    accept_unknown: false,
                    only_first: true,
                    mirror: false,
                };
                if let Lookup::Found(Rated::Updated(_)) = store.rate(*call, rate).await? {
                    report.calls += 1;
                    report.busy += 1;
                    return Ok(());
                }
            }
            true
        }
    };
    report.calls += 1;
    if changed {
        report.changed += 1;
    } else {
        report.unchanged += 1;
    }
    Ok(())
}
