//! Calls that cannot be folded, or cost so much that they may not be: noted before they are tried,
//! so that what ends the process does so a few times and not for ever.

use rusqlite::{Connection, params};
use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;

use crate::engine::write_tx::WriteTx;
use crate::error::Result;
use crate::record;

/// Notes that a call is about to be tried. Says how often it was before without coming to an end.
pub(crate) fn begin(
    tx: &mut WriteTx<'_>,
    call: CallRef,
    fold_version: u32,
    now: TimeUs,
) -> Result<u32> {
    let Some(id) = record::row_of(tx.conn, call)? else {
        return Ok(0);
    };
    let tries: u32 = tx
        .conn
        .prepare_cached(
            "insert into set_aside (call_id, fold_version, tries, at_us) values (?1, ?2, 1, ?3)
             on conflict do update set fold_version = excluded.fold_version, at_us = excluded.at_us, reason = null,
               tries = case fold_version when excluded.fold_version then tries + 1 else 1 end
             returning tries",
        )?
        .query_row(params![id, fold_version, now.micros()], |row| row.get(0))?;
    Ok(tries - 1)
}

/// Leaves a call out from now on.
pub(crate) fn put(
    tx: &mut WriteTx<'_>,
    call: CallRef,
    fold_version: u32,
    reason: &str,
    now: TimeUs,
) -> Result<()> {
    if let Some(id) = record::row_of(tx.conn, call)? {
        tx.conn
            .prepare_cached(
                "replace into set_aside (call_id, fold_version, tries, at_us, reason) values (?1, ?2, 0, ?3, ?4)",
            )?
            .execute(params![id, fold_version, now.micros(), reason])?;
    }
    Ok(())
}

/// A call that was folded, or is to be tried again, is not set aside.
pub(crate) fn take_back(conn: &Connection, id: i64) -> Result<()> {
    conn.prepare_cached("delete from set_aside where call_id = ?1")?
        .execute([id])?;
    Ok(())
}
