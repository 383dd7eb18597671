//! Files that a crash has cut or torn: what was acknowledged before is there, what was being written
//! is there wholly or not at all, and whatever is lost for good is told.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::ReportId;
use sidetone_store::conformance::random::Random;
use sidetone_store::conformance::report::keep;
use sidetone_store::conformance::sample::{
    account_sid, at, call, call_sid, create_account, erase, event, put, scope, score, summary,
};
use sidetone_store::conformance::statistics::all;
use sidetone_store::page::{PageRequest, Start};
use sidetone_store::prelude::*;
use sidetone_store::report::{Report, ReportKind};
use sidetone_store::retention::Horizons;
use sidetone_store::{EventFilter, StoreError};
use sidetone_store_sqlite::SqliteStore;

use crate::sqlite::open_at;

const CALLS: u64 = 8;
const SEED: u64 = 11;
const PAGE: usize = 4096;
/// What the write-ahead log begins with, and each page in it.
const HEAD: usize = 32;
const FRAME: usize = 24 + PAGE;
const WHOLE: PageRequest = PageRequest {
    start: Start::First { skip: 0 },
    size: 1000,
};

fn report(n: u64) -> Report {
    Report {
        id: ReportId::from_bytes(*call_sid(n).as_bytes()),
        account: account_sid(1),
        kind: ReportKind::Account,
        expires_at: at(1_000),
        text: format!("what report {n} says"),
    }
}

/// Writes of each kind, one after the other for each call: an event, the summary, judgement, statistics
/// and a report or an erasure, and what is too old.
async fn write(store: &SqliteStore, n: u64) {
    let call = call(n / 5);
    let second = i64::try_from(n).unwrap();
    match n % 5 {
        0 => {
            let fates = store.append(vec![event(call, &format!("e{n}"), second)]);
            fates.await.unwrap();
        }
        1 => {
            let put = put(summary(call, second, Some(second + 60)), 1);
            store.put_summaries(vec![put]).await.unwrap();
        }
        2 => {
            let said = store.annotate(scope(1), call.sid, score(3));
            said.await.unwrap();
        }
        3 if n == 33 => {
            erase(store, call, at(second)).await;
        }
        3 => {
            store.write_segments(None, at(20_000), 9).await.unwrap();
            keep(store, report(n / 5)).await;
        }
        _ => {
            let horizons = Horizons {
                events: at(second - 10),
                calls: at(second - 25),
                expiring: at(second),
            };
            let expired = store.expire(horizons, None, 9, at(second));
            expired.await.unwrap();
        }
    }
}

/// All that can be asked of a database; an error where it is damaged.
async fn read(path: &Path) -> Result<String, String> {
    let damaged = |error: StoreError| error.to_string();
    let store = SqliteStore::open(path, sidetone_store_sqlite::Options::default());
    let store = store.map_err(damaged)?;
    let found = store.check().await.map_err(damaged)?;
    if !found.is_empty() {
        return Err(found.join("; "));
    }
    let filter = EventFilter::default();
    let mut told = String::new();
    for n in 0..CALLS {
        let record = store.record(scope(1), call_sid(n)).await;
        let events = store.events(call(n), &filter, &WHOLE).await;
        let history = store.annotation_history(call(n), &WHOLE).await;
        let report = store.report(scope(1), report(n).id, at(0)).await;
        told += &format!("{record:?} {events:?} {history:?} {report:?}\n");
    }
    let listed = store
        .list(&SummaryFilter::all(account_sid(1)), &WHOLE)
        .await;
    let counted = store.statistics(&[all()]).await;
    Ok(told + &format!("{listed:?} {counted:?}"))
}

fn log_of(path: &Path) -> PathBuf {
    path.with_extension("db-wal")
}

/// Puts a database as a crash left it into a directory of its own.
async fn read_crashed(database: &[u8], log: &[u8]) -> Result<String, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    std::fs::write(&path, database).unwrap();
    std::fs::write(log_of(&path), log).unwrap();
    read(&path).await
}

/// What was in the files and what they told, after each of some writes.
struct Written {
    database: Vec<u8>,
    log: Vec<u8>,
    /// How long the log was when a write was acknowledged, and all that was told then.
    acknowledged: Vec<(usize, String)>,
}

