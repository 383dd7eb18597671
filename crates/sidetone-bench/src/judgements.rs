//! What people say about calls.

use sidetone_core::annotation::{
    AnnotationPatch, AnsweredByHeard, ConnectivityIssue, QualityIssue,
};
use sidetone_core::feedback::{FeedbackIssue, FeedbackPatch};

use sidetone_bench::random::Random;

/// Calls of a thousand that somebody judges.
const JUDGED_PER_MILLE: u64 = 80;

/// What is said about a call; nothing about most.
pub fn judgement(seed: u64, number: u64) -> Option<AnnotationPatch> {
    let mut random = Random::of(seed, 30, number);
    random
        .per_mille(JUDGED_PER_MILLE)
        .then(|| patch(&mut random))
}

/// Calls of a thousand that somebody rates.
const RATED_PER_MILLE: u64 = 50;

/// What a caller says about a call; nothing about most.
pub fn rating(seed: u64, number: u64) -> Option<FeedbackPatch> {
    let mut random = Random::of(seed, 31, number);
    let score = random.weighted(&[(1, 8), (2, 8), (3, 14), (4, 30), (5, 40)]);
    random.per_mille(RATED_PER_MILLE).then(|| {
        let issues = FeedbackIssue::ALL.iter().copied();
        FeedbackPatch {
            score: Some(score),
            issues: Some(issues.filter(|_| random.per_mille(80)).collect()),
        }
    })
}

/// Something to say about a call.
pub fn patch(random: &mut Random) -> AnnotationPatch {
    let mut patch = AnnotationPatch::default();
    if random.per_mille(600) {
        patch.answered_by =
            Some(Some(random.weighted(&[
                (AnsweredByHeard::Human, 70),
                (AnsweredByHeard::Machine, 30),
            ])));
    }
    if random.per_mille(800) {
        patch.call_score = Some(Some(random.weighted(&[
            (1, 6),
            (2, 8),
            (3, 16),
            (4, 30),
            (5, 40),
        ])));
    }
    if random.per_mille(200) {
        patch.connectivity_issue = Some(Some(random.weighted(&[
            (ConnectivityIssue::None, 700),
            (ConnectivityIssue::DroppedCall, 150),
            (ConnectivityIssue::NumberReachability, 100),
            (ConnectivityIssue::CallerId, 45),
            (ConnectivityIssue::InvalidNumber, 5),
        ])));
    }
    if random.per_mille(250) {
        let mut issues = vec![quality(random)];
        if random.per_mille(300) {
            let more = quality(random);
            if more != issues[0] {
                issues.push(more);
            }
        }
        patch.quality_issues = Some(Some(issues));
    }
    if random.per_mille(150) {
        patch.spam = Some(Some(random.per_mille(200)));
    }
    if random.per_mille(200) || patch == AnnotationPatch::default() {
        patch.comment = Some(Some(format!(
            "Ticket says: customer heard it, take {}",
            random.below(1_000_000)
        )));
    }
    if random.per_mille(30) {
        patch.incident = Some(Some(format!("INC{:07}", random.below(10_000_000))));
    }
    patch
}

fn quality(random: &mut Random) -> QualityIssue {
    random.weighted(&[
        (QualityIssue::None, 200),
        (QualityIssue::ChoppyRobotic, 250),
        (QualityIssue::LowVolume, 150),
        (QualityIssue::Echo, 120),
        (QualityIssue::Latency, 100),
        (QualityIssue::StaticNoise, 100),
        (QualityIssue::OneWayAudio, 75),
        (QualityIssue::Dtmf, 5),
    ])
}

/// The form a client posts for a patch.
pub fn form(patch: &AnnotationPatch) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    if let Some(Some(word)) = patch.answered_by {
        form.append_pair("AnsweredBy", word.as_str());
    }
    if let Some(Some(word)) = patch.connectivity_issue {
        form.append_pair("ConnectivityIssue", word.as_str());
    }
    if let Some(Some(issues)) = &patch.quality_issues {
        let words: Vec<&str> = issues.iter().map(|issue| issue.as_str()).collect();
        form.append_pair("QualityIssues", &words.join(","));
    }
    if let Some(Some(spam)) = patch.spam {
        form.append_pair("Spam", if spam { "true" } else { "false" });
    }
    if let Some(Some(score)) = patch.call_score {
        form.append_pair("CallScore", &score.to_string());
    }
    if let Some(Some(comment)) = &patch.comment {
        form.append_pair("Comment", comment);
    }
    if let Some(Some(incident)) = &patch.incident {
        form.append_pair("Incident", incident);
    }
    form.finish()
}
