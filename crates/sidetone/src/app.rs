//! What every request handler and worker shares.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::AccountSid;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::TimeUs;
use sidetone_store::{Rendered, Result, Store};

use crate::bounds::Bounds;
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::Directory;
use crate::live::Live;
use crate::outgoing::pauses::Pauses;
use crate::streams;
use crate::streams::outlets::{Told, Written};
use crate::tables;
use crate::tables::locations::Locations;
use crate::telemetry::Counters;

/// Shared by handlers and workers. One pointer: it is cloned for every request.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// Renders a summary for its readers. `None`: they are given the summary itself.
pub type Render = fn(&CallSummary) -> Option<Rendered>;

/// Reads filters of calls that are kept as text, for an account and as they are now. `None`: they are
/// none.
pub type ReadFilter = fn(&str, AccountSid, TimeUs) -> Option<SummaryFilter>;

/// Writes out an event for a sink, in the API's words. None: there is nothing to tell any more.
pub type WriteEvent = fn(App, Told) -> Writing;

/// An event that is being written out; of packets several.
pub type Writing = Pin<Box<dyn Future<Output = Result<Vec<Written>>> + Send>>;

/// What an [`App`] gives access to.
pub struct Parts {
    /// The calls.
    pub store: Arc<dyn Store>,
    /// How summaries are rendered when they are written: the API's word, for those below it.
    pub render: Render,
    /// How filters that are kept are read: the API's word as well.
    pub filter: ReadFilter,
    /// How events for sinks are written out: the API's word, too.
    pub write_event: WriteEvent,
    /// The time.
    pub clock: Clock,
    /// The settings the server was started with. Of what is in [`Self::tables`] and
    /// [`Self::sides`], ask those.
    pub config: Config,
    /// Accounts and credentials, in memory.
    pub directory: Directory,
    /// What all that is under way may take together.
    pub bounds: Bounds,
    /// Calls as they change, for those who watch.
    pub live: Live,
    /// Sinks that are subscribed.
    pub streams: streams::outlets::Current,
    /// Endpoints that nothing is sent to for now.
    pub pauses: Pauses,
    /// Counters for `/metrics`, and what was said in the log.
    pub counters: Arc<Counters>,
    /// Agents and signers.
    pub tables: tables::Current,
    /// Who is who, as all nodes go by it.
    pub sides: tables::sides::Current,
    /// Where addresses are.
    pub locations: Arc<Locations>,
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
