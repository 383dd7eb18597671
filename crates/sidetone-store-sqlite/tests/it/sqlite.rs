//! `SQLite` keeps the contract, and what it promises besides.

use std::collections::BTreeSet;
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use sidetone_core::annotation::{AnnotationPatch, ConnectivityIssue};
use sidetone_core::bucket::bucket;
use sidetone_core::feedback::FeedbackPatch;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::sides::{SideRule, Sides};
use sidetone_core::vocabulary::Tag;
use sidetone_store::conformance::alert_rules::rule;
use sidetone_store::conformance::alerts::firing;
use sidetone_store::conformance::filters;
use sidetone_store::conformance::people::{person, signing_in};
use sidetone_store::conformance::sample::{
    account_sid, annotate, at, call, call_sid, create_account, erase, event, put, scope, score,
    summary,
};
use sidetone_store::conformance::sinks::{sink, subscription};
use sidetone_store::conformance::stream_events;
use sidetone_store::conformance::views::view;
use sidetone_store::delivery::{
    Content, DeliveryId, DeliveryRequest, Headers, Method, NewDelivery, Signature,
};
use sidetone_store::feedback::Rate;
use sidetone_store::page::{PageRequest, Start};
use sidetone_store::prelude::*;
use sidetone_store::{Annotate, Lookup, StoreError};
use sidetone_store_sqlite::{Options, SqliteStore};

async fn open_twice<const BUCKETS: u16>() -> [Arc<dyn Store>; 2] {
    let options = Options {
        buckets: NonZeroU16::new(BUCKETS).unwrap(),
        ..Options::default()
    };
    let nodes = SqliteStore::open_temporary_twice(options).unwrap();
    nodes.map(|node| -> Arc<dyn Store> { Arc::new(node) })
}

mod one_bucket {
    sidetone_store::conformance!(crate::sqlite::open_twice::<1>);
}

mod four_buckets {
    sidetone_store::conformance!(crate::sqlite::open_twice::<4>);
}

#[tokio::test]
async fn pages_that_end_early_hide_and_repeat_nothing() {
    let open = |buckets, page_steps| {
        let options = Options {
            buckets: NonZeroU16::new(buckets).unwrap(),
            page_steps,
            ..Options::default()
        };
        let [node, _] = SqliteStore::open_temporary_twice(options).unwrap();
        let node: Arc<dyn Store> = Arc::new(node);
        node
    };
    filters::fields_and_pairs_match_the_definition(open(1, 5_000), 5).await;
    filters::pages_stay_whole_while_calls_arrive(open(4, 0)).await;
    let store = open(1, 0);
    fill(&*store).await;
    let mut filter = SummaryFilter::all(account_sid(1));
    filter.to_country = vec!["DE".into()];
    let page = store.list(&filter, &WHOLE).await.unwrap();
    assert!((1..40).contains(&page.rows.len()), "{}", page.rows.len());
    assert!(page.after.is_some());
}

const WHOLE: PageRequest = PageRequest {
    start: Start::First { skip: 0 },
    size: 1000,
};

/// Some of everything: events, summaries, states, annotations of two authors, rules, deliveries.
pub(crate) async fn fill(store: &dyn Store) {
    create_account(store).await;
    let anna = person("Anna", 1);
    store.create_person(anna.clone(), "tester").await.unwrap();
    store.open_session(signing_in(1, &anna, 1)).await.unwrap();
    store.create_view(view(1, "Anna")).await.unwrap();
    store.create_sink(sink(1), "tester").await.unwrap();
    let streamed = store.create_subscription(subscription(1), "tester");
    streamed.await.unwrap();
    store.create_alert_rule(rule(1), "tester").await.unwrap();
    let fired = store.put_alert(firing(1), Vec::new());
    assert!(fired.await.unwrap());
    for n in 0..40 {
        let second = i64::try_from(n).unwrap() * 1000;
        store
            .append(vec![event(call(n), "a", second)])
            .await
            .unwrap();
        let mut summary = summary(call(n), second, (n % 3 > 0).then_some(second + 60));
        summary.facts.from.address = Some(format!("+1555010{n}"));
        summary.facts.to.country_code = Some("DE".into());
        summary.facts.pdd_ms = Some(n * 100);
        summary.tags = vec![Tag::Silence];
        let mut put = put(summary, 1);
        put.state = Some(vec![1, 2, 3]);
        store.put_summaries(vec![put]).await.unwrap();
    }
    store
        .annotate(scope(1), call_sid(1), score(4))
        .await
        .unwrap();
    store
        .annotate(scope(1), call_sid(2), score(2))
        .await
        .unwrap();
    let said = AnnotationPatch {
        comment: Some(Some("No sound".into())),
        incident: Some(Some("INC 1".into())),
        ..AnnotationPatch::default()
    };
    store
        .annotate(scope(1), call_sid(4), annotate(said))
        .await
        .unwrap();
    let anna = Annotate {
        author: "anna".into(),
        ..score(1)
    };
    store.annotate(scope(1), call_sid(1), anna).await.unwrap();
    for score in [2, 5] {
        let rate = Rate {
            by: "tester".into(),
            patch: FeedbackPatch {
                score: Some(score),
                issues: None,
            },
            now: at(7),
            accept_unknown: false,
            only_first: false,
            mirror: false,
        };
        store.rate(call(1), rate).await.unwrap();
    }
    store.freeze_rules(20_000).await.unwrap();
    store.write_segments(None, at(20_000), 1000).await.unwrap();
    let deliveries = (0..3).map(|n| NewDelivery {
        id: DeliveryId::from_bytes([n; 16]),
        account: account_sid(1),
        subject: Some([7; 16]),
        kind: "test".into(),
        content: Content::Request(DeliveryRequest {
            method: Method::Get,
            url: "https://example.com/".into(),
            headers: Headers::default(),
            body: None,
        }),
        signature: Signature::Twilio,
        created_at: at(0),
    });
    store.deliver(deliveries.collect()).await.unwrap();
    let streamed = stream_events::of(9, 1, call(3));
    store.deliver(vec![streamed]).await.unwrap();
}

