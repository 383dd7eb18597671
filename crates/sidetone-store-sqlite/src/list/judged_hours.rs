//! Finding the hours in which annotations can say what is asked for.

use std::collections::VecDeque;

use super::condition::Condition;
use super::ground::Ground;
use crate::error::Result;
use crate::rollups::judged;
use crate::rollups::posting::Posting;
use crate::rows::paging::Toward;

/// The hours in which the conditions on annotations can be met.
pub(crate) struct JudgedHours {
    /// A call must have a bit of each of these.
    masks: Vec<u64>,
    fetched: VecDeque<(i64, Option<Vec<u8>>)>,
    fetch: usize,
    exhausted: bool,
}

impl JudgedHours {
    /// A walk for those of the conditions that are on annotations; `None` when there are none.
    pub(crate) fn of(conditions: &[Condition]) -> Option<Self> {
        let masks: Vec<u64> = conditions
            .iter()
            .filter_map(|condition| judged::mask_of_any(condition.at, &condition.wanted))
            .collect();
        if masks.is_empty() {
            return None;
        }
        Some(Self {
            masks,
            fetched: VecDeque::new(),
            fetch: 8,
            exhausted: false,
        })
    }

    /// The first hour that is not met before `hour`.
    pub(crate) fn seek(&mut self, ground: &Ground<'_>, hour: i64) -> Result<Option<i64>> {
        loop {
            while let Some((first, _)) = self.fetched.front() {
                if !ground.is_before(*first, hour) {
                    return Ok(Some(*first));
                }
                self.fetched.pop_front();
            }
            if self.exhausted {
                return Ok(None);
            }
            let (first, last) = ground.hours_from(hour);
            let axis = ground.axis.prefix();
            let order = match ground.toward {
                Toward::End => "hour desc",
                Toward::Beginning => "hour",
            };
            let sql = format!(
                "select hour, {axis}_calls from judged where account = ? and hour between ? and ?
                 {} order by {order} limit ?",
                format!(" and {axis}_mask & ? <> 0").repeat(self.masks.len())
            );
            let mut values = vec![ground.account, first, last];
            values.extend(self.masks.iter().map(|mask| mask.cast_signed()));
            values.push(i64::try_from(self.fetch).unwrap_or(i64::MAX));
            let mut statement = ground.conn.prepare_cached(&sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(values))?;
            while let Some(row) = rows.next()? {
                self.fetched.push_back((row.get(0)?, row.get(1)?));
            }
            self.exhausted = self.fetched.len() < self.fetch;
            self.fetch = (self.fetch * 2).min(128);
        }
    }

    /// The calls in `hour` that meet the conditions: `None` when there are many judged calls.
    pub(crate) fn calls_in(&self, hour: i64) -> Result<Option<Vec<Posting>>> {
        let packed = match self.fetched.front() {
            Some((first, packed)) if *first == hour => packed,
            _ => return Ok(Some(Vec::new())),
        };
        let Some(packed) = packed else {
            return Ok(None);
        };
        let calls = judged::unpack_calls(packed)?.into_iter();
        let meets = |call: &judged::JudgedCall| self.masks.iter().all(|mask| call.mask & mask != 0);
        Ok(Some(calls.filter(meets).map(|call| call.posting).collect()))
    }
}
