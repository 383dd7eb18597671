//! What holds when several have spoken, and what is told where nobody did.

use super::*;

#[test]
fn the_most_final_import_holds_and_silence_is_filled() {
    let duration = |seconds| CallFacts {
        duration_s: Some(seconds),
        ..CallFacts::default()
    };
    let own = CallFacts {
        last_sip_response: Some(200),
        duration_s: Some(1),
        ..CallFacts::default()
    };
    let call = summary(&[
        imported(9_000, ImportStage::Partial, 9, duration(9)),
        imported(2_000, ImportStage::Complete, 2, duration(22)),
        imported(8_000, ImportStage::Complete, 1, duration(21)),
        said(9_999, own),
    ]);
    assert_eq!(call.facts.duration_s, Some(22));
    assert_eq!(call.facts.last_sip_response, Some(200));
    assert_eq!(call.imported, Some(serde_json::json!({ "version": 2 })));
    assert_eq!(call.processing, ProcessingState::Complete);
}

#[test]
fn kind_and_direction_are_told_only_where_nobody_said_them() {
    let facts = CallFacts {
        to: PartyFacts {
            address: Some("sip:+14155550100@example.com".to_owned()),
            country_code: Some("CA".to_owned()),
            ..PartyFacts::default()
        },
        parent: Some(CallSid::from_bytes([3; 16])),
        ..CallFacts::default()
    };
    let told = summary(&[said(0, facts.clone())]).facts;
    assert_eq!(told.call_type, Some(CallType::Sip));
    assert_eq!(told.direction, Some(CallDirection::OutboundDial));
    assert_eq!(told.to.country_code.as_deref(), Some("CA"));
    assert_eq!(told.to.number_prefix.as_deref(), Some("1415"));

    let reported = summary(&[said(
        0,
        CallFacts {
            call_type: Some(CallType::Carrier),
            direction: Some(CallDirection::Inbound),
            ..facts
        },
    )])
    .facts;
    assert_eq!(reported.call_type, Some(CallType::Carrier));
    assert_eq!(reported.direction, Some(CallDirection::Inbound));
}

#[test]
fn what_another_system_has_found_is_not_looked_for_again() {
    let facts = |call: Option<Vec<Tag>>, edge: Option<Vec<Tag>>| CallFacts {
        call_type: Some(CallType::Carrier),
        state: Some(CallState::Completed),
        started_at: Some(at(0)),
        ended_at: Some(at(3_000)),
        connect_duration_s: Some(2),
        tags: call,
        edges: [(
            EdgeKind::Carrier,
            EdgeFacts {
                tags: edge,
                ..lossy()
            },
        )]
        .into(),
        ..CallFacts::default()
    };
    for (call, edge, expected) in [
        (None, None, (vec![], vec![])),
        (Some(vec![]), None, (vec![], vec![])),
        (None, Some(vec![Tag::Silence]), (vec![], vec![Tag::Silence])),
        (
            Some(vec![Tag::HighPdd]),
            Some(vec![]),
            (vec![Tag::HighPdd], vec![]),
        ),
    ] {
        let import = imported(0, ImportStage::Complete, 1, facts(call, edge));
        // Neither what it says nor what we saw is held to limits.
        for events in [vec![import.clone()], vec![import, said(1_000, seen())]] {
            let summary = summary(&events);
            let edge = &summary.edges[&EdgeKind::Carrier];
            assert_eq!((summary.tags.clone(), edge.tags.clone()), expected);
        }
    }
}

fn lossy() -> EdgeFacts {
    EdgeFacts {
        inbound: Some(Counters {
            loss_percent: Some(50.0),
            ..Counters::default()
        }),
        ..EdgeFacts::default()
    }
}

/// Observations that are worth several tags.
fn seen() -> CallFacts {
    CallFacts {
        call_type: Some(CallType::Carrier),
        answered_at: Some(at(1_000)),
        ended_at: Some(at(2_000)),
        edges: [(EdgeKind::Carrier, lossy()), (EdgeKind::Sip, lossy())].into(),
        ..state(CallState::Completed)
    }
}

#[test]
fn nothing_is_concluded_from_what_another_system_says() {
    let facts = CallFacts {
        started_at: Some(at(0)),
        ended_at: Some(at(3_000)),
        from: PartyFacts {
            address: Some("+12025550143".to_owned()),
            ..PartyFacts::default()
        },
        ..CallFacts::default()
    };
    let mut import = imported(9_000, ImportStage::Complete, 1, facts.clone());
    import.source.kind = SourceKind::EventStreams;
    let alone = summary(&[import.clone()]);
    assert_eq!((alone.facts, alone.beside), (facts.clone(), None));
    assert_eq!(alone.last_event_at, at(9_000));

    let own = CallFacts {
        started_at: Some(at(500)),
        last_sip_response: Some(486),
        ..state(CallState::Busy)
    };
    let both = summary(&[import, said(1_000, own.clone())]);
    let beside = both.beside.unwrap();
    assert_eq!(beside.facts, summary(&[said(1_000, own)]).facts);
    let shown = (both.facts.started_at, both.facts.last_sip_response);
    assert_eq!(shown, (facts.started_at, Some(486)));
    assert_eq!(both.facts.from, facts.from);
}

#[test]
fn a_summary_that_says_it_is_complete_is_never_partial_again() {
    let mut says = imported(0, ImportStage::PredictedComplete, 1, CallFacts::default());
    if let Observation::Imported(import) = &mut says.observation {
        import.processing = Some(ProcessingState::Complete);
    }
    let later = imported(
        1_000,
        ImportStage::PredictedComplete,
        2,
        CallFacts::default(),
    );
    for events in [
        vec![says.clone()],
        vec![says.clone(), later.clone()],
        vec![later, says],
    ] {
        assert_eq!(summary(&events).processing, ProcessingState::Complete);
    }
}

#[test]
fn a_call_that_another_system_gives_no_time_has_a_place_all_the_same() {
    let import = imported(9_000, ImportStage::Complete, 1, state(CallState::Busy));
    let summary = summary(&[import]);
    let place = (summary.facts.started_at, summary.facts.ended_at);
    assert_eq!(place, (Some(at(9_000)), Some(at(9_000))));
    assert!(!summary.has_tag());
}
