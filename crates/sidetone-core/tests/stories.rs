//! Whole summaries of whole calls: `fixtures/stories/NAME.ndjson` holds the events,
//! `tests/snapshots` what comes of them.

use std::fs;
use std::path::PathBuf;

use sidetone_core::event::{CallEvent, EventKind};
use sidetone_core::fold::fold;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::rules::{PddRules, Rules};

const CALL: CallRef = CallRef {
    account: AccountSid::from_bytes([1; 16]),
    sid: CallSid::from_bytes([2; 16]),
};

fn rules() -> Rules {
    Rules {
        day: Some(20_605),
        pdd: PddRules {
            p95_ms_by_country: [("ZA".to_owned(), 5_000)].into(),
            p95_ms_global: Some(3_000),
        },
        ..Rules::built_in()
    }
}

#[test]
fn calls_become_summaries() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/stories");
    let mut stories: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    stories.sort();
    assert!(!stories.is_empty());
    for story in stories {
        let name = story.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&story).unwrap();
        let events: Vec<CallEvent> = text
            .lines()
            .map(|line| CallEvent::from_stored_json(CALL, line.as_bytes()).unwrap())
            .collect();
        for event in &events {
            assert_ne!(event.observation.kind(), EventKind::Unknown, "{name}");
        }
        insta::assert_json_snapshot!(name, fold(CALL, &events, &rules()));
    }
}
