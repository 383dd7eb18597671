//! Segments of days: that they are read, what is found and made again when they are damaged, and what
//! makes them old.

use std::path::Path;

use rusqlite::Connection;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::statistics::Interval;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::CallType;
use sidetone_store::StoreError;
use sidetone_store::conformance::sample::{
    account_sid, at, call, call_sid, create_account, erase, put, scope, score, summary,
};
use sidetone_store::conformance::statistics::all;
use sidetone_store::facets::Facet;
use sidetone_store::page::{PageRequest, Start};
use sidetone_store::prelude::*;
use sidetone_store::statistics::column::{Column, Own};
use sidetone_store::statistics::{GroupValue, Statistics, StatisticsQuery};

use crate::sqlite::{fill, open_at};

fn far() -> TimeUs {
    at(1_000_000)
}

async fn write_all(store: &dyn Store) {
    let mut after = None;
    while let Some(cursor) = store.write_segments(after, far(), 100).await.unwrap() {
        after = Some(cursor);
    }
}

/// A database whose days are joined.
async fn joined(path: &Path) {
    let store = open_at(path);
    fill(&store).await;
    write_all(&store).await;
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

fn damage(path: &Path, sql: &str) {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(sql).unwrap();
}

/// For all that days have.
fn all_of_days() -> StatisticsQuery {
    let mut query = all();
    query.different.retain(|column| column.is_of_days());
    query
}

/// Of all together, and by hours that begin within those of the clock.
fn queries() -> [StatisticsQuery; 2] {
    let mut by_hour = all_of_days();
    by_hour.group_by = vec![Column::Own(Own::Seizure), Column::Facet(Facet::ToCountry)];
    by_hour.interval = Some(Interval::Hour);
    by_hour.shift_us = 30 * 60_000_000;
    [all_of_days(), by_hour]
}

async fn count(store: &dyn Store) -> Vec<Statistics> {
    store.statistics(&queries()).await.unwrap()
}

const NO_QUARTERS: &str = "update segment set body = zeroblob(length(body))";

#[tokio::test]
async fn whole_days_are_counted_without_their_quarters() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    joined(&path).await;
    let truth = count(&open_at(&path)).await;
    assert!(truth[0].calls == 40 && truth[1].rows.len() > 10);
    damage(&path, NO_QUARTERS);
    let store = open_at(&path);
    assert_eq!(count(&store).await, truth);
    // So is one that the range begins in; one that it ends in is counted by its quarters.
    let mut late = all_of_days();
    late.filter.started_from = at(950);
    let told = store.statistics(&[late]).await.unwrap();
    assert_eq!((told[0].calls, told[0].damaged.len()), (39, 0));
    let mut early = all_of_days();
    early.filter.ended_until = at(30_000);
    let told = store.statistics(&[early]).await.unwrap();
    assert_ne!(told[0].damaged, Vec::<String>::new());
    // So is what each call has a value of its own of: the numbers.
    let mut by_caller = all();
    by_caller.group_by = vec![Column::Own(Own::From)];
    let told = store.statistics(&[by_caller]).await.unwrap();
    assert_eq!((told[0].calls, told[0].groups), (40, 40));
}

#[tokio::test]
async fn a_day_is_counted_by_its_quarters_from_when_a_call_changes_until_it_is_joined_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    joined(&path).await;
    let store = open_at(&path);
    let mut query = all_of_days();
    query.group_by = vec![Column::Facet(Facet::CallScore)];
    let scored = async || {
        let told = store.statistics(&[query.clone()]).await.unwrap();
        let of_score = |score: u64| {
            let group = [GroupValue::Number(score)];
            let mut rows = told[0].rows.iter();
            rows.find(|row| row.group == group)
                .map_or(0, |row| row.tally.calls)
        };
        [of_score(1), of_score(2), of_score(4)]
    };
    assert_eq!(scored().await, [0, 1, 1]);
    store
        .annotate(scope(1), call_sid(2), score(1))
        .await
        .unwrap();
    assert_eq!(scored().await, [1, 0, 1]);
    // The quarter is written, the day is over, but not joined.
    store.write_segments(None, far(), 100).await.unwrap();
    assert_eq!(scored().await, [1, 0, 1]);
    write_all(&store).await;
    assert_eq!(scored().await, [1, 0, 1]);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    drop(store);
    damage(&path, NO_QUARTERS);
    let told = open_at(&path).statistics(&[query]).await.unwrap();
    assert_eq!(told[0].damaged, Vec::<String>::new(), "joined again");
}

