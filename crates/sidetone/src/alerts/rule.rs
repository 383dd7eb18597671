//! A rule held against calls: which of them it counts, and what to think of what they come to.

use std::cell::OnceCell;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use sidetone_core::annotation::Annotation;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::AccountSid;
use sidetone_core::statistics::share::wilson;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_core::vocabulary::ProcessingState;
use sidetone_store::statistics::column::Cells;

use super::definition::{Definition, Limit};
use super::group_by::GroupBy;
use super::measure::{Part, Watched};
use super::window::Window;

/// What a rule makes of the calls of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// What is watched, in its unit. `None`: no call has it.
    pub value: Option<f64>,
    /// What is held against the limit: of a share the near bound of what it can be, with 95 %
    /// confidence; where weeks are compared the change in percent.
    pub held: Option<f64>,
    /// What it is compared with.
    pub baseline: Option<f64>,
    /// Of how many calls.
    pub calls: u64,
    /// What to think of it.
    pub verdict: Verdict,
}

/// What is to be thought of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is bad.
    Bad,
    /// It is not bad, but not good again.
    Between,
    /// It is good.
    Good,
    /// There is too little to know.
    Unknown,
}

/// A rule that can be held against calls.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Whose calls.
    pub account: AccountSid,
    /// What it is called.
    pub name: String,
    /// What it says.
    pub definition: Definition,
    filter: SummaryFilter,
    among: Option<SummaryFilter>,
    /// Both at once.
    both: SummaryFilter,
    /// What calls are grouped by.
    pub group_by: Option<GroupBy>,
    /// By whose clocks.
    pub zone: TimeZone,
}

impl Rule {
    /// Reads what a rule says. `read` reads filters. `None`: it cannot be read, which a later release may
    /// have written.
    #[must_use]
    pub fn open(
        account: AccountSid,
        name: &str,
        definition: Definition,
        read: impl Fn(&str) -> Option<SummaryFilter>,
    ) -> Option<Self> {
        let group_by = definition.group_by.as_deref();
        Some(Self {
            both: read(&definition.query())?,
            account,
            name: name.to_owned(),
            filter: read(&definition.filters)?,
            among: match &definition.among {
                Some(among) => Some(read(among)?),
                None => None,
            },
            group_by: match group_by {
                Some(name) => Some(GroupBy::find(name)?),
                None => None,
            },
            zone: TimeZone::get(&definition.time_zone).ok()?,
            definition,
        })
    }

    /// Whether it counts the same calls for the same groups in the same way as another.
    #[must_use]
    pub fn counts_as(&self, other: &Self) -> bool {
        let said = |rule: &Self| {
            let Definition {
                filters,
                among,
                measure,
                group_by,
                window_s,
                ..
            } = rule.definition.clone();
            (rule.account, filters, among, measure, group_by, window_s)
        };
        said(self) == said(other)
    }

    /// The calls that are counted; of a share first those that it is of, and then those of them that it is.
    #[must_use]
    pub fn counted(&self) -> Vec<SummaryFilter> {
        match &self.among {
            Some(among) => vec![among.clone(), self.both.clone()],
            None => vec![self.filter.clone()],
        }
    }

    /// How far back calls count, µs.
    #[must_use]
    pub fn window_us(&self) -> i64 {
        i64::from(self.definition.window_s) * SECOND_US
    }

    /// What a call adds, and to which groups; one without a name where there are none. `None`: it is not
    /// about this call.
    #[must_use]
    pub fn adds(&self, call: &Seen<'_>) -> Option<(u32, Vec<String>)> {
        let watched = self.definition.measure;
        let is_met = |filter: &SummaryFilter| filter.matches(call.summary, call.annotation);
        let figure = match (watched, &self.among) {
            (Watched::Share, Some(among)) if is_met(among) => u32::from(is_met(&self.filter)),
            (Watched::Share, _) => return None,
            _ if is_met(&self.filter) => watched.adds(call.cells())?,
            _ => return None,
        };
        let mut groups = match self.group_by {
            None => vec![String::new()],
            Some(group_by) => group_by.groups_of(call.summary, call.cells()),
        };
        // Once, whoever speaks on both sides.
        groups.sort_unstable();
        groups.dedup();
        Some((figure, groups))
    }

