//! Calls: what their rows say of documents and judgement, and what is to be folded again.

use std::num::NonZeroU16;

use rusqlite::{Connection, OptionalExtension, params};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::summary::CallSummary;
use sidetone_store::facets::Keys;

use super::step::step;
use super::{columns, judged};
use crate::check::calls::check_calls;
use crate::error::Result;
use crate::event_log::event::{EVENT, read_event};
use crate::event_log::{dirty, rowid};
use crate::record;
use crate::rollups::stale;
use crate::rows::codec;
use crate::rows::cursor;
use crate::rows::shard::{self, Shard};
use crate::rows::tables::{ACCOUNT, CALL};
use crate::summary::alias;

/// Calls that are looked at at once.
const CALLS_AT_ONCE: usize = 1_000;

/// Repairs calls of which something is found.
pub(super) fn repair(conn: &Connection, told: &mut Vec<String>) -> Result<()> {
    for id in judged::damaged(conn) {
        step(conn, told, |conn, told| one(conn, id, told))?;
    }
    let mut after = None;
    loop {
        let checked = check_calls(conn, after.as_ref(), CALLS_AT_ONCE)?;
        if !checked.findings.is_empty() {
            let last = cursor::behind(checked.next.as_ref())?;
            for id in ids(conn, cursor::behind(after.as_ref())?, last)? {
                let of_call = check_calls(conn, Some(&cursor::of([id - 1])), 1)?;
                if !of_call.findings.is_empty() {
                    step(conn, told, |conn, told| one(conn, id, told))?;
                }
            }
        }
        if checked.next.is_none() {
            return Ok(());
        }
        after = checked.next;
    }
}

/// The rows behind one, to another; none where they cannot be read.
fn ids(conn: &Connection, after: i64, last: i64) -> Result<Vec<i64>> {
    let mut statement =
        conn.prepare_cached("select id from call not indexed where id > ?1 and id <= ?2")?;
    let ids = statement.query_map([after, last], |row| row.get(0))?;
    Ok(ids.filter_map(rusqlite::Result::ok).collect())
}

/// A call that is to be repaired.
struct Row {
    id: i64,
    account: i64,
    call: CallRef,
    version: i64,
    /// How many buckets the account has, if its row is what was written.
    buckets: Option<NonZeroU16>,
    bucket: i64,
    event_count: i64,
    position: i64,
}

fn read(conn: &Connection, id: i64) -> Result<Option<Row>> {
    let sql = format!(
        "select c.account, a.sid, c.sid, c.version, a.buckets, {}, c.bucket, c.event_count, c.position
         from call c join account a on a.id = c.account where c.id = ?1",
        ACCOUNT.is_sound("a.")
    );
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([id], |row| {
            Ok(Row {
                id,
                account: row.get(0)?,
                call: CallRef {
                    account: AccountSid::from_bytes(row.get(1)?),
                    sid: CallSid::from_bytes(row.get(2)?),
                },
                version: row.get(3)?,
                buckets: match row.get(5)? {
                    true => Some(shard::buckets(row, 4)?),
                    false => None,
                },
                bucket: row.get(6)?,
                event_count: row.get(7)?,
                position: row.get(8)?,
            })
        })
        .optional()?)
}

