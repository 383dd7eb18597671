//! What is found when rows are not what was written, and what goes on beside them.

use rusqlite::Connection;
use sidetone_core::id::{FeedbackSummarySid, ReportId};
use sidetone_core::sides::{SideRule, Sides};
use sidetone_core::statistics::Interval;
use sidetone_core::vocabulary::ProcessingState;
use sidetone_store::account::KeyFingerprint;
use sidetone_store::conformance::report::keep;
use sidetone_store::conformance::sample::{
    account, account_sid, at, call, call_sid, create_account, put, scope, summary,
};
use sidetone_store::conformance::statistics::all;
use sidetone_store::facets::Facet;
use sidetone_store::feedback::{FeedbackRange, FeedbackSummary, FeedbackSummaryStatus};
use sidetone_store::people::SessionDigest;
use sidetone_store::prelude::*;
use sidetone_store::report::{Report, ReportKind};
use sidetone_store::retention::Horizons;
use sidetone_store::statistics::column::{Column, Own};
use sidetone_store::{Lookup, Put, StoreError};

use crate::sqlite::{fill, open_at};

#[tokio::test]
async fn check_finds_planted_damage() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    fill(&open_at(&path)).await;
    let whole = std::fs::read(&path).unwrap();
    for damage in [
        "update call set event_count = 7 where id = 3",
        "update call set has_tag = 0 where id = 3",
        "update call set from_address = 'x' where id = 3",
        "update call set user_agents = 1 where id = 3",
        "insert into alias values (3, 1, 20605, x'01010101010101010101010101010101')",
        "update call set call_score = 5 where id = 2",
        "update call set annotation = '{}' where id = 2",
        "update document set body = x'01' where call_id = 3",
        "update document set body = (select body from document where call_id = 4) where call_id = 3",
        "delete from document where call_id = 3",
        "delete from event where id >> 28 = 3",
        "delete from annotation_log where call_id = 2",
        "update call set last_change = null where id = 2",
        "update annotation_log set previous = null",
        "update annotation_log set seq = seq + 1",
        "delete from annotation where call_id = 2",
        "update annotation set revision = 2",
        "update rollup set n = n + 1 where dim = 0 and axis = 0",
        "delete from rollup where dim = 6 and axis = 1",
        "update rollup set calls = x'00' where dim = 11",
        "insert into rollup values (1, 0, 6, 1, 5, 0, 1, null)",
        "delete from judged",
        "update judged set end_mask = 0",
        "update judged set start_counts = x'0505'",
        "update judged set start_calls = null, end_calls = null",
        "delete from figures",
        "update figures set end_mask = end_mask | 1",
        "update figures set start_counts = x'0505'",
        "update figures set end_calls = x''",
        "update figures set bucket = 1",
        "update comment_progress set indexed = 1000",
        "update comment_progress set indexed = (select max(id) from annotation_log)",
        "delete from comment_progress",
        "insert into comment (rowid, text) values ((3 << 20) + 99, 'nothing')",
        "update call set pdd_ms = 7 where id = 3",
        "update call set measured = null where id = 3",
        "update call set incident = 7 where id = 5",
        "update hourly set calls = calls + 1",
        "update hourly set issue_1 = issue_1 + 1",
        "delete from hourly",
        "update call set rated = 12 where id = 2",
        "delete from feedback",
        "update feedback_log set before = 3",
        "update pdd set n = 9",
        "update pdd set bucket = 1",
        "update hourly set bucket = 1",
        "update judged set bucket = 1",
        "update rollup set bucket = 1 where dim = 11",
        "update call set bucket = 1 where id = 3",
        "update account set buckets = 2",
        "update outbox set bucket = 1",
        "update outbox set state = 2; delete from outbox where id = 1",
        "update outbox set state = 1, due_us = 1 where id = 3",
        "update outbox set url = 'https://example.org/' where sink is null",
        "update outbox set headers = 'x-test: 1'",
        "update outbox set signer = 1",
        "update person set role = 2",
        "update person set disabled = 1",
        "update session set person = null",
        "update session set expires_us = expires_us + 1",
        "update audit set who = 'bert'",
        "update saved_view set query = 'HasTag=false'",
        "update saved_view set owner = 'Bert'",
        "update sink set status = 1",
        "update sink set configuration = x'00'",
        "delete from subscription; delete from sink",
        "update subscription set selection = ''",
        "update subscription set types = '[]'",
        "update alert_rule set muted_us = 1",
        "update alert set about = '{}'",
        "update alert set state = 1, fired_us = 1, resolved_us = null",
        "update outbox set version = 4 where sink is not null",
        "update outbox set sink = zeroblob(16) where sink is not null",
        "delete from person",
        "update segment set body = x'01' where number = 8 and quarter = (select min(quarter) from segment)",
        "update segment set bucket = 1 where number = 0",
        "delete from segment where number = 0",
        "delete from segment; delete from uncounted",
        "delete from account_token; update call set account = 9 where id = 3",
    ] {
        std::fs::write(&path, &whole).unwrap();
        let conn = Connection::open(&path).unwrap();
        conn.pragma_update(None, "foreign_keys", false).unwrap();
        conn.execute_batch(damage).unwrap();
        drop(conn);
        let store = open_at(&path);
        let findings = store.check().await.unwrap();
        assert!(!findings.is_empty(), "{damage}");
        drop(store);
    }
}

