//! `/v1/Voice/{CallSid}/Summary`: all that is known of a call.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sidetone_core::feedback::FeedbackIssue;
use sidetone_core::id::CallRef;
use sidetone_core::summary::CallSummary;
use sidetone_store::feedback::FeedbackRecord;
use sidetone_store::{CallRecord, Shown};

use super::lookup;
use super::path::CallPath;
use super::render::tag_reasons::TagReasons;
use super::render::{CallUrl, Seconds, SummaryUrl, template};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::app::App;
use crate::recording::{Recorded, RecordingUrl};
use crate::web::base_url::BaseUrl;
use crate::web::form::{Invalid, Params, Value};
use crate::web::json::Written;

/// Which summary will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// A complete one only.
    Complete,
    /// The best there is.
    Best,
}

/// Answers with the summary.
///
/// # Errors
/// When there is no such call, or no summary of the state wanted.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    CallPath(sid): CallPath,
    BaseUrl(base): BaseUrl,
    Query(params): Query,
) -> Result<Response, ApiError> {
    let wanted = wanted(&params).map_err(ApiError::invalid_query)?;
    let included = Included::read(&params).map_err(ApiError::invalid_query)?;
    if included.recording && !caller.sees_numbers() {
        return Err(ApiError::not_allowed(
            "Whose telephone numbers are masked may not have recordings.",
        ));
    }
    let record = match included.tag_reasons || included.recording {
        true => whole(lookup::record(&app, &caller, sid).await?),
        false => lookup::shown(&app, &caller, sid).await?,
    };
    let shown = record.summary.as_ref().ok_or_else(ApiError::no_summary)?;
    match template::is_complete(shown) {
        Ok(false) if wanted == Wanted::Complete => return Err(ApiError::not_complete()),
        Err(error) => return Ok(Written(Err(error)).into_response()),
        Ok(_) => {}
    }
    let url = SummaryUrl::Own(CallUrl {
        base: &base,
        sid: record.call.sid,
        part: "/Summary",
    });
    let mut json = Vec::new();
    let mut written = template::write(&mut json, &record, shown, url);
    if included.feedback {
        let found = lookup::found(app.store.feedback(record.call).await?, sid)?;
        let feedback = found.as_ref().map(Feedback::of);
        written = written.and_then(|()| add(&mut json, "feedback", &feedback));
    }
    if let Shown::Summary(summary) = shown {
        if included.tag_reasons {
            let reasons = TagReasons::of(summary);
            written = written.and_then(|()| add(&mut json, "tag_reasons", &reasons));
        }
        if included.recording {
            let template = app.config.recording_url.as_ref();
            let recording = template.map(|template| Recording::of(template, record.call, summary));
            written = written.and_then(|()| add(&mut json, "recording", &recording));
        }
    }
    Ok(Written(written.map(|()| json)).into_response())
}

/// The caller's rating, as a member of a summary.
#[derive(Serialize)]
struct Feedback {
    quality_score: u8,
    issues: Vec<FeedbackIssue>,
    date_updated: Seconds,
}

impl Feedback {
    fn of(record: &FeedbackRecord) -> Self {
        Self {
            quality_score: record.feedback.score,
            issues: record.feedback.issues.iter().collect(),
            date_updated: Seconds(record.updated_at),
        }
    }
}

/// Where the call's recording is, as a member of a summary.
#[derive(Serialize)]
struct Recording {
    url: Option<String>,
    /// What the URL has and is not known of the call.
    missing: Option<&'static str>,
}

impl Recording {
    fn of(template: &RecordingUrl, call: CallRef, summary: &CallSummary) -> Self {
        let of_edges = summary.edges.values();
        let of_edges = of_edges.filter_map(|edge| edge.facts.sip_call_id.as_deref());
        let of_call = summary.sip.iter().flat_map(|sip| &sip.call_ids);
        let recorded = Recorded {
            account: call.account,
            call: call.sid,
            sip_call_id: of_call.map(String::as_str).chain(of_edges).next(),
            started_at: summary.facts.started_at,
        };
        match template.of(&recorded) {
            Ok(url) => Self {
                url: Some(url),
                missing: None,
            },
            Err(missing) => Self {
                url: None,
                missing: Some(missing.as_str()),
            },
        }
    }
}

/// The summary itself is what readers are shown.
fn whole(record: CallRecord) -> CallRecord<Shown> {
    CallRecord {
        call: record.call,
        summary: record.summary.map(|it| Shown::Summary(Box::new(it))),
        processing_version: record.processing_version,
        annotation: record.annotation,
        annotation_revision: record.annotation_revision,
        advanced_features: record.advanced_features,
        placeholder: record.placeholder,
    }
}

/// Writes a last member into an object.
fn add(json: &mut Vec<u8>, name: &str, value: &impl Serialize) -> serde_json::Result<()> {
    let end = json.pop();
    json.push(b',');
    serde_json::to_writer(&mut *json, name)?;
    json.push(b':');
    serde_json::to_writer(&mut *json, value)?;
    json.extend(end);
    Ok(())
}

/// What is told beside what the original tells.
#[derive(Debug, Default)]
struct Included {
    feedback: bool,
    tag_reasons: bool,
    recording: bool,
}

impl Included {
    fn read(params: &Params) -> Result<Self, Invalid> {
        let mut included = Self::default();
        let named = params.all("Include").flat_map(Value::items);
        for value in named {
            match value.text {
                "feedback" => included.feedback = true,
                "tag_reasons" => included.tag_reasons = true,
                "recording" => included.recording = true,
                _ => {
                    return Err(value
                        .invalid("any of feedback, tag_reasons, recording, separated by commas"));
                }
            }
        }
        Ok(included)
    }
}

/// Erases the call: all that is known and was said of it, for good.
///
/// # Errors
/// When there is no such call, or no more.
pub async fn erase(
    State(app): State<App>,
    caller: Caller,
    CallPath(sid): CallPath,
) -> Result<StatusCode, ApiError> {
    let found = app.store.annotation(lookup::scope(&caller), sid).await?;
    let call = lookup::found(found, sid)?.call;
    let by = caller.who.to_string();
    let fates = app.store.erase(vec![call], &by, app.clock.now()).await?;
    for fate in fates {
        lookup::found(fate, sid)?;
    }
    tracing::info!(call = %sid, account = %call.account, by, "a call was erased");
    Ok(StatusCode::NO_CONTENT)
}

fn wanted(params: &Params) -> Result<Wanted, Invalid> {
    let Some(value) = params.filled("ProcessingState") else {
        return Ok(Wanted::Complete);
    };
    match value.text {
        "complete" | "completed" => Ok(Wanted::Complete),
        "partial" | "all" => Ok(Wanted::Best),
        _ => Err(value.invalid("one of complete, partial, all")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states() {
        for (query, expected) in [
            ("", Ok(Wanted::Complete)),
            ("ProcessingState=", Ok(Wanted::Complete)),
            ("ProcessingState=complete", Ok(Wanted::Complete)),
            ("ProcessingState=completed", Ok(Wanted::Complete)),
            ("ProcessingState=partial", Ok(Wanted::Best)),
            ("ProcessingState=all", Ok(Wanted::Best)),
            (
                "ProcessingState=started",
                Err(
                    "Invalid ProcessingState 'started'. Expected one of complete, partial, all."
                        .to_owned(),
                ),
            ),
        ] {
            let params = Params::decode(query.as_bytes()).unwrap();
            assert_eq!(
                wanted(&params).map_err(|invalid| invalid.message),
                expected,
                "{query}"
            );
        }
    }
}
