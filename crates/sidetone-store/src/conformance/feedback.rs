//! Feedback and its summaries.

use std::sync::Arc;

use sidetone_core::annotation::{Annotation, ConnectivityIssue, QualityIssue};
use sidetone_core::feedback::{Feedback, FeedbackIssue, FeedbackPatch, FeedbackTally};
use sidetone_core::id::CallRef;

use super::sample::{
    MIDNIGHT, account, account_sid, at, call, create_account, erase, event, put, scope, summary,
};
use crate::feedback::{FeedbackRange, FeedbackRecord, Rate, Rated};
use crate::{Lookup, Store};

pub(super) fn rate(score: Option<u8>, issues: Option<&[FeedbackIssue]>) -> Rate {
    Rate {
        by: "tester".into(),
        patch: FeedbackPatch {
            score,
            issues: issues.map(|issues| issues.iter().copied().collect()),
        },
        now: at(100),
        accept_unknown: false,
        only_first: false,
        mirror: false,
    }
}

fn says(score: u8, issues: &[FeedbackIssue]) -> Feedback {
    Feedback {
        score,
        issues: issues.iter().copied().collect(),
    }
}

pub(super) fn range(first: i64, last: i64) -> FeedbackRange {
    FeedbackRange {
        account: account_sid(1),
        include_subaccounts: false,
        days: MIDNIGHT.day() + first..=MIDNIGHT.day() + last,
    }
}

async fn tally(store: &dyn Store, range: &FeedbackRange) -> FeedbackTally {
    store.tally_feedback(range).await.unwrap().0
}

/// Calls, feedbacks by score, and complaints about one-way audio.
pub(super) fn counts(calls: u64, scores: [u64; 5], one_way_audio: u64) -> FeedbackTally {
    let mut tally = FeedbackTally {
        calls,
        scores,
        ..FeedbackTally::default()
    };
    tally.issues[7] = one_way_audio;
    tally
}

const ONE_WAY: &[FeedbackIssue] = &[FeedbackIssue::OneWayAudio];

/// The first rating creates, later ones change what they mention; a rating without a score creates
/// nothing.
pub async fn rates_and_changes(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let unknown = store.rate(call(1), rate(Some(3), None)).await.unwrap();
    assert_eq!(unknown, Lookup::Unknown);
    let whole = put(summary(call(1), 0, Some(60)), 0);
    store.put_summaries(vec![whole]).await.unwrap();
    assert_eq!(store.feedback(call(1)).await.unwrap(), Lookup::Found(None));
    let nothing = store
        .rate(call(1), rate(None, Some(ONE_WAY)))
        .await
        .unwrap();
    assert_eq!(nothing, Lookup::Found(Rated::ScoreMissing));
    assert_eq!(store.feedback(call(1)).await.unwrap(), Lookup::Found(None));

    let created = FeedbackRecord {
        call: call(1),
        feedback: says(2, ONE_WAY),
        created_at: at(100),
        updated_at: at(100),
    };
    let answer = store
        .rate(call(1), rate(Some(2), Some(ONE_WAY)))
        .await
        .unwrap();
    assert_eq!(answer, Lookup::Found(Rated::Created(created)));
    let later = Rate {
        now: at(200),
        ..rate(Some(5), None)
    };
    let updated = FeedbackRecord {
        feedback: says(5, ONE_WAY),
        updated_at: at(200),
        ..created
    };
    let answer = store.rate(call(1), later).await.unwrap();
    assert_eq!(answer, Lookup::Found(Rated::Updated(updated)));
    let same = Rate {
        now: at(300),
        ..rate(Some(5), Some(ONE_WAY))
    };
    let answer = store.rate(call(1), same).await.unwrap();
    assert_eq!(answer, Lookup::Found(Rated::Updated(updated)));
    assert_eq!(
        store.feedback(call(1)).await.unwrap(),
        Lookup::Found(Some(updated))
    );
    assert_eq!(
        tally(&*store, &range(0, 0)).await,
        counts(1, [0, 0, 0, 0, 1], 1)
    );
}

