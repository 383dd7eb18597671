//! Finding the hours in which there can be a match, from the rollups.
//!
//! Every condition is a walk over the hours its values occur in. The walks are advanced together to
//! the next hour that all of them have. Where a condition's calls are known one by one, so are the
//! candidates of the hour.

use super::condition::{Condition, Wanted};
use super::effort::Effort;
use super::hour_rows::HourRows;
use super::masked_hours::MaskedHours;
use super::ruled_out::RuledOut;
use super::scan_range::ScanRange;
use super::{figure_hours, judged_hours};
use crate::error::Result;
use crate::rollups::posting::{self, Posting};
use crate::rows::facet::{FACETS, NOT_COUNTED};
use crate::rows::paging::Toward;

/// What a step of a walk comes to.
pub(crate) enum Step {
    /// There may be matches.
    Hour(Hour),
    /// Nothing that matches was passed.
    Nothing,
}

/// An hour that may hold matches.
pub(crate) struct Hour {
    pub(crate) hour: i64,
    /// All that can match, in the order of the list's keys, ascending. `None`: look into the hour.
    pub(crate) candidates: Option<Vec<Posting>>,
}

/// Hours that are fetched first.
const FETCH_FIRST: usize = 4;

/// The hours of one value.
struct ValueHours {
    dim: i64,
    value: i64,
    rows: HourRows,
}

impl ValueHours {
    /// The first hour that is not met before `hour`.
    fn seek(&mut self, range: &ScanRange<'_>, hour: i64) -> Result<Option<i64>> {
        let order = match range.toward {
            Toward::End => "hour desc",
            Toward::Beginning => "hour",
        };
        let (dim, value) = (self.dim, self.value);
        self.rows.seek(range, hour, |first, last| {
            let sql = format!(
                "select hour, calls from rollup
                 where account = ? and axis = ? and dim = ? and value = ? and hour between ? and ?
                 order by {order}"
            );
            let axis = range.axis.number();
            (sql, vec![range.account, axis, dim, value, first, last])
        })
    }
}

/// A condition's walk over the hours it can be met in.
enum ConditionHours {
    /// What summaries say: by value.
    Values(Vec<ValueHours>),
    /// What annotations say, all conditions together.
    Judged(MaskedHours),
    /// What was measured, all conditions together.
    Figures(MaskedHours),
}

impl ConditionHours {
    /// By value, as far as a condition's values are counted.
    fn of(condition: &Condition) -> Option<Self> {
        let dim = FACETS[condition.facet as usize].dim;
        let Wanted::Any(values) = &condition.wanted else {
            return None;
        };
        let of = |value: &i64| ValueHours {
            dim,
            value: *value,
            rows: HourRows::new(FETCH_FIRST),
        };
        let is_counted = dim != NOT_COUNTED && !condition.facet.is_judged();
        is_counted.then(|| Self::Values(values.iter().map(of).collect()))
    }

    /// The first hour that is not met before `hour`.
    fn seek(&mut self, range: &ScanRange<'_>, hour: i64) -> Result<Option<i64>> {
        let values = match self {
            Self::Values(values) => values,
            Self::Judged(hours) | Self::Figures(hours) => return hours.seek(range, hour),
        };
        let mut nearest = None;
        for value in values {
            if let Some(found) = value.seek(range, hour)?
                && nearest.is_none_or(|nearest| range.is_before(found, nearest))
            {
                nearest = Some(found);
            }
        }
        Ok(nearest)
    }

    /// The calls of an hour that meet the condition, in order; `None` when they are many.
    fn calls_in(&self, range: &ScanRange<'_>, hour: i64) -> Result<Option<Vec<Posting>>> {
        let values = match self {
            Self::Values(values) => values,
            Self::Judged(hours) => return judged_hours::calls_in(hours, range, hour).map(Some),
            Self::Figures(hours) => return figure_hours::calls_in(hours, hour),
        };
        let mut any = Vec::new();
        for calls in values.iter().flat_map(|value| value.rows.of_hour(hour)) {
            match calls {
                Some(calls) => any.extend(posting::decode(calls)?),
                None => return Ok(None),
            }
        }
        // They are in order within a value and a bucket.
        any.sort_unstable();
        any.dedup();
        Ok(Some(any))
    }
}

/// The hours in which every condition can be met.
pub(crate) struct Hours<'c> {
    range: ScanRange<'c>,
    walks: Vec<ConditionHours>,
    ruled_out: RuledOut,
    next_hour: Option<i64>,
}

impl<'c> Hours<'c> {
    /// Starts a walk for at least one condition.
    pub(crate) fn new(range: ScanRange<'c>, conditions: &[Condition], ruled_out: RuledOut) -> Self {
        let start = match range.toward {
            Toward::End => range.last_hour,
            Toward::Beginning => range.first_hour,
        };
        Self {
            range,
            walks: conditions
                .iter()
                .filter_map(ConditionHours::of)
                .chain(judged_hours::of(conditions).map(ConditionHours::Judged))
                .chain(figure_hours::of(conditions).map(ConditionHours::Figures))
                .collect(),
            ruled_out,
            next_hour: Some(start),
        }
    }

    /// Goes on: past a day that is ruled out, to the next hour that a walk has, or into an hour that
    /// each of them has. `None`: the walk is over.
    pub(crate) fn step(&mut self, effort: &Effort) -> Result<Option<Step>> {
        let Some(asked) = self.next_hour.filter(|hour| self.range.has(*hour)) else {
            return Ok(None);
        };
        if let Some(beyond) = self.ruled_out.beyond(&self.range, asked)? {
            effort.day();
            self.next_hour = Some(beyond);
            return Ok(Some(Step::Nothing));
        }
        let mut nearest = asked;
        for walk in &mut self.walks {
            match walk.seek(&self.range, nearest)? {
                None => return Ok(None),
                Some(found) => nearest = found,
            }
        }
        effort.hour();
        if nearest != asked {
            self.next_hour = Some(nearest);
            return Ok(Some(Step::Nothing));
        }
        let candidates = self.candidates(nearest, effort)?;
        self.next_hour = match self.range.toward {
            Toward::End => nearest.checked_sub(1),
            Toward::Beginning => nearest.checked_add(1),
        };
        let hour = nearest;
        Ok(Some(match &candidates {
            Some(calls) if calls.is_empty() => Step::Nothing,
            _ => Step::Hour(Hour { hour, candidates }),
        }))
    }

    /// The calls of an hour that meet every condition whose calls are known.
    fn candidates(&self, hour: i64, effort: &Effort) -> Result<Option<Vec<Posting>>> {
        let mut common: Option<Vec<Posting>> = None;
        for walk in &self.walks {
            let Some(calls) = walk.calls_in(&self.range, hour)? else {
                continue;
            };
            effort.postings();
            common = Some(match common {
                None => calls,
                Some(mut common) => {
                    common.retain(|call| calls.binary_search(call).is_ok());
                    common
                }
            });
        }
        Ok(common)
    }
}
