//! The trees of pages that tables and indexes are stored in. An index is made again from the rows of
//! its table; a table that follows from others begins anew, and is filled by the steps after this.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use rusqlite::{Connection, OptionalExtension, params};

use super::step::step;
use crate::check::engine_says;
use crate::error::Result;
use crate::migrate::migrate;
use crate::rows::{checksum, terms};

/// Tables that can be made again as a whole.
const DERIVED: [&str; 13] = [
    "rollup",
    "judged",
    "judged_piece",
    "figures",
    "hourly",
    "pdd",
    "alias",
    "fold_state",
    "segment",
    "uncounted",
    "day_segment",
    "stale_day",
    COOCCURRENCE,
];
/// What is told of days beside their segments.
const COOCCURRENCE: &str = "cooccurrence";
/// The search of comments, and the tables that FTS5 keeps it in.
pub(super) const COMMENT: &str = "comment";
const OF_COMMENT: [&str; 4] = [
    "comment_data",
    "comment_idx",
    "comment_docsize",
    "comment_progress",
];

/// What is said of a file that is looked at; more follows when that is repaired.
const SAID_MAX: usize = 1000;
const ROUNDS: usize = 5;
/// What stands for a tree until it is in its place.
const TWIN: &str = "repair_twin";

/// An index of the schema, as a whole database has it.
struct Index {
    name: String,
    table: String,
    sql: String,
}

/// All of them. They are the program's, so they are asked for once.
fn all_indexes() -> Result<&'static [Index]> {
    static ALL: OnceLock<Vec<Index>> = OnceLock::new();
    if let Some(all) = ALL.get() {
        return Ok(all);
    }
    let whole = Connection::open_in_memory()?;
    checksum::add_functions(&whole)?;
    terms::add_functions(&whole)?;
    migrate(&whole)?;
    let mut all = whole.prepare(
        "select name, tbl_name, sql from sqlite_schema where type = 'index' and sql is not null order by name",
    )?;
    let all = all.query_map([], |row| {
        Ok(Index {
            name: row.get(0)?,
            table: row.get(1)?,
            sql: row.get(2)?,
        })
    })?;
    let all = all.collect::<rusqlite::Result<_>>()?;
    Ok(ALL.get_or_init(|| all))
}

/// Makes the indexes that are not even named any more.
pub(super) fn make_missing(conn: &Connection, told: &mut Vec<String>) -> Result<()> {
    let mut is_there =
        conn.prepare("select 1 from sqlite_schema where type = 'index' and name = ?1")?;
    for Index { name, table, sql } in all_indexes()? {
        if is_there.exists([name])? {
            continue;
        }
        if step(conn, told, |conn, _| Ok(conn.execute_batch(sql)?))? {
            told.push(format!(
                "index {name}: was missing; made from the rows of {table}"
            ));
        }
    }
    Ok(())
}

/// Repairs what the engine itself finds. Says which tables began anew; `None`: it finds nothing.
pub(super) fn repair(
    conn: &Connection,
    told: &mut Vec<String>,
) -> Result<Option<BTreeSet<&'static str>>> {
    let mut anew = BTreeSet::new();
    let mut said = engine_says(conn, SAID_MAX)?;
    if said.is_empty() {
        return Ok(None);
    }
    for _ in 0..ROUNDS {
        if said.is_empty() {
            break;
        }
        let before = told.len();
        for (index, table) in indexes(conn)? {
            // A damaged one may keep all of its table from being looked at.
            let is_meant = |said: &String| is_named(said, &index) || is_named(said, &table);
            if said.iter().any(is_meant) {
                make_index(conn, &index, &table, told)?;
            }
        }
        for table in DERIVED.into_iter().chain(OF_COMMENT) {
            if said.iter().any(|said| is_named(said, table)) && anew.insert(table) {
                begin_anew(conn, table, told)?;
            }
        }
        if said.iter().any(|said| is_named(said, COMMENT))
            || OF_COMMENT.iter().any(|table| anew.contains(table))
        {
            anew.insert(COMMENT);
        }
        // Nothing is known of what segments are about.
        for (marks, segments) in [
            ("uncounted", "segment"),
            ("stale_day", "day_segment"),
            ("stale_day", COOCCURRENCE),
        ] {
            if anew.contains(marks) && anew.insert(segments) {
                begin_anew(conn, segments, told)?;
            }
        }
        if anew.contains(COOCCURRENCE) {
            conn.execute_batch(
                "insert or ignore into stale_day select distinct day, account, bucket, 0 from day_segment where number = 0",
            )?;
        }
        if told.len() == before {
            break;
        }
        said = engine_says(conn, SAID_MAX)?;
    }
    Ok(Some(anew))
}

