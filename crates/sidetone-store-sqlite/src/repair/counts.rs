//! What is counted by the hour: counted again from the calls, as it is when they are written.

use rusqlite::Connection;

use crate::check::rollups::{check_hours, check_pdd, check_rollups};
use crate::error::Result;
use crate::feedback;
use crate::rollups::deltas::Deltas;
use crate::rows::facet::{self, Facets};
use crate::rows::shard::Shard;

/// Calls that are counted at once.
const CALLS_AT_ONCE: usize = 1_000;

const TABLES: [&str; 6] = [
    "rollup",
    "judged",
    "judged_piece",
    "figures",
    "hourly",
    "pdd",
];

pub(super) fn repair(conn: &Connection, told: &mut Vec<String>) -> Result<()> {
    let mut wrong = Vec::new();
    if let Err(error) = check(conn, &mut wrong) {
        wrong.push(format!(
            "what is counted by the hour cannot be read ({error})"
        ));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    for table in TABLES {
        conn.execute(&format!("delete from {table}"), [])?;
    }
    count(conn)?;
    let again = |wrong| format!("{wrong}: counted again from them");
    told.extend(wrong.into_iter().map(again));
    Ok(())
}

fn check(conn: &Connection, wrong: &mut Vec<String>) -> Result<()> {
    let mut accounts = conn.prepare("select id from account")?;
    for account in accounts.query_map([], |row| row.get(0))? {
        check_rollups(conn, account?, wrong)?;
    }
    check_hours(conn, wrong)?;
    check_pdd(conn, wrong)
}

fn count(conn: &Connection) -> Result<()> {
    let mut deltas = Deltas::default();
    let mut statement = conn.prepare(&format!(
        "select c.id, c.account, c.bucket, c.rated, f.created_us, {}
         from call c not indexed left join feedback f on f.call_id = c.id order by c.id",
        facet::columns()
    ))?;
    let mut rows = statement.query([])?;
    let mut calls = 0;
    while let Some(row) = rows.next()? {
        let shard = Shard {
            account: row.get(1)?,
            bucket: row.get(2)?,
        };
        let facets = Facets::read(row, 5)?;
        deltas.change(shard, row.get(0)?, &Facets::NONE, &facets);
        if let (Some(rated), Some(created_us)) = (row.get(3)?, row.get(4)?) {
            let start_us = facets.keys.map(|keys| keys.start_us);
            feedback::count_rated(&mut deltas, shard, rated, (start_us, created_us));
        }
        calls += 1;
        if calls % CALLS_AT_ONCE == 0 {
            deltas.flush(conn)?;
        }
    }
    deltas.flush(conn)
}
