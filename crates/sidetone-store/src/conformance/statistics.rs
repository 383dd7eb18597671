//! Statistics against the calls themselves, one by one.

mod brute_force;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::media::{Counters, Stat};
use sidetone_core::statistics::{Interval, Measure};
use sidetone_core::summary::CallSummary;
use sidetone_core::time::{DAY_US, TimeUs};
use sidetone_core::vocabulary::{EdgeKind, ProcessingState};

use self::brute_force::{Calls, check_tally, expected};
use super::filters::{NARROW, random_patch, random_summary};
use super::random::Random;
use super::retention::{expire, horizons};
use super::sample::{
    account_sid, annotate, at, call, create_account, erase, event, put, scope, summary,
};
use crate::facets::Facet;
use crate::statistics::column::{Column, Own};
use crate::statistics::{GroupValue, OrderBy, StatisticsQuery};
use crate::{Appended, Lookup, Store};

/// When the random calls begin: some days before clocks are set by half an hour on Lord Howe.
const BEGIN_US: i64 = 120 * DAY_US;
const ZONES: [&str; 4] = [
    "UTC",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
];

/// What calls are grouped by here.
const GROUPED_BY: [Column; 20] = [
    Column::Facet(Facet::CallType),
    Column::Facet(Facet::CallState),
    Column::Facet(Facet::Direction),
    Column::Facet(Facet::AnsweredBy),
    Column::Facet(Facet::HasTag),
    Column::Facet(Facet::Tags),
    Column::Facet(Facet::ToCountry),
    Column::Facet(Facet::FromCarrier),
    Column::Facet(Facet::Heard),
    Column::Facet(Facet::ConnectivityIssue),
    Column::Facet(Facet::QualityIssues),
    Column::Facet(Facet::Spam),
    Column::Facet(Facet::CallScore),
    Column::Facet(Facet::UserAgents),
    Column::Own(Own::From),
    Column::Own(Own::SipResponse),
    Column::Own(Own::Edges),
    Column::Own(Own::Codecs),
    Column::Own(Own::Incident),
    Column::Own(Own::Comment),
];

/// A query for everything about all calls of account 1.
#[must_use]
pub fn all() -> StatisticsQuery {
    StatisticsQuery {
        filter: SummaryFilter::all(account_sid(1)),
        advanced_only: false,
        interval: None,
        zone: TimeZone::UTC,
        shift_us: 0,
        group_by: Vec::new(),
        measures: Measure::ALL.to_vec(),
        order_by: OrderBy::MOST_CALLS,
        groups_max: usize::MAX,
    }
}

/// Writes the segments of all quarters.
async fn count_all(store: &dyn Store) {
    let far = at(1_000_000_000);
    let mut after = None;
    while let Some(cursor) = store.count_quarters(after, far, 7).await.unwrap() {
        after = Some(cursor);
    }
    let left = store.count_quarters(None, far, 7).await.unwrap();
    assert_eq!(left, None);
}

async fn put_random(store: &dyn Store, calls: &mut Calls, n: u64, random: &mut Random) {
    // Those with Call-IDs of their own are for the search.
    let mut summary = random_summary(n + 1_000, random);
    let facts = &mut summary.facts;
    for time in [&mut facts.started_at, &mut facts.ended_at] {
        *time = time.map(|time| time.plus_us(BEGIN_US));
    }
    facts.connect_duration_s = random.maybe(&[0, 7, 61, 3_600]);
    facts.duration_s = random.maybe(&[9, 130, 5_000]);
    facts.q850_cause = random.maybe(&[16, 17, 34]);
    for kind in [EdgeKind::Carrier, EdgeKind::Sip] {
        if random.one_in(2) {
            let edge = summary.edges.entry(kind).or_default();
            edge.inbound = random_stream(random);
            edge.outbound = random_stream(random);
        }
    }
    store
        .put_summaries(vec![put(summary.clone(), 0)])
        .await
        .unwrap();
    let annotation = calls
        .remove(&n)
        .map(|(_, annotation)| annotation)
        .unwrap_or_default();
    calls.insert(n, (summary, annotation));
}

fn random_stream(random: &mut Random) -> Option<Counters> {
    let figure = |random: &mut Random, largest: usize| {
        let value = u32::try_from(random.below(largest)).unwrap();
        (!random.one_in(3)).then(|| f64::from(value) / 7.0)
    };
    let stat = |avg: Option<f64>| {
        avg.map(|avg| Stat {
            avg: Some(avg),
            ..Stat::default()
        })
    };
    (!random.one_in(4)).then(|| Counters {
        codec_name: random.maybe(&["PCMU", "pcmu", "opus"]).map(str::to_owned),
        loss_percent: figure(random, 700),
        jitter_ms: stat(figure(random, 300)),
        rtt_ms: stat(figure(random, 5_000)),
        mos: stat(figure(random, 35)),
        ..Counters::default()
    })
}

