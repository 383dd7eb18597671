//! The event log of each call: appending to it.

pub(crate) mod dirty;
pub(crate) mod event;
pub(crate) mod pages;
pub(crate) mod rowid;
pub(crate) mod set_aside;
pub(crate) mod timers;
pub(crate) mod unfolded;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, params};
use sidetone_core::id::{CallRef, CallSid};

use self::event::PackedEvent;
use super::account::AccountRow;
use super::engine::write_tx::WriteTx;
use super::error::Result;
use super::rows::tables::CALL;
use super::{account, feed, record};
use sidetone_store::{Appended, Topic, dirty_from};

/// A call that a batch is appended to.
struct Known {
    id: i64,
    event_count: i64,
    dirty_us: Option<i64>,
    last_received_us: i64,
    is_placeholder: bool,
    /// Events that came after its events had expired; `None`: they are kept.
    late_events: Option<i64>,
}

pub(super) fn append(tx: &mut WriteTx<'_>, events: &[PackedEvent]) -> Result<Vec<Appended>> {
    let conn = tx.conn;
    let mut fates = vec![Appended::Gone; events.len()];
    let mut accounts = HashMap::new();
    let mut insert = rowid::Insert::new(conn)?;
    let followed = feed::followed(conn)?;
    for (call, places) in by_call(events) {
        let known = match accounts.get(&call.account) {
            Some(known) => *known,
            None => *accounts
                .entry(call.account)
                .or_insert(account::find(conn, call.account)?),
        };
        let Some(account) = known else {
            for place in places {
                fates[place] = Appended::NoAccount;
            }
            continue;
        };
        let of_call = || places.iter().map(|place| &events[*place]);
        let known = find(conn, account.id, call.sid)?;
        let (id, count) = match &known {
            Some(Known {
                id,
                late_events: Some(late),
                ..
            }) => {
                count_late(conn, *id, *late, places.len())?;
                for place in places {
                    fates[place] = Appended::Expired;
                }
                continue;
            }
            Some(known) => (known.id, known.event_count),
            None if record::is_gone(conn, account.id, call.sid)? => continue,
            None => (begin_call(conn, account, call.sid, of_call())?, 0),
        };
        let mut added = Vec::new();
        let mut told = Vec::new();
        for place in &places {
            let event = &events[*place];
            let number = count + i64::try_from(added.len()).unwrap_or(i64::MAX);
            fates[*place] = insert.append(id, number, event)?;
            if fates[*place] == Appended::New {
                added.push(Added {
                    received_us: event.received_us,
                    dirty_us: dirty_from(event.kind, event.received_us, number),
                });
                told.push((event.kind, number + 1, event.received_us));
            }
        }
        let is_full = places.iter().any(|place| fates[*place] == Appended::Full);
        if let Some(dirty_us) = added.iter().map(|it| it.dirty_us).min() {
            tx.shared.calls.note(call, dirty_us);
            tx.ring(Topic::Calls);
        }
        for (kind, position, received_us) in told {
            feed::note_event(tx, followed, call, kind, position, received_us)?;
        }
        match known {
            Some(known) => extend_call(conn, &known, &added)?,
            // It was begun with all of them.
            None if is_full => count_anew(conn, id, added.len())?,
            None => {}
        }
    }
    Ok(fates)
}

/// The places of each call's events, calls in the order of their first.
fn by_call(events: &[PackedEvent]) -> Vec<(CallRef, Vec<usize>)> {
    let mut groups: Vec<(CallRef, Vec<usize>)> = Vec::new();
    let mut group_of = HashMap::new();
    for (place, event) in events.iter().enumerate() {
        let group = *group_of.entry(event.call).or_insert_with(|| {
            groups.push((event.call, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(place);
    }
    groups
}

fn find(conn: &Connection, account: i64, sid: CallSid) -> Result<Option<Known>> {
    Ok(conn
        .prepare_cached(
            "select id, event_count, dirty_us, last_received_us, placeholder, late_events
             from call where sid = ?1 and account = ?2",
        )?
        .query_row(params![sid.as_bytes(), account], |row| {
            Ok(Known {
                id: row.get(0)?,
                event_count: row.get(1)?,
                dirty_us: row.get(2)?,
                last_received_us: row.get::<_, Option<i64>>(3)?.unwrap_or(i64::MIN),
                is_placeholder: row.get(4)?,
                late_events: row.get(5)?,
            })
        })
        .optional()?)
}

static BEGIN: LazyLock<String> = LazyLock::new(|| {
    CALL.insert(&[
        ("account", "?1"),
        ("sid", "?2"),
        ("advanced_features", "?3"),
        ("placeholder", "0"),
        ("version", "0"),
        ("annotation_revision", "0"),
        ("event_count", "?4"),
        ("dirty_us", "?5"),
        ("last_received_us", "?6"),
        ("bucket", "?7"),
    ])
});

/// Makes a call of its first events, which are about to be appended.
fn begin_call<'a>(
    conn: &Connection,
    account: AccountRow,
    sid: CallSid,
    events: impl Iterator<Item = &'a PackedEvent> + Clone,
) -> Result<i64> {
    let distinct: HashSet<_> = events.clone().map(|event| event.key).collect();
    let first_us = events.clone().map(|event| event.received_us).next();
    let last_us = events.map(|event| event.received_us).max();
    Ok(conn.prepare_cached(&BEGIN)?.insert(params![
        account.id,
        sid.as_bytes(),
        account.advanced_features,
        distinct.len(),
        first_us,
        last_us,
        account.shard(sid).bucket,
    ])?)
}

/// An event that was added to a call.
struct Added {
    received_us: i64,
    /// From when on the call is dirty because of it.
    dirty_us: i64,
}

/// Counts what was added to a call.
fn extend_call(conn: &Connection, known: &Known, added: &[Added]) -> Result<()> {
    let Some(dirty_us) = added.iter().map(|it| it.dirty_us).min() else {
        return Ok(());
    };
    let count = known.event_count + i64::try_from(added.len()).unwrap_or(i64::MAX);
    let last_us = added
        .iter()
        .fold(known.last_received_us, |last, it| last.max(it.received_us));
    if known.is_placeholder {
        let checksum = CALL.updated_unread(&[("placeholder", "0")]);
        conn.prepare_cached(&format!(
            "update call set placeholder = 0, checksum = {checksum} where id = ?1"
        ))?
        .execute([known.id])?;
    }
    if known.dirty_us.is_some_and(|held| held <= dirty_us) {
        // Leaves dirty_us alone, and with it the index of dirty calls.
        conn.prepare_cached(
            "update call set event_count = ?2, last_received_us = ?3 where id = ?1",
        )?
        .execute([known.id, count, last_us])?;
    } else {
        conn.prepare_cached(
            "update call set event_count = ?2, last_received_us = ?3, dirty_us = ?4 where id = ?1",
        )?
        .execute([known.id, count, last_us, dirty_us])?;
    }
    Ok(())
}

/// Counts events that came after those of their call had expired.
fn count_late(conn: &Connection, call: i64, late: i64, more: usize) -> Result<()> {
    let late = late.saturating_add(i64::try_from(more).unwrap_or(i64::MAX));
    conn.prepare_cached("update call set late_events = ?2 where id = ?1")?
        .execute([call, late])?;
    Ok(())
}

/// Counts the events of a call that turned out to be fewer than came.
fn count_anew(conn: &Connection, call: i64, events: usize) -> Result<()> {
    conn.prepare_cached("update call set event_count = ?2 where id = ?1")?
        .execute(params![call, events])?;
    Ok(())
}
