//! The JSON an event is stored as. Whatever was ever written must be readable for ever.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::annotation::Annotation;
use crate::event::{
    CallEvent, EdgeEvent, EventId, EventKind, ImportStage, ImportedSummary, Observation,
    STORED_VERSION, Source, Step, Timer,
};
use crate::facts::CallFacts;
use crate::id::CallRef;
use crate::media::{Counters, MediaSample};
use crate::rtcp::RtcpReport;
use crate::sip::SipMessage;
use crate::time::TimeUs;
use crate::vocabulary::{EdgeKind, Level, ProcessingState, StreamDirection};
use crate::vq::VqReport;

impl CallEvent {
    /// The JSON to store. The call is not in it: it is where the event is kept.
    #[must_use]
    pub fn to_stored_json(&self) -> Vec<u8> {
        // An unknown event of a later version says so itself.
        let of_later =
            matches!(&self.observation, Observation::Unknown(it) if it.get("v").is_some());
        let stored = StoredEventRef {
            v: (!of_later).then_some(STORED_VERSION),
            id: &self.id,
            at: self.at,
            source: &self.source,
            observation: &self.observation,
        };
        // Maps have text keys and numbers are finite or null: there is nothing JSON cannot hold.
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    /// Reads an event from stored JSON of any version there ever was.
    ///
    /// What a later version wrote, and this one does not understand, becomes
    /// [`Observation::Unknown`] and is written back as it came.
    ///
    /// # Errors
    /// When the bytes are no JSON object, or one without a valid id, time or source.
    pub fn from_stored_json(call: CallRef, json: &[u8]) -> Result<Self, serde_json::Error> {
        if let Ok(stored) = serde_json::from_slice::<StoredEvent>(json)
            && let Some(event) = stored.event(call)
        {
            return Ok(event);
        }
        let mut unknown: UnknownEvent = serde_json::from_slice(json)?;
        if unknown.rest.get("v").and_then(Value::as_u64) == Some(STORED_VERSION.into()) {
            unknown.rest.remove("v");
        }
        Ok(Self {
            id: unknown.id,
            call,
            at: unknown.at,
            source: unknown.source,
            observation: Observation::Unknown(Value::Object(unknown.rest)),
        })
    }
}

#[derive(Serialize)]
struct StoredEventRef<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    v: Option<u32>,
    id: &'a EventId,
    at: TimeUs,
    source: &'a Source,
    #[serde(flatten)]
    observation: &'a Observation,
}

/// An event of a kind or with a word this version does not know.
#[derive(Deserialize)]
struct UnknownEvent {
    id: EventId,
    at: TimeUs,
    source: Source,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The members of all kinds of event in one record.
///
/// A tagged enum would have to be buffered until its tag is seen, which is slow, and the buffer
/// does not know that a member's name can be a number (`delayed_packets`).
#[derive(Deserialize)]
struct StoredEvent {
    id: EventId,
    at: TimeUs,
    source: Source,
    kind: EventKind,
    // Progress, facts.
    step: Option<Step>,
    sequence: Option<u32>,
    facts: Option<Box<CallFacts>>,
    // Media; its edge and direction are those of edge events, too.
    edge: Option<EdgeKind>,
    direction: Option<StreamDirection>,
    ssrc: Option<u32>,
    #[serde(default)]
    interval: Counters,
    #[serde(default)]
    cumulative: Counters,
    metadata: Option<Value>,
    // Edge.
    group: Option<String>,
    name: Option<String>,
    level: Option<Level>,
    data: Option<Value>,
    conversation_relay: Option<Value>,
    // Imported.
    stage: Option<ImportStage>,
    #[serde(default)]
    version: u32,
    processing: Option<ProcessingState>,
    #[serde(default)]
    annotation: Annotation,
    #[serde(default)]
    raw: Value,
    // Timer.
    timer: Option<Timer>,
    // SIP, RTCP, voice quality.
    sip: Option<Box<SipMessage>>,
    rtcp: Option<Box<RtcpReport>>,
    vq: Option<Box<VqReport>>,
}

impl StoredEvent {
    /// `None` when a member is missing that its kind must have.
    fn event(self, call: CallRef) -> Option<CallEvent> {
        let observation = match self.kind {
            EventKind::Progress => Observation::Progress {
                step: self.step?,
                sequence: self.sequence,
                facts: self.facts.unwrap_or_default(),
            },
            EventKind::Facts => Observation::Facts { facts: self.facts? },
            EventKind::Media => Observation::Media(Box::new(MediaSample {
                edge: self.edge?,
                direction: self.direction?,
                ssrc: self.ssrc,
                interval: self.interval,
                cumulative: self.cumulative,
                metadata: self.metadata,
            })),
            EventKind::Edge => Observation::Edge(Box::new(EdgeEvent {
                edge: self.edge,
                group: self.group?,
                name: self.name?,
                level: self.level,
                data: self.data,
                conversation_relay: self.conversation_relay,
            })),
            EventKind::Imported => Observation::Imported(Box::new(ImportedSummary {
                stage: self.stage?,
                version: self.version,
                processing: self.processing,
                facts: self.facts?,
                annotation: self.annotation,
                raw: self.raw,
            })),
            EventKind::Timer => Observation::Timer { timer: self.timer? },
            EventKind::Sip => Observation::Sip { sip: self.sip? },
            EventKind::Rtcp => Observation::Rtcp { rtcp: self.rtcp? },
            EventKind::Vq => Observation::Vq { vq: self.vq? },
            EventKind::Unknown => return None,
        };
        Some(CallEvent {
            id: self.id,
            call,
            at: self.at,
            source: self.source,
            observation,
        })
    }
}
