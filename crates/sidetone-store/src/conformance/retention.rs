//! Removing what is too old.

use std::sync::Arc;

use sidetone_core::annotation::AnnotationPatch;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::summary::CallSummary;
use sidetone_core::vocabulary::ProcessingState;

use super::alerts;
use super::batch::{changed, line, send, undo};
use super::delivery::{URL, failed, id, new, settle, take};
use super::feedback::{counts, range, rate};
use super::sample::{
    account_sid, annotate, at, call, call_sid, create_account, erase, event, put, scope, score,
    summary,
};
use crate::alerts::{Alert, AlertState};
use crate::feedback::{FeedbackRange, FeedbackSummary, FeedbackSummaryStatus};
use crate::judgement::batch::{LineFate, UndoFate};
use crate::page::{PageRequest, Start};
use crate::retention::{Expirable, Expired, ExpiredBeside, Horizons};
use crate::{Appended, EventFilter, Lookup, Store};

pub(super) fn horizons(events: i64, calls: i64) -> Horizons {
    Horizons {
        events: at(events),
        calls: at(calls),
        expiring: at(0),
    }
}

fn complete(n: u64) -> CallSummary {
    CallSummary {
        processing: ProcessingState::Complete,
        ..summary(call(n), 0, Some(60))
    }
}

/// A complete call with one event, received then.
async fn add(store: &dyn Store, n: u64, second: i64) {
    store
        .append(vec![event(call(n), "a", second)])
        .await
        .unwrap();
    let put = put(complete(n), 1);
    store.put_summaries(vec![put]).await.unwrap();
}

/// Calls and events that were removed.
pub(super) async fn expire(store: &dyn Store, horizons: Horizons) -> (u64, u64) {
    let (mut all, mut after) = ((0, 0), None);
    loop {
        let Expired {
            calls,
            events,
            damaged,
            next,
        } = store.expire(horizons, after, 2, at(999)).await.unwrap();
        assert_eq!(damaged, 0);
        all = (all.0 + calls, all.1 + events);
        if next.is_none() {
            return all;
        }
        after = next;
    }
}

async fn events(store: &dyn Store, n: u64) -> usize {
    let page = PageRequest {
        start: Start::First { skip: 0 },
        size: 10,
    };
    let found = store.events(call(n), &EventFilter::default(), &page).await;
    found.unwrap().rows.len()
}

/// First the events of a call go, and its summary stays as it is; then the call, and it is gone.
pub async fn removes_events_then_calls(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    for n in 1..=5 {
        add(store, n, i64::try_from(n).unwrap() * 10).await;
    }
    let expirable = store.expirable(horizons(35, 15)).await.unwrap();
    let expected = Expirable {
        calls: 1,
        calls_with_events: 2,
    };
    assert_eq!(expirable, expected);
    assert_eq!(expire(store, horizons(35, 15)).await, (1, 2));
    assert_eq!(expire(store, horizons(35, 15)).await, (0, 0));
    let found = async |n| store.record(scope(1), call_sid(n)).await.unwrap();
    assert_eq!(found(1).await, Lookup::Gone);
    for (n, kept) in [(2, 0), (3, 0), (4, 1), (5, 1)] {
        assert!(matches!(found(n).await, Lookup::Found(_)), "{n}");
        assert_eq!(events(store, n).await, kept, "{n}");
    }

    let late = (1..=4).map(|n| event(call(n), "late", 90)).collect();
    let fates = store.append(late).await.unwrap();
    let [gone, sealed, new] = [Appended::Gone, Appended::Expired, Appended::New];
    assert_eq!(fates, [gone, sealed, sealed, new]);
    store.refold((1..=3).map(call).collect()).await.unwrap();
    let dirty = store.stats().await.unwrap().dirty_calls;
    assert_eq!(dirty, 1);
    // What is said of it is as young as when it was said.
    let said = crate::Annotate {
        now: at(70),
        ..score(3)
    };
    store.annotate(scope(1), call_sid(2), said).await.unwrap();
    assert_eq!(expire(store, horizons(35, 65)).await, (2, 0));
    assert!(matches!(found(2).await, Lookup::Found(_)));
    assert_eq!(found(3).await, Lookup::Gone);
    assert_eq!(found(5).await, Lookup::Gone);
    assert!(matches!(found(4).await, Lookup::Found(_)), "it is dirty");
    let (erasures, _) = store.erasures(None, 10).await.unwrap();
    assert_eq!(erasures, [], "nobody has erased them");
}

/// Of a call that is known by it alone.
pub async fn placeholders_are_as_old_as_what_was_said(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    for (n, second) in [(1, 10), (2, 10), (3, 50), (2, 60)] {
        let said = crate::Annotate {
            now: at(second),
            accept_unknown: true,
            ..score(if second == 60 { 5 } else { 3 })
        };
        store.annotate(scope(1), call_sid(n), said).await.unwrap();
    }
    assert_eq!(expire(store, horizons(35, 30)).await, (1, 0));
    let found = async |n| store.record(scope(1), call_sid(n)).await.unwrap();
    assert_eq!(found(1).await, Lookup::Gone);
    assert_eq!(expire(store, horizons(35, 55)).await, (1, 0));
    assert_eq!(found(3).await, Lookup::Gone);
    assert!(matches!(found(2).await, Lookup::Found(_)));
}

