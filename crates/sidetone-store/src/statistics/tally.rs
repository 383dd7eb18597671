//! What some calls come to.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use sidetone_core::statistics::{Measure, Seizure};

use super::by_tally::ByTally;
use super::column::{Arity, Column, Own};
use super::segment::Values;
use super::spread::Spread;
use crate::facets::Facet;

/// What some calls come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// How many there are.
    pub calls: u64,
    /// By what became of them.
    answered: u64,
    effective: u64,
    failed: u64,
    measured: u64,
    tagged: u64,
    annotated: u64,
    /// Judged to be no spam, and to be some.
    spam: [u64; 2],
    /// By score, from 1.
    scores: [u64; 5],
    spreads: [Option<Box<Spread>>; SPREADS.len()],
    /// Of each column that was asked for: how many calls have the word at each place.
    words: Vec<(Column, Vec<u64>)>,
    /// Of each column that was asked for: digests of the texts that calls have.
    texts: Vec<(Column, Digests)>,
}

/// Digests of texts, each of 64 bits: of a million texts hardly ever two are taken for one.
#[derive(Clone, Default, PartialEq)]
struct Digests(HashSet<u64>);

impl fmt::Debug for Digests {
    /// Tells how many they are: they have no order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} texts", self.0.len())
    }
}

/// The measures that are spread, with the column they are in.
const SPREADS: [(Measure, Own); 9] = [
    (Measure::Duration, Own::Duration),
    (Measure::ConnectDuration, Own::ConnectDuration),
    (Measure::Pdd, Own::Pdd),
    (Measure::PacketLoss, Own::PacketLoss),
    (Measure::Jitter, Own::Jitter),
    (Measure::Rtt, Own::Rtt),
    (Measure::Mos, Own::Mos),
    (Measure::Talk, Own::Talk),
    (Measure::QueueTime, Own::QueueTime),
];

/// The column that a measure is taken from. `None`: it needs none.
pub(super) const fn column_of(measure: Measure) -> Option<Column> {
    Some(match measure {
        Measure::Calls => return None,
        Measure::Answered | Measure::AnswerSeizureRatio | Measure::NetworkEffectivenessRatio => {
            Column::Own(Own::Seizure)
        }
        Measure::Duration => Column::Own(Own::Duration),
        Measure::ConnectDuration => Column::Own(Own::ConnectDuration),
        Measure::Pdd => Column::Own(Own::Pdd),
        Measure::PacketLoss => Column::Own(Own::PacketLoss),
        Measure::Jitter => Column::Own(Own::Jitter),
        Measure::Rtt => Column::Own(Own::Rtt),
        Measure::Mos => Column::Own(Own::Mos),
        Measure::Talk => Column::Own(Own::Talk),
        Measure::QueueTime => Column::Own(Own::QueueTime),
        Measure::CallScore => Column::Facet(Facet::CallScore),
        Measure::Measured => Column::Own(Own::Measured),
        Measure::Tagged => Column::Facet(Facet::HasTag),
        Measure::Annotated => Column::Facet(Facet::Judged),
        Measure::Spam => Column::Facet(Facet::Spam),
    })
}

/// Adds what a column says of calls. Says how many bytes of memory that took.
pub(super) fn add(
    tallies: &mut [Tally],
    counted: &ByTally,
    column: Column,
    values: &Values,
) -> usize {
    if values.codes.is_empty() {
        return 0;
    }
    let spread = SPREADS
        .iter()
        .position(|(_, own)| Column::Own(*own) == column);
    let mut bytes = 0;
    for (tally, places) in counted.runs() {
        let tally = &mut tallies[tally];
        let mut known = values.numbers_of(places).peekable();
        if known.peek().is_none() {
            continue;
        }
        match spread {
            Some(spread) => bytes += tally.add_spread(spread, known),
            None => tally.add_known(column, known),
        }
    }
    bytes
}

