//! How many deliveries an account may leave: no index counts them, so they are looked at now and then,
//! and what is beyond is settled some at a time.

use rusqlite::{Connection, params};
use sidetone_core::time::TimeUs;

use crate::engine::work::Work;
use crate::error::Result;

/// Rows of one job.
pub(crate) const AT_ONCE: usize = 500;

const WHY: &str = "given up: the account had too many deliveries waiting";

/// How much an account has beyond what it may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Excess {
    pub(crate) waiting: usize,
    pub(crate) dead: usize,
}

/// The accounts that have, by their rows.
pub(crate) fn beyond(
    conn: &Connection,
    waiting_max: usize,
    dead_max: usize,
) -> Result<Vec<(i64, Excess)>> {
    let mut statement = conn.prepare_cached(
        "select account, max(sum(state <> 3) - ?1, 0) as waiting, max(sum(state = 3) - ?2, 0) as dead
         from outbox group by account having waiting > 0 or dead > 0",
    )?;
    let rows = statement.query_map([waiting_max, dead_max], |row| {
        let excess = Excess {
            waiting: row.get(1)?,
            dead: row.get(2)?,
        };
        Ok((row.get(0)?, excess))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Gives up some of the oldest that wait, and lets go what comes behind them.
pub(crate) fn give_up(
    work: &mut Work<'_>,
    account: i64,
    waiting_max: usize,
    now: TimeUs,
) -> Result<u64> {
    let mut oldest = work.conn.prepare_cached(
        "select id, endpoint, subject from outbox where account = ?1 and state <> 3 order by id
         limit max(0, min(?3, (select count(*) from outbox where account = ?1 and state <> 3) - ?2))",
    )?;
    let rows = oldest.query_map(params![account, waiting_max, AT_ONCE], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    let rows: Vec<(i64, i64, Option<[u8; 16]>)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut give_up = work.conn.prepare_cached(
        "update outbox set state = 3, due_us = null, dead_us = ?2, last_error = ?3 where id = ?1",
    )?;
    let mut let_go = work.conn.prepare_cached(include_str!("let_go_next.sql"))?;
    for (id, endpoint, subject) in &rows {
        give_up.execute(params![id, now.micros(), WHY])?;
        if let Some(subject) = subject {
            let_go.execute(params![endpoint, subject])?;
        }
    }
    Ok(rows.len() as u64)
}

/// Forgets some of the longest dead.
pub(crate) fn forget(work: &mut Work<'_>, account: i64, dead_max: usize) -> Result<u64> {
    let forgotten = work
        .conn
        .prepare_cached(
            "delete from outbox where id in (
               select id from outbox where account = ?1 and state = 3 order by dead_us, id
               limit max(0, min(?3, (select count(*) from outbox where account = ?1 and state = 3) - ?2))
             )",
        )?
        .execute(params![account, dead_max, AT_ONCE])?;
    Ok(forgotten as u64)
}
