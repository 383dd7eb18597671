//! Order and pages of lists.

use std::sync::Arc;

use sidetone_core::annotation::{AnnotationPatch, ConnectivityIssue};
use sidetone_core::filter::{SortBy, SummaryFilter};
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::CallDirection;

use super::sample::{
    account_sid, annotate, at, call, call_sid, create_account, put, scope, summary,
};
use crate::page::{Page, PageRequest, Start};
use crate::{Annotate, CallRecord, Store};

/// Calls by number, each from one second to another.
async fn load(store: &dyn Store, calls: &[(u64, i64, Option<i64>)]) {
    create_account(store).await;
    let puts = calls
        .iter()
        .map(|(n, started, ended)| put(summary(call(*n), *started, *ended), 0));
    store.put_summaries(puts.collect()).await.unwrap();
}

fn filter(sort_by: SortBy) -> SummaryFilter {
    SummaryFilter {
        sort_by,
        ..SummaryFilter::all(account_sid(1))
    }
}

async fn page(
    store: &dyn Store,
    filter: &SummaryFilter,
    start: Start,
    size: usize,
) -> Page<CallRecord> {
    store
        .list(filter, &PageRequest { start, size })
        .await
        .unwrap()
}

fn numbers(page: &Page<CallRecord>) -> Vec<u64> {
    let number = |record: &CallRecord| {
        (0..10_000)
            .find(|n| call_sid(*n) == record.call.sid)
            .unwrap()
    };
    page.rows.iter().map(number).collect()
}

const BEGIN: Start = Start::First { skip: 0 };

/// Pages meet, forwards and backwards, over hours with many calls and hours with none.
pub async fn pages_meet_without_gap(store: Arc<dyn Store>) {
    let calls: Vec<_> = (0..100)
        .map(|n| {
            (
                n,
                7000 * i64::try_from(n / 7).unwrap(),
                Some(7000 * i64::try_from(n / 7).unwrap() + 10),
            )
        })
        .collect();
    load(&*store, &calls).await;
    for sort_by in [SortBy::StartTime, SortBy::EndTime] {
        let filter = filter(sort_by);
        let mut walked = Vec::new();
        let mut pages = vec![page(&*store, &filter, BEGIN, 9).await];
        while let Some(after) = pages.last().unwrap().after {
            pages.push(page(&*store, &filter, Start::After(after), 9).await);
        }
        for page in &pages {
            walked.extend(numbers(page));
        }
        assert_eq!(walked, (0..100).rev().collect::<Vec<_>>());
        for at in (1..pages.len()).rev() {
            let before = Start::Before(pages[at].before.unwrap());
            assert_eq!(page(&*store, &filter, before, 9).await, pages[at - 1]);
        }
    }
}

/// `before` and `after` are set where there is more, and only there.
pub async fn tells_where_more_is(store: Arc<dyn Store>) {
    load(
        &*store,
        &[(1, 1, Some(10)), (2, 2, Some(20)), (3, 3, Some(30))],
    )
    .await;
    let filter = filter(SortBy::EndTime);
    let all = page(&*store, &filter, BEGIN, 3).await;
    assert_eq!(
        (numbers(&all), all.before, all.after),
        (vec![3, 2, 1], None, None)
    );
    let skipped = page(&*store, &filter, Start::First { skip: 1 }, 1).await;
    assert_eq!(numbers(&skipped), [2]);
    let middle = skipped.before.unwrap();
    assert_eq!(skipped.after, Some(middle));
    let last = page(&*store, &filter, Start::After(middle), 5).await;
    assert_eq!((numbers(&last), last.after), (vec![1], None));
    let first = page(&*store, &filter, Start::Before(middle), 5).await;
    assert_eq!((numbers(&first), first.before), (vec![3], None));
    assert_eq!(first.after.map(|place| place.key), Some(at(30).micros()));
    let beyond = page(&*store, &filter, Start::First { skip: 9 }, 5).await;
    assert_eq!(
        (beyond.rows, beyond.before, beyond.after),
        (Vec::new(), None, None)
    );
}

