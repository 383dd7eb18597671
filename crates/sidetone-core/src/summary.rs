//! The one record of a call, as folded from its events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::annotation::Annotation;
use crate::event::SourceKind;
use crate::facts::{CallFacts, EdgeFacts};
use crate::id::CallRef;
use crate::media::{Counters, Stat};
use crate::tag_reason::{NoFigure, TagReason};
use crate::time::TimeUs;
use crate::vocabulary::{EdgeKind, ProcessingState, StreamDirection, Tag};

/// What is known of a call. Made by the fold only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallSummary {
    /// The call. Not in the JSON: it is where the summary is kept.
    #[serde(skip, default = "no_call")]
    pub call: CallRef,
    /// Whether more is expected.
    pub processing: ProcessingState,
    /// Version of the fold that made it.
    pub fold_version: u32,
    /// The rules that made it: the UTC day (since 1970) of their snapshot, `None` for the built-in
    /// ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules_day: Option<i64>,
    /// Digest of the operator's rules of [`crate::sides`], `None` for none.
    #[serde(
        rename = "sides_version",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub sides_digest: Option<String>,
    /// Reported facts, settled, completed by what follows from them (state, durations, country,
    /// prefix). `facts.edges` and `facts.tags` are empty here: see `edges` and `tags`.
    pub facts: CallFacts,
    /// What was measured, by edge. Only edges something is known of.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub edges: BTreeMap<EdgeKind, EdgeSummary>,
    /// What the call's SIP messages say beyond its facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip: Option<SipSummary>,
    /// Findings, each once, in the order of [`Tag::ALL`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Why it has those that are of no single edge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<TagReason>,
    /// Where the post-dial-delay limit came from, when there was one for `high_pdd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pdd_limit: Option<PddLimit>,
    /// The call ended because nothing more came, not because an end was seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub end_not_seen: bool,
    /// Time of the latest event.
    pub last_event_at: TimeUs,
    /// Another system's summary as it came. It says what `facts`, `edges` and `tags` hold, wherever
    /// it says something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Value>,
    /// What is shown where `imported` is silent: what was observed of the call besides, without
    /// tags. `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Box<CallSummary>>,
    /// What people said of the call in the other system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_annotation: Option<ImportedAnnotation>,
}

/// What another system's summary says that people said of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedAnnotation {
    /// How the summary came.
    pub source: SourceKind,
    /// The time of the summary, by the other system's clock.
    pub at: TimeUs,
    /// What was said. Empty: nothing.
    #[serde(default, skip_serializing_if = "Annotation::is_empty")]
    pub annotation: Annotation,
}

impl CallSummary {
    /// Whether it shows a tag, one that is not known here too.
    #[must_use]
    pub fn has_tag(&self) -> bool {
        let told = self.imported.as_ref().and_then(|told| told.get("tags"));
        let told = told.and_then(Value::as_array);
        !self.tags.is_empty() || told.is_some_and(|tags| !tags.is_empty())
    }

    /// Why it has each of its tags: those of its edges first, with the edge. Each tag of the call and
    /// of an edge has at least one, and nothing else has.
    #[must_use]
    pub fn tag_reasons(&self) -> Vec<(Option<EdgeKind>, TagReason)> {
        let without = |tag| {
            let why = match self.imported {
                Some(_) => NoFigure::Imported,
                None => NoFigure::NotKept,
            };
            TagReason::without_figure(tag, why)
        };
        let is_of_call = |tag| self.reasons.iter().any(|reason| reason.tag == tag);
        let mut reasons = Vec::new();
        for (kind, edge) in &self.edges {
            let kept = edge.reasons.iter().cloned();
            reasons.extend(kept.map(|reason| (Some(*kind), reason)));
            let is_explained = |tag| edge.reasons.iter().any(|reason| reason.tag == tag);
            let tags = edge.tags.iter().copied();
            let bare = tags.filter(|tag| !is_explained(*tag) && !is_of_call(*tag));
            reasons.extend(bare.map(|tag| (Some(*kind), without(tag))));
        }
        reasons.extend(self.reasons.iter().map(|reason| (None, reason.clone())));
        for tag in &self.tags {
            if !reasons.iter().any(|(_, reason)| reason.tag == *tag) {
                reasons.push((None, without(*tag)));
            }
        }
        reasons
    }
}

