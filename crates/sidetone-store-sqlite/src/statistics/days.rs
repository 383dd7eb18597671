//! Joining the segments of quarters to those of days, so that a statistic of a month reads some dozens of
//! segments a column and no thousands. A day is stale (`stale_day`) from when a quarter of it is written,
//! or a call of it is erased, until it is joined.

use rusqlite::{Connection, params};
use sidetone_core::time::TimeUs;

use super::bodies::{self, Bodies};
use super::fresh::Fresh;
use super::key::{Grain, Key};
use super::stored::Statements;
use crate::engine::write_tx::WriteTx;
use crate::error::{Error, Result};
use crate::rollups::cooccurrence::{self, Cooccurrence};
use crate::rollups::stale;
use crate::rows::shard::Shard;
use sidetone_store::StoreError;
use sidetone_store::statistics::column::Column;
use sidetone_store::statistics::count::Piece;
use sidetone_store::statistics::quarter::{DAY_QUARTERS, Period, day_of, quarter_of};
use sidetone_store::statistics::segment::{Builder, CALLS_MAX};

/// A day of a bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DayKey {
    day: i64,
    shard: Shard,
}

/// A day that was joined; or the quarter of it whose segments are damaged.
pub(crate) struct Joined {
    key: DayKey,
    segments: std::result::Result<Bodies, i64>,
    cooccurrence: Cooccurrence,
}

/// Stale days that ended before a quarter, of which no quarter is stale.
const DUE: &str = "select s.day, s.account, s.bucket from stale_day s
    where s.day < ?1 and not exists (
      select 1 from uncounted c where c.quarter between ?2 * s.day and ?2 * s.day + ?2 - 1
        and c.account = s.account and c.bucket = s.bucket
    )
    order by s.day desc limit ?3";

fn due(conn: &Connection, ended_before: TimeUs, days_max: usize) -> Result<Vec<DayKey>> {
    let before = day_of(quarter_of(ended_before.micros()));
    let most = i64::try_from(days_max).unwrap_or(i64::MAX);
    let mut statement = conn.prepare_cached(DUE)?;
    let days = statement.query_map([before, DAY_QUARTERS, most], |row| {
        Ok(DayKey {
            day: row.get(0)?,
            shard: Shard {
                account: row.get(1)?,
                bucket: row.get(2)?,
            },
        })
    })?;
    Ok(days.collect::<rusqlite::Result<_>>()?)
}

/// Whether there are any.
pub(crate) fn is_due(conn: &Connection, ended_before: TimeUs) -> Result<bool> {
    Ok(!due(conn, ended_before, 1)?.is_empty())
}

/// Takes the latest of them: who has an older ticket for one has none now. They stay stale.
pub(crate) fn take(
    tx: &mut WriteTx<'_>,
    ended_before: TimeUs,
    days_max: usize,
    ticket: i64,
) -> Result<Vec<DayKey>> {
    let days = due(tx.conn, ended_before, days_max)?;
    for day in &days {
        forget_tickets(tx.conn, *day)?;
        stale::mark_day(tx.conn, day.shard, day.day, ticket)?;
    }
    Ok(days)
}

/// Joins the quarters of a day that was taken, of a snapshot of after that.
pub(crate) fn join(conn: &Connection, key: DayKey) -> Result<Joined> {
    let mut segments = Bodies::new(Grain::Day, key.shard.account, (key.day, key.shard.bucket));
    let joined = each(conn, key, |calls| {
        segments.add(calls);
        Ok(())
    })?;
    Ok(Joined {
        key,
        segments: joined.map(|()| segments),
        cooccurrence: cooccurrence::of_day(conn, key.shard, key.day)?,
    })
}

/// Gives out the pieces of a day, made of its quarters. An error within: the quarter that is damaged.
fn each(
    conn: &Connection,
    key: DayKey,
    mut give: impl FnMut(Builder) -> Result<()>,
) -> Result<std::result::Result<(), i64>> {
    let DayKey { day, shard } = key;
    let columns: Vec<Column> = Column::all().filter(|it| it.is_of_days()).collect();
    let first = Period::day(day).first;
    let range = (first, first + DAY_QUARTERS - 1);
    let mut statements = Statements::prepare(conn, Grain::Quarter, shard.account, &columns, range)?;
    let mut quarters = statements.segments()?;
    let mut calls = Builder::default();
    while let Some(((quarter, bucket, _), stored)) = quarters.next(|_| true)? {
        if bucket != shard.bucket {
            continue;
        }
        let read = stored.and_then(|mut piece| {
            let about = piece.about();
            let values = columns
                .iter()
                .map(|column| Ok((*column, piece.take(*column)?)));
            Ok((about, values.collect::<Result<Vec<_>>>()?))
        });
        let (about, values) = match read {
            Err(Error(StoreError::Corrupt(_))) => return Ok(Err(quarter)),
            read => read?,
        };
        if calls.calls() + about.calls > CALLS_MAX {
            give(std::mem::take(&mut calls))?;
        }
        let after_us = about.period.begin_us() - Period::day(day).begin_us();
        let known = values.iter().filter(|(_, values)| !values.codes.is_empty());
        calls.append(
            about,
            after_us,
            known.map(|(column, values)| (*column, values)),
        );
    }
    give(calls)?;
    Ok(Ok(()))
}

/// The calls of a piece of a day whose segments are damaged, made of its quarters. An error within: the
/// quarter that is damaged too.
pub(super) fn piece(
    conn: &Connection,
    account: i64,
    (day, bucket, piece): Key,
) -> Result<std::result::Result<Fresh, i64>> {
    let shard = Shard { account, bucket };
    let (mut nth, mut found) = (0, Builder::default());
    let joined = each(conn, DayKey { day, shard }, |calls| {
        if nth == piece {
            found = calls;
        }
        nth += 1;
        Ok(())
    })?;
    Ok(joined.map(|()| Fresh::of(found, Period::day(day))))
}

/// Writes the segments of days that are still ours; the others are somebody else's by now.
pub(crate) fn write(tx: &mut WriteTx<'_>, days: &[Joined], ticket: i64) -> Result<()> {
    for Joined {
        key,
        segments,
        cooccurrence,
    } in days
    {
        let ours = tx
            .conn
            .prepare_cached(
                "delete from stale_day where day = ?1 and account = ?2 and bucket = ?3 and ticket = ?4",
            )?
            .execute(params![key.day, key.shard.account, key.shard.bucket, ticket])?;
        if ours == 0 {
            continue;
        }
        cooccurrence.replace(tx.conn, key.shard, key.day)?;
        match segments {
            Ok(segments) => segments.replace(tx.conn)?,
            Err(quarter) => {
                stale::mark_day(tx.conn, key.shard, key.day, 0)?;
                stale::mark_quarter(tx.conn, key.shard, *quarter)?;
            }
        }
    }
    Ok(())
}

/// Forgets what is written of a day: what is stored, and what somebody is making.
pub(crate) fn forget(conn: &Connection, shard: Shard, day: i64) -> Result<()> {
    bodies::delete_all(conn, Grain::Day, shard.account, (day, shard.bucket))?;
    cooccurrence::forget(conn, shard, day)?;
    forget_tickets(conn, DayKey { day, shard })?;
    stale::mark_day(conn, shard, day, 0)
}

fn forget_tickets(conn: &Connection, key: DayKey) -> Result<()> {
    conn.prepare_cached("delete from stale_day where day = ?1 and account = ?2 and bucket = ?3")?
        .execute([key.day, key.shard.account, key.shard.bucket])?;
    Ok(())
}
