//! What is said of an alert, and how each kind of receiver is told. No I/O.

pub mod alertmanager;
mod labels;
pub mod mail;
pub mod pagerduty;
pub mod slack;
pub mod teams;
mod text;
pub mod webhook;

#[cfg(test)]
mod tests;

use sidetone_core::id::{AccountSid, AlertRuleSid, AlertSid, CallSid};
use sidetone_core::time::TimeUs;

use self::text::{join, line};
use super::severity::Severity;

/// What telling of an alert is called in the outbox: that it fired, that it is over, and that it is only to
/// be seen whether this arrives.
pub const FIRING: &str = "alert.firing";
pub const RESOLVED: &str = "alert.resolved";
pub const TEST: &str = "alert.test";

/// The most characters of a headline.
const HEADLINE_MAX_CHARS: usize = 140;
/// Calls that are named to people; the link leads to all.
const CALLS_NAMED: usize = 5;

/// What is said.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Of which alert.
    pub alert: AlertSid,
    /// Whose it is.
    pub account: AccountSid,
    /// Of which rule.
    pub rule: AlertRuleSid,
    /// What that was called.
    pub rule_name: String,
    /// How bad it is.
    pub severity: Severity,
    /// What calls are grouped by.
    pub group_by: Option<String>,
    /// The group; empty: there are none.
    pub group: String,
    /// What stands for the group in labels, where it is somebody's number or name.
    pub pseudonym: Option<String>,
    /// One line for people.
    pub summary: String,
    /// What was found. `None`: there is nothing to measure.
    pub value: Option<f64>,
    /// What it was held against.
    pub limit: f64,
    /// Of both; empty: they have none.
    pub unit: &'static str,
    /// Of how many calls.
    pub calls: u64,
    /// Those that show it.
    pub call_sids: Vec<CallSid>,
    /// Where they are shown; without a host where this server does not know its own.
    pub calls_url: String,
    /// When it fired.
    pub fired_at: TimeUs,
    /// When it was over. `None`: it goes on.
    pub resolved_at: Option<TimeUs>,
    /// Whether it is only said to see whether it arrives.
    pub is_test: bool,
}

impl Notice {
    /// What is said to see whether it arrives.
    #[must_use]
    pub fn test(account: AccountSid, id: [u8; 16], now: TimeUs) -> Self {
        Self {
            alert: AlertSid::from_bytes(id),
            account,
            rule: AlertRuleSid::from_bytes([0; 16]),
            rule_name: "Sidetone test".to_owned(),
            severity: Severity::Info,
            group_by: None,
            group: String::new(),
            pseudonym: None,
            summary: "A test of this receiver. Nothing is wrong.".to_owned(),
            value: None,
            limit: 0.0,
            unit: "",
            calls: 0,
            call_sids: Vec::new(),
            calls_url: String::new(),
            fired_at: now,
            resolved_at: None,
            is_test: true,
        }
    }

    /// How it is, in capital letters, for people.
    const fn state(&self) -> &'static str {
        match (self.is_test, self.resolved_at) {
            (true, _) => "TEST",
            (false, None) => "FIRING",
            (false, Some(_)) => "RESOLVED",
        }
    }

    /// How it is, in Prometheus's words.
    const fn status(&self) -> &'static str {
        match self.resolved_at {
            None => "firing",
            Some(_) => "resolved",
        }
    }

    /// What it is about, in one short line.
    fn headline(&self) -> String {
        let group = match self.group.as_str() {
            "" => String::new(),
            group => format!(": {group}"),
        };
        let headline = format!("[{}] {}{group}", self.state(), self.rule_name);
        line(&headline, HEADLINE_MAX_CHARS)
    }

    /// Where its calls are shown, if that can be followed from elsewhere.
    fn link(&self) -> Option<&str> {
        let is_absolute = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
        Some(self.calls_url.as_str()).filter(is_absolute)
    }

    /// What else people want to know, as name and value.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![
            ("Severity", self.severity.to_string()),
            ("Fired", self.fired_at.to_seconds_text()),
        ];
        if let Some(resolved_at) = self.resolved_at {
            facts.push(("Resolved", resolved_at.to_seconds_text()));
        }
        if !self.call_sids.is_empty() {
            let named = self.call_sids.iter().take(CALLS_NAMED);
            let mut calls = join(named, ", ");
            if let Some(others @ 1..) = self.call_sids.len().checked_sub(CALLS_NAMED) {
                calls = format!("{calls} and {others} more");
            }
            facts.push(("Calls", calls));
        }
        facts
    }
}
