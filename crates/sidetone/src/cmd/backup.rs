//! `sidetone backup`

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use sidetone_store_sqlite::SqliteStore;

use super::output::{Progress, print_json};
use crate::clock::Clock;
use crate::data::DataArgs;

/// Copy the database while the server serves, or without one, and check the copy
///
/// The copy holds all that was acknowledged before it began. The key that secrets in it are
/// encrypted with is not in it: keep a copy of that apart. An existing file is never overwritten.
///
/// Example: sidetone backup /var/backups/sidetone/ --data /var/lib/sidetone
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct BackupArgs {
    #[command(flatten)]
    data: DataArgs,
    /// File to write; or a directory, where it is named by the time
    to: PathBuf,
}

/// Writes the copy, and prints where it is as one line of JSON.
///
/// # Errors
/// When it cannot be written, or is not whole.
pub async fn run(args: BackupArgs) -> anyhow::Result<()> {
    let database = args.data.existing_database()?;
    let file = file_of(&args.to);
    let dir = directory_of(&file);
    if std::fs::symlink_metadata(&file).is_ok() {
        bail!(
            "{} is there already; nothing is overwritten",
            file.display()
        );
    }
    if is_same(dir, &args.data.data) {
        bail!(
            "{} is in the data directory, and would be lost with it; name another directory",
            file.display()
        );
    }
    let mut begun = tempfile::Builder::new();
    // For its owner only, under a name that nobody can have made a link of.
    let part = begun
        .prefix(".sidetone-backup.")
        .suffix(".part")
        .tempfile_in(dir)
        .with_context(|| format!("cannot write in {}", dir.display()))?;
    let copy = part.path().to_owned();
    let copied = tokio::task::spawn_blocking(move || {
        let mut progress = Progress::new("copied");
        SqliteStore::back_up(&database, &copy, |bytes, all| progress.show(bytes, all))
    });
    let findings = copied
        .await?
        .with_context(|| format!("cannot copy the database to {}", dir.display()))?;
    if !findings.is_empty() {
        for finding in &findings {
            writeln!(std::io::stderr(), "{finding}")?;
        }
        bail!(
            "the copy is damaged and was removed; `sidetone check` says whether the database is, too"
        );
    }
    part.as_file().sync_all().context("cannot sync the copy")?;
    let bytes = part.as_file().metadata()?.len();
    part.persist_noclobber(&file).map_err(|failed| {
        anyhow::Error::new(failed.error).context(format!("cannot name the copy {}", file.display()))
    })?;
    sync_dir(dir)?;
    let key = args.data.secret_key();
    writeln!(
        std::io::stderr(),
        "not in the copy: the key that its secrets are encrypted with, {}. Keep a copy of it elsewhere: without it no restored server starts, and with both whoever has them has all secrets",
        key.display()
    )?;
    print_json(&json!({ "file": file, "bytes": bytes, "secret_key": key }))
}

/// The file that is meant.
fn file_of(to: &Path) -> PathBuf {
    let is_dir = to.is_dir() || to.as_os_str().as_encoded_bytes().ends_with(b"/");
    if !is_dir {
        return to.to_owned();
    }
    let now = Clock::default().now().to_seconds_text();
    let digits: String = now.chars().filter(|c| !['-', ':'].contains(c)).collect();
    to.join(format!("sidetone-{digits}.db"))
}

/// The directory that a file lies in.
pub(super) fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Has the names in a directory survive a power loss.
pub(super) fn sync_dir(dir: &Path) -> anyhow::Result<()> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .with_context(|| format!("cannot sync {}", dir.display()))
}
