//! The calls that ended within the last while, step by step as time passes.

use std::collections::{BTreeMap, HashMap};

use sidetone_core::id::CallSid;

use super::measure::Part;

/// Steps of a window.
pub const STEPS: i64 = 60;
/// The shortest step, µs.
const STEP_MIN_US: i64 = 1_000_000;

/// How long a step is of a window of so many microseconds.
#[must_use]
pub const fn step_us(window_us: i64) -> i64 {
    let step_us = window_us / STEPS;
    if step_us < STEP_MIN_US {
        STEP_MIN_US
    } else {
        step_us
    }
}

/// What some calls come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many there are.
    pub calls: u64,
    /// The sum of what they add.
    pub figures: u64,
}

/// Calls with what each adds, by the step that they ended in.
#[derive(Debug, Default)]
pub struct Window {
    steps: BTreeMap<i64, Calls>,
    /// The steps that count now: the first, and the last.
    range: (i64, i64),
    sum: Sum,
}

type Calls = HashMap<CallSid, u32>;

impl Window {
    /// Adds a call to a step. It is in none yet.
    pub fn add(&mut self, step: i64, call: CallSid, figure: u32) {
        self.steps.entry(step).or_default().insert(call, figure);
        if self.counts(step) {
            self.sum.calls += 1;
            self.sum.figures += u64::from(figure);
        }
    }

    /// Takes a call out of the step that it was added to; whether it was there. What has left the window is
    /// gone already.
    pub fn remove(&mut self, step: i64, call: CallSid) -> bool {
        let Some(calls) = self.steps.get_mut(&step) else {
            return false;
        };
        let Some(figure) = calls.remove(&call) else {
            return false;
        };
        if calls.is_empty() {
            self.steps.remove(&step);
        }
        if self.counts(step) {
            self.sum.calls -= 1;
            self.sum.figures -= u64::from(figure);
        }
        true
    }

    const fn counts(&self, step: i64) -> bool {
        self.range.0 <= step && step <= self.range.1
    }

    /// Moves to where the steps of a range count, the first and the last, and forgets those before it.
    /// Whether other calls count now.
    pub fn slide(&mut self, range: (i64, i64)) -> bool {
        let was = std::mem::replace(&mut self.range, range);
        if was == range {
            return false;
        }
        let before = self.sum;
        while let Some(first) = self.steps.first_entry()
            && *first.key() < range.0
        {
            let step = *first.key();
            let calls = first.remove();
            if was.0 <= step && step <= was.1 {
                self.sum = self.sum.less(&calls);
            }
        }
        if was.0 <= range.0 && range.0 <= was.1 + 1 && was.1 <= range.1 {
            for (_, calls) in self.steps.range(was.1 + 1..=range.1) {
                self.sum = self.sum.and(calls);
            }
        } else {
            // The clock was set.
            let counting = self.steps.range(range.0..=range.1);
            self.sum = counting.fold(Sum::default(), |sum, (_, calls)| sum.and(calls));
        }
        before != self.sum
    }

    /// What the calls that count come to.
    #[must_use]
    pub const fn sum(&self) -> Sum {
        self.sum
    }

    /// Whether it holds no calls, not even later ones.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    fn counting(&self) -> impl Iterator<Item = u32> {
        self.steps
            .range(self.range.0..=self.range.1)
            .flat_map(|(_, calls)| calls.values().copied())
    }

    /// The mean of what calls add, or what so many of them do not exceed, by nearest rank. `None`: there
    /// are no calls.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub fn figure(&self, part: Part) -> Option<f64> {
        let percent = match part {
            Part::Mean => {
                let Sum { calls, figures } = self.sum;
                return (calls > 0).then(|| figures as f64 / calls as f64);
            }
            Part::P50 => 50,
            Part::P95 => 95,
            Part::P99 => 99,
        };
        let mut figures: Vec<u32> = self.counting().collect();
        let rank = (figures.len() * percent).div_ceil(100);
        let place = rank.checked_sub(1)?;
        let (_, figure, _) = figures.select_nth_unstable(place);
        Some(f64::from(*figure))
    }

    /// The calls that say most: those that add most, or least; of those alike the latest.
    #[must_use]
    pub fn telling(&self, most_first: bool, limit: usize) -> Vec<CallSid> {
        let mut calls: Vec<(u32, i64, CallSid)> = self
            .steps
            .range(self.range.0..=self.range.1)
            .flat_map(|(step, calls)| {
                let age = -step;
                calls
                    .iter()
                    .map(move |(call, figure)| (*figure, age, *call))
            })
            .map(|(figure, age, call)| {
                (
                    if most_first {
                        u32::MAX - figure
                    } else {
                        figure
                    },
                    age,
                    call,
                )
            })
            .collect();
        if calls.len() > limit {
            calls.select_nth_unstable(limit);
            calls.truncate(limit);
        }
        calls.sort_unstable();
        calls.into_iter().map(|(_, _, call)| call).collect()
    }
}

