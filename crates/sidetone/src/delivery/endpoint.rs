//! One endpoint's turn: takes what is due there, sends it, settles it.
//!
//! Three things go on at once and never wait for each other: requests in flight, deliveries in hand that are next, and
//! one call of the store that settles what has ended and takes more. So the store's commits cost no pause, and the more
//! there is to settle, the more share a commit.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sidetone_store::delivery::{Delivery, DeliveryId, EndpointId, Outcome};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Sleep;

use super::client::{Client, Failure};
use super::request::request;
use super::{Shared, retry};
use crate::app::App;
use crate::server::stopped;

/// Requests in flight to one endpoint, at the beginning of its turn and at most.
const WINDOW: std::ops::RangeInclusive<usize> = 4..=16;
/// Deliveries in hand for each that may be in flight.
const HAND: usize = 16;
/// So many that have ended are settled, even while there are more in hand.
const SETTLE_MAX: usize = 128;
/// So long after it has ended, each is settled: the next of its subject waits for that.
const SETTLE_TIME: Duration = Duration::from_millis(100);
/// How long a delivery is ours: longer than it and those in hand before it can take.
const LEASE_US: i64 = 600_000_000;
/// After this long an endpoint makes room for others, when any wait.
const TURN: Duration = Duration::from_secs(10);
/// Pause when nobody answers, not even one request at a time.
const REST: Duration = Duration::from_secs(1);
/// Pause after the store failed.
const RETRY: Duration = Duration::from_secs(1);

type Settled = Vec<(DeliveryId, Outcome)>;
/// A call of the store on its way. What it could not settle comes back.
type Exchange = Pin<Box<dyn Future<Output = Result<Vec<Delivery>, Settled>> + Send>>;

/// What became of a request.
struct Sent {
    id: DeliveryId,
    outcome: Outcome,
    /// Whether nobody answered.
    is_silence: bool,
}

/// An endpoint being served.
pub(super) struct Turn {
    shared: Arc<Shared>,
    endpoint: EndpointId,
    in_hand: VecDeque<Delivery>,
    in_flight: JoinSet<Sent>,
    /// How many may be in flight: fewer when nobody answers, so that a dead endpoint costs little.
    window: usize,
    /// While it lasts, nothing is sent.
    rest: Option<Pin<Box<Sleep>>>,
    settled: Settled,
    /// When it ends, what is settled is not left any longer.
    patience: Option<Pin<Box<Sleep>>>,
    exchange: Option<Exchange>,
    /// Whether there may be something to take.
    is_owed: bool,
    /// Whether a failure of this turn was told: of the many that an endpoint may have, the first.
    is_told: bool,
}

impl Turn {
    pub(super) fn new(shared: Arc<Shared>, endpoint: EndpointId) -> Self {
        Self {
            shared,
            endpoint,
            in_hand: VecDeque::new(),
            in_flight: JoinSet::new(),
            window: *WINDOW.start(),
            rest: None,
            settled: Vec::new(),
            patience: None,
            exchange: None,
            is_owed: true,
            is_told: false,
        }
    }

    /// Serves until nothing is due, a stop is asked for, or the turn is over and others wait. `more` says that something
    /// new may be due.
    pub(super) async fn serve(mut self, more: Arc<Notify>, mut stop: watch::Receiver<bool>) {
        let turn = tokio::time::sleep(TURN);
        tokio::pin!(turn);
        let mut is_stopping = false;
        loop {
            let is_over = turn.is_elapsed() && self.shared.crowded.load(Ordering::Relaxed);
            if is_stopping || is_over {
                break;
            }
            self.send();
            self.exchange();
            if self.exchange.is_none() && self.in_flight.is_empty() && self.in_hand.is_empty() {
                return;
            }
            tokio::select! {
                Some(sent) = self.in_flight.join_next() => self.note(sent.ok()),
                exchanged = end_of(&mut self.exchange) => self.take(exchanged),
                () = end_of(&mut self.rest) => self.rest = None,
                () = end_of(&mut self.patience), if self.exchange.is_none() => self.settle_and_take(),
                () = more.notified() => self.is_owed = true,
                () = &mut turn, if !turn.is_elapsed() => {}
                () = stopped(&mut stop) => is_stopping = true,
            }
        }
        self.finish(is_stopping).await;
    }

    /// Sends what is in hand, as far as the window allows.
    fn send(&mut self) {
        while self.rest.is_none()
            && self.in_flight.len() < self.window
            && let Some(delivery) = self.in_hand.pop_front()
        {
            let shared = Arc::clone(&self.shared);
            self.in_flight
                .spawn(async move { send(&shared.app, &shared.client, delivery).await });
        }
    }

    /// Settles and takes, when there is enough of it and no call is on its way.
    fn exchange(&mut self) {
        let is_low = self.in_hand.is_empty() && (self.is_owed || !self.settled.is_empty());
        if self.exchange.is_none() && (is_low || self.settled.len() >= SETTLE_MAX) {
            self.settle_and_take();
        }
    }

    fn settle_and_take(&mut self) {
        let room = (HAND * self.window).saturating_sub(self.in_hand.len());
        self.call(room);
    }

