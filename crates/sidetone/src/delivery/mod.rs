//! Delivers what the outbox holds: at least once, in order by subject, each endpoint at its own
//! pace.

mod addressees;
mod batch;
#[cfg(feature = "email")]
mod mail;
#[cfg(not(feature = "email"))]
#[path = "no_mail.rs"]
mod mail;
pub mod receiver;
mod request;
pub mod retry;
mod sending;
mod session;
mod sink;
pub mod target;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sidetone_core::time::TimeUs;
use sidetone_store::delivery::EndpointId;
use sidetone_store::{Result, Topic};
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinError, JoinSet};

use self::addressees::Addressees;
use self::sending::Shared;
use self::session::Session;
use crate::app::App;
use crate::outgoing::client::Client;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::WorkerName;

pub use self::sending::Limits;

/// Endpoints served at once. Those beyond wait for a session, those first that were served least
/// recently: endpoints that never answer, however many and however much they are owed, keep the
/// others waiting for one session at most.
const ENDPOINTS_MAX: usize = 256;
/// Sessions that end and deliveries that come within this time share a look at the outbox.
const DEBOUNCE: Duration = Duration::from_millis(10);
/// Most endpoints that are looked at to choose from.
const DUE_MAX: usize = 64 * ENDPOINTS_MAX;

/// Gives each endpoint that is owed something a session: a task of its own.
pub struct Deliveries {
    shared: Arc<Shared>,
    /// Tells the sessions to end, at once and not after a round: an end waits for both together.
    stop: watch::Receiver<bool>,
    sessions: JoinSet<()>,
    serving: HashMap<EndpointId, Arc<Notify>>,
    endpoints: HashMap<Id, EndpointId>,
    /// Sessions ended so far, and after how many each endpoint that is still owed something had
    /// its last.
    ended: u64,
    served: HashMap<EndpointId, u64>,
}

impl Worker for Deliveries {
    const NAME: WorkerName = WorkerName::Deliveries;
    const TOPIC: Option<Topic> = Some(Topic::Deliveries);

    fn idle(&self) -> Duration {
        self.shared.limits.poll
    }

    fn debounce(&self) -> Duration {
        DEBOUNCE
    }

    /// Begins a session of every endpoint that is owed something, and tells those that are being
    /// served.
    async fn round(&mut self, now: TimeUs) -> Result<Next> {
        while let Some(ended) = self.sessions.try_join_next_with_id() {
            self.end(ended);
        }
        let mut due = self.shared.app.store.due_endpoints(now, DUE_MAX).await?;
        let passed = self.shared.app.clock.passed();
        self.shared.app.pauses.forget_over(passed);
        let owed: HashSet<EndpointId> = due.iter().copied().collect();
        self.served.retain(|endpoint, _| owed.contains(endpoint));
        // Stable: of those not served yet, the longest waiting first.
        due.sort_by_key(|endpoint| self.served.get(endpoint).copied());
        let mut is_crowded = false;
        for endpoint in due {
            if self.shared.is_paused(endpoint) {
                continue;
            }
            if let Some(more) = self.serving.get(&endpoint) {
                more.notify_one();
            } else if self.serving.len() < ENDPOINTS_MAX {
                self.begin(endpoint);
            } else {
                is_crowded = true;
            }
        }
        self.shared.is_crowded.store(is_crowded, Ordering::Relaxed);
        Ok(Next::Idle)
    }

    /// A session has ended and makes room.
    async fn woken(&mut self) {
        match self.sessions.join_next_with_id().await {
            Some(ended) => self.end(ended),
            None => std::future::pending().await,
        }
    }

    async fn finish(&mut self) {
        while self.sessions.join_next().await.is_some() {}
    }
}

impl Deliveries {
    /// Nothing is served yet.
    #[must_use]
    pub fn new(app: App, limits: Limits, stop: watch::Receiver<bool>) -> Self {
        let shared = Shared {
            client: Client::new(app.config.webhook_allow_private, limits.time_out),
            app,
            limits,
            addressees: Addressees::default(),
            is_crowded: AtomicBool::new(false),
        };
        Self {
            shared: Arc::new(shared),
            stop,
            sessions: JoinSet::new(),
            serving: HashMap::new(),
            endpoints: HashMap::new(),
            ended: 0,
            served: HashMap::new(),
        }
    }

    fn begin(&mut self, endpoint: EndpointId) {
        let more = Arc::new(Notify::new());
        let session = Session::new(Arc::clone(&self.shared), endpoint);
        let task = self
            .sessions
            .spawn(session.serve(Arc::clone(&more), self.stop.clone()));
        self.serving.insert(endpoint, more);
        self.endpoints.insert(task.id(), endpoint);
    }

    fn end(&mut self, ended: std::result::Result<(Id, ()), JoinError>) {
        let task = match ended {
            Ok((task, ())) => task,
            Err(error) => {
                tracing::error!(%error, "serving an endpoint failed");
                error.id()
            }
        };
        if let Some(endpoint) = self.endpoints.remove(&task) {
            self.serving.remove(&endpoint);
            self.ended += 1;
            self.served.insert(endpoint, self.ended);
        }
    }
}
