//! Looking for damage in what statistics are counted from.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::finding::find;
use crate::error::{Error, Result};
use crate::statistics::stored;
use sidetone_store::StoreError;
use sidetone_store::statistics::quarter::QUARTER_US;

/// Every segment is what was written, and a quarter that is counted has all of its calls.
pub(crate) fn check_segments(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let mut counted: BTreeMap<[i64; 3], i64> = BTreeMap::new();
    stored::each(conn, |quarter, calls| {
        match calls {
            Ok(calls) => *counted.entry(quarter).or_default() += calls,
            Err(Error(StoreError::Corrupt(damage))) => find(findings, || damage),
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
    let mut differ = 0;
    while let Some(row) = rows.next()? {
        let quarter = [row.get(0)?, row.get(1)?, row.get(2)?];
        let calls: i64 = row.get(3)?;
        differ += i64::from(counted.remove(&quarter) != Some(calls));
    }
    // What is left should be uncounted, because its calls are gone.
    let mut is_uncounted = conn
        .prepare("select 1 from uncounted where account = ?1 and quarter = ?2 and bucket = ?3")?;
    for quarter in counted.into_keys() {
        differ += i64::from(!is_uncounted.exists(quarter)?);
    }
    if differ > 0 {
        find(findings, || {
            format!("{differ} quarter hours of statistics differ from the calls")
        });
    }
    Ok(())
}