    fn call(&mut self, limit: usize) {
        self.patience = None;
        let settled = std::mem::take(&mut self.settled);
        // What is given back is taken by the next call.
        self.is_owed = settled
            .iter()
            .any(|(_, outcome)| *outcome == Outcome::Untried);
        let (app, endpoint) = (self.shared.app.clone(), self.endpoint);
        self.exchange = Some(Box::pin(async move {
            let now = app.clock.now();
            let taken = app.store.take_deliveries(
                endpoint,
                settled.clone(),
                limit,
                now,
                now.plus_us(LEASE_US),
            );
            match taken.await {
                Ok(taken) => Ok(taken),
                Err(error) => {
                    tracing::error!(%error, "deliveries could not be settled; it will be tried again");
                    tokio::time::sleep(RETRY).await;
                    Err(settled)
                }
            }
        }));
    }

    /// Notes how a call of the store ended.
    fn take(&mut self, exchanged: Result<Vec<Delivery>, Settled>) {
        self.exchange = None;
        match exchanged {
            Ok(taken) => {
                self.is_owed |= !taken.is_empty();
                self.in_hand.extend(taken);
            }
            Err(unsettled) => {
                self.is_owed = true;
                self.settled.extend(unsettled);
            }
        }
    }

    /// Notes how a request ended.
    fn note(&mut self, sent: Option<Sent>) {
        // None: its task failed. It is leased until it is tried again.
        let Some(sent) = sent else { return };
        if let Outcome::Failed {
            error,
            retry_at: Some(retry_at),
        } = &sent.outcome
            && !std::mem::replace(&mut self.is_told, true)
        {
            tracing::warn!(delivery.id = %sent.id, error, %retry_at, "a delivery failed and will be tried again");
        }
        self.settled.push((sent.id, sent.outcome));
        if self.patience.is_none() {
            self.patience = Some(Box::pin(tokio::time::sleep(SETTLE_TIME)));
        }
        if !sent.is_silence {
            self.window = (self.window + 1).min(*WINDOW.end());
            return;
        }
        if self.window == 1 {
            self.rest = Some(Box::pin(tokio::time::sleep(REST)));
        }
        self.window = (self.window / 2).max(1);
        // What is in hand would outlive its lease at this pace.
        self.give_back();
    }

    /// Gives back what is in hand.
    fn give_back(&mut self) {
        let untried = self.in_hand.drain(..);
        self.settled
            .extend(untried.map(|delivery| (delivery.id, Outcome::Untried)));
    }

    /// Lets what is in flight end, gives back what is in hand, settles.
    async fn finish(mut self, is_stopping: bool) {
        if self.exchange.is_some() {
            let exchanged = end_of(&mut self.exchange).await;
            self.take(exchanged);
        }
        let limits = &self.shared.limits;
        let patience = if is_stopping {
            limits.drain
        } else {
            limits.time_out + RETRY
        };
        let landing = tokio::time::sleep(patience);
        tokio::pin!(landing);
        while !self.in_flight.is_empty() && !landing.is_elapsed() {
            tokio::select! {
                Some(sent) = self.in_flight.join_next() => self.note(sent.ok()),
                () = &mut landing => {}
            }
        }
        self.give_back();
        loop {
            self.call(0);
            match end_of(&mut self.exchange).await {
                Err(_) if is_stopping => {
                    tracing::warn!("deliveries were not settled: some may be sent twice");
                    return;
                }
                // Their leases would keep them for minutes.
                Err(unsettled) => self.settled = unsettled,
                Ok(_) => return,
            }
        }
    }
}

/// The end of what goes on, if it does; else it never comes.
async fn end_of<F: Future + Unpin>(going_on: &mut Option<F>) -> F::Output {
    match going_on {
        Some(going_on) => going_on.await,
        None => std::future::pending().await,
    }
}

/// Sends a delivery, signed with the token that its account has now.
async fn send(app: &App, client: &Client, delivery: Delivery) -> Sent {
    let signed = match app
        .directory
        .primary_token(delivery.account, app.clock.now())
    {
        Some(token) => request(&delivery, &token),
        None => Err(Failure::Unsigned),
    };
    let arrived = match signed {
        Ok(request) => client.send(request).await,
        Err(failure) => Err(failure),
    };
    let id = delivery.id;
    match arrived {
        Ok(()) => {
            app.counters.count_delivery("delivered");
            Sent {
                id,
                outcome: Outcome::Delivered,
                is_silence: false,
            }
        }
        Err(failure) => {
            let is_silence = failure.is_silence();
            Sent {
                id,
                outcome: failed(app, &delivery, &failure),
                is_silence,
            }
        }
    }
}

/// Decides what follows on a failure.
fn failed(app: &App, delivery: &Delivery, failure: &Failure) -> Outcome {
    let failures = delivery.attempts.saturating_add(1);
    let retry_at = retry::next(delivery.id, failures, delivery.queued_at, app.clock.now());
    if retry_at.is_some() {
        app.counters.count_delivery("failed");
        tracing::debug!(delivery.id = %delivery.id, failures, %failure, "a delivery failed");
    } else {
        app.counters.count_delivery("dead");
        tracing::warn!(
            delivery.id = %delivery.id, account.sid = %delivery.account, delivery.kind, failures, %failure,
            "a delivery was given up; `sidetone dead-letter` lists and replays those"
        );
    }
    Outcome::Failed {
        error: failure.to_string(),
        retry_at,
    }
}
