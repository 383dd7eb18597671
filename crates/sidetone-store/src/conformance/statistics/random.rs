//! Random calls, and what may be asked of them.

use jiff::tz::TimeZone;
use sidetone_core::media::{Counters, Stat};
use sidetone_core::statistics::Interval;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::DAY_US;
use sidetone_core::vocabulary::{EdgeKind, ProcessingState, Tag};

use super::brute_force::Calls;
use crate::conformance::filters::NARROW;
use crate::conformance::random::Random;
use crate::conformance::random_calls::{random_patch, random_summary};
use crate::conformance::retention::{expire, horizons};
use crate::conformance::sample::{annotate, at, event, put, scope};
use crate::facets::Facet;
use crate::statistics::StatisticsQuery;
use crate::statistics::column::{Column, Own};
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
pub(super) const GROUPED_BY: [Column; 25] = [
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
    Column::Own(Own::ToConnection),
    Column::Own(Own::EdgeLocations),
    Column::Own(Own::Reach),
    Column::Own(Own::Attestation),
    Column::Own(Own::GatewayMedia),
];

const REGIONS: [&str; 3] = ["us1", "ie1", "au1"];

pub(super) async fn put_random(store: &dyn Store, calls: &mut Calls, n: u64, random: &mut Random) {
    // Those with Call-IDs of their own are for the search.
    let mut summary = random_summary(n + 1_000, random);
    let facts = &mut summary.facts;
    for time in [&mut facts.started_at, &mut facts.ended_at] {
        *time = time.map(|time| time.plus_us(BEGIN_US));
    }
    facts.connect_duration_s = random.maybe(&[0, 7, 61, 3_600]);
    facts.duration_s = random.maybe(&[9, 130, 5_000]);
    facts.q850_cause = random.maybe(&[1, 16, 17, 34]);
    facts.queue_time_ms = random.maybe(&[0, 20, 1_500]);
    facts.to.connection = random.maybe(&["mobile", "voip"]).map(str::to_owned);
    facts.trust.attestation = random.maybe(&["A", "B"]).map(str::to_owned);
    for kind in [EdgeKind::Carrier, EdgeKind::Sip] {
        if random.one_in(2) {
            let edge = summary.edges.entry(kind).or_default();
            edge.inbound = random_stream(random);
            edge.outbound = random_stream(random);
            edge.tags
                .extend(random.maybe(&[Tag::Silence, Tag::HighPdd]));
            edge.facts.edge_location = random.maybe(&["ashburn", "dublin"]).map(str::to_owned);
            edge.facts.media_region = random.maybe(&REGIONS).map(str::to_owned);
            edge.facts.signaling_region = random.maybe(&REGIONS).map(str::to_owned);
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

pub(super) async fn judge_random(
    store: &dyn Store,
    calls: &mut Calls,
    n: u64,
    random: &mut Random,
) {
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
pub(super) async fn expire_some(store: &dyn Store, calls: &mut Calls) {
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

/// Narrows and divides a query at random.
pub(super) fn random_query(mut query: StatisticsQuery, random: &mut Random) -> StatisticsQuery {
    for _ in 0..random.below(3) {
        let filter = &mut query.filter;
        let (from, before, until) = (
            filter.started_from,
            filter.started_before,
            filter.ended_until,
        );
        random.pick(NARROW)(filter, random);
        if filter.started_from != from {
            filter.started_from = filter.started_from.plus_us(BEGIN_US);
        }
        if filter.started_before != before {
            filter.started_before = filter.started_before.plus_us(BEGIN_US);
        }
        if filter.ended_until != until {
            filter.ended_until = filter.ended_until.plus_us(BEGIN_US);
        }
    }
    query.interval = random.maybe(Interval::ALL);
    query.zone = TimeZone::get(random.pick(&ZONES)).unwrap();
    query.shift_us = random.pick(&[0, 0, DAY_US, -1_234_567_891]);
    for _ in 0..random.below(4) {
        query.group_by.push(random.pick(&GROUPED_BY));
    }
    if random.one_in(3) {
        let hours = i64::try_from(random.below(200)).unwrap();
        query.filter.started_before = at(hours * 3_600).plus_us(BEGIN_US);
    }
    if random.one_in(4) {
        let regions = random.maybe(&REGIONS).into_iter().map(str::to_owned);
        query.regions = regions.collect();
    }
    query
}
