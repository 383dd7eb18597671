//! Outbound calls to the telephone network by what makes them trusted: branding, voice integrity,
//! attestation.

use serde_json::{Map, Value, json};
use sidetone_core::filter::SummaryFilter;
use sidetone_core::statistics::Measure;
use sidetone_core::statistics::talk::TalkLength;
use sidetone_store::facets::Facet;
use sidetone_store::statistics::column::{Column, Own};
use sidetone_store::statistics::tally::Tally;
use sidetone_store::statistics::{GroupValue, Statistics, StatisticsQuery};

use super::carriers::name;
use super::figures::{ANSWERED_BY, LENGTH, answer_rate, human_rate, known, of_length, percent};

/// Flags of which the account report needs to know whether any call has them.
pub(super) const BRANDED: Column = Column::Facet(Facet::BrandedEnabled);
pub(super) const INTEGRITY: Column = Column::Facet(Facet::IntegrityEnabled);

const ATTESTATION: Column = Column::Own(Own::Attestation);
const FROM: Column = Column::Own(Own::From);
const LEVELS: [&str; 3] = ["A", "B", "C"];

/// What is counted of branded calls, of those with voice integrity, and by attestation.
pub(super) fn queries(calls: &StatisticsQuery) -> [StatisticsQuery; 4] {
    let of = |column: Option<Column>, narrow: fn(&mut SummaryFilter)| {
        let mut query = StatisticsQuery {
            group_by: column.into_iter().collect(),
            measures: vec![Measure::Answered],
            words: vec![ANSWERED_BY, LENGTH],
            different: vec![FROM],
            ..calls.clone()
        };
        narrow(&mut query.filter);
        query
    };
    let is_branded: fn(&mut SummaryFilter) = |filter| filter.branded_enabled = Some(true);
    let has_integrity: fn(&mut SummaryFilter) =
        |filter| filter.voice_integrity_enabled = Some(true);
    [
        of(None, is_branded),
        of(Some(Column::Facet(Facet::BrandedUseCase)), is_branded),
        of(Some(Column::Facet(Facet::IntegrityBundle)), has_integrity),
        of(Some(ATTESTATION), |_| {}),
    ]
}

/// `all`: all outbound calls to the telephone network, branded or not.
pub(super) fn branded_calling(all: &Tally, branded: &Tally, by_use_case: &Statistics) -> Value {
    let is_known = known(all, BRANDED, 2) > 0;
    let use_cases = by_use_case.rows.iter().map(|row| {
        json!({
            "use_case": row.group.first().map(name),
            "enabled_phonenumbers": row.tally.different(FROM),
            "total_calls": row.tally.calls,
            "answer_rate": answer_rate(&row.tally),
            "human_answer_rate": human_rate(&row.tally),
            "engagement_rate": engagement_rate(&row.tally),
        })
    });
    json!({
        "total_branded_calls": is_known.then_some(branded.calls),
        "percent_branded_calls": share(branded.calls, all, is_known),
        "answer_rate": answer_rate(branded),
        "human_answer_rate": human_rate(branded),
        "engagement_rate": engagement_rate(branded),
        "by_use_case": is_known.then(|| use_cases.collect::<Vec<_>>()),
    })
}

/// Completed calls that went on for a minute.
fn engagement_rate(tally: &Tally) -> Option<f64> {
    of_length(tally, TalkLength::Long)
}

/// Of all calls, also those of which nothing is said: who brands calls says it of each.
fn share(some: u64, all: &Tally, is_known: bool) -> Option<f64> {
    percent(some, all.calls).filter(|_| is_known)
}

/// `all` as in [`branded_calling`].
pub(super) fn voice_integrity(all: &Tally, by_bundle: &Statistics) -> Value {
    let is_known = known(all, INTEGRITY, 2) > 0;
    let bundles = by_bundle.rows.iter().map(|row| {
        json!({
            "bundle_sid": row.group.first().map(name),
            "enabled_phonenumbers": row.tally.different(FROM),
            "total_calls": row.tally.calls,
            "answer_rate": answer_rate(&row.tally),
            "human_answer_rate": human_rate(&row.tally),
        })
    });
    json!({
        "enabled_calls": is_known.then_some(by_bundle.calls),
        "enabled_percentage": share(by_bundle.calls, all, is_known),
        "calls_per_bundle": is_known.then(|| bundles.collect::<Vec<_>>()),
    })
}

/// Calls by the attestation that was seen.
pub(super) fn stir_shaken(by_attestation: &Statistics) -> Value {
    let of = |level: &str| {
        let mut rows = by_attestation.rows.iter();
        let is_it = |value: &GroupValue| matches!(value, GroupValue::Text(text) if text == level);
        rows.find(|row| row.group.first().is_some_and(is_it))
            .map(|row| &row.tally)
    };
    let tallies = LEVELS.map(of);
    let attested: u64 = tallies.iter().flatten().map(|tally| tally.calls).sum();
    let by_level = |value: &dyn Fn(Option<&Tally>) -> Value| {
        let levels = LEVELS.iter().zip(tallies);
        let key = |level: &str| format!("stsh_{}", level.to_ascii_lowercase());
        Value::Object(Map::from_iter(
            levels.map(|(level, tally)| (key(level), value(tally))),
        ))
    };
    let calls = |tally: Option<&Tally>| tally.map_or(0, |tally| tally.calls);
    json!({
        "call_count": by_level(&|tally| (attested > 0).then_some(calls(tally)).into()),
        "percentage": by_level(&|tally| percent(calls(tally), attested).into()),
        "answer_rate": by_level(&|tally| tally.and_then(answer_rate).into()),
    })
}
