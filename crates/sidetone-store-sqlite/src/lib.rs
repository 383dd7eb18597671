//! The store in one `SQLite` database file, with a write-ahead log.
//!
//! One thread writes (`engine/writer.rs`); readers never wait for it. What is derived from
//! summaries and annotations (columns, rollups) is written in the transaction that changes them.

// From the bottom up: each group imports only those before it.
mod error;
pub mod files;

mod rows;

mod rollups;

mod engine;

// The topics of the contract.
mod account;
mod alerts;
mod api_key;
mod audit;
mod backup;
mod check;
mod comments;
mod erase;
mod event_log;
mod expire;
mod feed;
mod feedback;
mod judgement;
mod list;
mod outbox;
mod person;
mod record;
mod repair;
mod report;
mod rules;
mod sdk_calls;
mod session;
mod sinks;
mod statistics;
mod stats;
mod summary;
mod views;

// What an older version wrote.
mod refill;

mod migrate;

#[cfg(feature = "testing")]
pub mod testing;
mod verbs;

use std::num::NonZeroU16;
use std::path::Path;
use std::sync::Arc;

use self::engine::connection::{self, Role};
use self::engine::readers::{Points, Readers, STEPS_PER_LOOK};
use self::engine::shared::Shared;
use self::engine::writer::Writer;
use self::engine::writer_stats::WriterStats;
use self::statistics::remembered::Remembered;
use sidetone_store::Result;

/// How a store works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Lists that run at the same time, from 1; further ones wait. Each may keep 16 MiB of the
    /// database in memory.
    pub readers: usize,
    /// Steps of `SQLite`'s virtual machine that one list may take; a million is some 50 ms.
    pub step_budget: u64,
    /// Steps after which a page of a list ends with what it has, if it has something: the next page
    /// goes on from there.
    pub page_steps: u64,
    /// Parts that the calls of an account are divided into which is made from now on (see
    /// [`sidetone_core::bucket`]), up to [`sidetone_core::bucket::BUCKETS_MAX`]. What is counted
    /// takes as many rows; here, where one thread writes, several gain nothing.
    pub buckets: NonZeroU16,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 4,
            step_budget: 100_000_000,
            page_steps: 100_000,
            buckets: NonZeroU16::MIN,
        }
    }
}

/// The store in one `SQLite` database file.
pub struct SqliteStore {
    // Before the directory: its threads end before that is removed.
    writer: Writer,
    readers: Arc<Readers>,
    shared: Arc<Shared>,
    /// What statistics have read of calls.
    remembered: Arc<Remembered>,
    /// Whose claims are ours.
    owner: u64,
    /// As [`Options::page_steps`].
    page_steps: u64,
    /// Of accounts to be made.
    buckets: NonZeroU16,
    #[cfg(feature = "testing")]
    directory: Option<Arc<tempfile::TempDir>>,
}

impl SqliteStore {
    /// Of which version the database file is, and which this is: [`Self::open`] would bring an older
    /// one to it, and refuses a newer one. `None`: it is new, of this version, or cannot be read.
    #[must_use]
    pub fn versions(path: &Path) -> Option<(i64, i64)> {
        let conn = connection::open(path, Role::Point).ok()?;
        migrate::versions(&conn).ok()?
    }

    /// Whether calls may have been erased in a database of a version: before, there was no way to.
    #[must_use]
    pub const fn may_have_erased(version: i64) -> bool {
        version >= migrate::ERASES_SINCE
    }

    /// Copies a database into an empty file, as it is when this begins, beside a running server or
    /// without one. `progress` is told the bytes that are copied, and of how many. Says what is
    /// wrong with the copy, a sentence each.
    ///
    /// # Errors
    /// When the database cannot be read, or the copy not be written.
    pub fn back_up(
        database: &Path,
        copy: &Path,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Vec<String>> {
        connection::check_version()?;
        Ok(backup::back_up(database, copy, &mut progress)?)
    }

    /// Opens the database file, makes it when there is none, and brings it to this version.
    ///
    /// # Errors
    /// [`StoreError::Invalid`](sidetone_store::StoreError::Invalid) when the file is not a database
    /// of Sidetone's, or was made by a newer version, or `SQLite` is too old;
    /// [`StoreError::Unavailable`](sidetone_store::StoreError::Unavailable) when it cannot be
    /// opened.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        Ok(Self::open_with(path, options, STEPS_PER_LOOK, true)?)
    }