/// Adds how many calls have each word of a column, as [`add`] does.
pub(super) fn add_words(
    tallies: &mut [Tally],
    counted: &ByTally,
    column: Column,
    values: &Values,
) -> usize {
    let mut bytes = 0;
    for (tally, places) in counted.runs() {
        let mut known = values.numbers_of(places).peekable();
        if known.peek().is_none() {
            continue;
        }
        let counts = of_column(&mut tallies[tally].words, column, &mut bytes);
        let mut count = |word: u32| {
            let word = word as usize;
            if word >= counts.len() {
                bytes += (word + 1 - counts.len()) * size_of::<u64>();
                counts.resize(word + 1, 0);
            }
            counts[word] += 1;
        };
        for number in known {
            if column.arity() == Arity::Bits {
                let mut bits = number;
                while bits != 0 {
                    count(bits.trailing_zeros());
                    bits &= bits - 1;
                }
            } else if number < 64 {
                // No closed set has more words.
                count(number as u32);
            }
        }
    }
    bytes
}

/// Adds which texts calls have in a column, as [`add`] does.
pub(super) fn add_texts(
    tallies: &mut [Tally],
    counted: &ByTally,
    column: Column,
    values: &Values,
) -> usize {
    let digest = |text: &String| {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        hasher.finish()
    };
    let digests: Vec<u64> = values.texts.iter().map(digest).collect();
    let digest_of = |place: &u32| {
        let text = usize::try_from(values.code(*place as usize)).unwrap_or(0);
        digests.get(text.checked_sub(1)?)
    };
    let mut bytes = 0;
    for (tally, places) in counted.runs() {
        let mut known = places.iter().filter_map(digest_of).peekable();
        if known.peek().is_none() {
            continue;
        }
        let texts = of_column(&mut tallies[tally].texts, column, &mut bytes);
        for digest in known {
            if texts.0.insert(*digest) {
                bytes += 2 * size_of::<u64>();
            }
        }
    }
    bytes
}

/// What is kept for a column.
fn of_column<'a, T: Default>(
    all: &'a mut Vec<(Column, T)>,
    column: Column,
    bytes: &mut usize,
) -> &'a mut T {
    let nth = all.iter().position(|(of, _)| *of == column);
    let nth = nth.unwrap_or_else(|| {
        *bytes += size_of::<(Column, T)>();
        all.push((column, T::default()));
        all.len() - 1
    });
    &mut all[nth].1
}

const _: () = {
    assert!(Seizure::Answered as u64 == 1);
    assert!(Seizure::Effective as u64 == 2);
};

impl Tally {
    /// Adds figures of the spread at a place. Says how many bytes of memory that took.
    fn add_spread(&mut self, place: usize, figures: impl Iterator<Item = u64>) -> usize {
        let mut bytes = 0;
        let spread = self.spreads[place].get_or_insert_with(|| {
            bytes += size_of::<Spread>();
            Box::default()
        });
        bytes + spread.add(figures)
    }

    /// Adds what calls have in a column that is not spread.
    fn add_known(&mut self, column: Column, numbers: impl Iterator<Item = u64>) {
        for number in numbers {
            match column {
                Column::Own(Own::Seizure) => match number {
                    1 => self.answered += 1,
                    2 => self.effective += 1,
                    _ => self.failed += 1,
                },
                Column::Own(Own::Measured) => self.measured += number,
                Column::Facet(Facet::HasTag) => self.tagged += number,
                Column::Facet(Facet::Judged) => self.annotated += number,
                Column::Facet(Facet::Spam) => self.spam[usize::from(number != 0)] += 1,
                Column::Facet(Facet::CallScore) => {
                    let place = usize::try_from(number).unwrap_or(0).wrapping_sub(1);
                    if let Some(score) = self.scores.get_mut(place) {
                        *score += 1;
                    }
                }
                Column::Own(_) | Column::Facet(_) => {}
            }
        }
    }

    /// How many were answered.
    #[must_use]
    pub const fn answered(&self) -> u64 {
        self.answered
    }

    /// Answered seizures in percent of all (ITU-T E.411, E.425). `None`: there was none.
    #[must_use]
    pub fn answer_seizure_ratio(&self) -> Option<f64> {
        percent(self.answered, self.seizures())
    }

    /// Seizures that the network did its part for, in percent of all (ITU-T E.425). `None`: there was
    /// none.
    #[must_use]
    pub fn network_effectiveness_ratio(&self) -> Option<f64> {
        percent(self.answered + self.effective, self.seizures())
    }

    /// How many calls have an outcome.
    #[must_use]
    pub const fn seizures(&self) -> u64 {
        self.answered + self.effective + self.failed
    }

