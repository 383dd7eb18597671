//! Counting the calls of segments.

mod group;
mod interval;

use std::cmp::Ordering;
use std::collections::HashMap;

use sidetone_core::time::TimeUs;

use self::group::{GroupKeys, Grouping, Table};
use self::interval::{Intervals, offset};
use super::by_tally::ByTally;
use super::column::{Column, Own, unzigzag};
use super::condition::{self, Condition};
use super::segment::{About, Values};
use super::tally::{self, Tally};
use super::{GROUPED_BY_MAX, GroupValue, OrderBy, Statistics, StatisticsQuery, StatisticsRow};
use crate::error::StoreError;

/// The most memory that counts may take.
const COUNTS_MAX_BYTES: usize = 64 << 20;

/// Calls of a quarter or a day, to be read column by column.
pub trait Piece {
    /// What can go wrong.
    type Error: From<StoreError>;

    /// What is told of these calls.
    fn about(&self) -> About;

    /// What they have in a column; each column is asked for once.
    ///
    /// # Errors
    /// When it cannot be read.
    fn take(&mut self, column: Column) -> Result<Values, Self::Error>;
}

/// A count under way.
pub struct Count<'a> {
    query: &'a StatisticsQuery,
    conditions: Vec<Condition>,
    /// Whether calls out of range may come.
    is_ranged: bool,
    /// What every piece is asked for.
    columns: Vec<Column>,
    groupings: Vec<Grouping>,
    keys: GroupKeys,
    tallies: Vec<Tally>,
    calls: u64,
    bytes: usize,
}

impl<'a> Count<'a> {
    /// A count of all calls that come and match. `None`: columns do not tell which do.
    #[must_use]
    pub fn new(query: &'a StatisticsQuery) -> Option<Self> {
        let conditions = condition::of(&query.filter)?;
        Some(Self::with(query, conditions, true))
    }

    /// A count of calls of which it is known that they match the filter.
    #[must_use]
    pub fn of_matching(query: &'a StatisticsQuery) -> Self {
        Self::with(query, Vec::new(), false)
    }

    fn with(query: &'a StatisticsQuery, mut conditions: Vec<Condition>, is_ranged: bool) -> Self {
        if query.advanced_only {
            let yes = Condition::Codes(Column::Own(Own::AdvancedFeatures), vec![2]);
            conditions.push(yes);
        }
        if !query.regions.is_empty() {
            let regions = query.regions.clone();
            conditions.push(Condition::Lines(Column::Own(Own::Regions), regions));
        }
        let group_by = query.group_by.iter().take(GROUPED_BY_MAX);
        let groupings: Vec<_> = group_by.map(|column| Grouping::by(*column)).collect();
        let mut columns: Vec<Column> = conditions
            .iter()
            .flat_map(Condition::columns)
            .chain(query.group_by.iter().copied())
            .chain(query.words.iter().copied())
            .chain(query.different.iter().copied())
            .chain(query.measures.iter().filter_map(|it| tally::column_of(*it)))
            .collect();
        columns.sort_unstable();
        columns.dedup();
        Self {
            query,
            conditions,
            is_ranged,
            columns,
            groupings,
            keys: GroupKeys::default(),
            tallies: Vec::new(),
            calls: 0,
            bytes: 0,
        }
    }

    /// The columns that every piece is asked for; sometimes [`Own::Start`] and [`Own::End`] too.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Chooses the calls of a piece that count, and reads all that there is to read of them.
    fn choose<P: Piece>(&self, about: About, read: &mut Read<'_, P>) -> Result<Chosen, P::Error> {
        for column in &self.columns {
            read.load(*column)?;
        }
        let mut calls: Vec<u32> = (0..u32::try_from(about.calls).unwrap_or(u32::MAX)).collect();
        self.keep_started_before(about, &mut calls, read)?;
        if self.is_ranged {
            self.keep_in_range(about, &mut calls, read)?;
        }
        for condition in &self.conditions {
            condition.keep(&mut calls, &|column| read.get(column));
        }
        let intervals = Intervals::of(self.query, about.period, &calls, || {
            read.load(Column::Own(Own::Start))
        })?;
        Ok(Chosen { calls, intervals })
    }