impl Sum {
    fn and(mut self, calls: &Calls) -> Self {
        self.calls += calls.len() as u64;
        self.figures += figures(calls);
        self
    }

    fn less(mut self, calls: &Calls) -> Self {
        self.calls -= calls.len() as u64;
        self.figures -= figures(calls);
        self
    }
}

fn figures(calls: &Calls) -> u64 {
    calls.values().map(|figure| u64::from(*figure)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sid(n: u8) -> CallSid {
        CallSid::from_bytes([n; 16])
    }

    #[derive(Debug, Clone)]
    enum Deed {
        Add(i64, u8, u32),
        Remove(u8),
        Slide(i64),
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            4 => (0..40_i64, any::<u8>(), 0..100_u32).prop_map(|(step, call, n)| Deed::Add(step, call, n)),
            2 => any::<u8>().prop_map(Deed::Remove),
            3 => (-3..6_i64).prop_map(Deed::Slide),
        ]
    }

    proptest! {
        /// Whatever comes, leaves and passes: what counts is what a look at all calls finds.
        #[test]
        fn a_window_is_the_calls_in_it(deeds in prop::collection::vec(deed(), 1..80)) {
            let mut window = Window::default();
            let mut there: Vec<(i64, u8, u32)> = Vec::new();
            let mut to = 5;
            window.slide((to - 9, to));
            for deed in deeds {
                match deed {
                    Deed::Add(step, call, figure) => {
                        // What is too old is not added.
                        if step > to - 10 && !there.iter().any(|(_, known, _)| *known == call) {
                            window.add(step, sid(call), figure);
                            there.push((step, call, figure));
                        }
                    }
                    Deed::Remove(call) => {
                        if let Some(place) = there.iter().position(|(_, known, _)| *known == call) {
                            let (step, ..) = there.remove(place);
                            window.remove(step, sid(call));
                        }
                    }
                    Deed::Slide(by) => {
                        to += by;
                        window.slide((to - 9, to));
                        there.retain(|(step, ..)| *step >= to - 9);
                    }
                }
                let mut counting: Vec<_> = there.iter().filter(|(step, ..)| *step <= to).collect();
                let figures = counting.iter().map(|(.., figure)| u64::from(*figure)).sum();
                prop_assert_eq!(window.sum(), Sum { calls: counting.len() as u64, figures });
                counting.sort_by_key(|(.., figure)| *figure);
                let rank = (counting.len() * 95).div_ceil(100);
                let exact = rank.checked_sub(1).map(|place| f64::from(counting[place].2));
                prop_assert_eq!(window.figure(Part::P95), exact);
                prop_assert_eq!(window.telling(true, 3).len(), counting.len().min(3));
            }
        }
    }

    /// As when a late event changes each call of a busy minute.
    #[test]
    fn calls_of_one_step_are_changed_at_the_cost_of_their_number() {
        let mut window = Window::default();
        window.slide((0, 9));
        let calls: Vec<CallSid> = (0..200_000_u128)
            .map(|n| CallSid::from_bytes(n.to_be_bytes()))
            .collect();
        for call in &calls {
            window.add(5, *call, 1);
        }
        // From one to the next, these would be ten billion looks.
        for call in calls.iter().rev() {
            assert!(window.remove(5, *call));
            assert!(!window.remove(5, *call));
            window.add(5, *call, 2);
        }
        let expected = Sum {
            calls: 200_000,
            figures: 400_000,
        };
        assert_eq!(window.sum(), expected);
    }

    #[test]
    fn the_calls_that_say_most_come_first() {
        let mut window = Window::default();
        window.slide((0, 9));
        for (step, call, figure) in [(1, 1, 5), (2, 2, 9), (3, 3, 5), (4, 4, 1)] {
            window.add(step, sid(call), figure);
        }
        assert_eq!(window.telling(true, 3), [sid(2), sid(3), sid(1)]);
        assert_eq!(window.telling(false, 2), [sid(4), sid(3)]);
    }
}