async fn judge_random(store: &dyn Store, calls: &mut Calls, n: u64, random: &mut Random) {
    let texts = ["A", "b\nb", "\u{e9}"];
    let patch = random_patch(random, &texts, &texts);
    let Some((summary, annotation)) = calls.get_mut(&n) else {
        return;
    };
    let judged = store
        .annotate(scope(1), summary.call.sid, annotate(patch))
        .await
        .unwrap();
    let Lookup::Found(judged) = judged else {
        panic!("{judged:?}")
    };
    *annotation = judged.annotation;
}

/// Lets the events of complete calls expire and then half of these calls, and sends more events of all.
async fn expire_some(store: &dyn Store, calls: &mut Calls) {
    let complete: Vec<(u64, CallSummary)> = calls
        .iter()
        .filter(|(_, (it, _))| it.processing == ProcessingState::Complete)
        .map(|(n, (it, _))| (*n, it.clone()))
        .collect();
    let mut late = Vec::new();
    for (n, summary) in &complete {
        let received = 100 * i64::from(n % 2 == 0);
        let first = event(summary.call, "first", received);
        store.append(vec![first]).await.unwrap();
        let put = put(summary.clone(), 1);
        store.put_summaries(vec![put]).await.unwrap();
        late.push(event(summary.call, "late", 200));
    }
    let (kept, gone): (Vec<u64>, Vec<u64>) =
        complete.iter().map(|(n, _)| n).partition(|n| *n % 2 == 0);
    assert!(!kept.is_empty() && !gone.is_empty());
    let expired = expire(store, horizons(50, 50)).await;
    assert_eq!(expired, (gone.len() as u64, 0));
    let expired = expire(store, horizons(150, 50)).await;
    assert_eq!(expired, (0, kept.len() as u64));
    let fates = store.append(late).await.unwrap();
    let refused = [Appended::Gone, Appended::Expired];
    assert!(fates.iter().all(|fate| refused.contains(fate)), "{fates:?}");
    calls.retain(|n, _| !gone.contains(n));
}

async fn compare(store: &dyn Store, calls: &Calls, query: &StatisticsQuery, about: &str) {
    let told = store.statistics(query).await.unwrap();
    let mut expected = expected(query, calls);
    let matching = calls
        .values()
        .filter(|(it, said)| query.filter.matches(it, said));
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

fn random_query(random: &mut Random) -> StatisticsQuery {
    let mut query = all();
    for _ in 0..random.below(3) {
        let filter = &mut query.filter;
        let (from, until) = (filter.started_from, filter.ended_until);
        random.pick(NARROW)(filter, random);
        if filter.started_from != from {
            filter.started_from = filter.started_from.plus_us(BEGIN_US);
        }
        if filter.ended_until != until {
            filter.ended_until = filter.ended_until.plus_us(BEGIN_US);
        }
    }
    query.interval = random.maybe(Interval::ALL);
    query.zone = TimeZone::get(random.pick(&ZONES)).unwrap();
    query.shift_us = random.pick(&[0, 0, DAY_US, -1_234_567_891]);
    for _ in 0..random.below(3) {
        query.group_by.push(random.pick(&GROUPED_BY));
    }
    query
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
        "uncounted",
        "counted",
        "changed",
        "erased",
        "counted again",
        "expired",
    ];
    for stage in stages.into_iter().chain(["counted at last"]) {
        match stage {
            "counted" | "counted again" | "counted at last" => count_all(&*store).await,
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
            compare(&*store, &calls, &by_one, &format!("seed {seed}, {stage}")).await;
        }
        for round in 0..40 {
            let query = random_query(random);
            compare(
                &*store,
                &calls,
                &query,
                &format!("seed {seed}, {stage}, {round}"),
            )
            .await;
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

async fn hours(store: &dyn Store, query: &StatisticsQuery) -> Vec<(String, u64)> {
    let told = store.statistics(query).await.unwrap();
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
            count_all(&*store).await;
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
    count_all(&*store).await;
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
    count_all(&*store).await;
    let query = StatisticsQuery {
        group_by: vec![Column::Facet(Facet::ToCarrier)],
        groups_max: 3,
        ..all()
    };
    let told = store.statistics(&query).await.unwrap();
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
        for row in store.statistics(&query).await.unwrap().rows {
            match &row.group[..] {
                [GroupValue::Text(carrier)] if !told.contains(carrier) => {
                    told.push(carrier.clone());
                }
                _ => {}
            }
        }
        told
    };
    count_all(&*store).await;
    let expected = ["worst", "even", "best", "unknown, often", "unknown"];
    assert_eq!(carriers(false, None, 9).await, expected);
    assert_eq!(carriers(false, None, 1).await, expected[..1]);
    assert_eq!(carriers(false, Some(Interval::Hour), 9).await, expected);
    let expected = ["best", "even", "worst", "unknown, often", "unknown"];
    assert_eq!(carriers(true, None, 9).await, expected);
}
