//! `sidetone restore`

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use sidetone_store::erasure::Erasure;
use sidetone_store::{Care, ErasureStore, PeopleStore};
use sidetone_store_sqlite::{Options, SqliteStore, files};
use tempfile::NamedTempFile;

use super::backup::{directory_of, sync_dir};
use super::output::{Progress, print_json};
use crate::clock::Clock;
use crate::data::DataArgs;
use crate::data_dir;

/// Put a backup into a data directory, with no server running there
///
/// The key that its secrets are encrypted with must be there already (DATA/secret.key, or
/// --secret-key-file). The backup is checked before anything is changed. With --replace, the
/// database that was there is kept beside it, as sidetone.db.replaced-TIME, and what was erased
/// there is erased in the restored one, too.
///
/// Example: sidetone restore /var/backups/sidetone/sidetone-20260601T120000Z.db --data /var/lib/sidetone
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct RestoreArgs {
    #[command(flatten)]
    data: DataArgs,
    /// A file that `sidetone backup` wrote
    file: PathBuf,
    /// Restore also where there is a database, or other files
    #[arg(long)]
    replace: bool,
}

/// What may be in a directory that counts as empty: none of it is calls.
const BESIDE: [&str; 4] = [
    "secret.key",
    "credentials.json",
    "server.lock",
    "sidetone.toml",
];
/// Erasures in one transaction.
const ERASED_AT_ONCE: usize = 50;
/// What a restore is called before it is whole. One that was cut short is removed by the next.
const BEGUN: &str = "sidetone.db.restoring-";

/// Restores, and prints what is there now as one line of JSON.
///
/// # Errors
/// When the backup is damaged or of another key, or the directory is in use.
pub async fn run(args: RestoreArgs) -> anyhow::Result<()> {
    let dir = &args.data.data;
    let source = open_backup(&args.file)?;
    data_dir::create_dir(dir)?;
    let _alone = data_dir::lock(dir)?;
    let database = data_dir::database(dir);
    expect_room(dir, args.replace)?;
    let key = args.data.secret_key();
    if !key.is_file() {
        bail!(
            "the key of the secrets is not in {}; put the copy of secret.key there that was kept apart from the backup (mode 0600)",
            key.display()
        );
    }
    let begun = copy(source, dir)
        .with_context(|| format!("cannot copy {} into {}", args.file.display(), dir.display()))?;
    let findings = look_at(&args.data, begun.path()).await?;
    if !findings.is_empty() {
        for finding in &findings {
            writeln!(std::io::stderr(), "{finding}")?;
        }
        bail!("the backup cannot be used; nothing was changed");
    }
    let erased = erase_again(&database, begun.path()).await?;
    begun.as_file().sync_all().context("cannot sync the copy")?;
    let replaced = set_aside(dir, &database)?;
    let bytes = begun.as_file().metadata()?.len();
    begun.persist_noclobber(&database).map_err(|failed| {
        anyhow::Error::new(failed.error)
            .context(format!("cannot name the copy {}", database.display()))
    })?;
    sync_dir(dir)?;
    print_json(
        &json!({ "database": database, "bytes": bytes, "replaced": replaced, "erasures": erased }),
    )
}

fn open_backup(file: &Path) -> anyhow::Result<File> {
    let opened =
        File::open(file).with_context(|| format!("cannot read the backup {}", file.display()))?;
    let about = opened.metadata()?;
    if !about.is_file() || about.len() == 0 {
        bail!("{} is no backup", file.display());
    }
    if files::write_ahead_log(file).exists() {
        bail!(
            "{} has a write-ahead log beside it: it is a database in use, no backup; copy it by `sidetone backup {}`",
            file.display(),
            directory_of(file).display()
        );
    }
    Ok(opened)
}

/// Nothing of somebody else's is mixed with a restored database, nor an existing one lost, unasked.
fn expect_room(dir: &Path, replace: bool) -> anyhow::Result<()> {
    let entries =
        std::fs::read_dir(dir).with_context(|| format!("cannot look into {}", dir.display()))?;
    for entry in entries {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        if text.starts_with(BEGUN) {
            // Nobody is at it: the lock is ours.
            std::fs::remove_file(dir.join(&name))?;
        } else if !replace && !BESIDE.contains(&&*text) {
            bail!(
                "{} is not empty: {text} is there. Name another directory; or, to keep a database that is there as sidetone.db.replaced-TIME and restore all the same: --replace",
                dir.display()
            );
        }
    }
    Ok(())
}

