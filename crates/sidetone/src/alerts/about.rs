//! What an alert says: kept with it as JSON, so that it can be told when the rule is gone.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use sidetone_core::id::SinkSid;
use sidetone_core::time::{HOUR_US, TimeUs};

use super::definition::Limit;
use super::group_by::GroupBy;
use super::measure::Watched;
use super::rule::{Reading, Rule};
use super::severity::Severity;

/// What was found, and whom to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// What the rule was called.
    pub rule_name: String,
    /// How bad it is.
    pub severity: Severity,
    /// What calls are grouped by.
    pub group_by: Option<String>,
    /// Whether the group is somebody's number or name.
    pub is_personal: bool,
    /// Whether it is one of a party of the calls: then it is erased with them.
    #[serde(default = "yes")]
    pub is_party: bool,
    /// Whether that was done. The store says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_erased: bool,
    /// What is watched.
    pub measure: Watched,
    /// How far back, s.
    pub window_s: u32,
    /// When it is bad.
    pub limit: Limit,
    /// With how many weeks before it is compared.
    pub compare_weeks: Option<u8>,
    /// What was found when it fired, or, while it is pending, when it began.
    pub value: Option<f64>,
    /// What of it is held against the limit.
    pub held: Option<f64>,
    /// What it is compared with.
    pub baseline: Option<f64>,
    /// Of how many calls.
    pub calls: u64,
    /// Which calls, as the URL of a list has them.
    pub query: String,
    /// Who is told.
    pub receivers: Vec<SinkSid>,
    /// Whether they were told that it fired: not yet where it is quiet or muted.
    pub is_told: bool,
}

/// Earlier releases did not say so: rather one too many is erased.
const fn yes() -> bool {
    true
}

impl About {
    /// What a rule says of a group.
    #[must_use]
    pub fn of(rule: &Rule, group: &str, reading: &Reading, now: TimeUs) -> Self {
        let definition = &rule.definition;
        Self {
            rule_name: rule.name.clone(),
            severity: definition.severity,
            group_by: definition.group_by.clone(),
            is_personal: rule.group_by.is_some_and(GroupBy::is_personal),
            is_party: rule.group_by.is_some_and(GroupBy::is_party),
            is_erased: false,
            measure: definition.measure,
            window_s: definition.window_s,
            limit: definition.limit,
            compare_weeks: definition.compare_weeks,
            value: reading.value,
            held: reading.held,
            baseline: reading.baseline,
            calls: reading.calls,
            query: query(rule, group, now),
            receivers: definition.receivers.clone(),
            is_told: false,
        }
    }

    /// One line for people. `group`: which, if there are any.
    #[must_use]
    pub fn summary(&self, group: &str) -> String {
        let mut line = self.rule_name.clone();
        if let Some(group_by) = &self.group_by {
            let _ = write!(line, ": {group_by} {group}");
        }
        let (unit, measure) = (self.measure.unit(), self.measure);
        let value = |value: f64| format!("{} {unit}", rounded(value)).trim_end().to_owned();
        let _ = match self.value {
            Some(found) if measure == Watched::Calls => write!(line, ": {}", value(found)),
            Some(found) => write!(line, ": {measure} {}", value(found)),
            None => write!(line, ": no {measure}"),
        };
        if !matches!(measure, Watched::Calls | Watched::Health(_)) {
            let _ = write!(line, " of {} calls", self.calls);
        }
        if !matches!(measure, Watched::Health(_)) {
            let _ = write!(line, " in {}", length(self.window_s));
        }
        let beyond = match self.limit {
            Limit::Above(_) => "above",
            Limit::Below(_) => "below",
        };
        let limit = rounded(self.limit.value());
        let _ = match (self.compare_weeks, self.baseline) {
            (Some(weeks), Some(baseline)) => {
                let held = self
                    .held
                    .map_or_else(String::new, |it| format!("{} % from ", rounded(it)));
                write!(
                    line,
                    ", {held}{} in the {weeks} weeks before, {beyond} {limit} %",
                    value(baseline)
                )
            }
            _ if measure == Watched::Calls => write!(line, ", {beyond} {limit}"),
            _ => write!(line, ", {beyond} {}", value(self.limit.value())),
        };
        line
    }
}

