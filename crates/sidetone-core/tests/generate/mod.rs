//! Events as they come, and as nobody should send them.

mod packets;

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use sidetone_core::annotation::Annotation;
use sidetone_core::event::{
    CallEvent, EdgeEvent, ImportStage, ImportedSummary, Observation, Source, SourceKind, Step,
    Timer,
};
use sidetone_core::facts::{CallFacts, EdgeFacts, PartyFacts, TrustFacts};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::media::{Counters, MediaSample, Stat};
use sidetone_core::rules::{PddRules, Rules};
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{
    AnsweredBy, CallDirection, CallState, CallType, EdgeKind, Level, MosMethod, StreamDirection,
    Tag,
};

pub(crate) const CALL: CallRef = CallRef {
    account: AccountSid::from_bytes([1; 16]),
    sid: CallSid::from_bytes([2; 16]),
};

/// 2026-06-01T09:00:00Z.
const START_US: i64 = 1_780_304_400_000_000;

/// Events of one call. Each has an id of its own, as the same id always means the same event.
pub(crate) fn events() -> impl Strategy<Value = Vec<CallEvent>> {
    vec((time(), source(), observation()), 0..14).prop_map(|parts| {
        parts
            .into_iter()
            .enumerate()
            .map(|(number, (at, source, observation))| CallEvent {
                id: format!("e{number}").try_into().unwrap(),
                call: CALL,
                at,
                source,
                observation,
            })
            .collect()
    })
}

/// Limits that some of the calls exceed.
pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    (of(0_i64..30_000), of(0_u64..5_000), of(0_u64..5_000)).prop_map(|(day, country, all)| Rules {
        day,
        pdd: PddRules {
            p95_ms_by_country: country
                .map(|p95_ms| ("US".to_owned(), p95_ms))
                .into_iter()
                .collect(),
            p95_ms_global: all,
        },
        ..Rules::built_in()
    })
}

/// Something of a kind that this version does not know.
pub(crate) fn unknown() -> impl Strategy<Value = Observation> {
    value().prop_map(|value| Observation::Unknown(json!({"kind": "weather", "sky": value})))
}

/// Mostly within a call, often the same as another, sometimes beyond all measure.
fn time() -> impl Strategy<Value = TimeUs> {
    prop_oneof![
        8 => (0_i64..20).prop_map(|step| TimeUs::from_micros(START_US + step * 500_000)),
        2 => (0_i64..600_000_000).prop_map(|us| TimeUs::from_micros(START_US + us)),
        1 => any::<i64>().prop_map(TimeUs::from_micros),
        1 => select(vec![i64::MIN, i64::MAX, 0, -1]).prop_map(TimeUs::from_micros),
    ]
}

fn source() -> impl Strategy<Value = Source> {
    (select(SourceKind::ALL), of("[a-z]{1,3}"), any::<u16>()).prop_map(
        |(kind, agent, translator)| Source {
            kind,
            agent,
            translator,
        },
    )
}

fn observation() -> BoxedStrategy<Observation> {
    prop_oneof![
        6 => (select(Step::ALL), of(any::<u32>()), facts()).prop_map(|(step, sequence, facts)| {
            Observation::Progress { step, sequence, facts: Box::new(facts) }
        }),
        2 => facts().prop_map(|facts| Observation::Facts { facts: Box::new(facts) }),
        6 => sample().prop_map(|sample| Observation::Media(Box::new(sample))),
        3 => edge_event().prop_map(|event| Observation::Edge(Box::new(event))),
        1 => imported().prop_map(|summary| Observation::Imported(Box::new(summary))),
        1 => select(vec![Timer::Settled, Timer::EndNotSeen])
            .prop_map(|timer| Observation::Timer { timer }),
        4 => packets::sip().prop_map(|sip| Observation::Sip { sip: Box::new(sip) }),
        4 => packets::rtcp().prop_map(|rtcp| Observation::Rtcp { rtcp: Box::new(rtcp) }),
        1 => packets::vq().prop_map(|vq| Observation::Vq { vq: Box::new(vq) }),
        1 => unknown(),
    ]
    .boxed()
}

fn facts() -> BoxedStrategy<CallFacts> {
    let words = (
        rare(select(CallType::ALL)),
        rare(select(CallState::ALL)),
        rare(select(CallDirection::ALL)),
        rare(select(AnsweredBy::ALL)),
        rare(vec(select(Tag::ALL), 0..3)),
        rare(any::<[u8; 16]>().prop_map(CallSid::from_bytes)),
    );
    let times = (rare(time()), rare(time()), rare(time()), rare(time()));
    let numbers = (
        rare(count()),
        rare(count()),
        rare(count()),
        rare(100_u16..700),
        rare(0_u8..128),
        rare(any::<bool>()),
    );
    let parts = (
        party(),
        party(),
        rare(any::<bool>()),
        rare(set_value()),
        edges(),
    );
    (words, times, numbers, parts)
        .prop_map(|(words, times, numbers, parts)| CallFacts {
            call_type: words.0,
            state: words.1,
            direction: words.2,
            answered_by: words.3,
            tags: words.4,
            parent: words.5,
            created_at: times.0,
            started_at: times.1,
            answered_at: times.2,
            ended_at: times.3,
            duration_s: numbers.0,
            connect_duration_s: numbers.1,
            pdd_ms: numbers.2,
            last_sip_response: numbers.3,
            q850_cause: numbers.4,
            conference_participant: numbers.5,
            from: parts.0,
            to: parts.1,
            trust: TrustFacts {
                verified_caller: parts.2,
                ..TrustFacts::default()
            },
            agent_sessions: parts.3,
            edges: parts.4,
            ..CallFacts::default()
        })
        .boxed()
}

