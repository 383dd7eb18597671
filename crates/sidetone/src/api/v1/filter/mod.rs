//! The parameters that narrow the list of summaries, as a filter.

pub mod alias;
mod choice;
mod figures;
mod search;
pub mod time;

use std::str::FromStr;

use sidetone_core::annotation::{ConnectivityIssue, QualityIssue};
use sidetone_core::filter::{ProcessingFilter, SummaryFilter};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{CallDirection, CallState, EdgeKind, UnknownWord};

use self::choice::Choice;
use self::time::Bound;
use crate::api::words::Words;
use crate::web::form::{Invalid, Params, Value};

/// The parameters that narrow or order a list, under their names of today.
pub const NAMES: &[&str] = &[
    "StartTime",
    "StartedBefore",
    "EndTime",
    "ProcessingState",
    "SortBy",
    "IncludeTotal",
    "Subaccount",
    "From",
    "To",
    "Number",
    "UserAgent",
    "SipCallId",
    "CallSids",
    "ParentCallSid",
    "Q",
    "Agent",
    "Tag",
    "MinDuration",
    "MaxDuration",
    "MinPdd",
    "SipResponse",
    "MinPacketLoss",
    "MinJitter",
    "MaxMos",
    "Codec",
    "Edge",
    "Measured",
    "Annotated",
    "Comment",
    "Incident",
    "FromCarrier",
    "ToCarrier",
    "FromCountryCode",
    "ToCountryCode",
    "VerifiedCaller",
    "HasTag",
    "CallType",
    "CallState",
    "Direction",
    "AbnormalSession",
    "AnsweredBy",
    "AnsweredByAnnotation",
    "ConnectivityIssueAnnotation",
    "QualityIssueAnnotation",
    "SpamAnnotation",
    "CallScoreAnnotation",
    "BrandedEnabled",
    "BrandedLogo",
    "BrandedBundleSid",
    "BrandedType",
    "BrandedUseCase",
    "BrandedCallReason",
    "VoiceIntegrityEnabled",
    "VoiceIntegrityBundleSid",
    "VoiceIntegrityUseCase",
    "BusinessProfileBundleSid",
    "BusinessProfileIdentity",
    "BusinessProfileIndustry",
    "BusinessProfileType",
];

/// How far back a list reaches when it is not said.
const DEFAULT_START: &str = "4h";
const DEFAULT_END: &str = "0m";

/// Which calls a request is about, in our terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Which calls.
    pub filter: SummaryFilter,
    /// The earliest start is our default.
    pub start_by_default: bool,
    /// The state is our default.
    pub processing_by_default: bool,
    /// How many there are is asked for, too.
    pub with_total: bool,
    /// `ConnectivityIssueAnnotation` named quality issues, and was taken as
    /// `QualityIssueAnnotation`.
    pub quality_for_connectivity: bool,
}

/// Reads the filters. Names are canonical already: see [`alias::canonical`].
///
/// # Errors
/// When a value is malformed.
pub fn read(params: &Params, account: AccountSid, now: TimeUs) -> Result<Selection, Invalid> {
    let mut filter = SummaryFilter::all(account);
    search::read(params, &mut filter)?;
    figures::read(params, &mut filter)?;
    let quality_for_connectivity = words(params, &mut filter)?;
    texts(params, &mut filter)?;
    flags(params, &mut filter)?;
    // Who has something in hand of a call wants it, whenever it was and whatever its state.
    let has_defaults = filter.sip_call.is_empty()
        && filter.call_sid.is_empty()
        && filter.parent.is_empty()
        && filter.needle.is_none();
    let bound = |name, default, bound, widest| match params.filled(name) {
        Some(value) => time::read(value, now, bound),
        None if has_defaults => {
            let text = default;
            time::read(Value { name, text }, now, bound)
        }
        None => Ok(widest),
    };
    filter.started_from = bound(
        "StartTime",
        DEFAULT_START,
        Bound::Start,
        filter.started_from,
    )?;
    if let Some(value) = params.filled("StartedBefore") {
        filter.started_before = time::read(value, now, Bound::Start)?;
    }
    filter.ended_until = bound("EndTime", DEFAULT_END, Bound::End, filter.ended_until)?;
    filter.include_running = filter.ended_until >= now;
    let processing = params.filled("ProcessingState");
    filter.processing = match processing {
        Some(value) => processing_state(value)?,
        None if has_defaults => ProcessingFilter::Completed,
        None => filter.processing,
    };
    if let Some(value) = params.filled("SortBy") {
        filter.sort_by = value.word()?;
    }
    Ok(Selection {
        filter,
        start_by_default: has_defaults && params.filled("StartTime").is_none(),
        processing_by_default: has_defaults && processing.is_none(),
        with_total: match params.filled("IncludeTotal") {
            Some(value) => value.boolean()?,
            None => false,
        },
        quality_for_connectivity,
    })
}