    /// Counts calls that were chosen. Says how much memory all it has counted takes.
    fn add<P: Piece>(&mut self, chosen: &Chosen, read: &Read<'_, P>) -> usize {
        let Chosen { calls, intervals } = chosen;
        self.calls += calls.len() as u64;
        let counted = self.counted(calls, intervals, read);
        for (tally, places) in counted.runs() {
            self.tallies[tally].calls += places.len() as u64;
        }
        let mut measured: Vec<Column> = Vec::new();
        for measure in &self.query.measures {
            if let Some(column) = tally::column_of(*measure)
                && !measured.contains(&column)
            {
                measured.push(column);
                self.bytes += tally::add(&mut self.tallies, &counted, column, read.get(column));
            }
        }
        for column in &self.query.words {
            let values = read.get(*column);
            self.bytes += tally::add_words(&mut self.tallies, &counted, *column, values);
        }
        for column in &self.query.different {
            let values = read.get(*column);
            self.bytes += tally::add_texts(&mut self.tallies, &counted, *column, values);
        }
        let groups: usize = self.groupings.iter().map(Grouping::bytes).sum();
        self.bytes + groups + self.tallies.len() * size_of::<Tally>() + self.keys.bytes()
    }

    /// Keeps the calls that started before what is asked for ends.
    fn keep_started_before<P: Piece>(
        &self,
        about: About,
        calls: &mut Vec<u32>,
        read: &mut Read<'_, P>,
    ) -> Result<(), P::Error> {
        let before_us = self.query.filter.started_before.micros();
        let begin_us = about.period.begin_us();
        if before_us < about.period.end_us() {
            let starts = read.load(Column::Own(Own::Start))?;
            calls.retain(|call| begin_us + offset(starts.code(*call as usize)) < before_us);
        }
        Ok(())
    }

    /// Keeps the calls that start and end in the range of the filter. Most quarters lie within it as a
    /// whole.
    fn keep_in_range<P: Piece>(
        &self,
        about: About,
        calls: &mut Vec<u32>,
        read: &mut Read<'_, P>,
    ) -> Result<(), P::Error> {
        let filter = &self.query.filter;
        let begin_us = about.period.begin_us();
        let from_us = filter.started_from.micros();
        if from_us > begin_us {
            let starts = read.load(Column::Own(Own::Start))?;
            calls.retain(|call| begin_us + offset(starts.code(*call as usize)) >= from_us);
        }
        let until_us = filter.ended_until.micros();
        let is_cut = about.latest_end_us.is_some_and(|end_us| end_us > until_us)
            || about.has_running && !filter.include_running;
        if is_cut {
            let ends = read.load(Column::Own(Own::End))?;
            calls.retain(|call| match ends.code(*call as usize).checked_sub(1) {
                Some(end) => begin_us.saturating_add(unzigzag(end)) <= until_us,
                None => filter.include_running,
            });
        }
        Ok(())
    }

    /// The calls by the tallies they count for.
    fn counted<P: Piece>(
        &mut self,
        calls: &[u32],
        intervals: &Intervals,
        read: &Read<'_, P>,
    ) -> ByTally {
        let mut pairs = Vec::with_capacity(calls.len());
        let places: Vec<_> = self
            .groupings
            .iter_mut()
            .map(|grouping| {
                let values = read.get(grouping.column());
                grouping.groups_of(calls, values)
            })
            .collect();
        let groups = |by: usize| self.groupings.get(by).map_or(1, Grouping::len);
        let sizes = [intervals.len(), groups(0), groups(1), groups(2)];
        let mut table = Table::of(sizes);
        let single = [0];
        for (nth, call) in calls.iter().enumerate() {
            let interval = intervals.nth(nth);
            let groups = |by: usize| places.get(by).map_or(&single[..], |groups| groups.of(nth));
            let [first, second, third] = [groups(0), groups(1), groups(2)];
            for one in first {
                for two in second {
                    for three in third {
                        let tally = table.tally([interval, *one, *two, *three], || {
                            let begin = intervals.begin(interval);
                            self.keys.get((begin, *one, *two, *three))
                        });
                        if tally as usize == self.tallies.len() {
                            self.tallies.push(Tally::default());
                        }
                        pairs.push((*call, tally));
                    }
                }
            }
        }
        ByTally::of(pairs, self.tallies.len())
    }