#[tokio::test]
async fn a_day_that_is_not_over_is_not_joined() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    create_account(&store).await;
    let noon = 12 * 3600;
    store
        .put_summaries(vec![put(summary(call(1), noon, Some(noon + 60)), 0)])
        .await
        .unwrap();
    let mut after = None;
    while let Some(cursor) = store
        .write_segments(after, at(noon + 7200), 100)
        .await
        .unwrap()
    {
        after = Some(cursor);
    }
    let conn = Connection::open(&path).unwrap();
    let days: i64 = conn
        .query_row("select count(*) from day_segment", [], |row| row.get(0))
        .unwrap();
    assert_eq!(days, 0);
}

#[tokio::test]
async fn nothing_of_an_erased_call_stays_in_segments_of_its_day() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    joined(&path).await;
    let store = open_at(&path);
    erase(&store, call(3), at(100_000)).await;
    let conn = Connection::open(&path).unwrap();
    let left: i64 = conn
        .query_row(
            "select (select count(*) from day_segment where day = of) + (select count(*) from cooccurrence where day = of)
             from (select min(day) as of from stale_day)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 0);
    assert_eq!(count(&store).await[0].calls, 39);
    write_all(&store).await;
    assert_eq!(count(&store).await[0].calls, 39);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

/// What segments of days say is found, and made again of the quarters.
#[tokio::test]
async fn damaged_days_are_found_counted_otherwise_and_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    joined(&path).await;
    let whole = std::fs::read(&path).unwrap();
    let truth = count(&open_at(&path)).await;
    for (sql, is_met) in [
        (
            "update day_segment set body = zeroblob(length(body)) where number = 0",
            true,
        ),
        (
            "update day_segment set body = zeroblob(length(body)) where number = 128",
            true,
        ),
        (
            "update day_segment set body = x'01' where number = 11",
            true,
        ),
        (
            "update day_segment set body = (select body from segment where number = 11 limit 1) where number = 11",
            true,
        ),
        (
            "update cooccurrence set body = zeroblob(length(body)) where dim = 0",
            false,
        ),
        (
            "update cooccurrence set body = x'01' where dim = 129",
            false,
        ),
        ("update cooccurrence set day = day + 1", false),
        ("delete from cooccurrence where dim = 7", false),
        ("update day_segment set day = day + 1", false),
        ("delete from day_segment", false),
        ("delete from day_segment where number = 0", false),
    ] {
        std::fs::write(&path, &whole).unwrap();
        damage(&path, sql);
        let store = open_at(&path);
        let found = store.check().await.unwrap();
        assert!(!found.is_empty(), "{sql}");
        if is_met {
            for (told, truth) in count(&store).await.iter().zip(&truth) {
                assert_ne!(told.damaged, Vec::<String>::new(), "{sql}");
                assert_eq!(
                    (&told.rows, told.calls),
                    (&truth.rows, truth.calls),
                    "{sql}"
                );
            }
            assert_eq!(count(&store).await, truth, "{sql}: once more");
        }
        store.repair().await.unwrap();
        assert_eq!(count(&store).await, truth, "{sql}");
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new(), "{sql}");
        write_all(&store).await;
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new(), "{sql}");
        assert_eq!(count(&store).await, truth, "{sql}");
    }
}

