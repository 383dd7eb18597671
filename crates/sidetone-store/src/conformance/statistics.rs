//! Statistics against the calls themselves, one by one.

mod brute_force;
mod random;

use std::collections::BTreeSet;
use std::slice;
use std::sync::Arc;

use jiff::tz::TimeZone;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::statistics::{Interval, Measure};
use sidetone_core::time::TimeUs;

use self::brute_force::{Calls, WORDS, check_tally, expected, is_wanted};
use self::random::{GROUPED_BY, expire_some, judge_random, put_random, random_query};
use super::random::Random;
use super::sample::{
    account_sid, at, call, create_account, erase, put, summary, write_all_segments,
};
use crate::facets::Facet;
use crate::statistics::column::{Column, Own};
use crate::statistics::{GroupValue, OrderBy, Statistics, StatisticsQuery};
use crate::{Store, StoreError};

/// A query for everything about all calls of account 1.
#[must_use]
pub fn all() -> StatisticsQuery {
    StatisticsQuery {
        measures: Measure::ALL.to_vec(),
        words: WORDS.to_vec(),
        different: vec![Column::Own(Own::From), Column::Facet(Facet::ToCountry)],
        ..StatisticsQuery::of(SummaryFilter::all(account_sid(1)))
    }
}

/// Several at once are as each alone.
async fn compare(store: &dyn Store, calls: &Calls, queries: &[StatisticsQuery], about: &str) {
    let told = store.statistics(queries).await.unwrap();
    assert_eq!(told.len(), queries.len());
    for (query, told) in queries.iter().zip(told) {
        compare_one(calls, query, &told, about);
    }
}

fn compare_one(calls: &Calls, query: &StatisticsQuery, told: &Statistics, about: &str) {
    let mut expected = expected(query, calls);
    let matching = calls
        .values()
        .filter(|(it, said)| is_wanted(query, it, said));
    assert_eq!(told.calls, matching.count() as u64, "{about}, {query:?}");
    let groups: BTreeSet<_> = expected.keys().map(|(_, group)| group.clone()).collect();
    assert_eq!(told.groups, groups.len(), "{about}, {query:?}");
    assert!(told.rows.is_sorted_by_key(|row| row.interval_start));
    for row in &told.rows {
        let found = expected.remove(&(row.interval_start, row.group.clone()));
        let found = found.unwrap_or_else(|| panic!("{about}: {row:?} of {query:?}"));
        check_tally(&row.tally, &found);
    }
    assert!(expected.is_empty(), "{about}: {expected:?} of {query:?}");
}

/// Random calls by random filters, groups and intervals, whether their quarters are counted or not:
/// each number is that of the calls, one by one. Calls that move, change or go are counted as they are.
pub async fn every_group_and_measure_is_that_of_the_calls(store: Arc<dyn Store>) {
    let seed = 3;
    let random = &mut Random::new(seed);
    create_account(&*store).await;
    let mut calls = Calls::new();
    for n in 0..120 {
        put_random(&*store, &mut calls, n, random).await;
        if random.one_in(3) {
            judge_random(&*store, &mut calls, n, random).await;
        }
    }
    let stages = [
        "unwritten",
        "written",
        "changed",
        "erased",
        "written again",
        "expired",
    ];
    for stage in stages.into_iter().chain(["written at last"]) {
        match stage {
            "written" | "written again" | "written at last" => write_all_segments(&*store).await,
            "expired" => expire_some(&*store, &mut calls).await,
            "changed" => {
                for _ in 0..20 {
                    let n = random.below(120) as u64;
                    put_random(&*store, &mut calls, n, random).await;
                    judge_random(&*store, &mut calls, random.below(120) as u64, random).await;
                }
            }
            "erased" => {
                for n in (0..120).step_by(9) {
                    if let Some((summary, _)) = calls.remove(&n) {
                        erase(&*store, summary.call, at(0)).await;
                    }
                }
            }
            _ => {}
        }
        for column in GROUPED_BY {
            let by_one = StatisticsQuery {
                group_by: vec![column],
                ..all()
            };
            let about = format!("seed {seed}, {stage}");
            compare(&*store, &calls, &[by_one], &about).await;
        }
        for round in 0..25 {
            let queries: Vec<_> = (0..=random.below(3))
                .map(|_| random_query(all(), random))
                .collect();
            let about = format!("seed {seed}, {stage}, {round}");
            compare(&*store, &calls, &queries, &about).await;
        }
    }
}

