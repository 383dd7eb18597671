//! What one session has leased: deliveries to send next, and outcomes to settle.

use std::collections::VecDeque;
use std::time::Duration;

use sidetone_store::delivery::{Delivery, DeliveryId, Outcome};

/// Requests in flight to one endpoint, at the beginning of its session and at most.
const WINDOW: std::ops::RangeInclusive<usize> = 4..=16;
/// A pause of at least this is worth a line in the log; a limit of requests a second is none.
const LONG_PAUSE: Duration = Duration::from_secs(60);
/// So many outcomes are settled, even while there is more to send.
pub(super) const SETTLE_MAX: usize = 256;

pub(super) type Outcomes = Vec<(DeliveryId, Outcome)>;

/// What became of a request.
pub(super) struct Sent {
    pub(super) id: DeliveryId,
    pub(super) outcome: Outcome,
    /// Whether nobody answered.
    pub(super) is_silence: bool,
    /// How long who answered is to be left alone.
    pub(super) pause: Option<Duration>,
    /// Where it went, for people; empty when it arrived.
    pub(super) url: String,
}

impl Sent {
    /// It arrived, or there was nothing to send.
    pub(super) const fn done(id: DeliveryId) -> Self {
        Self {
            id,
            outcome: Outcome::Delivered,
            is_silence: false,
            pause: None,
            url: String::new(),
        }
    }

    /// It is given back as it was.
    pub(super) fn untried(id: DeliveryId) -> Self {
        Self {
            outcome: Outcome::Untried,
            ..Self::done(id)
        }
    }
}

pub(super) struct Batch {
    pub(super) next: VecDeque<Delivery>,
    pub(super) outcomes: Outcomes,
    /// How many are sent together, where a receiver takes that.
    pub(super) together: usize,
    /// How many requests may be in flight: fewer when nobody answers, so that a dead endpoint costs little.
    pub(super) window: usize,
    /// Whether nobody answers, not even one request at a time.
    pub(super) is_silent: bool,
    /// Whether a failure of this session was logged: of the many that an endpoint may have, the
    /// first.
    is_logged: bool,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            next: VecDeque::new(),
            outcomes: Vec::new(),
            together: 1,
            window: *WINDOW.start(),
            is_silent: false,
            is_logged: false,
        }
    }
}

impl Batch {
    /// What is to be sent next.
    pub(super) fn next_together(&mut self) -> Vec<Delivery> {
        let count = self.together.min(self.next.len());
        self.next.drain(..count).collect()
    }

    /// Notes how requests ended. Returns what their lane sends next; nothing, when there is nothing
    /// or the session has to decide: how many lanes there are, when to settle.
    pub(super) fn note(&mut self, sent: Vec<Sent>) -> Vec<Delivery> {
        let before = self.outcomes.len();
        let (mut is_silence, mut is_paused) = (false, false);
        for sent in sent {
            is_silence |= sent.is_silence;
            is_paused |= sent.pause.is_some();
            self.note_one(sent);
        }
        if is_silence {
            self.is_silent |= self.window == 1;
            self.window = (self.window / 2).max(1);
            // At this pace the leases would end before all is sent.
            self.give_back();
            return Vec::new();
        }
        if is_paused {
            self.give_back();
            return Vec::new();
        }
        if self.window < *WINDOW.end() {
            self.window += 1;
            return Vec::new();
        }
        // The first is to be settled before long, and so many now.
        if before == 0 || before < SETTLE_MAX && SETTLE_MAX <= self.outcomes.len() {
            return Vec::new();
        }
        self.next_together()
    }

    fn note_one(&mut self, sent: Sent) {
        if let Outcome::Failed {
            error,
            retry_at: Some(retry_at),
        } = &sent.outcome
            && sent.pause.is_none_or(|pause| pause >= LONG_PAUSE)
            && !std::mem::replace(&mut self.is_logged, true)
        {
            tracing::warn!(
                delivery.id = %sent.id, url = sent.url, error, %retry_at,
                "a delivery failed and will be tried again"
            );
        }
        self.outcomes.push((sent.id, sent.outcome));
    }

    /// Gives back what is not sent yet.
    pub(super) fn give_back(&mut self) {
        let untried = self.next.drain(..);
        self.outcomes
            .extend(untried.map(|delivery| (delivery.id, Outcome::Untried)));
    }
}
