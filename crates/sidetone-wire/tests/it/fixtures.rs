//! What every fixture becomes.

use crate::doors::{describe, fixtures};

#[test]
fn fixtures_become_what_they_became() {
    for input in fixtures() {
        insta::assert_json_snapshot!(input.name.as_str(), describe(&input.door, &input.bytes));
    }
}

#[test]
fn decoding_again_gives_the_same() {
    for input in fixtures() {
        let first = describe(&input.door, &input.bytes);
        assert_eq!(first, describe(&input.door, &input.bytes), "{}", input.name);
    }
}

#[test]
fn lines_and_array_are_the_same_events() {
    let calls: Vec<_> = fixtures()
        .into_iter()
        .filter(|input| input.name.starts_with("native-events-call."))
        .map(|input| describe(&input.door, &input.bytes))
        .collect();
    assert_eq!(calls.len(), 2);
    // Ids made of the bytes differ with the layout of the JSON; all else is equal.
    let without_ids = |outcome: &serde_json::Value| {
        let mut events = outcome["observed"].as_array().unwrap().clone();
        for event in &mut events {
            event["event"]["id"].take();
        }
        events
    };
    assert_eq!(without_ids(&calls[0]), without_ids(&calls[1]));
}

#[test]
fn json_and_form_say_the_same() {
    let said: Vec<_> = fixtures()
        .into_iter()
        .filter(|input| {
            input
                .name
                .starts_with("jambonz-status-callback-outbound-child-busy.")
        })
        .map(|input| describe(&input.door, &input.bytes))
        .collect();
    assert_eq!(said.len(), 2);
    assert_eq!(said[0], said[1]);
}
