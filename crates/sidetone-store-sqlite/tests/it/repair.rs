//! What is damaged and follows from what is whole is made again; the rest stays, and is told.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::CallRef;
use sidetone_core::summary::CallSummary;
use sidetone_store::conformance::random::Random;
use sidetone_store::conformance::sample::{account_sid, at, call, call_sid, put, scope};
use sidetone_store::conformance::statistics::all;
use sidetone_store::page::{PageRequest, Start};
use sidetone_store::prelude::*;
use sidetone_store::{EventFilter, Lookup};
use sidetone_store_sqlite::SqliteStore;

use crate::sqlite::{fill, open_at};

const CALLS: u64 = 40;
const WHOLE: PageRequest = PageRequest {
    start: Start::First { skip: 0 },
    size: 1000,
};

/// What is read of calls, but for the counts of versions.
async fn read(store: &SqliteStore) -> BTreeMap<String, String> {
    let mut read = BTreeMap::new();
    for n in 0..CALLS {
        let (call, sid) = (call(n), call_sid(n));
        let mut note = |what: &str, said: String| read.insert(format!("{what} {n}"), said);
        let record = match store.record(scope(1), sid).await {
            Ok(Lookup::Found(it)) => format!("{:?} {:?}", it.summary, it.annotation),
            other => format!("{other:?}"),
        };
        note("record", record);
        let history = store.annotation_history(call, &WHOLE).await;
        note("history", format!("{history:?}"));
        note("feedback", format!("{:?}", store.feedback(call).await));
        let events = store.events(call, &EventFilter::default(), &WHOLE).await;
        note("events", format!("{events:?}"));
    }
    let mut filter = SummaryFilter::all(account_sid(1));
    let listed = async |filter: &SummaryFilter| {
        let page = store.list(filter, &WHOLE).await;
        let page = page.map(|page| page.rows.iter().map(|it| it.call).collect::<Vec<_>>());
        format!("{page:?}")
    };
    read.insert("list".into(), listed(&filter).await);
    filter.comment = vec!["No sound".into()];
    read.insert("list by comment".into(), listed(&filter).await);
    let statistics = store.statistics(&[all()]).await;
    read.insert("statistics".into(), format!("{statistics:?}"));
    read
}

type Summaries = BTreeMap<CallRef, CallSummary>;

/// Folds what is to be folded, as the worker would.
async fn fold(store: &SqliteStore, summaries: &Summaries) {
    let later = at(1_000_000);
    let dirty = store.take_dirty(100, later, later, later, 1).await.unwrap();
    let puts = dirty.iter().map(|it| {
        let mut put = put(summaries[&it.call].clone(), it.position);
        put.state = Some(vec![1, 2, 3]);
        put
    });
    store.put_summaries(puts.collect()).await.unwrap();
}

/// A whole database, and what is read of it.
async fn whole(path: &Path) -> (Vec<u8>, Summaries, BTreeMap<String, String>) {
    let store = open_at(path);
    fill(&store).await;
    let mut summaries = Summaries::new();
    for n in 0..CALLS {
        if let Lookup::Found(record) = store.record(scope(1), call_sid(n)).await.unwrap() {
            summaries.insert(record.call, record.summary.unwrap());
        }
    }
    let truth = read(&store).await;
    drop(store);
    (std::fs::read(path).unwrap(), summaries, truth)
}

fn begin(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    for beside in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{beside}", path.display()));
    }
}

