//! What has been learnt of a call so far.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::dialog::Dialogs;
use super::media::Streams;
use super::progress::Progress;
use super::reports::Reports;
use super::sdk::SdkEvents;
use crate::event::{CallEvent, ImportStage, ImportedSummary, Observation, SourceKind, Timer};
use crate::facts::{CallClaims, CallFacts, EdgeClaims, Rank, is_default};
use crate::id::EventKey;
use crate::time::TimeUs;
use crate::vocabulary::{EdgeKind, ProcessingState};

/// Counted up when the same events make another summary, or when [`FoldState::to_bytes`] changes.
pub const FOLD_VERSION: u32 = 3;

/// What has been learnt from the events of one call so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FoldState {
    /// Between which times events happened that tell something; timers and other systems' summaries
    /// do not count.
    seen: Option<TimeRange>,
    /// Between which times other systems summed up.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_imports: Option<TimeRange>,
    /// Between which times events of unknown kinds happened. They count only where nothing else was
    /// seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_unknown: Option<TimeRange>,
    pub(super) timers: Timers,
    pub(super) claims: CallClaims,
    /// What a switch says of the edge that its leg ends at, whichever that is.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) switch_edge: EdgeClaims,
    /// What an SDK says of its call. It goes by the clock and the word of somebody's browser, so it
    /// counts where nobody else says anything.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) sdk_claims: CallClaims,
    /// When its call began by it: a page that is loaded again tells so once more.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) sdk_began: Began,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) import: Option<Import>,
    pub(super) progress: Progress,
    pub(super) streams: Streams,
    pub(super) sdk: SdkEvents,
    #[serde(skip_serializing_if = "Dialogs::is_empty")]
    pub(super) dialogs: Dialogs,
    #[serde(skip_serializing_if = "Reports::is_empty")]
    pub(super) reports: Reports,
}

/// Counts what is written.
struct Size(usize);

impl Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The earliest and the latest of some times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TimeRange {
    pub(super) first: TimeUs,
    pub(super) last: TimeUs,
}

/// When something began first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Began {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) started_at: Option<TimeUs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answered_at: Option<TimeUs>,
}

/// When each timer ran out first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Timers {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) settled: Option<TimeUs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_not_seen: Option<TimeUs>,
}

/// The most final summary of another system.
///
/// Only one is kept. What an earlier one says is either said again by the final one or was wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Import {
    pub(super) at: TimeUs,
    key: EventKey,
    pub(super) source: SourceKind,
    pub(super) summary: Box<ImportedSummary>,
}

impl TimeRange {
    fn of(at: TimeUs) -> Self {
        Self {
            first: at,
            last: at,
        }
    }

    fn join(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }
}

/// Joins what both sides may know.
fn join<T>(held: &mut Option<T>, other: Option<T>, how: impl FnOnce(T, T) -> T) {
    *held = match (held.take(), other) {
        (Some(held), Some(other)) => Some(how(held, other)),
        (held, other) => held.or(other),
    };
}

impl Began {
    fn merge(&mut self, other: Self) {
        join(&mut self.started_at, other.started_at, TimeUs::min);
        join(&mut self.answered_at, other.answered_at, TimeUs::min);
    }
}

impl Timers {
    fn add(&mut self, timer: Timer, at: TimeUs) {
        let slot = match timer {
            Timer::Settled => &mut self.settled,
            Timer::EndNotSeen => &mut self.end_not_seen,
        };
        join(slot, Some(at), TimeUs::min);
    }

    fn merge(&mut self, other: Self) {
        join(&mut self.settled, other.settled, TimeUs::min);
        join(&mut self.end_not_seen, other.end_not_seen, TimeUs::min);
    }
}

impl Import {
    fn more_final(self, other: Self) -> Self {
        if self.rank() < other.rank() {
            other
        } else {
            self
        }
    }

    /// Complete is never taken back.
    fn rank(&self) -> (bool, ImportStage, u32, TimeUs, EventKey) {
        let summary = &self.summary;
        let is_complete = summary.is_complete();
        (
            is_complete,
            summary.stage,
            summary.version,
            self.at,
            self.key,
        )
    }
}

