//! Looking for damage, and figures about the store.

use std::collections::BTreeMap;

use rusqlite::Connection;
use sidetone_core::id::{AccountSid, CallRef, CallSid};

use super::check_outbox::check_outbox;
use super::check_rollups::{check_pdd, check_rollups};
use super::facet::{self, FACETS, Facets};
use super::{alias, hourly, judgement, record, terms};
use crate::{Result, StoreError, StoreStats};

/// More findings than these say nothing new.
const FINDINGS_MAX: usize = 100;

pub(super) fn stats(conn: &Connection) -> Result<StoreStats> {
    let count = |sql: &str| -> Result<u64> {
        Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    Ok(StoreStats {
        dirty_calls: count("select count(*) from call where dirty_us is not null")?,
        timers: count("select count(*) from call where timer_us is not null")?,
        // Index by index: rows are many times as long.
        deliveries_waiting: count(
            "select (select count(*) from outbox indexed by outbox_queued where state = 0)
               + (select count(*) from outbox indexed by outbox_retried where state = 1)
               + (select count(*) from outbox indexed by outbox_held
                  where subject is not null and state in (1, 2) and state = 2)",
        )?,
        dead_letters: count("select count(*) from outbox where dead_us is not null")?,
        bytes: count(
            "select (select page_count from pragma_page_count) * (select page_size from pragma_page_size)",
        )?,
        // The writer knows.
        commits: 0,
        writes: 0,
    })
}

pub(super) fn check(conn: &Connection) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    check_engine(conn, &mut findings)?;
    check_calls(conn, &mut findings)?;
    check_work(conn, &mut findings)?;
    check_outbox(conn, &mut findings)?;
    let mut accounts = conn.prepare("select id from account")?;
    for account in accounts.query_map([], |row| row.get(0))? {
        check_rollups(conn, account?, &mut findings)?;
    }
    hourly::check(conn, &mut findings)?;
    check_feedback(conn, &mut findings)?;
    check_pdd(conn, &mut findings)?;
    Ok(findings)
}

/// Adds a finding while there is room.
pub(super) fn find(findings: &mut Vec<String>, finding: impl FnOnce() -> String) {
    if findings.len() < FINDINGS_MAX {
        findings.push(finding());
    }
}

/// How many rows stand in one of two queries and not in the other.
pub(super) fn differ(conn: &Connection, recount: &str, stored: &str) -> Result<i64> {
    let sql = format!(
        "select (select count(*) from ({recount} except {stored})) + (select count(*) from ({stored} except {recount}))"
    );
    Ok(conn.query_row(&sql, [], |row| row.get(0))?)
}

fn check_engine(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let mut statement = conn.prepare("pragma integrity_check(20)")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let said: String = row.get(0)?;
        if said != "ok" {
            find(findings, || format!("SQLite: {said}"));
        }
    }
    let mut statement = conn.prepare("pragma foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let table: String = row.get(0)?;
        find(findings, || {
            format!("a row of {table} is about something that is not there")
        });
    }
    Ok(())
}

/// Calls that nobody would ever fold.
fn check_work(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let mut statement = conn.prepare(
        "select a.sid, c.sid from call c join account a on a.id = c.account
         where c.event_count > c.position and c.dirty_us is null and not c.sealed limit 20",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let account = AccountSid::from_bytes(row.get(0)?);
        let call = CallSid::from_bytes(row.get(1)?);
        find(findings, || {
            format!(
                "{call} of {account}: events that its summary does not know, and no mark to fold them"
            )
        });
    }
    Ok(())
}

