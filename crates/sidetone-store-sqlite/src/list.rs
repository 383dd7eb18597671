//! Lists of calls: which rows to look at, and in what order.
//!
//! A list is a walk along one axis (start or end) from the latest call to the earliest, in up to three stretches.
//! In the main stretch every condition can be met. Beside it lie only odd calls: running ones and those that ended
//! before they started; they are rare, and the rollups tell in which hours they are.

use rusqlite::Connection;
use rusqlite::types::Value;
use sidetone_core::filter::{SortBy, SummaryFilter};
use sidetone_core::time::HOUR_US;

use super::checksum::CALL;
use super::condition::{self, Condition, Conditions};
use super::error::{Error, Result};
use super::facet::{At, Axis, RUNNING_BASE, SHAPE_RUNNING, SHAPE_SKEWED, hour_of};
use super::paging::{self, Toward};
use super::party::{self, By, ByParty, Days, Sought};
use super::posting::Posting;
use super::span::{Part, Span};
use super::zone::{Ground, Hours};
use super::{account, alias, record};
use sidetone_store::page::{Page, PageRequest, Place, Start};
use sidetone_store::{CallRecord, StoreError};

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
    let Some((account, _)) = account::find(conn, filter.account)? else {
        return Ok(Page::default());
    };
    let Some(conditions) = Conditions::of(conn, filter)? else {
        return Ok(Page::default());
    };
    let axis = match filter.sort_by {
        SortBy::StartTime => Axis::Start,
        SortBy::EndTime => Axis::End,
    };
    let places = if let Some(sid) = filter.sip_call {
        let named = alias::places(conn, account, sid, axis, &conditions)?;
        paging::page(
            request,
            |place| *place,
            |toward, from, limit| Ok(paging::beyond(&named, toward, from, limit)),
        )?
    } else {
        let walk = Walk::new(conn, account, axis, filter, conditions)?;
        paging::page(
            request,
            |place| *place,
            |toward, from, limit| walk.read(toward, from, limit),
        )?
    };
    read_records(conn, places, axis, request.start)
}

/// How much memory the records of a page may take: they take as much again as they are told, and as text. One is always given.
const PAGE_BYTES: usize = 4 << 20;