impl FoldState {
    /// Learns from one event. The same event again changes nothing.
    pub fn add(&mut self, event: &CallEvent) {
        let at = event.at;
        match &event.observation {
            Observation::Unknown(_) => {
                join(
                    &mut self.seen_unknown,
                    Some(TimeRange::of(at)),
                    TimeRange::join,
                );
                return;
            }
            Observation::Timer { timer } => {
                self.timers.add(*timer, at);
                return;
            }
            Observation::Progress { step, facts, .. } => {
                let rank = event.rank();
                self.progress.add(*step, rank, &event.source);
                self.claim(rank, event.source.kind, facts);
            }
            Observation::Facts { facts } => self.claim(event.rank(), event.source.kind, facts),
            Observation::Media(sample) => {
                self.streams.add(event.rank(), event.source.kind, sample);
            }
            Observation::Edge(edge) => self.sdk.add(event.rank(), edge),
            Observation::Imported(summary) => {
                self.add_import(event, summary);
                join(
                    &mut self.seen_imports,
                    Some(TimeRange::of(at)),
                    TimeRange::join,
                );
                return;
            }
            Observation::Sip { sip } => self.dialogs.add(at, event.rank().key, sip),
            Observation::Rtcp { rtcp } => self.reports.add(event.rank(), rtcp),
            Observation::Vq { vq } => self.reports.add_phone(event.rank(), vq),
        }
        join(&mut self.seen, Some(TimeRange::of(at)), TimeRange::join);
    }

    fn claim(&mut self, rank: Rank, kind: SourceKind, facts: &CallFacts) {
        if kind == SourceKind::VoiceSdk {
            self.sdk_began.merge(Began {
                started_at: facts.started_at,
                answered_at: facts.answered_at,
            });
            self.sdk_claims.add(rank, facts);
            return;
        }
        if !kind.is_switch() {
            self.claims.add(rank, facts);
            return;
        }
        let mut facts = facts.clone();
        if let Some(edge) = facts.edges.remove(&EdgeKind::Sip) {
            self.switch_edge.add(rank, &edge);
        }
        self.claims.add(rank, &facts);
    }

    fn add_import(&mut self, event: &CallEvent, summary: &ImportedSummary) {
        let import = Import {
            at: event.at,
            key: event.rank().key,
            source: event.source.kind,
            summary: Box::new(summary.clone()),
        };
        join(&mut self.import, Some(import), Import::more_final);
    }

    /// What was learnt but for other systems' summaries. `None`: nothing.
    pub(super) fn own(&self) -> Option<Self> {
        self.seen?;
        Some(Self {
            import: None,
            seen_imports: None,
            ..self.clone()
        })
    }

    /// Learns what another state of the same call has learnt. Events known to both count once.
    pub fn merge(&mut self, other: Self) {
        join(&mut self.seen, other.seen, TimeRange::join);
        join(&mut self.seen_imports, other.seen_imports, TimeRange::join);
        join(&mut self.seen_unknown, other.seen_unknown, TimeRange::join);
        self.timers.merge(other.timers);
        self.claims.merge(other.claims);
        self.switch_edge.merge(other.switch_edge);
        self.sdk_claims.merge(other.sdk_claims);
        self.sdk_began.merge(other.sdk_began);
        join(&mut self.import, other.import, Import::more_final);
        self.progress.merge(other.progress);
        self.streams.merge(other.streams);
        self.sdk.merge(other.sdk);
        self.dialogs.merge(other.dialogs);
        self.reports.merge(other.reports);
    }

    /// Between which times the call was seen. One of which nothing is known but that time passed
    /// was seen just then: every call needs a day it belongs to.
    pub(super) fn range(&self) -> Option<TimeRange> {
        let timers = [self.timers.settled, self.timers.end_not_seen];
        let mut seen = self.seen;
        join(&mut seen, self.seen_imports, TimeRange::join);
        seen.or(self.seen_unknown)
            .or_else(|| timers.into_iter().flatten().min().map(TimeRange::of))
    }

    /// When the last event happened.
    pub(super) fn last_event_at(&self) -> TimeUs {
        // Without any event there is none to name the time of.
        self.range().map_or(TimeUs::EPOCH, |seen| seen.last)
    }

    /// Whether more is expected. Nothing takes "complete" back: timers are never unlearnt.
    pub(super) const fn processing(&self) -> ProcessingState {
        match self.timers.settled {
            Some(_) => ProcessingState::Complete,
            None => ProcessingState::Partial,
        }
    }

    /// How long [`Self::to_bytes`] would be. In memory it takes up to twice as much.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let mut size = Size(FOLD_VERSION.to_le_bytes().len());
        // Counting does not fail.
        let _ = serde_json::to_writer(&mut size, self);
        size.0
    }

    /// The state as bytes, for [`Self::from_bytes`] of the same [`FOLD_VERSION`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = FOLD_VERSION.to_le_bytes().to_vec();
        // Writing to memory does not fail, and JSON holds all of it: no map has other keys than
        // text.
        match serde_json::to_writer(&mut bytes, self) {
            Ok(()) => bytes,
            Err(_) => Vec::new(),
        }
    }

    /// The state that was written. `None` when another version wrote it: fold the events again.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, json) = bytes.split_first_chunk()?;
        if u32::from_le_bytes(*version) != FOLD_VERSION {
            return None;
        }
        serde_json::from_slice(json).ok()
    }
}
