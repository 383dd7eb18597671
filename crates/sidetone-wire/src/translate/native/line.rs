//! One call event in the native form.

mod members;
mod refusal;

use serde_json::{Map, Value};
use sidetone_core::event::{
    EdgeEvent, EventId, EventKind, Observation, STORED_VERSION, Source, SourceKind, Step,
};
use sidetone_core::facts::CallFacts;
use sidetone_core::media::MediaSample;
use sidetone_core::vocabulary::{EdgeKind, StreamDirection};

pub use self::members::KINDS;

use self::members::{ENVELOPE, Line, SourceMember};
use crate::error::{DecodeError, one_of};
use crate::identity::{AccountName, CallName};
use crate::observed::Observed;
use crate::translate::summary::as_it_came;
use crate::translate::{TRANSLATOR, content_hash};

const A_CALL: &str =
    "the id of a call: CA and 32 hexadecimal digits, a UUID, or any text of up to 255 bytes";
const AN_ACCOUNT: &str = "the id of an account, up to 255 bytes";

/// Decodes one event.
///
/// A member that is not known is an error that names it; inside `facts` it is passed over, as those
/// of later versions will be. A `kind` that is not known is kept whole and changes nothing. An
/// event without an `id` gets a hash of its bytes, so that the same line sent twice is one event.
///
/// # Errors
/// Names the member that is missing or not allowed.
pub fn decode(json: &[u8]) -> Result<Observed, DecodeError> {
    // A derived record would read an array, too, member by member.
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err(refusal::reason(json));
    }
    match serde_json::from_slice::<Line>(json) {
        Ok(line) => line.observed(json),
        Err(_) => refusal::unknown_kind(json)?.map_or_else(
            || Err(refusal::missing_kind(json).unwrap_or_else(|| refusal::reason(json))),
            |later| later.envelope.kept(json, later.whole),
        ),
    }
}

impl Line {
    fn observed(mut self, json: &[u8]) -> Result<Observed, DecodeError> {
        let Some(kind) = self.kind else {
            return Err(DecodeError::missing("kind", one_of(&refusal::kinds())));
        };
        if kind == EventKind::Unknown {
            let whole = serde_json::from_slice(json).map_err(|_| refusal::reason(json))?;
            return self.kept(json, whole);
        }
        let observation = self.take_observation(kind)?;
        let parent = match &mut self.parent_call_sid {
            Some(_) if !kind_has(kind, "parent_call_sid") => None,
            taken => taken.take(),
        };
        if let Some(member) = self.left_over() {
            return Err(refusal::unknown_member(member, kind.as_str()));
        }
        self.envelope(json, parent, observation)
    }

    /// An event of a kind that is not known: all of it but the envelope. One that is much like a
    /// known one is a slip of the pen, and nothing would come of the event.
    fn kept(self, json: &[u8], mut whole: Map<String, Value>) -> Result<Observed, DecodeError> {
        let kind = whole.get("kind").and_then(Value::as_str);
        if let Some(error) = kind.and_then(refusal::misspelt) {
            return Err(error);
        }
        whole.retain(|key, _| key == "kind" || !ENVELOPE.contains(&key.as_str()));
        self.envelope(json, None, Observation::Unknown(Value::Object(whole)))
    }

    fn envelope(
        self,
        json: &[u8],
        parent: Option<String>,
        observation: Observation,
    ) -> Result<Observed, DecodeError> {
        if let Some(v) = self.v
            && v != STORED_VERSION
        {
            return Err(DecodeError::invalid(
                "v",
                &v.to_string(),
                STORED_VERSION.to_string(),
            ));
        }
        if let Some(id) = &self.id
            && id.is_own()
        {
            let expected = "an id that does not begin with sidetone:";
            return Err(DecodeError::invalid("id", id.as_str(), expected));
        }
        let call = self
            .call_sid
            .ok_or_else(|| DecodeError::missing("call_sid", A_CALL))?;
        Observed {
            account: self
                .account_sid
                .map(|text| named("account_sid", &text, AccountName::parse, AN_ACCOUNT))
                .transpose()?,
            call: named("call_sid", &call, CallName::parse, A_CALL)?,
            parent: parent
                .map(|text| named("parent_call_sid", &text, CallName::parse, A_CALL))
                .transpose()?,
            id: self.id.unwrap_or_else(|| hashed(json)),
            at: self
                .at
                .ok_or_else(|| DecodeError::missing("at", "a time like 2026-06-01T00:00:00Z"))?,
            source: source(self.source),
            observation,
        }
        .checked()
    }

