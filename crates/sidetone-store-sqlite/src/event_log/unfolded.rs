//! Reading what a call's summary does not know yet: in parts, so that no log is ever in memory
//! whole.

use rusqlite::Connection;
use sidetone_core::event::CallEvent;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::TimeUs;

use super::dirty::Stale;
use super::event::{EVENT, read_event};
use super::rowid;
use crate::error::{Error, Result};
use crate::record;
use crate::rows::cursor;
use sidetone_store::{Cursor, DirtyCall, FoldedCall, FoldedCalls, LogPart, StoreError};

/// How much memory the events of a part may take, of one call or of many. One event is always
/// given.
const PIECE_BYTES: usize = 8 << 20;

/// Where the events of a call go on.
#[derive(Clone, Copy)]
struct Rest {
    /// The next row of the log, and the last that may be the call's.
    next: i64,
    last: i64,
    /// Positions that are not wanted because the state knows them, and those beyond which nothing
    /// is.
    known: i64,
    count: i64,
    /// How many of these have been given.
    given: i64,
}

impl Rest {
    fn cursor(self) -> Cursor {
        cursor::of([self.next, self.last, self.known, self.count, self.given])
    }

    fn read(cursor: &Cursor) -> Result<Self> {
        let [next, last, known, count, given] = cursor::read(cursor)?;
        Ok(Self {
            next,
            last,
            known,
            count,
            given,
        })
    }
}

impl Stale {
    /// All that is to be read of it: up to the events that were there when it was read.
    fn rest(&self) -> Rest {
        let (next, last) = rowid::range(self.id).into_inner();
        Rest {
            next,
            last,
            known: self.state.as_ref().map_or(0, |_| self.state_position),
            count: self.event_count,
            given: 0,
        }
    }
}

/// Begins to read leased calls: those that are left when there is no more room are read on by
/// [`read_on`].
pub(crate) fn begin(conn: &Connection, stale: Vec<Stale>) -> Result<Vec<DirtyCall>> {
    let mut room = PIECE_BYTES;
    let mut calls = Vec::with_capacity(stale.len());
    for row in stale {
        let part = read(conn, row.call, row.rest(), &mut room)?;
        calls.push(DirtyCall {
            call: row.call,
            events: part.events,
            rest: part.rest,
            unreadable: part.unreadable,
            state: row.state,
            position: row.event_count.unsigned_abs(),
            last_received_at: TimeUs::from_micros(row.last_received_us),
            end_seen_at: row.end_seen_us.map(TimeUs::from_micros),
        });
    }
    Ok(calls)
}

/// Reads calls that were folded, behind a row, and the beginnings of their logs as far as their
/// summaries know them.
pub(crate) fn folded(
    conn: &Connection,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<FoldedCalls> {
    let sql = record::with_soundness(
        "select c.id, a.sid, c.sid, c.position, c.last_received_us, c.end_seen_us, IS_SOUND, d.body
         from call c cross join account a on a.id = c.account left join document d on d.call_id = c.id
         where c.id > ?1 and c.position > 0 and c.late_events is null order by c.id limit ?2",
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query([cursor::behind(after)?, limit])?;
    let (mut stale, mut summaries, mut folded) = (Vec::new(), Vec::new(), FoldedCalls::default());
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        folded.next = Some(cursor::of([id]));
        let call = CallRef {
            account: AccountSid::from_bytes(row.get(1)?),
            sid: CallSid::from_bytes(row.get(2)?),
        };
        let body = row.get_ref(7)?.as_blob_or_null()?.unwrap_or_default();
        match record::read_summary(body, call) {
            Ok(summary) if row.get(6)? => summaries.push(summary),
            _ => {
                folded.damaged += 1;
                continue;
            }
        }
        stale.push(Stale {
            id,
            call,
            state_position: 0,
            event_count: row.get(3)?,
            last_received_us: row.get::<_, Option<i64>>(4)?.unwrap_or(0),
            end_seen_us: row.get(5)?,
            state: None,
        });
    }
    let logs = begin(conn, stale)?;
    let calls = summaries.into_iter().zip(logs);
    folded.calls = calls
        .map(|(summary, log)| FoldedCall { summary, log })
        .collect();
    Ok(folded)
}

/// The next part of a call.
pub(crate) fn read_on(conn: &Connection, call: CallRef, rest: &Cursor) -> Result<LogPart> {
    read(conn, call, Rest::read(rest)?, &mut PIECE_BYTES.clone())
}

/// Reads while there is room.
fn read(conn: &Connection, call: CallRef, rest: Rest, room: &mut usize) -> Result<LogPart> {
    let mut part = LogPart::default();
    if *room == 0 {
        part.rest = Some(rest.cursor());
        return Ok(part);
    }
    let mut statement = conn.prepare_cached(&format!(
        "select id, position, {EVENT} from event
         where id between ?1 and ?2 and position > ?3 and position <= ?4 order by id"
    ))?;
    let mut rows = statement.query([rest.next, rest.last, rest.known, rest.count])?;
    let mut events: Vec<(i64, CallEvent)> = Vec::new();
    let mut next = None;
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(error) => match error.into() {
                // The rest of the log cannot be come by.
                Error(StoreError::Corrupt(_)) => break,
                error => return Err(error),
            },
        };
        if *room == 0 {
            next = Some(row.get(0)?);
            break;
        }
        match read_event(row, 2, call) {
            Ok((event, json_bytes)) => {
                *room = room.saturating_sub(event.memory_bytes(json_bytes));
                events.push((row.get(1)?, event));
            }
            Err(Error(StoreError::Corrupt(_))) => {}
            Err(error) => return Err(error),
        }
    }
    let given = rest.given + i64::try_from(events.len()).unwrap_or(i64::MAX);
    match next {
        Some(next) => {
            let rest = Rest {
                next,
                given,
                ..rest
            };
            part.rest = Some(rest.cursor());
        }
        // Positions are counted without a gap: what is not there was there.
        None => part.unreadable = u64::try_from(rest.count - rest.known - given).unwrap_or(0),
    }
    // They stand by their keys; a log is told in the order of arrival.
    events.sort_unstable_by_key(|(position, _)| *position);
    part.events = events.into_iter().map(|(_, event)| event).collect();
    Ok(part)
}
