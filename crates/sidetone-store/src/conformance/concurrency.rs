//! Many at once.

use std::sync::Arc;

use sidetone_core::annotation::AnnotationPatch;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::CallRef;

use super::sample::{
    account_sid, annotate, call, call_sid, create_account, event, put, scope, score, summary,
};
use crate::page::{PageRequest, Start};
use crate::{Annotate, Appended, Lookup, Put, Store, StoreError};

/// A hundred people judge ten calls at once: every change is there once, and the last revision
/// counts them.
pub async fn annotations_at_once_lose_nothing(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let calls = (0..10).map(|n| put(summary(call(n), 0, Some(60)), 0));
    store.put_summaries(calls.collect()).await.unwrap();
    let tasks: Vec<_> = (0..100_u64)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let patch = AnnotationPatch {
                    comment: Some(Some(format!("comment {n}"))),
                    call_score: Some(Some(u8::try_from(n % 5 + 1).unwrap())),
                    ..AnnotationPatch::default()
                };
                store
                    .annotate(scope(1), call_sid(n % 10), annotate(patch))
                    .await
                    .unwrap()
            })
        })
        .collect();
    for task in tasks {
        assert!(matches!(task.await.unwrap(), Lookup::Found(_)));
    }
    for n in 0..10 {
        let request = PageRequest {
            start: Start::First { skip: 0 },
            size: 100,
        };
        let changes = store
            .annotation_history(call(n), &request)
            .await
            .unwrap()
            .rows;
        let revisions: Vec<_> = changes.iter().map(|change| change.revision).collect();
        assert_eq!(revisions, (1..=10).rev().collect::<Vec<_>>());
        for pair in changes.windows(2) {
            assert_eq!(pair[0].before, pair[1].after);
        }
        let Lookup::Found(current) = store.annotation(scope(1), call_sid(n)).await.unwrap() else {
            panic!()
        };
        assert_eq!(
            (current.revision, &current.annotation),
            (10, &changes[0].after)
        );
    }
}

/// The same events from twenty senders at once are in the log once.
pub async fn duplicates_at_once_are_one(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let batch = (0..30)
                    .map(|n| event(call(n % 3), &format!("e{n}"), 1))
                    .collect();
                store.append(batch).await.unwrap()
            })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        new += task
            .await
            .unwrap()
            .iter()
            .filter(|fate| **fate == Appended::New)
            .count();
    }
    assert_eq!(new, 30);
    assert_eq!(store.stats().await.unwrap().dirty_calls, 3);
}

/// Changes that are refused do not touch those they were made together with.
pub async fn failures_harm_nobody_else(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store
        .put_summaries(
            (0..50)
                .map(|n| put(summary(call(n), 0, Some(60)), 0))
                .collect(),
        )
        .await
        .unwrap();
    let tasks: Vec<_> = (0..150_u64)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                match n % 3 {
                    0 => {
                        let refused = Annotate {
                            if_revision: Some(99),
                            ..score(1)
                        };
                        store
                            .annotate(scope(1), call_sid(n / 3), refused)
                            .await
                            .unwrap_err();
                    }
                    1 => {
                        let stranger = CallRef {
                            account: account_sid(9),
                            sid: call_sid(1),
                        };
                        let mut foreign = summary(stranger, 0, None);
                        foreign.facts.to.carrier = Some(format!("carrier {n}"));
                        let mut ours = summary(call(1000), 0, None);
                        ours.facts.to.carrier = Some(format!("carrier {n}"));
                        let fates = store
                            .put_summaries(vec![put(ours, 0), put(foreign, 0)])
                            .await
                            .unwrap();
                        assert!(matches!(
                            &fates[..],
                            [Put::Written { .. }, Put::Refused(StoreError::NotFound(_))]
                        ));
                    }
                    _ => {
                        store
                            .annotate(scope(1), call_sid(n / 3), score(5))
                            .await
                            .unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut filter = SummaryFilter::all(account_sid(1));
    filter.call_score = vec![5];
    let request = PageRequest {
        start: Start::First { skip: 0 },
        size: 100,
    };
    assert_eq!(store.list(&filter, &request).await.unwrap().rows.len(), 50);
    let written = store.record(scope(1), call_sid(1000)).await.unwrap();
    assert!(matches!(written, Lookup::Found(_)), "{written:?}");
}
