//! Copying a database as of one moment, while others write to it.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::check;
use super::engine::connection::{self, Role};
use super::error::{Error, Result};
use sidetone_store::StoreError;

/// Pages copied in one step: 4 MiB.
const STEP_PAGES: i32 = 1 << 10;
/// How often a step may find a file locked before the copy is given up, a tenth of a second apart.
const LOCKED_MAX: u32 = 100;

/// Copies a database into an empty file, as it is when this begins, and says what is wrong with
/// what was written. `progress` is told the bytes that are copied, and all.
///
/// `SQLite`'s copying begins anew whenever somebody else writes, so that beside a busy server it
/// would never end. So it reads one snapshot; the write-ahead log grows meanwhile.
pub(super) fn back_up(
    database: &Path,
    copy: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Vec<String>> {
    let source = connection::open(database, Role::Scan)?;
    let _moment = source.unchecked_transaction()?;
    let page_bytes: u64 = source.query_row("pragma page_size", [], |row| row.get(0))?;
    let pages: i64 = source.query_row("pragma page_count", [], |row| row.get(0))?;
    write(&source, copy, page_bytes, progress)?;
    look_at(copy, pages)
}

fn write(
    source: &Connection,
    copy: &Path,
    page_bytes: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(copy, flags)?;
    // Whoever copies syncs the file, and removes one that is not whole.
    target.pragma_update(None, "journal_mode", "off")?;
    target.pragma_update(None, "synchronous", "off")?;
    let backup = Backup::new(source, &mut target)?;
    let mut locked = 0;
    loop {
        let step = backup.step(STEP_PAGES)?;
        let bytes = |pages: i32| u64::from(pages.unsigned_abs()) * page_bytes;
        let at = backup.progress();
        progress(bytes(at.pagecount - at.remaining), bytes(at.pagecount));
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            _ if locked < LOCKED_MAX => {
                locked += 1;
                std::thread::sleep(Duration::from_millis(100));
            }
            _ => {
                return Err(Error(StoreError::Unavailable(
                    "somebody holds the database or its copy locked".into(),
                )));
            }
        }
    }
    drop(backup);
    // A file that is whole by itself, without a write-ahead log beside it.
    let mode: String =
        target.pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0))?;
    if mode != "delete" {
        return Err(Error(StoreError::Unavailable(format!(
            "the copy keeps its journal mode {mode}"
        ))));
    }
    Ok(())
}

/// What is wrong with the copy of so many pages, read anew.
fn look_at(copy: &Path, pages: i64) -> Result<Vec<String>> {
    let conn = connection::open(copy, Role::Scan)?;
    let mut findings = Vec::new();
    let copied: i64 = conn.query_row("pragma page_count", [], |row| row.get(0))?;
    if copied != pages {
        findings.push(format!("it has {copied} pages of {pages}"));
    }
    check::check_engine(&conn, &mut findings)?;
    Ok(findings)
}