/// A number as programs are told it: of four places.
#[must_use]
pub fn told(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

/// A number as people read it.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// A length of time as it is asked for: `90s`, `15m`, `2h`.
#[must_use]
pub fn length(seconds: u32) -> String {
    match seconds {
        0 => "0s".to_owned(),
        _ if seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        _ if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

/// The calls that a rule looked at for a group, as the URL of a list has them: those that started within
/// the window or an hour before it.
fn query(rule: &Rule, group: &str, now: TimeUs) -> String {
    let definition = &rule.definition;
    if let Watched::Health(_) = definition.measure {
        return String::new();
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    let from = now.plus_us(-rule.window_us() - HOUR_US);
    query.append_pair("StartTime", &from.to_string());
    query.append_pair("EndTime", &now.to_string());
    // Of a share that is too small, the others show what is wrong.
    let filters = match &definition.among {
        Some(among) if !rule.is_worst_most() => among.clone(),
        _ => definition.query(),
    };
    if let Some(group_by) = definition.group_by.as_deref() {
        // Lists have other names for some.
        let parameter = match group_by {
            "Carrier" => "ToCarrier".to_owned(),
            "Country" => "ToCountryCode".to_owned(),
            "CallScore" | "ConnectivityIssue" | "QualityIssue" | "Spam" => {
                format!("{group_by}Annotation")
            }
            other => other.to_owned(),
        };
        let filters = form_urlencoded::parse(filters.as_bytes());
        query.extend_pairs(filters.filter(|(name, _)| *name != parameter));
        query.append_pair(&parameter, group);
    } else {
        query.extend_pairs(form_urlencoded::parse(filters.as_bytes()));
    }
    query.finish()
}

#[cfg(test)]
mod tests {
    use sidetone_core::statistics::Measure;

    use super::super::measure::Part;
    use super::*;

    fn about(measure: Watched, limit: Limit) -> About {
        About {
            rule_name: "Routes".to_owned(),
            severity: Severity::Warning,
            group_by: None,
            is_personal: false,
            is_party: false,
            is_erased: false,
            measure,
            window_s: 900,
            limit,
            compare_weeks: None,
            value: Some(31.4159),
            held: Some(36.0),
            baseline: None,
            calls: 212,
            query: String::new(),
            receivers: Vec::new(),
            is_told: false,
        }
    }

    #[test]
    fn a_line_says_what_was_found() {
        let seizures = Watched::Ratio(Measure::AnswerSeizureRatio);
        let grouped = About {
            group_by: Some("Carrier".to_owned()),
            ..about(seizures, Limit::Below(40.0))
        };
        let compared = About {
            compare_weeks: Some(4),
            held: Some(-47.5),
            baseline: Some(60.0),
            ..about(seizures, Limit::Below(-30.0))
        };
        let delay = Watched::Spread(Measure::Pdd, Part::P95);
        let none = About {
            value: None,
            ..about(delay, Limit::Above(4000.0))
        };
        for (about, line) in [
            (
                grouped,
                "Routes: Carrier Acme: answer_seizure_ratio 31.42 % of 212 calls in 15m, below 40 %",
            ),
            (
                compared,
                "Routes: answer_seizure_ratio 31.42 % of 212 calls in 15m, -47.5 % from 60 % in the 4 weeks before, below -30 %",
            ),
            (
                none,
                "Routes: no pdd.p95 of 212 calls in 15m, above 4000 ms",
            ),
            (
                about(Watched::Calls, Limit::Below(40.0)),
                "Routes: 31.42 calls in 15m, below 40",
            ),
        ] {
            assert_eq!(about.summary("Acme"), line);
        }
    }

    #[test]
    fn the_store_knows_its_members_by_their_names() {
        use sidetone_store::alerts::about::{IS_ERASED, IS_PARTY, QUERY};

        let about = About {
            is_erased: true,
            ..about(Watched::Calls, Limit::Above(1.0))
        };
        let written = serde_json::to_value(&about).unwrap();
        assert_eq!(written[IS_PARTY], false);
        assert_eq!(written[IS_ERASED], true);
        assert_eq!(written[QUERY], "");
    }

    #[test]
    fn programs_are_told_four_places() {
        for (number, expected) in [(100.0 / 3.0, 33.3333), (-0.00004, 0.0), (12.5, 12.5)] {
            assert_eq!(told(number), expected);
        }
    }

    #[test]
    fn lengths_are_written_as_they_are_asked_for() {
        for (seconds, text) in [(0, "0s"), (90, "90s"), (900, "15m"), (7200, "2h")] {
            assert_eq!(length(seconds), text);
        }
    }
}
