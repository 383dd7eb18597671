//! What all that send share, and what becomes of what was sent.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store::delivery::{Content, Delivery, DeliveryId, EndpointId, Outcome};

use super::addressees::Addressees;
use super::batch::Sent;

use super::retry;
use super::target::shown;
use crate::app::App;
use crate::outgoing::client::{Client, Failure};
use crate::telemetry::labels::DeliveryResult;

/// How long an endpoint is left alone that asks for it. Nobody may ask for longer than the longest
/// time between two tries, or for none.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(6 * 3600);

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

/// What the sessions of all endpoints share.
pub(super) struct Shared {
    pub(super) app: App,
    pub(super) client: Client,
    pub(super) limits: Limits,
    pub(super) addressees: Addressees,
    /// Whether endpoints wait for a session.
    pub(super) is_crowded: AtomicBool,
}

impl Shared {
    /// Whether an endpoint is to be left alone.
    pub(super) fn is_paused(&self, endpoint: EndpointId) -> bool {
        let app = &self.app;
        app.pauses.left(endpoint, app.clock.passed()).is_some()
    }
}

/// Why a delivery did not arrive.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Undelivered {
    /// There was no answer, or none of success.
    #[error(transparent)]
    Unanswered(#[from] Failure),
    /// It was answered, but not with success, and the answer says why.
    #[error("{0} ({1})")]
    Explained(Failure, String),
    /// There is nothing to sign it with.
    #[error("cannot be signed: its account has no auth token that opens")]
    Unsigned,
    /// Its sink cannot be read.
    #[error("its sink is not there, or does not open with the key of this server")]
    NoSink,
    /// What it tells could not be written out.
    #[error("cannot be written out: {0}")]
    Unwritten(String),
    /// It can never be taken.
    #[error("is {0} bytes long, more than may be sent there")]
    TooLarge(usize),
    /// It will not be taken, however often it is sent.
    #[error("refused for good: {0}")]
    Refused(String),
    /// It did not go out by mail.
    #[error("no mail: {0}")]
    NoMail(String),
}

impl Undelivered {
    const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Unanswered(failure) | Self::Explained(failure, _) => Some(failure),
            _ => None,
        }
    }

    /// What it was answered, if it was.
    pub(super) const fn status(&self) -> Option<u16> {
        match self.failure() {
            Some(Failure::Status { status, .. }) => Some(*status),
            _ => None,
        }
    }

    /// How long who answered wants to be left alone: what it says, within bounds.
    pub(super) fn pause(&self, now: TimeUs) -> Option<Duration> {
        let Some(Failure::Status { retry_after, .. }) = self.failure() else {
            return None;
        };
        let asked = (*retry_after)?.wait(now);
        Some(asked.clamp(PAUSE_MIN, PAUSE_MAX))
    }
}

/// What becomes of a delivery that was sent.
pub(super) fn conclude(app: &App, delivery: &Delivery, arrived: Result<(), Undelivered>) -> Sent {
    one_of(app, delivery, delivery.id, app.clock.now(), arrived)
}

/// What becomes of deliveries that were sent together: what failed together comes again together.
pub(super) fn conclude_all(
    app: &App,
    deliveries: &[Delivery],
    arrived: &Result<(), Undelivered>,
) -> Vec<Sent> {
    let now = app.clock.now();
    let Some(first) = deliveries.first() else {
        return Vec::new();
    };
    let conclude = |it| one_of(app, it, first.id, now, arrived.clone());
    deliveries.iter().map(conclude).collect()
}

/// `by`: whose chance decides when it comes again.
fn one_of(
    app: &App,
    delivery: &Delivery,
    by: DeliveryId,
    now: TimeUs,
    arrived: Result<(), Undelivered>,
) -> Sent {
    let id = delivery.id;
    match arrived {
        Ok(()) => {
            app.counters.count_delivery(DeliveryResult::Delivered);
            Sent::done(id)
        }
        Err(failure) => {
            let pause = failure.pause(now);
            if let Some(pause) = pause {
                let until = app.clock.passed().saturating_add(pause);
                app.pauses.pause(delivery.endpoint, until);
            }
            let url = match &delivery.content {
                Content::Request(sent) => shown(&sent.url),
                Content::Event(event) => event.sink.to_string(),
            };
            let retry_at = retry_at(delivery, by, &failure, pause, now);
            Sent {
                id,
                outcome: failed(app, delivery, &failure, retry_at, &url),
                is_silence: failure.failure().is_some_and(Failure::is_silence),
                pause,
                url,
            }
        }
    }
}

/// The token that an account has now.
pub(super) fn token(app: &App, account: AccountSid) -> Result<String, Undelivered> {
    let token = app.directory.primary_token(account, app.clock.now());
    token.ok_or(Undelivered::Unsigned)
}

/// When a delivery that failed is tried again. `None`: never. `by`: whose chance decides.
pub(super) fn retry_at(
    delivery: &Delivery,
    by: DeliveryId,
    failure: &Undelivered,
    pause: Option<Duration>,
    now: TimeUs,
) -> Option<TimeUs> {
    let failures = delivery.attempts.saturating_add(1);
    // However long it had to wait for others, it is not given up at once.
    let since = match delivery.attempts {
        0 => now,
        _ => delivery.queued_at,
    };
    match failure {
        // Gone, says a sink: for good.
        _ if failure.status() == Some(410) && matches!(delivery.content, Content::Event(_)) => None,
        Undelivered::TooLarge(_) | Undelivered::Refused(_) => None,
        _ => retry::next(by, failures, pause, since, now),
    }
}

/// Decides what follows on a failure.
fn failed(
    app: &App,
    delivery: &Delivery,
    failure: &Undelivered,
    retry_at: Option<TimeUs>,
    url: &str,
) -> Outcome {
    let failures = delivery.attempts.saturating_add(1);
    if retry_at.is_some() {
        app.counters.count_delivery(DeliveryResult::Failed);
        tracing::debug!(delivery.id = %delivery.id, url, failures, %failure, "a delivery failed");
    } else {
        app.counters.count_delivery(DeliveryResult::Dead);
        tracing::warn!(
            delivery.id = %delivery.id, account.sid = %delivery.account, delivery.kind, url, failures, %failure,
            "a delivery was given up; `sidetone dead-letter` lists and replays those"
        );
    }
    Outcome::Failed {
        error: failure.to_string(),
        retry_at,
    }
}
