//! Lists of calls: which rows to look at, and in what order.
//!
//! A list is a walk along one axis (start or end) from the latest call to the earliest, in up to three stretches.
//! In the main stretch every condition can be met. Beside it lie only odd calls: running ones and those that ended
//! before they started; they are rare, and the rollups tell in which hours they are.

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use sidetone_core::filter::{SortBy, SummaryFilter};
use sidetone_core::time::HOUR_US;

use super::condition::{self, Condition, Conditions, Party};
use super::facet::{At, Axis, RUNNING_BASE, SHAPE_RUNNING, SHAPE_SKEWED, hour_of};
use super::paging::{self, Toward};
use super::posting::Posting;
use super::zone::{Ground, Hours};
use super::{account, record};
use crate::page::{Page, PageRequest, Place};
use crate::{CallRecord, Result};

/// A party with fewer calls than this is looked through whole rather than by the hour.
const PARTY_FEW: i64 = 2000;

/// Keys from one to another, both included.
#[derive(Debug, Clone, Copy)]
struct Span {
    low: i64,
    high: i64,
}

/// A stretch of the axis, and what must be true of a call to be found there.
struct Stretch {
    span: Span,
    conditions: Vec<Condition>,
    is_main: bool,
}

pub(super) fn list(
    conn: &Connection,
    filter: &SummaryFilter,
    request: &PageRequest,
) -> Result<Page<CallRecord>> {
    let nothing = Page {
        rows: Vec::new(),
        before: None,
        after: None,
    };
    let Some((account, _)) = account::find(conn, filter.account)? else {
        return Ok(nothing);
    };
    let Some(conditions) = Conditions::of(conn, filter)? else {
        return Ok(nothing);
    };
    let walk = Walk::new(conn, account, filter, conditions)?;
    let places = paging::page(
        request,
        |place| *place,
        |toward, from, limit| walk.read(toward, from, limit),
    )?;
    let rows = places
        .rows
        .iter()
        .map(|place| record::record_by_id(conn, place.id));
    Ok(Page {
        rows: rows.collect::<Result<_>>()?,
        before: places.before,
        after: places.after,
    })
}

/// How the rows of a stretch are found.
enum By {
    /// Along the axis, by the hour where there is any condition.
    Time,
    /// Along the axis, among the calls of some addresses only.
    Party {
        column: &'static str,
        hashes: Vec<i64>,
    },
}

struct Walk<'c> {
    conn: &'c Connection,
    account: i64,
    axis: Axis,
    by: By,
    conditions: Conditions,
    stretches: Vec<Stretch>,
}

impl<'c> Walk<'c> {
    fn new(
        conn: &'c Connection,
        account: i64,
        filter: &SummaryFilter,
        conditions: Conditions,
    ) -> Result<Self> {
        let axis = match filter.sort_by {
            SortBy::StartTime => Axis::Start,
            SortBy::EndTime => Axis::End,
        };
        Ok(Self {
            conn,
            account,
            axis,
            by: choose(conn, account, &conditions)?,
            stretches: stretches(filter, axis, &conditions.facets),
            conditions,
        })
    }

