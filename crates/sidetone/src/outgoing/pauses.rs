//! Endpoints that have asked to be left alone for a while.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sidetone_store::delivery::EndpointId;

/// Until when nothing is sent to which endpoint, by how much time has passed. In memory: after a
/// restart an endpoint is asked once, and says so again.
#[derive(Debug, Default)]
pub struct Pauses(Mutex<HashMap<EndpointId, Duration>>);

impl Pauses {
    /// Leaves an endpoint alone until then, if it is not for longer.
    pub fn pause(&self, endpoint: EndpointId, until: Duration) {
        let mut pauses = self.lock();
        let paused = pauses.entry(endpoint).or_default();
        *paused = until.max(*paused);
    }

    /// How much longer an endpoint is to be left alone. `None`: it is not.
    #[must_use]
    pub fn left(&self, endpoint: EndpointId, passed: Duration) -> Option<Duration> {
        let until = *self.lock().get(&endpoint)?;
        until.checked_sub(passed).filter(|left| !left.is_zero())
    }

    /// Takes the next turn at an endpoint that is sent one thing in so long; whether it is free.
    pub fn take_turn(&self, endpoint: EndpointId, passed: Duration, interval: Duration) -> bool {
        let mut pauses = self.lock();
        let until = pauses.entry(endpoint).or_default();
        let is_free = *until <= passed;
        if is_free {
            *until = passed.saturating_add(interval);
        }
        is_free
    }

    /// Forgets those that are over.
    pub fn forget_over(&self, passed: Duration) {
        self.lock().retain(|_, until| *until > passed);
    }

    /// A panic elsewhere leaves the map as good as it was.
    fn lock(&self) -> MutexGuard<'_, HashMap<EndpointId, Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_pause_holds_and_ends() {
        let pauses = Pauses::default();
        let (one, other) = (EndpointId::from_number(1), EndpointId::from_number(2));
        let second = Duration::from_secs;
        pauses.pause(one, second(10));
        pauses.pause(one, second(5));
        assert_eq!(pauses.left(one, second(4)), Some(second(6)));
        assert_eq!(pauses.left(other, second(4)), None);
        assert_eq!(pauses.left(one, second(10)), None);
        assert!(pauses.take_turn(one, second(10), second(1)));
        assert!(!pauses.take_turn(one, second(10), second(1)));
        assert_eq!(pauses.left(one, second(10)), Some(second(1)));
        assert!(pauses.take_turn(one, second(11), second(1)));
        pauses.forget_over(second(12));
        assert!(pauses.lock().is_empty());
    }
}
