//! What a voice SDK (`twilio-voice.js`) publishes of its call: single events, and batches of what
//! it measured each second.
//!
//! Both come in an envelope of `group`, `name`, `level`, `timestamp` and `payload`. An outgoing call
//! has a temporary name until the gateway has given it a `CallSid`.

mod event;
mod message;
mod sample;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::Value;
use sidetone_core::time::TimeUs;

use self::message::{Message, call_of, nameless};
pub use self::message::{SdkCall, Speaker, TEMPORARY_MAX_BYTES, TemporarySid, Told, Way};
use crate::error::DecodeError;
use crate::loose::Object;

/// The longest body, in bytes. A batch of ten samples takes some 6,000.
pub const BODY_MAX_BYTES: usize = 64 * 1024;
/// The most samples of a batch. The SDK sends ten.
pub const SAMPLES_MAX: usize = 100;

/// Reads an event (`/v4/EndpointEvents`).
///
/// # Errors
/// Names the field that is missing or not allowed.
pub fn decode_event(
    body: &[u8],
    speaker: Speaker<'_>,
    received_at: TimeUs,
) -> Result<Told, DecodeError> {
    let envelope = read(body)?;
    let payload = Object::of(Some(&envelope)).object("payload");
    let Some(call) = call_of(payload, "payload")? else {
        return Ok(Told::nothing());
    };
    let message = Message::of(&envelope, call, received_at)?;
    event::translate(&message, speaker)
}

/// Reads a batch of samples (`/v4/EndpointMetrics`). Each is taken or refused by itself; all are of
/// one call.
///
/// # Errors
/// Names the field that is missing or not allowed.
pub fn decode_metrics(body: &[u8], received_at: TimeUs) -> Result<Told, DecodeError> {
    let envelope = read(body)?;
    const EXPECTED: &str = "an array of samples";
    let samples = match Object::of(Some(&envelope)).value("payload") {
        Some(Value::Array(samples)) => samples,
        Some(_) => return Err(DecodeError::malformed("payload", EXPECTED)),
        None => return Err(DecodeError::missing("payload", EXPECTED)),
    };
    if samples.len() > SAMPLES_MAX {
        let limit = format!("at most {SAMPLES_MAX} samples");
        return Err(DecodeError::too_large("payload", limit));
    }
    let mut call: Option<SdkCall> = None;
    for sample in samples {
        let of_sample = call_of(Object::of(Some(sample)), "payload")?;
        match (&mut call, of_sample) {
            (_, None) => return Err(nameless()),
            (None, Some(first)) => call = Some(first),
            (Some(call), Some(other)) if *call == other => {}
            (Some(_), Some(_)) => {
                return Err(DecodeError::malformed(
                    "payload",
                    "samples of one call and direction",
                ));
            }
        }
    }
    let Some(call) = call else {
        return Ok(Told::nothing());
    };
    let message = Message::of(&envelope, call, received_at)?;
    Ok(sample::translate(&message, samples))
}

fn read(body: &[u8]) -> Result<Value, DecodeError> {
    const EXPECTED: &str = "a JSON object with group, name, timestamp and payload";
    if body.len() > BODY_MAX_BYTES {
        let limit = format!("at most {BODY_MAX_BYTES} bytes");
        return Err(DecodeError::too_large("body", limit));
    }
    let malformed =
        |why: &dyn fmt::Display| DecodeError::malformed("body", format!("{EXPECTED} ({why})"));
    match serde_json::from_slice(body) {
        Ok(envelope @ Value::Object(_)) => Ok(envelope),
        Ok(_) => Err(malformed(&"it is none")),
        Err(error) => Err(malformed(&error)),
    }
}
