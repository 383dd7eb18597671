//! What a look for damage has found.

use rusqlite::Connection;

use crate::error::Result;

/// More findings than these say nothing new.
pub(crate) const FINDINGS_MAX: usize = 100;

/// Adds a finding while there is room.
pub(crate) fn find(findings: &mut Vec<String>, finding: impl FnOnce() -> String) {
    if findings.len() < FINDINGS_MAX {
        findings.push(finding());
    }
}

/// How many rows stand in one of two queries and not in the other.
pub(crate) fn differ(conn: &Connection, recount: &str, stored: &str) -> Result<i64> {
    let sql = format!(
        "select (select count(*) from ({recount} except {stored})) + (select count(*) from ({stored} except {recount}))"
    );
    Ok(conn.query_row(&sql, [], |row| row.get(0))?)
}
