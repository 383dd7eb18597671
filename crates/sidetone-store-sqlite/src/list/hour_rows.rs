//! Rows of rollups, fetched some hours at a time as a walk comes to them.

use std::collections::VecDeque;

use super::scan_range::ScanRange;
use crate::error::Result;

/// So many hours at once, at most.
const FETCH_MAX: usize = 128;

/// The hours of a value, each with the packed calls of each of its rows, one for each bucket:
/// `None` where they are many, or elsewhere.
pub(crate) struct HourRows {
    fetched: VecDeque<(i64, Option<Vec<u8>>)>,
    /// Hours to be fetched next: few at first, more when the walk goes on.
    fetch: usize,
    /// No row lies beyond those fetched.
    exhausted: bool,
}

impl HourRows {
    pub(crate) const fn new(fetch: usize) -> Self {
        Self {
            fetched: VecDeque::new(),
            fetch,
            exhausted: false,
        }
    }

    /// The first hour that is not met before `hour`. `query`: the statement and the values that
    /// give hours and packed calls from an hour to another, in the order of the walk.
    pub(crate) fn seek(
        &mut self,
        range: &ScanRange<'_>,
        hour: i64,
        query: impl Fn(i64, i64) -> (String, Vec<i64>),
    ) -> Result<Option<i64>> {
        loop {
            while let Some((first, _)) = self.fetched.front() {
                if !range.is_before(*first, hour) {
                    return Ok(Some(*first));
                }
                self.fetched.pop_front();
            }
            if self.exhausted {
                return Ok(None);
            }
            let (first, last) = range.hours_from(hour);
            self.fetch(range, query(first, last))?;
        }
    }

    fn fetch(&mut self, range: &ScanRange<'_>, (sql, values): (String, Vec<i64>)) -> Result<()> {
        let mut statement = range.conn.prepare_cached(&sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        let (mut hours, mut latest) = (0, None);
        self.exhausted = loop {
            let Some(row) = rows.next()? else { break true };
            let hour = row.get(0)?;
            if latest != Some(hour) {
                // An hour is whole when the next one begins.
                if hours == self.fetch {
                    break false;
                }
                hours += 1;
                latest = Some(hour);
            }
            self.fetched.push_back((hour, row.get(1)?));
        };
        self.fetch = (self.fetch * 2).min(FETCH_MAX);
        Ok(())
    }

    /// The packed calls of the rows of an hour that [`Self::seek`] found.
    pub(crate) fn of_hour(&self, hour: i64) -> impl Iterator<Item = Option<&[u8]>> {
        let rows = self.fetched.iter();
        rows.take_while(move |(of_row, _)| *of_row == hour)
            .map(|(_, calls)| calls.as_deref())
    }
}
