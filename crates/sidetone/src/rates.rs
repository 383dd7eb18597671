//! How often something may be done: leaky buckets, one for each of whom it is counted by.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many requests may still be made; a leaky bucket a second deep.
#[derive(Debug, Default)]
pub struct RateLimit {
    /// When the bucket will have drained, microseconds of the time that has passed: a clock that is
    /// set back locks nobody out.
    drained_at_us: AtomicU64,
}

fn micros(passed: Duration) -> u64 {
    u64::try_from(passed.as_micros()).unwrap_or(u64::MAX)
}

impl RateLimit {
    /// Takes one request out. When there is none left: the seconds to wait, at least 1.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn take(&self, passed: Duration, per_second: u32) -> Result<(), u64> {
        if per_second == 0 {
            return Ok(());
        }
        let cost = 1_000_000 / u64::from(per_second).min(1_000_000);
        let now = micros(passed);
        let take = |drained: u64| {
            let after = drained.max(now) + cost;
            (after - now <= 1_000_000).then_some(after)
        };
        match self
            .drained_at_us
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
        {
            Ok(_) => Ok(()),
            Err(_) => Err(1),
        }
    }

    fn is_drained(&self, passed: Duration) -> bool {
        self.drained_at_us.load(Ordering::Relaxed) <= micros(passed)
    }
}

/// The most that are told apart; who is beyond waits until others have drained.
const KEYS_MAX: usize = 20_000;

/// A limit for each of many.
#[derive(Debug)]
pub struct RateLimits<K>(Mutex<HashMap<K, RateLimit>>);

impl<K> Default for RateLimits<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> RateLimits<K> {
    /// Takes one request out of somebody's limit.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn take(&self, key: K, passed: Duration, per_second: u32) -> Result<(), u64> {
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if limits.len() >= KEYS_MAX && !limits.contains_key(&key) {
            limits.retain(|_, limit| !limit.is_drained(passed));
            if limits.len() >= KEYS_MAX {
                return Err(1);
            }
        }
        limits.entry(key).or_default().take(passed, per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_and_comes_back() {
        let rate_limit = RateLimit::default();
        let now = Duration::from_secs(1_000);
        let taken = (0..20).filter(|_| rate_limit.take(now, 10).is_ok()).count();
        assert_eq!(taken, 10);
        assert_eq!(rate_limit.take(now, 10), Err(1));
        assert_eq!(
            rate_limit.take(now + Duration::from_millis(100), 10),
            Ok(())
        );
        assert_eq!(rate_limit.take(now, 0), Ok(()));
    }

    #[test]
    fn each_has_a_budget_of_its_own_and_memory_is_bounded() {
        let limits = RateLimits::default();
        let now = Duration::from_secs(1_000);
        assert_eq!(limits.take(0, now, 1), Ok(()));
        assert_eq!(limits.take(0, now, 1), Err(1));
        assert_eq!(limits.take(1, now, 1), Ok(()));
        for key in 2..KEYS_MAX {
            assert_eq!(limits.take(key, now, 1), Ok(()));
        }
        assert_eq!(limits.take(KEYS_MAX, now, 1), Err(1));
        assert_eq!(
            limits.take(KEYS_MAX, now + Duration::from_secs(1), 1),
            Ok(())
        );
        assert_eq!(limits.0.lock().unwrap().len(), 1);
    }
}
