//! Figures that several reports tell, each as `docs/reports.md` defines it. What nothing is known
//! of is null.

use serde_json::{Map, Value, json};
use sidetone_core::statistics::media::MediaFinding;
use sidetone_core::statistics::talk::TalkLength;
use sidetone_core::vocabulary::{AnsweredBy, CallState};
use sidetone_store::facets::Facet;
use sidetone_store::statistics::column::{Column, Own};
use sidetone_store::statistics::tally::Tally;

pub(super) const STATE: Column = Column::Facet(Facet::CallState);
pub(super) const ANSWERED_BY: Column = Column::Facet(Facet::AnsweredBy);
pub(super) const MEDIA: Column = Column::Own(Own::Media);
pub(super) const LENGTH: Column = Column::Own(Own::TalkLength);

/// The states that reports tell of. Calls that are over are in one of them.
const STATES: [CallState; 5] = [
    CallState::Completed,
    CallState::Fail,
    CallState::Busy,
    CallState::NoAnswer,
    CallState::Canceled,
];

/// With two decimals.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Some of all in percent. `None`: there are none at all.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(super) fn percent(some: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| rounded(some as f64 * 100.0 / of as f64))
}

/// How many calls have a word of a closed set, by its place. A column of flags has 0 and 1.
pub(super) fn sum(tally: &Tally, column: Column, places: impl IntoIterator<Item = u8>) -> u64 {
    let counts = places
        .into_iter()
        .map(|place| tally.with_word(column, place));
    counts.sum()
}

/// Of how many calls it is known which word of a closed set they have.
pub(super) fn known(tally: &Tally, column: Column, words: usize) -> u64 {
    sum(tally, column, 0..u8::try_from(words).unwrap_or(u8::MAX))
}

/// Calls that the network brought to somebody: its effectiveness (ITU-T E.425).
pub(super) fn deliverability(tally: &Tally) -> Option<f64> {
    percent(delivered(tally), tally.seizures())
}

/// Calls that somebody answered, of those that were brought to him.
pub(super) fn answer_score(tally: &Tally) -> Option<f64> {
    percent(tally.answered(), delivered(tally))
}

const fn delivered(tally: &Tally) -> u64 {
    tally.answered() + tally.effective()
}

/// Calls that somebody answered, of all that are over (ITU-T E.411).
pub(super) fn answer_rate(tally: &Tally) -> Option<f64> {
    percent(tally.answered(), tally.seizures())
}

/// Calls by state.
pub(super) fn states(tally: &Tally) -> Value {
    let counts = STATES.map(|state| {
        let count = tally.with_word(STATE, state.index());
        (state.as_str().to_owned(), count.into())
    });
    Value::Object(Map::from_iter(counts))
}

/// The same in percent.
pub(super) fn state_percentages(tally: &Tally) -> Value {
    let all = known(tally, STATE, CallState::WORDS.len());
    let shares = STATES.map(|state| {
        let share = percent(tally.with_word(STATE, state.index()), all);
        (state.as_str().to_owned(), share.into())
    });
    Value::Object(Map::from_iter(shares))
}

/// Calls with a finding about their media, of those that were measured.
pub(super) fn finding(tally: &Tally, column: Column, finding: MediaFinding) -> Option<f64> {
    finding_among(tally, column, finding, MediaFinding::Measured)
}

/// The same, of those with another one.
pub(super) fn finding_among(
    tally: &Tally,
    column: Column,
    finding: MediaFinding,
    among: MediaFinding,
) -> Option<f64> {
    percent(
        tally.with_word(column, finding.index()),
        tally.with_word(column, among.index()),
    )
}

/// Completed calls of a length, of those whose length is known.
pub(super) fn of_length(tally: &Tally, length: TalkLength) -> Option<f64> {
    let all = known(tally, LENGTH, TalkLength::WORDS.len());
    percent(tally.with_word(LENGTH, length.index()), all)
}

/// What answering machine detection found.
pub(super) fn answering_machine_detection(tally: &Tally) -> Value {
    let all = known(tally, ANSWERED_BY, AnsweredBy::WORDS.len());
    let machines = sum(
        tally,
        ANSWERED_BY,
        [
            AnsweredBy::MachineStart,
            AnsweredBy::MachineEndBeep,
            AnsweredBy::MachineEndSilence,
            AnsweredBy::MachineEndOther,
            AnsweredBy::Fax,
        ]
        .map(AnsweredBy::index),
    );
    json!({
        "total_calls": all,
        "answered_by_human_percentage": human_rate(tally),
        "answered_by_machine_percentage": percent(machines, all),
    })
}

/// Calls that a human answered, of those that detection was on for.
pub(super) fn human_rate(tally: &Tally) -> Option<f64> {
    let all = known(tally, ANSWERED_BY, AnsweredBy::WORDS.len());
    percent(tally.with_word(ANSWERED_BY, AnsweredBy::Human.index()), all)
}
