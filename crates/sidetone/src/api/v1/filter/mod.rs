//! The parameters that narrow the list of summaries, as a filter.

pub mod alias;
mod search;
pub mod time;

use sidetone_core::annotation::{ConnectivityIssue, QualityIssue};
use sidetone_core::filter::{ProcessingFilter, SortBy, SummaryFilter};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{CallDirection, CallState};

use self::search::party;
use self::time::Bound;
use crate::api::words::Words;
use crate::web::form::{Invalid, Params, Value};

/// The parameters that narrow or order a list, under their names of today.
pub const NAMES: &[&str] = &[
    "StartTime",
    "EndTime",
    "ProcessingState",
    "SortBy",
    "Subaccount",
    "From",
    "To",
    "Number",
    "UserAgent",
    "SipCallId",
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

/// What was asked for, in our terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Which calls.
    pub filter: SummaryFilter,
    /// The earliest start is our default.
    pub start_by_default: bool,
    /// The state is our default.
    pub processing_by_default: bool,
    /// `ConnectivityIssueAnnotation` named quality issues, and was taken as
    /// `QualityIssueAnnotation`.
    pub quality_for_connectivity: bool,
}

/// Reads the filters. Names are canonical already: see [`alias::canonical`].
///
/// # Errors
/// When a value is malformed.
pub fn read(params: &Params, account: AccountSid, now: TimeUs) -> Result<Asked, Invalid> {
    let sip_call = search::sip_call(params, account)?;
    // Who has the name of one call wants it, whenever it was and whatever its state.
    let has_defaults = sip_call.is_none();
    let all = SummaryFilter::all(account);
    let bound = |name, default, bound, widest| match params.filled(name) {
        Some(value) => time::read(value, now, bound),
        None if has_defaults => {
            let text = default;
            time::read(Value { name, text }, now, bound)
        }
        None => Ok(widest),
    };
    let started_from = bound("StartTime", DEFAULT_START, Bound::Start, all.started_from)?;
    let ended_until = bound("EndTime", DEFAULT_END, Bound::End, all.ended_until)?;
    let (connectivity_issue, taken_as_quality) = connectivity(params)?;
    let mut quality_issue = words(params, "QualityIssueAnnotation")?;
    let quality_for_connectivity = !taken_as_quality.is_empty();
    quality_issue.extend(taken_as_quality);
    let processing = params.filled("ProcessingState");
    let filter = SummaryFilter {
        started_from,
        ended_until,
        include_running: ended_until >= now,
        processing: match processing {
            Some(value) => processing_state(value)?,
            None if has_defaults => ProcessingFilter::Completed,
            None => all.processing,
        },
        sort_by: match params.filled("SortBy") {
            Some(value) => value.word()?,
            None => SortBy::EndTime,
        },
        from: party(params, "From"),
        to: party(params, "To"),
        number: search::number(params)?,
        user_agent: search::user_agent(params)?,
        sip_call,
        from_carrier: text(params, "FromCarrier"),
        to_carrier: text(params, "ToCarrier"),
        from_country: country(params, "FromCountryCode")?,
        to_country: country(params, "ToCountryCode")?,
        verified_caller: flag(params, "VerifiedCaller")?,
        has_tag: flag(params, "HasTag")?,
        call_type: words(params, "CallType")?,
        call_state: respelled(params, "CallState", call_state)?,
        direction: respelled(params, "Direction", direction)?,
        abnormal_session: flag(params, "AbnormalSession")?,
        answered_by: words(params, "AnsweredBy")?,
        answered_by_heard: words(params, "AnsweredByAnnotation")?,
        connectivity_issue,
        quality_issue,
        spam: flag(params, "SpamAnnotation")?,
        call_score: scores(params)?,
        branded_enabled: flag(params, "BrandedEnabled")?,
        branded_logo: flag(params, "BrandedLogo")?,
        branded_bundle_sid: text(params, "BrandedBundleSid"),
        branded_type: text(params, "BrandedType"),
        branded_use_case: text(params, "BrandedUseCase"),
        branded_call_reason: text(params, "BrandedCallReason"),
        voice_integrity_enabled: flag(params, "VoiceIntegrityEnabled")?,
        voice_integrity_bundle_sid: text(params, "VoiceIntegrityBundleSid"),
        voice_integrity_use_case: text(params, "VoiceIntegrityUseCase"),
        business_bundle_sid: text(params, "BusinessProfileBundleSid"),
        business_identity: text(params, "BusinessProfileIdentity"),
        business_industry: text(params, "BusinessProfileIndustry"),
        business_type: text(params, "BusinessProfileType"),
        ..all
    };
    Ok(Asked {
        filter,
        start_by_default: has_defaults && params.filled("StartTime").is_none(),
        processing_by_default: has_defaults && processing.is_none(),
        quality_for_connectivity,
    })
}

fn flag(params: &Params, name: &str) -> Result<Option<bool>, Invalid> {
    params.filled(name).map(|value| value.boolean()).transpose()
}

/// One exact value. Commas belong to it: a carrier is called `T-Mobile USA, Inc.`
fn text(params: &Params, name: &str) -> Vec<String> {
    let value = params.filled(name);
    value
        .map(|value| value.text.to_owned())
        .into_iter()
        .collect()
}

fn country(params: &Params, name: &str) -> Result<Vec<String>, Invalid> {
    let Some(value) = params.filled(name) else {
        return Ok(Vec::new());
    };
    if value.text.len() == 2 && value.text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        Ok(vec![value.text.to_ascii_uppercase()])
    } else {
        Err(value.invalid("a country code of two letters (ISO 3166-1 alpha-2)"))
    }
}

fn words<T>(params: &Params, name: &str) -> Result<Vec<T>, Invalid>
where
    T: std::str::FromStr<Err = sidetone_core::vocabulary::UnknownWord> + PartialEq,
{
    let value = params.filled(name);
    value.map_or_else(|| Ok(Vec::new()), |value| value.words())
}

/// A list of words that have another spelling elsewhere.
fn respelled<T: PartialEq>(
    params: &Params,
    name: &str,
    read: impl Fn(Value<'_>) -> Result<T, Invalid>,
) -> Result<Vec<T>, Invalid> {
    let mut words = Vec::new();
    for item in params.filled(name).iter().flat_map(|value| value.items()) {
        let word = read(item)?;
        if !words.contains(&word) {
            words.push(word);
        }
    }
    Ok(words)
}

/// The 2010 API says `failed` and `no-answer`.
fn call_state(value: Value<'_>) -> Result<CallState, Invalid> {
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

fn scores(params: &Params) -> Result<Vec<u8>, Invalid> {
    respelled(params, "CallScoreAnnotation", |value| value.integer(1..=5))
}

/// Connectivity issues; or, when only quality issues are named, those (the original's own example
/// does that).
fn connectivity(params: &Params) -> Result<(Vec<ConnectivityIssue>, Vec<QualityIssue>), Invalid> {
    const NAME: &str = "ConnectivityIssueAnnotation";
    match words(params, NAME) {
        Ok(issues) => Ok((issues, Vec::new())),
        Err(invalid) => match words(params, NAME) {
            Ok(issues) => Ok((Vec::new(), issues)),
            Err(_) => Err(invalid),
        },
    }
}

#[cfg(test)]
mod tests;
