//! Twilio Event Streams: `CloudEvents` about calls, as a webhook sink receives them.

use serde_json::Value;
use sidetone_core::event::{EdgeEvent, ImportStage, Observation, SourceKind};
use sidetone_core::media::MediaSample;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{EdgeKind, Level, StreamDirection};

use super::edge_description::EDGES;
use super::measurement::counters;
use super::summary::{imported, subject_call};
use super::{content_hash, event_id, source};
use crate::batch::Batch;
use crate::error::{DecodeError, InputPart, Problem, one_of};
use crate::json_array::JsonArrayReader;
use crate::loose::Object;
use crate::ndjson::ITEM_MAX_BYTES;
use crate::observed::Observed;

/// The seven types about calls.
pub const TYPES: &[&str] = &[
    "com.twilio.voice.insights.call-event.gateway",
    "com.twilio.voice.insights.call-event.sdk",
    "com.twilio.voice.insights.call-metrics.gateway",
    "com.twilio.voice.insights.call-metrics.sdk",
    "com.twilio.voice.insights.call-summary.partial",
    "com.twilio.voice.insights.call-summary.predicted-complete",
    "com.twilio.voice.insights.call-summary.complete",
];

/// The longest body, in bytes.
pub const BODY_MAX_BYTES: usize = 4 * 1024 * 1024;

/// What a type of event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Event,
    Metrics,
    Summary(ImportStage),
}

const EXPECTED: &str = "a JSON array of CloudEvents";
/// The most items that are refused before a body is given up.
const REFUSED_MAX: u64 = 1_000;

/// Decodes a body: an array of events, or one event.
///
/// Each item comes out on its own: as an event, as refused with its number and reason, or, when its
/// type is not about calls, as ignored. A subscription may hold more types than are of use here,
/// and an error would have the sender repeat them for hours. One item at a time is read: together
/// they would take many times the memory of the body.
///
/// # Errors
/// When the body is not JSON at all, neither array nor object, longer than [`BODY_MAX_BYTES`], or a
/// thousand of its items are refused.
pub fn decode(body: &[u8], received_at: TimeUs) -> Result<Batch, DecodeError> {
    if body.len() > BODY_MAX_BYTES {
        let limit = format!("at most {BODY_MAX_BYTES} bytes");
        return Err(DecodeError::too_large("body", limit));
    }
    let mut batch = Batch::default();
    let mut broken = None;
    let mut each = |part, item: Result<&[u8], DecodeError>| {
        if broken.is_none() {
            broken = take(&mut batch, part, item, received_at).err();
        }
    };
    let body = body.trim_ascii();
    if body.first() == Some(&b'[') {
        let mut items = JsonArrayReader::default();
        items.feed(body, &mut each);
        items.finish(&mut each);
    } else if body.first() != Some(&b'{') {
        return Err(DecodeError::malformed("body", EXPECTED));
    } else if body.len() > ITEM_MAX_BYTES {
        let limit = format!("an array, or an event of at most {ITEM_MAX_BYTES} bytes");
        return Err(DecodeError::too_large("body", limit));
    } else {
        each(InputPart::Item(1), Ok(body));
    }
    match broken {
        None => Ok(batch),
        Some(error) => Err(error),
    }
}

/// Takes an item.
///
/// # Errors
/// When because of it the whole body is to be refused.
fn take(
    batch: &mut Batch,
    part: InputPart,
    item: Result<&[u8], DecodeError>,
    received_at: TimeUs,
) -> Result<(), DecodeError> {
    let refused = match item {
        Ok(json) => {
            let value: Value = serde_json::from_slice(json).map_err(|error| {
                DecodeError::malformed("body", format!("{EXPECTED} ({error})")).at(part)
            })?;
            match translate(value, received_at) {
                Ok(Outcome::Observed(observed)) => match observed.checked() {
                    Ok(observed) => {
                        batch.keep(observed, json.len());
                        return Ok(());
                    }
                    Err(error) => error,
                },
                Ok(Outcome::Ignored(error)) => {
                    batch.ignored.add(error.at(part));
                    return Ok(());
                }
                Err(error) => error,
            }
        }
        Err(error) if error.problem == Problem::TooLarge => error,
        Err(error) => {
            return Err(DecodeError::malformed(
                "body",
                format!("{EXPECTED} ({error})"),
            ));
        }
    };
    if batch.refused.count >= REFUSED_MAX {
        let expected = format!("fewer than {REFUSED_MAX} events that are refused ({refused})");
        return Err(DecodeError::malformed("body", expected));
    }
    batch.refused.add(refused.at(part));
    Ok(())
}

enum Outcome {
    Observed(Box<Observed>),
    Ignored(DecodeError),
}

