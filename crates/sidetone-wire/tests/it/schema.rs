//! `docs/schema/call-event.schema.json` says what the native decoder does.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use sidetone_core::event::{SourceKind, Step};
use sidetone_core::vocabulary::{
    AnsweredBy, CallDirection, CallState, CallType, EdgeKind, Level, MosMethod, StreamDirection,
    Tag,
};
use sidetone_wire::translate::native::KINDS;

use crate::doors::{describe, root};

fn schema() -> Value {
    let json = fs::read(root().join("docs/schema/call-event.schema.json")).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// The outcome for the fixture that has every member of every kind.
fn everything() -> Vec<Value> {
    let lines = fs::read(root().join("fixtures/native/events/everything.ndjson")).unwrap();
    let outcome = describe("events", &lines);
    assert_eq!(outcome["refused"], Value::Array(Vec::new()));
    let events = outcome["observed"].as_array().unwrap();
    events.iter().map(|event| event["event"].clone()).collect()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn kinds_and_members_are_those_of_the_decoder() {
    let schema = schema();
    let variants = schema["oneOf"].as_array().unwrap();
    assert_eq!(variants.len(), KINDS.len() + 1);
    for ((kind, members), variant) in KINDS.iter().zip(variants) {
        assert_eq!(variant["properties"]["kind"]["const"], *kind);
        let mut expected: BTreeSet<String> = members.iter().map(ToString::to_string).collect();
        for member in ["v", "id", "call_sid", "account_sid", "at", "source", "kind"] {
            expected.insert(member.to_owned());
        }
        assert_eq!(keys(&variant["properties"]), expected, "{kind}");
    }
}

/// Compares the members of a value that has all of them with those of a definition.
#[track_caller]
fn check(schema: &Value, definition: &str, value: &Value) {
    let expected = keys(&schema["$defs"][definition]["properties"]);
    assert_eq!(keys(value), expected, "{definition}");
}

#[test]
fn what_is_known_of_a_call_has_the_members_of_the_schema() {
    let schema = schema();
    let events = everything();
    let facts = &events[1]["facts"];
    check(&schema, "facts", facts);
    check(&schema, "party", &facts["from"]);
    check(&schema, "trust", &facts["trust"]);
    let edge = &facts["edges"]["sdk_edge"];
    check(&schema, "edge", edge);
    check(&schema, "counters", &edge["inbound"]);
    check(&schema, "stat", &edge["inbound"]["jitter_ms"]);
    check(&schema, "counters", &events[2]["interval"]);
}

/// Every list of words in the schema.
fn word_lists(value: &Value, lists: &mut BTreeSet<Vec<String>>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value.as_array() {
                    Some(words) if key == "enum" => {
                        let words = words.iter().map(|word| word.as_str().unwrap().to_owned());
                        lists.insert(words.collect());
                    }
                    _ => word_lists(value, lists),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| word_lists(item, lists)),
        _ => {}
    }
}

#[test]
fn words_are_those_of_the_program() {
    let mut lists = BTreeSet::new();
    word_lists(&schema(), &mut lists);
    for words in [
        Step::WORDS,
        SourceKind::WORDS,
        CallType::WORDS,
        CallState::WORDS,
        CallDirection::WORDS,
        AnsweredBy::WORDS,
        EdgeKind::WORDS,
        StreamDirection::WORDS,
        Level::WORDS,
        Tag::WORDS,
        MosMethod::WORDS,
    ] {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        assert!(lists.contains(&words), "{words:?}");
    }
}
