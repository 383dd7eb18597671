//! Bringing a database of any released version to this one, forward only.

use rusqlite::Connection;

use crate::{Result, StoreError};

/// What makes each version of the one before it.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001.sql")];

/// "Side" in ASCII: says whose file this is.
const APPLICATION_ID: i64 = 0x5369_6465;

/// Migrates. Each version is one transaction, so that an interruption leaves a version that is whole.
pub(super) fn migrate(conn: &Connection) -> Result<()> {
    loop {
        conn.execute_batch("begin immediate")?;
        let step = next_version(conn);
        let more = match &step {
            Ok(more) => *more,
            Err(_) => false,
        };
        conn.execute_batch(if step.is_ok() { "commit" } else { "rollback" })?;
        step?;
        if !more {
            return Ok(());
        }
    }
}

/// Makes the next version, if there is one to make.
fn next_version(conn: &Connection) -> Result<bool> {
    let version: i64 = conn.query_row("pragma user_version", [], |row| row.get(0))?;
    let application: i64 = conn.query_row("pragma application_id", [], |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if application != APPLICATION_ID && !(application == 0 && version == 0) {
        return Err(StoreError::Invalid(
            "the file is the database of another program".into(),
        ));
    }
    if version > known {
        return Err(StoreError::Invalid(format!(
            "the database is of version {version}, made by a newer Sidetone; this one knows {known}"
        )));
    }
    let Some(migration) = usize::try_from(version)
        .ok()
        .and_then(|at| MIGRATIONS.get(at))
    else {
        return Ok(false);
    };
    conn.execute_batch(migration)?;
    conn.pragma_update(None, "user_version", version + 1)?;
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Databases as they were when each version was released, with some rows in them.
    const RELEASED: &[&str] = &[include_str!("migrations/released/0001.sql")];

    fn schema(conn: &Connection) -> Vec<(String, String, Option<String>)> {
        let mut statement = conn
            .prepare("select type, name, sql from sqlite_schema order by type, name")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(|row| row.unwrap()).collect()
    }

    #[test]
    fn every_released_version_becomes_a_fresh_one() {
        let fresh = Connection::open_in_memory().unwrap();
        migrate(&fresh).unwrap();
        assert_eq!(RELEASED.len(), MIGRATIONS.len());
        for (version, dump) in (1_i64..).zip(RELEASED) {
            let old = Connection::open_in_memory().unwrap();
            old.execute_batch(dump).unwrap();
            old.pragma_update(None, "user_version", version).unwrap();
            old.pragma_update(None, "application_id", APPLICATION_ID)
                .unwrap();
            migrate(&old).unwrap();
            assert_eq!(schema(&old), schema(&fresh), "from version {version}");
            let calls: i64 = old
                .query_row("select count(*) from call", [], |row| row.get(0))
                .unwrap();
            assert!(calls > 0);
            let check: String = old
                .query_row("pragma integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(check, "ok");
        }
    }
}