/// Reads one event. Of the envelope, `source`, `dataschema` and `datacontenttype` say nothing that
/// the type does not.
fn translate(item: Value, received_at: TimeUs) -> Result<Outcome, DecodeError> {
    let Value::Object(mut item) = item else {
        let expected = "a CloudEvent: a JSON object";
        return Err(DecodeError::invalid("event", &item.to_string(), expected));
    };
    let data = item.remove("data");
    let item = Value::Object(item);
    let envelope = Object::of(Some(&item));
    let kind = envelope
        .str("type")
        .ok_or_else(|| DecodeError::missing("type", one_of(TYPES)))?;
    let Some(subject) = subject_of(kind) else {
        let error = DecodeError::unknown("type", kind, one_of(TYPES));
        return Ok(Outcome::Ignored(error));
    };
    let id = envelope
        .str("id")
        .ok_or_else(|| DecodeError::missing("id", "the event's id"))?;
    let id = event_id(id);
    let sent_at = envelope.time("time");
    let data = payload(data)?;
    let object = Object::of(Some(&data));
    let observation = match subject {
        Subject::Summary(stage) => {
            let at = sent_at
                .or_else(|| object.time("end_time"))
                .unwrap_or(received_at);
            let observed = imported(data, stage, id, at)?;
            return Ok(Outcome::Observed(Box::new(observed)));
        }
        Subject::Event => edge_event(object)?,
        Subject::Metrics => media_sample(object)?,
    };
    let (call, account) = subject_call(object)?;
    Ok(Outcome::Observed(Box::new(Observed {
        account,
        call,
        parent: None,
        id,
        at: object.time("timestamp").or(sent_at).unwrap_or(received_at),
        source: source(SourceKind::EventStreams, None),
        observation,
    })))
}

/// Translates an event fetched from the REST API (an item of `/v1/Voice/{CallSid}/Events`). Its id is a hash of its content.
///
/// # Errors
/// When it is not such an event.
pub fn import_event(event: &Value, received_at: TimeUs) -> Result<Observed, DecodeError> {
    fetched(event, edge_event(Object::of(Some(event)))?, received_at)
}

/// Translates a metric fetched from the REST API (an item of `/v1/Voice/{CallSid}/Metrics`), likewise.
///
/// # Errors
/// When it is not such a metric.
pub fn import_metric(metric: &Value, received_at: TimeUs) -> Result<Observed, DecodeError> {
    fetched(metric, media_sample(Object::of(Some(metric)))?, received_at)
}

fn fetched(
    item: &Value,
    observation: Observation,
    received_at: TimeUs,
) -> Result<Observed, DecodeError> {
    let object = Object::of(Some(item));
    let (call, account) = subject_call(object)?;
    let content = content_hash([item.to_string().as_bytes()]);
    let observed = Observed {
        account,
        call,
        parent: None,
        id: event_id(&format!("rest-{content}")),
        at: object.time("timestamp").unwrap_or(received_at),
        source: source(SourceKind::EventStreams, None),
        observation,
    };
    observed.checked()
}

fn subject_of(kind: &str) -> Option<Subject> {
    match kind.strip_prefix("com.twilio.voice.insights.")? {
        "call-event.gateway" | "call-event.sdk" => Some(Subject::Event),
        "call-metrics.gateway" | "call-metrics.sdk" => Some(Subject::Metrics),
        "call-summary.partial" => Some(Subject::Summary(ImportStage::Partial)),
        "call-summary.predicted-complete" => Some(Subject::Summary(ImportStage::PredictedComplete)),
        "call-summary.complete" => Some(Subject::Summary(ImportStage::Complete)),
        _ => None,
    }
}

/// The payload: an object, or a text that is one in JSON.
fn payload(data: Option<Value>) -> Result<Value, DecodeError> {
    const EXPECTED: &str = "an object, or a text that is one in JSON";
    match data {
        Some(object @ Value::Object(_)) => Ok(object),
        Some(Value::String(text)) => match serde_json::from_str(&text) {
            Ok(object @ Value::Object(_)) => Ok(object),
            _ => Err(DecodeError::invalid("data", &text, EXPECTED)),
        },
        Some(_) => Err(DecodeError::malformed("data", EXPECTED)),
        None => Err(DecodeError::missing("data", EXPECTED)),
    }
}

/// The edge a payload is about, and its object: the one named, else the one that is filled.
fn edge_of(payload: Object<'_>) -> Option<(EdgeKind, Object<'_>)> {
    let object = |kind: EdgeKind| payload.object(kind.as_str());
    if let Some(named) = payload.word::<EdgeKind>("edge")
        && !object(named).is_empty()
    {
        return Some((named, object(named)));
    }
    EDGES
        .into_iter()
        .map(|kind| (kind, object(kind)))
        .find(|(_, object)| !object.is_empty())
}

fn edge_event(payload: Object<'_>) -> Result<Observation, DecodeError> {
    let text = |key: &'static str| {
        payload
            .text(key)
            .ok_or_else(|| DecodeError::missing(format!("data.{key}"), "a text"))
    };
    let filled = edge_of(payload);
    Ok(Observation::Edge(Box::new(EdgeEvent {
        edge: filled
            .map(|(kind, _)| kind)
            .or_else(|| payload.word("edge")),
        group: text("group")?,
        name: text("name")?,
        level: payload
            .str("level")
            .and_then(|level| level.to_uppercase().parse::<Level>().ok()),
        data: filled.and_then(|(kind, _)| payload.compound(kind.as_str())),
        conversation_relay: payload.compound("conversation_relay_data"),
    })))
}

fn media_sample(payload: Object<'_>) -> Result<Observation, DecodeError> {
    let (edge, figures) = edge_of(payload).ok_or_else(|| {
        DecodeError::missing(
            "the edge's object in data",
            one_of(&["carrier_edge", "sip_edge", "client_edge", "sdk_edge"]),
        )
    })?;
    Ok(Observation::Media(Box::new(MediaSample {
        edge,
        direction: payload
            .word("direction")
            .unwrap_or(StreamDirection::Unknown),
        ssrc: None,
        interval: counters(edge, figures.object("interval")),
        cumulative: counters(edge, figures.object("cumulative")),
        metadata: figures.compound("metadata"),
    })))
}
