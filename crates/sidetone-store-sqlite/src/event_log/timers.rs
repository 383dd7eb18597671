//! What waits for a time of day: the timers of calls, and all that waits when the clock is set
//! back.

use rusqlite::{Connection, params, params_from_iter};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::{DAY_US, TimeUs};

use crate::engine::write_tx::WriteTx;
use crate::error::Result;
use crate::record;
use sidetone_store::{DIRTY_DELAY_MAX_US, DueTimer};

pub(crate) fn due_timers(conn: &Connection, now: TimeUs, limit: usize) -> Result<Vec<DueTimer>> {
    let mut statement = conn.prepare_cached(include_str!("due_timers.sql"))?;
    let rows = statement.query_map(
        params![now.micros(), i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| {
            Ok(DueTimer {
                call: CallRef {
                    account: AccountSid::from_bytes(row.get(0)?),
                    sid: CallSid::from_bytes(row.get(1)?),
                },
                ended: row.get(2)?,
                last_event_at: TimeUs::from_micros(row.get::<_, Option<i64>>(3)?.unwrap_or(0)),
            })
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(crate) fn defer_timers(tx: &mut WriteTx<'_>, calls: &[CallRef], until: TimeUs) -> Result<()> {
    let mut defer = tx
        .conn
        .prepare_cached("update call set timer_us = ?2 where id = ?1 and timer_us < ?2")?;
    for call in calls {
        if let Some(id) = record::row_of(tx.conn, *call)? {
            defer.execute([id, until.micros()])?;
        }
    }
    Ok(())
}

/// The longest that a delivery may wait for another try after a failure: three days are all it has.
const RETRY_MAX_US: i64 = 3 * DAY_US;

pub(crate) fn clock_set_back(
    tx: &mut WriteTx<'_>,
    now: TimeUs,
    settle_us: i64,
    call_idle_us: i64,
) -> Result<u64> {
    let now = now.micros();
    let latest_us = now.saturating_add(DIRTY_DELAY_MAX_US);
    let run = |sql: &str, values: &[i64]| -> Result<u64> {
        let changed = tx.conn.execute(sql, params_from_iter(values))?;
        Ok(changed as u64)
    };
    let dirty = run(
        "update call indexed by call_dirty set dirty_us = ?1 where dirty_us is not null and dirty_us > ?2",
        &[now, latest_us],
    )?;
    let mut timers = 0;
    for (ended, wait_us) in [("not null", settle_us), ("null", call_idle_us)] {
        timers += run(
            &format!("update call set timer_us = ?1 where timer_us > ?1 and ended_us is {ended}"),
            &[now.saturating_add(wait_us)],
        )?;
    }
    let latest = TimeUs::from_micros(latest_us);
    tx.shared.calls.end_by(latest);
    tx.shared.feedback_summaries.end_by(latest);
    tx.shared.deliveries.end_by(latest);
    tx.shared.changes.end_by(latest);
    tx.shared.alerts.end_by(latest);
    run(
        "update outbox set due_us = ?1 where state = 1 and due_us > ?2",
        &[now, now.saturating_add(RETRY_MAX_US)],
    )?;
    Ok(dirty + timers)
}
