//! What every request handler and worker shares.

use std::sync::Arc;

use sidetone_store::Store;

use crate::clock::Clock;
use crate::config::Config;
use crate::directory::Directory;
use crate::telemetry::Counters;

/// Shared by handlers and workers; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The calls.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Clock,
    /// The settings the server was started with.
    pub config: Arc<Config>,
    /// Accounts and credentials, in memory.
    pub directory: Arc<Directory>,
    /// Counters for `/metrics`.
    pub counters: Arc<Counters>,
}
