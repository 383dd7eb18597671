//! The files that `SQLite` keeps beside a database.

use std::path::{Path, PathBuf};

/// Where a database keeps what was written last. It belongs to that database alone: one that gets
/// the name of another takes that one's for its own.
#[must_use]
pub fn write_ahead_log(database: &Path) -> PathBuf {
    beside(database, "-wal")
}

/// The index of the write-ahead log, for the processes that have the database open.
#[must_use]
pub fn log_index(database: &Path) -> PathBuf {
    beside(database, "-shm")
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