/// Each damage, and what cannot be made again of it.
const DAMAGE: &[(&str, Option<&str>)] = &[
    (
        "update call set event_count = 0, position = 0 where id = 3",
        None,
    ),
    (
        "update call set event_count = 7 where id = 3",
        Some("1 events in the log, 7 counted"),
    ),
    (
        "update call set dirty_us = null, position = 0 where id = 3",
        None,
    ),
    ("update call set position = 9 where id = 3", None),
    ("update call set has_tag = 0 where id = 3", None),
    ("update call set from_address = 'x' where id = 3", None),
    ("update call set user_agents = 1 where id = 3", None),
    ("update call set start_us = 7 where id = 3", None),
    (
        "insert into alias values (3, 1, 20605, x'01010101010101010101010101010101')",
        None,
    ),
    ("update call set call_score = 5 where id = 2", None),
    ("update call set annotation = '{}' where id = 2", None),
    (
        "update call set annotation = null, annotation_revision = 0, last_change = null where id = 2",
        None,
    ),
    (
        "update call set version = 7 where id = 3",
        Some("the row of table call is not what was written"),
    ),
    ("update document set body = x'01' where call_id = 3", None),
    (
        "update document set body = (select body from document where call_id = 4) where call_id = 3",
        None,
    ),
    ("delete from document where call_id = 3", None),
    ("update fold_state set body = x'46' where call_id = 6", None),
    (
        "delete from event where id >> 28 = 3",
        Some("0 events in the log, 1 counted"),
    ),
    (
        "update event set body = x'45' where id >> 28 = 3; update document set body = x'01' where call_id = 3",
        Some("event 1 cannot be read"),
    ),
    (
        "delete from annotation_log where call_id = 2",
        Some("not what its history says"),
    ),
    ("update call set last_change = null where id = 2", None),
    (
        "update annotation_log set previous = null",
        Some("table annotation_log"),
    ),
    (
        "update annotation_log set after = '{}'",
        Some("table annotation_log"),
    ),
    ("delete from annotation where call_id = 2", None),
    ("update annotation set revision = 2", None),
    ("update annotation set author = 'bert'", None),
    ("update annotation set body = '{}'", None),
    (
        "update rollup set n = n + 1 where dim = 0 and axis = 0",
        None,
    ),
    ("delete from rollup where dim = 6 and axis = 1", None),
    ("update rollup set calls = x'00' where dim = 11", None),
    (
        "insert into rollup values (1, 0, 6, 1, 5, 0, 1, null)",
        None,
    ),
    (
        "insert into rollup values (1, 0, 99, 1, 5, 0, 1, null)",
        None,
    ),
    ("delete from judged", None),
    ("update judged set end_mask = 0", None),
    ("update judged set start_counts = x'0505'", None),
    (
        "update judged set start_calls = null, end_calls = null",
        None,
    ),
    ("delete from figures", None),
    ("update figures set start_counts = x'0505'", None),
    ("update figures set bucket = 1", None),
    ("update comment_progress set indexed = 1000", None),
    ("delete from comment_progress", None),
    (
        "insert into comment (rowid, text) values ((3 << 20) + 99, 'nothing')",
        None,
    ),
    ("update call set pdd_ms = 7 where id = 3", None),
    ("update call set incident = 7 where id = 5", None),
    ("update hourly set calls = calls + 1", None),
    ("update hourly set checksum = 1", None),
    ("delete from hourly", None),
    ("update call set rated = 12 where id = 2", None),
    ("update call set rated = null where id = 2", None),
    ("delete from feedback", None),
    ("update feedback set created_us = 1", None),
    (
        "update feedback_log set before = 3",
        Some("table feedback_log"),
    ),
    ("update pdd set n = 9", None),
    ("update pdd set bucket = 1", None),
    ("update call set bucket = 1 where id = 3", None),
    ("update account set buckets = 2", Some("table account")),
    ("update outbox set bucket = 1", None),
    (
        "update outbox set state = 2; delete from outbox where id = 1",
        None,
    ),
    ("update outbox set state = 1, due_us = 1 where id = 3", None),
    (
        "update outbox set url = 'https://example.org/' where sink is null",
        Some("table outbox"),
    ),
    ("update rules set body = '{}'", Some("table rules")),
    ("update segment set body = x'01' where number = 8", None),
    ("update segment set bucket = 1 where number = 0", None),
    ("delete from segment where number = 0", None),
    ("delete from segment; delete from uncounted", None),
    ("update term set text = 'carrier of nobody'", None),
];

