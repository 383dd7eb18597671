//! Counting calls: from segments where they hold, else from the calls.

mod bodies;
pub(crate) mod build;
pub(crate) mod days;
mod fresh;
pub(crate) mod key;
pub(crate) mod remembered;
mod rows;
pub(crate) mod stored;
mod stretches;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use self::fresh::Fresh;
use self::key::{Account, Grain, Key};
use self::remembered::Remembered;
use self::rows::Reader;
use self::stored::Statements;
use self::stretches::Stretch;
use super::account;
use super::error::{Error, Result};
use super::list::condition;
use super::list::conditions::Conditions;
use super::list::named;
use super::rollups::stale;
use super::rows::facet::{Axis, FACETS, hour_of};
use sidetone_store::StoreError;
use sidetone_store::facets::{Facet, Shape};
use sidetone_store::statistics::column::{Cells, Column};
use sidetone_store::statistics::count::{self, Count};
use sidetone_store::statistics::quarter::{Period, QUARTER_US, day_of, quarter_of};
use sidetone_store::statistics::segment::Builder;
use sidetone_store::statistics::{Statistics, StatisticsQuery};

/// The most calls that one query reads themselves because segments do not answer it: some seconds' work.
const CALLS_READ_MAX: usize = 50_000;

/// What was counted, and whose segments are damaged: account, quarter or day, bucket.
pub(crate) struct Counted {
    pub(crate) statistics: Result<Vec<Statistics>>,
    pub(crate) damaged: BTreeSet<(Grain, [i64; 3])>,
}

/// What is damaged, by where it is, with a sentence each.
type Damaged = BTreeMap<(Grain, Key), String>;

pub(super) fn statistics(
    conn: &Connection,
    queries: &[StatisticsQuery],
    remembered: &Remembered,
) -> Counted {
    let mut counted = Counted {
        statistics: Ok(Vec::new()),
        damaged: BTreeSet::new(),
    };
    counted.statistics = count_all(conn, queries, remembered, &mut counted.damaged);
    counted
}

fn count_all(
    conn: &Connection,
    queries: &[StatisticsQuery],
    remembered: &Remembered,
    told: &mut BTreeSet<(Grain, [i64; 3])>,
) -> Result<Vec<Statistics>> {
    let Some(first) = queries.first() else {
        return Ok(Vec::new());
    };
    let sid = first.filter.account;
    if queries.iter().any(|query| query.filter.account != sid) {
        return Err(Error(StoreError::Invalid(
            "statistics of several accounts at once".into(),
        )));
    }
    let mut statistics = vec![Statistics::default(); queries.len()];
    let Some(row) = account::find(conn, sid)? else {
        return Ok(statistics);
    };
    let account = Account { id: row.id, sid };
    let (mut counts, mut places) = (Vec::new(), Vec::new());
    for (place, query) in queries.iter().enumerate() {
        match Count::new(query) {
            Some(count) => {
                counts.push(count);
                places.push(place);
            }
            None => statistics[place] = of_calls(conn, account, query)?,
        }
    }
    let asked: Vec<_> = places.iter().map(|place| &queries[*place]).collect();
    let mut damaged = Damaged::new();
    let read = of_columns(conn, account, &asked, &mut counts, remembered, &mut damaged);
    let places_of = damaged.keys();
    told.extend(places_of.map(|(grain, (at, bucket, _))| (*grain, [account.id, *at, *bucket])));
    read?;
    for (place, count) in places.into_iter().zip(counts) {
        statistics[place] = count.finish();
        statistics[place].damaged = damaged.values().cloned().collect();
    }
    Ok(statistics)
}

