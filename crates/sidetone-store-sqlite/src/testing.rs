//! For measuring: the statements that a verb executes, as text and values.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::types::Value;
use sidetone_core::id::CallSid;

pub use super::engine::noted::{note_statements, noted_statements};

use super::engine::connection::{self, Role};
use super::engine::shared::Shared;
use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use super::judgement;
use super::rollups::deltas::Deltas;
use super::rows::terms::TermCache;
use super::rows::{checksum, terms};
use sidetone_store::{Annotate, Scope, StoreError};

/// Gives a connection the functions that statements of the store call.
///
/// # Errors
/// When the connection does not take them.
pub fn add_functions(conn: &Connection) -> sidetone_store::Result<()> {
    checksum::add_functions(conn)
        .and_then(|()| terms::add_functions(conn))
        .map_err(|error| Error::from(error).into())
}

/// A statement that was executed.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Its text, with parameters.
    pub sql: String,
    /// What the parameters stood for.
    pub values: Vec<Value>,
}

/// The statements that annotating executes, so many annotations in each transaction. Nothing is
/// changed: run in the same order on the same database they do what was recorded.
///
/// # Errors
/// As those of annotating.
pub fn record_annotations(
    path: &Path,
    annotations: Vec<(Scope, CallSid, Annotate)>,
    group: usize,
) -> sidetone_store::Result<Vec<Vec<Statement>>> {
    Ok(record(path, annotations, group)?)
}

fn record(
    path: &Path,
    annotations: Vec<(Scope, CallSid, Annotate)>,
    group: usize,
) -> Result<Vec<Vec<Statement>>> {
    let mut conn = connection::open(path, Role::Writer)?;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&seen);
    conn.trace_v2(
        TraceEventCodes::SQLITE_TRACE_STMT,
        Some(move |event: TraceEvent<'_>| {
            // As a comment SQLite tells what another statement does: a trigger's, a full-text index's.
            if let TraceEvent::Stmt(statement, sql) = event
                && !sql.starts_with("--")
            {
                let expanded = statement.expanded_sql().unwrap_or_default();
                let mut seen = note.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push((sql.to_owned(), expanded));
            }
        }),
    )?;
    let (mut term_cache, mut deltas) = (TermCache::default(), Deltas::default());
    let (shared, mut rings) = (Shared::default(), Vec::new());
    conn.execute_batch("begin immediate")?;
    let mut groups = Vec::new();
    let mut annotations = annotations.into_iter().peekable();
    while annotations.peek().is_some() {
        seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
        for (scope, sid, change) in annotations.by_ref().take(group.max(1)) {
            let mut tx = WriteTx::new(&conn, &mut term_cache, &mut deltas, &shared, &mut rings);
            judgement::annotate(&mut tx, scope, sid, change)?;
        }
        deltas.flush(&conn)?;
        let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        let statements = seen
            .into_iter()
            .map(|(sql, expanded)| statement(sql, &expanded));
        groups.push(statements.collect::<Result<_>>()?);
    }
    conn.execute_batch("rollback")?;
    Ok(groups)
}

/// Takes the values out of a statement's expanded text.
fn statement(sql: String, expanded: &str) -> Result<Statement> {
    let strange = || {
        Error(StoreError::Corrupt(format!(
            "no values found in {expanded}"
        )))
    };
    let mut values: Vec<Value> = Vec::new();
    let (mut text, mut rest) = (sql.as_str(), expanded);
    while let Some(at) = text.find('?') {
        rest = rest.get(at..).ok_or_else(strange)?;
        let after = &text[at + 1..];
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (value, behind) = literal(rest).ok_or_else(strange)?;
        // ?3 is the third parameter wherever it stands; a bare ? is the next one.
        let place = match after[..digits].parse::<usize>() {
            Ok(number) => number,
            Err(_) => values.len() + 1,
        };
        if values.len() < place {
            values.resize(place, Value::Null);
        }
        values[place - 1] = value;
        (text, rest) = (&after[digits..], behind);
    }
    Ok(Statement { sql, values })
}

/// Reads a literal of SQL; says what comes behind it.
fn literal(text: &str) -> Option<(Value, &str)> {
    if let Some(rest) = text.strip_prefix("NULL") {
        return Some((Value::Null, rest));
    }
    // An empty blob.
    if let Some(rest) = text.strip_prefix("zeroblob(0)") {
        return Some((Value::Blob(Vec::new()), rest));
    }
    if let Some(rest) = text.strip_prefix("x'") {
        let (digits, rest) = rest.split_once('\'')?;
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
        return Some((Value::Blob(bytes?), rest));
    }
    if let Some(mut rest) = text.strip_prefix('\'') {
        let mut value = String::new();
        loop {
            let (part, behind) = rest.split_once('\'')?;
            value.push_str(part);
            match behind.strip_prefix('\'') {
                Some(more) => {
                    value.push('\'');
                    rest = more;
                }
                None => return Some((Value::Text(value), behind)),
            }
        }
    }
    let length = text.len()
        - text
            .trim_start_matches(|c: char| c == '-' || c.is_ascii_digit())
            .len();
    let (digits, rest) = text.split_at(length);
    Some((Value::Integer(digits.parse().ok()?), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_values_in_expanded_statements() {
        let found = |sql: &str, expanded: &str| statement(sql.to_owned(), expanded).unwrap().values;
        assert_eq!(
            found(
                "update t set a = ?, b = ? where c = ? or d = ?",
                "update t set a = -7, b = 'it''s ?' where c = NULL or d = zeroblob(0)"
            ),
            [
                Value::Integer(-7),
                Value::Text("it's ?".to_owned()),
                Value::Null,
                Value::Blob(Vec::new())
            ]
        );
        assert_eq!(
            found("select ?2, ?1, ?2", "select x'00ff', 'a', x'00ff'"),
            [Value::Text("a".to_owned()), Value::Blob(vec![0, 255])]
        );
        assert_eq!(found("commit", "commit"), []);
    }
}
