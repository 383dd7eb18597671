//! Checksums of rows: what is read is what was written, or an error.
//!
//! `SQLite` checks how its pages hang together, not what stands in them: a bit that flips in a
//! number or a text would be served as if it had been written. So rows that people are shown, or
//! that they find calls by, carry the CRC-32 of their columns, and packed JSON carries its own
//! (codec.rs).

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

use crate::error::{Error, Result};
use sidetone_store::StoreError;

/// A table whose column `checksum` covers other columns. Their order is part of what is stored:
/// never to be changed.
pub(crate) struct Covered {
    table: &'static str,
    columns: Vec<String>,
}

impl Covered {
    pub(crate) fn of(table: &'static str, columns: &str) -> Self {
        let columns = columns.split(',').map(|column| column.trim().to_owned());
        Self {
            table,
            columns: columns.collect(),
        }
    }

    pub(crate) const fn table(&self) -> &'static str {
        self.table
    }

    /// The column that its rows are named by.
    pub(crate) fn key(&self) -> &str {
        self.columns.first().map_or("", String::as_str)
    }

    /// A statement that adds a row. `set`: columns and what they are made; those that are covered
    /// and not named are null.
    pub(crate) fn insert(&self, set: &[(&str, &str)]) -> String {
        let (names, values): (Vec<&str>, Vec<&str>) = set.iter().copied().unzip();
        format!(
            "insert into {} ({}, checksum) values ({}, {})",
            self.table,
            names.join(", "),
            values.join(", "),
            self.expression(set, |_| "null".to_owned())
        )
    }

    /// The same of as many parameters as there are columns.
    pub(crate) fn insert_columns(&self, columns: &[&str]) -> String {
        let parameters = numbered(columns);
        let set = columns
            .iter()
            .zip(&parameters)
            .map(|(name, value)| (*name, value.as_str()));
        self.insert(&set.collect::<Vec<_>>())
    }

    /// A statement that changes columns of the row whose id is the last parameter. Whoever runs it
    /// has looked whether the row is sound: a damaged one would become so.
    pub(crate) fn update(&self, columns: &[&str]) -> String {
        let parameters = numbered(columns);
        let set = columns
            .iter()
            .zip(&parameters)
            .map(|(name, value)| (*name, value.as_str()));
        let set: Vec<_> = set.collect();
        let changes = set
            .iter()
            .map(|(name, value)| format!("{name} = {value}, "));
        format!(
            "update {} set {}checksum = {} where id = ?{}",
            self.table,
            changes.collect::<String>(),
            self.updated(&set),
            columns.len() + 1
        )
    }

    /// The checksum of a row of which some columns are changed, as an expression.
    pub(crate) fn updated(&self, set: &[(&str, &str)]) -> String {
        self.expression(set, str::to_owned)
    }

    /// The same where nobody has looked: a damaged row stays damaged.
    pub(crate) fn updated_unread(&self, set: &[(&str, &str)]) -> String {
        let sum = self.updated(set);
        format!("iif({}, {sum}, checksum)", self.is_sound(""))
    }

    /// Whether a row is as it was written, as an expression. `alias`: the table in it, with a
    /// point, or nothing.
    pub(crate) fn is_sound(&self, alias: &str) -> String {
        let sum = self.expression(&[], |column| format!("{alias}{column}"));
        format!("ifnull({alias}checksum = {sum}, 0)")
    }

    fn expression(&self, set: &[(&str, &str)], other: impl Fn(&str) -> String) -> String {
        let values = self.columns.iter().map(|column| {
            let value = set.iter().find(|(name, _)| name == column);
            value.map_or_else(|| other(column), |(_, value)| (*value).to_owned())
        });
        format!("row_sum({})", values.collect::<Vec<_>>().join(", "))
    }
}

fn numbered(columns: &[&str]) -> Vec<String> {
    (1..=columns.len())
        .map(|number| format!("?{number}"))
        .collect()
}

/// What a row that is not sound means to its reader. `what` names the table, and the call if it is
/// about one.
pub(crate) fn expect_sound(is_sound: bool, what: impl FnOnce() -> String) -> Result<()> {
    if is_sound {
        Ok(())
    } else {
        Err(Error(StoreError::Corrupt(format!(
            "{}: the row is not what was written",
            what()
        ))))
    }
}

/// Names what was read when it turned out to be damaged: the engine knows pages only.
pub(crate) fn about<T>(read: Result<T>, what: impl FnOnce() -> String) -> Result<T> {
    read.map_err(|error| match error {
        Error(StoreError::Corrupt(damage)) => {
            Error(StoreError::Corrupt(format!("{}: {damage}", what())))
        }
        other => other,
    })
}

/// Gives a connection `row_sum`, which the statements made here call.
pub(crate) fn add_functions(conn: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    conn.create_scalar_function("row_sum", -1, flags, |context| {
        let mut bytes = Vec::with_capacity(512);
        for place in 0..context.len() {
            write(&mut bytes, context.get_raw(place));
        }
        Ok(i64::from(crc32fast::hash(&bytes)))
    })
}

/// Writes a value so that no other reads the same. How long a text is comes first: two columns
/// could change places else.
fn write(bytes: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => bytes.push(0),
        ValueRef::Integer(value) => {
            bytes.push(1);
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        ValueRef::Real(value) => {
            bytes.push(2);
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            bytes.push(3);
            bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_sound_as_long_as_nothing_else_wrote_it() {
        let conn = Connection::open_in_memory().unwrap();
        add_functions(&conn).unwrap();
        let covered = Covered::of("t", "a, b, c");
        conn.execute_batch(&format!(
            "create table t (id integer primary key, a, b, c, checksum);
             {};
             insert into t (a) values (2)",
            covered.insert(&[("a", "1"), ("b", "'x'")])
        ))
        .unwrap();
        let sound = || -> Vec<bool> {
            let sql = format!("select {} from t t order by id", covered.is_sound("t."));
            let mut statement = conn.prepare(&sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.map(|row| row.unwrap()).collect()
        };
        let update = |set: &str, checksum: String| {
            let sql = format!("update t set {set}, checksum = {checksum}");
            conn.execute(&sql, []).unwrap();
        };
        assert_eq!(sound(), [true, false]);
        let changed = conn.execute(&covered.update(&["b"]), ("y", 1)).unwrap();
        assert_eq!((changed, sound()), (1, vec![true, false]));
        for damage in ["a = 3", "b = x'79'", "b = '', c = 'y'", "c = 0"] {
            conn.execute_batch(&format!("savepoint s; update t set {damage} where id = 1"))
                .unwrap();
            let is_text = damage.contains("x'");
            assert_eq!(sound(), [is_text, false], "{damage}");
            update("a = 7", covered.updated_unread(&[("a", "7")]));
            assert_eq!(sound(), [is_text, false], "{damage}, and then written over");
            conn.execute_batch("rollback to s; release s").unwrap();
        }
    }
}
