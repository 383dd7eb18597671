//! What one endpoint's turn has in hand: deliveries that are next, and those that have ended.

use std::collections::VecDeque;

use sidetone_store::delivery::{Delivery, DeliveryId, Outcome};

/// Requests in flight to one endpoint, at the beginning of its turn and at most.
const WINDOW: std::ops::RangeInclusive<usize> = 4..=16;
/// So many that have ended are settled, even while there are more in hand.
pub(super) const SETTLE_MAX: usize = 256;

pub(super) type Settled = Vec<(DeliveryId, Outcome)>;

/// What became of a request.
pub(super) struct Sent {
    pub(super) id: DeliveryId,
    pub(super) outcome: Outcome,
    /// Whether nobody answered.
    pub(super) is_silence: bool,
}

pub(super) struct Hand {
    pub(super) next: VecDeque<Delivery>,
    pub(super) settled: Settled,
    /// How many may be in flight: fewer when nobody answers, so that a dead endpoint costs little.
    pub(super) window: usize,
    /// Whether nobody answers, not even one request at a time.
    pub(super) is_silent: bool,
    /// Whether a failure of this turn was told: of the many that an endpoint may have, the first.
    is_told: bool,
}

impl Default for Hand {
    fn default() -> Self {
        Self {
            next: VecDeque::new(),
            settled: Vec::new(),
            window: *WINDOW.start(),
            is_silent: false,
            is_told: false,
        }
    }
}

impl Hand {
    /// Notes how a request ended. Returns what its lane sends next; nothing, when there is nothing or the turn has to
    /// decide: how many lanes there are, when to settle.
    pub(super) fn note(&mut self, sent: Sent) -> Option<Delivery> {
        if let Outcome::Failed {
            error,
            retry_at: Some(retry_at),
        } = &sent.outcome
            && !std::mem::replace(&mut self.is_told, true)
        {
            tracing::warn!(delivery.id = %sent.id, error, %retry_at, "a delivery failed and will be tried again");
        }
        self.settled.push((sent.id, sent.outcome));
        if sent.is_silence {
            self.is_silent |= self.window == 1;
            self.window = (self.window / 2).max(1);
            // What is in hand would outlive its lease at this pace.
            self.give_back();
            return None;
        }
        if self.window < *WINDOW.end() {
            self.window += 1;
            return None;
        }
        // The first is to be settled before long, and so many now.
        if matches!(self.settled.len(), 1 | SETTLE_MAX) {
            return None;
        }
        self.next.pop_front()
    }

    /// Gives back what is in hand.
    pub(super) fn give_back(&mut self) {
        let untried = self.next.drain(..);
        self.settled
            .extend(untried.map(|delivery| (delivery.id, Outcome::Untried)));
    }
}
