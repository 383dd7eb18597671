//! Folding one call: its events into its state, the state into its summary.

use sidetone_core::fold::FoldState;
use sidetone_core::parsed::parsed_bytes;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::ProcessingState;
use sidetone_store::{DirtyCall, LogPart, PutSummary, Result};

use super::dear;
use super::rules::DayRules;
use crate::app::App;
use crate::config::Lifecycle;
use crate::guard::guarded;

/// What becomes of a call.
pub(super) enum Folded {
    Summary(Box<PutSummary>),
    /// Another version wrote its state: its whole log is folded on a later round.
    Unreadable,
    /// It cannot be folded, and why.
    Impossible(String),
}

/// Folds a call.
pub(super) async fn fold(
    mut dirty: DirtyCall,
    is_dear: bool,
    rules: &mut DayRules,
    now: TimeUs,
    app: &App,
) -> Result<Folded> {
    let call = dirty.call;
    let mut state = match dirty.state.take() {
        None => FoldState::default(),
        Some(bytes) => match FoldState::from_bytes(&bytes) {
            Some(state) => state,
            None => return Ok(Folded::Unreadable),
        },
    };
    let mut part = LogPart {
        events: std::mem::take(&mut dirty.events),
        unreadable: dirty.unreadable,
        rest: dirty.rest.take(),
    };
    let mut unreadable = 0;
    loop {
        unreadable += part.unreadable;
        if let Err(reason) = guarded(|| {
            part.events.iter().for_each(|event| state.add(event));
        }) {
            return Ok(Folded::Impossible(reason));
        }
        if is_dear && let Some(reason) = dear::too_long(&state) {
            return Ok(Folded::Impossible(reason));
        }
        let Some(rest) = part.rest.take() else {
            break;
        };
        // One part goes before the next comes.
        drop(part);
        part = app.store.read_on(call, &rest).await?;
    }
    drop(part);
    if unreadable > 0 {
        tracing::error!(call.sid = %call.sid, call.unreadable = unreadable, "events cannot be read and were left out");
    }
    summarize(&dirty, &state, rules, now, app).await
}

async fn summarize(
    dirty: &DirtyCall,
    state: &FoldState,
    rules: &mut DayRules,
    now: TimeUs,
    app: &App,
) -> Result<Folded> {
    let findings = match guarded(|| state.findings()) {
        Ok(findings) => findings,
        Err(reason) => return Ok(Folded::Impossible(reason)),
    };
    // The day of a call is the day of its start, which only the fold knows. No rules are frozen
    // ahead of time.
    let day = findings.started_at().unwrap_or(now).day().min(now.day());
    let rules = rules.of(day, app).await?;
    let made = guarded(|| {
        let summary = findings.summary(dirty.call, &rules);
        let complete = summary.processing == ProcessingState::Complete;
        let rendered = (app.render)(&summary);
        (summary, rendered, (!complete).then(|| state.to_bytes()))
    });
    Ok(match made {
        Ok((summary, rendered, state)) => Folded::Summary(Box::new(PutSummary {
            timer_at: next_timer(&summary, dirty, now, &app.config.lifecycle),
            rendered,
            state,
            position: dirty.position,
            summary,
            now,
        })),
        Err(reason) => Folded::Impossible(reason),
    })
}

/// About how much memory a summary and its state take until they are written.
pub(super) fn memory_bytes(put: &PutSummary) -> usize {
    const SUMMARY: usize = 8 * 1024;
    let raw = put.summary.imported.as_ref().map_or(0, parsed_bytes);
    let rendered = put.rendered.as_ref().map_or(0, |it| it.bytes.len());
    SUMMARY + raw + rendered + put.state.as_ref().map_or(0, Vec::len)
}

/// When the next timer of a call is due, if no event comes before.
fn next_timer(
    summary: &CallSummary,
    call: &DirtyCall,
    now: TimeUs,
    lifecycle: &Lifecycle,
) -> Option<TimeUs> {
    if summary.processing == ProcessingState::Complete {
        return None;
    }
    // Not later than now: the clock may have been set back since.
    let last_received_at = call.last_received_at.min(now);
    if summary.facts.ended_at.is_none() {
        return Some(last_received_at.plus_us(lifecycle.call_idle_us));
    }
    // The other system completes its summary itself, much later; ours waits for it as long as for
    // anything.
    let settle_us = match summary.imported {
        Some(_) => lifecycle.settle_max_us,
        None => lifecycle.settle_us,
    };
    let quiet = last_received_at.plus_us(settle_us);
    let latest = call
        .end_seen_at
        .unwrap_or(now)
        .min(now)
        .plus_us(lifecycle.settle_max_us);
    Some(quiet.min(latest))
}
