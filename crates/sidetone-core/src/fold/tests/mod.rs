//! The fold, subject by subject. Here: how a call's events are made.

mod agents;
mod assemble;
mod attempts;
mod codecs;
mod derived;
mod dialogs;
mod hearing;
mod media;
mod missing;
mod outcome;
mod packets;
mod plausible;
mod quality;
mod rtp;
mod sdk;
mod sip;
mod switch;
mod trust;

use super::*;
use crate::annotation::Annotation;
use crate::event::{
    EdgeEvent, EventId, ImportStage, ImportedSummary, Observation, Source, SourceKind, Step, Timer,
};
use crate::facts::{CallFacts, EdgeFacts, PartyFacts};
use crate::id::{AccountSid, CallSid};
use crate::media::{Counters, MediaSample, Stat};
use crate::time::TimeUs;
use crate::vocabulary::{
    CallDirection, CallState, CallType, EdgeKind, MosMethod, ProcessingState, StreamDirection, Tag,
};

const CALL: CallRef = CallRef {
    account: AccountSid::from_bytes([1; 16]),
    sid: CallSid::from_bytes([2; 16]),
};

fn at(ms: i64) -> TimeUs {
    TimeUs::parse_rfc3339("2026-06-01T09:00:00Z")
        .unwrap()
        .plus_us(ms * 1_000)
}

fn event(id: &str, ms: i64, kind: SourceKind, observation: Observation) -> CallEvent {
    CallEvent {
        id: EventId::try_from(id.to_owned()).unwrap(),
        call: CALL,
        at: at(ms),
        source: Source {
            kind,
            agent: None,
            translator: 1,
        },
        observation,
    }
}

fn native(ms: i64, observation: Observation) -> CallEvent {
    let id = format!("{ms}:{:?}", observation.kind());
    event(&id, ms, SourceKind::Native, observation)
}

fn step(ms: i64, step: Step) -> CallEvent {
    native(
        ms,
        Observation::Progress {
            step,
            sequence: None,
            facts: Box::default(),
        },
    )
}

fn said(ms: i64, facts: CallFacts) -> CallEvent {
    native(
        ms,
        Observation::Facts {
            facts: Box::new(facts),
        },
    )
}

fn timer(ms: i64, timer: Timer) -> CallEvent {
    native(ms, Observation::Timer { timer })
}

fn imported(ms: i64, stage: ImportStage, version: u32, facts: CallFacts) -> CallEvent {
    native(
        ms,
        Observation::Imported(Box::new(ImportedSummary {
            stage,
            version,
            processing: None,
            facts: Box::new(facts),
            annotation: Annotation::default(),
            raw: serde_json::json!({ "version": version }),
        })),
    )
}

fn media(
    ms: i64,
    edge: EdgeKind,
    direction: StreamDirection,
    interval: Counters,
    cumulative: Counters,
) -> CallEvent {
    native(
        ms,
        Observation::Media(Box::new(MediaSample {
            edge,
            direction,
            ssrc: None,
            interval,
            cumulative,
            metadata: None,
        })),
    )
}

fn state(state: CallState) -> CallFacts {
    CallFacts {
        state: Some(state),
        ..CallFacts::default()
    }
}

fn summary(events: &[CallEvent]) -> CallSummary {
    fold(CALL, events, &Rules::built_in())
}
