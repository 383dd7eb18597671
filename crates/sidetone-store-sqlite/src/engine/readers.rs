//! Connections that read.
//!
//! Single calls are read where the caller stands: it takes microseconds, less than handing it to
//! another thread. Lists run on blocking threads, so many at a time as there are readers, each with
//! a budget of steps.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection::{self, Role};
use super::shared::Shared;
use super::writer_stats::WriterStats;
use crate::error::{Error, Result};
use sidetone_store::StoreError;

/// Idle connections for single calls that are kept. More are opened when needed, and closed after
/// use.
const POINT_IDLE_MAX: usize = 8;

/// Longest wait for a list's turn.
const GATE_TIME: Duration = Duration::from_secs(20);

/// Steps of `SQLite`'s virtual machine between two looks at the budget.
pub(crate) const STEPS_PER_LOOK: i32 = 1000;

/// Steps that counting calls may take: some 50 ms.
const COUNT_STEPS: u64 = 1_000_000;

/// Steps that anything but a list of calls may take.
const STEPS_MAX: u64 = 40_000_000;

/// How long a snapshot is read from at most: what other processes write is seen so much later.
const SNAPSHOT_TIME: Duration = Duration::from_millis(10);

/// A connection for single calls.
struct Point {
    conn: Connection,
    /// When it was read from last.
    read_at: Option<Instant>,
    /// What it reads from: how many commits there were before, and when it was taken. Beginning and
    /// ending one takes four locks of shared memory, a fifth of a read: while there is much to
    /// read, one serves until somebody writes.
    snapshot: Option<(u64, Instant)>,
}

impl Point {
    /// Makes sure that everything committed is seen.
    fn renew(&mut self, commits: u64, now: Instant) -> Result<()> {
        let is_busy = self
            .read_at
            .replace(now)
            .is_some_and(|at| is_fresh(at, now));
        match self.snapshot {
            Some((before, taken)) if before == commits && is_fresh(taken, now) => return Ok(()),
            _ => self.release()?,
        }
        // Nobody may come to end the snapshot of a read that stands alone, and the write-ahead log
        // would grow for ever.
        if is_busy {
            self.conn.prepare_cached("begin")?.execute([])?;
            self.snapshot = Some((commits, now));
        }
        Ok(())
    }

    fn release(&mut self) -> Result<()> {
        if self.snapshot.take().is_some() {
            self.conn.prepare_cached("commit")?.execute([])?;
        }
        Ok(())
    }
}

fn is_fresh(at: Instant, now: Instant) -> bool {
    now.duration_since(at) < SNAPSHOT_TIME
}

/// The connections for single calls.
pub(crate) struct Points {
    path: PathBuf,
    idle: Mutex<Vec<Point>>,
    stats: Arc<WriterStats>,
    shared: Arc<Shared>,
}

impl Points {
    /// `stats` counts damage, `shared` commits.
    pub(crate) fn new(path: &Path, stats: Arc<WriterStats>, shared: Arc<Shared>) -> Self {
        Self {
            path: path.to_owned(),
            idle: Mutex::default(),
            stats,
            shared,
        }
    }

    #[allow(clippy::disallowed_methods, reason = "the age of a snapshot")]
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let now = Instant::now();
        let idle = {
            let mut idle = lock(&self.idle);
            let point = idle.pop();
            // What was left by a busier time. The server itself reads at least once a second.
            idle.retain_mut(|point| match point.snapshot {
                Some((_, taken)) if !is_fresh(taken, now) => point.release().is_ok(),
                _ => true,
            });
            point
        };
        let mut point = match idle {
            Some(point) => point,
            None => Point {
                conn: connection::open(&self.path, Role::Point)?,
                read_at: None,
                snapshot: None,
            },
        };
        // Counted before the snapshot is taken: what is committed in between is then read anew, not
        // missed.
        point.renew(self.shared.commits.load(Ordering::Acquire), now)?;
        // A connection on which something failed is not used again.
        let answer = self.stats.note(read(&point.conn))?;
        let mut idle = lock(&self.idle);
        if idle.len() < POINT_IDLE_MAX {
            idle.push(point);
        }
        Ok(answer)
    }

    /// Lets go of the snapshots that nobody reads from now: the write-ahead log cannot begin anew
    /// while there are any.
    pub(crate) fn release(&self) {
        lock(&self.idle).retain_mut(|point| point.release().is_ok());
    }
}

struct Scanner {
    conn: Connection,
    /// Steps since the query began, in whole looks, and those that it may not take.
    steps: Arc<AtomicU64>,
}

/// The connections that read.
pub(crate) struct Readers {
    path: PathBuf,
    step_budget: u64,
    steps_per_look: i32,
    points: Arc<Points>,
    scanners: Mutex<Vec<Scanner>>,
    gate: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(
        points: Arc<Points>,
        readers: usize,
        step_budget: u64,
        steps_per_look: i32,
    ) -> Self {
        Self {
            path: points.path.clone(),
            step_budget,
            steps_per_look,
            points,
            scanners: Mutex::default(),
            gate: Arc::new(Semaphore::new(readers.max(1))),
        }
    }

