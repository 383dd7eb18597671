//! What feedback says in the terms of an annotation, and back.

use super::{Feedback, FeedbackIssue, Issues};
use crate::annotation::{
    Annotation, AnnotationPatch, ConnectivityIssue, FieldChange, QualityIssue,
};

impl Feedback {
    /// The qualities of the sound it complains about.
    fn quality_issues(self) -> impl Iterator<Item = QualityIssue> {
        self.issues.iter().filter_map(|issue| match issue {
            FeedbackIssue::ImperfectAudio => Some(QualityIssue::ChoppyRobotic),
            FeedbackIssue::AudioLatency => Some(QualityIssue::Latency),
            FeedbackIssue::OneWayAudio => Some(QualityIssue::OneWayAudio),
            FeedbackIssue::DigitsNotCaptured => Some(QualityIssue::Dtmf),
            FeedbackIssue::DroppedCall
            | FeedbackIssue::IncorrectCallerId
            | FeedbackIssue::PostDialDelay
            | FeedbackIssue::UnsolicitedCall => None,
        })
    }

    /// An annotation holds one trouble with reaching the other side: of two, the call that broke
    /// off.
    fn connectivity_issue(self) -> Option<ConnectivityIssue> {
        if self.issues.contains(FeedbackIssue::DroppedCall) {
            Some(ConnectivityIssue::DroppedCall)
        } else if self.issues.contains(FeedbackIssue::IncorrectCallerId) {
            Some(ConnectivityIssue::CallerId)
        } else {
            None
        }
    }

    fn spam(self) -> Option<bool> {
        self.issues
            .contains(FeedbackIssue::UnsolicitedCall)
            .then_some(true)
    }

    /// Issues that an annotation has no room for; they stay with the feedback.
    #[must_use]
    pub fn untranslated(self) -> Issues {
        let second = self.issues.contains(FeedbackIssue::DroppedCall)
            && self.issues.contains(FeedbackIssue::IncorrectCallerId);
        self.issues
            .iter()
            .filter(|issue| match issue {
                FeedbackIssue::PostDialDelay => true,
                FeedbackIssue::IncorrectCallerId => second,
                FeedbackIssue::ImperfectAudio
                | FeedbackIssue::DroppedCall
                | FeedbackIssue::DigitsNotCaptured
                | FeedbackIssue::AudioLatency
                | FeedbackIssue::UnsolicitedCall
                | FeedbackIssue::OneWayAudio => false,
            })
            .collect()
    }

    /// What an annotation lacks of this feedback. Whatever it says already stays.
    #[must_use]
    pub fn fill(self, annotation: &Annotation) -> AnnotationPatch {
        fn unsaid<T>(said: &Option<T>, value: Option<T>) -> FieldChange<T> {
            value.filter(|_| said.is_none()).map(Some)
        }
        let quality: Vec<QualityIssue> = self.quality_issues().collect();
        AnnotationPatch {
            call_score: unsaid(&annotation.call_score, Some(self.score)),
            connectivity_issue: unsaid(&annotation.connectivity_issue, self.connectivity_issue()),
            quality_issues: unsaid(
                &annotation.quality_issues,
                Some(quality).filter(|issues| !issues.is_empty()),
            ),
            spam: unsaid(&annotation.spam, self.spam()),
            ..AnnotationPatch::default()
        }
    }

