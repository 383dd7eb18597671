//! Annotations that come together.

use std::sync::Arc;

use sidetone_core::annotation::{Annotation, AnnotationPatch};
use sidetone_core::id::{AnnotationBatchSid, CallSid};

use super::sample::{
    account, account_sid, at, call, call_sid, create_account, erase, put, scope, score, summary,
};
use crate::judgement::batch::{AnnotateBatch, BatchLine, LineFate, UndoBatch, UndoFate};
use crate::page::{PageRequest, Start};
use crate::{Conflict, Lookup, Store, StoreError};

const BATCH: AnnotationBatchSid = AnnotationBatchSid::from_bytes([7; 16]);

async fn with_calls(store: &dyn Store, calls: u64) {
    create_account(store).await;
    let summaries = (1..=calls).map(|n| put(summary(call(n), 0, Some(60)), 0));
    store.put_summaries(summaries.collect()).await.unwrap();
}

pub(super) fn line(number: u64, n: u64, score: u8) -> BatchLine {
    BatchLine {
        number,
        content: i64::from(score),
        call: call_sid(n),
        patch: AnnotationPatch {
            call_score: Some(Some(score)),
            ..AnnotationPatch::default()
        },
    }
}

fn batch(lines: Vec<BatchLine>) -> AnnotateBatch {
    AnnotateBatch {
        sid: BATCH,
        account: account_sid(1),
        by: "batch".into(),
        now: at(9),
        accept_unknown: false,
        only_advanced: false,
        lines,
    }
}

pub(super) async fn send(store: &dyn Store, lines: Vec<BatchLine>) -> Vec<LineFate> {
    store.annotate_batch(batch(lines)).await.unwrap()
}

/// Undoes all of the batch, so many lines at a time.
pub(super) async fn undo(store: &dyn Store, limit: usize) -> Vec<(CallSid, UndoFate)> {
    let mut undone = Vec::new();
    let mut after = None;
    loop {
        let part = UndoBatch {
            sid: BATCH,
            account: account_sid(1),
            by: "undo".into(),
            now: at(20),
            after,
            limit,
        };
        let part = store.undo_batch(part).await.unwrap().unwrap();
        undone.extend(part.calls);
        match part.rest {
            Some(rest) => after = Some(rest),
            None => return undone,
        }
    }
}

async fn said(store: &dyn Store, n: u64) -> (Annotation, u64) {
    match store.annotation(scope(1), call_sid(n)).await.unwrap() {
        Lookup::Found(said) => (said.annotation, said.revision),
        other => panic!("{other:?}"),
    }
}

async fn scored(store: &dyn Store, n: u64) -> (Option<u8>, u64) {
    let (annotation, revision) = said(store, n).await;
    (annotation.call_score, revision)
}

pub(super) const fn changed(revision: u64) -> LineFate {
    LineFate::Changed { revision }
}

/// A line is taken once, by its number, whatever was said of the call since; one that was refused
/// may come again.
pub async fn takes_each_line_once(store: Arc<dyn Store>) {
    with_calls(&*store, 3).await;
    store
        .annotate(scope(1), call_sid(3), score(4))
        .await
        .unwrap();
    let lines = || vec![line(1, 1, 2), line(2, 2, 5), line(3, 9, 1), line(4, 3, 4)];
    let first = [
        changed(1),
        changed(1),
        LineFate::Unknown,
        LineFate::Unchanged,
    ];
    assert_eq!(send(&*store, lines()).await, first);
    store
        .annotate(scope(1), call_sid(1), score(3))
        .await
        .unwrap();
    store
        .annotate(scope(1), call_sid(3), score(1))
        .await
        .unwrap();
    let late = put(summary(call(9), 0, Some(60)), 0);
    store.put_summaries(vec![late]).await.unwrap();
    let repeated = LineFate::Repeated;
    let again = [repeated.clone(), repeated.clone(), changed(1), repeated];
    assert_eq!(send(&*store, lines()).await, again);
    assert_eq!(scored(&*store, 1).await, (Some(3), 2));
    assert_eq!(scored(&*store, 3).await, (Some(1), 2));
    assert_eq!(send(&*store, vec![line(1, 1, 5)]).await, [LineFate::Other]);
    let request = PageRequest {
        start: Start::First { skip: 0 },
        size: 9,
    };
    let history = store.annotation_history(call(2), &request).await.unwrap();
    assert_eq!(
        (history.rows.len(), history.rows[0].by.as_str()),
        (1, "batch")
    );
}

