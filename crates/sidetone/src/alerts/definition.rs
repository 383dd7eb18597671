//! What a rule says: what is watched of which calls, over how long, and when that is bad.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use sidetone_core::id::SinkSid;

use super::measure::Watched;
use super::severity::Severity;

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
