//! What all that is under way may take together.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::http::error::ApiError;
use crate::logins::Logins;
use crate::room::{Room, Share};

/// Memory of answers that are being made and sent.
const ANSWERS_BYTES: usize = 64 << 20;
/// Memory of bodies that are held whole until they are read.
const BODIES_BYTES: usize = 32 << 20;
/// Memory of events that were read and are not written yet.
const EVENTS_BYTES: usize = 64 << 20;
/// The most memory that a page of a list takes: its rows once as they are stored, once as they are told, and as text.
const PAGE_BYTES: usize = 16 << 20;
/// The most memory that one of its rows takes likewise.
const ROW_BYTES: usize = 256 << 10;

/// The bounds of a process.
#[derive(Debug)]
pub struct Bounds {
    /// Room for answers.
    pub answers: Room,
    /// Room for bodies.
    pub bodies: Room,
    /// Room for events.
    pub events: Room,
    /// Failed logins.
    pub logins: Logins,
    /// Half of the processors: the others answer meanwhile.
    aside: Arc<Semaphore>,
}

impl Default for Bounds {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            answers: Room::new(ANSWERS_BYTES),
            bodies: Room::new(BODIES_BYTES),
            events: Room::new(EVENTS_BYTES),
            logins: Logins::default(),
            aside: Arc::new(Semaphore::new((processors / 2).max(1))),
        }
    }
}

impl Bounds {
    /// Room for a page of so many rows, until it is sent.
    ///
    /// # Errors
    /// 503 when there is none for too long.
    pub async fn page(&self, rows: u64) -> Result<Share, ApiError> {
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let bytes = rows.saturating_mul(ROW_BYTES).min(PAGE_BYTES);
        self.answers.take(bytes).await.ok_or_else(ApiError::busy)
    }

    /// Works on a thread that may take its time, a few at once: reading what others sent, or writing a large page, takes long,
    /// and a thread that answers requests has others to answer.
    ///
    /// # Errors
    /// 500 when it panics.
    pub async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        // Never closed: acquiring it does not fail.
        let turn = Arc::clone(&self.aside).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            // The turn goes where the work goes: whoever asked may leave while it is done.
            let _turn = turn;
            work()
        });
        done.await.map_err(|error| {
            tracing::error!(%error, "work for a request was cut short");
            ApiError::internal()
        })
    }
}
