use super::*;
use crate::facts::PartyFacts;
use crate::media::Stat;
use crate::rules::PddRules;

const GATEWAYS: [EdgeKind; 3] = [EdgeKind::Carrier, EdgeKind::Client, EdgeKind::Sip];

fn jitter(avg: f64, max: f64) -> Counters {
    Counters {
        jitter_ms: Some(Stat {
            avg: Some(avg),
            max: Some(max),
            ..Stat::default()
        }),
        ..Counters::default()
    }
}

fn average(avg: f64) -> Option<Stat> {
    Some(Stat {
        avg: Some(avg),
        ..Stat::default()
    })
}

#[track_caller]
fn check(edges: &[EdgeKind], tag: Tag, counters: &Counters, expected: bool) {
    for edge in edges {
        let found = of_quality(*edge, StreamDirection::Inbound, Some(counters), &[]);
        let found = found.iter().any(|reason| reason.tag == tag);
        assert_eq!(found, expected, "{edge} {counters:?}");
    }
}

#[test]
fn jitter_is_held_to_limits_by_mean_and_largest() {
    let all = [
        EdgeKind::Carrier,
        EdgeKind::Client,
        EdgeKind::Sip,
        EdgeKind::Sdk,
    ];
    for (avg, max, expected) in [
        (5.0, 30.0, true),
        (4.999, 300.0, false),
        (29.0, 29.999, false),
        (15.6, 40.0, true),
        (0.0, 0.0, false),
    ] {
        check(&all, Tag::HighJitter, &jitter(avg, max), expected);
    }
}

#[test]
fn late_packets_are_jitter_at_gateways_only() {
    for (later_than_ms, late, expected) in [
        (200, 10, false),
        (200, 11, true),
        (300, 11, true),
        (190, 999, false),
    ] {
        let counters = Counters {
            packets_received: Some(1_000),
            delayed_packets: [(later_than_ms, late)].into(),
            ..Counters::default()
        };
        check(&GATEWAYS, Tag::HighJitter, &counters, expected);
        check(&[EdgeKind::Sdk], Tag::HighJitter, &counters, false);
    }
}

#[test]
fn loss_is_held_to_limits_everywhere() {
    for (percent, expected) in [(5.0, false), (5.01, true)] {
        let counters = Counters {
            loss_percent: Some(percent),
            ..Counters::default()
        };
        check(EdgeKind::ALL, Tag::HighPacketLoss, &counters, expected);
    }
}

#[test]
fn latency_is_the_platforms_at_gateways_and_the_round_trip_at_the_sdk() {
    for (ms, gateway, sdk) in [
        (150.0, false, false),
        (150.1, true, false),
        (400.0, true, false),
        (400.1, true, true),
    ] {
        let latency = Counters {
            latency_ms: average(ms),
            ..Counters::default()
        };
        check(&GATEWAYS, Tag::HighLatency, &latency, gateway);
        check(&[EdgeKind::Sdk], Tag::HighLatency, &latency, false);
        let rtt = Counters {
            rtt_ms: average(ms),
            ..Counters::default()
        };
        check(&[EdgeKind::Sdk], Tag::HighLatency, &rtt, sdk);
        check(&GATEWAYS, Tag::HighLatency, &rtt, false);
    }
}

#[test]
fn scores_are_held_to_limits_at_the_sdk_only() {
    for (mos, expected) in [(3.5, false), (3.49, true)] {
        let counters = Counters {
            mos: average(mos),
            ..Counters::default()
        };
        check(&[EdgeKind::Sdk], Tag::LowMos, &counters, expected);
        check(&GATEWAYS, Tag::LowMos, &counters, false);
    }
}

#[test]
fn all_sources_together_are_named_before_the_worst_of_them() {
    let lost = |percent| Counters {
        loss_percent: Some(percent),
        ..Counters::default()
    };
    let sources = [lost(0.0), lost(9.0), lost(40.0), lost(7.0)];
    let named = |total: Counters| {
        let way = StreamDirection::Outbound;
        let found = of_quality(EdgeKind::Sip, way, Some(&total), &sources);
        let [reason] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(reason.direction, Some(way));
        (reason.is_of_one_source, reason.crossed[0].value)
    };
    assert_eq!(named(lost(6.0)), (false, 6.0));
    assert_eq!(named(lost(4.0)), (true, 40.0));
    assert_eq!(named(Counters::default()), (true, 40.0));
}