/// Copies the backup into the directory, under a name that no server opens.
fn copy(mut source: File, dir: &Path) -> anyhow::Result<NamedTempFile> {
    let all = source.metadata()?.len();
    let mut begun = tempfile::Builder::new().prefix(BEGUN).tempfile_in(dir)?;
    let mut progress = Progress::new("restored");
    let mut piece = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = match source.read(&mut piece) {
            Ok(0) => return Ok(begun),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        begun.write_all(&piece[..read])?;
        bytes += read as u64;
        progress.show(bytes, all);
    }
}

/// Brings the copy to this version, and says what is wrong with it. Who was signed in when the
/// backup was made is no longer: they may have signed out since.
async fn look_at(args: &DataArgs, copy: &Path) -> anyhow::Result<Vec<String>> {
    writeln!(std::io::stderr(), "checking")?;
    let store = SqliteStore::open(copy, Options::default())
        .with_context(|| "the backup cannot be opened; nothing was changed")?;
    let mut findings = store.check().await?;
    if findings.is_empty() {
        findings.extend(args.check_key(&store).await?);
    }
    if findings.is_empty() {
        store.end_all_sessions().await?;
    }
    drop(store);
    // Closing it copies the log into it.
    if files::write_ahead_log(copy).exists() {
        bail!("somebody has the copy open; nothing was changed");
    }
    Ok(findings)
}

/// Erases in the copy what was erased in the database that is there: since the backup was made, or
/// before. Says how many calls that are; `None`: nobody knows.
async fn erase_again(database: &Path, copy: &Path) -> anyhow::Result<Option<usize>> {
    if !database.exists() {
        return Ok(Some(0));
    }
    let erasures = match erasures_of(database).await {
        Ok(erasures) => erasures,
        Err(error) => {
            writeln!(
                std::io::stderr(),
                "warning: the database that is there cannot be read ({error}): what was erased since the backup was made is back; erase it again"
            )?;
            return Ok(None);
        }
    };
    let store = SqliteStore::open(copy, Options::default())?;
    for piece in erasures.chunks(ERASED_AT_ONCE) {
        store.erase_again(piece.to_vec()).await?;
    }
    Ok(Some(erasures.len()))
}

/// What was erased in a database.
async fn erasures_of(database: &Path) -> anyhow::Result<Vec<Erasure>> {
    match SqliteStore::versions(database) {
        Some((of, ours)) if of > ours => bail!("it is of version {of}, made by a newer release"),
        Some((of, _)) if !SqliteStore::may_have_erased(of) => return Ok(Vec::new()),
        _ => {}
    }
    let store = SqliteStore::open(database, Options::default())?;
    let (mut erasures, mut after) = (Vec::new(), None);
    loop {
        let (some, next) = store.erasures(after, 1_000).await?;
        erasures.extend(some);
        if next.is_none() {
            return Ok(erasures);
        }
        after = next;
    }
}

/// Renames the database that is there. Its log goes with it, and before another takes its name: that
/// would take the log for its own. Whatever stops this in between, a start finds no database, and
/// refuses.
fn set_aside(dir: &Path, database: &Path) -> anyhow::Result<Option<PathBuf>> {
    let now = Clock::default().now().micros();
    let aside = dir.join(format!("sidetone.db.replaced-{now}"));
    let log = files::write_ahead_log(database);
    for (from, to) in [
        (database, aside.clone()),
        (&log, files::write_ahead_log(&aside)),
    ] {
        match std::fs::rename(from, &to) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot rename {}", from.display()));
            }
            _ => {}
        }
    }
    let log_index = files::log_index(database);
    match std::fs::remove_file(&log_index) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", log_index.display()));
        }
        _ => {}
    }
    sync_dir(dir)?;
    Ok(aside.exists().then_some(aside))
}