/// Without its events a call is judged and found as before; when it goes, all that was said of it
/// goes too, and is counted no more.
pub async fn leaves_nothing_of_what_was_said(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    for n in 1..=3 {
        add(store, n, 10).await;
    }
    assert_eq!(expire(store, horizons(20, 0)).await, (0, 3));
    let lines = || vec![line(1, 1, 2), line(2, 2, 5), line(3, 3, 4)];
    assert_eq!(send(store, lines()).await, [1; 3].map(changed));
    for n in 1..=3 {
        let patch = AnnotationPatch {
            comment: Some(Some(format!("A word on call {n}"))),
            ..AnnotationPatch::default()
        };
        let anna = crate::Annotate {
            author: "anna".into(),
            ..score(1)
        };
        for said in [annotate(patch), anna] {
            store.annotate(scope(1), call_sid(n), said).await.unwrap();
        }
        let rate = crate::feedback::Rate {
            now: at(if n == 3 { 30 } else { 5 }),
            ..rate(Some(2), None)
        };
        store.rate(call(n), rate).await.unwrap();
    }
    let page = PageRequest {
        start: Start::First { skip: 0 },
        size: 10,
    };
    let mut filter = SummaryFilter::all(account_sid(1));
    filter.comment = vec!["a word".into()];
    let found = async || {
        let found = store.list(&filter, &page).await.unwrap();
        found.rows.len()
    };
    let tally = async || store.tally_feedback(&range(0, 0)).await.unwrap().0;
    assert_eq!(
        (found().await, tally().await),
        (3, counts(3, [0, 3, 0, 0, 0], 0))
    );

    assert_eq!(expire(store, horizons(20, 25)).await, (2, 0));
    assert_eq!(
        (found().await, tally().await),
        (1, counts(1, [0, 1, 0, 0, 0], 0))
    );
    let history = store.annotation_history(call(1), &page).await.unwrap();
    assert_eq!(history.rows, []);
    let fates = [LineFate::Gone, LineFate::Gone, LineFate::Repeated];
    assert_eq!(send(store, lines()).await, fates);
    let undone = undo(store, 10).await;
    assert_eq!(undone, [(call_sid(3), UndoFate::Left)]);

    let beside = async || store.expire_beside(horizons(20, 50), 10).await.unwrap();
    assert_eq!(beside().await.annotation_batches, 0);
    assert_eq!(expire(store, horizons(20, 50)).await, (1, 0));
    assert_eq!(beside().await.annotation_batches, 1);
    assert_eq!((found().await, tally().await), (0, counts(0, [0; 5], 0)));
}

/// A call stays as long as it is not complete, is to be folded, or has a timer.
pub async fn keeps_what_is_not_complete(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store.append(vec![event(call(1), "a", 1)]).await.unwrap();
    let partial = CallSummary {
        processing: ProcessingState::Partial,
        ..complete(2)
    };
    let with_timer = crate::PutSummary {
        timer_at: Some(at(60)),
        ..put(complete(3), 1)
    };
    for (n, put) in [(2, put(partial, 1)), (3, with_timer)] {
        store.append(vec![event(call(n), "a", 1)]).await.unwrap();
        store.put_summaries(vec![put]).await.unwrap();
    }
    let far = horizons(1_000_000, 1_000_000);
    let expirable = store.expirable(far).await.unwrap();
    assert_eq!(expirable, Expirable::default());
    assert_eq!(expire(store, far).await, (0, 0));
}

/// Deliveries that were given up, finished summaries of feedback, and what remains of calls.
pub async fn removes_what_is_no_call(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store
        .deliver(vec![new(1, URL, None), new(2, URL, None)])
        .await
        .unwrap();
    take(store, 1).await;
    settle(store, vec![(id(1), failed(None))], 0, 2).await;
    for (n, second) in [(1, 5), (2, 15)] {
        store.append(vec![event(call(n), "a", 1)]).await.unwrap();
        erase(store, call(n), at(second)).await;
    }
    let sid = sidetone_core::id::FeedbackSummarySid::from_bytes([1; 16]);
    let summary = FeedbackSummary {
        sid,
        range: FeedbackRange {
            account: account_sid(1),
            include_subaccounts: false,
            days: 0..=1,
        },
        status: FeedbackSummaryStatus::Queued,
        created_at: at(1),
        updated_at: at(1),
        callback: None,
    };
    store.create_feedback_summary(summary).await.unwrap();
    let fired = alerts::firing(1);
    let over = Alert {
        state: AlertState::Resolved,
        version: 2,
        resolved_at: Some(at(11)),
        ..fired.clone()
    };
    for alert in [fired, over, alerts::firing(2)] {
        assert_eq!(store.put_alert(alert, Vec::new()).await, Ok(true));
    }
    let removed = async |events, calls| {
        let removed = store.expire_beside(horizons(events, calls), 10).await;
        removed.unwrap()
    };
    assert_eq!(removed(1, 1).await, ExpiredBeside::default());
    let expected = ExpiredBeside {
        dead_letters: 1,
        tombstones: 1,
        audit_entries: 1,
        ..ExpiredBeside::default()
    };
    assert_eq!(removed(10, 10).await, expected);
    let taken = store.take_feedback_summary(at(11), at(60)).await.unwrap();
    assert!(taken.is_some());
    let failed = FeedbackSummaryStatus::Failed;
    let finished = store.finish_feedback_summary(sid, failed, None, at(12));
    finished.await.unwrap();
    let expected = ExpiredBeside {
        feedback_summaries: 1,
        tombstones: 1,
        alerts: 1,
        audit_entries: 1,
        ..ExpiredBeside::default()
    };
    assert_eq!(removed(20, 20).await, expected);
    let again = store.record(scope(1), call_sid(1)).await.unwrap();
    assert_eq!(again, Lookup::Unknown);
}