/// Running calls come before all others in lists by end, when they are in range at all.
pub async fn lists_running_calls_first(store: Arc<dyn Store>) {
    load(
        &*store,
        &[
            (1, 1, None),
            (2, 50, Some(60)),
            (3, 70, None),
            (4, 10, Some(20)),
        ],
    )
    .await;
    let mut by_end = filter(SortBy::EndTime);
    assert_eq!(
        numbers(&page(&*store, &by_end, BEGIN, 9).await),
        [3, 1, 2, 4]
    );
    assert_eq!(
        numbers(&page(&*store, &filter(SortBy::StartTime), BEGIN, 9).await),
        [3, 2, 4, 1]
    );
    by_end.include_running = false;
    assert_eq!(numbers(&page(&*store, &by_end, BEGIN, 9).await), [2, 4]);
    by_end.include_running = true;
    by_end.started_from = at(10);
    by_end.ended_until = at(30);
    assert_eq!(numbers(&page(&*store, &by_end, BEGIN, 9).await), [3, 4]);
    store
        .put_summaries(vec![put(summary(call(1), 1, Some(99)), 0)])
        .await
        .unwrap();
    assert_eq!(
        numbers(&page(&*store, &filter(SortBy::EndTime), BEGIN, 9).await),
        [3, 1, 2, 4]
    );
}

/// Of calls of the same time, the one that came later is listed first; pages may part them
/// anywhere.
pub async fn sorts_equal_keys_by_arrival(store: Arc<dyn Store>) {
    let calls: Vec<_> = (0..20).map(|n| (n, 5, Some(10))).collect();
    load(&*store, &calls).await;
    for sort_by in [SortBy::StartTime, SortBy::EndTime] {
        let filter = filter(sort_by);
        let first = page(&*store, &filter, BEGIN, 13).await;
        let second = page(&*store, &filter, Start::After(first.after.unwrap()), 13).await;
        let walked: Vec<_> = numbers(&first)
            .into_iter()
            .chain(numbers(&second))
            .collect();
        assert_eq!(walked, (0..20).rev().collect::<Vec<_>>());
        assert_eq!(
            page(&*store, &filter, Start::Before(second.before.unwrap()), 13).await,
            first
        );
    }
}

/// Calls that ended before they started are listed where they belong, in any window.
pub async fn lists_calls_with_clocks_that_differ(store: Arc<dyn Store>) {
    const DAY: i64 = 86_400;
    load(
        &*store,
        &[
            (1, 10 * DAY, Some(2 * DAY)),
            (2, 5 * DAY, Some(6 * DAY)),
            (3, 10 * DAY, None),
            (4, DAY, Some(2 * DAY)),
        ],
    )
    .await;
    for (sort_by, expected) in [(SortBy::EndTime, [3, 2, 1]), (SortBy::StartTime, [3, 1, 2])] {
        let mut filter = filter(sort_by);
        filter.started_from = at(4 * DAY);
        filter.ended_until = at(7 * DAY);
        assert_eq!(numbers(&page(&*store, &filter, BEGIN, 9).await), expected);
    }
    let mut ancient = filter(SortBy::EndTime);
    ancient.ended_until = TimeUs::from_micros(i64::MIN);
    ancient.include_running = false;
    assert_eq!(page(&*store, &ancient, BEGIN, 9).await.rows, []);
}

