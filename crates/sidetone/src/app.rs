//! What every request handler and worker shares.

use std::ops::Deref;
use std::sync::Arc;

use sidetone_store::Store;

use crate::bounds::Bounds;
use crate::clock::Clock;
use crate::complaints::Complaints;
use crate::config::Config;
use crate::directory::Directory;
use crate::ingest::hep::locations::Locations;
use crate::tables;
use crate::telemetry::{Counters, RefusalLabels};

/// Shared by handlers and workers. One pointer: it is cloned for every request.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] gives access to.
pub struct Parts {
    /// The calls.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Clock,
    /// The settings the server was started with. Of what is in [`Self::tables`], ask those.
    pub config: Config,
    /// Accounts and credentials, in memory.
    pub directory: Directory,
    /// What all that is under way may take together.
    pub bounds: Bounds,
    /// Counters for `/metrics`.
    pub counters: Counters,
    /// What was said in the log of what others send.
    pub complaints: Complaints,
    /// Sides, agents and signers.
    pub tables: tables::Current,
    /// Where addresses are.
    pub locations: Arc<Locations>,
}

impl Parts {
    /// Counts what a door refused. Whether to tell it in the log now, and of how many more since it was told last.
    pub fn refused(&self, door: &'static str, reason: &'static str) -> Option<u64> {
        self.counters
            .refused
            .get_or_create(&RefusalLabels { door, reason })
            .inc();
        self.complaints.may_say(door, reason, self.clock.now())
    }
}

impl App {
    /// Shares the parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
