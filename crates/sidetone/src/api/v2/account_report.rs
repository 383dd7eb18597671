//! The report on all calls of an account together.

use serde_json::{Map, Value, json};
use sidetone_core::statistics::Measure;
use sidetone_core::statistics::media::MediaFinding;
use sidetone_core::statistics::talk::TalkLength;
use sidetone_core::vocabulary::{CallDirection, CallType};
use sidetone_store::facets::Facet;
use sidetone_store::statistics::column::{Column, Own};
use sidetone_store::statistics::tally::Tally;
use sidetone_store::statistics::{GroupValue, Statistics, StatisticsQuery};

use super::carriers::{NETWORK, REACH, blocked, of_row, to_unallocated};
use super::figures::{
    ANSWERED_BY, LENGTH, MEDIA, STATE, answer_score, answering_machine_detection, deliverability,
    finding, finding_among, known, of_length, rounded, states, sum,
};
use super::request::{INBOUND, OUTBOUND};
use super::trust;

const DIRECTION: Column = Column::Facet(Facet::Direction);
const TYPE: Column = Column::Facet(Facet::CallType);
const SDK: Column = Column::Own(Own::SdkMedia);
const GATEWAY: Column = Column::Own(Own::GatewayMedia);
const FROM: Column = Column::Own(Own::From);
const TO: Column = Column::Own(Own::To);

/// What is counted of calls for it. Those of `outbound` are the outbound ones to the telephone
/// network; `None`: there are none among them.
pub(super) fn queries(
    calls: &StatisticsQuery,
    outbound: Option<&StatisticsQuery>,
) -> Vec<StatisticsQuery> {
    let by = |column| StatisticsQuery {
        group_by: vec![column],
        ..calls.clone()
    };
    let mut queries = vec![
        StatisticsQuery {
            measures: vec![Measure::Answered, Measure::Talk, Measure::QueueTime],
            words: vec![STATE, DIRECTION, TYPE, ANSWERED_BY, MEDIA, SDK, GATEWAY],
            ..calls.clone()
        },
        by(Column::Own(Own::EdgeLocations)),
        by(Column::Facet(Facet::FromCountry)),
        by(Column::Facet(Facet::ToCountry)),
    ];
    if let Some(outbound) = outbound {
        queries.push(StatisticsQuery {
            words: vec![LENGTH, REACH, trust::BRANDED, trust::INTEGRITY],
            different: vec![FROM, TO],
            ..outbound.clone()
        });
        queries.push(StatisticsQuery {
            group_by: NETWORK.to_vec(),
            words: vec![REACH],
            ..outbound.clone()
        });
        queries.extend(trust::queries(outbound));
    }
    queries
}

/// The report, of what was counted.
pub(super) fn report(mut told: Vec<Statistics>) -> Value {
    // Of no calls there is nothing.
    told.resize(10, Statistics::default());
    let [whole, places, from, to, outbound @ ..] = &told[..] else {
        return Value::Null;
    };
    let nothing = Tally::default();
    let whole = total(whole, &nothing);
    json!({
        "call_deliverability_score": deliverability(whole),
        "call_answer_score": answer_score(whole),
        "total_calls": whole.calls,
        "call_direction": directions(whole),
        "call_state": states(whole),
        "call_type": types(whole),
        "aloc": mean(whole, Measure::Talk),
        "twilio_edge_location": by_name(places),
        "caller_country_code": by_name(from),
        "callee_country_code": by_name(to),
        "average_queue_time_ms": mean(whole, Measure::QueueTime),
        "silent_calls_percentage": finding(whole, MEDIA, MediaFinding::Silence),
        "network_issues": network_issues(whole),
        "KYT": {"outbound_carrier_calling": outbound_carrier_calling(outbound)},
        "answering_machine_detection": answering_machine_detection(whole),
    })
}

/// What all calls of a count come to.
fn total<'a>(told: &'a Statistics, nothing: &'a Tally) -> &'a Tally {
    told.rows.first().map_or(nothing, |row| &row.tally)
}

fn mean(tally: &Tally, measure: Measure) -> Option<f64> {
    tally.spread(measure)?.mean().map(rounded)
}

/// A number of calls; null where no call says what is counted.
fn count_known(tally: &Tally, column: Column, words: usize, places: &[u8]) -> Option<u64> {
    let is_known = tally.calls == 0 || known(tally, column, words) > 0;
    is_known.then(|| sum(tally, column, places.iter().copied()))
}

fn directions(tally: &Tally) -> Value {
    let count = |directions: &[CallDirection]| {
        let places: Vec<u8> = directions.iter().map(|it| it.index()).collect();
        count_known(tally, DIRECTION, CallDirection::WORDS.len(), &places)
    };
    json!({"outbound": count(&OUTBOUND), "inbound": count(&INBOUND)})
}

fn types(tally: &Tally) -> Value {
    let types = CallType::ALL.iter().map(|kind| {
        let calls = count_known(tally, TYPE, CallType::WORDS.len(), &[kind.index()]);
        (kind.as_str().to_owned(), calls.into())
    });
    Value::Object(Map::from_iter(types))
}

/// Calls by a text; those of which it is not known are left out.
fn by_name(told: &Statistics) -> Value {
    let named = told.rows.iter().filter_map(|row| match row.group.first()? {
        GroupValue::Text(text) => Some((text.clone(), row.tally.calls.into())),
        GroupValue::Unknown | GroupValue::Number(_) => None,
    });
    Value::Object(Map::from_iter(named))
}

fn network_issues(tally: &Tally) -> Value {
    use MediaFinding::{Edge, HighJitter, HighLatency, HighPacketLoss, IceFailure};
    json!({
        "sdk": {
            "ice_failures_percentage": finding_among(tally, SDK, IceFailure, Edge),
            "high_latency_percentage": finding(tally, SDK, HighLatency),
            "high_packet_loss_percentage": finding(tally, SDK, HighPacketLoss),
            "high_jitter_percentage": finding(tally, SDK, HighJitter),
        },
        "twilio_gateway": {
            "high_latency_percentage": finding(tally, GATEWAY, HighLatency),
            "high_packet_loss_percentage": finding(tally, GATEWAY, HighPacketLoss),
            "high_jitter_percentage": finding(tally, GATEWAY, HighJitter),
        },
    })
}

fn outbound_carrier_calling(told: &[Statistics]) -> Value {
    let [whole, networks, branded, use_cases, bundles, attestations] = told else {
        return Value::Null;
    };
    let nothing = Tally::default();
    let (whole, branded) = (total(whole, &nothing), total(branded, &nothing));
    json!({
        "unique_calling_numbers": whole.different(FROM),
        "unique_called_numbers": whole.different(TO),
        "blocked_calls_by_carrier": blocked(networks.rows.iter().map(of_row)),
        "short_duration_calls_percentage": of_length(whole, TalkLength::Short),
        "long_duration_calls_percentage": of_length(whole, TalkLength::Long),
        "potential_robocalls_percentage": to_unallocated(whole),
        "branded_calling": trust::branded_calling(whole, branded, use_cases),
        "voice_integrity": trust::voice_integrity(whole, bundles),
        "stir_shaken": trust::stir_shaken(attestations),
    })
}
