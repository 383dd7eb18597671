//! Looking for damage, and figures about the store.

use rusqlite::Connection;
use sidetone_core::id::{AccountSid, CallSid};

use super::check_calls::{self, check_changes};
use super::check_outbox::check_outbox;
use super::check_rollups::{check_pdd, check_rollups};
use super::checksum::Covered;
use super::error::Result;
use super::{hourly, set_aside};
use sidetone_store::{CheckedCalls, StoreStats};

/// More findings than these say nothing new.
const FINDINGS_MAX: usize = 100;
/// Calls that are checked by one statement.
const CALLS_AT_ONCE: usize = 1_000;

pub(super) fn stats(conn: &Connection) -> Result<StoreStats> {
    let count = |sql: &str| -> Result<u64> {
        Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    Ok(StoreStats {
        dirty_calls: count(
            "select (select count(*) from call where dirty_us is not null)
               - (select count(*) from set_aside s join call c on c.id = s.call_id
                  where s.reason is not null and c.dirty_us is not null)",
        )?,
        set_aside: count("select count(*) from set_aside where reason is not null")?,
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
        refused: 0,
        damaged: 0,
    })
}

/// What can be read is checked, whatever cannot.
pub(super) fn check(conn: &Connection) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    section(&mut findings, "the file", |findings| {
        check_engine(conn, findings)
    });
    section(&mut findings, "calls", |findings| {
        check_all_calls(conn, findings)
    });
    for covered in Covered::all() {
        section(&mut findings, covered.table(), |findings| {
            check_rows(conn, covered, findings)
        });
    }
    section(&mut findings, "calls to be folded", |findings| {
        check_work(conn, findings)
    });
    section(&mut findings, "calls set aside", |findings| {
        set_aside::check(conn, findings)
    });
    section(&mut findings, "deliveries", |findings| {
        check_outbox(conn, findings)
    });
    section(&mut findings, "rollups", |findings| {
        let mut accounts = conn.prepare("select id from account")?;
        for account in accounts.query_map([], |row| row.get(0))? {
            check_rollups(conn, account?, findings)?;
        }
        Ok(())
    });
    section(&mut findings, "hours", |findings| {
        hourly::check(conn, findings)
    });
    section(&mut findings, "feedback", |findings| {
        check_feedback(conn, findings)
    });
    section(&mut findings, "post-dial delays", |findings| {
        check_pdd(conn, findings)
    });
    Ok(findings)
}

/// Checks one thing. When it cannot be read to its end that is a finding, and the others are checked all the same.
fn section(
    findings: &mut Vec<String>,
    what: &str,
    check: impl FnOnce(&mut Vec<String>) -> Result<()>,
) {
    if let Err(error) = check(findings) {
        find(findings, || {
            format!("{what}: not all of it could be checked ({error})")
        });
    }
}

fn check_all_calls(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let (mut after, mut changes) = (None, 0);
    loop {
        let CheckedCalls {
            next,
            findings: of_calls,
            changes: of_annotations,
            ..
        } = check_calls::check_calls(conn, after.as_ref(), CALLS_AT_ONCE)?;
        for finding in of_calls {
            find(findings, || finding);
        }
        changes += of_annotations;
        if next.is_none() {
            break;
        }
        after = next;
    }
    check_changes(conn, changes, findings)
}

/// Rows that are not what was written, but for those of calls.
fn check_rows(conn: &Connection, covered: &Covered, findings: &mut Vec<String>) -> Result<()> {
    let (table, key) = (covered.table(), covered.key());
    let mut statement = conn.prepare(&format!(
        "select quote({key}) from {table} where not {} limit {FINDINGS_MAX}",
        covered.is_sound("")
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let value: String = row.get(0)?;
        find(findings, || {
            format!("table {table}, {key} {value}: the row is not what was written")
        });
    }
    Ok(())
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
            let table = table_of(conn, &said)
                .map(|table| format!("table {table}: "))
                .unwrap_or_default();
            find(findings, || format!("SQLite: {table}{said}"));
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

/// The table or index that the engine speaks of as a tree, by the number of its first page.
fn table_of(conn: &Connection, said: &str) -> Option<String> {
    let (_, rest) = said.split_once("Tree ")?;
    let root: i64 = rest.split(' ').next()?.parse().ok()?;
    let sql = "select name from sqlite_schema where rootpage = ?1";
    conn.query_row(sql, [root], |row| row.get(0)).ok()
}

/// Calls that nobody would ever fold: their rows were found damaged, or the mark is lost.
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

/// Feedback is what its last change made it.
fn check_feedback(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let differ: i64 = conn.query_row(
        "select (select count(*) from call c left join feedback f on f.call_id = c.id
           left join feedback_log l on l.id = f.last_change and l.call_id = c.id
           where c.rated is not l.after & 2047 or (f.call_id is null) <> (c.rated is null))
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