fn party() -> BoxedStrategy<PartyFacts> {
    let address = prop_oneof![
        "\\+1[2-9][0-9]{9}",
        "\\+[0-9]{0,17}",
        "(sip|sips|tel|client|whatsapp):.{0,20}",
        "sip:\\+[0-9]{5,15}@[a-z]{1,5}",
        ".{0,20}",
    ];
    (
        rare(address),
        rare("[A-Z]{2}"),
        rare(".{0,10}"),
        rare(number()),
        rare(set_value()),
    )
        .prop_map(
            |(address, country_code, carrier, latitude, sdk)| PartyFacts {
                address,
                country_code,
                carrier,
                latitude,
                longitude: latitude,
                sdk,
                ..PartyFacts::default()
            },
        )
        .boxed()
}

fn edges() -> BoxedStrategy<BTreeMap<EdgeKind, EdgeFacts>> {
    let edge = (
        rare(select(StreamDirection::ALL)),
        rare(counters()),
        rare(counters()),
        rare(vec(select(Tag::ALL), 0..3)),
        rare(set_value()),
    )
        .prop_map(|(direction, inbound, outbound, tags, events)| EdgeFacts {
            direction,
            inbound,
            outbound,
            tags,
            events,
            ..EdgeFacts::default()
        });
    prop_oneof![
        3 => Just(BTreeMap::new()),
        1 => btree_map(select(EdgeKind::ALL), edge, 0..3),
    ]
    .boxed()
}

fn sample() -> BoxedStrategy<MediaSample> {
    (
        select(EdgeKind::ALL),
        select(StreamDirection::ALL),
        of(0_u32..3),
        counters(),
        prop_oneof![Just(Counters::default()), counters()],
        rare(set_value()),
    )
        .prop_map(
            |(edge, direction, ssrc, interval, cumulative, metadata)| MediaSample {
                edge,
                direction,
                ssrc,
                interval,
                cumulative,
                metadata,
            },
        )
        .boxed()
}

fn counters() -> BoxedStrategy<Counters> {
    let codec = (
        of(select(vec![0_u8, 8, 18, 111])),
        of(select(vec!["pcmu", "g729", "opus", "?"])),
    );
    let counts = (
        of(count()),
        of(count()),
        of(prop_oneof![-5_i64..50, any::<i64>()]),
        of(number()),
        rare(count()),
    );
    let stats = (
        of(stat()),
        rare(stat()),
        of(stat()),
        rare(stat()),
        of(select(MosMethod::ALL)),
    );
    let late = btree_map(select(vec![0_u16, 50, 200, 300, u16::MAX]), count(), 0..3);
    (codec, counts, stats, late)
        .prop_map(|(codec, counts, stats, delayed_packets)| Counters {
            codec: codec.0,
            codec_name: codec.1.map(str::to_owned),
            packets_received: counts.0,
            packets_sent: counts.1,
            packets_lost: counts.2,
            loss_percent: counts.3,
            bytes_received: counts.4,
            bytes_sent: counts.4,
            jitter_ms: stats.0,
            latency_ms: stats.1,
            rtt_ms: stats.2,
            mos: stats.3,
            mos_method: stats.4,
            audio_in: stats.1,
            audio_out: stats.3,
            delayed_packets,
        })
        .boxed()
}

fn edge_event() -> BoxedStrategy<EdgeEvent> {
    let data = prop_oneof![
        Just(json!({"error": {"code": 31005, "message": "gone"}})),
        Just(json!({"feedback": {"score": 2, "reason": "echo"}})),
        set_value(),
    ];
    (
        of(select(EdgeKind::ALL)),
        select(vec!["ice-connection-state", "feedback", "connection"]),
        select(vec!["failed", "received", "muted"]),
        of(select(Level::ALL)),
        of(data),
        rare(set_value()),
    )
        .prop_map(
            |(edge, group, name, level, data, conversation_relay)| EdgeEvent {
                edge,
                group: group.to_owned(),
                name: name.to_owned(),
                level,
                data,
                conversation_relay,
            },
        )
        .boxed()
}

fn imported() -> BoxedStrategy<ImportedSummary> {
    let stages = vec![
        ImportStage::Partial,
        ImportStage::PredictedComplete,
        ImportStage::Complete,
    ];
    (select(stages), 0_u32..3, facts(), value())
        .prop_map(|(stage, version, facts, raw)| ImportedSummary {
            stage,
            version,
            processing: None,
            facts: Box::new(facts),
            annotation: Annotation::default(),
            raw: json!({"call_state": "completed", "more": raw}),
        })
        .boxed()
}

fn stat() -> BoxedStrategy<Stat> {
    (of(number()), of(number()), of(number()), of(number()))
        .prop_map(|(value, min, max, avg)| Stat {
            value,
            min,
            max,
            avg,
        })
        .boxed()
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..1_000, 1 => any::<u64>(), 1 => Just(u64::MAX)]
}

/// Any number JSON can hold.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => 0.0..100.0,
        1 => POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO,
        1 => select(vec![0.0, -0.0, 1.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE]),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        number().prop_map(Value::from),
        ".{0,10}".prop_map(Value::from),
        vec(any::<bool>(), 0..3).prop_map(Value::from),
    ]
}

/// A value that is there: in JSON, null is none.
fn set_value() -> impl Strategy<Value = Value> {
    value().prop_map(|value| json!({ "it": value }))
}

fn rare<S: Strategy>(strategy: S) -> impl Strategy<Value = Option<S::Value>>
where
    S::Value: Clone,
{
    weighted(0.15, strategy)
}
