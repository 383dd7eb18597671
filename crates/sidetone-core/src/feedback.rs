//! Feedback: the older, smaller judgement of a call, and what many of them add up to.

mod annotation;

closed_set!(
    /// What a rating complains about.
    FeedbackIssue {
        /// Broken up.
        ImperfectAudio = "imperfect-audio",
        /// The call broke off.
        DroppedCall = "dropped-call",
        /// The caller's number was shown wrongly.
        IncorrectCallerId = "incorrect-caller-id",
        /// It took long until the other side rang.
        PostDialDelay = "post-dial-delay",
        /// Keys were not understood.
        DigitsNotCaptured = "digits-not-captured",
        /// Delay.
        AudioLatency = "audio-latency",
        /// Nobody asked for the call.
        UnsolicitedCall = "unsolicited-call",
        /// One side heard nothing.
        OneWayAudio = "one-way-audio",
    }
);

/// How many issues there are.
pub const ISSUES: usize = FeedbackIssue::ALL.len();

/// Issues, each at most once, in the order in which they were given: a half octet for each, its
/// place in [`FeedbackIssue::ALL`] plus one, the first given in the lowest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Issues(u32);

impl Issues {
    /// The set behind [`Self::bits`], in the order behind [`Self::order`]. What that leaves out
    /// comes last, in the order of [`FeedbackIssue::ALL`].
    #[must_use]
    pub fn from_bits(bits: u8, order: u32) -> Self {
        let all = FeedbackIssue::ALL.iter().copied();
        let given = Self(order).iter().chain(all);
        given
            .filter(|issue| bits >> issue.index() & 1 == 1)
            .collect()
    }

    /// Bit i: the issue at place i of [`FeedbackIssue::ALL`].
    #[must_use]
    pub fn bits(self) -> u8 {
        self.iter().fold(0, |bits, issue| bits | 1 << issue.index())
    }

    /// All of it as a number, for [`Self::from_bits`].
    #[must_use]
    pub const fn order(self) -> u32 {
        self.0
    }

    /// Whether an issue is among them.
    #[must_use]
    pub fn contains(self, issue: FeedbackIssue) -> bool {
        self.iter().any(|it| it == issue)
    }

    /// All of them, in order.
    pub fn iter(self) -> impl Iterator<Item = FeedbackIssue> {
        let places = (0..8).map(move |at| self.0 >> (4 * at) & 15);
        places
            .filter_map(|place| {
                FeedbackIssue::ALL.get(usize::try_from(place).ok()?.checked_sub(1)?)
            })
            .copied()
    }
}

impl FromIterator<FeedbackIssue> for Issues {
    fn from_iter<I: IntoIterator<Item = FeedbackIssue>>(issues: I) -> Self {
        let mut order = Self::default();
        let mut given = 0;
        for issue in issues {
            if !order.contains(issue) {
                order.0 |= (u32::from(issue.index()) + 1) << (4 * given);
                given += 1;
            }
        }
        order
    }
}

/// What somebody said of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feedback {
    /// 1 very poor to 5 perfect.
    pub score: u8,
    /// What was wrong.
    pub issues: Issues,
}

/// A partial change of a feedback: what is not mentioned stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeedbackPatch {
    /// 1–5.
    pub score: Option<u8>,
    /// Replaces the whole set.
    pub issues: Option<Issues>,
}

impl Feedback {
    /// The feedback after a change of what was there before. `None`: nothing was, and the change
    /// has no score.
    #[must_use]
    pub fn after(before: Option<Self>, patch: FeedbackPatch) -> Option<Self> {
        Some(Self {
            score: patch.score.or(before.map(|before| before.score))?,
            issues: patch
                .issues
                .or(before.map(|before| before.issues))
                .unwrap_or_default(),
        })
    }
}

/// What the feedback of many calls adds up to, exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FeedbackTally {
    /// Calls, with feedback or not.
    pub calls: u64,
    /// Feedbacks by score: of 1 first, of 5 last.
    pub scores: [u64; 5],
    /// Feedbacks by issue, in the order of [`FeedbackIssue::ALL`].
    pub issues: [u64; ISSUES],
}

impl FeedbackTally {
    /// How many feedbacks there are.
    #[must_use]
    pub fn rated(&self) -> u64 {
        self.scores.iter().sum()
    }

    /// The mean score, 1–5. `None`: there is no feedback.
    #[must_use]
    pub fn average(&self) -> Option<f64> {
        let rated = self.rated();
        (rated > 0).then(|| self.sum(1) as f64 / rated as f64)
    }

