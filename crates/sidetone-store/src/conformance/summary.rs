//! Summaries and single records.

use std::sync::Arc;

use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::CallRef;
use sidetone_core::vocabulary::Tag;

use super::sample::{
    account, account_sid, at, call, call_sid, create_account, event, put, scope, summary,
};
use crate::account::AccountSettings;
use crate::page::{PageRequest, Start};
use crate::{CallRecord, Lookup, PutSummary, Rendered, Scope, Shown, Store};

async fn record(store: &dyn Store, n: u64) -> CallRecord {
    match store.record(scope(1), call_sid(n)).await.unwrap() {
        Lookup::Found(record) => record,
        other => panic!("{other:?}"),
    }
}

/// What was put comes back, and replaces what was there.
pub async fn shows_what_was_put(store: Arc<dyn Store>) {
    create_account(&*store).await;
    assert_eq!(
        store.record(scope(1), call_sid(1)).await.unwrap(),
        Lookup::Unknown
    );
    assert_eq!(
        store.annotation(scope(1), call_sid(1)).await.unwrap(),
        Lookup::Unknown
    );
    store.append(vec![event(call(1), "a", 0)]).await.unwrap();
    let mut first = summary(call(1), 0, None);
    first.facts.from.address = Some("+15550100".into());
    first.facts.from.carrier = Some("Müller & Söhne \u{1F4DE}".into());
    store
        .put_summaries(vec![put(first.clone(), 1)])
        .await
        .unwrap();
    assert_eq!(record(&*store, 1).await.summary, Some(first.clone()));
    first.facts.from.address = None;
    first.facts.ended_at = Some(at(60));
    first.tags = vec![Tag::Silence];
    store
        .put_summaries(vec![put(first.clone(), 1)])
        .await
        .unwrap();
    let record = record(&*store, 1).await;
    assert_eq!(record.summary, Some(first));
    assert_eq!((record.call, record.placeholder), (call(1), false));
    assert!(record.annotation.is_empty());
}

/// What was rendered of a summary is shown to those who ask for that form, the summary to all
/// others. It is no content: a newer one replaces it and makes no version.
pub async fn shows_what_was_rendered(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let rendered = |form, text: &str| {
        Some(Rendered {
            form,
            bytes: text.into(),
        })
    };
    let first = summary(call(1), 0, Some(60));
    let shown = async |form| {
        let request = PageRequest {
            start: Start::First { skip: 0 },
            size: 9,
        };
        let all = SummaryFilter::all(account_sid(1));
        let list = store.list_shown(&all, &request, form).await.unwrap();
        match store.shown(scope(1), call_sid(1), form).await.unwrap() {
            Lookup::Found(record) => {
                let (_, first) = list.rows.first().unwrap();
                assert_eq!(first, &record);
                assert_eq!(record.processing_version, 1);
                record.summary
            }
            other => panic!("{other:?}"),
        }
    };
    let whole = || Some(Shown::Summary(Box::new(first.clone())));
    let bytes = |text: &str| Some(Shown::Rendered(text.into()));
    let long = "{\"packets_lost\":0}".repeat(5_000);
    for (given, shown_1, shown_2) in [
        (None, whole(), whole()),
        (rendered(1, "a\0b"), bytes("a\0b"), whole()),
        (rendered(2, ""), whole(), bytes("")),
        (rendered(1, &long), bytes(&long), whole()),
        (None, whole(), whole()),
    ] {
        let put = PutSummary {
            rendered: given,
            ..put(first.clone(), 0)
        };
        store.put_summaries(vec![put]).await.unwrap();
        assert_eq!(shown(1).await, shown_1);
        assert_eq!(shown(2).await, shown_2);
        assert_eq!(record(&*store, 1).await.summary.as_ref(), Some(&first));
    }
}

/// The processing version grows with the content only.
pub async fn counts_versions_of_changed_content_only(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let first = summary(call(1), 0, None);
    for expected in [1, 1, 1] {
        store
            .put_summaries(vec![put(first.clone(), 0)])
            .await
            .unwrap();
        assert_eq!(record(&*store, 1).await.processing_version, expected);
    }
    let second = summary(call(1), 0, Some(60));
    store
        .put_summaries(vec![put(second.clone(), 3)])
        .await
        .unwrap();
    assert_eq!(record(&*store, 1).await.processing_version, 2);
    store
        .put_summaries(vec![put(first, 4), put(second, 5)])
        .await
        .unwrap();
    assert_eq!(record(&*store, 1).await.processing_version, 4);
}