/// Counts what columns answer, in one go: those of segments, and of the calls themselves where there
/// are none or they are damaged. Says which are, and how, when it fails too.
fn of_columns(
    conn: &Connection,
    account: Account,
    queries: &[&StatisticsQuery],
    counts: &mut [Count<'_>],
    remembered: &Remembered,
    damaged: &mut Damaged,
) -> Result<()> {
    let Some(time) = Time::of(queries) else {
        return Ok(());
    };
    let columns: BTreeSet<Column> = counts.iter().flat_map(Count::columns).copied().collect();
    let columns: Vec<Column> = columns.into_iter().collect();
    let mut reader = Reader::new(conn, account, &columns, remembered);
    let is_of_days = columns.iter().all(|column| column.is_of_days());
    for (nth, (first, last)) in ranges(conn, account.id, &time)?.into_iter().enumerate() {
        // No range is before the first one, which may begin with the whole day: what is before the
        // time that is asked for does not count.
        let begin = if nth == 0 { day_begin(first) } else { first };
        let mut stale = stale::quarters(conn, account.id, begin, last)?;
        let days = (day_of(begin), day_of(last));
        let stale_days = stale::days(conn, account.id, days, &stale)?;
        let is_whole = is_of_days && !stale_days.contains(&day_of(begin));
        let first = if is_whole { begin } else { first };
        stale.retain(|(quarter, _)| *quarter >= first);
        let stretches = match is_of_days {
            true => stretches::of(first, last, &stale_days),
            false => vec![Stretch::quarters(first, last)],
        };
        for Stretch { grain, range } in stretches {
            let mut statements = Statements::prepare(conn, grain, account.id, &columns, range)?;
            let mut segments = statements.segments()?;
            let is_wanted = |at| grain == Grain::Day || !stale.contains(&at);
            while let Some((key, stored)) = segments.next(is_wanted)? {
                let counted = stored.and_then(|mut piece| count::add(counts, &mut piece));
                match counted {
                    Err(Error(StoreError::Corrupt(damage))) => {
                        damaged.insert((grain, key), damage);
                    }
                    counted => counted?,
                }
            }
        }
        for (quarter, bucket) in stale {
            count::add(counts, &mut reader.quarter(quarter, bucket, time.from_us)?)?;
        }
    }
    let found: Vec<(Grain, Key)> = damaged.keys().copied().collect();
    for (grain, key) in found {
        let mut calls = match grain {
            Grain::Quarter => reader.piece(key)?,
            Grain::Day => days::piece(conn, account.id, key)?.map_err(|quarter| {
                let damage =
                    format!("table segment, quarter {quarter}: joined from what is damaged");
                damaged.insert((Grain::Quarter, (quarter, key.1, 0)), damage.clone());
                Error(StoreError::Corrupt(damage))
            })?,
        };
        count::add(counts, &mut calls)?;
    }
    Ok(())
}

/// All of the time that some queries ask for.
struct Time {
    from_us: i64,
    /// The latest end, and the latest start.
    ended_until_us: i64,
    started_until_us: i64,
    include_running: bool,
}

impl Time {
    fn of(queries: &[&StatisticsQuery]) -> Option<Self> {
        let filters = || queries.iter().map(|query| &query.filter);
        let before_us = filters().map(|it| it.started_before.micros()).max()?;
        Some(Self {
            from_us: filters().map(|it| it.started_from.micros()).min()?,
            ended_until_us: filters().map(|it| it.ended_until.micros()).max()?,
            started_until_us: before_us.saturating_sub(1),
            include_running: filters().any(|it| it.include_running),
        })
    }
}

fn expensive() -> Error {
    Error(StoreError::TooExpensive(format!(
        "more than {CALLS_READ_MAX} calls to be read one by one"
    )))
}

/// The quarters, first and last, in which calls may lie that match: those of the time that is asked
/// for, and beyond it the few with calls that run, or ended before they started.
fn ranges(conn: &Connection, account: i64, time: &Time) -> Result<Vec<(i64, i64)>> {
    let first = quarter_of(time.from_us);
    let started_until = quarter_of(time.started_until_us);
    let last = quarter_of(time.ended_until_us).min(started_until);
    let mut ranges = Vec::new();
    if first <= last {
        ranges.push((first, last));
    }
    let beyond = first.max(last + 1);
    if beyond > started_until {
        return Ok(ranges);
    }
    let mut hours = conn.prepare_cached(
        "select distinct hour from rollup
         where account = ?1 and axis = 0 and dim = ?2 and value in (?3, ?4) and hour between ?5 and ?6 order by hour",
    )?;
    let running = if time.include_running {
        Shape::Running
    } else {
        Shape::Skewed
    };
    let from_hour = hour_of(beyond.saturating_mul(QUARTER_US));
    let last_hour = hour_of(time.started_until_us);
    let dim = FACETS[Facet::Shape as usize].dim;
    let shapes = [Shape::Skewed as i64, running as i64];
    let hours = hours.query_map(
        params![account, dim, shapes[0], shapes[1], from_hour, last_hour],
        |row| row.get::<_, i64>(0),
    )?;
    for hour in hours {
        let hour = hour?;
        ranges.push(((4 * hour).max(beyond), 4 * hour + 3));
    }
    Ok(ranges)
}

/// The quarter that the day of one begins with.
fn day_begin(quarter: i64) -> i64 {
    Period::day(day_of(quarter)).first
}

/// Counts what segments do not answer: finds the calls as lists do, and asks each.
fn of_calls(conn: &Connection, account: Account, query: &StatisticsQuery) -> Result<Statistics> {
    let filter = &query.filter;
    let mut count = Count::of_matching(query);
    let Some(conditions) = Conditions::of(conn, account.id, filter)? else {
        return Ok(count.finish());
    };
    let ids = match named::rows(conn, account.id, &conditions)? {
        Some(rows) => {
            let found = named::row_keys(conn, account.id, &rows, Axis::Start, &conditions)?;
            found.into_iter().map(|row_key| row_key.id).collect()
        }
        None => ids_of(conn, account.id, &conditions)?,
    };
    let mut quarters: HashMap<i64, Builder> = HashMap::new();
    for id in ids {
        let Some(call) = fresh::call(conn, account, id)? else {
            continue;
        };
        if filter.matches(&call.summary, &call.annotation)
            && let Some(cells) = Cells::of(&call.summary, &call.annotation, call.advanced_features)
        {
            quarters.entry(cells.quarter).or_default().add(cells);
        }
    }
    for (quarter, calls) in quarters {
        count::add(
            std::slice::from_mut(&mut count),
            &mut Fresh::of(calls, Period::quarter(quarter)),
        )?;
    }
    Ok(count.finish())
}

fn ids_of(conn: &Connection, account: i64, conditions: &Conditions) -> Result<Vec<i64>> {
    let mut sql = String::from("select id from call indexed by call_by_start where account = ?");
    let mut values: Vec<Value> = vec![account.into()];
    conditions.write(&mut sql, &mut values);
    sql.push_str(&format!(" limit {}", CALLS_READ_MAX + 1));
    let mut statement = conn.prepare_cached(&sql)?;
    condition::bind(&mut statement, &values)?;
    let mut rows = statement.raw_query();
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(row.get(0)?);
    }
    if ids.len() > CALLS_READ_MAX {
        return Err(expensive());
    }
    Ok(ids)
}
