//! The one place that reads the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sidetone_core::time::TimeUs;

/// The time, real or set by a test.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// A clock that stands still until it is moved.
    #[must_use]
    pub fn set_to(time: TimeUs) -> Self {
        Self(Some(Arc::new(AtomicI64::new(time.micros()))))
    }

    /// Moves a clock made by [`Self::set_to`]; the real one cannot be moved.
    pub fn advance_us(&self, us: i64) {
        if let Some(time) = &self.0 {
            time.fetch_add(us, Ordering::SeqCst);
        }
    }

    /// Now.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> TimeUs {
        match &self.0 {
            Some(time) => TimeUs::from_micros(time.load(Ordering::SeqCst)),
            None => {
                let since = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                TimeUs::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
            }
        }
    }
}
