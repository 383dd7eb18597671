//! Summaries of feedback: jobs that are done once.

use std::sync::Arc;

use sidetone_core::id::FeedbackSummarySid;
use sidetone_core::time::DAY_US;

use super::feedback::{counts, range};
use super::sample::{account_sid, at, create_account};
use crate::Store;
use crate::delivery::{
    Content, DeliveryId, DeliveryRequest, Headers, Method, NewDelivery, Signature,
};
use crate::feedback::{
    FeedbackSummary, FeedbackSummaryStatus, QUEUED_SUMMARIES_MAX, StatusCallback,
};

/// A summary waits, is worked on by one at a time, and again by another whose predecessor fell
/// silent.
pub async fn summaries_are_jobs(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let job = |n: u8| FeedbackSummary {
        sid: FeedbackSummarySid::from_bytes([n; 16]),
        range: range(0, 3),
        status: FeedbackSummaryStatus::Queued,
        created_at: at(i64::from(n)),
        updated_at: at(i64::from(n)),
        callback: (n == 1).then(|| StatusCallback {
            url: "https://example.com/done".into(),
            by_get: true,
        }),
    };
    for n in [1, 2] {
        store.create_feedback_summary(job(n)).await.unwrap();
        let stored = store
            .feedback_summary(account_sid(1), job(n).sid)
            .await
            .unwrap();
        assert_eq!(stored, Some(job(n)));
    }
    assert_eq!(
        store
            .feedback_summary(account_sid(2), job(1).sid)
            .await
            .unwrap(),
        None
    );
    let take = async |now| {
        store
            .take_feedback_summary(at(now), at(now + 10))
            .await
            .unwrap()
    };
    let taken = |n, now| FeedbackSummary {
        status: FeedbackSummaryStatus::InProgress,
        updated_at: at(now),
        ..job(n)
    };
    assert_eq!(take(20).await, Some(taken(1, 20)));
    assert_eq!(take(21).await, Some(taken(2, 21)));
    assert_eq!(take(29).await, None);
    assert_eq!(take(30).await, Some(taken(1, 30)), "its lease is over");
    assert_eq!(take(31).await, Some(taken(2, 31)));
    let done = FeedbackSummaryStatus::Completed(counts(4, [0, 1, 0, 0, 0], 1));
    let tell = || {
        Some(NewDelivery {
            id: DeliveryId::from_bytes([7; 16]),
            account: account_sid(1),
            subject: None,
            kind: "feedback-summary".into(),
            content: Content::Request(DeliveryRequest {
                method: Method::Get,
                url: "https://example.com/done".into(),
                headers: Headers::default(),
                body: None,
            }),
            signature: Signature::Twilio,
            created_at: at(31),
        })
    };
    let waiting = async || store.stats().await.unwrap().deliveries_waiting;
    store
        .finish_feedback_summary(job(1).sid, done, tell(), at(31))
        .await
        .unwrap();
    // Somebody who was slower says so too.
    let failed = FeedbackSummaryStatus::Failed;
    store
        .finish_feedback_summary(job(1).sid, failed, tell(), at(32))
        .await
        .unwrap();
    assert_eq!(waiting().await, 1);
    store
        .finish_feedback_summary(job(2).sid, failed, None, at(33))
        .await
        .unwrap();
    let stored = store
        .feedback_summary(account_sid(1), job(1).sid)
        .await
        .unwrap();
    let expected = FeedbackSummary {
        status: done,
        updated_at: at(31),
        ..job(1)
    };
    assert_eq!(stored, Some(expected));
    assert_eq!(take(DAY_US / 1_000_000).await, None);
    for existed in [true, false] {
        let deleted = store
            .delete_feedback_summary(account_sid(1), job(1).sid)
            .await;
        assert_eq!(deleted, Ok(existed));
    }
    assert!(
        !store
            .delete_feedback_summary(account_sid(2), job(2).sid)
            .await
            .unwrap()
    );
}

/// So many of an account wait; of those that are made, the oldest are forgotten.
pub async fn summaries_of_an_account_are_bounded(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let job = |n: u16| {
        let mut sid = [0; 16];
        sid[..2].copy_from_slice(&n.to_be_bytes());
        FeedbackSummary {
            sid: FeedbackSummarySid::from_bytes(sid),
            range: range(0, 3),
            status: FeedbackSummaryStatus::Queued,
            created_at: at(0),
            updated_at: at(0),
            callback: None,
        }
    };
    let most = u16::try_from(QUEUED_SUMMARIES_MAX).unwrap();
    for n in 0..most {
        assert!(store.create_feedback_summary(job(n)).await.unwrap());
    }
    assert!(!store.create_feedback_summary(job(most)).await.unwrap());
    for n in 0..4 {
        let taken = store.take_feedback_summary(at(1), at(9)).await.unwrap();
        assert_eq!(taken.unwrap().sid, job(n).sid);
        let failed = FeedbackSummaryStatus::Failed;
        let ended = store.finish_feedback_summary(job(n).sid, failed, None, at(2));
        ended.await.unwrap();
    }
    assert!(store.create_feedback_summary(job(most)).await.unwrap());
    assert_eq!(store.trim_feedback_summaries(4).await, Ok(0));
    assert_eq!(store.trim_feedback_summaries(1).await, Ok(3));
    for (n, is_there) in [(0, false), (2, false), (3, true), (4, true)] {
        let stored = store.feedback_summary(account_sid(1), job(n).sid).await;
        assert_eq!(stored.unwrap().is_some(), is_there, "{n}");
    }
}
