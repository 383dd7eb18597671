//! One endpoint's session: leases what is due there, sends it, settles it.
//!
//! Three things go on at once and never wait for each other: requests in flight, leased deliveries
//! that are next, and one call of the store that settles what has ended and leases more. So the
//! store's commits cost no pause, and the more there is to settle, the more share a commit.
//! Requests are sent by lanes, tasks which take the next of the batch (batch.rs) themselves and
//! end when there is something to decide.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sidetone_store::delivery::{Content, Delivery, EndpointId, Outcome, Signature};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Sleep;

use super::batch::{Batch, Outcomes, SETTLE_MAX, Sent};
use super::receiver;
use super::request::request;
use super::sending::{Shared, Undelivered, conclude, token};
use super::sink;
use crate::app::App;
use crate::outgoing::client::Client;
use crate::shutdown::stopped;

/// Deliveries leased for each that may be in flight.
const LEASED: usize = 24;
/// How long a delivery is leased: longer than it and those before it in the batch can take.
const LEASE_US: i64 = 600_000_000;
/// So long after the first outcome, all are settled: the next of their subjects wait for that.
const SETTLE_DEBOUNCE: Duration = Duration::from_millis(100);
/// After this long a session ends, when other endpoints wait for one.
const SESSION_TIME: Duration = Duration::from_secs(10);
/// Pause when nobody answers, not even one request at a time.
const BACK_OFF: Duration = Duration::from_secs(1);
/// Pause after the store failed.
const RETRY: Duration = Duration::from_secs(1);

/// What a call of the store leased, and how many of that are sent together; or what it could not
/// settle.
type Exchanged = Result<(Vec<Delivery>, usize), Outcomes>;
/// A call of the store on its way.
type Exchange = Pin<Box<dyn Future<Output = Exchanged> + Send>>;

