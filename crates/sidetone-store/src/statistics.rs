//! Counting calls by whatever they are, over any time: what is asked, what is answered, and all of the
//! work that is no engine's.
//!
//! Calls are kept a second time for it, column by column: for each quarter hour of their starts and
//! each [`Column`] an engine has a segment, and it may join those of whole days. No segment is written
//! with a call; that only makes its quarter *stale*, and [`StatisticsStore::write_segments`] writes the
//! segments of stale quarters anew, later. Until then an engine reads the calls of these themselves. So
//! an answer is always that of the moment, whatever came late, was erased or has expired.

mod by_tally;
pub mod column;
pub mod condition;
pub mod count;
pub mod histogram;
pub mod quarter;
pub mod segment;
pub mod spread;
pub mod tally;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::statistics::{Interval, Measure};
use sidetone_core::time::TimeUs;

use self::column::Column;
use self::tally::Tally;
use crate::cursor::Cursor;
use crate::error::Result;

/// The most that calls are grouped by at once.
pub const GROUPED_BY_MAX: usize = 3;

/// What is to be counted, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct StatisticsQuery {
    /// Which calls. They are counted where they started.
    pub filter: SummaryFilter,
    /// Only calls with an edge in one of these regions; empty: all.
    pub regions: Vec<String>,
    /// Only calls whose account had advanced features on when they were first seen.
    pub advanced_only: bool,
    /// Stretches of the calendar to count by; `None`: all of the time together.
    pub interval: Option<Interval>,
    /// By whose clocks.
    pub zone: TimeZone,
    /// Added to the time of each call before it is put into its interval, µs: so an earlier period
    /// is laid over a later one.
    pub shift_us: i64,
    /// What calls are grouped by, at most [`GROUPED_BY_MAX`].
    pub group_by: Vec<Column>,
    /// What is told of them. The number of calls always is.
    pub measures: Vec<Measure>,
    /// Columns of closed sets, of which it is told how many calls have each word.
    pub words: Vec<Column>,
    /// Columns of one text a call, of which it is told how many different ones there are.
    pub different: Vec<Column>,
    /// Which groups come first, of all intervals together.
    pub order_by: OrderBy,
    /// So many groups at most are told of: the first ones.
    pub groups_max: usize,
}

impl StatisticsQuery {
    /// How many calls of a filter there are.
    #[must_use]
    pub const fn of(filter: SummaryFilter) -> Self {
        Self {
            filter,
            regions: Vec::new(),
            advanced_only: false,
            interval: None,
            zone: TimeZone::UTC,
            shift_us: 0,
            group_by: Vec::new(),
            measures: Vec::new(),
            words: Vec::new(),
            different: Vec::new(),
            order_by: OrderBy::MOST_CALLS,
            groups_max: usize::MAX,
        }
    }
}

/// An order of groups. Those of which the measure is not known come last, whichever way it goes; those
/// that are alike are ordered by their calls, most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderBy {
    /// By their number, share or mean of it. It is among the query's measures.
    pub measure: Measure,
    /// Whether the least comes first.
    pub is_ascending: bool,
}

impl OrderBy {
    /// The groups with the most calls first.
    pub const MOST_CALLS: Self = Self {
        measure: Measure::Calls,
        is_ascending: false,
    };
}

/// One value of a dimension, which is a column that calls are grouped by. A word of a closed set is its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupValue {
    /// The calls of which it is not known.
    Unknown,
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
}

/// The calls of one group and interval.
#[derive(Debug, Clone, PartialEq)]
pub struct StatisticsRow {
    /// When the interval begins.
    pub interval_start: Option<TimeUs>,
    /// The value of each column that calls are grouped by.
    pub group: Vec<GroupValue>,
    /// What they come to.
    pub tally: Tally,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Statistics {
    /// By interval, and in each by group; the groups with more calls first. None without calls.
    pub rows: Vec<StatisticsRow>,
    /// The calls that matched, each once, those of groups that are not told of too.
    pub calls: u64,
    /// How many groups there are.
    pub groups: usize,
    /// What was found damaged of what is kept for counting, a sentence each. The calls that it was about
    /// were counted themselves, and it is made again.
    pub damaged: Vec<String>,
}

/// Statistics of calls.
#[async_trait]
pub trait StatisticsStore: Send + Sync {
    /// Counts the calls that match, of one account, for one query or several: all as of one moment,
    /// and in one go where their times meet. A call of several values of what is grouped by (tags,
    /// issues, codecs) counts for each. [`TooExpensive`](crate::StoreError::TooExpensive) when that
    /// takes too much work or memory, [`Invalid`](crate::StoreError::Invalid) of several accounts.
    async fn statistics(&self, queries: &[StatisticsQuery]) -> Result<Vec<Statistics>>;
    /// Writes segments: of stale quarters, latest first, of those beyond `after` that ended before a
    /// time, so many at most; and when there are none, of days that ended before it. Says where it got;
    /// `None`: there is nothing to write.
    async fn write_segments(
        &self,
        after: Option<Cursor>,
        ended_before: TimeUs,
        quarters_max: usize,
    ) -> Result<Option<Cursor>>;
}
