//! Statistics as they follow from the calls, one by one.

use std::collections::{BTreeMap, BTreeSet};

use sidetone_core::annotation::{Annotation, QualityIssue};
use sidetone_core::media::Counters;
use sidetone_core::statistics::Measure;
use sidetone_core::summary::{CallSummary, EdgeSummary};
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{CallState, CallType, EdgeKind, Tag};

use crate::facets::Facet;
use crate::statistics::column::{Column, Own};
use crate::statistics::tally::Tally;
use crate::statistics::{GroupValue, StatisticsQuery};

/// The values of a call in a column.
fn values(column: Column, summary: &CallSummary, annotation: &Annotation) -> Vec<GroupValue> {
    let facts = &summary.facts;
    let number = |number: Option<u64>| number.map(GroupValue::Number).into_iter().collect();
    let index = |index: Option<u8>| number(index.map(u64::from));
    let text = |text: &Option<String>| text.clone().map(GroupValue::Text).into_iter().collect();
    let streams = |edge: &EdgeSummary| [edge.inbound.clone(), edge.outbound.clone()];
    let mut values: Vec<GroupValue> = match column {
        Column::Facet(Facet::CallType) => index(facts.call_type.map(|it| it.index())),
        Column::Facet(Facet::CallState) => index(facts.state.map(|it| it.index())),
        Column::Facet(Facet::Direction) => index(facts.direction.map(|it| it.index())),
        Column::Facet(Facet::AnsweredBy) => index(facts.answered_by.map(|it| it.index())),
        Column::Facet(Facet::HasTag) => index(Some((!summary.tags.is_empty()).into())),
        Column::Facet(Facet::Tags) => {
            let tags = summary.tags.iter().map(|tag| u64::from(tag.index()));
            tags.map(GroupValue::Number).collect()
        }
        Column::Facet(Facet::ToCountry) => text(&facts.to.country_code),
        Column::Facet(Facet::FromCarrier) => text(&facts.from.carrier),
        Column::Facet(Facet::Heard) => index(annotation.answered_by.map(|it| it.index())),
        Column::Facet(Facet::ConnectivityIssue) => {
            index(annotation.connectivity_issue.map(|it| it.index()))
        }
        Column::Facet(Facet::QualityIssues) => {
            let issues: &[QualityIssue] = annotation.quality_issues.as_deref().unwrap_or_default();
            let issues = issues.iter().map(|issue| u64::from(issue.index()));
            issues.map(GroupValue::Number).collect()
        }
        Column::Facet(Facet::Spam) => index(annotation.spam.map(u8::from)),
        Column::Facet(Facet::CallScore) => index(annotation.call_score),
        Column::Facet(Facet::UserAgents) => {
            let agents = sidetone_core::search::user_agents(summary);
            agents.into_iter().map(GroupValue::Text).collect()
        }
        Column::Own(Own::From) => text(&facts.from.address),
        Column::Own(Own::SipResponse) => number(facts.last_sip_response.map(u64::from)),
        Column::Own(Own::Edges) => {
            let edges = summary.edges.keys().map(|edge| u64::from(edge.index()));
            edges.map(GroupValue::Number).collect()
        }
        Column::Own(Own::Codecs) => {
            let streams = summary.edges.values().flat_map(streams).flatten();
            let names = streams.filter_map(|stream| stream.codec_name);
            let names: BTreeSet<String> = names.map(|name| name.to_lowercase()).collect();
            names.into_iter().map(GroupValue::Text).collect()
        }
        Column::Own(Own::Incident) => text(&annotation.incident),
        Column::Own(Own::Comment) => text(&annotation.comment),
        Column::Own(Own::ToConnection) => text(&facts.to.connection),
        Column::Own(Own::Attestation) => text(&facts.trust.attestation),
        Column::Own(Own::EdgeLocations) => {
            let edges = summary.edges.values();
            let places = edges.filter_map(|edge| edge.facts.edge_location.clone());
            let places: BTreeSet<String> = places.collect();
            places.into_iter().map(GroupValue::Text).collect()
        }
        Column::Own(Own::Reach) => index(reach(summary)),
        Column::Own(Own::TalkLength) => index(talk_s(summary).map(|seconds| {
            let limits = [10, 60];
            limits.iter().filter(|limit| seconds >= **limit).count() as u8
        })),
        Column::Own(Own::GatewayMedia) => {
            let found = gateway_media(summary).into_iter().map(u64::from);
            found.map(GroupValue::Number).collect()
        }
        other => panic!("{other:?}"),
    };
    if values.is_empty() {
        values.push(GroupValue::Unknown);
    }
    values
}

/// Of which words are counted here.
pub(super) const WORDS: [Column; 5] = [
    Column::Facet(Facet::CallState),
    Column::Facet(Facet::Tags),
    Column::Own(Own::Reach),
    Column::Own(Own::TalkLength),
    Column::Own(Own::GatewayMedia),
];

/// The calls that a store should count, by number.
pub(super) type Calls = BTreeMap<u64, (CallSummary, Annotation)>;

