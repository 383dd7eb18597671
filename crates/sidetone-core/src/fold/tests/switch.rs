//! What a switch says of its leg, put to the edge at which the telephone is.

use super::packets::{A, S, Story, answered};
use super::*;
use crate::sides::{SideEdge, SideRule, Sides};

/// What the record of a leg says, of a telephone that called or was called.
fn record(story: &mut Story, direction: Option<StreamDirection>) {
    let mut facts = state(CallState::Completed);
    facts.call_type = Some(CallType::Sip);
    let edge = EdgeFacts {
        direction,
        user_agent: Some("told by the switch".to_owned()),
        media_ip: Some("192.0.2.1".to_owned()),
        ..EdgeFacts::default()
    };
    facts.edges.insert(EdgeKind::Sip, edge);
    let said = Observation::Facts {
        facts: Box::new(facts),
    };
    tell(story, said, EdgeKind::Sip);
}

/// A switch says something, and that it received 500 packets at an edge.
fn tell(story: &mut Story, said: Observation, edge: EdgeKind) {
    let sample = MediaSample {
        edge,
        direction: StreamDirection::Inbound,
        ssrc: None,
        interval: Counters::default(),
        cumulative: Counters {
            packets_received: Some(500),
            ..Counters::default()
        },
        metadata: None,
    };
    for observation in [said, Observation::Media(Box::new(sample))] {
        story.event(9_000, observation);
        story.events.last_mut().unwrap().source.kind = SourceKind::FreeSwitch;
    }
}

/// One leg between a telephone and the switch.
fn leg() -> Story {
    let mut story = Story::default();
    story.plain(0, A, S, "INVITE");
    story.plain(500, S, A, "200 INVITE");
    story
}

fn carrier_at(network: &str) -> Sides {
    Sides(vec![SideRule {
        networks: vec![network.parse().unwrap()],
        edge: Some(SideEdge::Carrier),
        ..SideRule::default()
    }])
}

#[test]
fn figures_of_a_switch_stand_where_its_telephone_is() {
    const INBOUND: Option<StreamDirection> = Some(StreamDirection::Inbound);
    const OUTBOUND: Option<StreamDirection> = Some(StreamDirection::Outbound);
    let (near, far) = (carrier_at("192.0.2.10"), carrier_at("198.51.100.0/24"));
    let nobody = Sides::default();
    for (story, rules, direction, expected) in [
        // Nothing else was seen of the call.
        (Story::default(), &near, INBOUND, EdgeKind::Sip),
        (leg(), &nobody, None, EdgeKind::Sip),
        (leg(), &far, INBOUND, EdgeKind::Sip),
        (leg(), &near, INBOUND, EdgeKind::Carrier),
        (leg(), &near, None, EdgeKind::Carrier),
        // With a proxy between telephone and switch, one of the parties is the switch.
        (answered(), &near, INBOUND, EdgeKind::Carrier),
        (answered(), &near, OUTBOUND, EdgeKind::Sip),
        (answered(), &far, OUTBOUND, EdgeKind::Carrier),
        (answered(), &far, INBOUND, EdgeKind::Sip),
        (answered(), &far, None, EdgeKind::Sip),
    ] {
        let mut story = story;
        story.rules = rules.clone();
        record(&mut story, direction);
        let summary = story.summary();
        let measured = summary
            .edges
            .iter()
            .filter(|(_, edge)| edge.inbound.is_some());
        let kinds: Vec<EdgeKind> = measured.map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [expected], "{rules:?} {direction:?}");
        let facts = &summary.edges[&expected].facts;
        assert_eq!(facts.user_agent.as_deref(), Some("told by the switch"));
    }
}

#[test]
fn other_edges_that_a_switch_tells_of_stay_where_they_are() {
    let mut story = leg();
    story.rules = carrier_at("192.0.2.10");
    let mut facts = CallFacts::default();
    facts.edges.insert(EdgeKind::Client, EdgeFacts::default());
    let facts = Box::new(facts);
    tell(&mut story, Observation::Facts { facts }, EdgeKind::Client);
    let edges = story.summary().edges;
    let received = |kind| edges.get(&kind)?.inbound.as_ref()?.packets_received;
    assert_eq!(received(EdgeKind::Client), Some(500));
    assert_eq!(received(EdgeKind::Carrier), None);
}

#[test]
fn a_leg_at_the_carrier_has_no_sip_edge() {
    let mut story = leg();
    story.rules = carrier_at("192.0.2.10");
    record(&mut story, Some(StreamDirection::Inbound));
    let summary = story.summary();
    assert_eq!(summary.facts.call_type, Some(CallType::Carrier));
    let kinds: Vec<EdgeKind> = summary.edges.keys().copied().collect();
    assert_eq!(kinds, [EdgeKind::Carrier]);
    // What was seen goes before what was told.
    let facts = &summary.edges[&EdgeKind::Carrier].facts;
    assert_eq!(facts.external_signaling_ip.as_deref(), Some("192.0.2.10"));
    assert_eq!(facts.media_ip.as_deref(), Some("192.0.2.1"));
}
