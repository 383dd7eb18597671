//! Reports on calls by the account's own number: the one that was called, or that called.

use std::collections::HashMap;

use serde_json::{Value, json};
use sidetone_core::statistics::Measure;
use sidetone_core::statistics::media::MediaFinding;
use sidetone_core::statistics::talk::TalkLength;
use sidetone_store::statistics::column::{Column, Own};
use sidetone_store::statistics::tally::Tally;
use sidetone_store::statistics::{GroupValue, Statistics, StatisticsQuery};

use super::carriers::{NETWORK, REACH, blocked, to_unallocated};
use super::figures::{
    ANSWERED_BY, LENGTH, MEDIA, STATE, answer_score, answering_machine_detection, finding,
    of_length, percent, state_percentages,
};

/// How called parties are connected; who is connected otherwise is unknown to reports, the last.
const DEVICES: [&str; 4] = ["voip", "mobile", "landline", "unknown"];

/// What is counted of inbound calls, for so many numbers.
pub(super) fn inbound_queries(calls: &StatisticsQuery, size: usize) -> Vec<StatisticsQuery> {
    vec![StatisticsQuery {
        group_by: vec![Column::Own(Own::To)],
        measures: vec![Measure::Answered],
        words: vec![STATE, MEDIA],
        groups_max: more_than(size),
        ..calls.clone()
    }]
}

/// What is counted of outbound calls.
pub(super) fn outbound_queries(calls: &StatisticsQuery, size: usize) -> Vec<StatisticsQuery> {
    let from = Column::Own(Own::From);
    let [country, carrier] = NETWORK;
    vec![
        StatisticsQuery {
            group_by: vec![from],
            measures: vec![Measure::Answered],
            words: vec![STATE, MEDIA, ANSWERED_BY, LENGTH, REACH],
            groups_max: more_than(size),
            ..calls.clone()
        },
        StatisticsQuery {
            group_by: vec![from, Column::Own(Own::ToConnection)],
            measures: vec![Measure::Answered],
            ..calls.clone()
        },
        StatisticsQuery {
            group_by: vec![from, country, carrier],
            words: vec![REACH],
            ..calls.clone()
        },
    ]
}

/// One group is that of calls of no known number, which no report tells of.
const fn more_than(size: usize) -> usize {
    size.saturating_add(1)
}

/// The numbers of what was counted, those with the most calls first, so many at most.
fn numbers(told: Option<&Statistics>, size: usize) -> impl Iterator<Item = (&String, &Tally)> {
    let rows = told.into_iter().flat_map(|told| &told.rows);
    let numbers = rows.filter_map(|row| match &row.group[..] {
        [GroupValue::Text(number)] => Some((number, &row.tally)),
        _ => None,
    });
    numbers.take(size)
}

/// A report on inbound calls, a number each.
pub(super) fn inbound(told: &[Statistics], size: usize) -> Vec<Value> {
    let number = |(number, tally): (&String, &Tally)| {
        json!({
            "handle": number,
            "total_calls": tally.calls,
            "call_answer_score": answer_score(tally),
            "call_state_percentage": state_percentages(tally),
            "silent_calls_percentage": finding(tally, MEDIA, MediaFinding::Silence),
        })
    };
    numbers(told.first(), size).map(number).collect()
}

/// Rows by number and more, with the rest of what they are grouped by.
type ByNumber<'a> = HashMap<&'a String, Vec<(&'a [GroupValue], &'a Tally)>>;

fn by_number(told: Option<&Statistics>) -> ByNumber<'_> {
    let mut rows = ByNumber::new();
    for row in told.into_iter().flat_map(|told| &told.rows) {
        if let [GroupValue::Text(number), rest @ ..] = &row.group[..] {
            rows.entry(number).or_default().push((rest, &row.tally));
        }
    }
    rows
}

/// A report on outbound calls, a number each.
pub(super) fn outbound(told: &[Statistics], size: usize) -> Vec<Value> {
    let (devices, networks) = (by_number(told.get(1)), by_number(told.get(2)));
    let number = |(number, tally): (&String, &Tally)| {
        let (calls, answer_rates) = of_devices(devices.get(number));
        let networks = networks.get(number).into_iter().flatten().copied();
        json!({
            "handle": number,
            "total_calls": tally.calls,
            "call_answer_score": answer_score(tally),
            "calls_by_device_type": calls,
            "answer_rate_device_type": answer_rates,
            "call_state_percentage": state_percentages(tally),
            "blocked_calls_by_carrier": blocked(networks),
            "silent_calls_percentage": finding(tally, MEDIA, MediaFinding::Silence),
            "short_duration_calls_percentage": of_length(tally, TalkLength::Short),
            "long_duration_calls_percentage": of_length(tally, TalkLength::Long),
            "potential_robocalls_percentage": to_unallocated(tally),
            "answering_machine_detection": answering_machine_detection(tally),
        })
    };
    numbers(told.first(), size).map(number).collect()
}

/// Calls by the device of the called party, and how many of them were answered.
fn of_devices(rows: Option<&Vec<(&[GroupValue], &Tally)>>) -> (Value, Value) {
    // Calls, answered ones, and all that are over.
    let mut counts = [[0; 3]; DEVICES.len()];
    for (group, tally) in rows.into_iter().flatten() {
        let device = match group {
            [GroupValue::Text(text)] => DEVICES.iter().position(|device| device == text),
            _ => None,
        };
        let [calls, answered, seizures] = &mut counts[device.unwrap_or(DEVICES.len() - 1)];
        *calls += tally.calls;
        *answered += tally.answered();
        *seizures += tally.seizures();
    }
    let of = |value: fn([u64; 3]) -> Value| {
        let devices = DEVICES.iter().zip(counts);
        let of = devices.map(|(device, counts)| ((*device).to_owned(), value(counts)));
        Value::Object(of.collect())
    };
    (
        of(|[calls, ..]| calls.into()),
        of(|[_, answered, seizures]| percent(answered, seizures).into()),
    )
}
