//! How many requests an account may leave: they are counted now and then, by an index that has no events, and
//! what is beyond is found by who reads, and settled some at a time.

use rusqlite::{Connection, OptionalExtension, params};
use sidetone_core::time::TimeUs;

use crate::engine::write_tx::WriteTx;
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
        "select account, max(sum(dead_us is null) - ?1, 0) as waiting, max(sum(dead_us is not null) - ?2, 0) as dead
         from outbox indexed by outbox_request where sink is null
         group by account having waiting > 0 or dead > 0",
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

/// Some that wait of an account, oldest first, behind one of them.
pub(crate) fn oldest_waiting(conn: &Connection, account: i64, after: i64) -> Result<Vec<i64>> {
    let mut oldest = conn.prepare_cached(
        "select id from outbox indexed by outbox_request
         where sink is null and account = ?1 and dead_us is null and id > ?2 order by id limit ?3",
    )?;
    let ids = oldest.query_map(params![account, after, AT_ONCE], |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// Gives these up where they wait, and lets go what comes behind them.
pub(crate) fn give_up(tx: &mut WriteTx<'_>, ids: &[i64], now: TimeUs) -> Result<u64> {
    let mut give_up = tx.conn.prepare_cached(
        "update outbox set state = 3, due_us = null, dead_us = ?2, last_error = ?3
         where id = ?1 and state <> 3 returning endpoint, subject",
    )?;
    let mut let_go = tx.conn.prepare_cached(include_str!("let_go_next.sql"))?;
    let mut given_up = 0;
    for id in ids {
        let found = give_up
            .query_row(params![id, now.micros(), WHY], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Option<[u8; 16]>>(1)?))
            })
            .optional()?;
        let Some((endpoint, subject)) = found else {
            continue;
        };
        given_up += 1;
        if let Some(subject) = subject {
            let_go.execute(params![endpoint, subject])?;
        }
    }
    Ok(given_up)
}

/// Some of the dead of an account, longest dead first, behind one of them by its time and row.
pub(crate) fn longest_dead(
    conn: &Connection,
    account: i64,
    after: (i64, i64),
) -> Result<Vec<(i64, i64)>> {
    let mut dead = conn.prepare_cached(
        "select dead_us, id from outbox indexed by outbox_request
         where sink is null and account = ?1 and dead_us is not null and (dead_us, id) > (?2, ?3)
         order by dead_us, id limit ?4",
    )?;
    let found = dead.query_map(params![account, after.0, after.1, AT_ONCE], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Forgets these where they are dead.
pub(crate) fn forget(tx: &mut WriteTx<'_>, ids: &[i64]) -> Result<u64> {
    let mut delete = tx
        .conn
        .prepare_cached("delete from outbox where id = ?1 and state = 3")?;
    let mut forgotten = 0;
    for id in ids {
        forgotten += delete.execute([id])? as u64;
    }
    Ok(forgotten)
}
