//! Looks at the disk of the data, and warns before it is full.

use std::time::Duration;

use sidetone_core::time::{HOUR_US, TimeUs};
use sidetone_store::Result;

use crate::app::App;
use crate::runner::{Next, Worker};
use crate::telemetry::disk::Measured;
use crate::telemetry::labels::WorkerName;

/// Between two looks.
const IDLE: Duration = Duration::from_secs(60);
/// It is warned of so many days ahead.
const DAYS_AHEAD: f64 = 7.0;
/// Less room than this is warned of, however slowly it is used up.
const FREE_LEAST_BYTES: u64 = 1 << 30;
/// Between two warnings.
const WARNED_EVERY_US: i64 = 6 * HOUR_US;

/// Watches the disk.
pub struct WatchDisk {
    app: App,
    warned_at: Option<TimeUs>,
}

impl WatchDisk {
    /// Nothing was warned of yet.
    #[must_use]
    pub const fn new(app: App) -> Self {
        Self {
            app,
            warned_at: None,
        }
    }
}

impl Worker for WatchDisk {
    const NAME: WorkerName = WorkerName::Disk;

    fn idle(&self) -> Duration {
        IDLE
    }

    async fn round(&mut self, now: TimeUs) -> Result<Next> {
        let data = &self.app.config.data;
        let measured = match Measured::of(data) {
            Ok(measured) => measured,
            Err(error) => {
                tracing::debug!(%error, "the disk of the data directory cannot be looked at");
                return Ok(Next::Idle);
            }
        };
        let days = self.app.counters.disk.note(now, measured);
        let is_soon = days.is_some_and(|days| days < DAYS_AHEAD);
        let is_silent = self
            .warned_at
            .is_some_and(|at| (0..WARNED_EVERY_US).contains(&now.since_us(at)));
        if (is_soon || measured.free < FREE_LEAST_BYTES) && !is_silent {
            self.warned_at = Some(now);
            tracing::warn!(
                data = %data.display(),
                free_bytes = measured.free,
                used_bytes = measured.used,
                days_until_full = days.map(|days| (days * 10.0).round() / 10.0),
                "the disk of the data directory will be full soon: make room on it, enlarge it, or stop the server and move the directory to a larger one (--data). Once it is full, writes are refused until there is room; nothing is lost that was acknowledged"
            );
        }
        Ok(Next::Idle)
    }
}
