//! The floors of writing: one thread, nothing but prepared statements and commits that are synced.

use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use sidetone_store::{Annotate, Scope};
use sidetone_store_sqlite::testing::{Statement, add_functions, record_annotations};

use crate::calls::Calls;
use crate::data;
use crate::judgements;
use sidetone_bench::random::Random;

/// Annotations that are written.
const ANNOTATIONS: usize = 20_000;
/// Events in one transaction.
const EVENTS: usize = 1_000;

/// Opens the database as the store's writer does.
fn open(dir: &Path) -> anyhow::Result<Connection> {
    let conn = Connection::open(data::database(dir))?;
    conn.pragma_update(None, "cache_size", -65_536)?;
    conn.pragma_update(None, "synchronous", "full")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "wal_autocheckpoint", 8_192)?;
    add_functions(&conn)?;
    conn.set_prepared_statement_cache_capacity(256);
    let mode: String = conn.query_row("pragma journal_mode", [], |row| row.get(0))?;
    ensure!(mode == "wal", "journal mode {mode}");
    Ok(conn)
}

/// Has the store write down the statements of some annotations, then runs nothing but these.
#[allow(clippy::disallowed_methods, reason = "it measures")]
pub fn annotate(dir: &Path, group: usize) -> anyhow::Result<()> {
    let calls = data::facts(dir)?.calls();
    let groups = record_annotations(&data::database(dir), annotations(&calls), group.max(1))?;
    let conn = open(dir)?;
    let begin = Instant::now();
    for statements in &groups {
        conn.prepare_cached("begin immediate")?.execute([])?;
        for statement in statements {
            run(&conn, statement)?;
        }
        conn.prepare_cached("commit")?.execute([])?;
    }
    println!("{:.0}", ANNOTATIONS as f64 / begin.elapsed().as_secs_f64());
    Ok(())
}

fn annotations(calls: &Calls) -> Vec<(Scope, sidetone_core::id::CallSid, Annotate)> {
    let mut random = Random::of(calls.seed, 70, 0);
    let scope = Scope {
        account: calls.account,
    };
    let one = |_| {
        let mut patch = judgements::patch(&mut random);
        patch.comment = Some(Some(format!(
            "Heard again, take {}",
            random.below(1_000_000_000)
        )));
        let change = Annotate {
            author: String::new(),
            by: scope.account.to_string(),
            patch: Some(patch),
            if_revision: None,
            now: calls.times.end(),
            accept_unknown: false,
        };
        (scope, calls.sid(random.below(calls.count)), change)
    };
    (0..ANNOTATIONS).map(one).collect()
}

fn run(conn: &Connection, statement: &Statement) -> rusqlite::Result<()> {
    let mut prepared = conn.prepare_cached(&statement.sql)?;
    let mut rows = prepared.query(params_from_iter(&statement.values))?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// Takes the calls and events out again that came in as events, and inserts the same rows.
#[allow(clippy::disallowed_methods, reason = "it measures")]
pub fn events(dir: &Path) -> anyhow::Result<()> {
    let conn = open(dir)?;
    conn.pragma_update(None, "foreign_keys", false)?;
    // What was loaded has no events.
    let calls = Table::take(&conn, "call", "event_count > 0", "id")?;
    let events = Table::take(&conn, "event", "true", "received_us, at_us")?;
    let mut waiting = calls.rows.iter().peekable();
    let begin = Instant::now();
    let (mut insert_call, mut insert_event) =
        (conn.prepare(&calls.insert)?, conn.prepare(&events.insert)?);
    for batch in events.rows.chunks(EVENTS) {
        conn.prepare_cached("begin immediate")?.execute([])?;
        for event in batch {
            // Calls are numbered as they come.
            while let Some(call) = waiting.next_if(|call| not_after(&call[0], &event[0])) {
                insert_call.execute(params_from_iter(call))?;
            }
            insert_event.execute(params_from_iter(event))?;
        }
        conn.prepare_cached("commit")?.execute([])?;
    }
    println!(
        "{:.0}",
        events.rows.len() as f64 / begin.elapsed().as_secs_f64()
    );
    Ok(())
}

fn not_after(a: &Value, b: &Value) -> bool {
    matches!((a, b), (Value::Integer(a), Value::Integer(b)) if a <= b)
}

/// Rows of a table, and the statement that puts them back.
struct Table {
    rows: Vec<Vec<Value>>,
    insert: String,
}

impl Table {
    fn take(conn: &Connection, name: &str, which: &str, order: &str) -> anyhow::Result<Self> {
        // Without columns that are computed.
        let names = format!("select name from pragma_table_info('{name}')");
        let columns: Vec<String> = conn
            .prepare(&names)?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let (count, columns) = (columns.len(), columns.join(", "));
        let mut select = conn.prepare(&format!(
            "select {columns} from {name} where {which} order by {order}"
        ))?;
        let rows = select
            .query_map([], |row| (0..count).map(|column| row.get(column)).collect())?
            .collect::<rusqlite::Result<Vec<Vec<Value>>>>()?;
        drop(select);
        conn.execute(&format!("delete from {name} where {which}"), [])?;
        let insert = format!(
            "insert into {name} ({columns}) values (?{})",
            ", ?".repeat(count - 1)
        );
        Ok(Self { rows, insert })
    }
}
