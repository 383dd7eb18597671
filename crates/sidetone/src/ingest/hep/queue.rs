//! The way from the listeners to the collector: bounded, so that who cannot be served waits, and
//! the kernel drops and counts.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::batch::PacketBatch;
use crate::telemetry::labels::Transport;

/// Most packets of a batch.
pub const BATCH_PACKETS: usize = 256;
/// A batch is passed on when it has as many bytes, so that a full queue is a known amount of
/// memory.
pub const BATCH_BYTES: usize = 512 * 1024;
/// Batches that may wait.
pub const DEPTH: usize = 32;

/// Batches that were emptied, to be filled again.
type Pool = Arc<Mutex<Vec<PacketBatch>>>;

/// Where listeners put batches.
#[derive(Clone)]
pub struct PacketQueue {
    filled: mpsc::Sender<PacketBatch>,
    pool: Pool,
}

/// Where the collector takes them.
pub struct QueuedPackets {
    filled: mpsc::Receiver<PacketBatch>,
    pool: Pool,
}

/// A queue of so many batches.
#[must_use]
pub fn queue(depth: usize) -> (PacketQueue, QueuedPackets) {
    let (filled, taken) = mpsc::channel(depth);
    let pool = Pool::default();
    let queue = PacketQueue {
        filled,
        pool: pool.clone(),
    };
    (
        queue,
        QueuedPackets {
            filled: taken,
            pool,
        },
    )
}

impl PacketQueue {
    /// An empty batch.
    #[must_use]
    pub fn empty(&self, transport: Transport) -> PacketBatch {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut batch) = pool.pop() else {
            return PacketBatch::new(transport);
        };
        batch.transport = transport;
        batch
    }

    /// Waits for room. A queue without a collector takes nothing any more: then everything is
    /// ending.
    pub async fn put(&self, batch: PacketBatch) {
        let _ = self.filled.send(batch).await;
    }

    /// As [`Self::put`], for threads that may wait.
    pub fn put_blocking(&self, batch: PacketBatch) {
        let _ = self.filled.blocking_send(batch);
    }

    /// Whether there was room.
    #[must_use]
    pub fn try_put(&self, batch: PacketBatch) -> bool {
        self.filled.try_send(batch).is_ok()
    }
}

impl QueuedPackets {
    /// The next batch; `None` when no listener is left.
    pub async fn next(&mut self) -> Option<PacketBatch> {
        self.filled.recv().await
    }

    /// Gives a batch back to be filled again.
    pub fn give_back(&self, mut batch: PacketBatch) {
        batch.clear();
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() < DEPTH {
            pool.push(batch);
        }
    }
}
