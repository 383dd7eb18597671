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

/// What an SDK says of its call, by a clock that is an hour behind.
fn by_sdk(ms: i64, facts: CallFacts) -> CallEvent {
    let id = format!("sdk:{ms}");
    let facts = Observation::Facts {
        facts: Box::new(facts),
    };
    event(&id, ms - 3_600_000, SourceKind::VoiceSdk, facts)
}

#[test]
fn an_sdk_tells_how_far_its_call_got_where_nobody_else_does() {
    let behind = |ms: i64| Some(at(ms - 3_600_000));
    let told = [
        by_sdk(
            0,
            CallFacts {
                started_at: behind(0),
                state: Some(CallState::Ringing),
                ..CallFacts::default()
            },
        ),
        by_sdk(
            2_000,
            CallFacts {
                answered_at: behind(2_000),
                ..CallFacts::default()
            },
        ),
        by_sdk(
            9_000,
            CallFacts {
                ended_at: behind(9_000),
                disconnected_by: Some("caller".to_owned()),
                from: PartyFacts {
                    address: Some("client:alice".to_owned()),
                    ..PartyFacts::default()
                },
                ..CallFacts::default()
            },
        ),
    ];
    let facts = summary(&told).facts;
    assert_eq!(facts.state, Some(CallState::Completed));
    assert_eq!(
        (facts.duration_s, facts.connect_duration_s),
        (Some(9), Some(7))
    );
    // One that was not answered rang until it ended.
    let unanswered = [told[0].clone(), told[2].clone()];
    assert_eq!(summary(&unanswered).facts.state, Some(CallState::NoAnswer));

    // A page that is loaded again tells of its beginning once more.
    let again = by_sdk(
        5_000,
        CallFacts {
            started_at: behind(5_000),
            answered_at: behind(5_100),
            ..CallFacts::default()
        },
    );
    let mut reloaded = told.to_vec();
    reloaded.push(again);
    let facts = summary(&reloaded).facts;
    assert_eq!(
        (facts.duration_s, facts.connect_duration_s),
        (Some(9), Some(7))
    );

    // Who sees the signalling knows better, and the clocks do not mix.
    let mut all = told.to_vec();
    all.extend([step(100, Step::Initiated), step(20_000, Step::NoAnswer)]);
    all.push(said(
        50,
        CallFacts {
            disconnected_by: Some("callee".to_owned()),
            ..CallFacts::default()
        },
    ));
    let facts = summary(&all).facts;
    assert_eq!(facts.state, Some(CallState::NoAnswer));
    assert_eq!((facts.started_at, facts.answered_at), (Some(at(100)), None));
    assert_eq!(facts.ended_at, Some(at(20_000)));
    assert_eq!(facts.disconnected_by.as_deref(), Some("callee"));
    assert_eq!(facts.from.address.as_deref(), Some("client:alice"));
}