/// Puts calls that began at some times.
async fn put_at(store: &dyn Store, times: &[&str]) {
    create_account(store).await;
    for (n, time) in (0..).zip(times) {
        let mut summary = summary(call(n), 0, Some(60));
        let started = TimeUs::parse_rfc3339(time).unwrap();
        summary.facts.started_at = Some(started);
        summary.facts.ended_at = Some(started.plus_us(60_000_000));
        store.put_summaries(vec![put(summary, 0)]).await.unwrap();
    }
}

async fn counted(store: &dyn Store, query: &StatisticsQuery) -> Statistics {
    let told = store.statistics(slice::from_ref(query)).await;
    told.unwrap().remove(0)
}

async fn hours(store: &dyn Store, query: &StatisticsQuery) -> Vec<(String, u64)> {
    let told = counted(store, query).await;
    let hour = |at: Option<TimeUs>| at.unwrap().to_string();
    told.rows
        .iter()
        .map(|row| (hour(row.interval_start), row.tally.calls))
        .collect()
}

/// On Lord Howe clocks are set by half an hour: one hour has 90 minutes, another 30. In New York one
/// comes twice.
pub async fn hours_follow_the_clocks_of_their_zone(store: Arc<dyn Store>) {
    put_at(
        &*store,
        &[
            "2026-04-04T14:10:00Z",
            "2026-04-04T15:10:00Z",
            "2026-04-04T15:29:59Z",
            "2026-04-04T15:30:00Z",
            "2026-10-03T15:29:59Z",
            "2026-10-03T15:45:00Z",
            "2026-10-03T16:00:00Z",
            "2026-11-01T05:10:00Z",
            "2026-11-01T06:10:00Z",
        ],
    )
    .await;
    let mut query = all();
    query.interval = Some(Interval::Hour);
    for is_counted in [false, true] {
        if is_counted {
            write_all_segments(&*store).await;
        }
        query.zone = TimeZone::get("Australia/Lord_Howe").unwrap();
        let lord_howe = hours(&*store, &query).await;
        let expected = [
            ("2026-04-04T14:00:00Z", 3),
            ("2026-04-04T15:30:00Z", 1),
            ("2026-10-03T14:30:00Z", 1),
            ("2026-10-03T15:30:00Z", 1),
            ("2026-10-03T16:00:00Z", 1),
            ("2026-11-01T05:00:00Z", 1),
            ("2026-11-01T06:00:00Z", 1),
        ];
        let expected = expected.map(|(hour, calls)| (hour.to_owned(), calls));
        assert_eq!(lord_howe, expected);
        query.zone = TimeZone::get("America/New_York").unwrap();
        let new_york = hours(&*store, &query).await;
        let twice = ["2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z"].map(|it| (it.to_owned(), 1));
        assert!(new_york.ends_with(&twice), "{new_york:?}");
    }
}

/// A period that is moved has the intervals of the one it is laid over, also where quarters are cut.
pub async fn periods_are_laid_over_each_other(store: Arc<dyn Store>) {
    put_at(
        &*store,
        &[
            "2026-06-01T10:03:00Z",
            "2026-06-01T10:07:00Z",
            "2026-06-01T10:59:00Z",
        ],
    )
    .await;
    write_all_segments(&*store).await;
    let query = StatisticsQuery {
        interval: Some(Interval::Hour),
        shift_us: 55 * 60_000_000,
        ..all()
    };
    let expected = [("2026-06-01T10:00:00Z", 1), ("2026-06-01T11:00:00Z", 2)];
    let expected = expected.map(|(hour, calls)| (hour.to_owned(), calls));
    assert_eq!(hours(&*store, &query).await, expected);
}

