//! How much room the data has, and for how long: by how the data directory grew.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::statvfs::statvfs;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use sidetone_core::time::{DAY_US, HOUR_US, SECOND_US, TimeUs};

/// Between two measurements that are kept.
const KEPT_EVERY_US: i64 = 600 * SECOND_US;
/// How long they are kept.
const KEPT_US: i64 = 7 * DAY_US;
/// What is forecast from less would be chance.
const LEAST_US: i64 = HOUR_US;

/// A look at the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Bytes that may still be written.
    pub free: u64,
    /// Bytes of the files in the data directory.
    pub used: u64,
}

impl Measured {
    /// Looks at the disk of a data directory.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn of(dir: &Path) -> std::io::Result<Self> {
        let disk = statvfs(dir)?;
        let mut used = 0;
        for entry in fs::read_dir(dir)? {
            // What is gone meanwhile takes no room.
            if let Ok(file) = entry?.metadata()
                && file.is_file()
            {
                used += file.len();
            }
        }
        Ok(Self {
            free: disk.blocks_available().saturating_mul(disk.fragment_size()),
            used,
        })
    }
}

/// What was measured, and what follows.
#[derive(Debug, Default)]
struct Watched {
    /// The first of each stretch of time, oldest first.
    kept: VecDeque<(TimeUs, u64)>,
    last: Option<(TimeUs, Measured)>,
}

impl Watched {
    fn note(&mut self, now: TimeUs, measured: Measured) {
        // A clock that was set back begins anew.
        if self.last.is_some_and(|(at, _)| at > now) {
            self.kept.clear();
        }
        self.last = Some((now, measured));
        let is_due = |(at, _): &(TimeUs, u64)| now.since_us(*at) >= KEPT_EVERY_US;
        if self.kept.back().is_none_or(is_due) {
            self.kept.push_back((now, measured.used));
        }
        while self
            .kept
            .front()
            .is_some_and(|(at, _)| now.since_us(*at) > KEPT_US)
        {
            self.kept.pop_front();
        }
    }

    /// In how many days nothing more can be written: by the last day or by all that is kept, whichever
    /// grew faster. `None`: it is not known yet, or nothing grows.
    #[expect(
        clippy::cast_precision_loss,
        reason = "of bytes and days the first digits count"
    )]
    fn days_left(&self) -> Option<f64> {
        let (now, measured) = self.last?;
        let growth = |within_us: i64| {
            let first = self
                .kept
                .iter()
                .find(|(at, _)| now.since_us(*at) <= within_us)?;
            let us = now.since_us(first.0);
            let grown = measured.used.checked_sub(first.1)?;
            (us >= LEAST_US).then(|| grown as f64 / us as f64 * DAY_US as f64)
        };
        let a_day = growth(DAY_US).into_iter().chain(growth(KEPT_US));
        let a_day = a_day.fold(0.0, f64::max);
        (a_day > 0.0).then(|| measured.free as f64 / a_day)
    }
}

/// The disk of the data, as it was looked at last.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<Watched>>);

impl Disk {
    /// Notes a look. Says in how many days nothing more can be written, as far as that can be told.
    pub fn note(&self, now: TimeUs, measured: Measured) -> Option<f64> {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.note(now, measured);
        watched.days_left()
    }

    /// The last look, and in how many days nothing more can be written. `None`: that is not known
    /// yet.
    #[must_use]
    pub fn last(&self) -> Option<(Measured, Option<f64>)> {
        let watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, measured) = watched.last?;
        Some((measured, watched.days_left()))
    }
}

/// What is not known is left out.
impl Collector for Disk {
    #[expect(
        clippy::cast_precision_loss,
        reason = "Prometheus has no other numbers"
    )]
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let (last, days) = self.last().unzip();
        let days = days.flatten();
        let gauges = [
            (
                "data_free_bytes",
                "Room that is left on the disk of the data directory",
                last.map(|it| it.free as f64),
            ),
            (
                "data_used_bytes",
                "Size of the files in the data directory",
                last.map(|it| it.used as f64),
            ),
            (
                "data_days_until_full",
                "Days until that room is used up, if the data directory grows as it did",
                days,
            ),
        ];
        for (name, help, value) in gauges {
            if let Some(value) = value {
                let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
                ConstGauge::new(value).encode(gauge)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn hour(hours: i64) -> TimeUs {
        TimeUs::from_micros(hours * HOUR_US)
    }

    fn note(watched: &mut Watched, at: TimeUs, used: u64) -> Option<f64> {
        let free = 240 * GIB - used;
        watched.note(at, Measured { free, used });
        watched.days_left()
    }

    #[test]
    fn the_forecast_is_of_what_grew_faster() {
        let mut watched = Watched::default();
        assert_eq!(note(&mut watched, hour(0), 0), None);
        let half = TimeUs::from_micros(HOUR_US / 2);
        assert_eq!(note(&mut watched, half, GIB), None);
        // A GiB an hour leaves 239 hours.
        let days = note(&mut watched, hour(1), GIB).unwrap();
        assert!((days - 239.0 / 24.0).abs() < 1e-9, "{days}");
        // Two days without growth: the days before count on.
        for hours in 2..=48 {
            note(&mut watched, hour(hours), GIB);
        }
        let days = watched.days_left().unwrap();
        assert!((days - 239.0 * 2.0).abs() < 1e-9, "{days}");
        // After a week, nothing is known of them.
        for hours in 49..=24 * 8 {
            note(&mut watched, hour(hours), GIB);
        }
        assert_eq!(watched.days_left(), None);
        assert!(watched.kept.len() <= 7 * 24 + 1);
        // What shrinks never fills the disk.
        assert_eq!(note(&mut watched, hour(24 * 8 + 1), 0), None);
    }

    #[test]
    fn a_clock_that_was_set_back_begins_anew() {
        let mut watched = Watched::default();
        note(&mut watched, hour(10), 0);
        assert_eq!(note(&mut watched, hour(5), GIB), None);
        assert_eq!(note(&mut watched, hour(6), GIB), None);
        assert!(note(&mut watched, hour(7), 2 * GIB).is_some());
    }

    #[test]
    fn a_directory_is_measured() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("sidetone.db"), [0; 5000]).unwrap();
        let measured = Measured::of(dir.path()).unwrap();
        assert_eq!(measured.used, 5000);
        assert!(measured.free > 0);
    }
}
