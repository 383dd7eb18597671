//! The one place that reads the clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sidetone_core::time::TimeUs;

/// The time, real or set by a test.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<Hands>>);

/// The hands of a clock that a test moves.
#[derive(Debug, Default)]
struct Hands {
    now_us: AtomicI64,
    passed_us: AtomicI64,
}

impl Clock {
    /// A clock that stands still until it is moved.
    #[must_use]
    pub fn set_to(time: TimeUs) -> Self {
        let hands = Hands::default();
        hands.now_us.store(time.micros(), Ordering::SeqCst);
        Self(Some(Arc::new(hands)))
    }

    /// Lets time pass on a clock made by [`Self::set_to`]; the real one cannot be moved.
    pub fn advance_us(&self, us: i64) {
        self.turn_us(us);
        if let Some(hands) = &self.0 {
            hands.passed_us.fetch_add(us, Ordering::SeqCst);
        }
    }

    /// Turns a clock made by [`Self::set_to`] as who sets a clock does: no time passes.
    pub fn turn_us(&self, us: i64) {
        if let Some(hands) = &self.0 {
            hands.now_us.fetch_add(us, Ordering::SeqCst);
        }
    }

    /// Now, as people tell the time: it jumps when somebody sets the clock.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> TimeUs {
        match &self.0 {
            Some(hands) => TimeUs::from_micros(hands.now_us.load(Ordering::SeqCst)),
            None => {
                let since = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                TimeUs::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
            }
        }
    }

    /// How much time has passed since the process first asked: what durations are measured by,
    /// because nobody can set it.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn passed(&self) -> Duration {
        static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.0 {
            Some(hands) => {
                let passed_us = hands.passed_us.load(Ordering::SeqCst);
                Duration::from_micros(u64::try_from(passed_us).unwrap_or(0))
            }
            None => BEGAN.elapsed(),
        }
    }
}