    /// Up to `limit` places of matching calls beyond `from`, nearest first.
    fn read(&self, toward: Toward, from: Option<Place>, limit: usize) -> Result<Vec<Place>> {
        let mut found = Vec::new();
        let in_order: Vec<&Stretch> = match toward {
            Toward::End => self.stretches.iter().collect(),
            Toward::Beginning => self.stretches.iter().rev().collect(),
        };
        for stretch in in_order {
            let Some(part) = Part::of(stretch.span, toward, from) else {
                continue;
            };
            match &self.by {
                By::Party { column, hashes } if stretch.is_main => {
                    self.read_party(column, hashes, part, limit - found.len(), &mut found)?;
                }
                By::Party { .. } | By::Time if stretch.conditions.is_empty() => {
                    self.scan("", None, part, limit - found.len(), &mut found)?;
                }
                By::Party { .. } | By::Time => {
                    self.read_hours(&stretch.conditions, part, limit, &mut found)?;
                }
            }
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    fn read_party(
        &self,
        column: &str,
        hashes: &[i64],
        part: Part,
        limit: usize,
        found: &mut Vec<Place>,
    ) -> Result<()> {
        let mut of_party = Vec::new();
        for hash in hashes {
            self.scan(column, Some(*hash), part, limit, &mut of_party)?;
        }
        of_party.sort_unstable();
        if part.toward == Toward::End {
            of_party.reverse();
        }
        of_party.truncate(limit);
        found.extend(of_party);
        Ok(())
    }

    fn read_hours(
        &self,
        conditions: &[Condition],
        part: Part,
        limit: usize,
        found: &mut Vec<Place>,
    ) -> Result<()> {
        let ground = Ground {
            conn: self.conn,
            account: self.account,
            axis: self.axis,
            toward: part.toward,
            first_hour: hour_of(part.span.low),
            last_hour: hour_of(part.span.high),
        };
        let mut hours = Hours::new(ground, conditions);
        let mut check = Check::new(self)?;
        while found.len() < limit
            && let Some(hour) = hours.next()?
        {
            let begin = hour.hour * HOUR_US;
            match hour.candidates {
                Some(candidates) => {
                    let places = candidates
                        .into_iter()
                        .map(|Posting { offset_us, id }| Place {
                            key: begin + offset_us,
                            id,
                        });
                    match part.toward {
                        Toward::End => check.take(places.rev(), part, limit, found)?,
                        Toward::Beginning => check.take(places, part, limit, found)?,
                    }
                }
                None => {
                    let within = part.within(Span {
                        low: begin,
                        high: begin + HOUR_US - 1,
                    });
                    if let Some(within) = within {
                        self.scan("", None, within, limit - found.len(), found)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads matching calls along an index: of a party's hash, or of all calls.
    fn scan(
        &self,
        party: &str,
        hash: Option<i64>,
        part: Part,
        limit: usize,
        found: &mut Vec<Place>,
    ) -> Result<()> {
        let mut limit = limit;
        let Part { span, toward, from } = part;
        let mut rest = span;
        if let Some(from) = from.filter(|from| (span.low..=span.high).contains(&from.key)) {
            // Calls of the very same key, then those beyond it.
            let same = Span {
                low: from.key,
                high: from.key,
            };
            let before = found.len();
            self.scan_span(party, hash, same, toward, Some(from.id), limit, found)?;
            limit -= found.len() - before;
            match toward {
                Toward::End => rest.high = from.key.saturating_sub(1),
                Toward::Beginning => rest.low = from.key.saturating_add(1),
            }
        }
        if limit > 0 && rest.low <= rest.high {
            self.scan_span(party, hash, rest, toward, None, limit, found)?;
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "they are the parts of one query")]
    fn scan_span(
        &self,
        party: &str,
        hash: Option<i64>,
        span: Span,
        toward: Toward,
        beyond_id: Option<i64>,
        limit: usize,
        found: &mut Vec<Place>,
    ) -> Result<()> {
        let key = self.axis.column();
        let index = match (party, self.axis) {
            ("from_hash", Axis::Start) => "call_from_by_start",
            ("from_hash", Axis::End) => "call_from_by_end",
            ("to_hash", Axis::Start) => "call_to_by_start",
            ("to_hash", Axis::End) => "call_to_by_end",
            (_, Axis::Start) => "call_by_start",
            (_, Axis::End) => "call_by_end",
        };
        let mut sql = format!("select {key}, id from call indexed by {index} where account = ?");
        let mut values: Vec<Value> = vec![self.account.into()];
        if let Some(hash) = hash {
            sql.push_str(&format!(" and {party} = ?"));
            values.push(hash.into());
        }
        if let Some(id) = beyond_id {
            let beyond = match toward {
                Toward::End => '<',
                Toward::Beginning => '>',
            };
            sql.push_str(&format!(" and {key} = ? and id {beyond} ?"));
            values.extend([span.low.into(), id.into()]);
        } else {
            sql.push_str(&format!(" and {key} between ? and ?"));
            values.extend([span.low.into(), span.high.into()]);
        }
        self.conditions.write(&mut sql, &mut values);
        let order = match toward {
            Toward::End => " desc",
            Toward::Beginning => "",
        };
        sql.push_str(&format!(" order by {key}{order}, id{order} limit ?"));
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        let mut statement = self.conn.prepare_cached(&sql)?;
        condition::bind(&mut statement, &values)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            found.push(Place {
                key: row.get(0)?,
                id: row.get(1)?,
            });
        }
        Ok(())
    }
}

/// Looks at candidates one by one.
struct Check<'c> {
    statement: rusqlite::CachedStatement<'c>,
}

impl<'c> Check<'c> {
    fn new(walk: &Walk<'c>) -> Result<Self> {
        let mut sql = String::from("select 1 from call where account = ?");
        let mut values = vec![walk.account.into()];
        walk.conditions.write(&mut sql, &mut values);
        sql.push_str(" and id = ?");
        let mut statement = walk.conn.prepare_cached(&sql)?;
        condition::bind(&mut statement, &values)?;
        Ok(Self { statement })
    }

    /// Takes those that match, in their order, until there are enough.
    fn take(
        &mut self,
        candidates: impl Iterator<Item = Place>,
        part: Part,
        limit: usize,
        found: &mut Vec<Place>,
    ) -> Result<()> {
        let id_parameter = self.statement.parameter_count();
        for place in candidates.filter(|place| part.holds(*place)) {
            if found.len() >= limit {
                break;
            }
            self.statement.raw_bind_parameter(id_parameter, place.id)?;
            if self.statement.raw_query().next()?.is_some() {
                found.push(place);
            }
        }
        Ok(())
    }
}

/// The part of a span that lies beyond a place.
#[derive(Debug, Clone, Copy)]
struct Part {
    span: Span,
    toward: Toward,
    from: Option<Place>,
}

impl Part {
    fn of(span: Span, toward: Toward, from: Option<Place>) -> Option<Self> {
        let mut span = span;
        if let Some(from) = from {
            match toward {
                Toward::End => span.high = span.high.min(from.key),
                Toward::Beginning => span.low = span.low.max(from.key),
            }
        }
        (span.low <= span.high).then_some(Self { span, toward, from })
    }

    fn within(self, other: Span) -> Option<Self> {
        let span = Span {
            low: self.span.low.max(other.low),
            high: self.span.high.min(other.high),
        };
        (span.low <= span.high).then_some(Self { span, ..self })
    }

    fn holds(self, place: Place) -> bool {
        (self.span.low..=self.span.high).contains(&place.key)
            && self.from.is_none_or(|from| match self.toward {
                Toward::End => place < from,
                Toward::Beginning => place > from,
            })
    }
}

/// The stretches of an axis in which a filter can match, latest first.
fn stretches(filter: &SummaryFilter, axis: Axis, conditions: &[Condition]) -> Vec<Stretch> {
    let (from, until) = (filter.started_from.micros(), filter.ended_until.micros());
    let main = |low, high| Stretch {
        span: Span { low, high },
        conditions: conditions.to_vec(),
        is_main: true,
    };
    let odd = |low, high, shapes: &[i64]| {
        let shape = Condition {
            at: At::Shape,
            wanted: shapes.to_vec(),
        };
        Stretch {
            span: Span { low, high },
            conditions: conditions.iter().cloned().chain([shape]).collect(),
            is_main: false,
        }
    };
    let last_of_ended = RUNNING_BASE / 2;
    let stretches = match axis {
        // Running calls lie before all others.
        Axis::End => [
            filter
                .include_running
                .then(|| main(RUNNING_BASE + from, i64::MAX)),
            Some(main(from, until.min(last_of_ended))),
            Some(odd(
                i64::MIN,
                until.min(from.saturating_sub(1)),
                &[SHAPE_SKEWED],
            )),
        ],
        Axis::Start => [
            Some(odd(
                from.max(until.saturating_add(1)),
                i64::MAX,
                &[SHAPE_SKEWED, SHAPE_RUNNING],
            )),
            Some(main(from, until)),
            None,
        ],
    };
    stretches
        .into_iter()
        .flatten()
        .filter(|stretch| stretch.span.low <= stretch.span.high)
        .collect()
}

/// Whether to go by time or by a party.
fn choose(conn: &Connection, account: i64, conditions: &Conditions) -> Result<By> {
    let by = |column, party: &Party| By::Party {
        column,
        hashes: party.hashes.clone(),
    };
    match (&conditions.from, &conditions.to) {
        (None, None) => Ok(By::Time),
        (Some(from), None) if conditions.facets.is_empty() => Ok(by("from_hash", from)),
        (None, Some(to)) if conditions.facets.is_empty() => Ok(by("to_hash", to)),
        (from, to) => {
            let from_calls = count_some(conn, account, "from", from.as_ref())?;
            let to_calls = count_some(conn, account, "to", to.as_ref())?;
            Ok(match (from, to) {
                (Some(from), _)
                    if from_calls <= to_calls
                        && (from_calls < PARTY_FEW || conditions.facets.is_empty()) =>
                {
                    by("from_hash", from)
                }
                (_, Some(to)) if to_calls < PARTY_FEW || conditions.facets.is_empty() => {
                    by("to_hash", to)
                }
                _ => By::Time,
            })
        }
    }
}

/// How many calls a party has, or that there are many; many when there is no such party in the filter.
fn count_some(conn: &Connection, account: i64, side: &str, party: Option<&Party>) -> Result<i64> {
    let Some(party) = party else {
        return Ok(i64::MAX);
    };
    let sql = format!(
        "select count(*) from (select 1 from call indexed by call_{side}_by_end
         where account = ?1 and {side}_hash = ?2 and end_key is not null limit ?3)"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut calls = 0;
    for hash in &party.hashes {
        let of_one: i64 =
            statement.query_row(params![account, hash, PARTY_FEW - calls], |row| row.get(0))?;
        calls += of_one;
        if calls >= PARTY_FEW {
            break;
        }
    }
    Ok(calls)
}
