//! A rule: what is watched of which calls, over how long, and when that is bad.

use std::cell::OnceCell;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use sidetone_core::annotation::Annotation;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::{AccountSid, SinkSid};
use sidetone_core::search;
use sidetone_core::statistics::share::wilson;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_core::vocabulary::ProcessingState;
use sidetone_store::statistics::GroupValue;
use sidetone_store::statistics::column::{Arity, Cell, Cells, Column, Own};

use super::measure::{Part, Watched};
use super::severity::Severity;
use super::window::Window;
use crate::dimension::{self, Dimension};

/// What calls are grouped by when it is by who spoke on our own side of them.
pub const AGENT: &str = "Agent";

/// When what is watched is bad.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// When it is more.
    Above(f64),
    /// When it is less.
    Below(f64),
}

impl Limit {
    /// The number itself.
    #[must_use]
    pub const fn value(self) -> f64 {
        match self {
            Self::Above(limit) | Self::Below(limit) => limit,
        }
    }

    /// Whether a value is beyond a number on its bad side.
    #[must_use]
    pub fn is_beyond(self, value: f64, number: f64) -> bool {
        match self {
            Self::Above(_) => value > number,
            Self::Below(_) => value < number,
        }
    }
}

/// Hours of each day in which nobody is told, written `22:00-06:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct QuietHours {
    /// They begin.
    pub from: Time,
    /// They end; before they begin, when midnight lies in them.
    pub until: Time,
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [from, until] = [self.from, self.until].map(|at| (at.hour(), at.minute()));
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            from.0, from.1, until.0, until.1
        )
    }
}

/// It is no pair of different times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not like 22:00-06:00")]
pub struct NotQuiet;

impl FromStr for QuietHours {
    type Err = NotQuiet;

    fn from_str(text: &str) -> Result<Self, NotQuiet> {
        let time = |text: &str| {
            let (hour, minute) = text.split_once(':').ok_or(NotQuiet)?;
            let number =
                |text: &str| match text.len() == 2 && text.bytes().all(|it| it.is_ascii_digit()) {
                    true => text.parse::<i8>().map_err(|_| NotQuiet),
                    false => Err(NotQuiet),
                };
            Time::new(number(hour)?, number(minute)?, 0, 0).map_err(|_| NotQuiet)
        };
        let (from, until) = text.split_once('-').ok_or(NotQuiet)?;
        let (from, until) = (time(from)?, time(until)?);
        match from == until {
            true => Err(NotQuiet),
            false => Ok(Self { from, until }),
        }
    }
}

impl From<QuietHours> for String {
    fn from(hours: QuietHours) -> Self {
        hours.to_string()
    }
}

impl TryFrom<String> for QuietHours {
    type Error = NotQuiet;

    fn try_from(text: String) -> Result<Self, NotQuiet> {
        text.parse()
    }
}

/// What a rule says. It is kept as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Which calls: filters of Summaries as the URL of a list has them. Empty: all.
    pub filters: String,
    /// Of [`Watched::Share`], the calls that the share is of, in the same way.
    pub among: Option<String>,
    /// What is watched of them.
    pub measure: Watched,
    /// What calls are grouped by: each group is watched by itself. The name of a dimension, or [`AGENT`].
    pub group_by: Option<String>,
    /// How far back calls count, s.
    pub window_s: u32,
    /// When it is bad. With [`Self::compare_weeks`] in percent of change.
    pub limit: Limit,
    /// At which value it is good again, once it was bad. `None`: at the limit.
    pub release: Option<f64>,
    /// The value is compared with the mean of the same time of day in so many weeks before.
    pub compare_weeks: Option<u8>,
    /// With fewer calls nothing is known.
    pub min_calls: u64,
    /// For how long it must be bad, s.
    pub for_s: u32,
    /// How bad it is.
    pub severity: Severity,
    /// When nobody is told.
    pub quiet_hours: Option<QuietHours>,
    /// By whose clocks: a name of the IANA database.
    pub time_zone: String,
    /// Who is told.
    pub receivers: Vec<SinkSid>,
}

impl Definition {
    /// The calls that are counted, as the URL of a list has them; of a share those that it is. A filter that
    /// stands in both is meant as in [`Self::filters`], which then is the narrower one.
    #[must_use]
    pub fn query(&self) -> String {
        let filters: Vec<_> = form_urlencoded::parse(self.filters.as_bytes()).collect();
        let among = form_urlencoded::parse(self.among.as_deref().unwrap_or_default().as_bytes());
        let among = among.filter(|(name, _)| !filters.iter().any(|(other, _)| other == name));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(among).extend_pairs(&filters);
        query.finish()
    }
}

/// What calls are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// A dimension of Statistics.
    Dimension(&'static Dimension),
    /// Who spoke on our own side.
    Agent,
}

impl GroupBy {
    /// What is called so.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        if name == AGENT {
            return Some(Self::Agent);
        }
        dimension::find(name).map(Self::Dimension)
    }

    /// Whether a group is somebody's number or name.
    #[must_use]
    pub const fn is_personal(self) -> bool {
        match self {
            Self::Agent => true,
            Self::Dimension(dimension) => {
                matches!(dimension.column, Column::Own(Own::From | Own::To))
            }
        }
    }

    /// The groups of a call; none where it is not known.
    fn groups_of(self, summary: &CallSummary, cells: &Cells<'_>) -> Vec<String> {
        let dimension = match self {
            Self::Dimension(dimension) => dimension,
            Self::Agent => {
                let parties = [&summary.facts.from, &summary.facts.to];
                let agents = search::agents(summary).into_iter().zip(parties);
                let agents = agents.filter(|(is_agent, _)| *is_agent);
                let named = agents.filter_map(|(_, party)| party.address.as_deref());
                return named
                    .map(|address| search::identity(address).to_owned())
                    .collect();
            }
        };
        let mut cells = cells.cells.iter();
        let Some((column, cell)) = cells.find(|(column, _)| *column == dimension.column) else {
            return Vec::new();
        };
        let values = match (column.arity(), cell) {
            (Arity::Bits, Cell::Number(bits)) => (0..64)
                .filter(|bit| bits >> bit & 1 == 1)
                .map(GroupValue::Number)
                .collect(),
            (_, Cell::Number(number)) => vec![GroupValue::Number(*number)],
            (Arity::Lines, Cell::Text(lines)) => lines
                .split('\n')
                .map(|line| GroupValue::Text(line.to_owned()))
                .collect(),
            (_, Cell::Text(text)) => vec![GroupValue::Text(text.to_string())],
        };
        values
            .iter()
            .filter_map(|value| told(dimension, value))
            .collect()
    }
}

/// A value of a dimension as text. `None`: it is not known.
#[must_use]
pub fn told(dimension: &Dimension, value: &GroupValue) -> Option<String> {
    match dimension.tell(value) {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

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
        let groups = match self.group_by {
            None => vec![String::new()],
            Some(group_by) => group_by.groups_of(call.summary, call.cells()),
        };
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