    /// `steps_per_look`: after so many steps each, a list looks at its budget.
    fn open_with(
        path: &Path,
        options: Options,
        steps_per_look: i32,
        is_durable: bool,
    ) -> error::Result<Self> {
        connection::check_version()?;
        let conn = connection::open(path, Role::Writer)?;
        migrate::migrate(&conn)?;
        let beside = connection::open(path, Role::Checkpointer)?;
        if !is_durable {
            for conn in [&conn, &beside] {
                conn.pragma_update(None, "synchronous", "off")?;
            }
        }
        let stats = Arc::new(WriterStats::default());
        let shared = Shared::of(path);
        let points = Arc::new(Points::new(path, Arc::clone(&stats), Arc::clone(&shared)));
        let readers = Readers::new(
            Arc::clone(&points),
            options.readers,
            options.step_budget,
            steps_per_look,
        );
        Ok(Self {
            writer: Writer::start(conn, beside, points, stats, Arc::clone(&shared))?,
            readers: Arc::new(readers),
            remembered: Arc::default(),
            owner: shared.new_owner(),
            page_steps: options.page_steps,
            buckets: options.buckets,
            shared,
            #[cfg(feature = "testing")]
            directory: None,
        })
    }

    /// Opens a database whose lists count every single step, slowly: see [`Self::last_list_steps`].
    ///
    /// # Errors
    /// As [`Self::open`].
    #[cfg(feature = "testing")]
    pub fn open_counting(path: &Path, options: Options) -> Result<Self> {
        Ok(Self::open_with(path, options, 1, true)?)
    }

    /// Opens a database that is filled for a test or a measurement: quickly, and not durably.
    ///
    /// # Errors
    /// As [`Self::open`].
    #[cfg(feature = "testing")]
    pub fn open_careless(path: &Path, options: Options) -> Result<Self> {
        Ok(Self::open_with(path, options, STEPS_PER_LOOK, false)?)
    }

    /// Steps of `SQLite`'s virtual machine that the last list took.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn last_list_steps(&self) -> u64 {
        self.readers.last_steps()
    }

    /// Opens a database in a directory of its own that is removed with the store.
    ///
    /// Not in memory: there `SQLite` has no write-ahead log, and readers and the writer would meet
    /// differently.
    ///
    /// # Errors
    /// As [`Self::open`].
    #[cfg(feature = "testing")]
    pub fn open_temporary(options: Options) -> Result<Self> {
        let directory = tempfile::tempdir()
            .map_err(|error| sidetone_store::StoreError::Unavailable(error.to_string()))?;
        let mut store = Self::open(&directory.path().join("sidetone.db"), options)?;
        store.directory = Some(Arc::new(directory));
        Ok(store)
    }

    /// Opens such a database by two handles.
    ///
    /// # Errors
    /// As [`Self::open`].
    #[cfg(feature = "testing")]
    pub fn open_temporary_twice(options: Options) -> Result<[Self; 2]> {
        let one = Self::open_temporary(options)?;
        let path = one.directory.iter().map(|it| it.path().join("sidetone.db"));
        let mut other = Self::open(&path.collect::<std::path::PathBuf>(), options)?;
        other.directory.clone_from(&one.directory);
        Ok([one, other])
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // What is queued may still claim something.
        self.writer.stop();
        self.shared.end_of(self.owner);
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use sidetone_store::StoreError;
    use sidetone_store::conformance::sample::{
        call, call_sid, create_account, put, scope, score, summary,
    };
    use sidetone_store::prelude::*;

    async fn limit_pages(store: &SqliteStore, pages: i64) {
        store
            .writer
            .run(1, move |tx| {
                Ok(tx.conn.pragma_update(None, "max_page_count", pages)?)
            })
            .await
            .unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_full_disk_refuses_writes_keeps_reads_and_recovers() {
        let store = Arc::new(SqliteStore::open_temporary(Options::default()).unwrap());
        create_account(&*store).await;
        store
            .put_summaries(vec![put(summary(call(0), 0, Some(60)), 0)])
            .await
            .unwrap();
        limit_pages(&store, 1).await;
        let load = |first: u64| {
            let store = Arc::clone(&store);
            async move {
                let calls = (first..first + 300).map(|n| {
                    let mut summary = summary(call(n), 0, Some(60));
                    summary.facts.to.carrier = Some(format!("carrier {n}"));
                    put(summary, 0)
                });
                store.put_summaries(calls.collect()).await
            }
        };
        let together: Vec<_> = (1..9).map(|n| tokio::spawn(load(n * 1000))).collect();
        for load in together {
            assert!(matches!(
                load.await.unwrap(),
                Err(StoreError::Unavailable(_))
            ));
        }
        assert!(matches!(load(1000).await, Err(StoreError::Unavailable(_))));
        assert!(matches!(
            store.record(scope(1), call_sid(0)).await.unwrap(),
            sidetone_store::Lookup::Found(_)
        ));
        assert_eq!(
            store.record(scope(1), call_sid(1000)).await.unwrap(),
            sidetone_store::Lookup::Unknown
        );
        limit_pages(&store, i64::from(u32::MAX - 1)).await;
        load(1000).await.unwrap();
        store
            .annotate(scope(1), call_sid(0), score(3))
            .await
            .unwrap();
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    }
}
