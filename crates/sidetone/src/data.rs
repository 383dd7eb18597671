//! Opening what a data directory holds: the database and the key of the secrets in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use sidetone_store::account::Account;
use sidetone_store::{AccountStore, Store, StoreError};
use sidetone_store_sqlite::{Options, SqliteStore, files};

use crate::accounts;
use crate::clock::Clock;
use crate::data_dir::{Lock, database, lock, make_private, size_of};
use crate::secrets::Vault;
use crate::test_clock;

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
    pub async fn open(&self) -> anyhow::Result<Data> {
        self.expect_made()?;
        let _alone = self.alone_to_upgrade()?;
        open(&self.data, &self.secret_key(), Options::default()).await
    }

    /// The clock that goes with the directory.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn clock(&self) -> anyhow::Result<Clock> {
        test_clock::of(&self.data)
    }

    /// Where the key of the secrets is.
    pub fn secret_key(&self) -> PathBuf {
        let named = self.secret_key_file.clone();
        named.unwrap_or_else(|| self.data.join("secret.key"))
    }

    /// What is wrong with the key of the secrets, if anything is. Changes nothing. Where no key is
    /// named and none lies in the directory, nothing can be said.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn check_key(&self, store: &SqliteStore) -> anyhow::Result<Option<String>> {
        let accounts = store.accounts().await?.sound;
        if accounts.is_empty() {
            return Ok(None);
        }
        let path = self.secret_key();
        if self.secret_key_file.is_none() && !path.exists() {
            // A copy of the database, or a key that the settings of the server name.
            return Ok(None);
        }
        Ok(match Vault::open(&path) {
            Ok(vault) => accounts::is_another_key(store, &vault, &accounts)
                .await?
                .then(|| accounts::another_key(&path)),
            Err(error) => Some(format!("{error:#}")),
        })
    }

    /// Opens the database alone, whatever is the matter with what is in it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_store(&self) -> anyhow::Result<SqliteStore> {
        self.expect_made()?;
        let _alone = self.alone_to_upgrade()?;
        open_store(&self.data, Options::default())
    }

    /// No server may run while the database is brought to this version: one of the release before
    /// would not find what it knows.
    fn alone_to_upgrade(&self) -> anyhow::Result<Option<Lock>> {
        let Some((from, to)) =
            SqliteStore::versions(&database(&self.data)).filter(|(of, ours)| of < ours)
        else {
            return Ok(None);
        };
        let locked = lock(&self.data).with_context(|| {
            format!(
                "the database is of version {from}, and would be brought to version {to} of this release"
            )
        });
        locked.map(Some)
    }

    /// The database's file.
    ///
    /// # Errors
    /// When there is none.
    pub fn existing_database(&self) -> anyhow::Result<PathBuf> {
        self.expect_made()?;
        Ok(database(&self.data))
    }

    fn expect_made(&self) -> anyhow::Result<()> {
        if size_of(&database(&self.data))?.unwrap_or(0) == 0 {
            bail!(
                "there is no database in {}; name the directory with --data, or start `sidetone serve` there first",
                self.data.display()
            );
        }
        Ok(())
    }
}

/// Opens the database and the key of the secrets, making both when there is no database yet.
///
/// # Errors
/// When either cannot be opened, or the one does not belong to the other.
pub async fn open(dir: &Path, secret_key: &Path, options: Options) -> anyhow::Result<Data> {
    let path = database(dir);
    let store = open_store(dir, options)?;
    let found = store
        .accounts()
        .await
        .map_err(|error| anyhow::anyhow!("{}", not_opened(&path, &error)))?;
    let is_key_known = match store.key_fingerprint().await {
        Ok(kept) => kept.is_some(),
        // One that cannot be read was kept all the same.
        Err(StoreError::Corrupt(_)) => true,
        Err(error) => bail!(not_opened(&path, &error)),
    };
    // The database comes first: wherever a first start is cut short, a key says that there was a
    // database. And a new key would not open what is sealed.
    let is_sealed = |account: &Account| !account.tokens.is_empty();
    if !is_key_known && !found.sound.iter().any(is_sealed) && found.damaged.is_empty() {
        Vault::create(secret_key)?;
    }
    let vault = Arc::new(Vault::open(secret_key)?);
    accounts::expect_key(&store, &vault, secret_key, &found.sound).await?;
    Ok(Data {
        store: Arc::new(store),
        vault,
    })
}

