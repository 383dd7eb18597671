//! What a filter asks of facets.

use std::ops::RangeInclusive;

use sidetone_core::filter::{ProcessingFilter, SummaryFilter};
use sidetone_core::vocabulary::ProcessingState;

use super::{Facet, Shape, Value};

/// The least and the most that a filter asks of figures.
#[must_use]
pub fn ranges(filter: &SummaryFilter) -> Vec<(Facet, RangeInclusive<u32>)> {
    let between = |least: Option<u32>, most: Option<u32>| {
        (least.is_some() || most.is_some()).then(|| least.unwrap_or(0)..=most.unwrap_or(u32::MAX))
    };
    [
        (
            Facet::Duration,
            between(filter.min_duration_s, filter.max_duration_s),
        ),
        (Facet::Pdd, between(filter.min_pdd_ms, None)),
        (Facet::Loss, between(filter.min_loss, None)),
        (Facet::Jitter, between(filter.min_jitter, None)),
        (Facet::Mos, between(None, filter.max_mos)),
    ]
    .into_iter()
    .filter_map(|(facet, range)| Some((facet, range?)))
    .collect()
}

/// What a filter asks of facets: to have one of some values each. Times, parties, ranges, fragments of
/// texts and names of calls are none, nor are codecs, which stand together in one text.
#[must_use]
pub fn wanted(filter: &SummaryFilter) -> Vec<(Facet, Vec<Value<'_>>)> {
    let mut wanted = Vec::new();
    let mut want = |facet, values: Vec<_>| {
        if !values.is_empty() {
            wanted.push((facet, values));
        }
    };
    let processing = |state: ProcessingState| vec![Value::Number(state.index())];
    match filter.processing {
        ProcessingFilter::All => {}
        ProcessingFilter::Started => {
            want(Facet::Shape, vec![Value::Number(Shape::Running as u8)]);
        }
        ProcessingFilter::Completed => {
            want(Facet::Processing, processing(ProcessingState::Complete));
        }
        ProcessingFilter::Partial => want(Facet::Processing, processing(ProcessingState::Partial)),
    }
    macro_rules! words {
        ($($facet:ident $field:ident,)+) => {
            $(want(Facet::$facet, filter.$field.iter().map(|it| Value::Number(it.index())).collect());)+
        };
    }
    words! {
        CallType call_type,
        CallState call_state,
        Direction direction,
        AnsweredBy answered_by,
        Tags tag,
        Edges edge,
        Heard answered_by_heard,
        ConnectivityIssue connectivity_issue,
        QualityIssues quality_issue,
    }
    let scores = filter.call_score.iter();
    want(
        Facet::CallScore,
        scores.map(|score| Value::Number(*score)).collect(),
    );
    let responses = filter.sip_response.iter();
    want(
        Facet::SipResponse,
        responses
            .map(|code| Value::Figure((*code).into()))
            .collect(),
    );
    want(
        Facet::Judged,
        filter
            .annotated
            .filter(|is| *is)
            .map(|_| Value::Number(1))
            .into_iter()
            .collect(),
    );
    let incidents = filter.incident.iter();
    want(
        Facet::Incident,
        incidents.map(|incident| Value::Name(incident)).collect(),
    );
    if !filter.comment.is_empty() {
        want(Facet::Commented, vec![Value::Number(1)]);
    }
    for (facet, is_on) in [
        (Facet::Measured, filter.measured),
        (Facet::HasTag, filter.has_tag),
        (Facet::AbnormalSession, filter.abnormal_session),
        (Facet::Spam, filter.spam),
        (Facet::VerifiedCaller, filter.verified_caller),
        (Facet::BrandedEnabled, filter.branded_enabled),
        (Facet::BrandedLogo, filter.branded_logo),
        (Facet::IntegrityEnabled, filter.voice_integrity_enabled),
    ] {
        let values = is_on.map(|is_on| Value::Number(is_on.into()));
        want(facet, values.into_iter().collect());
    }
    for (facet, texts) in [
        (Facet::FromCarrier, &filter.from_carrier),
        (Facet::ToCarrier, &filter.to_carrier),
        (Facet::FromCountry, &filter.from_country),
        (Facet::ToCountry, &filter.to_country),
        (Facet::BrandedBundle, &filter.branded_bundle_sid),
        (Facet::BrandedType, &filter.branded_type),
        (Facet::BrandedUseCase, &filter.branded_use_case),
        (Facet::BrandedCallReason, &filter.branded_call_reason),
        (Facet::IntegrityBundle, &filter.voice_integrity_bundle_sid),
        (Facet::IntegrityUseCase, &filter.voice_integrity_use_case),
        (Facet::BusinessBundle, &filter.business_bundle_sid),
        (Facet::BusinessIdentity, &filter.business_identity),
        (Facet::BusinessIndustry, &filter.business_industry),
        (Facet::BusinessType, &filter.business_type),
    ] {
        want(facet, texts.iter().map(|text| Value::Text(text)).collect());
    }
    wanted
}