fn talk_s(summary: &CallSummary) -> Option<u64> {
    let facts = &summary.facts;
    let is_completed = facts.state == Some(CallState::Completed);
    is_completed.then(|| facts.connect_duration_s.or(facts.duration_s))?
}

/// 0: open, 1: blocked, 2: unallocated.
fn reach(summary: &CallSummary) -> Option<u8> {
    let facts = &summary.facts;
    let (response, cause) = (facts.last_sip_response, facts.q850_cause);
    match facts.state? {
        CallState::Completed | CallState::Answered => Some(0),
        CallState::Ringing | CallState::Undialed => None,
        _ if matches!(response, Some(603 | 607 | 608)) => Some(1),
        _ if cause == Some(1) || cause.is_none() && matches!(response, Some(404 | 604)) => Some(2),
        CallState::Fail if response.is_none() && cause.is_none() => None,
        _ => Some(0),
    }
}

/// 0: there is such an edge; 1: it has figures or findings; 2: silence. No other is tried here.
fn gateway_media(summary: &CallSummary) -> Vec<u8> {
    let has_edge_tags = summary.edges.values().any(|edge| !edge.tags.is_empty());
    let gateways: Vec<&EdgeSummary> = summary
        .edges
        .iter()
        .filter(|(kind, _)| **kind != EdgeKind::Sdk)
        .map(|(_, edge)| edge)
        .collect();
    let tags: Vec<Tag> = if has_edge_tags {
        gateways.iter().flat_map(|edge| edge.tags.clone()).collect()
    } else if summary.facts.call_type == Some(CallType::Client) {
        Vec::new()
    } else {
        summary.tags.clone()
    };
    let words = [
        (Tag::Silence, 2),
        (Tag::HighLatency, 3),
        (Tag::HighPacketLoss, 4),
        (Tag::HighJitter, 5),
        (Tag::IceFailure, 6),
    ];
    let mut found: Vec<u8> = words
        .into_iter()
        .filter(|(tag, _)| tags.contains(tag))
        .map(|(_, place)| place)
        .collect();
    let has_figures = |edge: &&EdgeSummary| edge.inbound.is_some() || edge.outbound.is_some();
    if gateways.iter().any(has_figures) || found.iter().any(|place| *place < 6) {
        found.push(1);
    }
    if !gateways.is_empty() || !found.is_empty() {
        found.push(0);
    }
    found
}

/// Whether a query is about a call.
pub(super) fn is_wanted(
    query: &StatisticsQuery,
    summary: &CallSummary,
    annotation: &Annotation,
) -> bool {
    let regions = summary.edges.values().flat_map(|edge| {
        let facts = &edge.facts;
        [&facts.media_region, &facts.signaling_region, &facts.region]
    });
    let mut regions = regions.flatten();
    query.filter.matches(summary, annotation)
        && (query.regions.is_empty() || regions.any(|region| query.regions.contains(region)))
}

pub(super) type Found<'a> = Vec<&'a (CallSummary, Annotation)>;

/// The calls of each interval and group.
pub(super) fn expected<'a>(
    query: &StatisticsQuery,
    calls: &'a Calls,
) -> BTreeMap<(Option<TimeUs>, Vec<GroupValue>), Found<'a>> {
    let mut expected: BTreeMap<_, Found<'_>> = BTreeMap::new();
    for call in calls.values() {
        let (summary, annotation) = call;
        if !is_wanted(query, summary, annotation) {
            continue;
        }
        let started = summary.facts.started_at.unwrap().plus_us(query.shift_us);
        let interval = query
            .interval
            .map(|interval| interval.start_of(started, &query.zone));
        let mut groups = vec![Vec::new()];
        for column in &query.group_by {
            let values = values(*column, summary, annotation);
            let with = |group: &Vec<GroupValue>| {
                let group = group.clone();
                let longer = values.iter().map(move |value| {
                    let mut group = group.clone();
                    group.push(value.clone());
                    group
                });
                longer.collect::<Vec<_>>()
            };
            groups = groups.iter().flat_map(with).collect();
        }
        for group in groups {
            expected.entry((interval, group)).or_default().push(call);
        }
    }
    expected
}

