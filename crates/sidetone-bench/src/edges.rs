//! What is measured at the edges of a call, of the size that is usual.

use std::collections::BTreeMap;

use sidetone_core::facts::{CallFacts, EdgeFacts};
use sidetone_core::media::{Counters, Stat};
use sidetone_core::summary::{EdgeSummary, NotMeasured};
use sidetone_core::vocabulary::{CallType, EdgeKind, MosMethod, StreamDirection};

use sidetone_bench::random::Random;

/// The edges that a call of its type has.
pub fn of(
    random: &mut Random,
    facts: &CallFacts,
    call_id: &str,
    talk_s: i64,
) -> BTreeMap<EdgeKind, EdgeSummary> {
    let kinds: &[EdgeKind] = match facts.call_type {
        Some(CallType::Sip) => &[EdgeKind::Sip],
        Some(CallType::Trunking) => &[EdgeKind::Sip, EdgeKind::Carrier],
        Some(CallType::Client) => &[EdgeKind::Client, EdgeKind::Sdk],
        _ => &[EdgeKind::Carrier],
    };
    kinds
        .iter()
        .map(|kind| (*kind, edge(random, *kind, call_id, talk_s)))
        .collect()
}

fn edge(random: &mut Random, kind: EdgeKind, call_id: &str, talk_s: i64) -> EdgeSummary {
    let facts = EdgeFacts {
        direction: Some(*random.pick(&[StreamDirection::Inbound, StreamDirection::Outbound])),
        media_region: Some((*random.pick(&["us1", "ie1", "de1", "au1"])).to_owned()),
        signaling_region: Some("us1".to_owned()),
        media_ip: Some(format!("192.0.2.{}", random.below(256))),
        signaling_ip: Some(format!("192.0.2.{}", random.below(256))),
        external_media_ip: Some(format!("203.0.113.{}", random.below(256))),
        external_signaling_ip: Some(format!("203.0.113.{}", random.below(256))),
        sip_call_id: (kind == EdgeKind::Sip).then(|| call_id.to_owned()),
        user_agent: (kind == EdgeKind::Sip).then(|| user_agent(random)),
        ..EdgeFacts::default()
    };
    if talk_s <= 0 {
        let not_measured = Some(NotMeasured::NotAnswered);
        return EdgeSummary {
            facts,
            not_measured,
            ..EdgeSummary::default()
        };
    }
    if random.per_mille(50) {
        let not_measured = Some(NotMeasured::NoMediaReport);
        return EdgeSummary {
            facts,
            not_measured,
            ..EdgeSummary::default()
        };
    }
    EdgeSummary {
        facts,
        inbound: Some(stream(random, talk_s as u64)),
        outbound: Some(stream(random, talk_s as u64)),
        ..EdgeSummary::default()
    }
}

/// Some two hundred products and versions, the more seldom the newer.
fn user_agent(random: &mut Random) -> String {
    let product = random.weighted(&[
        ("Asterisk PBX", 500),
        ("FreeSWITCH-mod_sofia", 250),
        ("Yealink SIP-T46S", 150),
        ("Grandstream GXP2170", 80),
        ("LinphoneAndroid", 19),
        ("baresip", 1),
    ]);
    let version = random.below(6) * random.below(6);
    format!("{product} {}.{version}", 1 + random.below(3))
}

/// A stream of 50 packets a second.
pub fn stream(random: &mut Random, seconds: u64) -> Counters {
    let expected = seconds * 50;
    let lost = if random.per_mille(200) {
        expected * random.below(60) / 1_000
    } else {
        0
    };
    let jitter = random.unit() * 9.0;
    let mos = 4.41 - lost as f64 / expected.max(1) as f64 * 20.0;
    let two = |value: f64| Some((value * 100.0).round() / 100.0);
    Counters {
        codec: Some(0),
        codec_name: Some("pcmu".to_owned()),
        packets_received: Some(expected - lost),
        packets_sent: Some(expected),
        packets_lost: Some(lost as i64),
        loss_percent: two(lost as f64 * 100.0 / expected.max(1) as f64),
        bytes_received: Some((expected - lost) * 160),
        bytes_sent: Some(expected * 160),
        jitter_ms: Some(Stat {
            max: two(jitter * 3.0),
            avg: two(jitter),
            ..Stat::default()
        }),
        rtt_ms: Some(Stat {
            max: two(jitter * 40.0),
            avg: two(jitter * 20.0),
            ..Stat::default()
        }),
        mos: Some(Stat {
            min: two(mos - 0.2),
            max: two(mos),
            avg: two(mos - 0.1),
            ..Stat::default()
        }),
        mos_method: Some(MosMethod::EModel),
        ..Counters::default()
    }
}
