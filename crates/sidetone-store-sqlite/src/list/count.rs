//! How many calls match.
//!
//! Where a list is narrowed by its times and at most one thing that is counted by the hour, the hours
//! say how many match: those that ended in time, less those of them that began too early. Anything
//! else is counted call by call, as far as that goes.

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use sidetone_core::filter::{ProcessingFilter, SummaryFilter};
use sidetone_core::time::HOUR_US;

use super::condition::{self, Condition};
use super::conditions::Conditions;
use super::effort::Wish;
use super::key_range::KeyRange;
use super::walk::Walk;
use super::{axis_of, named};
use crate::account;
use crate::error::{Error, Result};
use crate::rows::facet::{Axis, DIM_CALLS, FACETS, NOT_COUNTED, hour_of};
use crate::rows::paging::Toward;
use sidetone_store::facets::RUNNING_BASE;
use sidetone_store::{Count, StoreError};

/// So many calls are counted one by one.
const CALLS_MAX: usize = 10_000;
/// So many of those that end later than asked are looked at, in case that they began too early.
const LATER_MAX: i64 = 20_000;
/// Partial summaries that are told from complete ones, call by call.
const PARTIAL_MAX: usize = 2000;

pub(crate) fn count(conn: &Connection, filter: &SummaryFilter) -> Result<Count> {
    const NONE: Count = Count {
        calls: 0,
        is_exact: true,
    };
    let Some(account) = account::find(conn, filter.account)?.map(|row| row.id) else {
        return Ok(NONE);
    };
    let Some(conditions) = Conditions::of(conn, account, filter)? else {
        return Ok(NONE);
    };
    match by_hours(conn, account, filter, &conditions) {
        Ok(Some(calls)) => {
            return Ok(Count {
                calls: u64::try_from(calls).unwrap_or(0),
                is_exact: true,
            });
        }
        // Very busy hours are dear to cut; one by one, some calls can be counted all the same.
        Ok(None) | Err(Error(StoreError::TooExpensive(_))) => {}
        Err(error) => return Err(error),
    }
    // Which order does not matter here: by start, those that started too late are not even met.
    let axis = match conditions.started_before_us {
        Some(_) => Axis::Start,
        None => axis_of(filter),
    };
    let mut found = Vec::new();
    let whole = match named::rows(conn, account, &conditions)? {
        Some(rows) => {
            found = named::row_keys(conn, account, &rows, axis, &conditions)?;
            Ok(false)
        }
        None => Walk::new(conn, account, axis, filter, conditions)?.read(
            Toward::End,
            None,
            Wish::all(CALLS_MAX + 1),
            &mut found,
        ),
    };
    let is_whole = match whole {
        Ok(_) => true,
        // What was found until then is what can be said.
        Err(Error(StoreError::TooExpensive(_))) => false,
        Err(error) => return Err(error),
    };
    Ok(Count {
        calls: found.len().min(CALLS_MAX) as u64,
        is_exact: is_whole && found.len() <= CALLS_MAX,
    })
}

/// As the hours say; `None`: they do not.
fn by_hours(
    conn: &Connection,
    account: i64,
    filter: &SummaryFilter,
    conditions: &Conditions,
) -> Result<Option<i64>> {
    if !conditions.is_of_facets_only() {
        return Ok(None);
    }
    let hours = Hours {
        conn,
        account,
        from: filter.started_from.micros().max(-RUNNING_BASE / 2),
        until: filter.ended_until.micros().min(RUNNING_BASE / 2),
        include_running: filter.include_running,
    };
    match &conditions.facets[..] {
        [] => hours.count(None),
        [one] => hours.count(Some(one)),
        // In the end nearly all are complete: what is not is subtracted.
        [completed, other] | [other, completed] if completed.is_met_by_most() => {
            let Some(calls) = hours.count(Some(other))? else {
                return Ok(None);
            };
            let partial = SummaryFilter {
                processing: ProcessingFilter::Partial,
                ..filter.clone()
            };
            let Some(conditions) = Conditions::of(conn, account, &partial)? else {
                return Ok(Some(calls));
            };
            let walk = Walk::new(conn, account, Axis::End, &partial, conditions)?;
            let mut found = Vec::new();
            walk.read(Toward::End, None, Wish::all(PARTIAL_MAX + 1), &mut found)?;
            let is_whole = found.len() <= PARTIAL_MAX;
            Ok(is_whole.then(|| calls - i64::try_from(found.len()).unwrap_or(0)))
        }
        _ => Ok(None),
    }
}