/// Erased calls, those of others, and those without the features are told of, and keep no other
/// line from being taken.
pub async fn a_line_that_cannot_be_taken_stops_no_other(store: Arc<dyn Store>) {
    with_calls(&*store, 2).await;
    store.create_account(account(2, None)).await.unwrap();
    store.create_account(account(3, Some(1))).await.unwrap();
    let of = |n, owner| {
        let mut call = call(n);
        call.account = account_sid(owner);
        put(summary(call, 0, Some(60)), 0)
    };
    store.put_summaries(vec![of(5, 2), of(6, 3)]).await.unwrap();
    erase(&*store, call(2), at(5)).await;
    let fates = send(
        &*store,
        vec![line(1, 2, 1), line(2, 5, 1), line(3, 6, 1), line(4, 1, 1)],
    )
    .await;
    assert_eq!(
        fates,
        [LineFate::Gone, LineFate::Unknown, changed(1), changed(1)]
    );
    let accepting = AnnotateBatch {
        accept_unknown: true,
        ..batch(vec![line(5, 8, 2), line(2, 5, 1)])
    };
    assert_eq!(
        store.annotate_batch(accepting).await.unwrap(),
        [changed(1), changed(1)]
    );
    // The call of the other account has its own judgement.
    let Lookup::Found(other) = store.annotation(scope(2), call_sid(5)).await.unwrap() else {
        panic!()
    };
    assert!(other.annotation.is_empty());
}

/// What is said is what was said before the batch, wherever nobody has said more since; it is a
/// change like any other.
pub async fn is_undone_where_nobody_has_annotated_since(store: Arc<dyn Store>) {
    for limit in [1, 2, 100] {
        let store = &*store;
        if limit == 1 {
            with_calls(store, 5).await;
        }
        for n in 1..=5 {
            // As it was before, for each round.
            store
                .annotate(scope(1), call_sid(n), score(5))
                .await
                .unwrap();
        }
        let sid = AnnotationBatchSid::from_bytes([u8::try_from(limit).unwrap(); 16]);
        let lines = vec![
            line(1, 1, 1),
            line(2, 2, 1),
            line(3, 1, 2),
            line(4, 3, 5),
            line(5, 4, 1),
            line(6, 5, 1),
        ];
        let sent = AnnotateBatch {
            sid,
            ..batch(lines)
        };
        store.annotate_batch(sent).await.unwrap();
        // Somebody else says more of two of them, and of one between two lines of the batch.
        store
            .annotate(scope(1), call_sid(2), score(3))
            .await
            .unwrap();
        store
            .annotate(scope(1), call_sid(5), score(4))
            .await
            .unwrap();
        let between = AnnotateBatch {
            sid,
            ..batch(vec![line(7, 5, 2)])
        };
        store.annotate_batch(between).await.unwrap();
        let request = |after| UndoBatch {
            sid,
            account: account_sid(1),
            by: "undo".into(),
            now: at(20),
            after,
            limit,
        };
        let mut undone = Vec::new();
        let mut after = None;
        loop {
            let part = store.undo_batch(request(after)).await.unwrap().unwrap();
            undone.extend(part.calls);
            match part.rest {
                Some(rest) => after = Some(rest),
                None => break,
            }
        }
        let left: Vec<_> = undone
            .iter()
            .filter(|it| it.1 == UndoFate::Left)
            .map(|it| it.0)
            .collect();
        assert_eq!(left, [call_sid(2)], "{undone:?}");
        assert_eq!(undone.len(), 4, "{undone:?}");
        let scores = [Some(5), Some(3), Some(5), Some(5), Some(4)];
        for (n, expected) in (1..).zip(scores) {
            assert_eq!(scored(store, n).await.0, expected, "call {n}");
        }
        // Again: nothing more is changed, and it takes no lines.
        let again = store.undo_batch(request(None)).await.unwrap().unwrap();
        assert!(
            again.calls.iter().all(|it| it.1 == UndoFate::Left),
            "{again:?}"
        );
        for (n, expected) in (1..).zip(scores) {
            assert_eq!(scored(store, n).await.0, expected, "call {n}");
        }
        let more = AnnotateBatch {
            sid,
            ..batch(vec![line(9, 1, 1)])
        };
        assert!(matches!(
            store.annotate_batch(more).await,
            Err(StoreError::Conflict(Conflict::BatchUndone(of))) if of == sid
        ));
    }
}

/// A batch is its account's: nobody else adds to it or undoes it. Erased calls leave nothing in it.
pub async fn belongs_to_its_account(store: Arc<dyn Store>) {
    with_calls(&*store, 2).await;
    store.create_account(account(2, None)).await.unwrap();
    send(&*store, vec![line(1, 1, 1), line(2, 2, 1)]).await;
    let other = AnnotateBatch {
        account: account_sid(2),
        ..batch(vec![line(3, 1, 1)])
    };
    assert!(matches!(
        store.annotate_batch(other).await,
        Err(StoreError::Conflict(Conflict::BatchOfAnotherAccount(BATCH)))
    ));
    let by_other = UndoBatch {
        sid: BATCH,
        account: account_sid(2),
        by: String::new(),
        now: at(9),
        after: None,
        limit: 9,
    };
    assert_eq!(store.undo_batch(by_other.clone()).await.unwrap(), None);
    let none = UndoBatch {
        sid: AnnotationBatchSid::from_bytes([8; 16]),
        account: account_sid(1),
        ..by_other
    };
    assert_eq!(store.undo_batch(none).await.unwrap(), None);
    erase(&*store, call(1), at(10)).await;
    let undone = undo(&*store, 9).await;
    assert_eq!(undone, [(call_sid(2), UndoFate::Restored { revision: 2 })]);
    assert_eq!(scored(&*store, 2).await, (None, 2));
}
