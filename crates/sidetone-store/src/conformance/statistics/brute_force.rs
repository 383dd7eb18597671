//! Statistics as they follow from the calls, one by one.

use std::collections::{BTreeMap, BTreeSet};

use sidetone_core::annotation::{Annotation, QualityIssue};
use sidetone_core::media::Counters;
use sidetone_core::statistics::Measure;
use sidetone_core::summary::{CallSummary, EdgeSummary};
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::CallState;

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
        other => panic!("{other:?}"),
    };
    if values.is_empty() {
        values.push(GroupValue::Unknown);
    }
    values
}

/// The calls that a store should count, by number.
pub(super) type Calls = BTreeMap<u64, (CallSummary, Annotation)>;

pub(super) type Found<'a> = Vec<&'a (CallSummary, Annotation)>;

/// The calls of each interval and group.
pub(super) fn expected<'a>(
    query: &StatisticsQuery,
    calls: &'a Calls,
) -> BTreeMap<(Option<TimeUs>, Vec<GroupValue>), Found<'a>> {
    let mut expected: BTreeMap<_, Found<'_>> = BTreeMap::new();
    for call in calls.values() {
        let (summary, annotation) = call;
        if !query.filter.matches(summary, annotation) {
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
        Measure::Pdd,
        Measure::PacketLoss,
        Measure::Jitter,
        Measure::Rtt,
        Measure::Mos,
    ] {
        check_spread(tally, measure, calls);
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
        Measure::Duration => summary
            .facts
            .connect_duration_s
            .or(summary.facts.duration_s),
        Measure::Pdd => summary.facts.pdd_ms,
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
