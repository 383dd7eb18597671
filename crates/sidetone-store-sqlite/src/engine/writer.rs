//! The one thread that writes.
//!
//! Jobs wait in a bounded queue. The thread takes all that are there, up to a limit, runs them in
//! one transaction, each in a savepoint of its own, commits, and answers them all: nothing is
//! answered before it is durable, and the more there is to do, the more share one sync. Nobody
//! waits for company: a single job is committed at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::connection;
use super::readers::Points;
use super::shared::Shared;
use super::write_tx::WriteTx;
use super::writer_stats::WriterStats;
use crate::comments::Indexing;
use crate::error::{Error, Result};
use crate::rollups::deltas::Deltas;
use crate::rows::terms::TermCache;
use sidetone_store::{StoreError, Topic};

/// Jobs that may wait.
const QUEUE_JOBS: usize = 1024;

/// The weight (rows, roughly) at which a transaction takes no more jobs.
const GROUP_WEIGHT: usize = 2000;

/// New pages in the write-ahead log from which on they are copied into the database beside the
/// commits: 32 MiB.
const CHECKPOINT_PAGES: i32 = 8 << 10;

/// Pages in it from which on it is made to begin anew, even while jobs wait: 256 MiB.
const FINISH_PAGES: i32 = 64 << 10;

/// The writer itself copies the last so many, and then the log begins anew. More would keep jobs
/// waiting: 8,000 take as long as fifty commits.
const REST_PAGES: i32 = 512;

/// Pages from which on the writer waits for readers to leave the log: 512 MiB.
const RESTART_PAGES: i32 = 128 << 10;

/// The weight from which on a job has a transaction of its own. `SQLite` keeps the pages that
/// change under a savepoint in a list, and walks along it after each statement: a thousand
/// statements under one take twice the time.
pub(crate) const ALONE_WEIGHT: usize = 200;

/// Nobody is likely to come when nobody has come for so long.
const IDLE: Duration = Duration::from_millis(5);

trait Job: Send {
    fn weight(&self) -> usize;
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Result<()>;
    fn answer(self: Box<Self>, committed: &Result<()>);
}

struct OneJob<F, T> {
    weight: usize,
    run: Option<F>,
    done: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<F, T> Job for OneJob<F, T>
where
    F: FnOnce(&mut WriteTx<'_>) -> Result<T> + Send,
    T: Send,
{
    fn weight(&self) -> usize {
        self.weight
    }

    fn run(&mut self, tx: &mut WriteTx<'_>) -> Result<()> {
        let Some(run) = self.run.take() else {
            return Ok(());
        };
        match run(tx) {
            Ok(value) => {
                self.done = Some(Ok(value));
                Ok(())
            }
            Err(error) => {
                self.done = Some(Err(error.clone()));
                Err(error)
            }
        }
    }

    fn answer(self: Box<Self>, committed: &Result<()>) {
        let answer = match (self.done, committed) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.clone()),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(Error(StoreError::Unavailable("the job was not run".into()))),
        };
        // Whoever asked may have gone; what is written is written.
        let _ = self.reply.send(answer);
    }
}

/// The way to the writing thread. When it is dropped, the thread finishes what is queued and ends.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    threads: Vec<JoinHandle<()>>,
    pub(crate) stats: Arc<WriterStats>,
}

