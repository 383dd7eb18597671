//! Where an event stands in the log: in its call's range, at a row id that follows from its key.

use std::ops::RangeInclusive;

use rusqlite::{CachedStatement, Connection, params};
use sidetone_core::event::EventKind;
use sidetone_core::vocabulary::{EdgeKind, StreamDirection};

use super::event::PackedEvent;
use crate::error::Result;
use sidetone_store::{Appended, EVENTS_PER_CALL_MAX};

/// Bits of a row id within its call; erase.rs counts on them too. What is left of 64 bits holds 34
/// thousand million calls.
const BITS: u32 = 28;
const ROWS: i64 = 1 << BITS;
/// Row ids that are tried. Keys of 100,000 honest events never need as many; whoever seeks out keys
/// that meet must not keep the writer busy.
const TRIED: i64 = 64;

/// The rows of a call's events.
pub(crate) fn range(call: i64) -> RangeInclusive<i64> {
    let first = call << BITS;
    first..=first + (ROWS - 1)
}

/// The rows where an event may stand, the likeliest first: it stands at the first that no other key
/// has taken. Of a call with 100,000 events, some twenty do not stand at their first.
fn candidates(call: i64, key: &[u8; 16]) -> impl Iterator<Item = i64> + use<> {
    let [a, b, c, d, ..] = *key;
    let first = i64::from(u32::from_be_bytes([a, b, c, d]) >> (32 - BITS));
    (0..TRIED).map(move |step| (call << BITS) | ((first + step) % ROWS))
}

/// The statements that append events.
pub(crate) struct Insert<'a> {
    insert: CachedStatement<'a>,
    key_at: CachedStatement<'a>,
}

impl<'a> Insert<'a> {
    pub(crate) fn new(conn: &'a Connection) -> Result<Self> {
        Ok(Self {
            insert: conn.prepare_cached(include_str!("append_event.sql"))?,
            key_at: conn.prepare_cached("select event_key from event where id = ?1")?,
        })
    }

    /// Appends an event to a call that has so many already.
    pub(crate) fn append(
        &mut self,
        call: i64,
        number: i64,
        event: &PackedEvent,
    ) -> Result<Appended> {
        if number.unsigned_abs() >= EVENTS_PER_CALL_MAX && event.kind != EventKind::Timer {
            return Ok(Appended::Full);
        }
        for row in candidates(call, &event.key) {
            let added = self.insert.execute(params![
                row,
                event.key,
                number + 1,
                event.at_us,
                event.received_us,
                event.kind.index(),
                event.edge.map(EdgeKind::index),
                event.direction.map(StreamDirection::index),
                event.body,
            ])?;
            if added > 0 {
                return Ok(Appended::New);
            }
            let held: [u8; 16] = self.key_at.query_row([row], |row| row.get(0))?;
            if held == event.key {
                return Ok(Appended::Duplicate);
            }
        }
        Ok(Appended::Full)
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use sidetone_store::conformance::sample;

    #[test]
    fn begins_at_the_key_and_stays_within_the_call() {
        let mut key = [0xff; 16];
        let rows: Vec<i64> = candidates(5, &key).take(2).collect();
        assert_eq!(rows, [*range(5).end(), *range(5).start()]);
        assert_eq!(range(5).end() + 1, *range(6).start());
        key[..4].copy_from_slice(&[0, 0, 0, 0x1f]);
        assert_eq!(candidates(1, &key).next(), Some((1 << 28) + 1));
    }

    #[test]
    fn gives_up_on_keys_that_all_meet() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(include_str!("../migrations/0001.sql"))
            .unwrap();
        let mut insert = Insert::new(&conn).unwrap();
        let mut append = |key: u8| {
            let mut event_key = [0; 16];
            event_key[15] = key;
            let event = PackedEvent {
                call: sample::call(1),
                key: event_key,
                at_us: 0,
                received_us: 0,
                kind: EventKind::Sip,
                edge: None,
                direction: None,
                body: Vec::new(),
            };
            insert.append(1, key.into(), &event).unwrap()
        };
        for key in 0..64 {
            assert_eq!(append(key), Appended::New);
        }
        assert_eq!(append(64), Appended::Full);
        assert_eq!(append(63), Appended::Duplicate);
    }
}
