//! The walk along an axis, from the latest call to the earliest or back: which rows to look at, and
//! in what order.

use rusqlite::types::Value;
use rusqlite::{Connection, StatementStatus};
use sidetone_core::filter::SummaryFilter;
use sidetone_core::time::HOUR_US;

use super::condition::{self, Condition};
use super::conditions::Conditions;
use super::effort::{Effort, Wish};
use super::key_range::{KeyRange, Part};
use super::matching_hours::{Hours, Step};
use super::party::{self, By, ByParty, Days, PartyCalls, Sought};
use super::ruled_out::RuledOut;
use super::scan_range::ScanRange;
use super::stretch::{Stretch, stretches};
use crate::error::Result;
use crate::rollups::posting::Posting;
use crate::rows::facet::{Axis, hour_of};
use crate::rows::paging::Toward;
use crate::rows::tables::CALL;
use sidetone_store::page::RowKey;

/// A list under way.
pub(crate) struct Walk<'c> {
    conn: &'c Connection,
    account: i64,
    axis: Axis,
    by: By,
    conditions: Conditions,
    stretches: Vec<Stretch>,
    effort: Effort,
}

impl<'c> Walk<'c> {
    pub(crate) fn new(
        conn: &'c Connection,
        account: i64,
        axis: Axis,
        filter: &SummaryFilter,
        conditions: Conditions,
    ) -> Result<Self> {
        Ok(Self {
            conn,
            account,
            axis,
            by: party::choose(conn, account, &conditions)?,
            stretches: stretches(filter, axis, &conditions.facets),
            conditions,
            effort: Effort::until(u64::MAX),
        })
    }

    /// The same, which stops after so many steps if it has found what it must.
    pub(crate) fn within(self, steps: u64) -> Self {
        Self {
            effort: Effort::until(steps),
            ..self
        }
    }

    /// Finds row keys of matching calls beyond `from`, nearest first. Says whether it stopped before
    /// it had all that were wanted, because looking for more is dear.
    pub(crate) fn read(
        &self,
        toward: Toward,
        from: Option<RowKey>,
        wish: Wish,
        found: &mut Vec<RowKey>,
    ) -> Result<bool> {
        let in_order: Vec<&Stretch> = match toward {
            Toward::End => self.stretches.iter().collect(),
            Toward::Beginning => self.stretches.iter().rev().collect(),
        };
        for stretch in in_order {
            let Some(part) = Part::of(stretch.range, toward, from) else {
                continue;
            };
            let is_dear = match &self.by {
                By::Party(calls) if stretch.is_main => self.read_party(calls, part, wish, found)?,
                By::Party(_) | By::Time if stretch.conditions.is_empty() => {
                    self.scan(None, part, wish.most - found.len(), found)?;
                    false
                }
                By::Party(_) | By::Time => {
                    self.read_hours(&stretch.conditions, part, wish, found)?
                }
            };
            if is_dear || found.len() >= wish.most {
                return Ok(is_dear);
            }
        }
        Ok(false)
    }

    /// Whether there is something to show for an effort that is too much for a page.
    fn is_dear(&self, wish: Wish, found: &[RowKey]) -> bool {
        found.len() >= wish.least && self.effort.is_much()
    }

    /// Reads the calls of some addresses, day by day, as they are indexed.
    fn read_party(
        &self,
        calls: &PartyCalls,
        part: Part,
        wish: Wish,
        found: &mut Vec<RowKey>,
    ) -> Result<bool> {
        let PartyCalls {
            sought,
            is_few_a_day,
        } = calls;
        let mut days = Days::new(self.conn, self.account, sought, self.axis)?;
        let range = self.scan_range(part);
        let mut ruled_out = self.ruled_out(&self.conditions.facets);
        let mut rest = part;
        while found.len() < wish.most
            && let Some(day) = days.next(&rest)?
        {
            if self.is_dear(wish, found) {
                return Ok(true);
            }
            let mut of_day = Vec::new();
            if let Some(within) = rest.within(day.range)
                && (*is_few_a_day || day.number <= 0 || !ruled_out.is(&range, day.number)?)
            {
                for sought in sought {
                    let by = ByParty {
                        sought: *sought,
                        day: day.number,
                    };
                    self.scan(Some(by), within, wish.most - found.len(), &mut of_day)?;
                }
            }
            of_day.sort_unstable();
            // Who calls himself is on both sides.
            of_day.dedup();
            if part.toward == Toward::End {
                of_day.reverse();
            }
            found.extend(of_day);
            found.truncate(wish.most);
            match rest.beyond(day.range) {
                Some(beyond) => rest = beyond,
                None => break,
            }
        }
        Ok(false)
    }

    fn read_hours(
        &self,
        conditions: &[Condition],
        part: Part,
        wish: Wish,
        found: &mut Vec<RowKey>,
    ) -> Result<bool> {
        let range = self.scan_range(part);
        let mut hours = Hours::new(range, conditions, self.ruled_out(conditions));
        let mut check = Check::new(self)?;
        while found.len() < wish.most {
            let Some(step) = hours.step(&self.effort)? else {
                break;
            };
            if self.is_dear(wish, found) {
                return Ok(true);
            }
            let Step::Hour(hour) = step else { continue };
            let begin = hour.hour * HOUR_US;
            match hour.candidates {
                Some(candidates) => {
                    let row_keys = candidates
                        .into_iter()
                        .map(|Posting { offset_us, id }| RowKey {
                            key: begin + offset_us,
                            id,
                        });
                    match part.toward {
                        Toward::End => check.take(row_keys.rev(), part, wish.most, found)?,
                        Toward::Beginning => check.take(row_keys, part, wish.most, found)?,
                    }
                }
                None => {
                    let within = part.within(KeyRange {
                        low: begin,
                        high: begin + HOUR_US - 1,
                    });
                    if let Some(within) = within {
                        self.scan(None, within, wish.most - found.len(), found)?;
                    }
                }
            }
        }
        Ok(false)
    }