impl Writer {
    /// Starts the thread, and the one that copies the write-ahead log `beside` it.
    pub(crate) fn start(
        mut conn: Connection,
        beside: Connection,
        points: Arc<Points>,
        stats: Arc<WriterStats>,
        shared: Arc<Shared>,
    ) -> Result<Self> {
        let wal_pages = Arc::new(AtomicI32::new(0));
        let seen = Arc::clone(&wal_pages);
        conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            seen.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        let (queue, jobs) = mpsc::channel(QUEUE_JOBS);
        let (wake, woken) = std::sync::mpsc::sync_channel(1);
        let copied = Arc::new(AtomicI32::new(0));
        let mut log = WriteAheadLog {
            pages: wal_pages,
            pages_before: 0,
            wake,
            copied: Arc::clone(&copied),
            points: Arc::clone(&points),
        };
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new()
                .name(name.into())
                .spawn(run)
                .map_err(|error| Error(StoreError::Unavailable(format!("no thread: {error}"))))
        };
        let idle = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| Error(StoreError::Unavailable(format!("no timer: {error}"))))?;
        let counted = Arc::clone(&stats);
        let threads = vec![
            spawn(
                "store-writer",
                Box::new(move || write(&conn, jobs, &mut log, &idle, &counted, &shared)),
            )?,
            spawn(
                "store-checkpoint",
                Box::new(move || checkpoint(&beside, &woken, &copied, &points)),
            )?,
        ];
        Ok(Self {
            queue: Some(queue),
            threads,
            stats,
        })
    }

    /// Runs a job in a transaction and returns after that is durable.
    pub(crate) async fn run<T, F>(&self, weight: usize, run: F) -> sidetone_store::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static,
    {
        let stopped = || StoreError::Unavailable("the store is shutting down".into());
        let (reply, answer) = oneshot::channel();
        let job = Box::new(OneJob {
            weight,
            run: Some(run),
            done: None,
            reply,
        });
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.send(job).await.map_err(|_| stopped())?;
        Ok(self.stats.note_job(answer.await.map_err(|_| stopped())?)?)
    }
}

