//! The change feed: a row for each change and follower, written with the change and deleted when
//! the follower has settled it.
//!
//! Rows are numbered by the one thread that writes, so their order is that of the commits. Who has
//! which changes is known in memory (`engine/held.rs`), as with deliveries.

use std::collections::{BTreeSet, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Row, params};
use sidetone_core::event::EventKind;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::TimeUs;
use sidetone_store::feed::{Change, Changed, Follower};
use sidetone_store::{StoreError, Topic};

use super::engine::held::Held;
use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use super::rows::cursor;

/// Changes that are passed over because somebody has others of their calls; those beyond wait until
/// some are settled.
const PASS_MAX: usize = 10_000;

/// The kinds of a bit each.
fn bits(events: &[EventKind]) -> i64 {
    events.iter().fold(0, |bits, kind| bits | bit(*kind))
}

fn bit(kind: EventKind) -> i64 {
    1 << kind.index()
}

/// Whose events are to be told, as one bit for each kind; 0 when there are none.
pub(super) fn followed(conn: &Connection) -> Result<i64> {
    let mut statement = conn.prepare_cached("select events from follower")?;
    let mut rows = statement.query([])?;
    let mut all = 0;
    while let Some(row) = rows.next()? {
        all |= row.get::<_, i64>(0)?;
    }
    Ok(all)
}

/// Whether anybody follows at all.
fn is_followed(conn: &Connection) -> Result<bool> {
    let mut any = conn.prepare_cached("select 1 from follower limit 1")?;
    Ok(any.exists([])?)
}

/// Tells followers of an event, given what [`followed`] says.
pub(super) fn note_event(
    tx: &mut WriteTx<'_>,
    followed: i64,
    call: CallRef,
    kind: EventKind,
    position: i64,
    received_us: i64,
) -> Result<()> {
    if followed & bit(kind) == 0 {
        return Ok(());
    }
    let position = u64::try_from(position).unwrap_or(0);
    let at = TimeUs::from_micros(received_us);
    note(tx, call, &Changed::Event { kind, position }, at)
}

/// Tells those who follow of a change, in its transaction.
pub(super) fn note(
    tx: &mut WriteTx<'_>,
    call: CallRef,
    changed: &Changed,
    at: TimeUs,
) -> Result<()> {
    // The insert alone would write, even where it inserts nothing: the number that comes next.
    if !is_followed(tx.conn)? {
        return Ok(());
    }
    let as_i64 = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut complete = false;
    let (what, number, author, kinds) = match changed {
        Changed::Summary {
            version,
            is_complete,
        } => {
            complete = *is_complete;
            (0, i64::from(*version), None, None)
        }
        Changed::Annotation { author, revision } => (1, as_i64(*revision), Some(author), None),
        Changed::Feedback => (2, 0, None, None),
        Changed::Erased => (3, 0, None, None),
        Changed::Event { kind, position } => {
            let what = 4 + i64::from(kind.index());
            (what, as_i64(*position), None, Some(bit(*kind)))
        }
    };
    let told = tx
        .conn
        .prepare_cached(
            "insert into change (follower, account, sid, what, number, author, at_us, complete)
             select id, ?1, ?2, ?3, ?4, ?5, ?6, ?8 from follower where ?7 is null or events & ?7 <> 0",
        )?
        .execute(params![
            call.account.as_bytes(),
            call.sid.as_bytes(),
            what,
            number,
            author,
            at.micros(),
            kinds,
            complete
        ])?;
    if told > 0 {
        tx.ring(Topic::Changes);
    }
    Ok(())
}

/// Begins to follow, or to follow other events. Says whether it begins.
pub(super) fn follow(tx: &WriteTx<'_>, follower: &Follower) -> Result<bool> {
    let begins = find(tx.conn, &follower.name)?.is_none();
    tx.conn
        .prepare_cached(
            "insert into follower (name, events) values (?1, ?2)
             on conflict do update set events = excluded.events",
        )?
        .execute(params![follower.name, bits(&follower.events)])?;
    Ok(begins)
}

/// Ends following. Says which follower it was.
pub(super) fn unfollow(tx: &WriteTx<'_>, name: &str) -> Result<Option<i64>> {
    let Some(follower) = find(tx.conn, name)? else {
        return Ok(None);
    };
    for statement in [
        "delete from change where follower = ?1",
        "delete from follower where id = ?1",
    ] {
        tx.conn.prepare_cached(statement)?.execute([follower])?;
    }
    Ok(Some(follower))
}

