//! Which interval a call is in.

use sidetone_core::statistics::Interval;
use sidetone_core::time::TimeUs;

use crate::statistics::StatisticsQuery;
use crate::statistics::quarter::{Period, QUARTER_US};
use crate::statistics::segment::Values;

/// When the intervals of some calls begin; `None`: there is one for all time.
#[derive(Default)]
pub(super) struct Intervals {
    begins: Vec<Option<i64>>,
    /// Which of them each call is in; of no call: all are in the first.
    of_calls: Vec<u32>,
}

impl Intervals {
    /// Those of calls that started in a period. `starts`: reads when they did, where that is needed.
    pub(super) fn of<'v, E>(
        query: &StatisticsQuery,
        period: Period,
        calls: &[u32],
        starts: impl FnOnce() -> Result<&'v Values, E>,
    ) -> Result<Self, E> {
        let Some(interval) = query.interval else {
            return Ok(Self::one(None));
        };
        let of_quarters = begins(query, interval, period);
        if let [Some(first), rest @ ..] = &of_quarters[..]
            && rest.iter().all(|begin| *begin == Some(*first))
        {
            return Ok(Self::one(Some(*first)));
        }
        let starts = starts()?;
        let mut intervals = Self::default();
        for call in calls {
            let after_us = offset(starts.code(*call as usize));
            let nth = usize::try_from(after_us / QUARTER_US).ok();
            let known = nth.and_then(|nth| of_quarters.get(nth)).copied().flatten();
            intervals.push(known.unwrap_or_else(|| {
                let at_us = period.begin_us().saturating_add(after_us);
                begin(query, interval, at_us)
            }));
        }
        Ok(intervals)
    }

    fn one(begin: Option<i64>) -> Self {
        Self {
            begins: vec![begin],
            of_calls: Vec::new(),
        }
    }

    /// Adds the next call. They come in the order of their starts, as a rule.
    fn push(&mut self, begin: i64) {
        if self.begins.last() != Some(&Some(begin)) {
            self.begins.push(Some(begin));
        }
        let last = self.begins.len() - 1;
        self.of_calls.push(u32::try_from(last).unwrap_or(u32::MAX));
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.begins.len()
    }

    /// The one of the n-th call.
    pub(super) fn nth(&self, nth: usize) -> u32 {
        self.of_calls.get(nth).copied().unwrap_or(0)
    }

    /// When one begins.
    pub(super) fn begin(&self, interval: u32) -> Option<i64> {
        self.begins[interval as usize]
    }
}

/// Of each quarter of a period when the interval begins that it lies in; `None`: it lies in several.
fn begins(query: &StatisticsQuery, interval: Interval, period: Period) -> Vec<Option<i64>> {
    let of_quarter = |nth: i64| {
        let begin_us = period.begin_us().saturating_add(nth * QUARTER_US);
        let last_us = begin_us.saturating_add(QUARTER_US - 1);
        let first = begin(query, interval, begin_us);
        (first == begin(query, interval, last_us)).then_some(first)
    };
    (0..period.quarters).map(of_quarter).collect()
}

/// When the interval begins that a time lies in, as it is told.
fn begin(query: &StatisticsQuery, interval: Interval, us: i64) -> i64 {
    let at = TimeUs::from_micros(us.saturating_add(query.shift_us));
    interval.start_of(at, &query.zone).micros()
}

/// The start of a call within its period, µs, by its code.
pub(super) fn offset(code: u64) -> i64 {
    code.saturating_sub(1).cast_signed()
}
