//! Which calls have events that their summary does not know, and claiming them.

use rusqlite::{Connection, OptionalExtension, params};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::TimeUs;

use super::error::Result;
use super::{codec, record};

/// How long the states of calls that are claimed together may be.
const STATES_MAX_BYTES: usize = 8 << 20;

/// What is taken of the dirty calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taking {
    pub(super) limit: usize,
    /// Only those that have been dirty since then or longer.
    pub(super) since: TimeUs,
    /// What this version of the fold has set aside is left out.
    pub(super) fold_version: u32,
}

/// A dirty call and its row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claimed {
    pub(super) id: i64,
    pub(super) call: CallRef,
}

/// A claimed call, before its events are read.
pub(super) struct Stale {
    pub(super) id: i64,
    pub(super) call: CallRef,
    pub(super) state_position: i64,
    pub(super) event_count: i64,
    pub(super) last_received_us: i64,
    pub(super) end_seen_us: Option<i64>,
    pub(super) state: Option<Vec<u8>>,
}

/// Claims dirty calls, longest waiting first.
pub(super) fn claim(
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

/// What is read of claimed calls: in a snapshot of after the claim, so that nothing is missed that somebody wrote before he let
/// go of them.
#[derive(Default)]
pub(super) struct Found {
    pub(super) stale: Vec<Stale>,
    /// Those that are not dirty any more, or for which there is no more room.
    pub(super) others: Vec<CallRef>,
    /// Those whose rows are damaged. They keep the summary they have: what would be folded might be another's. `check` names
    /// them.
    pub(super) damaged: Vec<Claimed>,
}

/// Reads claimed calls.
pub(super) fn read(conn: &Connection, claimed: Vec<Claimed>) -> Result<Found> {
    let sql = record::with_soundness(include_str!("dirty_call.sql"));
    let mut statement = conn.prepare_cached(&sql)?;
    let (mut found, mut state_bytes) = (Found::default(), 0);
    for Claimed { id, call } in claimed {
        if state_bytes > STATES_MAX_BYTES {
            found.others.push(call);
            continue;
        }
        let read = statement
            .query_row([id], |row| {
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
pub(super) fn forget(conn: &Connection, damaged: &[Claimed]) -> Result<()> {
    let mut forget = conn.prepare_cached("update call set dirty_us = null where id = ?1")?;
    for call in damaged {
        forget.execute([call.id])?;
    }
    Ok(())
}

/// Whose bytes those of a fold state are: that of a call at a position.
pub(super) fn state_identity(call: CallRef, position: i64) -> Vec<u8> {
    let mut identity = record::identity(call);
    identity.extend_from_slice(&position.to_le_bytes());
    identity
}