/// Gives back pages that nothing uses, if that is all that is left to be said of the file.
pub(super) fn give_back(conn: &Connection, told: &mut Vec<String>) -> Result<()> {
    let said = engine_says(conn, SAID_MAX)?;
    let is_unused = |said: &String| said.contains("never used") || said.contains("Freelist");
    if !said.is_empty() && said.iter().all(is_unused) && conn.execute_batch("vacuum").is_ok() {
        told.push("pages that nothing uses: given back".to_owned());
    }
    Ok(())
}

/// Whether a name stands in a sentence, as a word.
fn is_named(said: &str, name: &str) -> bool {
    said.split(|char: char| !char.is_ascii_alphanumeric() && char != '_')
        .any(|word| word == name)
}

fn indexes(conn: &Connection) -> Result<Vec<(String, String)>> {
    let mut statement = conn.prepare(
        "select name, tbl_name from sqlite_schema where type = 'index' and rootpage > 0 order by name",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Makes an index again. The engine reads the old one to free its pages; where it cannot, another is
/// made beside it and takes its place.
fn make_index(conn: &Connection, index: &str, table: &str, told: &mut Vec<String>) -> Result<()> {
    let made = step(conn, told, |conn, _| {
        Ok(conn.execute_batch(&format!("reindex \"{index}\""))?)
    })?;
    if made || step(conn, told, |conn, _| make_twin(conn, index, table))? {
        told.push(format!(
            "index {index}: made again from the rows of {table}"
        ));
    }
    Ok(())
}

fn make_twin(conn: &Connection, index: &str, table: &str) -> Result<()> {
    let sql: Option<String> = conn.query_row(
        "select sql from sqlite_schema where name = ?1",
        [index],
        |row| row.get(0),
    )?;
    let sql = match sql {
        Some(sql) => sql.replacen(index, TWIN, 1),
        // The engine's own, of a constraint.
        None => {
            let mut columns =
                conn.prepare("select name from pragma_index_info(?1) order by seqno")?;
            let columns = columns.query_map([index], |row| row.get::<_, String>(0))?;
            let columns: Vec<String> = columns.collect::<rusqlite::Result<_>>()?;
            format!(
                "create unique index {TWIN} on {table} ({})",
                columns.join(", ")
            )
        }
    };
    conn.execute_batch(&sql)?;
    put_in_place(conn, index)
}

fn begin_anew(conn: &Connection, table: &str, told: &mut Vec<String>) -> Result<()> {
    step(conn, told, |conn, told| {
        let sql: Option<String> = conn
            .query_row(
                "select sql from sqlite_schema where type = 'table' and name = ?1",
                [table],
                |row| row.get(0),
            )
            .optional()?;
        let Some(sql) = sql else { return Ok(()) };
        conn.execute_batch(&sql.replacen(table, TWIN, 1))?;
        put_in_place(conn, table)?;
        told.push(format!(
            "table {table}: its pages were damaged; begun anew, to be filled from what it follows from"
        ));
        Ok(())
    })
    .map(drop)
}

/// Gives the pages of the twin to what is named. The pages that it had are nobody's from then on.
fn put_in_place(conn: &Connection, name: &str) -> Result<()> {
    conn.pragma_update(None, "writable_schema", true)?;
    let put = (|| {
        conn.execute(
            "update sqlite_schema set rootpage = (select rootpage from sqlite_schema where name = ?2) where name = ?1",
            params![name, TWIN],
        )?;
        conn.execute("delete from sqlite_schema where name = ?1", [TWIN])?;
        let version: i64 = conn.query_row("pragma schema_version", [], |row| row.get(0))?;
        conn.pragma_update(None, "schema_version", version + 1)
    })();
    conn.execute_batch("pragma writable_schema = reset")?;
    Ok(put?)
}