/// A few calls among thousands are found, also where an hour holds more than are kept one by one.
pub async fn finds_few_among_many(store: Arc<dyn Store>) {
    create_account(&*store).await;
    for chunk in 0..4_i64 {
        let puts = (0..500_i64).map(|i| {
            let n = chunk * 500 + i;
            let mut summary = summary(call(u64::try_from(n).unwrap()), n, Some(n + 60));
            summary.facts.direction = Some(if n % 400 == 7 {
                CallDirection::Inbound
            } else {
                CallDirection::OutboundDial
            });
            summary.facts.from.address = Some(format!("+1555{}", n % 100));
            put(summary, 0)
        });
        store.put_summaries(puts.collect()).await.unwrap();
    }
    let mut rare = filter(SortBy::EndTime);
    rare.direction = vec![CallDirection::Inbound];
    assert_eq!(
        numbers(&page(&*store, &rare, BEGIN, 3).await),
        [1607, 1207, 807]
    );
    let mut common = filter(SortBy::StartTime);
    common.direction = vec![CallDirection::OutboundDial];
    assert_eq!(
        numbers(&page(&*store, &common, Start::First { skip: 391 }, 3).await),
        [1608, 1606, 1605]
    );
    let mut party = filter(SortBy::EndTime);
    party.from = vec!["+155507".into(), "+15557".into(), "+155599".into()];
    assert_eq!(
        numbers(&page(&*store, &party, BEGIN, 3).await),
        [1999, 1907, 1899]
    );
    party.direction = vec![CallDirection::Inbound];
    assert_eq!(
        numbers(&page(&*store, &party, BEGIN, 3).await),
        [1607, 1207, 807]
    );
}

/// Annotations are found by what they say, also where an hour holds more judged calls than are kept in one row; those taken back are not.
pub async fn finds_few_judged_among_many(store: Arc<dyn Store>) {
    const CALLS: u64 = 400;
    create_account(&*store).await;
    let puts = (0..CALLS).map(|n| {
        let started = i64::try_from(n).unwrap() * 8;
        put(summary(call(n), started, Some(started + 60)), 0)
    });
    store.put_summaries(puts.collect()).await.unwrap();
    let issue = |n: u64| match n % 50 {
        7 => ConnectivityIssue::CallerId,
        _ => ConnectivityIssue::None,
    };
    // Not in the order of their times.
    for n in (0..CALLS).map(|n| n * 7 % CALLS) {
        let patch = AnnotationPatch {
            connectivity_issue: Some(Some(issue(n))),
            ..AnnotationPatch::default()
        };
        let judged = store.annotate(scope(1), call_sid(n), annotate(patch));
        judged.await.unwrap();
    }
    let with = |issue, sort_by| SummaryFilter {
        connectivity_issue: vec![issue],
        ..filter(sort_by)
    };
    for sort_by in [SortBy::StartTime, SortBy::EndTime] {
        let rare = with(ConnectivityIssue::CallerId, sort_by);
        let first = page(&*store, &rare, BEGIN, 3).await;
        assert_eq!(numbers(&first), [357, 307, 257]);
        let next = page(&*store, &rare, Start::After(first.after.unwrap()), 9).await;
        assert_eq!(numbers(&next), [207, 157, 107, 57, 7]);
        let common = with(ConnectivityIssue::None, sort_by);
        let skipped = page(&*store, &common, Start::First { skip: 390 }, 9).await;
        assert_eq!(numbers(&skipped), [1, 0]);
    }
    for n in (0..CALLS).filter(|n| n % 50 != 7 || *n > 200) {
        let taken_back = Annotate {
            patch: None,
            ..annotate(AnnotationPatch::default())
        };
        let judged = store.annotate(scope(1), call_sid(n), taken_back);
        judged.await.unwrap();
    }
    let moved = summary(call(7), 90_000, Some(90_060));
    store.put_summaries(vec![put(moved, 0)]).await.unwrap();
    let rare = with(ConnectivityIssue::CallerId, SortBy::EndTime);
    assert_eq!(
        numbers(&page(&*store, &rare, BEGIN, 9).await),
        [7, 157, 107, 57]
    );
    let common = with(ConnectivityIssue::None, SortBy::EndTime);
    assert_eq!(page(&*store, &common, BEGIN, 9).await.rows, []);
}