    /// What the calls of a group come to.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub fn read(&self, window: &Window, baseline: Option<f64>) -> Reading {
        let sum = window.sum();
        let watched = self.definition.measure;
        let share = || wilson(sum.figures, sum.calls);
        let (value, bound) = match watched {
            Watched::Calls => (Some(sum.calls as f64), None),
            _ if watched.is_share() => {
                let value = window.figure(Part::Mean).map(|mean| mean * 100.0);
                let bound = share().map(|[low, high]| match self.definition.limit {
                    Limit::Above(_) => low,
                    Limit::Below(_) => high,
                });
                (value, bound)
            }
            Watched::Spread(_, part) => (window.figure(part).map(|it| it / watched.scale()), None),
            _ => (window.figure(Part::Mean), None),
        };
        self.reading(value, bound, sum.calls, baseline)
    }

    /// What a value that was found otherwise comes to.
    #[must_use]
    pub fn reading(
        &self,
        value: Option<f64>,
        bound: Option<f64>,
        calls: u64,
        baseline: Option<f64>,
    ) -> Reading {
        let definition = &self.definition;
        let near = bound.or(value);
        let held = match (definition.compare_weeks, baseline) {
            (None, _) => near,
            (Some(_), Some(baseline)) if baseline > 0.0 => {
                near.map(|near| (near - baseline) * 100.0 / baseline)
            }
            (Some(_), _) => None,
        };
        let limit = definition.limit;
        let verdict = match held {
            Some(held) if calls >= definition.min_calls => {
                if limit.is_beyond(held, limit.value()) {
                    Verdict::Bad
                } else if limit.is_beyond(held, definition.release.unwrap_or(limit.value())) {
                    Verdict::Between
                } else {
                    Verdict::Good
                }
            }
            _ => Verdict::Unknown,
        };
        Reading {
            value,
            held,
            baseline,
            calls,
            verdict,
        }
    }

    /// Whether the calls that add most show best what is wrong.
    #[must_use]
    pub const fn is_worst_most(&self) -> bool {
        matches!(self.definition.limit, Limit::Above(_))
    }

    /// Whether somebody may be told now, but for what is muted.
    #[must_use]
    pub fn is_quiet(&self, now: TimeUs) -> bool {
        let Some(quiet) = self.definition.quiet_hours else {
            return false;
        };
        let Ok(now) = Timestamp::from_microsecond(now.micros()) else {
            return false;
        };
        let time = now.to_zoned(self.zone.clone()).time();
        if quiet.from <= quiet.until {
            quiet.from <= time && time < quiet.until
        } else {
            quiet.from <= time || time < quiet.until
        }
    }

    /// The same time of the day, some weeks before, by the rule's clocks.
    #[must_use]
    pub fn weeks_before(&self, at: TimeUs, weeks: u8) -> TimeUs {
        let zoned = Timestamp::from_microsecond(at.micros())
            .map(|at| at.to_zoned(self.zone.clone()))
            .and_then(|at| at.checked_sub(i64::from(weeks).weeks()));
        zoned.map_or(at, |before| {
            TimeUs::from_micros(before.timestamp().as_microsecond())
        })
    }
}

/// A call as rules see it.
pub struct Seen<'a> {
    summary: &'a CallSummary,
    annotation: &'a Annotation,
    cells: OnceCell<Cells<'a>>,
    /// When it ended.
    pub ended_at: TimeUs,
}

impl<'a> Seen<'a> {
    /// A call that is over, as it is now. `None`: it is not over.
    #[must_use]
    pub fn new(summary: &'a CallSummary, annotation: &'a Annotation) -> Option<Self> {
        let is_complete = summary.processing == ProcessingState::Complete;
        let ended_at = summary.facts.ended_at.filter(|_| is_complete)?;
        Some(Self {
            summary,
            annotation,
            cells: OnceCell::new(),
            ended_at,
        })
    }

    /// What it has by column; made when something asks.
    fn cells(&self) -> &Cells<'a> {
        self.cells.get_or_init(|| {
            Cells::of(self.summary, self.annotation, true).unwrap_or(Cells {
                quarter: 0,
                ended_us: None,
                cells: Vec::new(),
            })
        })
    }
}