/// What the SIP messages of a call say beyond its facts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SipSummary {
    /// Every Call-ID of the call, that of its first leg before the others.
    pub call_ids: Vec<String>,
    /// Final response on the caller's leg.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_response: Option<u16>,
    /// Final response on the callee's leg. A proxy may tell the caller another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callee_response: Option<u16>,
    /// INVITEs within the dialog.
    pub reinvites: u32,
    /// How often one side put the other on hold.
    pub holds: u32,
    /// Places beyond the first that the call was sent to.
    pub forks: u32,
    /// INVITEs of the caller's side before the one that is the call: challenged, redirected,
    /// refused, or never answered.
    #[serde(skip_serializing_if = "crate::facts::is_default")]
    pub earlier_attempts: u32,
    /// Whether the caller was asked for credentials.
    pub challenged: bool,
    /// Whether media was offered before the answer.
    pub early_media: bool,
    /// Who diverted the call, last first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diverted_by: Vec<String>,
    /// Dialogs under the same Call-ID that were answered too and that no other field tells of:
    /// another call that reuses the Call-ID, or a branch of a fork that was dropped. In the order
    /// of their answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_dialogs: Vec<OtherDialog>,
}

/// An answered dialog that does not decide the summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherDialog {
    /// Tag of the calling side.
    pub from_tag: Option<String>,
    /// Tag of the called side.
    pub to_tag: Option<String>,
    /// When it was answered.
    pub answered_at: TimeUs,
    /// When a BYE ended it; `None`: none was seen.
    pub ended_at: Option<TimeUs>,
}

pub(crate) const fn no_call() -> CallRef {
    CallRef {
        account: crate::id::AccountSid::from_bytes([0; 16]),
        sid: crate::id::CallSid::from_bytes([0; 16]),
    }
}

/// The 95th percentile that a call's post-dial delay was held to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PddLimit {
    /// The limit, ms.
    pub p95_ms: u64,
    /// The destination country it was learnt from; `None` for all countries together, while that
    /// country has too few calls.
    pub country: Option<String>,
}

/// What is known of one edge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EdgeSummary {
    /// Description. Its `inbound`, `outbound`, `events` and `tags` are moved into the fields below.
    pub facts: EdgeFacts,
    /// Whole-call figures of the stream the edge received. `None`: not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbound: Option<Counters>,
    /// Whole-call figures of the stream the edge sent. `None`: not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbound: Option<Counters>,
    /// Round trip between where RTCP was seen and the party at this edge, ms. `None`: not seen, or
    /// on two clocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leg_rtt_ms: Option<Stat>,
    /// Why nothing was measured, when nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_measured: Option<NotMeasured>,
    /// Reports about media at this edge that were not believed. `None`: all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disregarded: Option<Disregarded>,
    /// When a side heard nothing of what was sent, or does not say what it heard.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unheard: Vec<Unheard>,
    /// Counts of SDK events by level, group and error code, and the SDK's own feedback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Value>,
    /// Findings at this edge.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Why it has them. Those it has because the whole call has them are explained there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<TagReason>,
}

/// Reports that cannot be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disregarded {
    /// Why they are not.
    pub reason: NotMeasured,
    /// How many.
    pub reports: u32,
}

/// A stream that went unheard, though it was sent and nobody had agreed on silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unheard {
    /// Which stream of the edge.
    pub direction: StreamDirection,
    /// Whether reports say so; else no report says what was heard.
    pub is_reported: bool,
    /// When something was heard last, in seconds from the answer. `None`: nothing ever was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_s: Option<u64>,
    /// Until when nothing was. `None`: to the end of what was reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_s: Option<u64>,
}

impl Unheard {
    /// What happened, for people: `heard nothing since 00:12`, minutes and seconds from the answer.
    #[must_use]
    pub fn reason(&self) -> String {
        let clock = |seconds: u64| format!("{:02}:{:02}", seconds / 60, seconds % 60);
        match (self.is_reported, self.since_s, self.until_s) {
            (false, ..) => "no report says what was heard".to_owned(),
            (true, None, None) => "heard nothing".to_owned(),
            (true, Some(since), None) => format!("heard nothing since {}", clock(since)),
            (true, None, Some(until)) => format!("heard nothing until {}", clock(until)),
            (true, Some(since), Some(until)) => {
                format!("heard nothing from {} to {}", clock(since), clock(until))
            }
        }
    }
}

closed_set!(
    /// Why there are no figures.
    NotMeasured {
        /// No media report came for this edge.
        NoMediaReport = "no_media_report",
        /// The call was never answered, so no media is expected.
        NotAnswered = "not_answered",
        /// Reports came, but none that is known to be of this edge's party.
        UnplacedReports = "unplaced_reports",
        /// Reports came, but encrypted, so that nobody on the way can read them.
        EncryptedReports = "encrypted_reports",
        /// Reports came, but what they say cannot be true.
        ImplausibleReports = "implausible_reports",
    }
);
