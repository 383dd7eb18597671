//! Calls by what they count for.

use std::ops::Range;

/// The calls of a piece by the tally that they count for, so that each tally is written to once a
/// column: one after another they would be looked for in memory call by call.
#[derive(Default)]
pub(super) struct Counted {
    /// Places of calls in the piece.
    places: Vec<u32>,
    /// The tallies that come, each with where its calls are among the places.
    runs: Vec<(u32, Range<u32>)>,
}

impl Counted {
    /// Of pairs of a call's place and a tally, of which there are so many.
    pub(super) fn of(pairs: &[(u32, u32)], tallies: usize) -> Self {
        // How many calls each tally has, and then where its next one goes.
        let mut next = vec![0_u32; tallies];
        for (_, tally) in pairs {
            next[*tally as usize] += 1;
        }
        let mut runs = Vec::new();
        let mut end = 0;
        for (tally, count) in (0..).zip(&mut next) {
            let begin = end;
            end += std::mem::replace(count, begin);
            if end > begin {
                runs.push((tally, begin..end));
            }
        }
        let mut places = vec![0; pairs.len()];
        for (place, tally) in pairs {
            let at = &mut next[*tally as usize];
            places[*at as usize] = *place;
            *at += 1;
        }
        Self { places, runs }
    }

    /// The tallies, each with the places of its calls.
    pub(super) fn runs(&self) -> impl Iterator<Item = (usize, &[u32])> {
        self.runs.iter().map(|(tally, Range { start, end })| {
            let places = &self.places[*start as usize..*end as usize];
            (*tally as usize, places)
        })
    }
}
