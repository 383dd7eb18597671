//! What an event in the native form may hold.

use serde::Deserialize;
use serde_json::Value;
use sidetone_core::event::{EventId, EventKind, ImportStage, SourceKind, Step, Timer};
use sidetone_core::facts::CallFacts;
use sidetone_core::media::Counters;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{EdgeKind, Level, StreamDirection};

/// The kinds of event, each with its own members.
pub const KINDS: &[(&str, &[&str])] = &[
    (
        "progress",
        &["parent_call_sid", "step", "sequence", "facts"],
    ),
    ("facts", &["parent_call_sid", "facts"]),
    (
        "media",
        &[
            "edge",
            "direction",
            "ssrc",
            "interval",
            "cumulative",
            "metadata",
        ],
    ),
    (
        "edge",
        &[
            "edge",
            "group",
            "name",
            "level",
            "data",
            "conversation_relay",
        ],
    ),
    (
        "imported",
        &["parent_call_sid", "stage", "version", "facts", "raw"],
    ),
    ("timer", &["timer"]),
];

/// The members of every kind.
pub(super) const ENVELOPE: &[&str] =
    &["v", "id", "call_sid", "account_sid", "at", "source", "kind"];

/// The members of all kinds in one record. No name means two things, so one flat, direct pass reads
/// any kind; a tagged enum would buffer every event first (three times slower).
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Line {
    pub(super) v: Option<u32>,
    pub(super) id: Option<EventId>,
    pub(super) call_sid: Option<String>,
    pub(super) account_sid: Option<String>,
    pub(super) at: Option<TimeUs>,
    pub(super) source: Option<SourceMember>,
    pub(super) kind: Option<EventKind>,
    pub(super) parent_call_sid: Option<String>,
    pub(super) step: Option<Step>,
    pub(super) sequence: Option<u32>,
    pub(super) facts: Option<Box<CallFacts>>,
    pub(super) edge: Option<EdgeKind>,
    pub(super) direction: Option<StreamDirection>,
    pub(super) ssrc: Option<u32>,
    pub(super) interval: Option<Box<Counters>>,
    pub(super) cumulative: Option<Box<Counters>>,
    pub(super) metadata: Option<Value>,
    pub(super) group: Option<String>,
    pub(super) name: Option<String>,
    pub(super) level: Option<Level>,
    pub(super) data: Option<Value>,
    pub(super) conversation_relay: Option<Value>,
    pub(super) stage: Option<ImportStage>,
    pub(super) version: Option<u32>,
    pub(super) raw: Option<Value>,
    pub(super) timer: Option<Timer>,
}

/// `source`: a name, or an object as stored events have it.
#[derive(Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a name, or an object of kind, agent and translator"
)]
pub(super) enum SourceMember {
    Agent(String),
    Stored {
        kind: Option<SourceKind>,
        agent: Option<String>,
        translator: Option<u16>,
    },
}
