//! What events of the SDK are counted as.

use super::*;

#[test]
fn a_state_does_not_grow_with_made_up_names() {
    let muted = |number: usize| {
        let event = EdgeEvent {
            edge: Some(EdgeKind::Sdk),
            group: format!("group {number}"),
            name: "muted".to_owned(),
            level: None,
            data: Some(serde_json::json!({ "error": { "code": number } })),
            conversation_relay: None,
        };
        let id = format!("e{number}");
        self::event(
            &id,
            0,
            SourceKind::Native,
            Observation::Edge(Box::new(event)),
        )
    };
    let events: Vec<CallEvent> = (100..300).map(muted).collect();
    let call = summary(&events);
    let counts = call.edges[&EdgeKind::Sdk].events.clone().unwrap();
    for what in ["groups", "errors"] {
        let counts = counts[what].as_object().unwrap();
        assert_eq!(counts.len(), cap::KEYS_MAX + 1);
        assert_eq!(counts["other"], 200 - cap::KEYS_MAX);
    }
    let state = |events: &[CallEvent]| {
        let mut state = FoldState::default();
        for event in events.iter().rev() {
            state.add(event);
        }
        state
    };
    let mut merged = state(&events[90..]);
    merged.merge(state(&events[..120]));
    assert_eq!(merged, state(&events));
    assert_eq!(merged.summary(CALL, &Rules::built_in()), call);
}
