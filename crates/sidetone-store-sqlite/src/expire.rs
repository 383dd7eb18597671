//! Removing what is too old: events first, then calls, and what is no call.

use rusqlite::{Connection, Row, ToSql, params};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::ProcessingState;

use super::engine::write_tx::WriteTx;
use super::error::Result;
use super::event_log::rowid;
use super::rows::cursor;
use super::rows::tables::CALL;
use super::{erase, feed};
use sidetone_store::Cursor;
use sidetone_store::feed::Changed;
use sidetone_store::retention::{Expirable, Expired, ExpiredBeside, Horizons};

/// Rows that are removed in one transaction, or those of one call: a few milliseconds, which others who
/// write wait for.
const ROWS_MAX: u64 = 1_000;
/// How many events take as long as the rest of a call, and as sealing it does.
const ROWS_OF_A_CALL: u64 = 50;
const ROWS_OF_A_SEAL: u64 = 10;

/// A call that is too old, by its row.
pub(crate) struct Old {
    id: i64,
    call: CallRef,
    events: u64,
    what: TooOld,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TooOld {
    Call,
    Events,
}

/// Calls of which anything may be removed, and how old they are: complete, known in full, without a
/// timer; or known only by what was said of them.
fn candidates(which: &str) -> String {
    format!(
        "select c.id, a.sid, c.sid, c.event_count, c.late_events is not null,
           max(ifnull(coalesce(c.last_received_us, c.last_event_us), 0),
               ifnull((select max(at_us) from annotation_log where id = c.last_change), 0),
               ifnull((select updated_us from feedback where call_id = c.id), 0)),
           ifnull(coalesce(c.last_received_us, c.last_event_us), 0)
         from call c join account a on a.id = c.account
         where {which} and c.dirty_us is null and c.timer_us is null
           and (c.placeholder = 1 or c.processing = {} and c.event_count = c.position
             and coalesce(c.last_received_us, c.last_event_us) < ?1)",
        ProcessingState::Complete.index()
    )
}

fn old(row: &Row<'_>, horizons: Horizons) -> rusqlite::Result<Option<Old>> {
    let events: u64 = if row.get(4)? { 0 } else { row.get(3)? };
    let (last_us, last_event_us): (i64, i64) = (row.get(5)?, row.get(6)?);
    let what = if last_us < horizons.calls.micros() {
        TooOld::Call
    } else if events > 0 && last_event_us < horizons.events.micros() {
        TooOld::Events
    } else {
        return Ok(None);
    };
    Ok(Some(Old {
        id: row.get(0)?,
        call: CallRef {
            account: AccountSid::from_bytes(row.get(1)?),
            sid: CallSid::from_bytes(row.get(2)?),
        },
        events,
        what,
    }))
}

/// Whatever is old enough for either.
fn latest(horizons: Horizons) -> i64 {
    horizons.events.max(horizons.calls).micros()
}

/// Looks at calls behind a cursor for those that are too old, until there is enough to remove.
pub(super) fn look(
    conn: &Connection,
    horizons: Horizons,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<(Vec<Old>, Option<Cursor>)> {
    let first = cursor::behind(after)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let last: Option<i64> = conn
        .prepare_cached(
            "select max(id) from (select id from call where id > ?1 order by id limit ?2)",
        )?
        .query_row([first, limit], |row| row.get(0))?;
    let Some(last) = last else {
        return Ok((Vec::new(), None));
    };
    let sql = candidates("c.id between ?2 and ?3") + " order by c.id";
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([latest(horizons), first + 1, last])?;
    let (mut found, mut removed) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let Some(old) = old(row, horizons)? else {
            continue;
        };
        removed += old.events
            + match old.what {
                TooOld::Call => ROWS_OF_A_CALL,
                TooOld::Events => ROWS_OF_A_SEAL,
            };
        let id = old.id;
        found.push(old);
        if removed >= ROWS_MAX {
            return Ok((found, Some(cursor::of([id]))));
        }
    }
    Ok((found, Some(cursor::of([last]))))
}

/// Removes what was found, where it is still too old.
pub(super) fn expire(
    tx: &mut WriteTx<'_>,
    found: &[Old],
    horizons: Horizons,
    now: TimeUs,
) -> Result<Expired> {
    let mut expired = Expired::default();
    let sql = candidates("c.id = ?2 and c.sid = ?3") + " and " + &CALL.is_sound("c.");
    for Old { id, call, what, .. } in found {
        let again = {
            let mut statement = tx.conn.prepare_cached(&sql)?;
            let mut rows = statement.query(params![latest(horizons), id, call.sid.as_bytes()])?;
            rows.next()?
                .map(|row| old(row, horizons))
                .transpose()?
                .flatten()
        };
        match again {
            Some(again) if again.what == *what => match what {
                TooOld::Call => {
                    erase::remove(tx, *call, None, now)?;
                    feed::note(tx, *call, &Changed::Erased, now)?;
                    expired.calls += 1;
                }
                TooOld::Events => expired.events += seal(tx.conn, *id)?,
            },
            _ => {}
        }
    }
    Ok(expired)
}

/// Removes the events of a call, and what its fold would go on from. Says how many there were.
fn seal(conn: &Connection, id: i64) -> Result<u64> {
    conn.prepare_cached("update call set late_events = 0 where id = ?1")?
        .execute([id])?;
    conn.prepare_cached("delete from fold_state where call_id = ?1")?
        .execute([id])?;
    let (first, last) = rowid::range(id).into_inner();
    let events = conn
        .prepare_cached("delete from event where id between ?1 and ?2")?
        .execute([first, last])?;
    Ok(events as u64)
}

pub(super) fn expirable(conn: &Connection, horizons: Horizons) -> Result<Expirable> {
    let mut statement = conn.prepare(&candidates("true"))?;
    let mut rows = statement.query([latest(horizons)])?;
    let mut expirable = Expirable::default();
    while let Some(row) = rows.next()? {
        match old(row, horizons)?.map(|old| old.what) {
            Some(TooOld::Call) => expirable.calls += 1,
            Some(TooOld::Events) => expirable.calls_with_events += 1,
            None => {}
        }
    }
    Ok(expirable)
}

pub(super) fn expire_beside(
    conn: &Connection,
    horizons: Horizons,
    limit: usize,
) -> Result<ExpiredBeside> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (events_us, calls_us) = (horizons.events.micros(), horizons.calls.micros());
    let delete = |sql: &str, before_us: i64| -> Result<u64> {
        let values: [&dyn ToSql; 2] = [&before_us, &limit];
        Ok(conn.prepare_cached(sql)?.execute(values)? as u64)
    };
    Ok(ExpiredBeside {
        dead_letters: delete(
            "delete from outbox where id in
               (select id from outbox where dead_us is not null and dead_us < ?1 limit ?2)",
            events_us,
        )?,
        feedback_summaries: delete(
            "delete from feedback_summary where id in
               (select id from feedback_summary where status >= 2 and updated_us < ?1 limit ?2)",
            calls_us,
        )?,
        annotation_batches: delete(
            "delete from annotation_batch where id in
               (select id from annotation_batch where created_us < ?1
                  and not exists (select 1 from annotation_batch_line where batch = annotation_batch.id) limit ?2)",
            calls_us,
        )?,
        tombstones: delete(
            "delete from tombstone where (sid, account) in
               (select sid, account from tombstone indexed by tombstone_by_time where at_us < ?1 limit ?2)",
            calls_us,
        )?,
        reports: delete(
            "delete from report where id in (select id from report where expires_us <= ?1 limit ?2)",
            horizons.expiring.micros(),
        )?,
        sessions: delete(
            "delete from session where digest in (select digest from session where expires_us <= ?1 limit ?2)",
            horizons.expiring.micros(),
        )?,
        alerts: delete(
            "delete from alert where id in
               (select id from alert indexed by alert_resolved where resolved_us is not null and resolved_us < ?1 limit ?2)",
            calls_us,
        )?,
        audit_entries: delete(
            "delete from audit where id in (select id from audit where at_us < ?1 limit ?2)",
            calls_us,
        )?,
    })
}