    /// How an annotation follows when this feedback takes the place of another (or of none): what
    /// the former one put there and this one does not say goes, what only this one says comes, and
    /// everything else stays: others may have corrected it.
    #[must_use]
    pub fn mirror(self, before: Option<Self>, annotation: &Annotation) -> AnnotationPatch {
        fn follow<T: PartialEq>(
            said: &Option<T>,
            old: Option<T>,
            new: Option<T>,
        ) -> FieldChange<T> {
            match new {
                _ if new == old => None,
                Some(new) => Some(Some(new)),
                None => (*said == old).then_some(None),
            }
        }
        let old: Vec<QualityIssue> = before.into_iter().flat_map(Self::quality_issues).collect();
        let new: Vec<QualityIssue> = self.quality_issues().collect();
        let said = annotation.quality_issues.iter().flatten().copied();
        let mut quality: Vec<QualityIssue> = said
            .filter(|issue| new.contains(issue) || !old.contains(issue))
            .collect();
        for issue in new.into_iter().filter(|issue| !old.contains(issue)) {
            // "Nothing was wrong" does not stand beside what was.
            quality.retain(|said| !matches!(said, QualityIssue::None | QualityIssue::Unknown));
            if !quality.contains(&issue) {
                quality.push(issue);
            }
        }
        let quality = Some(quality).filter(|issues| !issues.is_empty());
        AnnotationPatch {
            call_score: follow(
                &annotation.call_score,
                before.map(|before| before.score),
                Some(self.score),
            ),
            connectivity_issue: follow(
                &annotation.connectivity_issue,
                before.and_then(Self::connectivity_issue),
                self.connectivity_issue(),
            ),
            quality_issues: (quality != annotation.quality_issues).then_some(quality),
            spam: follow(&annotation.spam, before.and_then(Self::spam), self.spam()),
            ..AnnotationPatch::default()
        }
    }

