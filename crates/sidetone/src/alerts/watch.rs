//! All rules at once, with the calls that count for each of them now.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sidetone_core::id::{AccountSid, AlertRuleSid, CallRef};
use sidetone_core::time::{DAY_US, SECOND_US, TimeUs};

use super::definition::Limit;
use super::measure::Watched;
use super::rule::{Reading, Rule, Seen, Verdict};
use super::window::{STEPS, Window, step_us};

/// The most groups of a rule. Beyond them calls are left out.
const GROUPS_MAX: usize = 10_000;
/// The most times that calls count for rules, all together: some 150 MB. Beyond them calls are left out.
const COUNTED_MAX: usize = 2_000_000;
/// Calls are forgotten by the minute of their end.
const MINUTE_US: i64 = 60 * SECOND_US;
/// How long a group is missed of which there are no calls any more, by rules of too few calls, µs.
const MISSED_US: i64 = DAY_US;

/// Rules, and the calls that ended within the time that they look back.
pub struct Watches {
    /// How long calls settle, µs. By so much windows reach back farther: of calls that ended within it
    /// hardly anything is known yet.
    settle_us: i64,
    /// A rule keeps its place.
    places: Vec<Option<Watch>>,
    by_account: HashMap<AccountSid, Vec<u32>>,
    /// Where each call counts.
    counted: HashMap<CallRef, Counted>,
    by_end: BTreeMap<i64, Vec<CallRef>>,
    counts: usize,
    left_out: u64,
    /// Changes when there are windows to be filled anew.
    generation: u64,
    now: TimeUs,
}

/// When a call ended, and the rules and groups that it counts for, by their places.
struct Counted {
    ended_us: i64,
    places: Box<[(u32, u32)]>,
}

/// A rule with its groups.
struct Watch {
    sid: AlertRuleSid,
    rule: Arc<Rule>,
    step_us: i64,
    /// The first and the last step that count.
    range: (i64, i64),
    groups: Vec<Group>,
    by_name: HashMap<Arc<str>, u32>,
    /// Groups that are no more, whose places are used again.
    free: Vec<u32>,
    /// What groups are compared with, where weeks are.
    baselines: HashMap<String, f64>,
    /// Whether all calls are there that ended before the rule was made.
    is_filled: bool,
    /// Until when a call is missing that had no room.
    incomplete_until: TimeUs,
}

/// The calls of a group.
struct Group {
    name: Arc<str>,
    window: Window,
    last_call_us: i64,
    verdict: Verdict,
    is_changed: bool,
}

/// What was found of a group.
pub struct Found<'a> {
    /// Which rule.
    pub sid: AlertRuleSid,
    /// What it says.
    pub rule: &'a Rule,
    /// Which group; empty: there are none.
    pub group: &'a str,
    /// What its calls come to.
    pub reading: Reading,
    /// Its calls.
    pub window: &'a Window,
}

