//! What a rule watches as Statistics count it: of times that are over, and with calls counted by their
//! start.

use std::collections::HashMap;

use sidetone_core::filter::{ProcessingFilter, SummaryFilter};
use sidetone_core::statistics::Measure;
use sidetone_core::time::TimeUs;
use sidetone_store::statistics::tally::Tally;
use sidetone_store::statistics::{Statistics, StatisticsQuery};

use super::group_by::{GroupBy, told};
use super::measure::{Part, Watched};
use super::rule::Rule;

/// What the calls of a group came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// When the interval began, if it was asked for by intervals.
    pub from: Option<TimeUs>,
    /// Which group; empty: there are none.
    pub group: String,
    /// What is watched, in its unit.
    pub value: Option<f64>,
    /// How many of how many calls, where it is a share.
    pub share: Option<(u64, u64)>,
    /// Of how many calls.
    pub calls: u64,
}

/// What is counted of the calls that started within a time: of a share first the calls that it is of, and
/// then those of them that it is. `None`: Statistics do not count so.
#[must_use]
pub fn queries(rule: &Rule, from: TimeUs, until: TimeUs) -> Option<Vec<StatisticsQuery>> {
    let column = match rule.group_by {
        None => None,
        Some(GroupBy::Dimension(dimension)) => Some(dimension.column),
        Some(GroupBy::Agent) => return None,
    };
    let measure = match rule.definition.measure {
        Watched::Health(_) => return None,
        Watched::Ratio(measure) | Watched::Spread(measure, _) => Some(measure),
        Watched::Score => Some(Measure::CallScore),
        Watched::Calls | Watched::Share => None,
    };
    let query = |filter: SummaryFilter| {
        let mut query = StatisticsQuery::of(SummaryFilter {
            started_from: from,
            started_before: until,
            processing: ProcessingFilter::Completed,
            include_running: false,
            ..filter
        });
        query.zone = rule.zone.clone();
        query.group_by.extend(column);
        query.measures.extend(measure);
        query
    };
    Some(rule.counted().into_iter().map(query).collect())
}

/// What was counted, by interval and group; groups of which nothing is known left out.
#[must_use]
pub fn values(rule: &Rule, counted: &[Statistics]) -> Vec<Counted> {
    let by_group = |statistics: &Statistics| -> Vec<(Option<TimeUs>, String, Tally)> {
        let rows = statistics.rows.iter().filter_map(|row| {
            let group = match (rule.group_by, row.group.first()) {
                (None, _) => String::new(),
                (Some(GroupBy::Dimension(dimension)), Some(value)) => told(dimension, value)?,
                (Some(_), _) => return None,
            };
            Some((row.interval_start, group, row.tally.clone()))
        });
        rows.collect()
    };
    let Some(all) = counted.first().map(by_group) else {
        return Vec::new();
    };
    let some = counted.get(1).map(by_group).unwrap_or_default();
    let some: HashMap<(Option<TimeUs>, String), u64> = some
        .into_iter()
        .map(|(from, group, tally)| ((from, group), tally.calls))
        .collect();
    let watched = rule.definition.measure;
    all.into_iter()
        .map(|(from, group, tally)| {
            let share = match watched {
                Watched::Share => {
                    let some = some.get(&(from, group.clone())).copied();
                    Some((some.unwrap_or(0).min(tally.calls), tally.calls))
                }
                _ => share_of(watched, &tally),
            };
            Counted {
                from,
                value: match share {
                    Some((some, of)) => percent(some, of),
                    None => figure_of(watched, &tally),
                },
                calls: share.map_or(tally.calls, |(_, of)| of),
                group,
                share,
            }
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn percent(some: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| some as f64 * 100.0 / of as f64)
}

/// A ratio as so many of so many.
fn share_of(watched: Watched, tally: &Tally) -> Option<(u64, u64)> {
    let Watched::Ratio(measure) = watched else {
        return None;
    };
    tally.share(measure)
}

/// A figure that is no share.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn figure_of(watched: Watched, tally: &Tally) -> Option<f64> {
    match watched {
        Watched::Calls => Some(tally.calls as f64),
        Watched::Score => tally.mean_score(),
        Watched::Spread(measure, part) => {
            let spread = tally.spread(measure)?;
            let figure = match part {
                Part::Mean => spread.mean()?,
                Part::P50 => spread.percentile(50)? as f64,
                Part::P95 => spread.percentile(95)? as f64,
                Part::P99 => spread.percentile(99)? as f64,
            };
            Some(figure / watched.scale())
        }
        Watched::Share | Watched::Ratio(_) | Watched::Health(_) => None,
    }
}