    /// What was counted.
    #[must_use]
    pub fn finish(self) -> Statistics {
        let mut totals: HashMap<[u32; GROUPED_BY_MAX], Total> = HashMap::new();
        let keys = self.keys.into_rows();
        let keys = keys.map(|(interval, one, two, three)| (interval, [one, two, three]));
        let rows: Vec<_> = keys.zip(self.tallies).collect();
        for ((_, group), tally) in &rows {
            let total = totals.entry(*group).or_default();
            total.add(tally, self.query.order_by);
        }
        let values = |group: [u32; GROUPED_BY_MAX]| -> Vec<GroupValue> {
            let values = self.groupings.iter().zip(group);
            values.map(|(by, group)| by.value(group)).collect()
        };
        // Whatever the order in which they came.
        let mut groups: Vec<_> = totals
            .into_iter()
            .map(|(group, total)| (total, values(group), group))
            .collect();
        groups.sort_unstable_by(|(one, values, _), (other, others, _)| {
            let order = one.cmp(other, self.query.order_by);
            order.then_with(|| values.cmp(others))
        });
        let count = groups.len();
        groups.truncate(self.query.groups_max);
        let places: HashMap<[u32; GROUPED_BY_MAX], usize> = groups
            .iter()
            .enumerate()
            .map(|(place, (.., group))| (*group, place))
            .collect();
        let mut told: Vec<_> = rows
            .into_iter()
            .filter_map(|((interval, group), tally)| Some((interval, *places.get(&group)?, tally)))
            .collect();
        told.sort_unstable_by_key(|(interval, place, _)| (*interval, *place));
        let row = |(interval, place, tally): (Option<i64>, usize, Tally)| StatisticsRow {
            interval_start: interval.map(TimeUs::from_micros),
            group: groups[place].1.clone(),
            tally,
        };
        Statistics {
            rows: told.into_iter().map(row).collect(),
            calls: self.calls,
            groups: count,
            damaged: Vec::new(),
        }
    }
}

/// What a group comes to in all intervals, as far as it is ordered by it.
#[derive(Default)]
struct Total {
    calls: u64,
    some: u128,
    of: Option<u64>,
}

impl Total {
    fn add(&mut self, tally: &Tally, order_by: OrderBy) {
        let (some, of) = tally.parts(order_by.measure);
        self.calls += tally.calls;
        self.some += some;
        self.of = of.map(|of| self.of.unwrap_or(0) + of);
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "far below 2^53 but for nonsense"
    )]
    fn value(&self) -> Option<f64> {
        match self.of {
            None => Some(self.some as f64),
            Some(0) => None,
            Some(of) => Some(self.some as f64 / of as f64),
        }
    }

    fn cmp(&self, other: &Self, order_by: OrderBy) -> Ordering {
        let by_value = match (self.value(), other.value()) {
            (Some(one), Some(other)) if order_by.is_ascending => one.total_cmp(&other),
            (Some(one), Some(other)) => other.total_cmp(&one),
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        by_value.then_with(|| other.calls.cmp(&self.calls))
    }
}

/// Counts the calls of a piece in each of some counts.
///
/// # Errors
/// When it cannot be read: then nothing of it is counted in any. When the counts take too much memory.
pub fn add<P: Piece>(counts: &mut [Count<'_>], piece: &mut P) -> Result<(), P::Error> {
    let about = piece.about();
    let mut read = Read {
        piece,
        values: HashMap::new(),
    };
    let chosen = counts.iter().map(|count| count.choose(about, &mut read));
    let chosen = chosen.collect::<Result<Vec<_>, _>>()?;
    let counted = counts.iter_mut().zip(chosen);
    let bytes: usize = counted
        .map(|(count, chosen)| count.add(&chosen, &read))
        .sum();
    if bytes > COUNTS_MAX_BYTES {
        return Err(StoreError::TooExpensive(format!(
            "counts by group and interval take more than {COUNTS_MAX_BYTES} bytes"
        ))
        .into());
    }
    Ok(())
}

/// The calls of a piece that a count counts.
struct Chosen {
    /// By their places in it.
    calls: Vec<u32>,
    intervals: Intervals,
}

/// What was read of a piece.
struct Read<'p, P> {
    piece: &'p mut P,
    values: HashMap<Column, Values>,
}

static NOTHING: Values = Values {
    codes: Vec::new(),
    texts: Vec::new(),
};

impl<P: Piece> Read<'_, P> {
    fn load(&mut self, column: Column) -> Result<&Values, P::Error> {
        if !self.values.contains_key(&column) {
            let values = self.piece.take(column)?;
            self.values.insert(column, values);
        }
        Ok(self.get(column))
    }

    fn get(&self, column: Column) -> &Values {
        self.values.get(&column).unwrap_or(&NOTHING)
    }
}
