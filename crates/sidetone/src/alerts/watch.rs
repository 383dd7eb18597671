//! All rules at once, with the calls that count for each of them now.

mod group;
mod room;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use sidetone_core::id::{AccountSid, AlertRuleSid, CallRef};
use sidetone_core::time::{SECOND_US, TimeUs};

use self::group::{Watch, range};
use self::room::{COUNTED_MAX, Counted, Room};
use super::measure::Watched;
use super::rule::{Reading, Rule, Seen, Verdict};
use super::window::{STEPS, Window};

/// The most groups that are missed without any calls, of all rules together.
const MISSED_MAX: usize = 100_000;
/// By so much the clock may be set back without that calls are read again, µs.
const SET_BACK_US: i64 = 60 * SECOND_US;

/// Rules, and the calls that ended within the time that they look back.
pub struct Watches {
    /// How long calls settle, µs. By so much windows reach back farther: of calls that ended within it
    /// hardly anything is known yet.
    settle_us: i64,
    /// A rule keeps its place.
    places: Vec<Option<Watch>>,
    by_account: HashMap<AccountSid, Vec<u32>>,
    /// Where each call counts.
    room: Room,
    counted_max: usize,
    left_out: u64,
    missed_max: usize,
    given_up: u64,
    /// Changes when there are windows to be filled anew.
    generation: u64,
    now: TimeUs,
}

/// A group without calls that is looked at all the same.
struct Missed {
    account: AccountSid,
    last_call_us: i64,
    place: usize,
    group: u32,
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

impl Watches {
    /// Without rules.
    #[must_use]
    pub fn new(settle_us: i64) -> Self {
        Self {
            settle_us,
            places: Vec::new(),
            by_account: HashMap::new(),
            room: Room::default(),
            counted_max: COUNTED_MAX,
            left_out: 0,
            missed_max: MISSED_MAX,
            given_up: 0,
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
        self.room = Room::default();
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

    /// How many groups without calls are missed no more for want of room.
    #[must_use]
    pub const fn given_up(&self) -> u64 {
        self.given_up
    }

    /// A call as it is now; `None`: it is gone, or not over. What it counted before it counts no more.
    pub fn put(&mut self, call: CallRef, seen: Option<&Seen<'_>>) {
        self.take_out(call);
        let places = self.by_account.get(&call.account);
        let (Some(seen), Some(places)) = (seen, places) else {
            return;
        };
        let ended_us = seen.ended_at.micros();
        let mut adding = Vec::new();
        for place in places {
            let Some(watch) = &self.places[*place as usize] else {
                continue;
            };
            let step = ended_us.div_euclid(watch.step_us);
            // Too old, or of a clock that is wrong.
            if step < watch.range.0 || step > watch.range.1 + STEPS {
                continue;
            }
            if let Some((figure, groups)) = watch.rule.adds(seen) {
                adding.push((*place, step, figure, groups));
            }
        }
        let wanted = adding.iter().map(|(.., groups)| groups.len()).sum();
        let has_room = self.make_room(call.account, wanted);
        let mut counted = Vec::with_capacity(wanted);
        for (place, step, figure, groups) in adding {
            let Some(watch) = &mut self.places[place as usize] else {
                continue;
            };
            for name in groups {
                let Some(group) = has_room.then(|| watch.group(&name)).flatten() else {
                    self.left_out += 1;
                    watch.lack(step);
                    continue;
                };
                let there = &mut watch.groups[group as usize];
                there.window.add(step, call.sid, figure);
                there.last_call_us = there.last_call_us.max(ended_us);
                there.is_changed = true;
                counted.push((place, group));
            }
        }
        if !counted.is_empty() {
            let places = counted.into_boxed_slice();
            self.room.keep(call, Counted { ended_us, places });
        }
    }

    /// Makes room for calls of an account to count so often; whether there is. Whoever counts less than an
    /// equal share always has room, at the cost of whoever counts most.
    fn make_room(&mut self, account: AccountSid, wanted: usize) -> bool {
        let share = self.counted_max / self.by_account.len().max(1);
        while self.room.counts() + wanted > self.counted_max {
            if self.room.counts_of(account) + wanted > share {
                return false;
            }
            let Some(call) = self.room.first_of_the_largest() else {
                return false;
            };
            let lacking = self.take_out(call);
            self.left_out += lacking.len() as u64;
            for (place, step) in lacking {
                if let Some(watch) = self.places.get_mut(place as usize).and_then(Option::as_mut) {
                    watch.lack(step);
                }
            }
        }
        true
    }

    /// Takes a call out of all windows, and says which rules had it in which step. A place that was given to
    /// another rule or group meanwhile does not have it.
    fn take_out(&mut self, call: CallRef) -> Vec<(u32, i64)> {
        let Some(Counted { ended_us, places }) = self.room.take(call) else {
            return Vec::new();
        };
        let mut had = Vec::with_capacity(places.len());
        for (place, group) in places {
            let Some(watch) = self.places.get_mut(place as usize).and_then(Option::as_mut) else {
                continue;
            };
            let step = ended_us.div_euclid(watch.step_us);
            if let Some(group) = watch.groups.get_mut(group as usize)
                && group.window.remove(step, call.sid)
            {
                group.is_changed = true;
                had.push((place, step));
            }
        }
        had
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
        if now < self.now.plus_us(-SET_BACK_US) {
            self.now = now;
            return false;
        }
        self.now = self.now.max(now);
        let mut back_us = 0;
        let mut missed = Vec::new();
        for (place, watch) in (0..).zip(&mut self.places) {
            let Some(watch) = watch else { continue };
            watch.range = range(watch.step_us, now);
            back_us = back_us.max(watch.step_us * STEPS);
            if !watch.is_filled || matches!(watch.rule.definition.measure, Watched::Health(_)) {
                continue;
            }
            let mut empty = Vec::new();
            for group_place in watch.by_name.values() {
                let group = &mut watch.groups[*group_place as usize];
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
                if group.window.is_empty() && !is_open && !group.name.is_empty() {
                    empty.push(*group_place);
                }
            }
            for group in empty {
                let there = &watch.groups[group as usize];
                if watch.is_missed(there, now) {
                    missed.push(Missed {
                        account: watch.rule.account,
                        last_call_us: there.last_call_us,
                        place,
                        group,
                    });
                } else {
                    watch.forget(group);
                }
            }
        }
        self.give_up(missed);
        self.room.forget(now.plus_us(-back_us));
        true
    }

    /// Gives groups up that are missed, where there are too many: of accounts with more than an equal share
    /// of them, those that had calls longest ago.
    fn give_up(&mut self, mut missed: Vec<Missed>) {
        if missed.len() <= self.missed_max {
            return;
        }
        missed.sort_unstable_by_key(|it| (it.account, it.last_call_us));
        let of_accounts = || missed.chunk_by(|one, other| one.account == other.account);
        let share = self.missed_max / of_accounts().count();
        for of_account in of_accounts() {
            let beyond = of_account.len().saturating_sub(share);
            for it in &of_account[..beyond] {
                if let Some(watch) = &mut self.places[it.place] {
                    watch.forget(it.group);
                    self.given_up += 1;
                }
            }
        }
    }
}
