//! Looking for damage in what statistics are counted from.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::finding::find;
use crate::error::{Error, Result};
use crate::rollups::{cooccurrence, stale};
use crate::rows::shard::Shard;
use crate::statistics::key::Grain;
use crate::statistics::stored;
use sidetone_store::StoreError;
use sidetone_store::statistics::quarter::{QUARTER_US, day_of};

/// Every segment is what was written; a quarter that is not stale has all of its calls, and such a
/// day those of all its quarters.
pub(crate) fn check_segments(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    differing(conn, findings)?;
    differing_days(conn, findings).map(drop)
}

/// The quarters of which that is not so, by account, quarter and bucket.
pub(crate) fn differing(
    conn: &Connection,
    findings: &mut Vec<String>,
) -> Result<BTreeSet<[i64; 3]>> {
    let (mut wrong, mut differ) = (BTreeSet::new(), 0);
    let mut counted: BTreeMap<[i64; 3], i64> = BTreeMap::new();
    stored::each(conn, Grain::Quarter, |quarter, calls| {
        match calls {
            Ok(calls) => *counted.entry(quarter).or_default() += calls,
            Err(Error(StoreError::Corrupt(damage))) => {
                find(findings, || damage);
                wrong.insert(quarter);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    })?;
    // SQLite divides towards zero, quarters are rounded down.
    let mut recount = conn.prepare(&format!(
        "select account, quarter, bucket, calls from (
           select account, (start_us - ((start_us % {QUARTER_US}) + {QUARTER_US}) % {QUARTER_US}) / {QUARTER_US} as quarter,
             bucket, count(*) as calls
           from call where start_us is not null group by 1, 2, 3
         ) c where not exists (
           select 1 from uncounted u where u.quarter = c.quarter and u.account = c.account and u.bucket = c.bucket
         )"
    ))?;
    let mut rows = recount.query([])?;
    while let Some(row) = rows.next()? {
        let quarter = [row.get(0)?, row.get(1)?, row.get(2)?];
        let calls: i64 = row.get(3)?;
        if counted.remove(&quarter) != Some(calls) {
            differ += 1;
            wrong.insert(quarter);
        }
    }
    // What is left should be stale, because its calls are gone.
    let mut is_stale = conn
        .prepare("select 1 from uncounted where account = ?1 and quarter = ?2 and bucket = ?3")?;
    for quarter in counted.into_keys() {
        if !is_stale.exists(quarter)? {
            differ += 1;
            wrong.insert(quarter);
        }
    }
    if differ > 0 {
        find(findings, || {
            format!("{differ} quarter hours of statistics differ from the calls")
        });
    }
    Ok(wrong)
}

/// The days of which that is not so, by account, day and bucket.
pub(crate) fn differing_days(
    conn: &Connection,
    findings: &mut Vec<String>,
) -> Result<BTreeSet<[i64; 3]>> {
    let mut wrong = BTreeSet::new();
    // What the days have, less what their quarters have.
    let mut differences: BTreeMap<[i64; 3], i64> = BTreeMap::new();
    stored::each(conn, Grain::Day, |day, calls| {
        match calls {
            Ok(calls) => *differences.entry(day).or_default() += calls,
            Err(Error(StoreError::Corrupt(damage))) => {
                find(findings, || damage);
                wrong.insert(day);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    })?;
    stored::each(conn, Grain::Quarter, |[account, quarter, bucket], calls| {
        match calls {
            Ok(calls) => {
                let day = [account, day_of(quarter), bucket];
                *differences.entry(day).or_default() -= calls;
                Ok(())
            }
            // It was found before.
            Err(Error(StoreError::Corrupt(_))) => Ok(()),
            Err(error) => Err(error),
        }
    })?;
    let mut differ = 0;
    let is_stale =
        |[account, day, bucket]: [i64; 3]| stale::is_day(conn, Shard { account, bucket }, day);
    for (day, difference) in differences {
        if difference != 0 && !is_stale(day)? {
            differ += 1;
            wrong.insert(day);
        }
    }
    if differ > 0 {
        find(findings, || {
            format!("{differ} days of statistics differ from their quarter hours")
        });
    }
    let mut differ = 0;
    for day in cooccurrence::told(conn)? {
        let [account, at, bucket] = day;
        if !is_stale(day)? && !cooccurrence::is_right(conn, Shard { account, bucket }, at)? {
            differ += 1;
            wrong.insert(day);
        }
    }
    if differ > 0 {
        find(findings, || {
            format!("what values go together on {differ} days differs from the calls")
        });
    }
    Ok(wrong)
}
