//! Delivers what the outbox holds: at least once, in order by subject, each endpoint at its own
//! pace.

pub mod client;
mod connect;
mod endpoint;
mod hand;
mod request;
pub mod retry;
pub mod target;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sidetone_store::Topic;
use sidetone_store::delivery::EndpointId;
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinSet};

use self::client::Client;
use self::endpoint::{Shared, Turn};
use crate::app::App;
use crate::shutdown::stopped;

pub use self::endpoint::Limits;

/// Endpoints served at once. Those beyond wait for their turn, those first that were served least
/// recently: endpoints that never answer, however many and however much they are owed, keep the
/// others waiting for one turn at most.
const ENDPOINTS_MAX: usize = 256;
/// Shortest time between two looks at the outbox.
const PAUSE: Duration = Duration::from_millis(10);
/// Most endpoints that are looked at to choose from.
const DUE_MAX: usize = 64 * ENDPOINTS_MAX;

/// Delivers until a stop is asked for, then lets what is in flight end.
pub async fn run(app: App, limits: Limits, mut stop: watch::Receiver<bool>) {
    let shared = Arc::new(Shared {
        client: Client::new(app.config.webhook_allow_private, limits.time_out),
        app,
        limits,
        crowded: AtomicBool::new(false),
    });
    let mut wakeups = shared.app.store.wakeups(Topic::Deliveries);
    let mut turns = Turns::default();
    loop {
        if let Err(error) = turns.begin(&shared, &stop).await {
            tracing::error!(%error, "the outbox could not be read; it will be tried again");
        }
        tokio::time::sleep(PAUSE).await;
        tokio::select! {
            _ = wakeups.changed() => {}
            () = tokio::time::sleep(limits.poll) => {}
            Some(ended) = turns.tasks.join_next_with_id() => {
                // All that have ended meanwhile make room together.
                turns.end(ended);
                while let Some(ended) = turns.tasks.try_join_next_with_id() {
                    turns.end(ended);
                }
            }
            () = stopped(&mut stop) => break,
        }
    }
    while turns.tasks.join_next().await.is_some() {}
}

/// The endpoints that are being served.
#[derive(Default)]
struct Turns {
    tasks: JoinSet<()>,
    serving: HashMap<EndpointId, Arc<Notify>>,
    endpoints: HashMap<Id, EndpointId>,
    /// Turns ended so far, and after how many each endpoint that is still owed something had its
    /// last.
    ended: u64,
    served: HashMap<EndpointId, u64>,
}

impl Turns {
    /// Begins a turn of every endpoint that is owed something, and tells those that are being
    /// served.
    async fn begin(
        &mut self,
        shared: &Arc<Shared>,
        stop: &watch::Receiver<bool>,
    ) -> sidetone_store::Result<()> {
        let now = shared.app.clock.now();
        let mut due = shared.app.store.due_endpoints(now, DUE_MAX).await?;
        let owed: HashSet<EndpointId> = due.iter().copied().collect();
        self.served.retain(|endpoint, _| owed.contains(endpoint));
        // Stable: of those not served yet, the longest waiting first.
        due.sort_by_key(|endpoint| self.served.get(endpoint).copied());
        let mut is_crowded = false;
        for endpoint in due {
            if let Some(more) = self.serving.get(&endpoint) {
                more.notify_one();
            } else if self.serving.len() < ENDPOINTS_MAX {
                let more = Arc::new(Notify::new());
                let turn = Turn::new(Arc::clone(shared), endpoint);
                let task = self
                    .tasks
                    .spawn(turn.serve(Arc::clone(&more), stop.clone()));
                self.serving.insert(endpoint, more);
                self.endpoints.insert(task.id(), endpoint);
            } else {
                is_crowded = true;
            }
        }
        shared.crowded.store(is_crowded, Ordering::Relaxed);
        Ok(())
    }

    fn end(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
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
