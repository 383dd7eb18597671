//! Something that happened in an SDK: as an event of its edge, and what it says of the call.

use serde_json::{Map, Value, json};
use sidetone_core::event::{EdgeEvent, Observation};
use sidetone_core::facts::{CallFacts, EdgeFacts, PartyFacts};
use sidetone_core::feedback::{FeedbackIssue, FeedbackPatch};
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{CallDirection, CallState, EdgeKind, Level, StreamDirection};

use super::message::{Message, Speaker, Told, Way};
use crate::batch::Tally;
use crate::error::{DecodeError, one_of};
use crate::loose::Object;

/// What every event of a call carries, which is no detail of one.
const DEFAULTS: [&str; 12] = [
    "aggressive_nomination",
    "audio_codec",
    "browser_extension",
    "call_sid",
    "direction",
    "dscp",
    "gateway",
    "ice_restart_enabled",
    "platform",
    "region",
    "sdk_version",
    "temp_call_sid",
];

/// What the SDK's users complain about, and what a rating calls that.
const ISSUES: [(&str, FeedbackIssue); 6] = [
    ("audio-latency", FeedbackIssue::AudioLatency),
    ("choppy-audio", FeedbackIssue::ImperfectAudio),
    ("dropped-call", FeedbackIssue::DroppedCall),
    ("echo", FeedbackIssue::ImperfectAudio),
    ("noisy-call", FeedbackIssue::ImperfectAudio),
    ("one-way-audio", FeedbackIssue::OneWayAudio),
];

pub(super) fn translate(message: &Message<'_>, speaker: Speaker<'_>) -> Result<Told, DecodeError> {
    let payload = Object::of(Some(message.payload));
    let feedback = match (message.group, message.name) {
        ("feedback", "received") => Some(feedback(payload)?),
        _ => None,
    };
    let level = message.envelope.str("level");
    let event = EdgeEvent {
        edge: Some(EdgeKind::Sdk),
        group: message.group.to_owned(),
        name: message.name.to_owned(),
        level: level.and_then(|level| level.to_uppercase().parse::<Level>().ok()),
        data: Some(Value::Object(data(message, payload, speaker))),
        conversation_relay: None,
    };
    let event = Observation::Edge(Box::new(event));
    let mut observed = vec![message.observe("sdk", message.content, message.at, event)?];
    if let Some(facts) = facts(message, payload, speaker) {
        let facts = Observation::Facts {
            facts: Box::new(facts),
        };
        observed.push(message.observe("sdk-facts", message.content, message.at, facts)?);
    }
    Ok(Told {
        call: Some(message.call.clone()),
        observed,
        feedback,
        refused: Tally::default(),
    })
}

fn feedback(payload: Object<'_>) -> Result<FeedbackPatch, DecodeError> {
    const EXPECTED: &str = "an integer from 1 to 5";
    let given = payload
        .value("quality_score")
        .ok_or_else(|| DecodeError::missing("payload.quality_score", EXPECTED))?;
    let score = given.as_u64().and_then(|score| u8::try_from(score).ok());
    let score = score
        .filter(|score| (1..=5).contains(score))
        .ok_or_else(|| {
            DecodeError::invalid("payload.quality_score", &given.to_string(), EXPECTED)
        })?;
    let issue = payload.str("issue_name").map(|word| {
        let known = ISSUES.iter().find(|(name, _)| *name == word);
        known.map(|(_, issue)| *issue).ok_or_else(|| {
            let words: Vec<&str> = ISSUES.iter().map(|(name, _)| *name).collect();
            DecodeError::invalid("payload.issue_name", word, one_of(&words))
        })
    });
    Ok(FeedbackPatch {
        score: Some(score),
        issues: Some(issue.transpose()?.into_iter().collect()),
    })
}

