//! The summary of a call that another system has summed up: what that one says, and our own
//! observations where it is silent.
//!
//! What another system found is not looked for again. Lists and rollups go by what is shown, so
//! nothing is concluded from what it says either: it is served as it came.

use std::mem;

use super::outcome::Outcome;
use super::state::{FOLD_VERSION, FoldState, Import};
use crate::event::SourceKind;
use crate::facts::EdgeFacts;
use crate::id::CallRef;
use crate::number;
use crate::rules::Rules;
use crate::summary::{CallSummary, EdgeSummary, ImportedAnnotation, no_call};
use crate::vocabulary::{ProcessingState, StreamDirection};

/// The summary. `own`: that of our own observations. `outcome`: of everything learnt; it gives a
/// place in time to a call that is not said to have one.
pub(super) fn summary(
    state: &FoldState,
    import: &Import,
    own: Option<CallSummary>,
    outcome: &Outcome,
    call: CallRef,
    rules: &Rules,
) -> CallSummary {
    let told = &import.summary;
    let own = own.map(without_findings);
    let (observed, mut edges, sip) = match &own {
        Some(own) => (own.facts.clone(), own.edges.clone(), own.sip.clone()),
        None => Default::default(),
    };
    let mut facts = (*told.facts).clone().or(observed);
    for (kind, told) in mem::take(&mut facts.edges) {
        let held = edges.remove(&kind).unwrap_or_default();
        edges.insert(kind, edge(told, held));
    }
    let tags = facts.tags.take().unwrap_or_default();
    let mut summary = CallSummary {
        call,
        processing: if told.is_complete() {
            ProcessingState::Complete
        } else {
            state.processing()
        },
        fold_version: FOLD_VERSION,
        rules_day: rules.day,
        sides_digest: rules.sides.digest(),
        facts,
        edges,
        sip,
        tags,
        reasons: Vec::new(),
        pdd_limit: None,
        end_not_seen: outcome.end_not_seen,
        last_event_at: state.last_event_at(),
        imported: None,
        beside: None,
        imported_annotation: None,
    };
    summary.beside = match import.source {
        // Its facts were read from it, so they are not shown beside it.
        SourceKind::EventStreams => own.map(Box::new),
        _ => Some(Box::new(summary.clone())),
    };
    if let Some(beside) = &mut summary.beside {
        // As it is read back: it is where the whole is kept.
        beside.call = no_call();
    }
    summary.facts.started_at = summary.facts.started_at.or(outcome.started_at);
    summary.facts.ended_at = summary.facts.ended_at.or(outcome.ended_at);
    summary.imported = Some(told.raw.clone());
    summary.imported_annotation = Some(ImportedAnnotation {
        source: import.source,
        at: import.at,
        annotation: told.annotation.clone(),
    });
    summary
}

/// A summary of our own without what it finds, what follows from numbers, and edges of which it
/// only says that nothing was measured: none of these is an observation.
fn without_findings(mut own: CallSummary) -> CallSummary {
    own.tags.clear();
    own.reasons.clear();
    own.pdd_limit = None;
    for party in [&mut own.facts.from, &mut own.facts.to] {
        if let Some(origin) = party.address.as_deref().and_then(number::origin) {
            let country = party.country_code.take();
            party.country_code = country.filter(|it| Some(it) != origin.country_code.as_ref());
            let prefix = party.number_prefix.take();
            party.number_prefix = prefix.filter(|it| *it != origin.number_prefix);
        }
    }
    own.edges
        .retain(|_, edge| edge.not_measured.is_none() || edge.facts != EdgeFacts::default());
    for edge in own.edges.values_mut() {
        edge.tags.clear();
        edge.reasons.clear();
        edge.not_measured = None;
    }
    own
}

/// An edge as another system tells it, with what is known of it besides. Figures of a stream are
/// one statement, and when it went unheard is part of that; which reports were not believed is said
/// of figures that are ours.
fn edge(mut told: EdgeFacts, mut held: EdgeSummary) -> EdgeSummary {
    let is_told = |way| match way {
        StreamDirection::Inbound => told.inbound.is_some(),
        StreamDirection::Outbound => told.outbound.is_some(),
        StreamDirection::Unknown | StreamDirection::Both => false,
    };
    held.unheard.retain(|it| !is_told(it.direction));
    let is_measured = told.inbound.is_some() || told.outbound.is_some();
    EdgeSummary {
        inbound: told.inbound.take().or(held.inbound),
        outbound: told.outbound.take().or(held.outbound),
        leg_rtt_ms: held.leg_rtt_ms,
        not_measured: None,
        disregarded: held.disregarded.filter(|_| !is_measured),
        unheard: held.unheard,
        events: told.events.take().or(held.events),
        tags: told.tags.take().unwrap_or_default(),
        reasons: Vec::new(),
        facts: told.or(held.facts),
    }
}
