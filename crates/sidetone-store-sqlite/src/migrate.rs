//! Bringing a database of any released version to this one, forward only.

use rusqlite::Connection;

use super::comments;
use super::error::{Error, Result};
use super::refill;
use super::rollups::judged;
use super::summary::alias;
use sidetone_store::StoreError;

/// What makes each version of the one before it. What statements cannot say follows: [`fill`].
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0008.sql"),
    include_str!("migrations/0009.sql"),
    include_str!("migrations/0010.sql"),
];

/// What is stored, written in the form that a version reads: what follows from it, and no statement
/// can tell.
fn fill(conn: &Connection, version: i64) -> Result<()> {
    match version {
        5 => {
            judged::fill_pieces(conn)?;
            refill::fill(conn)
        }
        7 => comments::begin_anew(conn),
        8 => alias::fill(conn),
        _ => Ok(()),
    }
}

/// The version since which calls can be erased.
pub(super) const ERASES_SINCE: i64 = 6;

/// "Side" in ASCII: says whose file this is.
const APPLICATION_ID: i64 = 0x5369_6465;

/// Migrates. Each version is one transaction, so that an interruption leaves a version that is
/// whole.
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

/// Of which version the database is and which this is, where they are not the same; `None`: it is
/// new, or of this version.
pub(super) fn versions(conn: &Connection) -> Result<Option<(i64, i64)>> {
    let version: i64 = conn.query_row("pragma user_version", [], |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    Ok((version >= 1 && version != known).then_some((version, known)))
}

/// Makes the next version, if there is one to make.
fn next_version(conn: &Connection) -> Result<bool> {
    let version: i64 = conn.query_row("pragma user_version", [], |row| row.get(0))?;
    let application: i64 = conn.query_row("pragma application_id", [], |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if application != APPLICATION_ID && !(application == 0 && version == 0) {
        return Err(Error(StoreError::Invalid(
            "the file is the database of another program".into(),
        )));
    }
    if version > known {
        return Err(Error(StoreError::Invalid(format!(
            "the database is of version {version}, made by a newer Sidetone; this one knows {known}"
        ))));
    }
    let Some(migration) = usize::try_from(version)
        .ok()
        .and_then(|at| MIGRATIONS.get(at))
    else {
        return Ok(false);
    };
    conn.execute_batch(migration)?;
    fill(conn, version + 1)?;
    conn.pragma_update(None, "user_version", version + 1)?;
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(true)
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Options, SqliteStore};
    use sidetone_store::conformance::sample::{call_sid, scope};
    use sidetone_store::prelude::*;
    use sidetone_store::{Lookup, Shown};

    /// Databases as each released version wrote them.
    const RELEASED: &[&str] = &[
        include_str!("migrations/released/0001.sql"),
        include_str!("migrations/released/0002.sql"),
        include_str!("migrations/released/0003.sql"),
        include_str!("migrations/released/0004.sql"),
        include_str!("migrations/released/0005.sql"),
        include_str!("migrations/released/0006.sql"),
        include_str!("migrations/released/0007.sql"),
        include_str!("migrations/released/0008.sql"),
        include_str!("migrations/released/0009.sql"),
        include_str!("migrations/released/0010.sql"),
    ];

    fn schema(path: &Path) -> Vec<(String, String, Option<String>)> {
        let conn = Connection::open(path).unwrap();
        let mut statement = conn
            .prepare("select type, name, sql from sqlite_schema order by type, name")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(|row| row.unwrap()).collect()
    }

    #[tokio::test]
    async fn every_released_version_becomes_a_fresh_one_and_keeps_what_it_holds() {
        let directory = tempfile::tempdir().unwrap();
        let fresh = directory.path().join("fresh.db");
        drop(SqliteStore::open(&fresh, Options::default()).unwrap());
        assert_eq!(RELEASED.len(), MIGRATIONS.len());
        for (version, dump) in (1_i64..).zip(RELEASED) {
            let path = directory.path().join(format!("{version}.db"));
            let old = Connection::open(&path).unwrap();
            old.pragma_update(None, "foreign_keys", false).unwrap();
            old.execute_batch(dump).unwrap();
            old.pragma_update(None, "user_version", version).unwrap();
            old.pragma_update(None, "application_id", APPLICATION_ID)
                .unwrap();
            drop(old);
            let known = i64::try_from(MIGRATIONS.len()).unwrap();
            let expected = (version < known).then_some((version, known));
            assert_eq!(SqliteStore::versions(&path), expected);
            let store = SqliteStore::open(&path, Options::default()).unwrap();
            assert_eq!(SqliteStore::versions(&path), None);
            assert_eq!(schema(&path), schema(&fresh), "from version {version}");
            assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
            let record = store.record(scope(1), call_sid(1)).await.unwrap();
            let Lookup::Found(record) = record else {
                panic!("{record:?}")
            };
            assert_eq!(record.annotation.call_score, Some(4));
            // Nothing was rendered then.
            let shown = store.shown(scope(1), call_sid(1), 1).await.unwrap();
            let Lookup::Found(shown) = shown else {
                panic!("{shown:?}")
            };
            let summary = record.summary.map(|it| Shown::Summary(Box::new(it)));
            assert_eq!(shown.summary, summary);
        }
    }
}