/// An endpoint being served.
pub(super) struct Session {
    shared: Arc<Shared>,
    endpoint: EndpointId,
    batch: Arc<Mutex<Batch>>,
    lanes: JoinSet<()>,
    /// While it lasts, nothing is sent.
    back_off: Option<Pin<Box<Sleep>>>,
    /// When it ends, what has an outcome is settled.
    settle_due: Option<Pin<Box<Sleep>>>,
    exchange: Option<Exchange>,
    /// Whether there may be something to lease.
    may_be_due: bool,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, endpoint: EndpointId) -> Self {
        Self {
            shared,
            endpoint,
            batch: Arc::default(),
            lanes: JoinSet::new(),
            back_off: None,
            settle_due: None,
            exchange: None,
            may_be_due: true,
        }
    }

    /// A panic elsewhere leaves it as good as it was.
    fn batch(&self) -> MutexGuard<'_, Batch> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves until nothing is due, a stop is asked for, or the session's time is over and others
    /// wait. `more` says that something new may be due.
    pub(super) async fn serve(mut self, more: Arc<Notify>, mut stop: watch::Receiver<bool>) {
        let time = tokio::time::sleep(SESSION_TIME);
        tokio::pin!(time);
        let mut is_stopping = false;
        loop {
            let is_over = time.is_elapsed() && self.shared.is_crowded.load(Ordering::Relaxed);
            // Who asked for it is left alone: what is leased is given back.
            if is_stopping || is_over || self.shared.is_paused(self.endpoint) {
                break;
            }
            self.send();
            self.exchange();
            if self.exchange.is_none() && self.lanes.is_empty() && self.batch().next.is_empty() {
                return;
            }
            tokio::select! {
                Some(_) = self.lanes.join_next() => self.decide(),
                exchanged = end_of(&mut self.exchange) => self.take(exchanged),
                () = end_of(&mut self.back_off) => self.back_off = None,
                () = end_of(&mut self.settle_due), if self.exchange.is_none() => self.settle_and_lease(),
                () = more.notified() => self.may_be_due = true,
                () = &mut time, if !time.is_elapsed() => {}
                () = stopped(&mut stop) => is_stopping = true,
            }
        }
        self.finish(is_stopping).await;
    }

    /// Opens a lane for each of the batch, as far as the window allows.
    fn send(&mut self) {
        while self.back_off.is_none()
            && let Some(deliveries) = self.next()
        {
            let lane = lane(
                Arc::clone(&self.shared),
                Arc::clone(&self.batch),
                deliveries,
            );
            self.lanes.spawn(lane);
        }
    }

    fn next(&self) -> Option<Vec<Delivery>> {
        let mut batch = self.batch();
        let is_open = self.lanes.len() < batch.window;
        let next = is_open.then(|| batch.next_together())?;
        (!next.is_empty()).then_some(next)
    }

    /// Settles and leases, when there is enough of it and no call is on its way.
    fn exchange(&mut self) {
        let is_due = {
            let batch = self.batch();
            let is_low = batch.next.is_empty() && (self.may_be_due || !batch.outcomes.is_empty());
            is_low || batch.outcomes.len() >= SETTLE_MAX
        };
        if self.exchange.is_none() && is_due {
            self.settle_and_lease();
        }
    }

    fn settle_and_lease(&mut self) {
        let room = {
            let batch = self.batch();
            let leased = (LEASED * batch.window).max(batch.together);
            leased.saturating_sub(batch.next.len())
        };
        self.call(room);
    }

    fn call(&mut self, limit: usize) {
        self.settle_due = None;
        let outcomes = std::mem::take(&mut self.batch().outcomes);
        // What is given back is leased by the next call.
        self.may_be_due = outcomes
            .iter()
            .any(|(_, outcome)| *outcome == Outcome::Untried);
        let (app, endpoint) = (self.shared.app.clone(), self.endpoint);
        self.exchange = Some(Box::pin(async move {
            let take = |settled, limit| {
                let now = app.clock.now();
                let until = now.plus_us(LEASE_US);
                app.store
                    .take_deliveries(endpoint, settled, limit, now, until)
            };
            let mut taken = match take(outcomes.clone(), limit).await {
                Ok(taken) => taken,
                Err(error) => {
                    tracing::error!(%error, "deliveries could not be settled; it will be tried again");
                    tokio::time::sleep(RETRY).await;
                    return Err(outcomes);
                }
            };
            let together = sink::together(&app, taken.first()).await;
            // The first call of a session does not know yet how many these are.
            if (1..together).contains(&limit) && taken.len() == limit {
                match take(Vec::new(), together - limit).await {
                    Ok(more) => taken.extend(more),
                    Err(error) => tracing::warn!(%error, "no more deliveries could be taken"),
                }
            }
            Ok((taken, together))
        }));
    }

    /// Notes how a call of the store ended.
    fn take(&mut self, exchanged: Exchanged) {
        self.exchange = None;
        match exchanged {
            Ok((taken, together)) => {
                self.may_be_due |= !taken.is_empty();
                let mut batch = self.batch();
                if !taken.is_empty() {
                    batch.together = together;
                }
                batch.next.extend(taken);
            }
            Err(unsettled) => {
                self.may_be_due = true;
                self.batch().outcomes.extend(unsettled);
            }
        }
    }

    /// Does what a lane has ended for.
    fn decide(&mut self) {
        let (is_silent, has_outcomes) = {
            let mut batch = self.batch();
            (
                std::mem::take(&mut batch.is_silent),
                !batch.outcomes.is_empty(),
            )
        };
        if is_silent {
            self.back_off = Some(Box::pin(tokio::time::sleep(BACK_OFF)));
        }
        if has_outcomes && self.settle_due.is_none() {
            self.settle_due = Some(Box::pin(tokio::time::sleep(SETTLE_DEBOUNCE)));
        }
    }

    /// Lets what is in flight end, gives back what is not, settles.
    async fn finish(mut self, is_stopping: bool) {
        let limits = &self.shared.limits;
        let drain = tokio::time::sleep(if is_stopping {
            limits.drain
        } else {
            limits.time_out + RETRY
        });
        tokio::pin!(drain);
        // Senders end when there is nothing to send.
        self.batch().give_back();
        if self.exchange.is_some() {
            let exchanged = end_of(&mut self.exchange).await;
            self.take(exchanged);
            self.batch().give_back();
        }
        while !self.lanes.is_empty() && !drain.is_elapsed() {
            tokio::select! {
                Some(_) = self.lanes.join_next() => {}
                () = &mut drain => {}
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
                Err(unsettled) => self.batch().outcomes.extend(unsettled),
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

/// Sends deliveries, and then the next of the batch, one after the other, until there is something
/// to decide. When it fails itself, what it was sending is leased until it is tried again.
async fn lane(shared: Arc<Shared>, batch: Arc<Mutex<Batch>>, deliveries: Vec<Delivery>) {
    let mut next = deliveries;
    while let Some(first) = next.first() {
        let sent = match &first.content {
            Content::Event(_) if receiver::is_told(&first.kind) => {
                receiver::send(&shared, next).await
            }
            Content::Event(_) => sink::send(&shared, next).await,
            Content::Request(_) => send(&shared.app, &shared.client, next).await,
        };
        let mut batch = batch.lock().unwrap_or_else(PoisonError::into_inner);
        next = batch.note(sent);
    }
}

/// Sends requests that stand in the outbox as they are.
async fn send(app: &App, client: &Client, deliveries: Vec<Delivery>) -> Vec<Sent> {
    let mut sent = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let token = match delivery.signature {
            Signature::Twilio => token(app, delivery.account).map(Some),
            Signature::None => Ok(None),
        };
        let request = token.and_then(|token| match &delivery.content {
            Content::Request(sent) => Ok(request(delivery.id, sent, token.as_deref())?),
            Content::Event(_) => Err(Undelivered::NoSink),
        });
        let arrived = match request {
            Ok(request) => client
                .send(request)
                .await
                .map(drop)
                .map_err(Undelivered::from),
            Err(failure) => Err(failure),
        };
        sent.push(conclude(app, &delivery, arrived));
    }
    sent
}