/// Repairs what can be of a call.
fn one(conn: &Connection, id: i64, told: &mut Vec<String>) -> Result<()> {
    let Some(row) = read(conn, id)? else {
        return Ok(());
    };
    let mut say = |what: &str| {
        told.push(format!("{} of {}: {what}", row.call.sid, row.call.account));
    };
    if let Some(buckets) = row.buckets {
        let bucket = Shard::of(row.account, buckets, row.call.sid).bucket;
        if bucket != row.bucket {
            conn.prepare_cached("update call set bucket = ?2 where id = ?1")?
                .execute([id, bucket])?;
            say("put into its bucket, which follows from its CallSid");
        }
    }
    judged::feedback(conn, id, &mut say)?;
    let body: Option<Vec<u8>> = conn
        .prepare_cached("select body from document where call_id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let summary = body.and_then(|body| record::read_summary(&body, row.call).ok());
    if columns::mend(conn, id, summary.as_ref())? {
        mark_stale(conn, id)?;
        say("columns made again from its document and what was said of it");
    }
    let is_sound: bool = conn
        .prepare_cached(&format!(
            "select {} from call where id = ?1",
            CALL.is_sound("")
        ))?
        .query_row([id], |row| row.get(0))?;
    if !is_sound {
        // Whatever is written from it would count as sound.
        return Ok(());
    }
    judged::annotations(conn, id, &mut say)?;
    if let Some(summary) = &summary {
        let keys = Keys::of(summary);
        if !alias::is_sound(conn, (row.account, id), Some(summary), keys)? {
            alias::write(conn, (row.account, id), false, summary, keys)?;
            say("names that SIP has for it made again from its document");
        }
    }
    work(conn, &row, summary.as_ref(), &mut say)
}

/// Has written anew what is written once of its time. Where it was before, it is missed.
fn mark_stale(conn: &Connection, id: i64) -> Result<()> {
    let (keys, shard) = conn
        .prepare_cached("select start_us, ended_us, account, bucket from call where id = ?1")?
        .query_row([id], |row| {
            let shard = Shard {
                account: row.get(2)?,
                bucket: row.get(3)?,
            };
            let ended_us = row.get(1)?;
            let start_us: Option<i64> = row.get(0)?;
            Ok((start_us.map(|start_us| Keys { start_us, ended_us }), shard))
        })?;
    let mut quarters = keys.into_iter().flat_map(stale::quarters_of);
    quarters.try_for_each(|quarter| stale::mark_quarter(conn, shard, quarter))
}

/// What is to be done for it: how many events there are, the state of its fold, whether it is to be
/// folded.
fn work(
    conn: &Connection,
    row: &Row,
    summary: Option<&CallSummary>,
    say: &mut impl FnMut(&str),
) -> Result<()> {
    let id = row.id;
    let Some(events) = whole_events(conn, row)? else {
        return Ok(());
    };
    if row.event_count < events {
        conn.prepare_cached("update call set event_count = ?2 where id = ?1")?
            .execute([id, events])?;
        say("events counted again from its log");
    }
    let sealed: Option<Vec<u8>> = conn
        .prepare_cached("select body from fold_state where call_id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let identity = dirty::state_identity(row.call, row.position);
    let is_state_damaged = sealed.is_some_and(|sealed| codec::open(&identity, &sealed).is_none());
    let is_document_lost = summary.is_none() && row.version > 0;
    if events > 0 && (is_state_damaged || is_document_lost || row.position > events) {
        refold(conn, id, events)?;
        say(match is_document_lost {
            true => "document to be folded again from its events",
            false => "state of its fold forgotten, to be folded again from its events",
        });
    } else {
        let marked = conn
            .prepare_cached(
                "update call set dirty_us = coalesce(last_received_us, 0)
                 where id = ?1 and event_count > position and dirty_us is null",
            )?
            .execute([id])?;
        if marked > 0 {
            say("marked to be folded: there are events that its summary does not know");
        }
    }
    Ok(())
}

/// How many events there are in the log of a call, if none is missing and all are what was written.
fn whole_events(conn: &Connection, row: &Row) -> Result<Option<i64>> {
    let (first, last) = rowid::range(row.id).into_inner();
    let mut statement = conn.prepare_cached(&format!(
        "select {EVENT}, position from event where id between ?1 and ?2"
    ))?;
    let mut rows = statement.query([first, last])?;
    let (mut events, mut newest) = (0, 0);
    while let Some(event) = rows.next()? {
        if read_event(event, 0, row.call).is_err() {
            return Ok(None);
        }
        events += 1;
        newest = newest.max(event.get(6)?);
    }
    // They are counted without a gap, and never less than there are.
    Ok((newest == events && row.event_count <= events).then_some(events))
}

/// Has a call folded from its first event.
fn refold(conn: &Connection, id: i64, events: i64) -> Result<()> {
    conn.prepare_cached("delete from fold_state where call_id = ?1")?
        .execute([id])?;
    conn.prepare_cached("delete from set_aside where call_id = ?1")?
        .execute([id])?;
    conn.prepare_cached(
        "update call set position = 0, event_count = ?2, dirty_us = coalesce(dirty_us, last_received_us, 0) where id = ?1",
    )?
    .execute(params![id, events])?;
    Ok(())
}
