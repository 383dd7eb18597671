//! One endpoint's turn: takes what is due there, sends it, settles it.
//!
//! Three things go on at once and never wait for each other: requests in flight, deliveries in hand
//! that are next, and one call of the store that settles what has ended and takes more. So the
//! store's commits cost no pause, and the more there is to settle, the more share a commit.
//! Requests leave by lanes, which help themselves to what is in hand (hand.rs) and come back when
//! there is something to decide.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sidetone_store::delivery::{Delivery, EndpointId, Outcome};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Sleep;

use super::client::{Client, Failure};
use super::hand::{Hand, SETTLE_MAX, Sent, Settled};
use super::request::request;
use super::retry;
use crate::app::App;
use crate::shutdown::stopped;
use crate::telemetry::labels::DeliveryResult;

/// Deliveries in hand for each that may be in flight.
const HAND: usize = 24;
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

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// One request, from looking up the host to the end of the answer.
    pub time_out: Duration,
    /// What is in flight when a stop is asked for.
    pub drain: Duration,
    /// Time between two looks at the outbox when nobody says that it has something new.
    pub poll: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time_out: Duration::from_secs(15),
            drain: Duration::from_secs(8),
            poll: Duration::from_secs(1),
        }
    }
}

/// What the turns of all endpoints share.
pub(super) struct Shared {
    pub(super) app: App,
    pub(super) client: Client,
    pub(super) limits: Limits,
    /// Whether endpoints wait for a turn.
    pub(super) crowded: AtomicBool,
}

/// A call of the store on its way. What it could not settle comes back.
type Exchange = Pin<Box<dyn Future<Output = Result<Vec<Delivery>, Settled>> + Send>>;

/// An endpoint being served.
pub(super) struct Turn {
    shared: Arc<Shared>,
    endpoint: EndpointId,
    hand: Arc<Mutex<Hand>>,
    lanes: JoinSet<()>,
    /// While it lasts, nothing is sent.
    rest: Option<Pin<Box<Sleep>>>,
    /// When it ends, what is settled is not left any longer.
    patience: Option<Pin<Box<Sleep>>>,
    exchange: Option<Exchange>,
    /// Whether there may be something to take.
    is_owed: bool,
}

impl Turn {
    pub(super) fn new(shared: Arc<Shared>, endpoint: EndpointId) -> Self {
        Self {
            shared,
            endpoint,
            hand: Arc::default(),
            lanes: JoinSet::new(),
            rest: None,
            patience: None,
            exchange: None,
            is_owed: true,
        }
    }

    /// A panic elsewhere leaves it as good as it was.
    fn hand(&self) -> MutexGuard<'_, Hand> {
        self.hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves until nothing is due, a stop is asked for, or the turn is over and others wait.
    /// `more` says that something new may be due.
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
            if self.exchange.is_none() && self.lanes.is_empty() && self.hand().next.is_empty() {
                return;
            }
            tokio::select! {
                Some(_) = self.lanes.join_next() => self.decide(),
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

    /// Opens a lane for each of what is in hand, as far as the window allows.
    fn send(&mut self) {
        while self.rest.is_none()
            && let Some(delivery) = self.next()
        {
            let lane = lane(Arc::clone(&self.shared), Arc::clone(&self.hand), delivery);
            self.lanes.spawn(lane);
        }
    }

    fn next(&self) -> Option<Delivery> {
        let mut hand = self.hand();
        let is_open = self.lanes.len() < hand.window;
        is_open.then(|| hand.next.pop_front())?
    }

    /// Settles and takes, when there is enough of it and no call is on its way.
    fn exchange(&mut self) {
        let is_due = {
            let hand = self.hand();
            let is_low = hand.next.is_empty() && (self.is_owed || !hand.settled.is_empty());
            is_low || hand.settled.len() >= SETTLE_MAX
        };
        if self.exchange.is_none() && is_due {
            self.settle_and_take();
        }
    }

    fn settle_and_take(&mut self) {
        let room = {
            let hand = self.hand();
            (HAND * hand.window).saturating_sub(hand.next.len())
        };
        self.call(room);
    }

    fn call(&mut self, limit: usize) {
        self.patience = None;
        let settled = std::mem::take(&mut self.hand().settled);
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
                self.hand().next.extend(taken);
            }
            Err(unsettled) => {
                self.is_owed = true;
                self.hand().settled.extend(unsettled);
            }
        }
    }

    /// Does what a lane came back for.
    fn decide(&mut self) {
        let (is_silent, has_settled) = {
            let mut hand = self.hand();
            (
                std::mem::take(&mut hand.is_silent),
                !hand.settled.is_empty(),
            )
        };
        if is_silent {
            self.rest = Some(Box::pin(tokio::time::sleep(REST)));
        }
        if has_settled && self.patience.is_none() {
            self.patience = Some(Box::pin(tokio::time::sleep(SETTLE_TIME)));
        }
    }

    /// Lets what is in flight end, gives back what is in hand, settles.
    async fn finish(mut self, is_stopping: bool) {
        // Lanes end when nothing is in hand.
        self.hand().give_back();
        if self.exchange.is_some() {
            let exchanged = end_of(&mut self.exchange).await;
            self.take(exchanged);
            self.hand().give_back();
        }
        let limits = &self.shared.limits;
        let patience = if is_stopping {
            limits.drain
        } else {
            limits.time_out + RETRY
        };
        let landing = tokio::time::sleep(patience);
        tokio::pin!(landing);
        while !self.lanes.is_empty() && !landing.is_elapsed() {
            tokio::select! {
                Some(_) = self.lanes.join_next() => {}
                () = &mut landing => {}
            }
        }
        loop {
            self.call(0);
            match end_of(&mut self.exchange).await {
                Err(_) if is_stopping => {
                    tracing::warn!("deliveries were not settled: some may be sent twice");
                    return;
                }
                // Their leases would keep them for minutes.
                Err(unsettled) => self.hand().settled.extend(unsettled),
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

/// Sends a delivery, and what is in hand then, one after the other, until there is something to
/// decide. When it fails itself, what it was sending is leased until it is tried again.
async fn lane(shared: Arc<Shared>, hand: Arc<Mutex<Hand>>, delivery: Delivery) {
    let mut next = Some(delivery);
    while let Some(delivery) = next {
        let sent = send(&shared.app, &shared.client, delivery).await;
        let mut hand = hand.lock().unwrap_or_else(PoisonError::into_inner);
        next = hand.note(sent);
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
            app.counters.count_delivery(DeliveryResult::Delivered);
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
    let now = app.clock.now();
    // However long it had to wait for others, it is not given up at once.
    let since = match delivery.attempts {
        0 => now,
        _ => delivery.queued_at,
    };
    let retry_at = retry::next(delivery.id, failures, since, now);
    if retry_at.is_some() {
        app.counters.count_delivery(DeliveryResult::Failed);
        tracing::debug!(delivery.id = %delivery.id, failures, %failure, "a delivery failed");
    } else {
        app.counters.count_delivery(DeliveryResult::Dead);
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
