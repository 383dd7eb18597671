use std::collections::BTreeMap;

use sidetone_core::annotation::QualityIssue;
use sidetone_core::facts::CallFacts;
use sidetone_core::filter::{ProcessingFilter, SummaryFilter};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{CallState, ProcessingState, Tag};

use super::asked::{ranges, wanted};
use super::*;

fn summary(facts: CallFacts) -> CallSummary {
    CallSummary {
        call: CallRef {
            account: AccountSid::from_bytes([1; 16]),
            sid: CallSid::from_bytes([1; 16]),
        },
        processing: ProcessingState::Partial,
        fold_version: 1,
        rules_day: None,
        sides_digest: None,
        facts,
        edges: BTreeMap::new(),
        sip: None,
        tags: Vec::new(),
        reasons: Vec::new(),
        pdd_limit: None,
        end_not_seen: false,
        last_event_at: TimeUs::from_micros(0),
        imported: None,
        beside: None,
        imported_annotation: None,
    }
}

/// Those that have a value.
fn said<'a, const N: usize>(facets: [(Facet, Option<Value<'a>>); N]) -> Vec<(Facet, Value<'a>)> {
    let said = facets.into_iter();
    said.filter_map(|(facet, value)| Some((facet, value?)))
        .collect()
}

#[test]
fn each_facet_is_of_a_summary_or_of_an_annotation() {
    let summary = summary(CallFacts::default());
    let of_summary = of_summary(&summary).map(|(facet, _)| facet);
    assert!(of_summary.iter().all(|facet| !facet.is_judged()));
    let of_annotation = of_annotation(&Annotation::default()).map(|(facet, _)| facet);
    assert_eq!(of_annotation, Facet::JUDGED);
    assert!(of_annotation.iter().all(|facet| facet.is_judged()));
    let both: BTreeSet<_> = of_summary.into_iter().chain(of_annotation).collect();
    assert!(both.iter().eq(Facet::ALL));
    assert!(
        Facet::ALL
            .iter()
            .enumerate()
            .all(|(at, facet)| *facet as usize == at)
    );
}

#[test]
fn start_and_end_make_keys() {
    #[track_caller]
    fn check(started: Option<i64>, ended: Option<i64>, expected: Option<(i64, Shape)>) {
        let summary = summary(CallFacts {
            started_at: started.map(TimeUs::from_micros),
            ended_at: ended.map(TimeUs::from_micros),
            ..CallFacts::default()
        });
        let keys = Keys::of(&summary);
        assert_eq!(keys.map(|keys| (keys.end_key(), keys.shape())), expected);
    }
    check(None, None, None);
    check(None, Some(5), None);
    check(Some(5), None, Some((RUNNING_BASE + 5, Shape::Running)));
    check(Some(5), Some(5), Some((5, Shape::Ended)));
    check(Some(5), Some(4), Some((4, Shape::Skewed)));
}

#[test]
fn delays_are_counted_in_steps() {
    for (ms, bin) in [
        (None, None),
        (Some(0), Some(0)),
        (Some(99), Some(0)),
        (Some(100), Some(1)),
        (Some(6_553_500), Some(65_535)),
        (Some(u64::MAX), Some(65_535)),
    ] {
        let facts = CallFacts {
            pdd_ms: ms,
            ..CallFacts::default()
        };
        assert_eq!(pdd_bin(&summary(facts)), bin, "{ms:?}");
    }
}

#[test]
fn a_summary_says_what_is_known() {
    let mut summary = summary(CallFacts {
        state: Some(CallState::Completed),
        last_sip_response: Some(486),
        ..CallFacts::default()
    });
    summary.facts.to.carrier = Some("Carrier".into());
    summary.tags = vec![Tag::Silence];
    let expected = [
        (
            Facet::CallState,
            Value::Number(CallState::Completed.index()),
        ),
        (Facet::AbnormalSession, Value::Number(1)),
        (Facet::HasTag, Value::Number(1)),
        (Facet::Tags, Value::Set(1 << Tag::Silence.index())),
        (
            Facet::Processing,
            Value::Number(ProcessingState::Partial.index()),
        ),
        (Facet::ToCarrier, Value::Text("Carrier")),
        (Facet::SipResponse, Value::Figure(486)),
        (Facet::Measured, Value::Number(0)),
    ];
    assert_eq!(said(of_summary(&summary)), expected);
}

#[test]
fn an_annotation_says_what_people_said() {
    assert_eq!(said(of_annotation(&Annotation::default())), []);
    let annotation = Annotation {
        quality_issues: Some(vec![QualityIssue::Echo, QualityIssue::LowVolume]),
        spam: Some(false),
        ..Annotation::default()
    };
    let issues = 1 << QualityIssue::Echo.index() | 1 << QualityIssue::LowVolume.index();
    let expected = [
        (Facet::Judged, Value::Number(1)),
        (Facet::QualityIssues, Value::Set(issues)),
        (Facet::Spam, Value::Number(0)),
    ];
    assert_eq!(said(of_annotation(&annotation)), expected);
    let comment = Annotation {
        comment: Some("noise".into()),
        incident: Some("INC 1".into()),
        ..Annotation::default()
    };
    assert_eq!(
        said(of_annotation(&comment)),
        [
            (Facet::Judged, Value::Number(1)),
            (Facet::Commented, Value::Number(1)),
            (Facet::Incident, Value::Name("INC 1")),
        ]
    );
}

#[test]
fn a_filter_asks_for_the_same_values() {
    let mut filter = SummaryFilter::all(AccountSid::from_bytes([1; 16]));
    assert_eq!(wanted(&filter), []);
    filter.processing = ProcessingFilter::Started;
    filter.call_score = vec![1, 5];
    filter.quality_issue = vec![QualityIssue::Echo];
    filter.has_tag = Some(false);
    filter.to_carrier = vec!["Carrier".into()];
    assert_eq!(ranges(&filter), []);
    filter.min_duration_s = Some(3);
    filter.max_mos = Some(350);
    let least_and_most = [(Facet::Duration, 3..=u32::MAX), (Facet::Mos, 0..=350)];
    assert_eq!(ranges(&filter), least_and_most);
    let expected = [
        (Facet::Shape, vec![Value::Number(2)]),
        (
            Facet::QualityIssues,
            vec![Value::Number(QualityIssue::Echo.index())],
        ),
        (Facet::CallScore, vec![Value::Number(1), Value::Number(5)]),
        (Facet::HasTag, vec![Value::Number(0)]),
        (Facet::ToCarrier, vec![Value::Text("Carrier")]),
    ];
    assert_eq!(wanted(&filter), expected);
}
