//! Calls by what they count for.

use std::ops::Range;

/// So many times as many tallies as calls are not gone through for these.
const MUCH: usize = 8;

/// The calls of a piece by the tally that they count for, so that each tally is written to once a
/// column: one after another they would be looked for in memory call by call.
pub(super) struct ByTally {
    /// Places of calls in the piece.
    places: Vec<u32>,
    /// The tallies that come, each with where its calls are among the places.
    runs: Vec<(u32, Range<u32>)>,
}

impl ByTally {
    /// Of pairs of a call's place and a tally, of which there are so many.
    pub(super) fn of(mut pairs: Vec<(u32, u32)>, tallies: usize) -> Self {
        if tallies > MUCH * pairs.len() {
            pairs.sort_by_key(|(_, tally)| *tally);
        } else {
            pairs = counting_sort(&pairs, tallies);
        }
        let mut runs: Vec<(u32, Range<u32>)> = Vec::new();
        for (at, (_, tally)) in (0..).zip(&pairs) {
            match runs.last_mut() {
                Some((last, places)) if last == tally => places.end = at + 1,
                _ => runs.push((*tally, at..at + 1)),
            }
        }
        Self {
            places: pairs.into_iter().map(|(place, _)| place).collect(),
            runs,
        }
    }

    /// The tallies, each with the places of its calls.
    pub(super) fn runs(&self) -> impl Iterator<Item = (usize, &[u32])> {
        self.runs.iter().map(|(tally, Range { start, end })| {
            let places = &self.places[*start as usize..*end as usize];
            (*tally as usize, places)
        })
    }
}

/// The pairs by tally, each tally's in the order in which they came.
fn counting_sort(pairs: &[(u32, u32)], tallies: usize) -> Vec<(u32, u32)> {
    let mut next = vec![0_u32; tallies];
    for (_, tally) in pairs {
        next[*tally as usize] += 1;
    }
    let mut end = 0;
    for count in &mut next {
        let begin = end;
        end += std::mem::replace(count, begin);
    }
    let mut sorted = vec![(0, 0); pairs.len()];
    for pair in pairs {
        let at = &mut next[pair.1 as usize];
        sorted[*at as usize] = *pair;
        *at += 1;
    }
    sorted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn calls_stand_by_tally_in_their_order(tallies in prop::collection::vec(0_u32..40, 0..60), more in prop_oneof![Just(0), Just(10_000)]) {
            let pairs: Vec<(u32, u32)> = (0..).zip(tallies).collect();
            let by_tally = ByTally::of(pairs.clone(), 40 + more);
            let mut expected = pairs;
            expected.sort_by_key(|(_, tally)| *tally);
            let runs: Vec<_> = by_tally.runs().collect();
            prop_assert!(runs.windows(2).all(|two| two[0].0 < two[1].0));
            let found = runs.iter().flat_map(|(tally, places)| places.iter().map(|place| (*place, *tally as u32)));
            prop_assert_eq!(found.collect::<Vec<_>>(), expected);
        }
    }
}