pub(crate) fn open_at(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Options::default()).unwrap()
}

#[tokio::test]
async fn reopening_keeps_everything() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    fill(&store).await;
    let filter = SummaryFilter::all(account_sid(1));
    let listed = store.list(&filter, &WHOLE).await.unwrap();
    let history = store.annotation_history(call(1), &WHOLE).await.unwrap();
    drop(store);
    let store = open_at(&path);
    assert_eq!(store.list(&filter, &WHOLE).await.unwrap(), listed);
    assert_eq!(
        store.annotation_history(call(1), &WHOLE).await.unwrap(),
        history
    );
    assert!(store.rules(20_000).await.unwrap().is_some());
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

/// What is counted of a call stands in rows of its bucket, and goes with it.
#[tokio::test]
async fn counts_stand_in_the_bucket_of_the_call() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let buckets = NonZeroU16::new(4).unwrap();
    let options = Options {
        buckets,
        ..Options::default()
    };
    let store = SqliteStore::open(&path, options).unwrap();
    fill(&store).await;
    let conn = Connection::open(&path).unwrap();
    let counted = || -> BTreeSet<u16> {
        let sql = "select bucket from rollup union select bucket from judged
                   union select bucket from hourly union select bucket from pdd";
        let mut statement = conn.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(|row| row.unwrap()).collect()
    };
    let of = |n| bucket(call_sid(n), buckets);
    assert_eq!(counted(), (0..40).map(of).collect());
    let kept = of(1);
    for n in (0..40).filter(|n| of(*n) != kept) {
        erase(&store, call(n), at(9)).await;
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    }
    assert_eq!(counted(), BTreeSet::from([kept]));
}

#[tokio::test]
async fn rules_of_a_newer_program_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    let ours = Sides(vec![SideRule::default()]);
    assert_eq!(store.publish_rules(ours.clone()).await.unwrap(), 1);
    let theirs = r#"[{"planet":"Mars"}]"#;
    let mut row = [&[1][..], &2_i64.to_le_bytes(), &[3]].concat();
    row.extend_from_slice(&(theirs.len() as u64).to_le_bytes());
    row.extend_from_slice(theirs.as_bytes());
    Connection::open(&path)
        .unwrap()
        .execute(
            "insert into side_rules (version, body, checksum) values (2, ?1, ?2)",
            (theirs, crc32fast::hash(&row)),
        )
        .unwrap();
    let told = "a newer Sidetone";
    for refused in [
        store.published_rules(0).await.map(drop),
        store.publish_rules(ours).await.map(drop),
    ] {
        assert!(
            matches!(&refused, Err(StoreError::Invalid(why)) if why.contains(told)),
            "{refused:?}"
        );
    }
    assert_eq!(store.published_rules(2).await.unwrap(), None);
}

#[tokio::test]
async fn publishing_what_is_published_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    let rules = Sides(vec![SideRule::default()]);
    assert_eq!(store.publish_rules(rules.clone()).await.unwrap(), 1);
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("begin immediate").unwrap();
    assert_eq!(store.publish_rules(rules).await.unwrap(), 1);
}

/// Calls that are all judged, so many in an hour; one in twenty has something wrong.
async fn judged_hours(path: &Path, calls_an_hour: u64) {
    let store = SqliteStore::open_careless(path, Options::default()).unwrap();
    create_account(&store).await;
    let puts = (0..600).map(|n| {
        let started = i64::try_from(n * 3600 / calls_an_hour).unwrap();
        put(summary(call(n), started, Some(started + 1)), 0)
    });
    store.put_summaries(puts.collect()).await.unwrap();
    for n in 0..600 {
        let issue = match n % 20 {
            3 => ConnectivityIssue::DroppedCall,
            _ => ConnectivityIssue::None,
        };
        let patch = AnnotationPatch {
            connectivity_issue: Some(Some(issue)),
            ..AnnotationPatch::default()
        };
        let judged = store.annotate(scope(1), call_sid(n), annotate(patch));
        judged.await.unwrap();
    }
}