/// Nobody is signed in by what is not what was written: an account's session would open more than a
/// person's.
#[tokio::test]
async fn a_damaged_session_or_person_opens_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    fill(&open_at(&path)).await;
    let whole = std::fs::read(&path).unwrap();
    for damage in [
        "delete from person",
        "update session set person = null",
        "update session set person = 7",
        "update session set expires_us = expires_us + 1",
        "update person set role = 2",
    ] {
        std::fs::write(&path, &whole).unwrap();
        let conn = Connection::open(&path).unwrap();
        conn.pragma_update(None, "foreign_keys", false).unwrap();
        conn.execute_batch(damage).unwrap();
        drop(conn);
        let session = open_at(&path).session(SessionDigest([1; 32]), at(2)).await;
        assert!(
            matches!(session, Err(StoreError::Corrupt(_))),
            "{damage}: {session:?}"
        );
    }
}

/// Whatever is found first, the rest is looked at, and each finding says where it is.
#[tokio::test]
async fn check_goes_on_and_says_where() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    fill(&open_at(&path)).await;
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "update document set body = x'01' where call_id = 3;
         update call set rated = 12 where id = 4;
         update event set body = x'45' where id >> 28 = 5;
         update fold_state set body = x'46' where call_id = 6;
         update rules set body = '{}';
         update outbox set url = 'https://example.org/' where id = 2",
    )
    .unwrap();
    // The page that the index of sids begins with.
    let root: u64 = conn
        .query_row(
            "select rootpage from sqlite_schema where name = 'sqlite_autoindex_call_1'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    drop(conn);
    let mut bytes = std::fs::read(&path).unwrap();
    let page = usize::try_from((root - 1) * 4096).unwrap();
    bytes[page..page + 8].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let store = open_at(&path);
    let findings = store.check().await.unwrap();
    let found = |call: u64, table: &str| {
        let sid = call_sid(call - 1).to_string();
        let is_it = |finding: &&String| finding.contains(&sid) && finding.contains(table);
        assert!(
            findings.iter().any(|finding| is_it(&finding)),
            "{sid}, {table}: {findings:#?}"
        );
    };
    found(3, "table document");
    found(4, "table call");
    found(5, "table event");
    found(6, "state");
    for (table, key) in [
        ("rules", "20000"),
        ("outbox", "X'01"),
        ("sqlite_autoindex_call_1", ""),
    ] {
        let is_it = |finding: &&String| finding.contains(table) && finding.contains(key);
        assert!(
            findings.iter().any(|finding| is_it(&finding)),
            "{table}: {findings:#?}"
        );
    }
}