/// Those for whom more than `most` changes wait. No more than those are looked at.
pub(super) fn behind(conn: &Connection, most: u64) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached(
        "select name from follower where exists
           (select 1 from change where follower = follower.id order by id limit 1 offset ?1)
         order by name",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let names = statement.query_map([most], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn followers(conn: &Connection) -> Result<Vec<Follower>> {
    let mut statement = conn.prepare_cached("select name, events from follower order by name")?;
    let rows = statement.query_map([], |row| {
        let followed: i64 = row.get(1)?;
        Ok(Follower {
            name: row.get(0)?,
            events: EventKind::ALL
                .iter()
                .copied()
                .filter(|kind| followed & bit(*kind) != 0)
                .collect(),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn find(conn: &Connection, name: &str) -> Result<Option<i64>> {
    Ok(conn
        .prepare_cached("select id from follower where name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// Whose changes are taken, by name.
pub(super) fn existing(conn: &Connection, name: &str) -> Result<i64> {
    find(conn, name)?.ok_or_else(|| Error(StoreError::NotFound(format!("follower {name}"))))
}

/// Deletes changes that are settled, of those that are in the hands of who settles them.
pub(super) fn settle(tx: &WriteTx<'_>, held: &Held, settled: &[Change]) -> Result<()> {
    let mut delete = tx.conn.prepare_cached("delete from change where id = ?1")?;
    for change in settled {
        let [follower, id, ticket] = cursor::read(&change.id)?;
        if held.has((follower, change.call), ticket, id) {
            delete.execute([id])?;
        }
    }
    Ok(())
}

/// Lets go of changes, after they were settled or because they will not be.
pub(super) fn release(held: &Held, changes: &[Change]) -> Result<()> {
    for change in changes {
        let [follower, id, ticket] = cursor::read(&change.id)?;
        held.release((follower, change.call), ticket, id);
    }
    Ok(())
}

/// Takes the oldest changes of calls of which nobody has any. What is to be read is read by
/// [`read`], in a snapshot of after this: whoever had them may have settled them.
pub(super) fn take(
    conn: &Connection,
    held: &Held,
    follower: i64,
    limit: usize,
    (owner, now, until): (u64, TimeUs, TimeUs),
) -> Result<(i64, Vec<i64>)> {
    let mut statement =
        conn.prepare_cached("select id, account, sid from change where follower = ?1 order by id")?;
    let mut rows = statement.query([follower])?;
    let mut lines: HashMap<_, BTreeSet<i64>> = HashMap::new();
    // Those whose first change here was in somebody's hands: were it given back meanwhile, a later
    // one would go before it.
    let mut behind = HashSet::new();
    let (mut found, mut passed) = (0, 0);
    while found < limit
        && passed < PASS_MAX
        && let Some(row) = rows.next()?
    {
        let line = (follower, call_of(row, 1)?);
        let is_ours = lines.contains_key(&line);
        if is_ours || !behind.contains(&line) && held.is_free(line, now) {
            lines.entry(line).or_default().insert(row.get(0)?);
            found += 1;
        } else {
            behind.insert(line);
            passed += 1;
        }
    }
    Ok(held.take(lines, owner, now, until))
}

/// Reads what was taken. What is gone was settled before; it is let go of.
pub(super) fn read(
    conn: &Connection,
    held: &Held,
    follower: i64,
    (ticket, taken): (i64, &[i64]),
) -> Result<Vec<Change>> {
    let mut statement = conn.prepare_cached(
        "select account, sid, what, number, author, at_us, complete from change where id = ?1 and follower = ?2",
    )?;
    let mut changes = Vec::with_capacity(taken.len());
    let mut gone = Vec::new();
    for id in taken {
        let mut rows = statement.query([*id, follower])?;
        match rows.next()? {
            Some(row) => changes.push(Change {
                id: cursor::of([follower, *id, ticket]),
                call: call_of(row, 0)?,
                changed: changed_of(row, 2)?,
                at: TimeUs::from_micros(row.get(5)?),
            }),
            None => gone.push(*id),
        }
    }
    held.forget(ticket, &gone);
    Ok(changes)
}

fn call_of(row: &Row<'_>, column: usize) -> Result<CallRef> {
    Ok(CallRef {
        account: AccountSid::from_bytes(row.get(column)?),
        sid: CallSid::from_bytes(row.get(column + 1)?),
    })
}

fn changed_of(row: &Row<'_>, column: usize) -> Result<Changed> {
    let (what, number): (i64, i64) = (row.get(column)?, row.get(column + 1)?);
    let count = || u64::try_from(number).unwrap_or(0);
    Ok(match what {
        0 => Changed::Summary {
            version: u32::try_from(number).unwrap_or(0),
            is_complete: row.get(column + 4)?,
        },
        1 => Changed::Annotation {
            author: row.get(column + 2)?,
            revision: count(),
        },
        2 => Changed::Feedback,
        3 => Changed::Erased,
        event => {
            let kind = EventKind::ALL
                .iter()
                .copied()
                .find(|kind| 4 + i64::from(kind.index()) == event);
            Changed::Event {
                kind: kind.unwrap_or(EventKind::Unknown),
                position: count(),
            }
        }
    })
}
