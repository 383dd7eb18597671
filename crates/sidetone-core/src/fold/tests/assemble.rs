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
fn what_another_system_has_judged_is_not_judged_again() {
    let lossy = EdgeFacts {
        inbound: Some(Counters {
            loss_percent: Some(50.0),
            ..Counters::default()
        }),
        ..EdgeFacts::default()
    };
    let facts = |call: Option<Vec<Tag>>, edge: Option<Vec<Tag>>| CallFacts {
        tags: call,
        edges: [(
            EdgeKind::Sip,
            EdgeFacts {
                tags: edge,
                ..lossy.clone()
            },
        )]
        .into(),
        ..CallFacts::default()
    };
    for (call, edge, expected) in [
        (
            None,
            None,
            (vec![Tag::HighPacketLoss], vec![Tag::HighPacketLoss]),
        ),
        (Some(vec![]), None, (vec![], vec![Tag::HighPacketLoss])),
        (
            None,
            Some(vec![Tag::Silence]),
            (vec![Tag::Silence], vec![Tag::Silence]),
        ),
    ] {
        let import = imported(0, ImportStage::Complete, 1, facts(call, edge));
        let summary = summary(&[import]);
        let edge = &summary.edges[&EdgeKind::Sip];
        assert_eq!((summary.tags.clone(), edge.tags.clone()), expected);
    }
}
