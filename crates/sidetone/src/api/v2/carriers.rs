//! What stood in the way of calls, by the carrier of the called party.

use std::collections::HashMap;

use serde_json::{Value, json};
use sidetone_core::statistics::reach::Reach;
use sidetone_store::facets::Facet;
use sidetone_store::statistics::column::{Column, Own};
use sidetone_store::statistics::tally::Tally;
use sidetone_store::statistics::{GroupValue, StatisticsRow};

use super::figures::{known, percent};

pub(super) const REACH: Column = Column::Own(Own::Reach);
/// What calls are grouped by to tell of carriers.
pub(super) const NETWORK: [Column; 2] = [
    Column::Facet(Facet::ToCountry),
    Column::Facet(Facet::ToCarrier),
];

/// Blocked calls by country and carrier, the rows of [`NETWORK`]: those with the most calls first,
/// as they come.
pub(super) fn blocked<'a>(rows: impl Iterator<Item = (&'a [GroupValue], &'a Tally)>) -> Value {
    let (mut countries, mut carriers): (Vec<Value>, Vec<Vec<Value>>) = Default::default();
    let mut places = HashMap::new();
    for (group, tally) in rows {
        let [country, carrier] = group else { continue };
        let place = *places.entry(country).or_insert_with(|| {
            countries.push(name(country));
            carriers.push(Vec::new());
            carriers.len() - 1
        });
        let all = known(tally, REACH, Reach::WORDS.len());
        let blocked = tally.with_word(REACH, Reach::Blocked.index());
        carriers[place].push(json!({
            "carrier": name(carrier),
            "total_calls": tally.calls,
            "blocked_calls": (all > 0).then_some(blocked),
            "blocked_calls_percentage": percent(blocked, all),
        }));
    }
    let country = |(country, carriers)| json!({"country": country, "carriers": carriers});
    countries.into_iter().zip(carriers).map(country).collect()
}

/// Those of a row.
pub(super) fn of_row(row: &StatisticsRow) -> (&[GroupValue], &Tally) {
    (&row.group, &row.tally)
}

/// Calls to numbers that nobody has, of those of which it is known what became of them.
pub(super) fn to_unallocated(tally: &Tally) -> Option<f64> {
    let all = known(tally, REACH, Reach::WORDS.len());
    percent(tally.with_word(REACH, Reach::Unallocated.index()), all)
}

/// The text of a group; null where it is not known.
pub(super) fn name(group: &GroupValue) -> Value {
    match group {
        GroupValue::Text(text) => text.as_str().into(),
        GroupValue::Number(_) | GroupValue::Unknown => Value::Null,
    }
}
