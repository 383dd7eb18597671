//! Stored events of every version there ever was can be read.

use std::fs;
use std::path::PathBuf;

use sidetone_core::event::{CallEvent, EventKind};
use sidetone_core::id::{AccountSid, CallRef, CallSid};

const CALL: CallRef = CallRef {
    account: AccountSid::from_bytes([1; 16]),
    sid: CallSid::from_bytes([2; 16]),
};

/// The fixtures of a version, by file name.
fn fixtures(version: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/stored-events")
        .join(version);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn read(json: &[u8]) -> CallEvent {
    CallEvent::from_stored_json(CALL, json).unwrap()
}

#[test]
fn version_1_is_read_for_ever() {
    let fixtures = fixtures("v1");
    for (name, json) in &fixtures {
        let event = read(json);
        // Files are named after the kind; what a later version may write is named `unknown-…`.
        let kind = name.split('-').next().unwrap();
        assert_eq!(event.observation.kind().as_str(), kind, "{name}");
        let written: serde_json::Value = serde_json::from_slice(&event.to_stored_json()).unwrap();
        let fixture: serde_json::Value = serde_json::from_slice(json).unwrap();
        assert_eq!(written, fixture, "{name}");
    }
    for kind in EventKind::WORDS {
        assert!(
            fixtures.iter().any(|(name, _)| name.starts_with(kind)),
            "no fixture of {kind}"
        );
    }
}

#[test]
fn what_a_later_version_wrote_is_kept_as_it_came() {
    for (v, rest) in [
        (2, r#""kind":"weather","sky":"blue""#),
        (1, r#""kind":"weather","sky":"blue""#),
        (1, r#""kind":"progress","step":"transferred""#),
        (1, r#""kind":"facts","facts":{"call_type":"satellite"}"#),
        (1, r#""kind":"media","edge":"carrier_edge""#),
        (1, r#""kind":"timer","timer":"tomorrow""#),
    ] {
        let json = format!(
            r#"{{"v":{v},"id":"e","at":"2026-06-01T00:00:00Z","source":{{"kind":"native","translator":1}},{rest}}}"#
        );
        let event = read(json.as_bytes());
        assert_eq!(event.observation.kind(), EventKind::Unknown, "{rest}");
        let again = event.to_stored_json();
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&again).unwrap(),
            serde_json::from_str::<serde_json::Value>(&json).unwrap()
        );
        assert_eq!(read(&again), event);
    }
}

#[test]
fn what_is_no_event_is_refused() {
    for json in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"v":1,"at":"2026-06-01T00:00:00Z","source":{"kind":"native"},"kind":"timer","timer":"settled"}"#,
        r#"{"v":1,"id":"","at":"2026-06-01T00:00:00Z","source":{"kind":"native"},"kind":"timer","timer":"settled"}"#,
        r#"{"v":1,"id":"e","at":"yesterday","source":{"kind":"native"},"kind":"timer","timer":"settled"}"#,
        r#"{"v":1,"id":"e","at":"2026-06-01T00:00:00Z","kind":"timer","timer":"settled"}"#,
    ] {
        assert!(
            CallEvent::from_stored_json(CALL, json.as_bytes()).is_err(),
            "{json}"
        );
    }
}