/// Words of closed sets. Says whether quality issues were asked for by the name of the other ones:
/// the original's own example does that.
fn words(params: &Params, filter: &mut SummaryFilter) -> Result<bool, Invalid> {
    fn of<T: FromStr<Err = UnknownWord> + PartialEq>(
        params: &Params,
        name: &str,
    ) -> Result<Choice<T>, Invalid> {
        Choice::of_lists(params, name, |value| value.word())
    }
    of(params, "CallType")?.put(filter, |filter| &mut filter.call_type);
    Choice::of_lists(params, "CallState", call_state)?.put(filter, |filter| &mut filter.call_state);
    Choice::of_lists(params, "Direction", direction)?.put(filter, |filter| &mut filter.direction);
    of(params, "AnsweredBy")?.put(filter, |filter| &mut filter.answered_by);
    of(params, "Tag")?.put(filter, |filter| &mut filter.tag);
    Choice::of_lists(params, "Edge", edge)?.put(filter, |filter| &mut filter.edge);
    Choice::of_many(params, "SipResponse", figures::responses)?
        .put(filter, |filter| &mut filter.sip_response);
    of(params, "AnsweredByAnnotation")?.put(filter, |filter| &mut filter.answered_by_heard);
    Choice::of_lists(params, "CallScoreAnnotation", |value| value.integer(1..=5))?
        .put(filter, |filter| &mut filter.call_score);
    let mut quality: Choice<QualityIssue> = of(params, "QualityIssueAnnotation")?;
    const CONNECTIVITY: &str = "ConnectivityIssueAnnotation";
    let mut taken_as_quality = false;
    match of::<ConnectivityIssue>(params, CONNECTIVITY) {
        Ok(issues) => issues.put(filter, |filter| &mut filter.connectivity_issue),
        Err(invalid) => {
            let issues = of::<QualityIssue>(params, CONNECTIVITY).map_err(|_| invalid)?;
            quality.any.extend(issues.any);
            quality.none.extend(issues.none);
            taken_as_quality = true;
        }
    }
    quality.put(filter, |filter| &mut filter.quality_issue);
    Ok(taken_as_quality)
}

/// Texts that are exactly so.
fn texts(params: &Params, filter: &mut SummaryFilter) -> Result<(), Invalid> {
    type Field = fn(&mut SummaryFilter) -> &mut Vec<String>;
    const TEXTS: [(&str, Field); 12] = [
        ("FromCarrier", |filter| &mut filter.from_carrier),
        ("ToCarrier", |filter| &mut filter.to_carrier),
        ("BrandedBundleSid", |filter| &mut filter.branded_bundle_sid),
        ("BrandedType", |filter| &mut filter.branded_type),
        ("BrandedUseCase", |filter| &mut filter.branded_use_case),
        ("BrandedCallReason", |filter| {
            &mut filter.branded_call_reason
        }),
        ("VoiceIntegrityBundleSid", |filter| {
            &mut filter.voice_integrity_bundle_sid
        }),
        ("VoiceIntegrityUseCase", |filter| {
            &mut filter.voice_integrity_use_case
        }),
        ("BusinessProfileBundleSid", |filter| {
            &mut filter.business_bundle_sid
        }),
        ("BusinessProfileIdentity", |filter| {
            &mut filter.business_identity
        }),
        ("BusinessProfileIndustry", |filter| {
            &mut filter.business_industry
        }),
        ("BusinessProfileType", |filter| &mut filter.business_type),
    ];
    for (name, field) in TEXTS {
        let text = |value: Value<'_>| Ok(vec![value.text.to_owned()]);
        Choice::of_texts(params, name, text)?.put(filter, field);
    }
    Choice::of_lists(params, "FromCountryCode", country)?
        .put(filter, |filter| &mut filter.from_country);
    Choice::of_lists(params, "ToCountryCode", country)?
        .put(filter, |filter| &mut filter.to_country);
    Ok(())
}

fn flags(params: &Params, filter: &mut SummaryFilter) -> Result<(), Invalid> {
    let flag = |name| {
        let value = params.filled(name);
        value.map(Value::boolean).transpose()
    };
    filter.verified_caller = flag("VerifiedCaller")?;
    filter.has_tag = flag("HasTag")?;
    filter.measured = flag("Measured")?;
    filter.annotated = flag("Annotated")?;
    filter.abnormal_session = flag("AbnormalSession")?;
    filter.spam = flag("SpamAnnotation")?;
    filter.branded_enabled = flag("BrandedEnabled")?;
    filter.branded_logo = flag("BrandedLogo")?;
    filter.voice_integrity_enabled = flag("VoiceIntegrityEnabled")?;
    Ok(())
}

/// A country, in upper case.
///
/// # Errors
/// When it is none.
pub fn country(value: Value<'_>) -> Result<String, Invalid> {
    if value.text.len() == 2 && value.text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        Ok(value.text.to_ascii_uppercase())
    } else {
        Err(value.invalid("a country code of two letters (ISO 3166-1 alpha-2)"))
    }
}

/// With `_edge` behind it or without.
fn edge(value: Value<'_>) -> Result<EdgeKind, Invalid> {
    let with_edge = format!("{}_edge", value.text);
    let short = Value {
        text: &with_edge,
        ..value
    };
    short.word().or_else(|_| value.word())
}

/// The 2010 API says `failed` and `no-answer`.
///
/// # Errors
/// When it is none of the states.
pub fn call_state(value: Value<'_>) -> Result<CallState, Invalid> {
    match value.text {
        "failed" => Ok(CallState::Fail),
        "no-answer" => Ok(CallState::NoAnswer),
        _ => value.word(),
    }
}

/// Documents write it with hyphens, responses with underscores.
fn direction(value: Value<'_>) -> Result<CallDirection, Invalid> {
    let text = value.text.replace('-', "_");
    Value {
        name: value.name,
        text: &text,
    }
    .word()
    .map_err(|_| value.invalid(format_args!("one of {}", CallDirection::WORDS.join(", "))))
}

/// Responses say `complete` where the filter says `completed`.
fn processing_state(value: Value<'_>) -> Result<ProcessingFilter, Invalid> {
    match value.text {
        "complete" => Ok(ProcessingFilter::Completed),
        _ => value.word(),
    }
}

#[cfg(test)]
mod tests;
