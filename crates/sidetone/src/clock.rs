//! The one place that reads the clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sidetone_core::time::TimeUs;

/// The time: real, set by a test, or real but faster.
#[derive(Debug, Clone, Default)]
pub struct Clock(Kind);

#[derive(Debug, Clone, Default)]
enum Kind {
    #[default]
    Real,
    Set(Arc<Hands>),
    /// How much faster, and what it showed when the process first asked.
    Faster(u32, TimeUs),
}

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
        Self(Kind::Set(Arc::new(hands)))
    }

    /// A clock that has run faster than the real one since a time at which both were the same.
    #[must_use]
    pub fn faster(speed: u32, since: TimeUs) -> Self {
        let (now, passed) = (real_now(), real_passed());
        let passed_us = i64::try_from(passed.as_micros()).unwrap_or(i64::MAX);
        let ahead = now.since_us(since).saturating_sub(passed_us);
        Self(Kind::Faster(
            speed,
            since.plus_us(ahead.saturating_mul(speed.into())),
        ))
    }

    /// Lets time pass on a clock made by [`Self::set_to`]; others cannot be moved.
    pub fn advance_us(&self, us: i64) {
        self.turn_us(us);
        if let Kind::Set(hands) = &self.0 {
            hands.passed_us.fetch_add(us, Ordering::SeqCst);
        }
    }

    /// Turns a clock made by [`Self::set_to`] as who sets a clock does: no time passes.
    pub fn turn_us(&self, us: i64) {
        if let Kind::Set(hands) = &self.0 {
            hands.now_us.fetch_add(us, Ordering::SeqCst);
        }
    }

    /// Now, as people tell the time: it jumps when somebody sets the clock.
    #[must_use]
    pub fn now(&self) -> TimeUs {
        match &self.0 {
            Kind::Real => real_now(),
            Kind::Set(hands) => TimeUs::from_micros(hands.now_us.load(Ordering::SeqCst)),
            Kind::Faster(_, began) => {
                let passed_us = i64::try_from(self.passed().as_micros()).unwrap_or(i64::MAX);
                began.plus_us(passed_us)
            }
        }
    }

    /// How much time has passed since the process first asked: what durations are measured by,
    /// because nobody can set it.
    #[must_use]
    pub fn passed(&self) -> Duration {
        match &self.0 {
            Kind::Real => real_passed(),
            Kind::Set(hands) => {
                let passed_us = hands.passed_us.load(Ordering::SeqCst);
                Duration::from_micros(u64::try_from(passed_us).unwrap_or(0))
            }
            Kind::Faster(speed, _) => real_passed().saturating_mul(*speed),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the clock")]
fn real_now() -> TimeUs {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    TimeUs::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[allow(clippy::disallowed_methods, reason = "this is the clock")]
fn real_passed() -> Duration {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGAN.elapsed()
}