#[test]
fn what_was_not_measured_is_held_to_nothing() {
    for edge in EdgeKind::ALL {
        let nothing = Counters::default();
        for total in [None, Some(&nothing)] {
            for way in [StreamDirection::Inbound, StreamDirection::Outbound] {
                assert_eq!(of_quality(*edge, way, total, &[]), []);
                assert_eq!(of_silence(*edge, way, total), []);
            }
        }
    }
}

#[test]
fn silence_is_a_count_of_nothing_at_a_gateway() {
    let carried = |received, sent| Counters {
        packets_received: received,
        packets_sent: sent,
        ..Counters::default()
    };
    let [inbound, outbound] = [StreamDirection::Inbound, StreamDirection::Outbound];
    for (edge, way, received, sent, expected) in [
        (EdgeKind::Carrier, inbound, Some(0), None, 1),
        (EdgeKind::Carrier, inbound, Some(1), None, 0),
        (EdgeKind::Carrier, inbound, Some(1), Some(0), 0),
        (EdgeKind::Carrier, outbound, None, Some(0), 1),
        (EdgeKind::Carrier, outbound, Some(0), Some(9), 1),
        (EdgeKind::Unknown, outbound, Some(0), Some(0), 2),
        (EdgeKind::Sdk, inbound, Some(0), None, 0),
    ] {
        let total = carried(received, sent);
        let found = of_silence(edge, way, Some(&total));
        assert_eq!(found.len(), expected, "{edge} {way} {total:?}");
    }
}

#[test]
fn delay_is_held_to_its_countrys_limit_else_that_of_all_else_none() {
    let facts = |country: &str, pdd_ms| CallFacts {
        pdd_ms,
        to: PartyFacts {
            country_code: Some(country.to_owned()),
            ..PartyFacts::default()
        },
        ..CallFacts::default()
    };
    let learnt = |global| Rules {
        day: Some(20_000),
        pdd: PddRules {
            p95_ms_by_country: [("ZA".to_owned(), 10_000)].into(),
            p95_ms_global: global,
        },
        ..Rules::built_in()
    };
    let limit = |facts: &CallFacts, rules: &Rules| {
        pdd_limit(facts, rules).map(|limit| {
            (
                limit.p95_ms,
                limit.country.is_some(),
                of_delay(facts, &limit).is_some(),
            )
        })
    };
    let rules = learnt(Some(6_000));
    for (country, pdd_ms, expected) in [
        ("ZA", Some(10_000), Some((10_000, true, false))),
        ("ZA", Some(10_001), Some((10_000, true, true))),
        ("US", Some(6_001), Some((6_000, false, true))),
        ("US", None, None),
    ] {
        assert_eq!(limit(&facts(country, pdd_ms), &rules), expected);
    }
    assert_eq!(limit(&facts("US", Some(99_999)), &learnt(None)), None);
    assert_eq!(limit(&facts("US", Some(99_999)), &Rules::built_in()), None);
}

#[test]
fn short_calls_are_counted_from_the_answer() {
    let facts = |call_type, state, connect_duration_s| CallFacts {
        call_type: Some(call_type),
        state: Some(state),
        duration_s: Some(60),
        connect_duration_s,
        ..CallFacts::default()
    };
    for (call_type, state, connect, expected) in [
        (CallType::Carrier, CallState::Completed, Some(9), true),
        (CallType::Trunking, CallState::Completed, Some(9), true),
        (CallType::Carrier, CallState::Completed, Some(10), false),
        (CallType::Carrier, CallState::Completed, None, false),
        (CallType::Sip, CallState::Completed, Some(9), false),
        (CallType::Carrier, CallState::NoAnswer, Some(0), false),
    ] {
        let found = of_length(&facts(call_type, state, connect));
        assert_eq!(found.is_some(), expected);
    }
}