async fn written(path: &Path, store: &SqliteStore) -> Written {
    create_account(store).await;
    let files = || {
        (
            std::fs::read(path).unwrap(),
            std::fs::read(log_of(path)).unwrap(),
        )
    };
    let mut acknowledged = Vec::new();
    for n in 0..5 * CALLS {
        let (database, log) = files();
        let told = read_crashed(&database, &log).await;
        acknowledged.push((log.len(), told.unwrap()));
        write(store, n).await;
    }
    let (database, log) = files();
    let told = read_crashed(&database, &log).await.unwrap();
    acknowledged.push((log.len(), told));
    Written {
        database,
        log,
        acknowledged,
    }
}

/// The log may end anywhere, in the middle of a page too, and pages of what was not acknowledged may
/// have come to the disk or not, in any order.
#[tokio::test]
async fn a_log_that_ends_anywhere_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    let Written {
        database,
        log,
        acknowledged,
    } = written(&path, &store).await;
    let frames = (log.len() - HEAD) / FRAME;
    let mut random = Random::new(SEED);
    for frame in frames.saturating_sub(30)..frames {
        let end = HEAD + frame * FRAME;
        let last = acknowledged.iter().rfind(|(length, _)| *length <= end);
        let (_, expected) = last.unwrap();
        let torn = end + 1 + random.below(FRAME);
        let mut holed = log.clone();
        holed[end..torn].fill(0xa5);
        for (how, log) in [
            ("ends", &log[..end]),
            ("ends within a page", &log[..torn - 1]),
            ("lacks a page", &holed[..]),
        ] {
            let told = read_crashed(&database, log).await;
            let about = format!("seed {SEED}: the log {how} at page {frame} of {frames}");
            assert_eq!(told.as_ref(), Ok(expected), "{about}");
        }
    }
}

/// While the log is copied into the database, its pages may be written or not, in any order, and one of
/// them in part: the log has them all until they are synced.
#[tokio::test]
async fn a_copy_of_the_log_that_was_torn_is_made_good() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    let Written {
        database,
        log,
        acknowledged,
    } = written(&path, &store).await;
    let (_, expected) = acknowledged.last().unwrap();
    let conn = Connection::open(&path).unwrap();
    let copy = conn.query_row("pragma wal_checkpoint(passive)", [], |row| {
        Ok((row.get::<_, usize>(1)?, row.get::<_, usize>(2)?))
    });
    let frames = (log.len() - HEAD) / FRAME;
    assert_eq!(copy.unwrap(), (frames, frames));
    let copied = std::fs::read(&path).unwrap();
    assert_ne!(copied, database);
    let mut random = Random::new(SEED);
    for round in 0..40 {
        let mut torn = database.clone();
        for from in (0..copied.len()).step_by(PAGE) {
            let part = match random.below(3) {
                0 => continue,
                1 => random.below(PAGE),
                _ => PAGE,
            };
            if torn.len() < from + PAGE {
                torn.resize(from + PAGE, 0);
            }
            torn[from..from + part].copy_from_slice(&copied[from..from + part]);
        }
        let told = read_crashed(&torn, &log).await;
        assert_eq!(told.as_ref(), Ok(expected), "seed {SEED}, round {round}");
    }
}

/// What a disk has lost of a database that was closed is told: it is not opened, or `check` finds it.
#[tokio::test]
async fn a_database_that_was_cut_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    written(&path, &store).await;
    drop(store);
    let whole = std::fs::read(&path).unwrap();
    let expected = read_crashed(&whole, &[]).await.unwrap();
    let pages = whole.len() / PAGE;
    for page in pages - 20..pages {
        for end in [page * PAGE, page * PAGE + PAGE / 2] {
            let told = read_crashed(&whole[..end], &[]).await;
            // The end of a page may hold nothing yet.
            let is_told = told.is_err() || told.as_ref() == Ok(&expected);
            assert!(is_told, "cut at byte {end} of {}", whole.len());
        }
        let mut torn = whole.clone();
        torn[page * PAGE + PAGE / 2..(page + 1) * PAGE].fill(0);
        let told = read_crashed(&torn, &[]).await;
        let is_told = told.is_err() || told.as_ref() == Ok(&expected);
        assert!(is_told, "page {page} of {pages} is half of zeros");
    }
}
