//! Connections that read.
//!
//! Single calls are read where the caller stands: it takes microseconds, less than handing it to another thread.
//! Lists run on blocking threads, so many at a time as there are readers, each with a budget of steps.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection::{self, Role};
use crate::{Result, StoreError};

/// Idle connections for single calls that are kept. More are opened when needed, and closed after use.
const POINT_IDLE_MAX: usize = 8;

/// Longest wait for a list's turn.
const GATE_TIME: Duration = Duration::from_secs(20);

/// Steps of `SQLite`'s virtual machine between two looks at the budget.
pub(super) const STEPS_PER_LOOK: i32 = 1000;

struct Scanner {
    conn: Connection,
    /// Steps since the query began, in whole looks.
    steps: Arc<AtomicU64>,
}

/// The connections that read.
pub(super) struct Readers {
    path: PathBuf,
    step_budget: u64,
    steps_per_look: i32,
    points: Mutex<Vec<Connection>>,
    scanners: Mutex<Vec<Scanner>>,
    gate: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: &Path, readers: usize, step_budget: u64, steps_per_look: i32) -> Self {
        Self {
            path: path.to_owned(),
            step_budget,
            steps_per_look,
            points: Mutex::default(),
            scanners: Mutex::default(),
            gate: Arc::new(Semaphore::new(readers.max(1))),
        }
    }

    /// Reads something that is found at once.
    pub(super) fn point<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = lock(&self.points).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => connection::open(&self.path, Role::Point)?,
        };
        let answer = read(&conn);
        let mut points = lock(&self.points);
        if points.len() < POINT_IDLE_MAX {
            points.push(conn);
        }
        answer
    }

    /// Reads something that has to be looked for, on a blocking thread, as of one moment and within the step budget.
    pub(super) async fn scan<T, F>(self: &Arc<Self>, read: F) -> Result<T>
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
            readers.scan_here(read)
        })
        .await
        .map_err(|_| stopped())?
    }

    /// Reads something that may be long, on a blocking thread and without a budget.
    pub(super) async fn aside<T, F>(self: &Arc<Self>, read: F) -> Result<T>
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
    pub(super) async fn scan_freely<T, F>(self: &Arc<Self>, read: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || {
            let conn = connection::open(&path, Role::Scan)?;
            // What is sorted may be larger than memory.
            conn.pragma_update(None, "temp_store", "file")?;
            let _moment = conn.unchecked_transaction()?;
            read(&conn)
        })
        .await
        .map_err(|_| StoreError::Unavailable("the store is shutting down".into()))?
    }

    /// Steps of the list that was read last, in whole looks.
    #[cfg(feature = "testing")]
    pub(super) fn last_steps(&self) -> u64 {
        lock(&self.scanners)
            .last()
            .map_or(0, |scanner| scanner.steps.load(Ordering::Relaxed))
    }

    fn scan_here<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = lock(&self.scanners).pop();
        let scanner = match idle {
            Some(scanner) => scanner,
            None => self.open_scanner()?,
        };
        scanner.steps.store(0, Ordering::Relaxed);
        let moment = scanner.conn.unchecked_transaction()?;
        let answer = read(&scanner.conn).map_err(|error| match error {
            StoreError::TooExpensive { .. } => StoreError::TooExpensive {
                steps: self.step_budget,
            },
            other => other,
        });
        drop(moment);
        lock(&self.scanners).push(scanner);
        answer
    }

    fn open_scanner(&self) -> Result<Scanner> {
        let mut conn = connection::open(&self.path, Role::Scan)?;
        let steps = Arc::new(AtomicU64::new(0));
        let (counter, budget) = (Arc::clone(&steps), self.step_budget);
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