/// Issues keep the order in which they were given, which is part of what is said.
pub async fn keeps_the_order_of_issues(store: Arc<dyn Store>) {
    use FeedbackIssue::{DroppedCall, ImperfectAudio, OneWayAudio};
    create_account(&*store).await;
    let whole = put(summary(call(1), 0, Some(60)), 0);
    store.put_summaries(vec![whole]).await.unwrap();
    for (second, given, kept) in [
        (
            1,
            &[OneWayAudio, DroppedCall, OneWayAudio][..],
            &[OneWayAudio, DroppedCall][..],
        ),
        (2, &[DroppedCall, OneWayAudio], &[DroppedCall, OneWayAudio]),
        (
            3,
            &[OneWayAudio, ImperfectAudio, DroppedCall],
            &[OneWayAudio, ImperfectAudio, DroppedCall],
        ),
    ] {
        let rate = Rate {
            now: at(second),
            ..rate(Some(2), Some(given))
        };
        store.rate(call(1), rate).await.unwrap();
        let Lookup::Found(Some(record)) = store.feedback(call(1)).await.unwrap() else {
            panic!("no feedback")
        };
        let issues: Vec<_> = record.feedback.issues.iter().collect();
        assert_eq!((issues.as_slice(), record.updated_at), (kept, at(second)));
        let judgements = store.judgements(None, 9).await.unwrap();
        assert_eq!(judgements[0].feedback, Some(record.feedback));
    }
    assert_eq!(
        tally(&*store, &range(0, 0)).await.issues,
        [1, 1, 0, 0, 0, 0, 0, 1]
    );
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

/// An annotation follows where that is asked for, and keeps what others said.
pub async fn mirrors_into_the_annotation(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let whole = put(summary(call(1), 0, Some(60)), 0);
    store.put_summaries(vec![whole]).await.unwrap();
    let said = async || match store.annotation(scope(1), call(1).sid).await.unwrap() {
        Lookup::Found(record) => record.annotation,
        other => panic!("{other:?}"),
    };
    let mirrored = |score, issues| Rate {
        mirror: true,
        ..rate(score, issues)
    };
    let first = [FeedbackIssue::DroppedCall, FeedbackIssue::OneWayAudio];
    store.rate(call(1), rate(Some(3), None)).await.unwrap();
    assert_eq!(said().await, Annotation::default());
    store
        .rate(call(1), mirrored(Some(2), Some(&first)))
        .await
        .unwrap();
    let expected = Annotation {
        call_score: Some(2),
        connectivity_issue: Some(ConnectivityIssue::DroppedCall),
        quality_issues: Some(vec![QualityIssue::OneWayAudio]),
        ..Annotation::default()
    };
    assert_eq!(said().await, expected);
    store
        .rate(call(1), mirrored(None, Some(&[])))
        .await
        .unwrap();
    let expected = Annotation {
        call_score: Some(2),
        ..Annotation::default()
    };
    assert_eq!(said().await, expected);
}

/// What people say of a call nobody has seen counts as feedback, not as a call; when the call turns
/// up, it goes where that is.
pub async fn counts_feedback_on_calls_never_seen(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let accepted = Rate {
        accept_unknown: true,
        ..rate(Some(1), Some(ONE_WAY))
    };
    store.rate(call(1), accepted).await.unwrap();
    assert_eq!(
        tally(&*store, &range(0, 0)).await,
        counts(0, [1, 0, 0, 0, 0], 1)
    );
    match store.record(scope(1), call(1).sid).await.unwrap() {
        Lookup::Found(record) => assert!(record.placeholder),
        other => panic!("{other:?}"),
    }
    store.append(vec![event(call(1), "1", 5)]).await.unwrap();
    let two_days_later = summary(call(1), 2 * 86_400, None);
    store
        .put_summaries(vec![put(two_days_later, 1)])
        .await
        .unwrap();
    assert_eq!(tally(&*store, &range(0, 1)).await, counts(0, [0; 5], 0));
    assert_eq!(
        tally(&*store, &range(2, 2)).await,
        counts(1, [1, 0, 0, 0, 0], 1)
    );
}

/// Counts move with a call, and go with it.
pub async fn counts_move_and_shrink_with_calls(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    let other = CallRef {
        account: account_sid(2),
        ..call(9)
    };
    let calls = [call(1), call(2), other].map(|call| put(summary(call, 0, None), 0));
    store.put_summaries(calls.to_vec()).await.unwrap();
    store
        .rate(call(1), rate(Some(4), Some(ONE_WAY)))
        .await
        .unwrap();
    store.rate(other, rate(Some(1), None)).await.unwrap();
    assert_eq!(
        tally(&*store, &range(-1, 1)).await,
        counts(2, [0, 0, 0, 1, 0], 1)
    );
    let both = FeedbackRange {
        include_subaccounts: true,
        ..range(0, 0)
    };
    assert_eq!(tally(&*store, &both).await, counts(3, [1, 0, 0, 1, 0], 1));

    // The end of the last hour of the day, and the beginning of the next day.
    for (position, (seconds, day)) in (1..).zip([(86_399, 0), (86_400, 1)]) {
        store
            .append(vec![event(call(1), &format!("{seconds}"), seconds)])
            .await
            .unwrap();
        let moved = summary(call(1), seconds, None);
        store
            .put_summaries(vec![put(moved, position)])
            .await
            .unwrap();
        assert_eq!(
            tally(&*store, &range(day, day)).await.scores,
            [0, 0, 0, 1, 0]
        );
        assert_eq!(
            tally(&*store, &range(1 - day, 1 - day)).await.scores,
            [0; 5]
        );
    }

    assert_eq!(erase(&*store, call(7), at(9)).await, Lookup::Unknown);
    assert_eq!(erase(&*store, call(1), at(9)).await, Lookup::Found(()));
    assert_eq!(erase(&*store, call(1), at(9)).await, Lookup::Gone);
    assert_eq!(tally(&*store, &range(-9, 9)).await, counts(1, [0; 5], 0));
    assert_eq!(store.feedback(call(1)).await.unwrap(), Lookup::Gone);
    let accepted = Rate {
        accept_unknown: true,
        ..rate(Some(1), None)
    };
    assert_eq!(store.rate(call(1), accepted).await.unwrap(), Lookup::Gone);
    assert_eq!(
        store.record(scope(1), call(1).sid).await.unwrap(),
        Lookup::Gone
    );
}

/// A rated call is waited for from its first event until it is folded, and by those only whose
/// calls it is among.
pub async fn rated_calls_are_waited_for(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    let parents = range(0, 0);
    let both = FeedbackRange {
        include_subaccounts: true,
        ..range(0, 0)
    };
    let awaits = async || {
        let ever = at(1_000_000);
        let parents = store.awaits_fold(&parents, ever).await.unwrap();
        (parents, store.awaits_fold(&both, ever).await.unwrap())
    };
    let other = CallRef {
        account: account_sid(2),
        ..call(2)
    };
    for (call, expected) in [(call(1), (true, true)), (other, (false, true))] {
        let accepted = Rate {
            accept_unknown: true,
            ..rate(Some(1), None)
        };
        store.rate(call, accepted).await.unwrap();
        assert_eq!(awaits().await, (false, false), "it was never seen");
        store.append(vec![event(call, "1", 0)]).await.unwrap();
        assert_eq!(awaits().await, expected);
        let folded = put(summary(call, 0, None), 1);
        store.put_summaries(vec![folded]).await.unwrap();
        assert_eq!(awaits().await, (false, false));
        // Later events change what is known, and do not take it away.
        store.append(vec![event(call, "2", 0)]).await.unwrap();
        assert_eq!(awaits().await, (false, false));
    }
    store.append(vec![event(call(3), "1", 0)]).await.unwrap();
    assert_eq!(awaits().await, (false, false), "nobody rated it");
}

/// A rating that names the wrong account makes no placeholder that would hide a subaccount's call.
pub async fn hides_no_call_of_a_subaccount(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    let theirs = CallRef {
        account: account_sid(2),
        ..call(1)
    };
    let known = put(summary(theirs, 0, Some(60)), 0);
    store.put_summaries(vec![known]).await.unwrap();
    let accepted = Rate {
        accept_unknown: true,
        ..rate(Some(1), None)
    };
    let answer = store.rate(call(1), accepted).await.unwrap();
    assert_eq!(answer, Lookup::Unknown);
    match store.record(scope(1), call(1).sid).await.unwrap() {
        Lookup::Found(record) => assert_eq!(record.call, theirs),
        other => panic!("{other:?}"),
    }
    let first = Rate {
        only_first: true,
        ..rate(Some(4), None)
    };
    for expected in [true, false] {
        let answer = store.rate(theirs, first.clone()).await.unwrap();
        assert_eq!(matches!(answer, Lookup::Found(Rated::Created(_))), expected);
    }
}

/// Judgements come in the order in which their calls became known, and none twice.
pub async fn pages_judgements(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let calls = (1..=5).map(|n| put(summary(call(n), 0, Some(60)), 0));
    store.put_summaries(calls.collect()).await.unwrap();
    for n in [5, 1, 3] {
        store
            .rate(call(n), rate(Some(3), Some(ONE_WAY)))
            .await
            .unwrap();
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store.judgements(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.cursor.clone());
        assert!(
            page.iter()
                .all(|judgement| judgement.feedback == Some(says(3, ONE_WAY)))
        );
        seen.extend(page.into_iter().map(|judgement| judgement.call));
    }
    assert_eq!(seen, [call(1), call(3), call(5)]);
}