    fn take_observation(&mut self, kind: EventKind) -> Result<Observation, DecodeError> {
        Ok(match kind {
            EventKind::Progress => Observation::Progress {
                step: required(self.step.take(), "step", Step::WORDS)?,
                sequence: self.sequence.take(),
                facts: self.facts.take().unwrap_or_default(),
            },
            EventKind::Facts => Observation::Facts {
                facts: self.take_facts()?,
            },
            EventKind::Media => Observation::Media(Box::new(MediaSample {
                edge: required(self.edge.take(), "edge", EdgeKind::WORDS)?,
                direction: required(self.direction.take(), "direction", StreamDirection::WORDS)?,
                ssrc: self.ssrc.take(),
                interval: self.interval.take().map(|it| *it).unwrap_or_default(),
                cumulative: self.cumulative.take().map(|it| *it).unwrap_or_default(),
                metadata: self.metadata.take(),
            })),
            EventKind::Edge => Observation::Edge(Box::new(EdgeEvent {
                edge: self.edge.take(),
                group: text(self.group.take(), "group")?,
                name: text(self.name.take(), "name")?,
                level: self.level.take(),
                data: self.data.take(),
                conversation_relay: self.conversation_relay.take(),
            })),
            EventKind::Imported => Observation::Imported(Box::new(as_it_came(
                required(
                    self.stage.take(),
                    "stage",
                    &["partial", "predicted_complete", "complete"],
                )?,
                self.version.take().unwrap_or(0),
                self.take_facts()?,
                self.raw
                    .take()
                    .ok_or_else(|| DecodeError::missing("raw", "the summary as it came"))?,
            ))),
            EventKind::Timer => Observation::Timer {
                timer: required(self.timer.take(), "timer", &["settled", "end_not_seen"])?,
            },
            // Packets come in by doors of their own, which check what is in them.
            EventKind::Sip | EventKind::Rtcp | EventKind::Vq => {
                let kinds = one_of(&refusal::kinds());
                return Err(DecodeError::invalid("kind", kind.as_str(), kinds));
            }
            EventKind::Unknown => Observation::Unknown(Value::Null),
        })
    }

    fn take_facts(&mut self) -> Result<Box<CallFacts>, DecodeError> {
        self.facts
            .take()
            .ok_or_else(|| DecodeError::missing("facts", "an object of what is known of the call"))
    }

    /// A member that is there though the kind has no such member. All that it has were taken
    /// before.
    fn left_over(&self) -> Option<&'static str> {
        [
            ("parent_call_sid", self.parent_call_sid.is_some()),
            ("step", self.step.is_some()),
            ("sequence", self.sequence.is_some()),
            ("facts", self.facts.is_some()),
            ("edge", self.edge.is_some()),
            ("direction", self.direction.is_some()),
            ("ssrc", self.ssrc.is_some()),
            ("interval", self.interval.is_some()),
            ("cumulative", self.cumulative.is_some()),
            ("metadata", self.metadata.is_some()),
            ("group", self.group.is_some()),
            ("name", self.name.is_some()),
            ("level", self.level.is_some()),
            ("data", self.data.is_some()),
            ("conversation_relay", self.conversation_relay.is_some()),
            ("stage", self.stage.is_some()),
            ("version", self.version.is_some()),
            ("raw", self.raw.is_some()),
            ("timer", self.timer.is_some()),
        ]
        .into_iter()
        .find_map(|(member, left)| left.then_some(member))
    }
}

fn kind_has(kind: EventKind, member: &str) -> bool {
    KINDS
        .iter()
        .any(|(word, members)| *word == kind.as_str() && members.contains(&member))
}

fn required<T>(value: Option<T>, member: &'static str, words: &[&str]) -> Result<T, DecodeError> {
    value.ok_or_else(|| DecodeError::missing(member, one_of(words)))
}

fn text(value: Option<String>, member: &'static str) -> Result<String, DecodeError> {
    value
        .filter(|text| !text.is_empty())
        .ok_or_else(|| DecodeError::missing(member, "a text"))
}

fn named<T>(
    member: &'static str,
    text: &str,
    parse: fn(&str) -> Option<T>,
    expected: &'static str,
) -> Result<T, DecodeError> {
    parse(text).ok_or_else(|| DecodeError::invalid(member, text, expected))
}

fn hashed(json: &[u8]) -> EventId {
    super::super::event_id(&format!("n-{}", content_hash([json])))
}

fn source(member: Option<SourceMember>) -> Source {
    let (kind, agent, translator) = match member {
        None => (None, None, None),
        Some(SourceMember::Agent(agent)) => (None, Some(agent), None),
        Some(SourceMember::Stored {
            kind,
            agent,
            translator,
        }) => (kind, agent, translator),
    };
    Source {
        kind: kind.unwrap_or(SourceKind::Native),
        agent: agent.filter(|agent| !agent.is_empty()),
        translator: translator.unwrap_or(TRANSLATOR),
    }
}