    /// Where the database is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads something that is found at once.
    pub(crate) fn point<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T>,
    ) -> sidetone_store::Result<T> {
        Ok(self.points.read(read)?)
    }

    /// Reads something that has to be looked for, on a blocking thread, as of one moment and within
    /// the step budget.
    pub(crate) async fn scan<T, F>(self: &Arc<Self>, read: F) -> sidetone_store::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.scan_within(self.steps_max(), read).await
    }

    /// The most steps that anything may take.
    fn steps_max(&self) -> u64 {
        self.step_budget.max(STEPS_MAX)
    }

    /// Reads a list of calls.
    pub(crate) async fn list<T, F>(self: &Arc<Self>, read: F) -> sidetone_store::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.scan_within(self.step_budget, read).await
    }

    /// Counts calls: beside a list, so in fewer steps.
    pub(crate) async fn count<T, F>(self: &Arc<Self>, read: F) -> sidetone_store::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.scan_within(self.step_budget.min(COUNT_STEPS), read)
            .await
    }

    /// As [`Self::scan`], within so many steps.
    async fn scan_within<T, F>(self: &Arc<Self>, steps: u64, read: F) -> sidetone_store::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let stopped = || StoreError::Unavailable("the store is shutting down".into());
        let pass = tokio::time::timeout(GATE_TIME, Arc::clone(&self.gate).acquire_owned())
            .await
            .map_err(|_| StoreError::Unavailable("too many lists at once".into()))?
            .map_err(|_| stopped())?;
        let readers = Arc::clone(self);
        // The pass goes along: whoever asked may leave, the scan still counts until it ends.
        tokio::task::spawn_blocking(move || {
            let _pass = pass;
            Ok(readers.scan_here(steps, read)?)
        })
        .await
        .map_err(|_| stopped())?
    }

    /// Reads something that may be long, on a blocking thread and without a budget.
    pub(crate) async fn aside<T, F>(self: &Arc<Self>, read: F) -> sidetone_store::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let readers = Arc::clone(self);
        tokio::task::spawn_blocking(move || readers.point(read))
            .await
            .map_err(|_| StoreError::Unavailable("the store is shutting down".into()))?
    }

    /// Reads everything, on a blocking thread, as of one moment and without a budget.
    pub(crate) async fn scan_freely<T, F>(self: &Arc<Self>, read: F) -> sidetone_store::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let path = self.path.clone();
        let read = move || {
            let conn = connection::open(&path, Role::Scan)?;
            // What is sorted may be larger than memory.
            conn.pragma_update(None, "temp_store", "file")?;
            let _moment = conn.unchecked_transaction()?;
            read(&conn)
        };
        tokio::task::spawn_blocking(move || Ok(read()?))
            .await
            .map_err(|_| StoreError::Unavailable("the store is shutting down".into()))?
    }

    /// Steps of the list that was read last, in whole looks.
    #[cfg(feature = "testing")]
    pub(crate) fn last_steps(&self) -> u64 {
        lock(&self.scanners).last().map_or(0, |scanner| {
            let spent = self.steps_max().saturating_sub(self.step_budget);
            scanner.steps.load(Ordering::Relaxed) - spent
        })
    }

    fn scan_here<T>(&self, steps: u64, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = lock(&self.scanners).pop();
        let scanner = match idle {
            Some(scanner) => scanner,
            None => self.open_scanner()?,
        };
        let spent = self.steps_max().saturating_sub(steps);
        scanner.steps.store(spent, Ordering::Relaxed);
        let moment = scanner.conn.unchecked_transaction()?;
        let answer = self.points.stats.note(read(&scanner.conn));
        let is_interrupted = scanner.steps.load(Ordering::Relaxed) > self.steps_max();
        let answer = answer.map_err(|error| match error {
            Error(StoreError::TooExpensive(_)) if is_interrupted => Error(
                StoreError::TooExpensive(format!("more than {steps} steps of SQLite")),
            ),
            other => other,
        });
        drop(moment);
        lock(&self.scanners).push(scanner);
        answer
    }

    fn open_scanner(&self) -> Result<Scanner> {
        let mut conn = connection::open(&self.path, Role::Scan)?;
        let steps = Arc::new(AtomicU64::new(0));
        let (counter, budget) = (Arc::clone(&steps), self.steps_max());
        let per_look = u64::from(self.steps_per_look.unsigned_abs());
        conn.progress_handler(
            self.steps_per_look,
            Some(move || counter.fetch_add(per_look, Ordering::Relaxed) + per_look > budget),
        )?;
        Ok(Scanner { conn, steps })
    }
}

/// A panic elsewhere leaves a list of connections as good as it was.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