    /// The median score: of an even number of scores, the mean of the two in the middle. `None`:
    /// there is no feedback.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        let last = self.rated().checked_sub(1)?;
        let (lower, upper) = (self.nth(last / 2), self.nth(last.div_ceil(2)));
        Some((lower + upper) as f64 / 2.0)
    }

    /// The standard deviation of the scores as a whole population, √(Σ(x − x̄)² / n). `None`: there
    /// is no feedback.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        let n = u128::from(self.rated());
        // n·Σx² − (Σx)² in whole numbers: nothing is lost before the root.
        let (sum, squares) = (self.sum(1), self.sum(2));
        (n > 0).then(|| ((n * squares - sum * sum) as f64 / (n * n) as f64).sqrt())
    }

    /// Σ score^power.
    fn sum(&self, power: u32) -> u128 {
        let scores = (1_u128..).zip(self.scores);
        scores
            .map(|(score, n)| score.pow(power) * u128::from(n))
            .sum()
    }

    /// The score at a place when all are in order.
    fn nth(&self, place: u64) -> u64 {
        let mut before = 0;
        for (score, n) in (1..).zip(self.scores) {
            before += n;
            if place < before {
                return score;
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feedback(score: u8, issues: &[FeedbackIssue]) -> Feedback {
        Feedback {
            score,
            issues: issues.iter().copied().collect(),
        }
    }

    #[test]
    fn a_change_keeps_what_it_does_not_mention() {
        let old = feedback(2, &[FeedbackIssue::DroppedCall]);
        let patch = |score, issues| FeedbackPatch { score, issues };
        assert_eq!(Feedback::after(None, patch(None, None)), None);
        assert_eq!(
            Feedback::after(None, patch(Some(4), None)),
            Some(feedback(4, &[]))
        );
        assert_eq!(Feedback::after(Some(old), patch(None, None)), Some(old));
        assert_eq!(
            Feedback::after(Some(old), patch(None, Some(Issues::default()))),
            Some(feedback(2, &[]))
        );
    }

    #[test]
    fn issues_keep_their_first_place() {
        use FeedbackIssue::{AudioLatency, DroppedCall, ImperfectAudio, OneWayAudio};
        let given = [
            OneWayAudio,
            ImperfectAudio,
            OneWayAudio,
            DroppedCall,
            ImperfectAudio,
        ];
        let issues: Issues = given.into_iter().collect();
        let order: Vec<_> = issues.iter().collect();
        assert_eq!(order, [OneWayAudio, ImperfectAudio, DroppedCall]);
        assert!(issues.contains(DroppedCall) && !issues.contains(AudioLatency));
        assert_eq!(issues.bits(), 0b1000_0011);
        assert_eq!(Issues::from_bits(issues.bits(), issues.order()), issues);
        // Without an order, that of all.
        let order: Vec<_> = Issues::from_bits(issues.bits(), 0).iter().collect();
        assert_eq!(order, [ImperfectAudio, DroppedCall, OneWayAudio]);
        let all: Issues = FeedbackIssue::ALL.iter().rev().copied().collect();
        assert_eq!(all.iter().count(), ISSUES);
        assert_eq!(Issues::from_bits(u8::MAX, all.order()), all);
        // Whatever number is stored, each is there at most once.
        assert_eq!(Issues::from_bits(0b11, 0x1F11).iter().count(), 2);
    }

    #[test]
    fn figures_are_exact() {
        let tally = |scores| FeedbackTally {
            scores,
            ..FeedbackTally::default()
        };
        let none = tally([0; 5]);
        assert_eq!(
            (none.average(), none.median(), none.deviation()),
            (None, None, None)
        );
        for (scores, average, median, deviation) in [
            ([0, 0, 0, 1, 0], 4.0, 4.0, 0.0),
            ([0, 0, 0, 1, 1], 4.5, 4.5, 0.5),
            ([1, 0, 0, 0, 1], 3.0, 3.0, 2.0),
            ([1, 1, 0, 0, 1], 8.0 / 3.0, 2.0, (26.0_f64 / 9.0).sqrt()),
            ([2, 2, 0, 0, 0], 1.5, 1.5, 0.5),
        ] {
            let tally = tally(scores);
            assert_eq!(tally.average(), Some(average), "{scores:?}");
            assert_eq!(tally.median(), Some(median), "{scores:?}");
            assert!(
                (tally.deviation().unwrap() - deviation).abs() < 1e-12,
                "{scores:?}"
            );
        }
    }
}