/// What the edge's object carries: what has a member of its own there, and the rest as it came, as
/// `details`.
fn data(message: &Message<'_>, payload: Object<'_>, speaker: Speaker<'_>) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("metadata".to_owned(), metadata(message, payload, speaker));
    let (own, told): (Option<(&str, Value)>, &[&str]) = match (message.group, message.name) {
        ("feedback", "received") => (
            Some((
                "feedback",
                json!({"score": payload.value("quality_score"), "reason": payload.value("issue_name")}),
            )),
            &["quality_score", "issue_name"],
        ),
        ("ice-candidate", "selected-ice-candidate-pair") => (
            Some((
                "ice_candidate_pair",
                json!({
                    "local": candidate(payload.object("local_candidate")),
                    "remote": candidate(payload.object("remote_candidate")),
                }),
            )),
            &["local_candidate", "remote_candidate"],
        ),
        (group, _) if group.contains("-warning-") => (metric(payload), &["data"]),
        ("connection" | "call-message", "error") => (
            Some((
                "error",
                json!({"code": payload.value("code"), "message": payload.value("message")}),
            )),
            &["code", "message"],
        ),
        _ => (None, &[]),
    };
    let told = if own.is_some() { told } else { &[] };
    if let Some((name, value)) = own {
        data.insert(name.to_owned(), value);
    }
    let details: Map<String, Value> = payload
        .members()
        .filter(|(key, _)| !DEFAULTS.contains(&key.as_str()) && !told.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !details.is_empty() {
        data.insert("details".to_owned(), Value::Object(details));
    }
    data
}

/// A warning's threshold and the readings that crossed it, or came back.
fn metric(payload: Object<'_>) -> Option<(&'static str, Value)> {
    let data = payload.object("data");
    let threshold = data.value("threshold")?;
    let one = || {
        data.value("value")
            .map(|value| Value::from(vec![value.clone()]))
    };
    let values = data.value("values").cloned().or_else(one);
    Some(("metric", json!({"threshold": threshold, "values": values})))
}

fn candidate(candidate: Object<'_>) -> Value {
    json!({"type": candidate.value("candidate_type"), "protocol": candidate.value("protocol")})
}

fn metadata(message: &Message<'_>, payload: Object<'_>, speaker: Speaker<'_>) -> Value {
    let mut metadata = Map::new();
    if let Some(address) = speaker.address {
        metadata.insert("client_name".to_owned(), address.into());
    }
    metadata.insert("sdk".to_owned(), sdk(message, payload));
    if let Some(app) = message.envelope.compound("publisher_metadata") {
        metadata.insert("app".to_owned(), app);
    }
    metadata.into()
}

/// The SDK, as a party's `sdk` has it.
fn sdk(message: &Message<'_>, payload: Object<'_>) -> Value {
    let told = [
        ("type", message.source.agent.clone()),
        ("version", payload.text("sdk_version")),
        ("platform", payload.text("platform")),
        ("region", payload.text("region")),
    ];
    let told = told.into_iter();
    told.filter_map(|(key, text)| Some((key.to_owned(), text?.into())))
        .collect::<Map<String, Value>>()
        .into()
}

/// What some events say of the call: when it took a step, who the SDK is, how it is set.
fn facts(message: &Message<'_>, payload: Object<'_>, speaker: Speaker<'_>) -> Option<CallFacts> {
    let way = message.call.way;
    let mut facts = CallFacts::default();
    let mut edge = EdgeFacts {
        direction: way.map(|way| match way {
            Way::Incoming => StreamDirection::Inbound,
            Way::Outgoing => StreamDirection::Outbound,
        }),
        ..EdgeFacts::default()
    };
    let at = Some(message.at.plus_us(message.shift_us));
    // Signalling that was lost and is back: the call is the one that began before.
    let is_again = payload.flag("reconnect") == Some(true);
    match (message.group, message.name) {
        ("connection", "outgoing") if !is_again => begin(&mut facts, at, CallState::Undialed),
        ("connection", "incoming") if !is_again => begin(&mut facts, at, CallState::Ringing),
        ("connection", "outgoing-ringing" | "ringing") => facts.state = Some(CallState::Ringing),
        ("connection", "accepted-by-local" | "accepted-by-remote") => facts.answered_at = at,
        ("connection", "disconnected-by-local") => end(&mut facts, at, way, true),
        ("connection", "disconnected-by-remote") => end(&mut facts, at, way, false),
        // Who ended it is not said.
        ("connection", "disconnected") => end(&mut facts, at, None, false),
        ("connection", "cancel") => {
            end(&mut facts, at, way, false);
            facts.state = Some(CallState::Canceled);
        }
        ("connection", "rejected-by-local") => {
            end(&mut facts, at, way, true);
            facts.state = Some(CallState::Busy);
        }
        ("settings", "edge") => {}
        _ => return None,
    }
    if matches!(message.name, "outgoing" | "incoming" | "edge") {
        edge.settings = settings(payload);
        let party = PartyFacts {
            address: speaker.address.map(str::to_owned),
            connection: Some("twilio_sdk".to_owned()),
            sdk: Some(sdk(message, payload)),
            ..PartyFacts::default()
        };
        match way {
            Some(Way::Outgoing) => {
                // It comes in to the platform.
                facts.direction = Some(CallDirection::Inbound);
                facts.from = party;
            }
            Some(Way::Incoming) => facts.to = party,
            None => {}
        }
    }
    facts.edges.insert(EdgeKind::Sdk, edge);
    Some(facts)
}

fn begin(facts: &mut CallFacts, at: Option<TimeUs>, state: CallState) {
    facts.started_at = at;
    facts.state = Some(state);
}

/// The end. How the call ended depends on how far it had got.
fn end(facts: &mut CallFacts, at: Option<TimeUs>, way: Option<Way>, by_sdk: bool) {
    facts.ended_at = at;
    facts.disconnected_by = way.map(|way| {
        let is_caller = (way == Way::Outgoing) == by_sdk;
        if is_caller { "caller" } else { "callee" }.to_owned()
    });
}

/// The settings, by the names that a summary has for them.
fn settings(payload: Object<'_>) -> Option<Value> {
    let mut settings = Map::new();
    for key in ["dscp", "ice_restart_enabled"] {
        if let Some(flag) = payload.flag(key) {
            settings.insert(key.to_owned(), flag.into());
        }
    }
    if let Some(edge) = payload.str("edge") {
        settings.insert("edge".to_owned(), edge.into());
    }
    match payload
        .value("selected_edge")
        .or_else(|| payload.value("selected_edges"))
    {
        Some(Value::String(edge)) => {
            settings.insert("selected_edges".to_owned(), json!([edge]));
        }
        Some(edges @ Value::Array(_)) => {
            settings.insert("selected_edges".to_owned(), edges.clone());
        }
        _ => {}
    }
    (!settings.is_empty()).then_some(Value::Object(settings))
}
