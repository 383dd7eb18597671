//! What the handles of one database share within a process: who works on what, who waits for what,
//! and how much was committed.
//!
//! A server has one handle. Two are two nodes, as far as this engine can have them: each sees at
//! once what the other wrote.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use sidetone_core::id::{CallRef, FeedbackSummarySid};
use sidetone_store::Topic;
use tokio::sync::watch;

use super::claims::Claims;
use super::held::Held;
use super::leader::Leader;
use super::leases::Leases;

/// The databases that are open in this process.
static OPEN: LazyLock<Mutex<HashMap<PathBuf, Weak<Shared>>>> = LazyLock::new(Mutex::default);

/// What the handles of a database share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Transactions committed: what was read before the last of them is old.
    pub(crate) commits: AtomicU64,
    /// Calls that are being folded.
    pub(crate) calls: Claims<CallRef>,
    /// Summaries of feedback that are being made.
    pub(crate) feedback_summaries: Claims<FeedbackSummarySid>,
    /// Deliveries that are on their way.
    pub(crate) deliveries: Leases,
    /// Changes that followers have taken.
    pub(crate) changes: Held,
    /// Who evaluates rules.
    pub(crate) alerts: Leader,
    bells: [Bell; Topic::ALL.len()],
    owners: AtomicU64,
    tickets: AtomicU64,
}

#[derive(Debug)]
struct Bell(watch::Sender<u64>);

impl Default for Bell {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Shared {
    /// What the handles of this database share, whatever they call it.
    pub(crate) fn of(path: &Path) -> Arc<Self> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, shared| shared.strong_count() > 0);
        if let Some(shared) = open.get(&path).and_then(Weak::upgrade) {
            return shared;
        }
        let shared = Arc::default();
        open.insert(path, Arc::downgrade(&shared));
        shared
    }

    /// A number for a handle, never given twice.
    pub(crate) fn new_owner(&self) -> u64 {
        self.owners.fetch_add(1, Ordering::Relaxed)
    }

    /// A number for who writes segments, from 1, never given twice.
    pub(crate) fn new_ticket(&self) -> u64 {
        self.tickets.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The handle is gone: what it worked on is for others.
    pub(crate) fn end_of(&self, owner: u64) {
        self.calls.release_all_of(owner);
        self.feedback_summaries.release_all_of(owner);
        self.deliveries.release_all_of(owner);
        self.changes.release_all_of(owner);
        self.alerts.release(owner);
        for topic in Topic::ALL {
            self.ring(topic);
        }
    }

    /// Wakes those who wait for it.
    pub(crate) fn ring(&self, topic: Topic) {
        self.bell(topic).send_modify(|rings| *rings += 1);
    }

    /// Rings whenever there may be something to do.
    pub(crate) fn listen(&self, topic: Topic) -> watch::Receiver<u64> {
        self.bell(topic).subscribe()
    }

    fn bell(&self, topic: Topic) -> &watch::Sender<u64> {
        &self.bells[topic as usize].0
    }
}
