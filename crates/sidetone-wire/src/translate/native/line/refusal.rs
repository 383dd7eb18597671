//! Finds out what is wrong with an event. Slow and thorough: it runs only for events that were
//! refused.

use std::borrow::Cow;

use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};

use super::members::{ENVELOPE, KINDS, Line};
use crate::error::{DecodeError, one_of};
use crate::spelling::nearest;

pub(super) fn kinds() -> Vec<&'static str> {
    KINDS.iter().map(|(kind, _)| *kind).collect()
}

/// A kind that is most likely meant to be a known one.
pub(super) fn misspelt(kind: &str) -> Option<DecodeError> {
    let near = nearest(kind, kinds())?;
    let expected = format!("{}; the nearest is {near}", one_of(&kinds()));
    Some(DecodeError::invalid("kind", kind, expected))
}

/// A member that the kind does not have.
pub(super) fn unknown_member(member: &str, kind: &str) -> DecodeError {
    let own = KINDS
        .iter()
        .find(|(word, _)| *word == kind)
        .map_or::<&[&str], _>(&[], |(_, members)| members);
    DecodeError::unknown("member", member, one_of(&[ENVELOPE, own].concat()))
}

/// An event of a kind that is not known.
pub(super) struct LaterEvent {
    /// Only the members of every kind.
    pub(super) envelope: Line,
    /// All of it.
    pub(super) whole: Map<String, Value>,
}

/// Reads the envelope of an event whose kind is not known, and the whole event; `None` when the
/// kind is known.
pub(super) fn unknown_kind(json: &[u8]) -> Result<Option<LaterEvent>, DecodeError> {
    let Ok(Value::Object(whole)) = serde_json::from_slice(json) else {
        return Ok(None);
    };
    match whole.get("kind") {
        Some(Value::String(kind)) if !kinds().contains(&kind.as_str()) => {}
        _ => return Ok(None),
    }
    let envelope: Map<String, Value> = whole
        .iter()
        .filter(|(key, _)| *key != "kind" && ENVELOPE.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let json = serde_json::to_vec(&envelope).unwrap_or_default();
    match serde_json::from_slice(&json) {
        Ok(envelope) => Ok(Some(LaterEvent { envelope, whole })),
        Err(_) => Err(reason(&json)),
    }
}

/// Says that an event has no kind, where it has none: whatever else is wrong follows from that.
pub(super) fn missing_kind(json: &[u8]) -> Option<DecodeError> {
    match serde_json::from_slice(json) {
        Ok(Value::Object(members)) if !members.contains_key("kind") => {
            Some(DecodeError::missing("kind", one_of(&kinds())))
        }
        _ => None,
    }
}

/// Why these bytes are no event.
pub(super) fn reason(json: &[u8]) -> DecodeError {
    let value: Value = match serde_json::from_slice(json) {
        Ok(value) => value,
        Err(error) => {
            let text = String::from_utf8_lossy(json);
            return DecodeError::invalid(
                "JSON",
                &text,
                format!("a JSON object ({})", without_position(&error.to_string())),
            );
        }
    };
    let Value::Object(members) = &value else {
        return DecodeError::invalid("event", &value.to_string(), "a JSON object");
    };
    let kind = members.get("kind").and_then(Value::as_str);
    if let Some(kind) = kind
        && let Some((word, own)) = KINDS.iter().find(|(word, _)| *word == kind)
        && let Some(member) = members
            .keys()
            .find(|key| !ENVELOPE.contains(&key.as_str()) && !own.contains(&key.as_str()))
    {
        return unknown_member(member, word);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    match serde_path_to_error::deserialize::<_, Line>(&mut deserializer) {
        Ok(_) => DecodeError::malformed("event", "a JSON object"),
        Err(error) => {
            let path = error.path();
            let message = error.inner().to_string();
            let expected = expectation(&message);
            match lookup(&value, path) {
                Some(Value::String(text)) => DecodeError::invalid(path.to_string(), text, expected),
                Some(other) => DecodeError::invalid(path.to_string(), &other.to_string(), expected),
                None => DecodeError::malformed("event", expected),
            }
        }
    }
}

/// The value a path leads to; nothing for the path that leads nowhere.
fn lookup<'a>(value: &'a Value, path: &Path) -> Option<&'a Value> {
    let mut segments = path.iter().peekable();
    segments.peek()?;
    segments.try_fold(value, |value, segment| match segment {
        Segment::Seq { index } => value.get(index),
        Segment::Map { key } => value.get(key),
        Segment::Enum { .. } => Some(value),
        Segment::Unknown => None,
    })
}

/// What a message of serde says was expected, without its own quoting and position.
fn expectation(message: &str) -> Cow<'static, str> {
    let message = without_position(message);
    let expected = message
        .split_once("expected ")
        .map_or(message, |(_, expected)| expected);
    match expected {
        "f64" => "a number".into(),
        "u8" | "u16" | "u32" | "u64" => "a whole number that fits".into(),
        "i64" => "a whole number".into(),
        _ => expected.replace('`', "").into(),
    }
}

fn without_position(message: &str) -> &str {
    message
        .rsplit_once(" at line ")
        .map_or(message, |(message, _)| message)
}