/// Every call: its document, its columns, its log, its annotations.
fn check_calls(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let sql = format!(
        "select c.id, a.sid, c.sid, c.version, d.body, c.event_count,
           (select count(*) from event e where e.id between c.id << 28 and (c.id << 28) + ((1 << 28) - 1)),
           c.from_address, c.to_address, c.from_hash, c.to_hash, c.end_key,
           c.annotation_revision, c.annotation, c.account, {}
         from call c join account a on a.id = c.account left join document d on d.call_id = c.id
         order by c.id",
        facet::columns()
    );
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut changes = 0;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let call = CallRef {
            account: AccountSid::from_bytes(row.get(1)?),
            sid: CallSid::from_bytes(row.get(2)?),
        };
        let mut say = |what: &str| {
            find(findings, || {
                format!("{} of {}: {what}", call.sid, call.account)
            })
        };
        let (counted, events): (i64, i64) = (row.get(5)?, row.get(6)?);
        if counted != events {
            say(&format!("{events} events in the log, {counted} counted"));
        }
        let current = (row.get(12)?, row.get(13)?);
        changes += check_annotations(conn, id, &current, &mut say)?;
        let mut expected = Facets::NONE;
        let body: Option<Vec<u8>> = row.get(4)?;
        let has_version = row.get::<_, i64>(3)? > 0;
        if body.is_some() != has_version {
            say("the document and the count of its versions disagree");
        }
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
                    continue;
                }
            }
        }
        if current.0 > 0 {
            expected.set_annotation(&record::read_annotation(row, 13)?);
        }
        let stored = Facets::read(row, 15)?;
        if stored != expected {
            say(&format!(
                "columns differ from document and annotation: {}",
                differences(&stored, &expected)
            ));
        }
        let addresses: [Option<String>; 2] = [row.get(7)?, row.get(8)?];
        let hashes: [Option<i64>; 2] = [row.get(9)?, row.get(10)?];
        let expected_hashes = from_to
            .each_ref()
            .map(|address| address.as_deref().map(super::summary::address_hash));
        if addresses != from_to || hashes != expected_hashes {
            say("the parties' addresses differ from the document");
        }
        if row.get::<_, Option<i64>>(11)? != expected.keys.map(facet::Keys::end_key) {
            say("the place in lists by end differs from the document");
        }
        if !alias::is_sound(conn, (row.get(14)?, id), said.as_ref(), expected.keys)? {
            say("the names that SIP has for it differ from the document");
        }
    }
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
        Err(StoreError::Unavailable(_)) => Ok(()),
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

/// The current annotation of every author is what their last change made it, and no change is missing.
/// Returns how many changes there are.
fn check_annotations(
    conn: &Connection,
    id: i64,
    of_empty_author: &(u64, Option<String>),
    say: &mut impl FnMut(&str),
) -> Result<u64> {
    // By author: changes, and revision and JSON after the last of them.
    let mut authors: BTreeMap<String, (u64, u64, String)> = BTreeMap::new();
    let mut statement = conn.prepare_cached(include_str!("check_history.sql"))?;
    let mut rows = statement.query([id])?;
    let (mut changes, mut newest) = (0, 0);
    while let Some(row) = rows.next()? {
        changes += 1;
        newest = newest.max(row.get(0)?);
        let known = authors.entry(row.get(1)?);
        known.or_insert((0, row.get(2)?, row.get(3)?)).0 += 1;
    }
    if changes != newest {
        say("changes are missing in the history of its annotation");
    }
    let mut current = judgement::current_of_all(conn, id)?;
    if let (1.., Some(json)) = of_empty_author {
        current.insert(String::new(), (of_empty_author.0, json.clone()));
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

/// Feedback is what its last change made it.
fn check_feedback(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let differ: i64 = conn.query_row(
        "select (select count(*) from call c left join feedback f on f.call_id = c.id
           left join feedback_log l on l.id = f.last_change and l.call_id = c.id
           where c.rated is not l.after or (f.call_id is null) <> (c.rated is null))
         + (select count(*) from feedback_log l left join feedback_log p on p.id = l.previous
           where (p.id is null) <> (l.previous is null)
             or l.previous is not null and p.call_id <> l.call_id or l.before is not p.after)",
        [],
        |row| row.get(0),
    )?;
    if differ > 0 {
        find(findings, || {
            format!("the feedback on {differ} calls is not what its history says")
        });
    }
    Ok(())
}
