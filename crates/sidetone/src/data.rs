//! The data directory: database, key of the secrets, credentials, lock.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use sidetone_store::Store;
use sidetone_store::sqlite::{Options, SqliteStore};

use crate::secrets::Vault;

/// Where the data is; for commands that work on it beside or without a running server.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// Directory of the database, credentials and keys
    #[arg(long, env = "SIDETONE_DATA", default_value = "./sidetone-data")]
    pub data: PathBuf,
    /// File of the key that secrets in the database are encrypted with [default: DATA/secret.key]
    #[arg(long, env = "SIDETONE_SECRET_KEY_FILE")]
    pub secret_key_file: Option<PathBuf>,
}

/// An opened data directory.
pub struct Data {
    /// The calls.
    pub store: Arc<dyn Store>,
    /// Opens secrets.
    pub vault: Arc<Vault>,
}

impl DataArgs {
    /// Opens a directory that a server has made before.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened.
    pub fn open(&self) -> anyhow::Result<Data> {
        if !database(&self.data).exists() {
            bail!(
                "there is no database in {}; name the directory with --data, or start `sidetone serve` there first",
                self.data.display()
            );
        }
        let key = self
            .secret_key_file
            .clone()
            .unwrap_or_else(|| self.data.join("secret.key"));
        open(&self.data, &key, Options::default())
    }
}

/// Opens the database and the key of the secrets, making both when there is no database yet.
///
/// # Errors
/// When either cannot be opened.
pub fn open(dir: &Path, secret_key: &Path, options: Options) -> anyhow::Result<Data> {
    let path = database(dir);
    // A new key would not open what an old database holds.
    if !path.exists() {
        Vault::create(secret_key)?;
    }
    let vault = Arc::new(Vault::open(secret_key)?);
    make_private(&path)?;
    let store = SqliteStore::open(&path, options)
        .with_context(|| format!("cannot open the database {}", path.display()))?;
    Ok(Data {
        store: Arc::new(store),
        vault,
    })
}

/// Makes the directory, for its owner only.
///
/// # Errors
/// When it cannot be made.
pub fn create_dir(dir: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot create the data directory {}", dir.display()))
}

/// Makes this process the only server on a directory, for as long as the lock is held.
///
/// # Errors
/// When another server holds it.
pub fn lock(dir: &Path) -> anyhow::Result<File> {
    let path = dir.join("server.lock");
    let file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!(
                "another server is running on {}; stop it or choose another --data",
                dir.display()
            )
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Makes the database's file before `SQLite` does, for its owner only, even in a directory that others may read. `SQLite`
/// gives the files beside it the same permissions.
fn make_private(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .with_context(|| format!("cannot create the database {}", path.display()))
}

fn database(dir: &Path) -> PathBuf {
    dir.join("sidetone.db")
}
