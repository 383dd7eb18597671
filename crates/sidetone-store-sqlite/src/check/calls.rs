//! Looking for damage in calls: each row, and all that belongs to it.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};
use sidetone_core::id::{AccountSid, CallRef, CallSid};

use super::finding::find;
use crate::error::{Error, Result};
use crate::event_log::event::{EVENT, read_event};
use crate::event_log::{dirty, rowid};
use crate::rows::address::address_hash;
use crate::rows::cursor;
use crate::rows::facet::{self, FACETS, Facets};
use crate::rows::shard::{self, Shard};
use crate::rows::tables::CALL;
use crate::rows::{codec, terms};
use crate::summary::alias;
use crate::{judgement, record};
use sidetone_store::facets::Keys;
use sidetone_store::{CheckedCalls, Cursor, StoreError};

/// Checks the calls behind a row.
pub(crate) fn check_calls(
    conn: &Connection,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<CheckedCalls> {
    let after = cursor::behind(after)?;
    let sql = format!(
        "select c.id, a.sid, c.sid, c.version, c.event_count, c.position, c.from_address, c.to_address, c.from_hash,
           c.to_hash, c.end_key, c.annotation_revision, c.annotation, c.account, c.start_us, c.bucket, a.buckets, {}, c.late_events is null, {}
         from call c left join account a on a.id = c.account where c.id > ?1 order by c.id limit ?2",
        CALL.is_sound("c."),
        facet::columns()
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut checked = CheckedCalls::default();
    let mut last = after;
    let mut rows = statement.query(params![after, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                last = row.get(0)?;
                checked.calls += 1;
                check_one(conn, last, row, &mut checked);
            }
            Ok(None) => break,
            Err(error) => {
                let error = Error::from(error);
                find(&mut checked.findings, || {
                    format!("table call, behind row {last}: cannot be read ({error})")
                });
                checked.next = readable_behind(conn, last).map(|row| cursor::of([row]));
                return Ok(checked);
            }
        }
    }
    checked.next = (checked.calls > 0).then(|| cursor::of([last]));
    Ok(checked)
}

/// The row to go on behind, when those that follow a row cannot be read: further and further away.
fn readable_behind(conn: &Connection, last: i64) -> Option<i64> {
    let mut step = 1_i64;
    loop {
        let behind = last.checked_add(step)?;
        step = step.checked_mul(2)?;
        let next = conn
            .prepare_cached(
                "select min(id) from (select id, sid from call where id > ?1 order by id limit 1)",
            )
            .and_then(|mut statement| {
                statement.query_row([behind], |row| row.get::<_, Option<i64>>(0))
            });
        match next {
            Ok(Some(_)) => return Some(behind),
            // The end; or unreadable all the way to it.
            Ok(None) => return None,
            Err(_) => {}
        }
    }
}

/// One call. What cannot be read of it is a finding, and what else there is of it is still looked
/// at.
fn check_one(conn: &Connection, id: i64, row: &Row<'_>, checked: &mut CheckedCalls) {
    let sids = (|| -> rusqlite::Result<_> {
        let account: Option<[u8; 16]> = row.get(1)?;
        Ok((account, CallSid::from_bytes(row.get(2)?)))
    })();
    let call = match sids {
        Ok((Some(account), sid)) => CallRef {
            account: AccountSid::from_bytes(account),
            sid,
        },
        Ok((None, sid)) => {
            find(&mut checked.findings, || {
                format!("table call, {sid} (row {id}): its account is not there")
            });
            return;
        }
        Err(error) => {
            find(&mut checked.findings, || {
                format!("table call, row {id}: cannot be read ({error})")
            });
            return;
        }
    };
    let CheckedCalls {
        findings, changes, ..
    } = checked;
    let mut say = |what: &str| {
        find(findings, || {
            format!("{} of {}: {what}", call.sid, call.account)
        })
    };
    let mut guard = |table: &str, checked: Result<()>| {
        if let Err(error) = checked {
            say(&format!("table {table} cannot be read ({error})"));
        }
    };
    let mut said = Vec::new();
    let mut note = |what: &str| said.push(what.to_owned());
    guard("call", check_row(conn, id, call, row, &mut note));
    guard("event", check_events(conn, id, call, row, &mut note));
    guard("fold_state", check_state(conn, id, call, row, &mut note));
    let of_annotations = check_annotations(conn, id, row, &mut note);
    guard(
        "annotation_log",
        of_annotations.map(|number| *changes += number),
    );
    for what in said {
        say(&what);
    }
}

/// The row, what its columns say of the document and the annotation, and whether it is found.
fn check_row(
    conn: &Connection,
    id: i64,
    call: CallRef,
    row: &Row<'_>,
    say: &mut impl FnMut(&str),
) -> Result<()> {
    if !row.get::<_, bool>(17)? {
        say("the row of table call is not what was written");
    }
    let account: i64 = row.get(13)?;
    let (start_us, end_key): (Option<i64>, Option<i64>) = (row.get(14)?, row.get(10)?);
    if Shard::of(account, shard::buckets(row, 16)?, call.sid).bucket != row.get::<_, i64>(15)? {
        say("it is in another bucket than its own");
    }
    let by_sid = "select count(*) from call where sid = ?1 and account = ?2 and id = ?3";
    let is_found: bool = conn
        .prepare_cached(by_sid)?
        .query_row(params![call.sid.as_bytes(), account, id], |row| row.get(0))?;
    let is_listed = |index: &str, column: &str, key: Option<i64>| -> Result<bool> {
        let sql = format!(
            "select count(*) from call indexed by {index} where account = ?1 and {column} = ?2 and id = ?3"
        );
        Ok(key.is_none()
            || conn
                .prepare_cached(&sql)?
                .query_row(params![account, key, id], |row| row.get(0))?)
    };
    if !is_found
        || !is_listed("call_by_start", "start_us", start_us)?
        || !is_listed("call_by_end", "end_key", end_key)?
    {
        say("an index of table call does not find it");
    }
    let body: Option<Vec<u8>> = conn
        .prepare_cached("select (select body from document where call_id = ?1)")?
        .query_row([id], |row| row.get(0))?;
    if body.is_some() != (row.get::<_, i64>(3)? > 0) {
        say("the document and the count of its versions disagree");
    }
    let mut expected = Facets::NONE;
    let mut from_to = [None, None];
    let mut said = None;
    if let Some(body) = &body {
        match record::read_summary(body, call) {
            Ok(summary) => {
                set_summary(conn, &mut expected, &summary)?;
                let facts = &summary.facts;
                from_to = [facts.from.address.clone(), facts.to.address.clone()];
                said = Some(summary);
            }
            Err(error) => {
                say(&format!("the document cannot be read ({error})"));
                return Ok(());
            }
        }
    }
    if row.get::<_, i64>(11)? > 0 {
        expected.set_annotation(&record::read_annotation(row, 12)?)?;
    }
    let stored = Facets::read(row, 19)?;
    if stored != expected {
        say(&format!(
            "columns differ from document and annotation: {}",
            differences(&stored, &expected)
        ));
    }
    let addresses: [Option<String>; 2] = [row.get(6)?, row.get(7)?];
    let hashes: [Option<i64>; 2] = [row.get(8)?, row.get(9)?];
    let expected_hashes = from_to
        .each_ref()
        .map(|address| address.as_deref().map(address_hash));
    if addresses != from_to || hashes != expected_hashes {
        say("the parties' addresses differ from the document");
    }
    if end_key != expected.keys.map(Keys::end_key) {
        say("the place in lists by end differs from the document");
    }
    if !alias::is_sound(conn, (account, id), said.as_ref(), expected.keys)? {
        say("the names that SIP has for it differ from the document");
    }
    Ok(())
}

/// The log: as many events as are counted, each what was written; or none, when they have expired.
fn check_events(
    conn: &Connection,
    id: i64,
    call: CallRef,
    row: &Row<'_>,
    say: &mut impl FnMut(&str),
) -> Result<()> {
    let counted: i64 = if row.get(18)? { row.get(4)? } else { 0 };
    let (first, last) = rowid::range(id).into_inner();
    let mut statement = conn.prepare_cached(&format!(
        "select {EVENT}, position from event where id between ?1 and ?2"
    ))?;
    let mut rows = statement.query([first, last])?;
    let mut events = 0;
    while let Some(event) = rows.next()? {
        events += 1;
        if let Err(error) = read_event(event, 0, call) {
            let position: i64 = event.get(6)?;
            say(&format!("event {position} cannot be read ({error})"));
        }
    }
    if counted != events {
        say(&format!("{events} events in the log, {counted} counted"));
    }
    Ok(())
}

fn check_state(
    conn: &Connection,
    id: i64,
    call: CallRef,
    row: &Row<'_>,
    say: &mut impl FnMut(&str),
) -> Result<()> {
    let sealed: Option<Vec<u8>> = conn
        .prepare_cached("select (select body from fold_state where call_id = ?1)")?
        .query_row([id], |row| row.get(0))?;
    if let Some(sealed) = sealed
        && codec::open(&dirty::state_identity(call, row.get(5)?), &sealed).is_none()
    {
        say("the state of its fold is not what was written; the next event has it folded anew");
    }
    Ok(())
}

/// The facets of a summary, without adding to the dictionary.
fn set_summary(
    conn: &Connection,
    facets: &mut Facets,
    summary: &sidetone_core::summary::CallSummary,
) -> Result<()> {
    let mut cache = terms::TermCache::default();
    match facets.set_summary(
        summary,
        &mut terms::Terms {
            conn,
            cache: &mut cache,
        },
    ) {
        // A text that is missing cannot be added by a reader: the columns will be found to differ.
        Err(Error(StoreError::Unavailable(_))) => Ok(()),
        other => other,
    }
}

fn differences(stored: &Facets, expected: &Facets) -> String {
    let mut text = Vec::new();
    if stored.keys != expected.keys {
        text.push("start or end".to_owned());
    }
    if stored.pdd_bin != expected.pdd_bin {
        text.push("pdd_bin".to_owned());
    }
    for (place, facet) in FACETS.iter().enumerate() {
        if stored.values[place] != expected.values[place] {
            text.push(format!(
                "{} is {:?}, should be {:?}",
                facet.column, stored.values[place], expected.values[place]
            ));
        }
    }
    text.join(", ")
}

/// The current annotation of every author is what their last change made it, and no change is
/// missing. Returns how many changes there are.
fn check_annotations(
    conn: &Connection,
    id: i64,
    row: &Row<'_>,
    say: &mut impl FnMut(&str),
) -> Result<u64> {
    // By author: changes, and revision and JSON after the last of them.
    let mut authors: BTreeMap<String, (u64, u64, String)> = BTreeMap::new();
    let mut statement = conn.prepare_cached(include_str!("history.sql"))?;
    let mut rows = statement.query([id])?;
    let (mut changes, mut newest) = (0, 0);
    while let Some(change) = rows.next()? {
        changes += 1;
        newest = newest.max(change.get(0)?);
        let known = authors.entry(change.get(1)?);
        known.or_insert((0, change.get(2)?, change.get(3)?)).0 += 1;
    }
    if changes != newest {
        say("changes are missing in the history of its annotation");
    }
    let mut current = judgement::current_of_all(conn, id)?;
    if let (revision @ 1.., Some(json)) = (row.get(11)?, row.get(12)?) {
        current.insert(String::new(), (revision, json));
    }
    let as_changed = authors
        .into_iter()
        .map(|(author, (changes, revision, after))| (author, (changes.max(revision), after)))
        .collect();
    if current != as_changed {
        say("an annotation is not what its history says");
    }
    Ok(changes)
}

/// Every change in the log is in the history of a call.
pub(crate) fn check_changes(
    conn: &Connection,
    changes: u64,
    findings: &mut Vec<String>,
) -> Result<()> {
    let logged: u64 =
        conn.query_row("select count(*) from annotation_log", [], |row| row.get(0))?;
    if logged != changes {
        find(findings, || {
            format!(
                "{logged} changes of annotations in the log, {changes} in the history of a call"
            )
        });
    }
    Ok(())
}
