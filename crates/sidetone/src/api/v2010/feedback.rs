//! `/2010-04-01/Accounts/{AccountSid}/Calls/{CallSid}/Feedback`: the feedback on a call.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sidetone_core::feedback::{FeedbackIssue, FeedbackPatch, Issues};
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_store::Lookup;
use sidetone_store::feedback::{FeedbackRecord, Rate, Rated};

use super::path::{OwnedCall, RatedCall};
use crate::api::error::ApiError;
use crate::api::extract::Form;
use crate::api::words::Words;
use crate::app::App;
use crate::web::form::{Invalid, Params};
use crate::web::json::Json;

#[derive(Serialize)]
struct Body {
    account_sid: AccountSid,
    date_created: String,
    date_updated: String,
    issues: Vec<FeedbackIssue>,
    quality_score: u8,
    /// The call's: feedback has no identifier of its own.
    sid: CallSid,
}

impl From<FeedbackRecord> for Body {
    fn from(record: FeedbackRecord) -> Self {
        Self {
            account_sid: record.call.account,
            date_created: record.created_at.to_rfc2822(),
            date_updated: record.updated_at.to_rfc2822(),
            issues: record.feedback.issues.iter().collect(),
            quality_score: record.feedback.score,
            sid: record.call.sid,
        }
    }
}

/// Answers with the feedback.
///
/// # Errors
/// When there is none, or no such call.
pub async fn read(
    State(app): State<App>,
    OwnedCall { call, owner }: OwnedCall,
) -> Result<Response, ApiError> {
    let record = found(app.store.feedback(call).await?, &owner.path)?;
    let record = record.ok_or_else(|| owner.not_found())?;
    Ok(Json(Body::from(record)).into_response())
}

/// Creates the feedback (201), or changes what the form mentions (200).
///
/// # Errors
/// When a value is wrong or missing, or there is no such call.
pub async fn rate(
    State(app): State<App>,
    RatedCall { call, by, path }: RatedCall,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let settings = app.directory.settings(call.account);
    let rate = Rate {
        by,
        patch: patch(&form).map_err(ApiError::invalid_parameter)?,
        now: app.clock.now(),
        accept_unknown: app.config.accept_unknown_calls,
        only_first: false,
        mirror: settings.is_some_and(|settings| settings.mirror_feedback),
    };
    match found(app.store.rate(call, rate).await?, &path)? {
        Rated::Created(record) => {
            Ok((StatusCode::CREATED, Json(Body::from(record))).into_response())
        }
        Rated::Updated(record) => Ok(Json(Body::from(record)).into_response()),
        Rated::ScoreMissing => Err(ApiError::invalid_parameter(Invalid::missing(
            "QualityScore",
            "an integer from 1 to 5",
        ))),
    }
}

fn found<T>(lookup: Lookup<T>, path: &str) -> Result<T, ApiError> {
    match lookup {
        Lookup::Found(found) => Ok(found),
        Lookup::Unknown | Lookup::Gone => Err(ApiError::not_found(path)),
    }
}

/// Reads the change. What is not sent stays; an empty `Issue` alone takes all issues away.
fn patch(form: &Params) -> Result<FeedbackPatch, Invalid> {
    let score = form.filled("QualityScore");
    let mut sent = form.all("Issue").peekable();
    let issues = match sent.peek() {
        None => None,
        Some(_) => {
            let filled = sent.filter(|value| !value.text.is_empty());
            let issues: Result<Issues, Invalid> =
                filled.map(|value| value.word::<FeedbackIssue>()).collect();
            Some(issues?)
        }
    };
    Ok(FeedbackPatch {
        score: score.map(|value| value.integer(1..=5)).transpose()?,
        issues,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let issues = |issues: &[FeedbackIssue]| Some(issues.iter().copied().collect::<Issues>());
        for (form, score, expected) in [
            ("", None, None),
            ("QualityScore=", None, None),
            ("QualityScore=5", Some(5), None),
            ("Issue=", None, issues(&[])),
            ("Issue=+&Issue=", None, issues(&[])),
            (
                "QualityScore=+3+&Issue=one-way-audio&Issue=imperfect-audio&Issue=one-way-audio",
                Some(3),
                issues(&[FeedbackIssue::OneWayAudio, FeedbackIssue::ImperfectAudio]),
            ),
            (
                "Issue=&Issue=dropped-call",
                None,
                issues(&[FeedbackIssue::DroppedCall]),
            ),
            (
                "issue=dropped-call&QualityScore=1&QualityScore=2",
                Some(2),
                None,
            ),
        ] {
            let params = Params::decode(form.as_bytes()).unwrap();
            let expected = FeedbackPatch {
                score,
                issues: expected,
            };
            assert_eq!(patch(&params), Ok(expected), "{form}");
        }
    }

    #[test]
    fn wrong_values_are_named() {
        for (form, message) in [
            (
                "QualityScore=0",
                "Invalid QualityScore '0'. Expected an integer from 1 to 5.",
            ),
            (
                "QualityScore=4.0",
                "Invalid QualityScore '4.0'. Expected an integer from 1 to 5.",
            ),
            (
                "Issue=dropped-call&Issue=echo",
                "Invalid Issue 'echo'. Expected one of imperfect-audio, dropped-call, incorrect-caller-id, \
                 post-dial-delay, digits-not-captured, audio-latency, unsolicited-call, one-way-audio.",
            ),
        ] {
            let params = Params::decode(form.as_bytes()).unwrap();
            assert_eq!(patch(&params).unwrap_err().message, message);
        }
    }
}
