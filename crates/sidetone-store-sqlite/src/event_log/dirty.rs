//! Which calls have events that their summary does not know, and claiming them.

use rusqlite::{Connection, OptionalExtension, params};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::TimeUs;

use super::set_aside;
use crate::engine::write_tx::WriteTx;
use crate::error::Result;
use crate::record;
use crate::rows::codec;
use sidetone_store::Topic;

/// How long the states of calls that are claimed together may be.
const STATES_MAX_BYTES: usize = 8 << 20;

/// What is taken of the dirty calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taking {
    pub(crate) limit: usize,
    /// Only those that have been dirty since then or longer.
    pub(crate) since: TimeUs,
    /// What this version of the fold has set aside is left out.
    pub(crate) fold_version: u32,
}

/// A dirty call and its row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claimed {
    pub(crate) id: i64,
    pub(crate) call: CallRef,
}

/// A claimed call, before its events are read.
pub(crate) struct Stale {
    pub(crate) id: i64,
    pub(crate) call: CallRef,
    pub(crate) state_position: i64,
    pub(crate) event_count: i64,
    pub(crate) last_received_us: i64,
    pub(crate) end_seen_us: Option<i64>,
    pub(crate) state: Option<Vec<u8>>,
}

/// Claims dirty calls, longest waiting first.
pub(crate) fn claim(
    conn: &Connection,
    taking: &Taking,
    mut claims: impl FnMut(CallRef) -> bool,
) -> Result<Vec<Claimed>> {
    let mut statement = conn.prepare_cached(include_str!("dirty.sql"))?;
    let mut rows = statement.query(params![taking.since.micros(), taking.fold_version])?;
    let mut claimed = Vec::new();
    while claimed.len() < taking.limit
        && let Some(row) = rows.next()?
    {
        let call = CallRef {
            account: AccountSid::from_bytes(row.get(1)?),
            sid: CallSid::from_bytes(row.get(2)?),
        };
        if claims(call) {
            let id = row.get(0)?;
            claimed.push(Claimed { id, call });
        }
    }
    Ok(claimed)
}

/// What is read of claimed calls: in a snapshot of after the claim, so that nothing is missed that
/// somebody wrote before he let go of them.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) stale: Vec<Stale>,
    /// Those that are not to be folded any more, or for which there is no more room.
    pub(crate) others: Vec<CallRef>,
    /// Those whose rows are damaged. They keep the summary they have: what would be folded might be
    /// another's. `check` names them.
    pub(crate) damaged: Vec<Claimed>,
}

/// Reads claimed calls.
pub(crate) fn read(conn: &Connection, claimed: Vec<Claimed>, fold_version: u32) -> Result<Found> {
    let sql = record::with_soundness(include_str!("dirty_call.sql"));
    let mut statement = conn.prepare_cached(&sql)?;
    let (mut found, mut state_bytes) = (Found::default(), 0);
    for Claimed { id, call } in claimed {
        if state_bytes > STATES_MAX_BYTES {
            found.others.push(call);
            continue;
        }
        let read = statement
            .query_row(params![id, fold_version], |row| {
                let state_position = row.get(0)?;
                let sealed: Option<Vec<u8>> = row.get(4)?;
                let stale = Stale {
                    id,
                    call,
                    state_position,
                    event_count: row.get(1)?,
                    last_received_us: row.get::<_, Option<i64>>(2)?.unwrap_or(0),
                    end_seen_us: row.get(3)?,
                    // A damaged one is forgotten: the log is folded from the first event.
                    state: sealed.and_then(|sealed| {
                        codec::open(&state_identity(call, state_position), &sealed)
                    }),
                };
                Ok((stale, row.get(5)?))
            })
            .optional()?;
        match read {
            None => found.others.push(call),
            Some((_, false)) => found.damaged.push(Claimed { id, call }),
            Some((stale, true)) => {
                state_bytes += stale.state.as_ref().map_or(0, Vec::len);
                found.stale.push(stale);
            }
        }
    }
    Ok(found)
}

/// Lets damaged calls be.
pub(crate) fn forget(conn: &Connection, damaged: &[Claimed]) -> Result<()> {
    let mut forget = conn.prepare_cached("update call set dirty_us = null where id = ?1")?;
    for call in damaged {
        forget.execute([call.id])?;
    }
    Ok(())
}

/// Has calls folded anew, from their first event.
pub(crate) fn refold(tx: &mut WriteTx<'_>, calls: &[CallRef]) -> Result<()> {
    for call in calls {
        let Some(id) = record::row_of(tx.conn, *call)? else {
            continue;
        };
        // Without raw events there is nothing to fold: the summary was loaded, or they have expired.
        let marked = tx
            .conn
            .prepare_cached(
                "update call set dirty_us = coalesce(dirty_us, last_received_us, 0)
                 where id = ?1 and event_count > 0 and late_events is null",
            )?
            .execute([id])?;
        if marked > 0 {
            tx.conn
                .prepare_cached("delete from fold_state where call_id = ?1")?
                .execute([id])?;
            set_aside::take_back(tx.conn, id)?;
            // Whoever folds it goes on with a state that is no more.
            tx.shared.calls.make_void(*call);
            tx.ring(Topic::Calls);
        }
    }
    Ok(())
}

/// Whose bytes those of a fold state are: that of a call at a position.
pub(crate) fn state_identity(call: CallRef, position: i64) -> Vec<u8> {
    let mut identity = record::identity(call).to_vec();
    identity.extend_from_slice(&position.to_le_bytes());
    identity
}