#[tokio::test]
async fn judged_calls_are_found_as_soon_in_busy_hours() {
    let directory = tempfile::tempdir().unwrap();
    let mut steps = Vec::new();
    for calls_an_hour in [60, 600] {
        let path = directory.path().join(format!("{calls_an_hour}.db"));
        judged_hours(&path, calls_an_hour).await;
        let store = SqliteStore::open_counting(&path, Options::default()).unwrap();
        let mut filter = SummaryFilter::all(account_sid(1));
        filter.connectivity_issue = vec![ConnectivityIssue::DroppedCall];
        let request = PageRequest { size: 25, ..WHOLE };
        let page = store.list(&filter, &request).await.unwrap();
        assert_eq!(page.rows.len(), 25);
        steps.push(store.last_list_steps());
    }
    assert!(steps[1] * 2 <= steps[0] * 3, "{steps:?}");
    let path = directory.path().join("600.db");
    let whole = std::fs::read(&path).unwrap();
    for damage in [
        "delete from judged_piece where axis = 1",
        "update judged_piece set mask = 1 where first_us = 0",
        "update judged_piece set first_us = 3599999999 where first_us = 0",
        "update judged set end_calls = x''",
        "delete from judged",
    ] {
        std::fs::write(&path, &whole).unwrap();
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch(damage).unwrap();
        drop(conn);
        let findings = open_at(&path).check().await.unwrap();
        assert!(!findings.is_empty(), "{damage}");
    }
}

#[tokio::test]
async fn an_expensive_query_ends_at_its_budget() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    create_account(&store).await;
    let calls = (0..1000).map(|n| put(summary(call(n), 0, Some(60)), 0));
    store.put_summaries(calls.collect()).await.unwrap();
    drop(store);
    let options = Options {
        step_budget: 2000,
        ..Options::default()
    };
    let store = SqliteStore::open(&path, options).unwrap();
    let filter = SummaryFilter::all(account_sid(1));
    let refused = store
        .list(&filter, &WHOLE)
        .await
        .map(|page| page.rows.len());
    let budget = "more than 2000 steps of SQLite".to_owned();
    assert_eq!(refused, Err(StoreError::TooExpensive(budget)));
    let small = PageRequest { size: 3, ..WHOLE };
    assert_eq!(store.list(&filter, &small).await.unwrap().rows.len(), 3);
}

#[tokio::test]
async fn refuses_what_is_not_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("create table mine (x); pragma user_version = 1")
        .unwrap();
    drop(conn);
    assert!(matches!(
        SqliteStore::open(&path, Options::default()),
        Err(StoreError::Invalid(_))
    ));
    let newer = directory.path().join("newer.db");
    drop(open_at(&newer));
    Connection::open(&newer)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    assert!(matches!(
        SqliteStore::open(&newer, Options::default()),
        Err(StoreError::Invalid(_))
    ));
    let nowhere = directory.path().join("no/such/directory.db");
    assert!(matches!(
        SqliteStore::open(&nowhere, Options::default()),
        Err(StoreError::Unavailable(_))
    ));
}

/// Two processes may have the database open; both see what either has written.
#[tokio::test]
async fn two_stores_share_a_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let one = Arc::new(open_at(&path));
    fill(&*one).await;
    let two = Arc::new(open_at(&path));
    let tasks: Vec<_> = (0..60)
        .map(|n| {
            let store = Arc::clone(if n % 2 == 0 { &one } else { &two });
            tokio::spawn(async move {
                let patch = AnnotationPatch {
                    comment: Some(Some(format!("{n}"))),
                    ..AnnotationPatch::default()
                };
                let judged = store
                    .annotate(scope(1), call_sid(5), annotate(patch))
                    .await
                    .unwrap();
                assert!(matches!(judged, Lookup::Found(_)));
                let mut late = summary(call(100 + n % 5), 1, None);
                late.facts.to.carrier = Some(format!("carrier {n}"));
                store.put_summaries(vec![put(late, 0)]).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        one.annotation_history(call(5), &WHOLE)
            .await
            .unwrap()
            .rows
            .len(),
        60
    );
    assert_eq!(two.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(one.due_timers(at(0), 1).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_erased_is_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let holds = |text: &str| {
        let bytes = std::fs::read(&path).unwrap();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    let store = open_at(&path);
    create_account(&store).await;
    let mut of_number = summary(call(1), 0, Some(60));
    of_number.facts.from.address = Some("+15550100".into());
    store.put_summaries(vec![put(of_number, 0)]).await.unwrap();
    let said = annotate(AnnotationPatch {
        comment: Some(Some("a word that stands out".into())),
        ..AnnotationPatch::default()
    });
    store.annotate(scope(1), call_sid(1), said).await.unwrap();
    drop(store);
    assert!(holds("15550100") && holds("stands out"));
    let store = open_at(&path);
    erase(&store, call(1), at(9)).await;
    drop(store);
    assert!(!holds("15550100"));
    assert!(!holds("stands out"));
}