    /// The feedback that an annotation amounts to. `None`: no score was given, and feedback needs
    /// one.
    #[must_use]
    pub fn of(annotation: &Annotation) -> Option<Self> {
        let mut issues: Vec<FeedbackIssue> = Vec::new();
        for issue in annotation.quality_issues.iter().flatten() {
            issues.extend(match issue {
                QualityIssue::ChoppyRobotic
                | QualityIssue::Echo
                | QualityIssue::LowVolume
                | QualityIssue::StaticNoise => Some(FeedbackIssue::ImperfectAudio),
                QualityIssue::Latency => Some(FeedbackIssue::AudioLatency),
                QualityIssue::OneWayAudio => Some(FeedbackIssue::OneWayAudio),
                QualityIssue::Dtmf => Some(FeedbackIssue::DigitsNotCaptured),
                QualityIssue::None | QualityIssue::Unknown => None,
            });
        }
        issues.extend(match annotation.connectivity_issue {
            Some(ConnectivityIssue::DroppedCall) => Some(FeedbackIssue::DroppedCall),
            Some(ConnectivityIssue::CallerId) => Some(FeedbackIssue::IncorrectCallerId),
            Some(
                ConnectivityIssue::Unknown
                | ConnectivityIssue::None
                | ConnectivityIssue::InvalidNumber
                | ConnectivityIssue::NumberReachability,
            )
            | None => None,
        });
        if annotation.spam == Some(true) {
            issues.push(FeedbackIssue::UnsolicitedCall);
        }
        Some(Self {
            score: annotation.call_score?,
            issues: issues.into_iter().collect(),
        })
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
    fn every_issue_has_its_place_in_an_annotation() {
        for (issue, expected) in [
            (
                FeedbackIssue::ImperfectAudio,
                r#"{"quality_issues":["choppy_robotic"]}"#,
            ),
            (
                FeedbackIssue::AudioLatency,
                r#"{"quality_issues":["latency"]}"#,
            ),
            (FeedbackIssue::OneWayAudio, r#"{"quality_issues":["owa"]}"#),
            (
                FeedbackIssue::DigitsNotCaptured,
                r#"{"quality_issues":["dtmf"]}"#,
            ),
            (
                FeedbackIssue::DroppedCall,
                r#"{"connectivity_issue":"dropped_call"}"#,
            ),
            (
                FeedbackIssue::IncorrectCallerId,
                r#"{"connectivity_issue":"caller_id"}"#,
            ),
            (FeedbackIssue::UnsolicitedCall, r#"{"spam":true}"#),
            (FeedbackIssue::PostDialDelay, "{}"),
        ] {
            let expected: Annotation = serde_json::from_str(expected).unwrap();
            let expected = Annotation {
                call_score: Some(3),
                ..expected
            };
            let said = feedback(3, &[issue]);
            let nothing = Annotation::default();
            assert_eq!(nothing.with(said.fill(&nothing)), expected, "{issue}");
            assert_eq!(
                nothing.with(said.mirror(None, &nothing)),
                expected,
                "{issue}"
            );
            let is_lost = issue == FeedbackIssue::PostDialDelay;
            assert_eq!(said.untranslated().contains(issue), is_lost);
            let back = if is_lost { feedback(3, &[]) } else { said };
            assert_eq!(Feedback::of(&expected), Some(back), "{issue}");
        }
    }

    #[test]
    fn of_two_troubles_the_broken_call_is_told() {
        let both = feedback(
            1,
            &[FeedbackIssue::IncorrectCallerId, FeedbackIssue::DroppedCall],
        );
        let said = Annotation::default().with(both.fill(&Annotation::default()));
        assert_eq!(
            said.connectivity_issue,
            Some(ConnectivityIssue::DroppedCall)
        );
        let left: Vec<_> = both.untranslated().iter().collect();
        assert_eq!(left, [FeedbackIssue::IncorrectCallerId]);
        assert_eq!(
            Feedback::of(&said),
            Some(feedback(1, &[FeedbackIssue::DroppedCall]))
        );
    }

    #[test]
    fn filling_changes_nothing_that_is_said_and_is_done_once() {
        let said = Annotation {
            call_score: Some(5),
            quality_issues: Some(vec![QualityIssue::Echo]),
            ..Annotation::default()
        };
        let new = feedback(
            1,
            &[FeedbackIssue::OneWayAudio, FeedbackIssue::UnsolicitedCall],
        );
        let once = said.with(new.fill(&said));
        assert_eq!(
            once,
            Annotation {
                spam: Some(true),
                ..said
            }
        );
        assert_eq!(once.with(new.fill(&once)), once);
    }

    #[test]
    fn a_mirror_follows_and_leaves_what_others_said() {
        let first = feedback(
            2,
            &[FeedbackIssue::ImperfectAudio, FeedbackIssue::DroppedCall],
        );
        let by_others = Annotation {
            quality_issues: Some(vec![QualityIssue::Echo]),
            comment: Some("seen".into()),
            ..Annotation::default()
        };
        let one = by_others.with(first.mirror(None, &by_others));
        assert_eq!(
            one.quality_issues,
            Some(vec![QualityIssue::Echo, QualityIssue::ChoppyRobotic])
        );
        assert_eq!(one.connectivity_issue, Some(ConnectivityIssue::DroppedCall));
        let second = feedback(4, &[FeedbackIssue::AudioLatency]);
        let two = one.with(second.mirror(Some(first), &one));
        assert_eq!(
            two,
            Annotation {
                call_score: Some(4),
                quality_issues: Some(vec![QualityIssue::Echo, QualityIssue::Latency]),
                ..by_others
            }
        );
    }

    #[test]
    fn a_mirror_leaves_what_others_corrected() {
        let first = feedback(
            2,
            &[
                FeedbackIssue::ImperfectAudio,
                FeedbackIssue::UnsolicitedCall,
            ],
        );
        let corrected = Annotation {
            call_score: Some(5),
            quality_issues: Some(vec![QualityIssue::Echo]),
            spam: Some(false),
            ..Annotation::default()
        };
        let more = Feedback {
            issues: [FeedbackIssue::AudioLatency]
                .into_iter()
                .chain(first.issues.iter())
                .collect(),
            ..first
        };
        assert_eq!(
            corrected.with(more.mirror(Some(first), &corrected)),
            Annotation {
                quality_issues: Some(vec![QualityIssue::Echo, QualityIssue::Latency]),
                ..corrected
            }
        );
    }
}
