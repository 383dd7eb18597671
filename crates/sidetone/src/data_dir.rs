//! The data directory: its files, who may read them, and which server has it.

use std::fs::{File, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use sidetone_store_sqlite::files;

/// Makes the directory, for its owner only.
///
/// # Errors
/// When it cannot be made.
pub fn create_dir(dir: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot create the data directory {}", dir.display()))
}

/// What makes a process the only server on a directory, for as long as it is held. While one
/// serves, and after it was cut short until the calls were looked at, the file says so.
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// The server before did not end as it should, and nobody has looked at what that left.
    is_check_due: AtomicBool,
}

/// What the file of the lock holds while a server works.
const SERVING: &[u8] = b"serving\n";

impl Lock {
    /// Whether the server before was cut short and its calls were not looked at since.
    pub fn is_check_due(&self) -> bool {
        self.is_check_due.load(Ordering::Relaxed)
    }

    /// The calls were looked at.
    pub fn note_checked(&self) {
        self.is_check_due.store(false, Ordering::Relaxed);
    }

    /// Notes that a server works here.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn note_serving(&self) -> std::io::Result<()> {
        self.file.write_all_at(SERVING, 0)?;
        self.file.sync_data()
    }

    /// Notes that it ended as it should.
    pub fn note_end(&self) {
        if !self.is_check_due()
            && let Err(error) = self.file.set_len(0)
        {
            tracing::warn!(%error, "the end cannot be noted; the next start will look at all calls");
        }
    }
}

/// The lock of a directory. It stays when its server has gone.
pub const LOCK_FILE: &str = "server.lock";

/// Takes the lock of a directory.
///
/// # Errors
/// When another server holds it.
pub fn lock(dir: &Path) -> anyhow::Result<Lock> {
    let path = dir.join(LOCK_FILE);
    let file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .with_context(|| {
            format!(
                "cannot write {}; the user that runs sidetone must be able to write the data directory",
                path.display()
            )
        })?;
    // One that an earlier release made may be open to others.
    let _ = file.set_permissions(Permissions::from_mode(0o600));
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            bail!(
                "another server is running on {}; stop it or choose another --data",
                dir.display()
            )
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    // A write-ahead log that is left says the same of a release that did not note it.
    let is_marked =
        file.metadata()?.len() > 0 || size_of(&files::write_ahead_log(&database(dir)))?.is_some();
    Ok(Lock {
        file,
        is_check_due: AtomicBool::new(is_marked),
    })
}

/// Makes the database's file before `SQLite` does, for its owner only, even in a directory that
/// others may read. `SQLite` gives the files beside it the same permissions.
pub fn make_private(path: &Path) -> anyhow::Result<()> {
    File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .with_context(|| {
            format!(
                "cannot write the database {}; the user that runs sidetone must be able to",
                path.display()
            )
        })
}

/// The database of a directory.
pub fn database(dir: &Path) -> PathBuf {
    dir.join("sidetone.db")
}

/// Bytes of a file. `None`: there is none.
pub fn size_of(path: &Path) -> anyhow::Result<Option<u64>> {
    match std::fs::metadata(path) {
        Ok(file) => Ok(Some(file.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", path.display())),
    }
}