/// What no call of a day has together is not looked for in its hours; where nothing is told of the day,
/// or what is told is damaged, it is.
#[tokio::test]
async fn hours_are_not_looked_into_for_what_never_goes_together() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    create_account(&store).await;
    let kinds = [("DE", CallType::Carrier), ("FR", CallType::Client)];
    for (n, (country, call_type)) in (0..).zip(kinds) {
        let mut summary = summary(call(n), 0, Some(60));
        summary.facts.to.country_code = Some(country.into());
        summary.facts.call_type = Some(call_type);
        store.put_summaries(vec![put(summary, 0)]).await.unwrap();
    }
    write_all(&store).await;
    let to = |country: &str, call_type| SummaryFilter {
        to_country: vec![country.into()],
        call_type: vec![call_type],
        ..SummaryFilter::all(account_sid(1))
    };
    let page = PageRequest {
        start: Start::First { skip: 0 },
        size: 10,
    };
    let found = store.list(&to("FR", CallType::Client), &page).await;
    assert_eq!(found.unwrap().rows.len(), 1);
    // Whoever looks into an hour meets this.
    damage(&path, "update rollup set calls = x'ffffff'");
    let never = to("FR", CallType::Carrier);
    assert_eq!(store.list(&never, &page).await.unwrap().rows, []);
    for sql in [
        "delete from cooccurrence where dim > 0; update cooccurrence set body = x'01'",
        "update cooccurrence set body = x'01' where dim > 0",
        "insert into stale_day select distinct day, account, bucket, 0 from cooccurrence",
        "delete from cooccurrence",
    ] {
        let whole = std::fs::read(&path).unwrap();
        damage(&path, sql);
        let read = open_at(&path).list(&never, &page).await;
        assert!(
            matches!(read, Err(StoreError::Corrupt(_))),
            "{sql}: {read:?}"
        );
        std::fs::write(&path, &whole).unwrap();
    }
}

/// A day whose quarter is damaged is not joined before that is written again.
#[tokio::test]
async fn nothing_damaged_is_joined() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    joined(&path).await;
    let truth = count(&open_at(&path)).await;
    damage(
        &path,
        "update segment set body = x'01' where number = 11;
         insert into stale_day select distinct day, account, bucket, 0 from day_segment",
    );
    let store = open_at(&path);
    for _ in 0..100 {
        write_all(&store).await;
    }
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(count(&store).await, truth);
}

/// Not even where a quarter is damaged beside the day that was joined of it.
#[tokio::test]
async fn a_day_that_is_damaged_with_its_quarters_is_counted_by_its_calls() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    joined(&path).await;
    let truth = count(&open_at(&path)).await;
    damage(
        &path,
        "update day_segment set body = x'01' where number = 11; update segment set body = x'01' where number = 11",
    );
    let store = open_at(&path);
    for (told, truth) in count(&store).await.iter().zip(&truth) {
        assert_eq!((&told.rows, told.calls), (&truth.rows, truth.calls));
    }
    write_all(&store).await;
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(count(&store).await, truth);
}

/// A late event may move a call to another quarter before it is erased.
#[tokio::test]
async fn nothing_of_an_erased_call_stays_where_it_was_before() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    joined(&path).await;
    let store = open_at(&path);
    let conn = Connection::open(&path).unwrap();
    let left = || -> i64 {
        conn.query_row(
            "select count(*) from segment where instr(body, cast('+155501039' as blob)) > 0",
            [],
            |row| row.get(0),
        )
        .unwrap()
    };
    assert!(left() > 0);
    let mut moved = summary(call(39), 50_000, None);
    moved.facts.from.address = Some("+155501039".into());
    store.put_summaries(vec![put(moved, 1)]).await.unwrap();
    erase(&store, call(39), at(100_000)).await;
    assert_eq!(left(), 0);
}

/// A text that is lost is read from the document of the call.
#[tokio::test]
async fn calls_whose_texts_are_damaged_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    fill(&store).await;
    drop(store);
    damage(
        &path,
        "insert or ignore into uncounted select distinct quarter, account, bucket, 0 from segment",
    );
    let mut query = all_of_days();
    query.group_by = vec![Column::Facet(Facet::ToCountry)];
    let truth = open_at(&path).statistics(&[query.clone()]).await.unwrap();
    damage(
        &path,
        "pragma foreign_keys = off; delete from term where text = 'DE'",
    );
    let told = open_at(&path).statistics(&[query]).await.unwrap();
    assert_eq!(told[0].rows, truth[0].rows);
}