/// Reads the records of a page: those nearest to where it begins, while there is room.
fn read_records(
    conn: &Connection,
    mut places: Page<Place>,
    axis: Axis,
    start: Start,
) -> Result<Page<CallRecord>> {
    let is_backwards = matches!(start, Start::Before(_));
    if is_backwards {
        places.rows.reverse();
    }
    let mut rows = Vec::with_capacity(places.rows.len());
    let mut damaged = Vec::new();
    let (mut room, mut read) = (PAGE_BYTES, 0);
    for place in &places.rows {
        if room == 0 {
            break;
        }
        read += 1;
        match record::record_by_id(conn, *place, axis) {
            Ok((record, bytes)) => {
                room = room.saturating_sub(bytes);
                rows.push(record);
            }
            // The others are served: a page that failed as a whole would hide all that lies behind it.
            Err(Error(StoreError::Corrupt(damage))) => damaged.push(damage),
            Err(error) => return Err(error),
        }
    }
    let is_cut = read < places.rows.len();
    places.rows.truncate(read);
    if is_backwards {
        rows.reverse();
        places.rows.reverse();
    }
    if is_cut {
        places = paging::cut(places, start, |place| *place);
    }
    Ok(Page {
        rows,
        before: places.before,
        after: places.after,
        damaged,
    })
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
        axis: Axis,
        filter: &SummaryFilter,
        conditions: Conditions,
    ) -> Result<Self> {
        Ok(Self {
            conn,
            account,
            axis,
            by: party::choose(conn, account, &conditions)?,
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
                By::Party(sought) if stretch.is_main => {
                    self.read_party(sought, part, limit, &mut found)?;
                }
                By::Party(_) | By::Time if stretch.conditions.is_empty() => {
                    self.scan(None, part, limit - found.len(), &mut found)?;
                }
                By::Party(_) | By::Time => {
                    self.read_hours(&stretch.conditions, part, limit, &mut found)?;
                }
            }
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    /// Reads the calls of some addresses, day by day, as they are indexed.
    fn read_party(
        &self,
        sought: &[Sought],
        part: Part,
        limit: usize,
        found: &mut Vec<Place>,
    ) -> Result<()> {
        let mut days = Days::new(self.conn, self.account, sought, self.axis)?;
        let mut rest = part;
        while found.len() < limit
            && let Some(day) = days.next(&rest)?
        {
            let mut of_day = Vec::new();
            if let Some(within) = rest.within(day.span) {
                for sought in sought {
                    let by = ByParty {
                        sought: *sought,
                        day: day.number,
                    };
                    self.scan(Some(by), within, limit - found.len(), &mut of_day)?;
                }
            }
            of_day.sort_unstable();
            // Who calls himself is on both sides.
            of_day.dedup();
            if part.toward == Toward::End {
                of_day.reverse();
            }
            found.extend(of_day);
            found.truncate(limit);
            match rest.beyond(day.span) {
                Some(beyond) => rest = beyond,
                None => break,
            }
        }
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
                        self.scan(None, within, limit - found.len(), found)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads matching calls along an index: of a party's hash, or of all calls.
    fn scan(
        &self,
        by: Option<ByParty>,
        part: Part,
        limit: usize,
        found: &mut Vec<Place>,
    ) -> Result<()> {
        let mut limit = limit;
        let Part { span, toward, from } = part;
        let mut rest = span;
        if let Some(from) = from.filter(|from| (span.low..=span.high).contains(&from.key)) {
            // Calls of the very same key, then those beyond it.
            let before = found.len();
            self.scan_keys(by, Keys::Same(from), toward, limit, found)?;
            limit -= found.len() - before;
            match toward {
                Toward::End => rest.high = from.key.saturating_sub(1),
                Toward::Beginning => rest.low = from.key.saturating_add(1),
            }
        }
        if limit > 0 && rest.low <= rest.high {
            self.scan_keys(by, Keys::Of(rest), toward, limit, found)?;
        }
        Ok(())
    }

    fn scan_keys(
        &self,
        by: Option<ByParty>,
        keys: Keys,
        toward: Toward,
        limit: usize,
        found: &mut Vec<Place>,
    ) -> Result<()> {
        let key = self.axis.column();
        let index = match (by, self.axis) {
            (Some(by), axis) => party::index(by.sought.side, axis),
            (None, Axis::Start) => "call_by_start",
            (None, Axis::End) => "call_by_end",
        };
        let mut sql = format!("select {key}, id from call indexed by {index} where account = ?");
        let mut values: Vec<Value> = vec![self.account.into()];
        if let Some(by) = by {
            let Sought { side, hash } = by.sought;
            let (day, column) = (party::day_column(self.axis), side.hash_column());
            sql.push_str(&format!(" and {day} = ? and {column} = ?"));
            values.extend([by.day.into(), hash.into()]);
        }
        let (beyond, order) = match toward {
            Toward::End => ('<', " desc"),
            Toward::Beginning => ('>', ""),
        };
        match keys {
            Keys::Same(place) => {
                sql.push_str(&format!(" and {key} = ? and id {beyond} ?"));
                values.extend([place.key.into(), place.id.into()]);
            }
            Keys::Of(span) => {
                sql.push_str(&format!(" and {key} between ? and ?"));
                values.extend([span.low.into(), span.high.into()]);
            }
        }
        self.conditions.write(&mut sql, &mut values);
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

/// Which keys are scanned.
#[derive(Clone, Copy)]
enum Keys {
    /// Those of a span.
    Of(Span),
    /// Those equal to a place's, beyond it.
    Same(Place),
}

/// Looks at candidates one by one.
struct Check<'c> {
    statement: rusqlite::CachedStatement<'c>,
}

impl<'c> Check<'c> {
    fn new(walk: &Walk<'c>) -> Result<Self> {
        // One that does not match although the rollups name it may be damaged.
        let mut sql = String::from("select ");
        let mut conditions = String::from("account = ?");
        let mut values = vec![walk.account.into()];
        walk.conditions.write(&mut conditions, &mut values);
        let is_sound = CALL.is_sound("");
        sql.push_str(&format!(
            "iif({conditions}, 1, iif({is_sound}, 0, null)) from call where id = ?"
        ));
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
            let mut rows = self.statement.raw_query();
            // A damaged one is taken: it is named when it is read.
            if let Some(row) = rows.next()?
                && row.get::<_, Option<bool>>(0)?.unwrap_or(true)
            {
                found.push(place);
            }
        }
        Ok(())
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