#[tokio::test]
async fn a_summary_that_cannot_be_written_keeps_no_other_from_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    fill(&store).await;
    let conn = Connection::open(&path).unwrap();
    conn.pragma_update(None, "foreign_keys", false).unwrap();
    // Only the first has any.
    conn.execute_batch("delete from feedback").unwrap();
    let moved = [1, 0, 2].map(|n| put(summary(call(n), 100_000, Some(100_060)), 1));
    let fates = store.put_summaries(moved.into()).await.unwrap();
    assert!(
        matches!(
            &fates[..],
            [
                Put::Refused(StoreError::Corrupt(_)),
                Put::Written { .. },
                Put::Written { .. }
            ]
        ),
        "{fates:?}"
    );
    for n in [0, 2] {
        let Lookup::Found(record) = store.record(scope(1), call_sid(n)).await.unwrap() else {
            panic!("call {n} is gone");
        };
        assert_eq!(record.summary.unwrap().facts.started_at, Some(at(100_000)));
    }
}

#[tokio::test]
async fn a_damaged_summary_of_feedback_keeps_no_other_waiting() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    create_account(&store).await;
    let job = |n| FeedbackSummary {
        sid: FeedbackSummarySid::from_bytes([n; 16]),
        range: FeedbackRange {
            account: account_sid(1),
            include_subaccounts: false,
            days: 0..=1,
        },
        status: FeedbackSummaryStatus::Queued,
        created_at: at(0),
        updated_at: at(0),
        callback: None,
    };
    for n in [1, 2] {
        store.create_feedback_summary(job(n)).await.unwrap();
    }
    let conn = Connection::open(&path).unwrap();
    conn.execute("update feedback_summary set last_day = 9 where id = 1", [])
        .unwrap();
    let taken = store.take_feedback_summary(at(1), at(9)).await.unwrap();
    assert_eq!(taken.unwrap().sid, job(2).sid);
    assert_eq!(store.take_feedback_summary(at(1), at(9)).await, Ok(None));
    let found = store.check().await.unwrap();
    assert!(
        found
            .iter()
            .any(|it| it.starts_with("table feedback_summary")),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_report_is_read_as_it_was_made_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    create_account(&store).await;
    store.create_account(account(2, None)).await.unwrap();
    let report = |n| Report {
        id: ReportId::from_bytes([n; 16]),
        account: account_sid(1),
        kind: ReportKind::Inbound,
        expires_at: at(9),
        text: format!("what report {n} says"),
    };
    for n in 1..=5 {
        keep(&store, report(n)).await;
    }
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "update report set kind = 0 where id = 1;
         update report set expires_us = expires_us + 1 where id = 2;
         update report set account = 2 where id = 3;
         update report set body = (select body from report where id = 5) where id = 4",
    )
    .unwrap();
    for (n, by) in [(1, 1), (2, 1), (3, 2), (4, 1)] {
        let read = store.report(scope(by), report(n).id, at(0)).await;
        assert!(matches!(read, Err(StoreError::Corrupt(_))), "{n}: {read:?}");
    }
    let sound = store.report(scope(1), report(5).id, at(0)).await;
    assert_eq!(sound, Ok(Some(report(5))));
    let found = store.check().await.unwrap();
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(
        found
            .iter()
            .all(|it| it.starts_with("table report, voiceinsights_report_"))
    );
}