pub(super) fn check_tally(tally: &Tally, calls: &Found<'_>) {
    let count = |is: &dyn Fn(&CallSummary, &Annotation) -> bool| {
        calls
            .iter()
            .filter(|(summary, annotation)| is(summary, annotation))
            .count()
    };
    let ratio = |some: usize, of: usize| {
        let [some, of] = [some, of].map(|count| f64::from(u32::try_from(count).unwrap()));
        (of > 0.0).then(|| some * 100.0 / of)
    };
    let all = calls.len();
    assert_eq!(tally.calls, all as u64);
    let is_in = |states: &[CallState], summary: &CallSummary| {
        summary
            .facts
            .state
            .is_some_and(|state| states.contains(&state))
    };
    let declined = |summary: &CallSummary| {
        let facts = &summary.facts;
        facts.last_sip_response == Some(486) || facts.q850_cause == Some(17)
    };
    let answered = count(&|it, _| is_in(&[CallState::Completed, CallState::Answered], it));
    let effective = count(&|it, _| {
        is_in(
            &[CallState::Busy, CallState::NoAnswer, CallState::Canceled],
            it,
        ) || is_in(&[CallState::Fail], it) && declined(it)
    });
    let failed = count(&|it, _| is_in(&[CallState::Fail], it) && !declined(it));
    let seizures = answered + effective + failed;
    assert_eq!(tally.answered(), answered as u64);
    assert_eq!(tally.answer_seizure_ratio(), ratio(answered, seizures));
    assert_eq!(
        tally.network_effectiveness_ratio(),
        ratio(answered + effective, seizures)
    );
    let has_media = |it: &CallSummary| {
        it.edges
            .values()
            .any(|edge| edge.inbound.is_some() || edge.outbound.is_some())
    };
    assert_eq!(tally.measured(), ratio(count(&|it, _| has_media(it)), all));
    assert_eq!(
        tally.tagged(),
        ratio(count(&|it, _| !it.tags.is_empty()), all)
    );
    assert_eq!(
        tally.annotated(),
        ratio(count(&|_, said| !said.is_empty()), all)
    );
    let judged = count(&|_, said| said.spam.is_some());
    assert_eq!(
        tally.spam(),
        ratio(count(&|_, said| said.spam == Some(true)), judged)
    );
    let scores =
        [1, 2, 3, 4, 5].map(|score| count(&|_, said| said.call_score == Some(score)) as u64);
    assert_eq!(tally.scores(), scores);
    for measure in [
        Measure::Duration,
        Measure::ConnectDuration,
        Measure::Pdd,
        Measure::PacketLoss,
        Measure::Jitter,
        Measure::Rtt,
        Measure::Mos,
        Measure::Talk,
        Measure::QueueTime,
    ] {
        check_spread(tally, measure, calls);
    }
    for (column, text) in [
        (Column::Own(Own::From), |it: &CallSummary| {
            it.facts.from.address.clone()
        }),
        (Column::Facet(Facet::ToCountry), |it: &CallSummary| {
            it.facts.to.country_code.clone()
        }),
    ] as [(Column, fn(&CallSummary) -> Option<String>); 2]
    {
        let texts: BTreeSet<_> = calls.iter().filter_map(|(it, _)| text(it)).collect();
        assert_eq!(tally.different(column), texts.len() as u64, "{column:?}");
    }
    for column in WORDS {
        for place in 0..16 {
            let word = GroupValue::Number(u64::from(place));
            let has_word =
                |it: &CallSummary, said: &Annotation| values(column, it, said).contains(&word);
            let told = tally.with_word(column, place);
            assert_eq!(told, count(&has_word) as u64, "{column:?}, {place}");
        }
    }
}

fn check_spread(tally: &Tally, measure: Measure, calls: &Found<'_>) {
    let worst = |summary: &CallSummary, figure: fn(&Counters) -> Option<f64>, is_low_bad: bool| {
        let edges = summary.edges.values();
        let streams = edges.flat_map(|edge| edge.inbound.iter().chain(&edge.outbound));
        let figures = streams.filter_map(figure);
        let worst = if is_low_bad {
            figures.reduce(f64::min)
        } else {
            figures.reduce(f64::max)
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small numbers"
        )]
        worst.map(|figure| (figure * 1000.0).round() as u64)
    };
    let value = |summary: &CallSummary| match measure {
        Measure::Duration => summary.facts.duration_s,
        Measure::ConnectDuration => summary.facts.connect_duration_s,
        Measure::Pdd => summary.facts.pdd_ms,
        Measure::Talk => talk_s(summary),
        Measure::QueueTime => summary.facts.queue_time_ms,
        Measure::PacketLoss => worst(summary, |it| it.loss_percent, false),
        Measure::Jitter => worst(summary, |it| it.jitter_ms?.avg, false),
        Measure::Rtt => worst(summary, |it| it.rtt_ms?.avg, false),
        _ => worst(summary, |it| it.mos?.avg, true),
    };
    let mut values: Vec<u64> = calls
        .iter()
        .filter_map(|(summary, _)| value(summary))
        .collect();
    values.sort_unstable();
    let spread = tally.spread(measure);
    assert_eq!(
        spread.map_or(0, |it| it.count()),
        values.len() as u64,
        "{measure}"
    );
    let Some(spread) = spread else { return };
    let sum: u64 = values.iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let mean = sum as f64 / values.len() as f64;
    assert_eq!(spread.mean(), Some(mean), "{measure}");
    for percent in [50, 95, 99] {
        let rank = (values.len() * percent).div_ceil(100);
        let exact = values[rank - 1];
        let told = spread.percentile(percent as u64).unwrap();
        assert!(
            told.abs_diff(exact) * 100 <= exact,
            "{measure} p{percent}: {told} for {exact}"
        );
    }
}
