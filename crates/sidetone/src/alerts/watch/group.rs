//! One rule, with the calls that count for each of its groups.

use std::collections::HashMap;
use std::sync::Arc;

use sidetone_core::id::AlertRuleSid;
use sidetone_core::time::{DAY_US, TimeUs};

use crate::alerts::definition::Limit;
use crate::alerts::measure::Watched;
use crate::alerts::rule::{Rule, Verdict};
use crate::alerts::window::{STEPS, Window, step_us};

/// The most groups of a rule. Beyond them calls are left out.
const GROUPS_MAX: usize = 10_000;
/// How long a group is missed of which there are no calls any more, by rules of too few calls, µs.
const MISSED_US: i64 = DAY_US;

/// A rule with its groups.
pub(super) struct Watch {
    pub(super) sid: AlertRuleSid,
    pub(super) rule: Arc<Rule>,
    pub(super) step_us: i64,
    /// The first and the last step that count.
    pub(super) range: (i64, i64),
    pub(super) groups: Vec<Group>,
    pub(super) by_name: HashMap<Arc<str>, u32>,
    /// Groups that are no more, whose places are used again.
    pub(super) free: Vec<u32>,
    /// What groups are compared with, where weeks are.
    pub(super) baselines: HashMap<String, f64>,
    /// Whether all calls are there that ended before the rule was made.
    pub(super) is_filled: bool,
    /// Until when a call is missing that had no room.
    pub(super) incomplete_until: TimeUs,
}

/// The calls of a group.
pub(super) struct Group {
    pub(super) name: Arc<str>,
    pub(super) window: Window,
    pub(super) last_call_us: i64,
    pub(super) verdict: Verdict,
    pub(super) is_changed: bool,
}

impl Watch {
    pub(super) fn new(sid: AlertRuleSid, rule: Arc<Rule>, settle_us: i64, now: TimeUs) -> Self {
        let step_us = step_us(rule.window_us() + settle_us);
        let mut watch = Self {
            sid,
            step_us,
            range: range(step_us, now),
            groups: Vec::new(),
            by_name: HashMap::new(),
            free: Vec::new(),
            baselines: HashMap::new(),
            is_filled: matches!(rule.definition.measure, Watched::Health(_)),
            incomplete_until: TimeUs::EPOCH,
            rule,
        };
        // No calls at all are something to know of, too.
        if watch.rule.group_by.is_none() {
            watch.group("");
        }
        watch
    }

    /// The place of a group. `None`: there are too many.
    pub(super) fn group(&mut self, name: &str) -> Option<u32> {
        if let Some(place) = self.by_name.get(name) {
            return Some(*place);
        }
        if self.by_name.len() >= GROUPS_MAX {
            return None;
        }
        let name: Arc<str> = name.into();
        let mut group = Group {
            name: Arc::clone(&name),
            window: Window::default(),
            last_call_us: i64::MIN,
            verdict: Verdict::Unknown,
            is_changed: true,
        };
        group.window.slide(self.range);
        let place = match self.free.pop() {
            Some(place) => {
                self.groups[place as usize] = group;
                place
            }
            None => {
                let place = u32::try_from(self.groups.len()).ok()?;
                self.groups.push(group);
                place
            }
        };
        self.by_name.insert(name, place);
        Some(place)
    }

    /// Forgets a group, by its place.
    pub(super) fn forget(&mut self, group: u32) {
        self.by_name.remove(&self.groups[group as usize].name);
        self.free.push(group);
    }

    /// A call of a step is missing: nothing is concluded until that has left the window.
    pub(super) fn lack(&mut self, step: i64) {
        let left_us = (step + STEPS + 1).saturating_mul(self.step_us);
        let left_at = TimeUs::from_micros(left_us);
        self.incomplete_until = self.incomplete_until.max(left_at);
    }

    /// Whether a group without calls is still to be looked at.
    pub(super) fn is_missed(&self, group: &Group, now: TimeUs) -> bool {
        let since_us = now.micros().saturating_sub(group.last_call_us);
        self.misses() && since_us < MISSED_US
    }

    /// Whether it is about too few calls.
    pub(super) fn misses(&self) -> bool {
        let definition = &self.rule.definition;
        definition.measure == Watched::Calls && matches!(definition.limit, Limit::Below(_))
    }
}

pub(super) const fn range(step_us: i64, now: TimeUs) -> (i64, i64) {
    let last = now.micros().div_euclid(step_us);
    (last - STEPS + 1, last)
}