#[tokio::test]
async fn what_all_nodes_agree_on_is_read_as_it_was_written_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    let key = KeyFingerprint([1; 32]);
    let first = account(1, None);
    store.create_first_account(first, key).await.unwrap();
    let rules = |carrier: &str| {
        Sides(vec![SideRule {
            carrier: Some(carrier.to_owned()),
            ..SideRule::default()
        }])
    };
    store.publish_rules(rules("A")).await.unwrap();
    store.publish_rules(rules("B")).await.unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "update side_rules set body = '[]' where version = 2;
         update secret_key set fingerprint = zeroblob(32)",
    )
    .unwrap();
    let is_damaged = |read: Result<_, StoreError>| matches!(read, Err(StoreError::Corrupt(_)));
    assert!(is_damaged(store.published_rules(0).await.map(drop)));
    assert!(is_damaged(store.expect_key(key).await));
    assert!(is_damaged(store.expect_key(KeyFingerprint([0; 32])).await));
    let found = store.check().await.unwrap();
    assert_eq!(
        found,
        [
            "table secret_key, only_row 1: the row is not what was written",
            "table side_rules, version 2: the row is not what was written",
        ]
    );
    // Rules that nobody can read are made good by publishing them.
    let published = store.publish_rules(Sides::default()).await.unwrap();
    assert_eq!(published, 3);
    let newest = store.published_rules(0).await.unwrap().unwrap();
    assert_eq!((newest.version, newest.sides), (3, Sides::default()));
    conn.execute("delete from side_rules where version = 1", [])
        .unwrap();
    let found = store.check().await.unwrap();
    assert_eq!(
        found.last().map(String::as_str),
        Some("versions of the operator's rules that are lost: 1")
    );
}

/// What statistics are counted from is derived: where it is damaged, the calls are counted themselves.
#[tokio::test]
async fn statistics_are_right_beside_a_damaged_segment() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    fill(&open_at(&path)).await;
    let whole = std::fs::read(&path).unwrap();
    let mut query = all();
    query.group_by = vec![Column::Facet(Facet::ToCountry), Column::Own(Own::Seizure)];
    query.interval = Some(Interval::Minute);
    // One asks for less, so that it could count what the other one finds damaged.
    let queries = [all(), query];
    let truth = open_at(&path).statistics(&queries).await.unwrap();
    for truth in &truth {
        assert!(truth.calls > 0 && truth.damaged.is_empty());
    }
    for number in [0, 11, 128, 139] {
        std::fs::write(&path, &whole).unwrap();
        let conn = Connection::open(&path).unwrap();
        let damaged = conn
            .execute(
                "update segment set body = zeroblob(length(body)) where number = ?1",
                [number],
            )
            .unwrap();
        assert!(damaged > 0, "{number}");
        drop(conn);
        let store = open_at(&path);
        let told = store.statistics(&queries).await.unwrap();
        for (told, truth) in told.iter().zip(&truth) {
            assert_eq!(told.damaged.len(), damaged, "{number}");
            assert_eq!((&told.rows, told.calls), (&truth.rows, truth.calls));
        }
        let met = store.stats().await.unwrap().damaged;
        assert_eq!(met, damaged as u64, "{number}");
        // They are stale now.
        assert_eq!(store.statistics(&queries).await.unwrap(), truth, "{number}");
        let far = at(1_000_000);
        let mut after = None;
        while let Some(cursor) = store.write_segments(after, far, 100).await.unwrap() {
            after = Some(cursor);
        }
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
        assert_eq!(store.statistics(&queries).await.unwrap(), truth, "{number}");
    }
}

/// What is too old goes, but for what cannot be removed for damage.
#[tokio::test]
async fn damage_holds_up_no_other_call_that_is_too_old() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    create_account(&store).await;
    for n in 0..4 {
        let start = i64::try_from(n).unwrap() * 7_200;
        let mut summary = summary(call(n), start, Some(start + 60));
        summary.processing = ProcessingState::Complete;
        store.put_summaries(vec![put(summary, 0)]).await.unwrap();
    }
    drop(store);
    let conn = Connection::open(&path).unwrap();
    let damage = "update rollup set calls = x'ffffff' where calls is not null and hour = (select min(hour) from rollup)";
    assert!(conn.execute(damage, []).unwrap() > 0);
    drop(conn);
    let store = open_at(&path);
    let horizons = Horizons {
        events: at(100_000),
        calls: at(100_000),
        expiring: at(100_000),
    };
    let expired = store.expire(horizons, None, 100, at(100_000)).await;
    let expired = expired.unwrap();
    assert_eq!((expired.calls, expired.damaged), (3, 1));
}
