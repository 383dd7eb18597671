//! Observations of calls: append-only, the truth that summaries are folded from.

mod bounds;
mod id;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::annotation::Annotation;
use crate::facts::{CallFacts, Rank};
use crate::id::CallRef;
use crate::media::MediaSample;
use crate::parsed::parsed_bytes;
use crate::rtcp::RtcpReport;
use crate::sip::SipMessage;
use crate::time::TimeUs;
use crate::vocabulary::{EdgeKind, Level, ProcessingState};
use crate::vq::VqReport;

pub use self::id::{EVENT_ID_MAX_BYTES, EventId, EventIdError};

/// The version of the JSON that a stored event is written as.
pub const STORED_VERSION: u32 = 1;

closed_set!(
    /// The kind of software an event came from.
    SourceKind {
        /// Status and recording callbacks.
        StatusCallback = "status_callback",
        /// Twilio Event Streams.
        EventStreams = "event_streams",
        /// The native door.
        Native = "native",
        /// A timer of our own.
        Timer = "timer",
        /// Packets mirrored as HEP.
        Hep = "hep",
        /// SIP sent to us by a phone.
        Sip = "sip",
        /// Call detail records of `FreeSWITCH`.
        FreeSwitch = "freeswitch",
        /// Call detail records of Asterisk.
        Asterisk = "asterisk",
        /// A voice SDK, in a browser or a phone.
        VoiceSdk = "voice_sdk",
    }
);

impl SourceKind {
    /// Whether it tells of a leg of a switch, whose telephone is at an edge that the switch does
    /// not know: at the SIP edge as far as it can say.
    #[must_use]
    pub const fn is_switch(self) -> bool {
        matches!(self, Self::FreeSwitch | Self::Asterisk)
    }
}

/// Where an event came from and which translator made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The kind of software.
    pub kind: SourceKind,
    /// Which of them: a host name, an agent number. Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Version of the translator, counted up when the same input would make another event.
    #[serde(default = "first_translator")]
    pub translator: u16,
}

const fn first_translator() -> u16 {
    1
}

/// One observation of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallEvent {
    /// Identity within the call: a resend changes nothing.
    pub id: EventId,
    /// The call.
    pub call: CallRef,
    /// When it happened, by the source's clock.
    pub at: TimeUs,
    /// Who saw it.
    pub source: Source,
    /// What was seen.
    pub observation: Observation,
}

closed_set!(
    /// A step of a call's progress.
    Step {
        /// Waiting to be dialled.
        Queued = "queued",
        /// Signalling began.
        Initiated = "initiated",
        /// The callee is being alerted.
        Ringing = "ringing",
        /// Answered.
        Answered = "answered",
        /// Ended after an answer.
        Completed = "completed",
        /// Ended: busy.
        Busy = "busy",
        /// Ended: failed.
        Failed = "failed",
        /// Ended: nobody answered.
        NoAnswer = "no_answer",
        /// Ended: the caller gave up.
        Canceled = "canceled",
    }
);

impl Step {
    /// Whether the call is over with this step.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Initiated | Self::Ringing | Self::Answered => false,
            Self::Completed | Self::Busy | Self::Failed | Self::NoAnswer | Self::Canceled => true,
        }
    }
}

/// What was seen. [`CallEvent::from_stored_json`] reads it back.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Observation {
    /// The call took a step, and what was said of it on that occasion.
    Progress {
        /// The step.
        step: Step,
        /// The source's own count of its messages about this call.
        #[serde(skip_serializing_if = "Option::is_none")]
        sequence: Option<u32>,
        /// What else the message said.
        facts: Box<CallFacts>,
    },
    /// Something is known of the call.
    Facts {
        /// What.
        facts: Box<CallFacts>,
    },
    /// A media report.
    Media(Box<MediaSample>),
    /// A SIP message was seen.
    Sip {
        /// It.
        sip: Box<SipMessage>,
    },
    /// An RTCP report was seen.
    Rtcp {
        /// It.
        rtcp: Box<RtcpReport>,
    },
    /// A phone reported a call's quality.
    Vq {
        /// What it said.
        vq: Box<VqReport>,
    },
    /// Something happened at an edge; it shows in the call's Events.
    Edge(Box<EdgeEvent>),
    /// A whole summary made by another system. Kept as it came; its facts outrank our own.
    Imported(Box<ImportedSummary>),
    /// Time passed.
    Timer {
        /// What that means.
        timer: Timer,
    },
    /// A JSON object of a kind, or with a word, that this version does not know, kept for one that
    /// does. It changes no summary.
    #[serde(untagged)]
    Unknown(Value),
}

/// What the passing of time tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// Nothing came for the settling time after the end: the summary is complete.
    Settled,
    /// Nothing came for so long that the call must be over; its end was not seen.
    EndNotSeen,
}