fn open_store(dir: &Path, options: Options) -> anyhow::Result<SqliteStore> {
    let path = database(dir);
    make_private(&path)?;
    let versions = SqliteStore::versions(&path);
    if let Some((of, ours)) = versions
        && of > ours
    {
        bail!(
            "the database {} is of version {of}, made by a newer release of sidetone; this one knows {ours}. Nothing is wrong with it: run the newer release, or put back a copy of the directory from before that was started",
            path.display()
        );
    }
    if let Some((from, to)) = versions {
        tracing::warn!(
            from,
            to,
            "the database is brought to another version; that takes a while where there are many calls, and the release before cannot open it any more"
        );
    }
    SqliteStore::open(&path, options)
        .map_err(|error| anyhow::anyhow!("{}", not_opened(&path, &error)))
}

/// Why the database cannot be opened, and what to do.
fn not_opened(path: &Path, error: &StoreError) -> String {
    let what = match error {
        StoreError::Corrupt(_) => {
            "it is damaged, or no database. `sidetone check` says where, if it can be read at all; stop whatever uses it and put a copy of the data directory back, or move the file away"
        }
        StoreError::Unavailable(_) => {
            "the user that runs sidetone must be able to write it and the directory it lies in"
        }
        StoreError::Invalid(_)
        | StoreError::NotFound(_)
        | StoreError::Conflict(_)
        | StoreError::TooExpensive(_) => "--data names the directory",
    };
    format!(
        "cannot open the database {}: {error}: {what}",
        path.display()
    )
}