    const fn scan_range(&self, part: Part) -> ScanRange<'c> {
        ScanRange {
            conn: self.conn,
            account: self.account,
            axis: self.axis,
            toward: part.toward,
            first_hour: hour_of(part.range.low),
            last_hour: hour_of(part.range.high),
        }
    }

    fn ruled_out(&self, conditions: &[Condition]) -> RuledOut {
        RuledOut::new(conditions, self.conditions.parties())
    }

    /// Reads matching calls along an index: of a party's hash, or of all calls.
    fn scan(
        &self,
        by: Option<ByParty>,
        part: Part,
        limit: usize,
        found: &mut Vec<RowKey>,
    ) -> Result<()> {
        let mut limit = limit;
        let Part {
            range,
            toward,
            from,
        } = part;
        let mut rest = range;
        if let Some(from) = from.filter(|from| (range.low..=range.high).contains(&from.key)) {
            // Calls of the very same key, then those beyond it.
            let before = found.len();
            self.scan_keys(by, Keys::Same(from), toward, limit, found)?;
            limit -= found.len() - before;
            match toward {
                Toward::End => rest.high = from.key.saturating_sub(1),
                Toward::Beginning => rest.low = from.key.saturating_add(1),
            }
        }
        if limit > 0 && rest.low <= rest.high {
            self.scan_keys(by, Keys::Of(rest), toward, limit, found)?;
        }
        Ok(())
    }

    fn scan_keys(
        &self,
        by: Option<ByParty>,
        keys: Keys,
        toward: Toward,
        limit: usize,
        found: &mut Vec<RowKey>,
    ) -> Result<()> {
        let key = self.axis.column();
        let index = match (by, self.axis) {
            (Some(by), axis) => axis.party_index(by.sought.side),
            (None, Axis::Start) => "call_by_start",
            (None, Axis::End) => "call_by_end",
        };
        let mut sql = format!("select {key}, id from call indexed by {index} where account = ?");
        let mut values: Vec<Value> = vec![self.account.into()];
        if let Some(by) = by {
            let Sought { side, hash } = by.sought;
            let (day, column) = (self.axis.day_column(), side.hash_column());
            sql.push_str(&format!(" and {day} = ? and {column} = ?"));
            values.extend([by.day.into(), hash.into()]);
        }
        let (beyond, order) = match toward {
            Toward::End => ('<', " desc"),
            Toward::Beginning => ('>', ""),
        };
        match keys {
            Keys::Same(row_key) => {
                sql.push_str(&format!(" and {key} = ? and id {beyond} ?"));
                values.extend([row_key.key.into(), row_key.id.into()]);
            }
            Keys::Of(range) => {
                sql.push_str(&format!(" and {key} between ? and ?"));
                values.extend([range.low.into(), range.high.into()]);
            }
        }
        self.conditions.write(&mut sql, &mut values);
        sql.push_str(&format!(" order by {key}{order}, id{order} limit ?"));
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        let mut statement = self.conn.prepare_cached(&sql)?;
        condition::bind(&mut statement, &values)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            found.push(RowKey {
                key: row.get(0)?,
                id: row.get(1)?,
            });
        }
        drop(rows);
        let steps = statement.reset_status(StatementStatus::VmStep);
        match by {
            Some(_) => self.effort.scattered_rows(steps),
            None => self.effort.rows(steps),
        }
        Ok(())
    }
}

/// Which keys are scanned.
#[derive(Clone, Copy)]
enum Keys {
    /// Those of a range.
    Of(KeyRange),
    /// Those equal to a row key's, beyond it.
    Same(RowKey),
}

/// Looks at candidates one by one.
struct Check<'c, 'w> {
    statement: rusqlite::CachedStatement<'c>,
    effort: &'w Effort,
}

impl<'c, 'w> Check<'c, 'w> {
    fn new(walk: &'w Walk<'c>) -> Result<Self> {
        // One that does not match although the rollups name it may be damaged.
        let mut sql = String::from("select ");
        let mut conditions = String::from("account = ?");
        let mut values = vec![walk.account.into()];
        walk.conditions.write(&mut conditions, &mut values);
        let is_sound = CALL.is_sound("");
        sql.push_str(&format!(
            "iif({conditions}, 1, iif({is_sound}, 0, null)) from call where id = ?"
        ));
        let mut statement = walk.conn.prepare_cached(&sql)?;
        condition::bind(&mut statement, &values)?;
        Ok(Self {
            statement,
            effort: &walk.effort,
        })
    }

    /// Takes those that match, in their order, until there are enough.
    fn take(
        &mut self,
        candidates: impl Iterator<Item = RowKey>,
        part: Part,
        limit: usize,
        found: &mut Vec<RowKey>,
    ) -> Result<()> {
        let id_parameter = self.statement.parameter_count();
        for row_key in candidates.filter(|row_key| part.holds(*row_key)) {
            if found.len() >= limit {
                break;
            }
            self.statement
                .raw_bind_parameter(id_parameter, row_key.id)?;
            let mut rows = self.statement.raw_query();
            // A damaged one is taken: it is named when it is read.
            if let Some(row) = rows.next()?
                && row.get::<_, Option<bool>>(0)?.unwrap_or(true)
            {
                found.push(row_key);
            }
        }
        let steps = self.statement.reset_status(StatementStatus::VmStep);
        self.effort.scattered_rows(steps);
        Ok(())
    }
}