/// The times that a list is narrowed by.
struct Hours<'c> {
    conn: &'c Connection,
    account: i64,
    from: i64,
    until: i64,
    include_running: bool,
}

impl Hours<'_> {
    /// Calls that meet a condition, or all. `None`: hours do not count them, or too many end later.
    fn count(&self, condition: Option<&Condition>) -> Result<Option<i64>> {
        let (dim, values) = match condition {
            None => (DIM_CALLS, &[0][..]),
            Some(condition) => match condition.values() {
                Some(values) if !condition.facet.is_set() || values.len() == 1 => {
                    (FACETS[condition.facet as usize].dim, values)
                }
                _ => return Ok(None),
            },
        };
        let is_judged = condition.is_some_and(|condition| condition.facet.is_judged());
        if dim == NOT_COUNTED || is_judged {
            return Ok(None);
        }
        let later = KeyRange {
            low: self.until.saturating_add(1),
            high: i64::MAX,
        };
        let any = "select count(*) from (select 1 from call indexed by call_by_end
            where account = ?1 and end_key >= ?2 limit ?3)";
        let ending_later: i64 = self
            .conn
            .prepare_cached(any)?
            .query_row(params![self.account, later.low, LATER_MAX + 1], |row| {
                row.get(0)
            })?;
        if ending_later > LATER_MAX {
            return Ok(None);
        }
        let ended = self.before(
            Axis::End,
            self.until.saturating_add(1),
            dim,
            values,
            condition,
        )?;
        let too_early = self.before(Axis::Start, self.from, dim, values, condition)?;
        let of_these_later = self.scan(Axis::End, later, condition, Some(("<", self.from)))?;
        let running = if self.include_running {
            let running = KeyRange {
                low: RUNNING_BASE / 2,
                high: i64::MAX,
            };
            self.scan(Axis::End, running, condition, Some((">=", self.from)))?
        } else {
            0
        };
        Ok(Some(ended - (too_early - of_these_later) + running))
    }

    /// Calls whose key is before another.
    fn before(
        &self,
        axis: Axis,
        key: i64,
        dim: i64,
        values: &[i64],
        condition: Option<&Condition>,
    ) -> Result<i64> {
        let hour = hour_of(key);
        let mut sum = self.conn.prepare_cached(
            "select coalesce(sum(n), 0) from rollup
             where account = ?1 and axis = ?2 and dim = ?3 and value = ?4 and hour < ?5",
        )?;
        let mut calls = 0;
        for value in values {
            let row = params![self.account, axis.number(), dim, value, hour];
            calls += sum.query_row(row, |row| row.get::<_, i64>(0))?;
        }
        let of_hour = KeyRange {
            low: hour * HOUR_US,
            high: key.saturating_sub(1),
        };
        Ok(calls + self.scan(axis, of_hour, condition, None)?)
    }

    /// Calls within a range of keys, one by one. `started`: how their starts must compare to what.
    fn scan(
        &self,
        axis: Axis,
        range: KeyRange,
        condition: Option<&Condition>,
        started: Option<(&str, i64)>,
    ) -> Result<i64> {
        let (key, index) = match axis {
            Axis::Start => ("start_us", "call_by_start"),
            Axis::End => ("end_key", "call_by_end"),
        };
        let mut sql = format!(
            "select count(*) from call indexed by {index} where account = ? and {key} between ? and ?"
        );
        let mut values: Vec<Value> = [self.account, range.low, range.high]
            .map(Value::from)
            .into();
        if let Some((compared, to)) = started {
            sql.push_str(&format!(" and start_us {compared} ?"));
            values.push(to.into());
        }
        if let Some(condition) = condition {
            condition.write(&mut sql, &mut values);
        }
        let mut statement = self.conn.prepare_cached(&sql)?;
        condition::bind(&mut statement, &values)?;
        let mut rows = statement.raw_query();
        let row = rows.next()?;
        Ok(row.map(|row| row.get(0)).transpose()?.unwrap_or(0))
    }
}
