//! Opening the database, and what its errors mean.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::{Error, Result};
use crate::rows::{checksum, terms};
use sidetone_store::StoreError;

/// How long another process (the command line) may hold the database before we give up.
pub(crate) const BUSY_TIME: Duration = Duration::from_secs(5);

/// Older ones can lose committed transactions when the write-ahead log is reset.
const SQLITE_OLDEST: i32 = 3_051_003;

/// What a connection is for; it decides how much memory it may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The one that writes.
    Writer,
    /// Copies the write-ahead log into the database.
    Checkpointer,
    /// Reads single calls.
    Point,
    /// Reads lists.
    Scan,
}

impl Role {
    /// Page cache, KiB.
    const fn cache_kib(self) -> i64 {
        match self {
            Self::Writer => 64 << 10,
            Self::Checkpointer => 1 << 10,
            Self::Point => 8 << 10,
            Self::Scan => 16 << 10,
        }
    }
}

/// Refuses to run with an `SQLite` that is known to lose data.
pub(crate) fn check_version() -> Result<()> {
    if rusqlite::version_number() < SQLITE_OLDEST {
        return Err(Error(StoreError::Invalid(format!(
            "SQLite {} can lose data; 3.51.3 or newer is needed",
            rusqlite::version()
        ))));
    }
    Ok(())
}

/// Opens a connection.
pub(crate) fn open(path: &Path, role: Role) -> Result<Connection> {
    let writes = matches!(role, Role::Writer | Role::Checkpointer);
    let flags = if writes {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    } else {
        // Readers of a write-ahead log take part in its shared memory.
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY_TIME)?;
    conn.pragma_update(None, "cache_size", -role.cache_kib())?;
    conn.pragma_update(None, "temp_store", "memory")?;
    conn.pragma_update(None, "mmap_size", 0)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    // What stands in a page is looked at a little more closely before it is believed.
    conn.pragma_update(None, "cell_size_check", true)?;
    checksum::add_functions(&conn)?;
    terms::add_functions(&conn)?;
    // Without it, whatever value is bound where a partial index might apply makes SQLite plan the
    // statement anew: half the time of a read.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    if writes {
        let mode: String =
            conn.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
        if mode != "wal" {
            return Err(Error(StoreError::Unavailable(format!(
                "no write-ahead log where the database lies (journal mode {mode})"
            ))));
        }
        conn.pragma_update(None, "synchronous", "full")?;
        conn.pragma_update(None, "foreign_keys", true)?;
        // Whatever is deleted is overwritten in its page; erase.rs has pages that fall free overwritten, too.
        conn.pragma_update(None, "secure_delete", "fast")?;
        // Checkpoints are made beside the commits, not by them: see writer.rs.
        conn.pragma_update(None, "wal_autocheckpoint", 0)?;
        // As long as it gets before it begins anew (writer.rs): a log that is cut short grows
        // again, and each commit that makes a file longer waits for the file system's journal too.
        conn.pragma_update(None, "journal_size_limit", 256 << 20)?;
    } else {
        conn.pragma_update(None, "query_only", true)?;
    }
    #[cfg(feature = "testing")]
    let conn = super::noted::noting(conn)?;
    conn.set_prepared_statement_cache_capacity(256);
    Ok(conn)
}
