//! What statistics are counted from: forgotten, so that it is made again from the calls.

use rusqlite::Connection;
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store::statistics::quarter::{Period, QUARTER_US};

use crate::check::segments::{differing, differing_days};
use crate::error::Result;
use crate::rollups::stale;
use crate::rows::shard::Shard;
use crate::statistics::{build, days};

pub(super) fn repair(conn: &Connection, told: &mut Vec<String>) -> Result<()> {
    // Marks of nobody's calls. Those that they were before are missed, and found below.
    for table in ["uncounted", "stale_day"] {
        let rows = conn.execute(
            &format!("delete from {table} where account not in (select id from account)"),
            [],
        )?;
        if rows > 0 {
            told.push(format!(
                "table {table}: rows about accounts that are not there, {rows} of them, removed"
            ));
        }
    }
    for [account, quarter, bucket] in differing(conn, &mut Vec::new())? {
        let shard = Shard { account, bucket };
        build::forget_quarter(conn, shard, quarter)?;
        stale::mark_quarter(conn, shard, quarter)?;
        let at = TimeUs::from_micros(quarter.saturating_mul(QUARTER_US));
        told.push(format!(
            "statistics of the quarter hour from {at} of account {}: counted from the calls until a server has written them again",
            sid(conn, account)
        ));
    }
    for [account, day, bucket] in differing_days(conn, &mut Vec::new())? {
        days::forget(conn, Shard { account, bucket }, day)?;
        let at = TimeUs::from_micros(Period::day(day).begin_us());
        told.push(format!(
            "statistics of the day from {at} of account {}: counted from its quarter hours until a server has written it again",
            sid(conn, account)
        ));
    }
    Ok(())
}

/// What an account is called; its number when that cannot be read.
fn sid(conn: &Connection, account: i64) -> String {
    let sid = conn.query_row("select sid from account where id = ?1", [account], |row| {
        row.get(0).map(AccountSid::from_bytes)
    });
    sid.map_or_else(|_| format!("number {account}"), |sid| sid.to_string())
}
