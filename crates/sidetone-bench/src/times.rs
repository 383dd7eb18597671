//! When calls happen: 400 days, busier by day than by night and on working days than at the
//! weekend.

use sidetone_core::time::{DAY_US, HOUR_US, SECOND_US, TimeUs};

use sidetone_bench::random::Random;

/// Days that calls are spread over: the retention of summaries.
pub const DAYS: i64 = 400;

/// How busy each hour of a day is.
const HOURS: [u64; 24] = [
    2, 1, 1, 1, 2, 4, 10, 25, 60, 90, 100, 95, 80, 85, 95, 90, 80, 65, 50, 40, 25, 15, 8, 4,
];
/// How busy each day of a week is, in percent.
const WEEK: [u64; 7] = [100, 105, 100, 95, 90, 35, 25];

/// The times of calls 0 to `calls` − 1, the later the greater the number.
#[derive(Debug, Clone)]
pub struct Times {
    calls: u64,
    end: TimeUs,
    /// Share of all calls that start before each hour, as weights added up.
    before: Vec<u64>,
}

impl Times {
    /// Spreads calls over the days before `end`.
    pub fn new(calls: u64, end: TimeUs) -> Self {
        let mut before = vec![0];
        let mut sum = 0;
        for hour in 0..DAYS as usize * 24 {
            sum += HOURS[hour % 24] * WEEK[hour / 24 % 7];
            before.push(sum);
        }
        Self { calls, end, before }
    }

    /// The earliest start.
    pub fn begin(&self) -> TimeUs {
        self.end.plus_us(-DAYS * DAY_US)
    }

    /// Nothing is known of anything later.
    pub const fn end(&self) -> TimeUs {
        self.end
    }

    /// When a call starts.
    pub fn start(&self, number: u64) -> TimeUs {
        let total = self.before.last().copied().unwrap_or(1);
        let place = (number as f64 + 0.5) / self.calls as f64 * total as f64;
        let hour = self
            .before
            .partition_point(|sum| *sum as f64 <= place)
            .saturating_sub(1);
        let within =
            (place - self.before[hour] as f64) / (self.before[hour + 1] - self.before[hour]) as f64;
        self.begin()
            .plus_us(hour as i64 * HOUR_US + (within * HOUR_US as f64) as i64)
    }
}

/// How long an answered call lasts: half of them under two minutes, a few for an hour.
pub fn talk_us(random: &mut Random) -> i64 {
    let seconds = 4.0 + 110.0 * (1.0 / (1.0 - random.unit()) - 1.0).powf(0.7);
    (seconds.min(3_600.0) * SECOND_US as f64) as i64
}