#[tokio::test]
async fn what_follows_from_what_is_whole_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let (bytes, summaries, truth) = whole(&path).await;
    for (damage, left) in DAMAGE {
        begin(&path, &bytes);
        let conn = Connection::open(&path).unwrap();
        conn.pragma_update(None, "foreign_keys", false).unwrap();
        conn.execute_batch(damage).unwrap();
        drop(conn);
        let store = open_at(&path);
        let found = store.check().await.unwrap();
        assert!(!found.is_empty(), "{damage}");
        let told = store.repair().await.unwrap();
        fold(&store, &summaries).await;
        let found = store.check().await.unwrap();
        match left {
            None => {
                assert_eq!(found, Vec::<String>::new(), "{damage}: {told:#?}");
                assert!(!told.is_empty(), "{damage}");
                assert_eq!(read(&store).await, truth, "{damage}");
                assert_eq!(
                    store.repair().await.unwrap(),
                    Vec::<String>::new(),
                    "{damage}"
                );
            }
            Some(left) => assert!(
                found.iter().any(|found| found.contains(left)),
                "{damage}: {found:#?}, {told:#?}"
            ),
        }
        drop(store);
    }
}

#[tokio::test]
async fn nothing_is_repaired_that_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let (bytes, ..) = whole(&path).await;
    let store = open_at(&path);
    assert_eq!(store.repair().await.unwrap(), Vec::<String>::new());
    drop(store);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

/// Bits that flip in the pages of what is derived: all of it is made again, and what is not derived is
/// what it was.
#[tokio::test]
async fn flipped_bits_of_what_is_derived_are_made_good() {
    const SEED: u64 = 11;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let (bytes, summaries, truth) = whole(&path).await;
    let conn = Connection::open(&path).unwrap();
    let mut statement = conn
        .prepare(
            "select d.name, d.pageno from dbstat d join sqlite_schema s on s.name = d.name
             where s.type = 'index' or s.name in
               ('rollup', 'judged', 'figures', 'hourly', 'pdd', 'segment', 'uncounted', 'day_segment', 'stale_day', 'cooccurrence', 'fold_state', 'alias',
                'comment_data', 'comment_idx', 'comment_docsize', 'comment_progress')
             group by d.name having d.pageno = min(d.pageno) order by d.name",
        )
        .unwrap();
    let pages = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let pages: Vec<(String, usize)> = pages.unwrap().map(|page| page.unwrap()).collect();
    drop(statement);
    drop(conn);
    let mut random = Random::new(SEED);
    for (name, page) in pages {
        for flips in [false, true] {
            let mut bytes = bytes.clone();
            let page = (page - 1) * 4096;
            if flips {
                // Its head, where its cells are, or what is in them.
                let at = match random.below(3) {
                    0 => random.below(8 * 8),
                    1 => 8 * 8 + random.below(8 * 16),
                    _ => 8 * 3000 + random.below(8 * 1096),
                };
                bytes[page + at / 8] ^= 1 << (at % 8);
            } else {
                bytes[page..page + 64].fill(0xff);
            }
            begin(&path, &bytes);
            let what = format!("seed {SEED}, {name}, one bit: {flips}");
            let store = open_at(&path);
            let before = store.check().await.unwrap();
            let told = store.repair().await;
            let told = told.unwrap_or_else(|error| panic!("{what}: {error} {before:#?}"));
            fold(&store, &summaries).await;
            let found = store.check().await.unwrap();
            assert_eq!(found, Vec::<String>::new(), "{what}: {before:#?} {told:#?}");
            assert_eq!(read(&store).await, truth, "{what}: {before:#?} {told:#?}");
            drop(store);
        }
    }
}

/// An index that the schema does not name any more is made from the rows of its table.
#[tokio::test]
async fn an_index_that_is_gone_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let (_, _, truth) = whole(&path).await;
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("drop index call_by_start; drop index report_by_expiry")
        .unwrap();
    drop(conn);
    let store = open_at(&path);
    assert_ne!(store.check().await.unwrap(), Vec::<String>::new());
    let told = store.repair().await.unwrap();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(read(&store).await, truth);
    assert_eq!(store.repair().await.unwrap(), Vec::<String>::new());
}