impl Writer {
    /// Finishes what is queued, and ends.
    pub(crate) fn stop(&mut self) {
        drop(self.queue.take());
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What is done about the length of the write-ahead log.
struct WriteAheadLog {
    /// Pages in it after the last commit.
    pages: Arc<AtomicI32>,
    /// Pages in it after the commit before.
    pages_before: i32,
    /// Starts copying it into the database beside the commits.
    wake: std::sync::mpsc::SyncSender<()>,
    /// How many of them are copied.
    copied: Arc<AtomicI32>,
    points: Arc<Points>,
}

impl WriteAheadLog {
    /// `is_quiet`: nobody is likely to wait for the next commit.
    fn after_commit(&mut self, conn: &Connection, is_quiet: bool) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.pages_before {
            // The log has begun anew.
            self.copied.store(0, Ordering::Relaxed);
        }
        self.pages_before = pages;
        let rest = pages - self.copied.load(Ordering::Relaxed);
        let may_end = pages >= FINISH_PAGES || is_quiet && pages >= CHECKPOINT_PAGES;
        if pages >= RESTART_PAGES {
            self.points.release();
            // Somebody who reads for long (`check`) must not hold up every commit: not waited for.
            let _ = conn.busy_timeout(Duration::ZERO);
            let _ = conn.wal_checkpoint_v2::<&str>(None, CheckpointMode::RESTART);
            let _ = conn.busy_timeout(connection::BUSY_TIME);
        } else if may_end && (1..=REST_PAGES).contains(&rest) {
            self.points.release();
            if let Ok((_, done)) = conn.wal_checkpoint_v2::<&str>(None, CheckpointMode::PASSIVE) {
                self.copied.store(done, Ordering::Relaxed);
            }
            // Whoever began to read meanwhile reads from the log.
            self.points.release();
        } else if rest >= CHECKPOINT_PAGES || may_end && rest > REST_PAGES {
            // Full: it is at work already.
            let _ = self.wake.try_send(());
        }
    }
}

fn write(
    conn: &Connection,
    mut jobs: mpsc::Receiver<Box<dyn Job>>,
    log: &mut WriteAheadLog,
    idle: &Runtime,
    stats: &WriterStats,
    shared: &Shared,
) {
    let mut terms = TermCache::default();
    let mut deltas = Deltas::default();
    let mut indexing = Indexing::default();
    let mut rings = Vec::new();
    let mut waiting = None;
    while let Some(first) = waiting
        .take()
        .or_else(|| next_job(conn, &mut jobs, idle, &mut indexing, log))
    {
        let mut weight = first.weight();
        let is_alone = weight >= ALONE_WEIGHT;
        let mut group = vec![first];
        while !is_alone
            && weight < GROUP_WEIGHT
            && let Ok(job) = jobs.try_recv()
        {
            if job.weight() >= ALONE_WEIGHT {
                waiting = Some(job);
                break;
            }
            weight += job.weight();
            group.push(job);
        }
        let committed = commit(
            conn,
            &mut group,
            &mut terms,
            &mut deltas,
            shared,
            &mut rings,
        );
        if committed.is_ok() {
            stats.commits.fetch_add(1, Ordering::Relaxed);
            shared.commits.fetch_add(1, Ordering::Release);
            stats.jobs.fetch_add(group.len() as u64, Ordering::Relaxed);
        } else {
            terms.clear();
            if !conn.is_autocommit() {
                // Failing to roll back leaves the transaction open; the next one then fails, and
                // tries again.
                let _ = conn.execute_batch("rollback");
            }
        }
        let is_quiet = group.len() == 1 && waiting.is_none() && jobs.is_empty();
        for job in group {
            job.answer(&committed);
        }
        for topic in rings.drain(..) {
            shared.ring(topic);
        }
        log.after_commit(conn, is_quiet);
        indexing.after_commit(conn);
    }
}

/// Waits for a job. While there is none, comments are added to their index.
fn next_job(
    conn: &Connection,
    jobs: &mut mpsc::Receiver<Box<dyn Job>>,
    idle: &Runtime,
    indexing: &mut Indexing,
    log: &mut WriteAheadLog,
) -> Option<Box<dyn Job>> {
    while indexing.is_behind() {
        match idle.block_on(async { tokio::time::timeout(IDLE, jobs.recv()).await }) {
            Ok(job) => return job,
            Err(_) => {
                indexing.go_on(conn);
                log.after_commit(conn, true);
            }
        }
    }
    jobs.blocking_recv()
}

/// Runs jobs in one transaction. A job that fails leaves no trace; the others are committed.
fn commit(
    conn: &Connection,
    group: &mut [Box<dyn Job>],
    term_cache: &mut TermCache,
    deltas: &mut Deltas,
    shared: &Shared,
    rings: &mut Vec<Topic>,
) -> Result<()> {
    deltas.back_to(Deltas::default().mark());
    conn.prepare_cached("begin immediate")?.execute([])?;
    let alone = group.len() == 1;
    for job in group.iter_mut() {
        if !alone {
            conn.prepare_cached("savepoint job")?.execute([])?;
        }
        let mark = deltas.mark();
        let outcome = job.run(&mut WriteTx::new(conn, term_cache, deltas, shared, rings));
        if let Err(error) = outcome {
            if alone || conn.is_autocommit() {
                // Nobody else is in it, or SQLite has undone all of it (disk full, I/O error).
                return Err(error);
            }
            deltas.back_to(mark);
            term_cache.clear();
            conn.prepare_cached("rollback to job")?.execute([])?;
        }
        if !alone {
            conn.prepare_cached("release job")?.execute([])?;
        }
    }
    deltas.flush(conn)?;
    conn.prepare_cached("commit")?.execute([])?;
    Ok(())
}

/// Copies the write-ahead log into the database whenever it is told that there is much of it.
fn checkpoint(
    conn: &Connection,
    woken: &std::sync::mpsc::Receiver<()>,
    copied: &AtomicI32,
    points: &Points,
) {
    while woken.recv().is_ok() {
        points.release();
        // What could not be copied now is copied the next time.
        if let Ok((_, done)) = conn.wal_checkpoint_v2::<&str>(None, CheckpointMode::PASSIVE) {
            copied.store(done, Ordering::Relaxed);
        }
    }
}