impl Watch {
    fn new(sid: AlertRuleSid, rule: Arc<Rule>, settle_us: i64, now: TimeUs) -> Self {
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
    fn group(&mut self, name: &str) -> Option<u32> {
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

    /// Whether a group without calls is still to be looked at.
    fn is_missed(&self, group: &Group, now: TimeUs) -> bool {
        let since_us = now.micros().saturating_sub(group.last_call_us);
        group.name.is_empty() || self.misses() && since_us < MISSED_US
    }

    /// Whether it is about too few calls.
    fn misses(&self) -> bool {
        let definition = &self.rule.definition;
        definition.measure == Watched::Calls && matches!(definition.limit, Limit::Below(_))
    }
}

const fn range(step_us: i64, now: TimeUs) -> (i64, i64) {
    let last = now.micros().div_euclid(step_us);
    (last - STEPS + 1, last)
}

impl Watches {
    /// Without rules.
    #[must_use]
    pub fn new(settle_us: i64) -> Self {
        Self {
            settle_us,
            places: Vec::new(),
            by_account: HashMap::new(),
            counted: HashMap::new(),
            by_end: BTreeMap::new(),
            counts: 0,
            left_out: 0,
            generation: 0,
            now: TimeUs::EPOCH,
        }
    }

    /// Watches these rules from now on. What was counted for a rule stays while that counts the same.
    pub fn set(&mut self, rules: impl IntoIterator<Item = (AlertRuleSid, Arc<Rule>)>, now: TimeUs) {
        let settle_us = self.settle_us;
        let mut rules: HashMap<AlertRuleSid, Arc<Rule>> = rules.into_iter().collect();
        for place in &mut self.places {
            let Some(watch) = place else { continue };
            match rules.remove(&watch.sid) {
                Some(rule) if rule.counts_as(&watch.rule) => {
                    watch.rule = rule;
                    for group in &mut watch.groups {
                        group.is_changed = true;
                    }
                }
                Some(rule) => {
                    *place = Some(Watch::new(watch.sid, rule, settle_us, now));
                    self.generation += 1;
                }
                None => *place = None,
            }
        }
        for (sid, rule) in rules {
            self.generation += 1;
            let watch = Some(Watch::new(sid, rule, settle_us, now));
            match self.places.iter_mut().find(|place| place.is_none()) {
                Some(place) => *place = watch,
                None => self.places.push(watch),
            }
        }
        self.by_account.clear();
        for (place, watch) in (0..).zip(&self.places) {
            if let Some(watch) = watch
                && !matches!(watch.rule.definition.measure, Watched::Health(_))
            {
                let of_account = self.by_account.entry(watch.rule.account);
                of_account.or_default().push(place);
            }
        }
    }

    /// An account of which rules wait for the calls before them, and how far back those are, µs.
    #[must_use]
    pub fn unfilled(&self) -> Option<(AccountSid, i64)> {
        let watches = self.places.iter().flatten();
        let unfilled: Vec<&Watch> = watches.filter(|watch| !watch.is_filled).collect();
        let account = unfilled.first()?.rule.account;
        let of_account = unfilled
            .iter()
            .filter(|watch| watch.rule.account == account);
        let back_us = of_account.map(|watch| watch.step_us * STEPS).max();
        Some((account, back_us.unwrap_or(0)))
    }

    /// Which windows there are to be filled: another number, others.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// All calls of an account are there that its rules look back to.
    pub fn filled(&mut self, account: AccountSid) {
        for watch in self.places.iter_mut().flatten() {
            watch.is_filled |= watch.rule.account == account;
        }
    }

    /// Forgets all calls: they are to be read again.
    pub fn clear(&mut self, now: TimeUs) {
        let settle_us = self.settle_us;
        self.counted.clear();
        self.by_end.clear();
        self.counts = 0;
        self.generation += 1;
        for watch in self.places.iter_mut().flatten() {
            let new = Watch::new(watch.sid, Arc::clone(&watch.rule), settle_us, now);
            let old = std::mem::replace(watch, new);
            for name in old.by_name.keys() {
                watch.group(name);
            }
            watch.baselines = old.baselines;
        }
    }

    /// Whether there is a rule about calls of an account.
    #[must_use]
    pub fn is_watched(&self, account: AccountSid) -> bool {
        self.by_account.contains_key(&account)
    }

    /// How often a call was not counted for want of room.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// A call as it is now; `None`: it is gone, or not over. What it counted before it counts no more.
    pub fn put(&mut self, call: CallRef, seen: Option<&Seen<'_>>) {
        let before = self.take_out(call);
        let places = self.by_account.get(&call.account);
        let (Some(seen), Some(places)) = (seen, places) else {
            return;
        };
        let ended_us = seen.ended_at.micros();
        let mut counted = Vec::new();
        for place in places {
            let Some(watch) = &mut self.places[*place as usize] else {
                continue;
            };
            let step = ended_us.div_euclid(watch.step_us);
            // Too old, or of a clock that is wrong.
            if step < watch.range.0 || step > watch.range.1 + STEPS {
                continue;
            }
            let Some((figure, groups)) = watch.rule.adds(seen) else {
                continue;
            };
            for name in groups {
                let has_room = self.counts + counted.len() < COUNTED_MAX;
                let Some(group) = has_room.then(|| watch.group(&name)).flatten() else {
                    self.left_out += 1;
                    let left_us = (step + STEPS + 1).saturating_mul(watch.step_us);
                    let left_at = TimeUs::from_micros(left_us);
                    watch.incomplete_until = watch.incomplete_until.max(left_at);
                    continue;
                };
                let there = &mut watch.groups[group as usize];
                there.window.add(step, call.sid, figure);
                there.last_call_us = there.last_call_us.max(ended_us);
                there.is_changed = true;
                counted.push((*place, group));
            }
        }
        if !counted.is_empty() {
            self.counts += counted.len();
            let minute = ended_us.div_euclid(MINUTE_US);
            if before != Some(minute) {
                self.by_end.entry(minute).or_default().push(call);
            }
            let places = counted.into_boxed_slice();
            self.counted.insert(call, Counted { ended_us, places });
        }
    }

    /// Takes a call out of all windows. A place that was given to another rule or group meanwhile does not
    /// have it.
    /// Says the minute that it ended in, if it was in any.
    fn take_out(&mut self, call: CallRef) -> Option<i64> {
        let Counted { ended_us, places } = self.counted.remove(&call)?;
        self.counts -= places.len();
        for (place, group) in places {
            let Some(watch) = self.places.get_mut(place as usize).and_then(Option::as_mut) else {
                continue;
            };
            let step = ended_us.div_euclid(watch.step_us);
            if let Some(group) = watch.groups.get_mut(group as usize) {
                group.window.remove(step, call.sid);
                group.is_changed = true;
            }
        }
        Some(ended_us.div_euclid(MINUTE_US))
    }

    /// What groups of a rule are compared with.
    pub fn compare(&mut self, sid: AlertRuleSid, baselines: HashMap<String, f64>) {
        let mut watches = self.places.iter_mut().flatten();
        if let Some(watch) = watches.find(|watch| watch.sid == sid) {
            if watch.misses() {
                for name in baselines.keys() {
                    if let Some(group) = watch.group(name) {
                        let group = &mut watch.groups[group as usize];
                        group.last_call_us = group.last_call_us.max(self.now.micros());
                    }
                }
            }
            watch.baselines = baselines;
            for group in &mut watch.groups {
                group.is_changed = true;
            }
        }
    }

    /// Looks at a group even if there are no calls of it.
    pub fn attend(&mut self, sid: AlertRuleSid, group: &str) {
        let mut watches = self.places.iter_mut().flatten();
        if let Some(watch) = watches.find(|watch| watch.sid == sid) {
            watch.group(group);
        }
    }

    /// Moves on to a time, and tells of each group of which something may follow: other calls count, it is
    /// bad, or `is_open` says that there is an alert. When the clock was set back so far that calls are
    /// needed which were forgotten, says `false` and does nothing.
    pub fn evaluate(
        &mut self,
        now: TimeUs,
        is_open: impl Fn(AlertRuleSid, &str) -> bool,
        mut found: impl FnMut(&Found<'_>),
    ) -> bool {
        if now < self.now.plus_us(-MINUTE_US) {
            self.now = now;
            return false;
        }
        self.now = self.now.max(now);
        let mut back_us = 0;
        for watch in self.places.iter_mut().flatten() {
            watch.range = range(watch.step_us, now);
            back_us = back_us.max(watch.step_us * STEPS);
            if !watch.is_filled || matches!(watch.rule.definition.measure, Watched::Health(_)) {
                continue;
            }
            let mut over = Vec::new();
            for place in watch.by_name.values() {
                let group = &mut watch.groups[*place as usize];
                group.is_changed |= group.window.slide(watch.range);
                let is_open = is_open(watch.sid, &group.name);
                if group.is_changed || is_open || group.verdict == Verdict::Bad {
                    let baseline = watch.baselines.get(&*group.name).copied();
                    let mut reading = watch.rule.read(&group.window, baseline);
                    if now < watch.incomplete_until {
                        reading.verdict = Verdict::Unknown;
                    }
                    group.verdict = reading.verdict;
                    group.is_changed = false;
                    found(&Found {
                        sid: watch.sid,
                        rule: &watch.rule,
                        group: &group.name,
                        reading,
                        window: &group.window,
                    });
                }
                if group.window.is_empty() && !is_open {
                    over.push(*place);
                }
            }
            over.retain(|place| !watch.is_missed(&watch.groups[*place as usize], now));
            for place in over {
                watch.by_name.remove(&watch.groups[place as usize].name);
                watch.free.push(place);
            }
        }
        self.forget(now.plus_us(-back_us));
        true
    }

    /// Forgets where calls counted that ended before a time: they have left all windows.
    fn forget(&mut self, before: TimeUs) {
        let minute = before.micros().div_euclid(MINUTE_US);
        while let Some(first) = self.by_end.first_entry()
            && *first.key() < minute
        {
            for call in first.remove() {
                // It may have ended later after all.
                let is_over = |it: &Counted| it.ended_us.div_euclid(MINUTE_US) < minute;
                if self.counted.get(&call).is_some_and(is_over)
                    && let Some(counted) = self.counted.remove(&call)
                {
                    self.counts -= counted.places.len();
                }
            }
        }
    }
}