/// Of many groups those with the most calls are told of, and how many there are.
pub async fn tells_of_the_largest_groups(store: Arc<dyn Store>) {
    create_account(&*store).await;
    for n in 0..30 {
        let mut summary = summary(call(n), 0, Some(60));
        summary.facts.to.carrier = Some(format!("carrier {}", if n < 20 { n % 4 } else { n }));
        store.put_summaries(vec![put(summary, 0)]).await.unwrap();
    }
    write_all_segments(&*store).await;
    let query = StatisticsQuery {
        group_by: vec![Column::Facet(Facet::ToCarrier)],
        groups_max: 3,
        ..all()
    };
    let told = counted(&*store, &query).await;
    assert_eq!((told.groups, told.calls), (14, 30));
    let groups: Vec<_> = told
        .rows
        .iter()
        .map(|row| (row.group.clone(), row.tally.calls))
        .collect();
    let expected = ["carrier 0", "carrier 1", "carrier 2"];
    let expected = expected.map(|it| (vec![GroupValue::Text(it.to_owned())], 5));
    assert_eq!(groups, expected);
}

/// Groups come in the order of a measure over all intervals; without it they come last, the most calls
/// first of those that are alike.
pub async fn orders_groups_by_a_measure(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let delays = [
        ("even", Some(200), 0),
        ("even", Some(200), 3600),
        ("worst", Some(900), 0),
        ("worst", Some(100), 3600),
        ("worst", None, 3600),
        ("best", Some(100), 0),
        ("unknown", None, 0),
        ("unknown, often", None, 0),
        ("unknown, often", None, 0),
    ];
    for (n, (carrier, pdd_ms, start)) in (0..).zip(delays) {
        let mut summary = summary(call(n), start, Some(start + 60));
        summary.facts.to.carrier = Some(carrier.to_owned());
        summary.facts.pdd_ms = pdd_ms;
        store.put_summaries(vec![put(summary, 0)]).await.unwrap();
    }
    let carriers = async |is_ascending, interval, groups_max| {
        let query = StatisticsQuery {
            group_by: vec![Column::Facet(Facet::ToCarrier)],
            interval,
            order_by: OrderBy {
                measure: Measure::Pdd,
                is_ascending,
            },
            groups_max,
            ..all()
        };
        let mut told = Vec::new();
        for row in counted(&*store, &query).await.rows {
            match &row.group[..] {
                [GroupValue::Text(carrier)] if !told.contains(carrier) => {
                    told.push(carrier.clone());
                }
                _ => {}
            }
        }
        told
    };
    write_all_segments(&*store).await;
    let expected = ["worst", "even", "best", "unknown, often", "unknown"];
    assert_eq!(carriers(false, None, 9).await, expected);
    assert_eq!(carriers(false, None, 1).await, expected[..1]);
    assert_eq!(carriers(false, Some(Interval::Hour), 9).await, expected);
    let expected = ["best", "even", "worst", "unknown, often", "unknown"];
    assert_eq!(carriers(true, None, 9).await, expected);
}

/// A time ends before its last moment: what starts then is of the next one.
pub async fn times_of_starts_meet(store: Arc<dyn Store>) {
    put_at(
        &*store,
        &[
            "2026-06-01T09:59:59Z",
            "2026-06-01T10:00:00Z",
            "2026-06-01T10:07:30Z",
            "2026-06-01T10:14:59Z",
        ],
    )
    .await;
    for is_counted in [false, true] {
        if is_counted {
            write_all_segments(&*store).await;
        }
        let mut calls = Vec::new();
        for [from, before] in [
            ["2026-06-01T09:00:00Z", "2026-06-01T10:00:00Z"],
            ["2026-06-01T10:00:00Z", "2026-06-01T10:07:30Z"],
            ["2026-06-01T10:07:30Z", "2026-06-01T10:14:59Z"],
            ["2026-06-01T10:14:59Z", "2026-06-01T11:00:00Z"],
            ["2026-06-01T11:00:00Z", "2026-06-01T12:00:00Z"],
        ] {
            let [from, before] = [from, before].map(|it| TimeUs::parse_rfc3339(it).unwrap());
            let mut query = all();
            query.filter.started_from = from;
            query.filter.started_before = before;
            calls.push(counted(&*store, &query).await.calls);
        }
        assert_eq!(calls, [1, 1, 1, 1, 0]);
    }
}

/// One go is about one account.
pub async fn counts_one_account_at_once(store: Arc<dyn Store>) {
    put_at(&*store, &["2026-06-01T10:00:00Z"]).await;
    let of_other = StatisticsQuery::of(SummaryFilter::all(account_sid(2)));
    let told = store.statistics(&[all(), of_other]).await;
    assert!(matches!(told, Err(StoreError::Invalid(_))), "{told:?}");
    assert_eq!(store.statistics(&[]).await, Ok(Vec::new()));
}