    /// A measure that is spread. `None`: no call has it, or it is none of these.
    #[must_use]
    pub fn spread(&self, measure: Measure) -> Option<&Spread> {
        let place = SPREADS.iter().position(|(spread, _)| *spread == measure)?;
        self.spreads[place].as_deref()
    }

    /// How many calls have the word at a place of a column's closed set.
    #[must_use]
    pub fn with_word(&self, column: Column, place: u8) -> u64 {
        let mut all = self.words.iter();
        let counts = all.find(|(counts, _)| *counts == column);
        let count = counts.and_then(|(_, counts)| counts.get(usize::from(place)));
        count.copied().unwrap_or(0)
    }

    /// How many different texts the calls have in a column.
    #[must_use]
    pub fn different(&self, column: Column) -> u64 {
        let mut all = self.texts.iter();
        let texts = all.find(|(texts, _)| *texts == column);
        texts.map_or(0, |(_, texts)| texts.0.len() as u64)
    }

    /// How many were not answered by no fault of the network.
    #[must_use]
    pub const fn effective(&self) -> u64 {
        self.effective
    }

    /// Calls by score, from 1.
    #[must_use]
    pub const fn scores(&self) -> [u64; 5] {
        self.scores
    }

    /// The mean score. `None`: nobody gave one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub fn mean_score(&self) -> Option<f64> {
        let count: u64 = self.scores.iter().sum();
        (count > 0).then(|| self.score_sum() as f64 / count as f64)
    }

    fn score_sum(&self) -> u64 {
        (1..)
            .zip(&self.scores)
            .map(|(score, calls)| score * calls)
            .sum()
    }

    /// Calls with figures about their media, in percent.
    #[must_use]
    pub fn measured(&self) -> Option<f64> {
        percent(self.measured, self.calls)
    }

    /// Calls with a tag, in percent.
    #[must_use]
    pub fn tagged(&self) -> Option<f64> {
        percent(self.tagged, self.calls)
    }

    /// Calls that people said something about, in percent.
    #[must_use]
    pub fn annotated(&self) -> Option<f64> {
        percent(self.annotated, self.calls)
    }

    /// What a measure is made of, whose sums over tallies are those of all their calls: a number, or a
    /// share or mean as something of so many.
    pub(super) fn parts(&self, measure: Measure) -> (u128, Option<u64>) {
        let share = |some: u64, of: u64| (u128::from(some), Some(of));
        match measure {
            Measure::Calls => (self.calls.into(), None),
            Measure::Answered => (self.answered.into(), None),
            Measure::AnswerSeizureRatio => share(self.answered, self.seizures()),
            Measure::NetworkEffectivenessRatio => {
                share(self.answered + self.effective, self.seizures())
            }
            Measure::CallScore => share(self.score_sum(), self.scores.iter().sum()),
            Measure::Measured => share(self.measured, self.calls),
            Measure::Tagged => share(self.tagged, self.calls),
            Measure::Annotated => share(self.annotated, self.calls),
            Measure::Spam => share(self.spam[1], self.spam.iter().sum()),
            Measure::Duration
            | Measure::ConnectDuration
            | Measure::Talk
            | Measure::QueueTime
            | Measure::Pdd
            | Measure::PacketLoss
            | Measure::Jitter
            | Measure::Rtt
            | Measure::Mos => {
                let spread = self.spread(measure);
                spread.map_or((0, Some(0)), |spread| (spread.sum(), Some(spread.count())))
            }
        }
    }

    /// A share as so many of so many calls. `None`: the measure is none.
    #[must_use]
    pub fn share(&self, measure: Measure) -> Option<(u64, u64)> {
        match measure {
            Measure::AnswerSeizureRatio
            | Measure::NetworkEffectivenessRatio
            | Measure::Measured
            | Measure::Tagged
            | Measure::Annotated
            | Measure::Spam => {
                let (some, of) = self.parts(measure);
                Some((u64::try_from(some).unwrap_or(u64::MAX), of?))
            }
            _ => None,
        }
    }

    /// Spam in percent of the calls that were judged so or otherwise. `None`: none was.
    #[must_use]
    pub fn spam(&self) -> Option<f64> {
        let [no, yes] = self.spam;
        percent(yes, no + yes)
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn percent(some: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| some as f64 * 100.0 / of as f64)
}
