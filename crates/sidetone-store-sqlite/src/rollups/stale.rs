//! What is not as the calls are any more, of what is written once per quarter or day.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use crate::error::Result;
use crate::rows::shard::Shard;
use sidetone_store::facets::Keys;
use sidetone_store::statistics::quarter::{Period, day_of, quarter_of};

/// The quarter in which a call started; and that in which it ended, if on another day: whole days are
/// told of by both.
pub(crate) fn quarters_of(keys: Keys) -> impl Iterator<Item = i64> {
    let start = quarter_of(keys.start_us);
    let end = keys.ended_us.map(quarter_of);
    let end = end.filter(|end| day_of(*end) != day_of(start));
    std::iter::once(start).chain(end)
}

/// Marks a quarter as stale.
pub(crate) fn mark_quarter(conn: &Connection, shard: Shard, quarter: i64) -> Result<()> {
    conn.prepare_cached(
        "insert or ignore into uncounted (quarter, account, bucket, ticket) values (?1, ?2, ?3, 0)",
    )?
    .execute([quarter, shard.account, shard.bucket])?;
    Ok(())
}

/// Marks a day as stale. `ticket`: of who is writing it; 0: nobody.
pub(crate) fn mark_day(conn: &Connection, shard: Shard, day: i64, ticket: i64) -> Result<()> {
    conn.prepare_cached(
        "insert or ignore into stale_day (day, account, bucket, ticket) values (?1, ?2, ?3, ?4)",
    )?
    .execute(params![day, shard.account, shard.bucket, ticket])?;
    Ok(())
}

/// The stale quarters of a range, by bucket.
pub(crate) fn quarters(
    conn: &Connection,
    account: i64,
    first: i64,
    last: i64,
) -> Result<BTreeSet<(i64, i64)>> {
    let mut statement = conn.prepare_cached(
        "select quarter, bucket from uncounted where account = ?1 and quarter between ?2 and ?3",
    )?;
    let rows = statement.query_map([account, first, last], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The days from one to another that are stale, or have one of some stale quarters.
pub(crate) fn days(
    conn: &Connection,
    account: i64,
    (first, last): (i64, i64),
    quarters: &BTreeSet<(i64, i64)>,
) -> Result<BTreeSet<i64>> {
    let mut statement = conn
        .prepare_cached("select day from stale_day where account = ?1 and day between ?2 and ?3")?;
    let days = statement.query_map([account, first, last], |row| row.get(0))?;
    let mut days: BTreeSet<i64> = days.collect::<rusqlite::Result<_>>()?;
    days.extend(quarters.iter().map(|(quarter, _)| day_of(*quarter)));
    Ok(days)
}

/// Whether a day is stale, or has a stale quarter.
pub(crate) fn is_day(conn: &Connection, shard: Shard, day: i64) -> Result<bool> {
    let Shard { account, bucket } = shard;
    let Period { first, quarters } = Period::day(day);
    let mut stale = conn.prepare_cached(
        "select 1 from stale_day where day = ?1 and account = ?2 and bucket = ?3
         union all select 1 from uncounted where quarter between ?4 and ?5 and account = ?2 and bucket = ?3",
    )?;
    Ok(stale.exists([day, account, bucket, first, first + quarters - 1])?)
}
