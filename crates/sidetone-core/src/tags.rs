//! Findings: what is wrong with a stream or a call, by fixed thresholds and by what is usual for a
//! country.
//!
//! The words of upstream are loose at the boundaries. Here a value *at* the limit of jitter has the
//! tag, a value at any other limit has not. What was not measured is not held to a limit: neither good nor
//! bad.

use std::collections::BTreeSet;

use crate::facts::CallFacts;
use crate::media::{Counters, Stat};
use crate::rules::Rules;
use crate::summary::PddLimit;
use crate::vocabulary::{CallState, CallType, EdgeKind, Tag};

/// Mean jitter from which on, ms.
const JITTER_AVG_MS: f64 = 5.0;
/// Largest jitter from which on, ms. Both must hold.
const JITTER_MAX_MS: f64 = 30.0;
/// A packet this late, ms, is useless to most receivers.
const LATE_MS: u16 = 200;
/// Share of late packets above which, in percent.
const LATE_PERCENT: f64 = 1.0;
/// Share of lost packets above which, in percent.
const LOSS_PERCENT: f64 = 5.0;
/// Mean time within the platform above which, ms.
const LATENCY_MS: f64 = 150.0;
/// Mean round-trip time at the SDK above which, ms.
const RTT_MS: f64 = 400.0;
/// Mean opinion score at the SDK below which.
const MOS: f64 = 3.5;
/// Length of a completed call below which, s.
const SHORT_S: u64 = 10;

/// Findings about one stream. Each synchronisation source is held to the limits alone, and so is their total.
#[must_use]
pub fn of_stream(edge: EdgeKind, counters: &Counters) -> BTreeSet<Tag> {
    let jitter = has_high_jitter(counters.jitter_ms.as_ref());
    let findings = match edge {
        EdgeKind::Sdk => [
            (Tag::HighJitter, jitter),
            (
                Tag::HighLatency,
                counters
                    .rtt_ms
                    .and_then(Stat::mean)
                    .is_some_and(|rtt| rtt > RTT_MS),
            ),
            (
                Tag::LowMos,
                counters
                    .mos
                    .and_then(Stat::mean)
                    .is_some_and(|mos| mos < MOS),
            ),
            (Tag::HighPacketLoss, has_high_loss(counters)),
        ],
        // An edge nobody has named is a gateway too: SDKs name themselves.
        EdgeKind::Carrier | EdgeKind::Sip | EdgeKind::Client | EdgeKind::Unknown => [
            (Tag::HighJitter, jitter || has_late_packets(counters)),
            (
                Tag::HighLatency,
                counters
                    .latency_ms
                    .and_then(Stat::mean)
                    .is_some_and(|latency| latency > LATENCY_MS),
            ),
            (Tag::LowMos, false),
            (Tag::HighPacketLoss, has_high_loss(counters)),
        ],
    };
    findings
        .into_iter()
        .filter_map(|(tag, found)| found.then_some(tag))
        .collect()
}

/// Whether a side of an answered call carried nothing at all. `packets` of all its streams; `None`:
/// not counted.
///
/// Only gateways are looked at. A side without any report is not known to be silent.
#[must_use]
pub fn is_silent(edge: EdgeKind, packets: Option<u64>) -> bool {
    edge != EdgeKind::Sdk && packets == Some(0)
}

/// Whether a post-dial delay is above the limit for its destination.
#[must_use]
pub fn has_high_pdd(facts: &CallFacts, limit: &PddLimit) -> bool {
    facts.pdd_ms.is_some_and(|pdd_ms| pdd_ms > limit.p95_ms)
}

/// The limit that a call's post-dial delay is held to: its destination country's, else that of all
/// countries. `None` when there is no delay, or no limit is known.
#[must_use]
pub fn pdd_limit(facts: &CallFacts, rules: &Rules) -> Option<PddLimit> {
    facts.pdd_ms?;
    let of_country = facts.to.country_code.as_ref().and_then(|country| {
        let p95_ms = *rules.pdd.p95_ms_by_country.get(country)?;
        Some(PddLimit {
            p95_ms,
            country: Some(country.clone()),
        })
    });
    of_country.or_else(|| {
        rules.pdd.p95_ms_global.map(|p95_ms| PddLimit {
            p95_ms,
            country: None,
        })
    })
}

/// Whether it is a completed call over the telephone network that was over at once.
///
/// Counted from the answer, as carriers do: a call that rang for a minute and lasted two seconds is
/// short.
#[must_use]
pub fn is_short_pstn_call(facts: &CallFacts) -> bool {
    let pstn = matches!(
        facts.call_type,
        Some(CallType::Carrier | CallType::Trunking)
    );
    let length_s = facts.connect_duration_s.or(facts.duration_s);
    pstn && facts.state == Some(CallState::Completed)
        && length_s.is_some_and(|seconds| seconds < SHORT_S)
}

fn has_high_jitter(jitter_ms: Option<&Stat>) -> bool {
    let Some(jitter_ms) = jitter_ms else {
        return false;
    };
    jitter_ms.mean().is_some_and(|avg| avg >= JITTER_AVG_MS)
        && jitter_ms
            .max
            .or(jitter_ms.value)
            .is_some_and(|max| max >= JITTER_MAX_MS)
}

fn has_high_loss(counters: &Counters) -> bool {
    counters
        .loss_percent
        .is_some_and(|percent| percent > LOSS_PERCENT)
}

/// Whether too many packets came too late. Bins overlap (later than 300 ms is later than 200 ms),
/// so the largest holds.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of packets are far below 2^53"
)]
fn has_late_packets(counters: &Counters) -> bool {
    let late = counters.delayed_packets.range(LATE_MS..).map(|(_, n)| *n);
    let packets = counters.packets_received.or(counters.packets_sent);
    match (late.max(), packets) {
        (Some(late), Some(packets)) if packets > 0 => {
            late as f64 * 100.0 / packets as f64 > LATE_PERCENT
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::PartyFacts;
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
            assert_eq!(
                of_stream(*edge, counters).contains(&tag),
                expected,
                "{edge} {counters:?}"
            );
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
    fn what_was_not_measured_is_held_to_nothing() {
        for edge in EdgeKind::ALL {
            assert!(of_stream(*edge, &Counters::default()).is_empty());
            assert!(!is_silent(*edge, None));
        }
    }

    #[test]
    fn silence_is_a_count_of_nothing_at_a_gateway() {
        assert!(is_silent(EdgeKind::Carrier, Some(0)));
        assert!(!is_silent(EdgeKind::Carrier, Some(1)));
        assert!(!is_silent(EdgeKind::Sdk, Some(0)));
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
                    has_high_pdd(facts, &limit),
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
            assert_eq!(
                is_short_pstn_call(&facts(call_type, state, connect)),
                expected
            );
        }
    }
}
