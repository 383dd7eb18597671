//! Each door's decoder, giving its outcome as JSON.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sidetone_core::event::CallEvent;
use sidetone_core::fold::FoldState;
use sidetone_core::id::AccountSid;
use sidetone_core::rules::Rules;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::TimeUs;
use sidetone_wire::batch::{Batch, Tally};
use sidetone_wire::error::DecodeError;
use sidetone_wire::observed::Observed;
use sidetone_wire::translate::voice_sdk::{self, Speaker, Told};
use sidetone_wire::translate::{cdr, event_streams, native, status_callback};

/// A file of input.
pub(crate) struct Input {
    /// `vendor-door-case.extension`.
    pub(crate) name: String,
    pub(crate) door: String,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every fixture, by name.
pub(crate) fn fixtures() -> Vec<Input> {
    let mut inputs = Vec::new();
    for vendor in folders(&root().join("fixtures")) {
        for door in folders(&vendor) {
            for entry in fs::read_dir(&door).unwrap() {
                let path = entry.unwrap().path();
                let name = [&vendor, &door, &path]
                    .map(|path| file_name(path))
                    .join("-");
                inputs.push(Input {
                    name,
                    door: file_name(&door),
                    bytes: fs::read(&path).unwrap(),
                });
            }
        }
    }
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(inputs.len() > 30, "the fixtures were not found");
    inputs
}

fn folders(path: &Path) -> Vec<PathBuf> {
    fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // The small interface is no input.
        .filter(|path| path.is_dir() && !path.ends_with("fixtures/ui"))
        .collect()
}

pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// What a decoder made of some input.
pub(crate) enum Outcome {
    Refused(DecodeError),
    Decoded(Batch),
}

/// Decodes. The whole point of most tests is that this returns.
pub(crate) fn decode(door: &str, bytes: &[u8]) -> Outcome {
    let received_at = TimeUs::parse_rfc3339("2026-06-01T11:11:11Z").unwrap();
    let decoded = match door {
        "status-callback" => status_callback::decode(bytes, received_at).map(batch),
        "cdr-freeswitch" => cdr::freeswitch::decode(bytes, received_at).map(record),
        "cdr-asterisk" => cdr::asterisk::decode(bytes, received_at).map(record),
        "event-streams" => event_streams::decode(bytes, received_at),
        "events" => Ok(native::decode_all(bytes)),
        "voice-sdk-event" => voice_sdk::decode_event(bytes, ALICE, received_at).map(told),
        "voice-sdk-metrics" => voice_sdk::decode_metrics(bytes, received_at).map(told),
        other => panic!("no decoder for {other}"),
    };
    match decoded {
        Ok(batch) => Outcome::Decoded(batch),
        Err(error) => Outcome::Refused(error),
    }
}

/// Whose SDK it is.
pub(crate) const ALICE: Speaker<'_> = Speaker {
    address: Some("client:alice"),
};

fn told(told: Told) -> Batch {
    assert_eq!(
        told.call.is_none(),
        told.observed.is_empty() && told.refused.count == 0
    );
    Batch {
        observed: told.observed,
        refused: told.refused,
        ..Batch::default()
    }
}

fn record(decoded: cdr::Decoded) -> Batch {
    batch(decoded.observed)
}

fn batch(observed: Vec<Observed>) -> Batch {
    assert!(!observed.is_empty(), "neither event nor error");
    Batch {
        observed,
        ..Batch::default()
    }
}

/// Decodes, and says what came of it.
pub(crate) fn describe(door: &str, bytes: &[u8]) -> Value {
    match decode(door, bytes) {
        Outcome::Refused(error) => json!({ "error": error.to_string() }),
        Outcome::Decoded(batch) => json!({
            "observed": events(batch.observed),
            "refused": messages(&batch.refused),
            "ignored": messages(&batch.ignored),
        }),
    }
}

fn messages(tally: &Tally) -> Vec<String> {
    tally.first.iter().map(ToString::to_string).collect()
}

fn events(observed: Vec<Observed>) -> Vec<Value> {
    observed.into_iter().map(event).collect()
}

/// What a door lets in can be stored, folded and served: all of it is read back.
fn read_back(event: &CallEvent) {
    let mut state = FoldState::default();
    state.add(event);
    assert_eq!(
        FoldState::from_bytes(&state.to_bytes()),
        Some(state.clone())
    );
    let summary = state.summary(event.call, &Rules::built_in());
    let json = serde_json::to_vec(&summary).unwrap();
    let read: CallSummary = serde_json::from_slice(&json).unwrap();
    assert_eq!(
        CallSummary {
            call: event.call,
            ..read
        },
        summary
    );
}

fn event(observed: Observed) -> Value {
    let named = observed.account.as_ref().map(ToString::to_string);
    let event = observed.place(AccountSid::from_bytes([0xee; 16]));
    read_back(&event);
    let stored = event.to_stored_json();
    let again = CallEvent::from_stored_json(event.call, &stored).unwrap();
    assert_eq!(event, again, "a stored event comes back the same");
    json!({
        "account": named,
        "call": event.call.sid,
        "event": serde_json::from_slice::<Value>(&stored).unwrap(),
    })
}