/// Something that happened at an edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EdgeEvent {
    /// Where; `None` for events of no edge (conversation relay).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<EdgeKind>,
    /// Group of events, e.g. `connection`.
    pub group: String,
    /// Name within the group, e.g. `muted`.
    pub name: String,
    /// How serious.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// What the edge's object carries (`metadata`, `error`, `feedback`, `metric`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// Conversation-relay payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_relay: Option<Value>,
}

/// How far another system's summary was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportStage {
    /// More was expected there.
    Partial,
    /// No change was expected there.
    PredictedComplete,
    /// Settled there.
    Complete,
}

/// A summary made by another system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportedSummary {
    /// How far it was.
    pub stage: ImportStage,
    /// Its own count of versions, 0 when not said.
    #[serde(default)]
    pub version: u32,
    /// Whether it says of itself that more is expected. `None`: it does not say; its stage tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing: Option<ProcessingState>,
    /// What it says, in our terms.
    pub facts: Box<CallFacts>,
    /// What people said of the call there.
    #[serde(default, skip_serializing_if = "Annotation::is_empty")]
    pub annotation: Annotation,
    /// What it says, as it came; served back field for field.
    pub raw: Value,
}

impl ImportedSummary {
    /// Whether it is settled: by its stage or by its own word.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let said = self.processing == Some(ProcessingState::Complete);
        said || self.stage == ImportStage::Complete
    }
}

impl Observation {
    /// About how much memory an event of this takes, given the length of its JSON, in bytes: what
    /// is in fields takes about twice as much as its text, JSON within it up to a hundred times as
    /// much.
    #[must_use]
    pub fn memory_bytes(&self, json_bytes: usize) -> usize {
        const FIELDS: usize = 1024;
        let values = match self {
            Self::Edge(edge) => [edge.data.as_ref(), edge.conversation_relay.as_ref()],
            Self::Media(sample) => [sample.metadata.as_ref(), None],
            Self::Imported(imported) => [Some(&imported.raw), None],
            Self::Unknown(value) => [Some(value), None],
            Self::Progress { .. }
            | Self::Facts { .. }
            | Self::Timer { .. }
            | Self::Sip { .. }
            | Self::Rtcp { .. }
            | Self::Vq { .. } => [None, None],
        };
        let values = values.into_iter().flatten().map(parsed_bytes);
        FIELDS + 2 * json_bytes + values.sum::<usize>()
    }

    /// What it is stored and listed under.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Progress { .. } => EventKind::Progress,
            Self::Facts { .. } => EventKind::Facts,
            Self::Media(_) => EventKind::Media,
            Self::Edge(_) => EventKind::Edge,
            Self::Imported(_) => EventKind::Imported,
            Self::Timer { .. } => EventKind::Timer,
            Self::Unknown(_) => EventKind::Unknown,
            Self::Sip { .. } => EventKind::Sip,
            Self::Rtcp { .. } => EventKind::Rtcp,
            Self::Vq { .. } => EventKind::Vq,
        }
    }
}

closed_set!(
    /// The kinds of observation, for choosing events without reading them.
    EventKind {
        /// [`Observation::Progress`].
        Progress = "progress",
        /// [`Observation::Facts`].
        Facts = "facts",
        /// [`Observation::Media`].
        Media = "media",
        /// [`Observation::Edge`].
        Edge = "edge",
        /// [`Observation::Imported`].
        Imported = "imported",
        /// [`Observation::Timer`].
        Timer = "timer",
        /// [`Observation::Unknown`].
        Unknown = "unknown",
        /// [`Observation::Sip`].
        Sip = "sip",
        /// [`Observation::Rtcp`].
        Rtcp = "rtcp",
        /// [`Observation::Vq`].
        Vq = "vq",
    }
);

impl CallEvent {
    /// What the passing of time tells of a call.
    ///
    /// A call settles once, and its end is missed once after each of its last events.
    #[must_use]
    pub fn timer(call: CallRef, timer: Timer, at: TimeUs) -> Self {
        let id = match timer {
            Timer::Settled => EventId::own(format_args!("settled")),
            Timer::EndNotSeen => EventId::own(format_args!("end-not-seen:{}", at.micros())),
        };
        Self {
            id,
            call,
            at,
            source: Source {
                kind: SourceKind::Timer,
                agent: None,
                translator: 1,
            },
            observation: Observation::Timer { timer },
        }
    }

    /// As [`Observation::memory_bytes`].
    #[must_use]
    pub fn memory_bytes(&self, json_bytes: usize) -> usize {
        self.observation.memory_bytes(json_bytes)
    }

    /// The rank of this event's claims.
    #[must_use]
    pub fn rank(&self) -> Rank {
        let sequence = match self.observation {
            Observation::Progress { sequence, .. } => sequence.unwrap_or(0),
            _ => 0,
        };
        Rank {
            at: self.at,
            sequence,
            key: self.id.key(),
        }
    }
}