/// Refuses to begin anew where there was a database: one that is gone or emptied is not to be
/// replaced as if nothing had been.
///
/// # Errors
/// When there is none although other files say that there was, unless it is to `start_empty`.
pub fn expect_database(dir: &Path, start_empty: bool) -> anyhow::Result<()> {
    let path = database(dir);
    let size = size_of(&path)?;
    if size.is_some_and(|bytes| bytes > 0) {
        if start_empty {
            tracing::warn!(
                "start_empty is set although there is a database; leave it out, so that a loss is noticed"
            );
        }
        return Ok(());
    }
    let log = files::write_ahead_log(&path);
    let mut left = Vec::new();
    for file in [
        log.clone(),
        dir.join("secret.key"),
        dir.join("credentials.json"),
    ] {
        if size_of(&file)?.is_some_and(|bytes| bytes > 0) {
            left.push(file.display().to_string());
        }
    }
    if left.is_empty() {
        return Ok(());
    }
    let state = size.map_or("gone", |_| "empty");
    if !start_empty {
        bail!(
            "the database {} is {state}, although there was one: {} still there. Put it back, or a copy of the whole directory; or begin without calls and accounts: --start-empty (SIDETONE_START_EMPTY=1)",
            path.display(),
            match left.as_slice() {
                [one] => format!("{one} is"),
                several => format!("{} are", several.join(", ")),
            }
        );
    }
    tracing::warn!(database = %path.display(), "the database is {state}; beginning with a new one");
    // What is in it belongs to the database that is gone.
    if size_of(&log)?.is_some() {
        let mut aside = log.clone().into_os_string();
        aside.push(".lost");
        std::fs::rename(&log, &aside)
            .with_context(|| format!("cannot move {} away", log.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sidetone_core::time::TimeUs;
    use tempfile::TempDir;

    use super::*;
    use crate::accounts::NewAccount;

    /// A directory as a server leaves it.
    async fn used() -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        expect_database(dir.path(), false).unwrap();
        let data = open_in(dir.path()).await.unwrap();
        let new = NewAccount::default();
        accounts::create(data.store.as_ref(), &data.vault, new, TimeUs::EPOCH)
            .await
            .unwrap();
        dir
    }

    async fn open_in(dir: &Path) -> anyhow::Result<Data> {
        open(dir, &dir.join("secret.key"), Options::default()).await
    }

    fn refusal<T>(done: anyhow::Result<T>) -> String {
        match done {
            Ok(_) => panic!("it was not refused"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[tokio::test]
    async fn a_lost_database_is_not_replaced_unasked() {
        for lose in [
            |path: &Path| std::fs::remove_file(path),
            |path: &Path| std::fs::write(path, ""),
        ] {
            let dir = used().await;
            expect_database(dir.path(), false).unwrap();
            let path = database(dir.path());
            lose(&path).unwrap();
            let log = files::write_ahead_log(&path);
            std::fs::write(&log, "what was acknowledged last").unwrap();
            let why = refusal(expect_database(dir.path(), false));
            for named in [
                "sidetone.db",
                "secret.key",
                "sidetone.db-wal",
                "--start-empty",
            ] {
                assert!(why.contains(named), "{why}");
            }
            expect_database(dir.path(), true).unwrap();
            assert!(!log.exists(), "it would be taken for that of the new one");
            assert!(dir.path().join("sidetone.db-wal.lost").exists());
            let data = open_in(dir.path()).await.unwrap();
            assert!(data.store.accounts().await.unwrap().sound.is_empty());
        }
    }

    #[tokio::test]
    async fn each_file_that_is_left_says_that_there_was_a_database() {
        for left in ["secret.key", "credentials.json", "sidetone.db-wal"] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join(left), "something").unwrap();
            let why = refusal(expect_database(dir.path(), false));
            assert!(why.contains(left), "{why}");
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("server.lock"), "").unwrap();
        std::fs::write(database(dir.path()), "").unwrap();
        expect_database(dir.path(), false).unwrap();
    }

    #[tokio::test]
    async fn a_first_start_that_was_cut_short_begins_again() {
        let dir = tempfile::tempdir().unwrap();
        open_in(dir.path()).await.unwrap();
        std::fs::remove_file(dir.path().join("secret.key")).unwrap();
        open_in(dir.path()).await.unwrap();
    }

    #[tokio::test]
    async fn key_and_database_belong_together() {
        let (one, other) = (used().await, used().await);
        std::fs::copy(database(other.path()), database(one.path())).unwrap();
        let why = refusal(open_in(one.path()).await);
        assert!(
            why.contains("secret.key") && why.contains("different installations"),
            "{why}"
        );
        std::fs::remove_file(one.path().join("secret.key")).unwrap();
        let why = refusal(open_in(one.path()).await);
        assert!(why.contains("cannot read the secret key"), "{why}");
    }

    #[tokio::test]
    async fn no_key_is_made_where_one_is_known() {
        let dir = used().await;
        let Data { store, .. } = open_in(dir.path()).await.unwrap();
        let account = store.accounts().await.unwrap().sound[0].sid;
        let put = store.put_tokens(account, Vec::new(), "tester", TimeUs::EPOCH);
        put.await.unwrap();
        drop(store);
        let key = dir.path().join("secret.key");
        std::fs::remove_file(&key).unwrap();
        let why = refusal(open_in(dir.path()).await);
        assert!(why.contains("--secret-key-file") && !key.exists(), "{why}");
    }

    #[tokio::test]
    async fn what_is_no_database_is_named_and_left_alone() {
        let dir = used().await;
        let text = "no database, but long enough to be looked at as if it were one, with a first page and all";
        std::fs::write(database(dir.path()), text.repeat(100)).unwrap();
        let why = refusal(open_in(dir.path()).await);
        assert!(
            why.contains("sidetone.db") && why.contains("sidetone check"),
            "{why}"
        );
        let kept = std::fs::read_to_string(database(dir.path())).unwrap();
        assert_eq!(kept, text.repeat(100));
    }
}