/// A summary that knows fewer events than the stored one changes nothing.
pub async fn ignores_stale_summaries(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store
        .append(vec![event(call(1), "a", 0), event(call(1), "b", 0)])
        .await
        .unwrap();
    let newer = summary(call(1), 0, Some(60));
    store
        .put_summaries(vec![put(newer.clone(), 2)])
        .await
        .unwrap();
    let mut stale = put(summary(call(1), 5, None), 1);
    stale.timer_at = Some(at(1));
    store.put_summaries(vec![stale]).await.unwrap();
    assert_eq!(record(&*store, 1).await.summary, Some(newer));
    assert_eq!(store.due_timers(at(9), 9).await.unwrap(), []);
    assert_eq!(store.stats().await.unwrap().dirty_calls, 0);
}

/// Summaries can be loaded without events; a call of no start and no end is a call as well.
pub async fn makes_unknown_calls(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let mut empty = summary(call(2), 0, None);
    empty.facts.started_at = None;
    let puts = vec![put(summary(call(1), 0, Some(60)), 0), put(empty.clone(), 0)];
    store.put_summaries(puts).await.unwrap();
    assert_eq!(record(&*store, 1).await.processing_version, 1);
    assert_eq!(record(&*store, 2).await.summary, Some(empty.clone()));
    empty.facts.ended_at = Some(at(3));
    store
        .put_summaries(vec![put(empty.clone(), 0)])
        .await
        .unwrap();
    empty.facts.started_at = Some(at(2));
    store
        .put_summaries(vec![put(empty.clone(), 0)])
        .await
        .unwrap();
    assert_eq!(record(&*store, 2).await.summary, Some(empty));
}

/// The moment the end was first put stays, though later summaries repeat it.
pub async fn remembers_when_the_end_was_seen(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.append(vec![event(call(1), "a", 0)]).await.unwrap();
    for (ended, now, expected) in [
        (None, 10, None),
        (Some(5), 20, Some(20)),
        (Some(6), 30, Some(20)),
    ] {
        let mut put = put(summary(call(1), 0, ended), 1);
        put.now = at(now);
        store.put_summaries(vec![put]).await.unwrap();
        store.refold(vec![call(1)]).await.unwrap();
        let dirty = store
            .take_dirty(9, at(100), at(100), at(100), 1)
            .await
            .unwrap();
        assert_eq!(dirty[0].end_seen_at, expected.map(at));
    }
}

/// The same identifier in two accounts is two calls, and one account never sees the other's.
pub async fn keeps_accounts_apart(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, None)).await.unwrap();
    let theirs = CallRef {
        account: account_sid(2),
        sid: call_sid(1),
    };
    store
        .put_summaries(vec![put(summary(theirs, 7, None), 0)])
        .await
        .unwrap();
    assert_eq!(
        store.record(scope(1), call_sid(1)).await.unwrap(),
        Lookup::Unknown
    );
    store
        .put_summaries(vec![put(summary(call(1), 8, None), 0)])
        .await
        .unwrap();
    let Lookup::Found(found) = store.record(scope(2), call_sid(1)).await.unwrap() else {
        panic!()
    };
    assert_eq!(found.summary, Some(summary(theirs, 7, None)));
    assert_eq!(
        record(&*store, 1).await.summary,
        Some(summary(call(1), 8, None))
    );
}

/// A call of a subaccount is found by the parent, and not the other way round; one's own come
/// first.
pub async fn finds_calls_of_subaccounts(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    store.create_account(account(3, Some(1))).await.unwrap();
    let childs = CallRef {
        account: account_sid(2),
        sid: call_sid(1),
    };
    store
        .put_summaries(vec![put(summary(childs, 7, None), 0)])
        .await
        .unwrap();
    let owner = async |scope: Scope| match store.annotation(scope, call_sid(1)).await.unwrap() {
        Lookup::Found(record) => Some(record.call.account),
        Lookup::Unknown => None,
        Lookup::Gone => panic!("gone"),
    };
    assert_eq!(owner(scope(1)).await, Some(account_sid(2)));
    assert_eq!(owner(scope(2)).await, Some(account_sid(2)));
    assert_eq!(owner(scope(3)).await, None);
    store
        .put_summaries(vec![put(summary(call(1), 7, None), 0)])
        .await
        .unwrap();
    assert_eq!(owner(scope(1)).await, Some(account_sid(1)));
    assert_eq!(owner(scope(2)).await, Some(account_sid(2)));
}

/// What counts is the switch at the time the call was first seen.
pub async fn remembers_advanced_features(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.append(vec![event(call(1), "a", 0)]).await.unwrap();
    let off = AccountSettings {
        advanced_features: false,
        voice_trace: false,
        mirror_feedback: false,
    };
    store.put_settings(account_sid(1), off).await.unwrap();
    store
        .put_summaries(vec![
            put(summary(call(1), 0, None), 1),
            put(summary(call(2), 0, None), 0),
        ])
        .await
        .unwrap();
    assert!(record(&*store, 1).await.advanced_features);
    assert!(!record(&*store, 2).await.advanced_features);
}
