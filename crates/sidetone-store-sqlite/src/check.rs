//! Looking for damage.

pub(crate) mod calls;
mod finding;
pub(crate) mod outbox;
pub(crate) mod rollups;
pub(crate) mod segments;

use rusqlite::Connection;
use sidetone_core::id::{AccountSid, CallSid};

use self::calls::check_changes;
use self::finding::{FINDINGS_MAX, find};
use self::outbox::check_outbox;
use self::rollups::{check_hours, check_pdd, check_rollups};
use self::segments::check_segments;
use super::comments;
use super::error::Result;
use super::report;
use super::rows::checksum::Covered;
use super::rows::tables;
use sidetone_store::CheckedCalls;

/// Calls that are checked by one statement.
const CALLS_AT_ONCE: usize = 1_000;

/// What can be read is checked, whatever cannot.
pub(super) fn check(conn: &Connection) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    section(&mut findings, "the file", |findings| {
        check_engine(conn, findings)
    });
    section(&mut findings, "calls", |findings| {
        check_all_calls(conn, findings)
    });
    for covered in tables::all() {
        section(&mut findings, covered.table(), |findings| {
            check_rows(conn, covered, findings)
        });
    }
    section(&mut findings, "the operator's rules", |findings| {
        check_published(conn, findings)
    });
    section(&mut findings, "calls to be folded", |findings| {
        check_work(conn, findings)
    });
    section(&mut findings, "calls set aside", |findings| {
        check_set_aside(conn, findings)
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
        check_hours(conn, findings)
    });
    section(&mut findings, "comments", |findings| {
        check_comments(conn, findings)
    });
    section(&mut findings, "feedback", |findings| {
        check_feedback(conn, findings)
    });
    section(&mut findings, "post-dial delays", |findings| {
        check_pdd(conn, findings)
    });
    section(&mut findings, "statistics", |findings| {
        check_segments(conn, findings)
    });
    section(&mut findings, "reports", |findings| {
        report::each_damaged(conn, |damage| find(findings, || damage))
    });
    Ok(findings)
}

/// Checks one thing. When it cannot be read to its end that is a finding, and the others are
/// checked all the same.
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
        } = calls::check_calls(conn, after.as_ref(), CALLS_AT_ONCE)?;
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

/// Each version was published after the one before it, and none is ever removed.
fn check_published(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let lost: i64 = conn.query_row(
        "select ifnull(max(version), 0) - count(*) from side_rules",
        [],
        |row| row.get(0),
    )?;
    if lost > 0 {
        find(findings, || {
            format!("versions of the operator's rules that are lost: {lost}")
        });
    }
    Ok(())
}

/// What the engine itself finds wrong.
pub(super) fn check_engine(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    for said in engine_says(conn, 20)? {
        find(findings, || format!("SQLite: {said}"));
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

/// What the engine itself finds, so many sentences at most, each with the table or index that it is about.
pub(crate) fn engine_says(conn: &Connection, most: usize) -> Result<Vec<String>> {
    let mut all = Vec::new();
    let looked = look_at(conn, &most.to_string(), None, &mut all);
    if looked.is_ok() && !all.iter().any(|said| said == MALFORMED) {
        return Ok(all);
    }
    // One that cannot be looked at keeps the others from it.
    all.retain(|said| said != MALFORMED);
    let mut tables = conn.prepare("select name from sqlite_schema where type = 'table'")?;
    for table in tables.query_map([], |row| row.get::<_, String>(0))? {
        let table = table?;
        let looked = look_at(conn, &format!("\"{table}\""), Some(&table), &mut all);
        if let Err(error) = looked {
            all.push(format!("table {table}: {error}"));
        }
    }
    Ok(all)
}

/// What the engine says when it does not get as far as to say what is wrong.
const MALFORMED: &str = "database disk image is malformed";

/// `what`: a table, or how many sentences about all of them.
fn look_at(
    conn: &Connection,
    what: &str,
    table: Option<&str>,
    all: &mut Vec<String>,
) -> Result<()> {
    let mut statement = conn.prepare(&format!("pragma integrity_check({what})"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let said: String = row.get(0)?;
        if said == "ok" {
            continue;
        }
        let named = table_of(conn, &said).or_else(|| table.map(str::to_owned));
        let said = match named {
            Some(table) => format!("table {table}: {said}"),
            None => said,
        };
        if !all.contains(&said) {
            all.push(said);
        }
    }
    Ok(())
}

/// The table or index that the engine speaks of, by the number of the first page of its tree or of one
/// of its pages.
fn table_of(conn: &Connection, said: &str) -> Option<String> {
    let number = |before: &str| -> Option<i64> {
        let (_, rest) = said.split_once(before)?;
        rest.split(|char: char| !char.is_ascii_digit())
            .next()?
            .parse()
            .ok()
    };
    let (sql, number) = match (number("Tree "), number("page ")) {
        (Some(root), _) => ("select name from sqlite_schema where rootpage = ?1", root),
        (None, Some(page)) => ("select name from dbstat where pageno = ?1", page),
        (None, None) => return None,
    };
    conn.query_row(sql, [number], |row| row.get(0)).ok()
}

/// Calls that nobody would ever fold: their rows were found damaged, or the mark is lost.
fn check_work(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let mut statement = conn.prepare(
        "select a.sid, c.sid from call c join account a on a.id = c.account
         where c.event_count > c.position and c.dirty_us is null limit 20",
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

/// Names those that are left out.
fn check_set_aside(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let mut statement = conn.prepare(
        "select a.sid, c.sid, s.reason from set_aside s join call c on c.id = s.call_id join account a on a.id = c.account
         where s.reason is not null order by s.at_us limit 20",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let account = AccountSid::from_bytes(row.get(0)?);
        let call = CallSid::from_bytes(row.get(1)?);
        let reason: String = row.get(2)?;
        find(findings, || {
            format!("{call} of {account} is set aside, its summary stands still: {reason}")
        });
    }
    Ok(())
}

/// Comments are searched by what the annotations of calls say.
pub(crate) fn check_comments(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let differ = comments::differ(conn)?;
    if differ > 0 {
        find(findings, || {
            format!("the search of comments does not know those on {differ} calls, or too many")
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
