//! `/2010-04-01/Accounts/{AccountSid}/Calls/FeedbackSummary`: what feedback adds up to.

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sidetone_core::feedback::{FeedbackIssue, FeedbackTally};
use sidetone_core::id::{AccountSid, FeedbackSummarySid};
use sidetone_core::time::{TimeUs, day_text, parse_day};
use sidetone_store::delivery::{
    Content, DeliveryId, DeliveryRequest, Headers, Method, NewDelivery, Signature,
};
use sidetone_store::feedback::{
    FeedbackRange, FeedbackSummary, FeedbackSummaryStatus, QUEUED_SUMMARIES_MAX, StatusCallback,
};

use super::path::{Owner, segment};
use crate::api::error::ApiError;
use crate::api::extract::Form;
use crate::app::App;
use crate::delivery::target::target;
use crate::secrets::random_id;
use crate::web::form::{Invalid, Params, Value, quoted};
use crate::web::json::Json;

/// The summary of the path.
#[derive(Debug, Clone)]
pub struct OwnedSummary {
    sid: FeedbackSummarySid,
    owner: Owner,
}

impl FromRequestParts<App> for OwnedSummary {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let owner = Owner::from_request_parts(parts, app).await?;
        let sid = segment(parts, app, "Sid").await;
        let sid = sid.ok_or_else(|| owner.not_found())?;
        Ok(Self { sid, owner })
    }
}

/// Queues a summary.
///
/// # Errors
/// When a value is wrong or missing.
pub async fn create(
    State(app): State<App>,
    owner: Owner,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let (range, callback) = asked(&form, owner.account, app.config.webhook_allow_private)
        .map_err(ApiError::invalid_parameter)?;
    let sid = random_id().map_err(|error| {
        tracing::error!(%error, "no identifier for a feedback summary");
        ApiError::internal()
    })?;
    let now = app.clock.now();
    let summary = FeedbackSummary {
        sid: FeedbackSummarySid::from_bytes(sid),
        range,
        status: FeedbackSummaryStatus::Queued,
        created_at: now,
        updated_at: now,
        callback,
    };
    if !app.store.create_feedback_summary(summary.clone()).await? {
        return Err(ApiError::too_many_summaries(QUEUED_SUMMARIES_MAX));
    }
    Ok((StatusCode::CREATED, Json(Body::of(&summary))).into_response())
}

/// Answers with a summary, done or not.
///
/// # Errors
/// When there is none.
pub async fn read(
    State(app): State<App>,
    OwnedSummary { sid, owner }: OwnedSummary,
) -> Result<Response, ApiError> {
    let summary = app.store.feedback_summary(owner.account, sid).await?;
    let summary = summary.ok_or_else(|| owner.not_found())?;
    Ok(Json(Body::of(&summary)).into_response())
}

/// Removes a summary.
///
/// # Errors
/// When there is none.
pub async fn remove(
    State(app): State<App>,
    OwnedSummary { sid, owner }: OwnedSummary,
) -> Result<StatusCode, ApiError> {
    if app
        .store
        .delete_feedback_summary(owner.account, sid)
        .await?
    {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(owner.not_found())
    }
}

/// Reads what is to be summed up, and whom to tell.
fn asked(
    form: &Params,
    account: AccountSid,
    allow_private: bool,
) -> Result<(FeedbackRange, Option<StatusCallback>), Invalid> {
    let (_, first) = date(form, "StartDate")?;
    let (end, last) = date(form, "EndDate")?;
    if last < first {
        let first = day_text(first);
        return Err(end.invalid(format_args!("a date that is not before StartDate {first}")));
    }
    let include_subaccounts = form.filled("IncludeSubaccounts");
    let by_get = match form.filled("StatusCallbackMethod") {
        None => false,
        Some(method) if method.text.eq_ignore_ascii_case("POST") => false,
        Some(method) if method.text.eq_ignore_ascii_case("GET") => true,
        Some(method) => return Err(method.invalid("GET or POST")),
    };
    let callback = match form.filled("StatusCallback") {
        None => None,
        Some(url) => {
            let called = target(url.text, allow_private).map_err(|error| Invalid {
                parameter: "StatusCallback".into(),
                message: format!("Invalid StatusCallback: '{}' {error}.", quoted(url.text)),
            })?;
            Some(StatusCallback {
                url: called,
                by_get,
            })
        }
    };
    let range = FeedbackRange {
        account,
        include_subaccounts: include_subaccounts.map_or(Ok(false), Value::boolean)?,
        days: first..=last,
    };
    Ok((range, callback))
}

fn date<'a>(form: &'a Params, name: &'a str) -> Result<(Value<'a>, i64), Invalid> {
    let expected = "a date of the calendar like 2026-06-01";
    let value = form
        .filled(name)
        .ok_or_else(|| Invalid::missing(name, expected))?;
    let day = parse_day(value.text).ok_or_else(|| value.invalid(expected))?;
    Ok((value, day))
}

#[derive(Serialize)]
struct Body {
    sid: FeedbackSummarySid,
    account_sid: AccountSid,
    status: &'static str,
    start_date: String,
    end_date: String,
    include_subaccounts: bool,
    call_count: Option<u64>,
    call_feedback_count: Option<u64>,
    quality_score_average: Option<String>,
    quality_score_median: Option<String>,
    quality_score_standard_deviation: Option<String>,
    issues: Vec<IssueBody>,
    date_created: String,
    date_updated: String,
}

#[derive(Serialize)]
struct IssueBody {
    description: FeedbackIssue,
    count: u64,
    percentage_of_total_calls: String,
}

impl Body {
    fn of(summary: &FeedbackSummary) -> Self {
        let tally = match &summary.status {
            FeedbackSummaryStatus::Completed(tally) => Some(tally),
            FeedbackSummaryStatus::Queued
            | FeedbackSummaryStatus::InProgress
            | FeedbackSummaryStatus::Failed => None,
        };
        let score = |figure: fn(&FeedbackTally) -> Option<f64>| tally.and_then(figure).map(decimal);
        Self {
            sid: summary.sid,
            account_sid: summary.range.account,
            status: word(summary.status),
            start_date: day_text(*summary.range.days.start()),
            end_date: day_text(*summary.range.days.end()),
            include_subaccounts: summary.range.include_subaccounts,
            call_count: tally.map(|tally| tally.calls),
            call_feedback_count: tally.map(FeedbackTally::rated),
            quality_score_average: score(FeedbackTally::average),
            quality_score_median: score(FeedbackTally::median),
            quality_score_standard_deviation: score(FeedbackTally::deviation),
            issues: tally.map(issues).unwrap_or_default(),
            date_created: summary.created_at.to_rfc2822(),
            date_updated: summary.updated_at.to_rfc2822(),
        }
    }
}

/// The word for a status on the wire.
const fn word(status: FeedbackSummaryStatus) -> &'static str {
    match status {
        FeedbackSummaryStatus::Queued => "queued",
        FeedbackSummaryStatus::InProgress => "in-progress",
        FeedbackSummaryStatus::Completed(_) => "completed",
        FeedbackSummaryStatus::Failed => "failed",
    }
}

/// What is told of a summary that is done: the parameters of the 2010 API.
#[must_use]
pub fn notice(
    summary: &FeedbackSummary,
    status: FeedbackSummaryStatus,
    callback: &StatusCallback,
    now: TimeUs,
) -> NewDelivery {
    let (account, sid) = (summary.range.account, summary.sid);
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("AccountSid", &account.to_string())
        .append_pair("FeedbackSummarySid", &sid.to_string())
        .append_pair("Status", word(status))
        .append_pair(
            "ResourceUri",
            &format!("/2010-04-01/Accounts/{account}/Calls/FeedbackSummary/{sid}.json"),
        )
        .finish();
    let request = if callback.by_get {
        let joint = if callback.url.contains('?') { '&' } else { '?' };
        DeliveryRequest {
            method: Method::Get,
            url: format!("{}{joint}{form}", callback.url),
            headers: Headers::default(),
            body: None,
        }
    } else {
        DeliveryRequest {
            method: Method::Post,
            url: callback.url.clone(),
            headers: Headers::default(),
            body: Some((
                "application/x-www-form-urlencoded".to_owned(),
                form.into_bytes(),
            )),
        }
    };
    NewDelivery {
        // A summary is told of once.
        id: DeliveryId::from_bytes(*sid.as_bytes()),
        account,
        subject: Some(*sid.as_bytes()),
        kind: "feedback-summary".to_owned(),
        content: Content::Request(request),
        signature: Signature::Twilio,
        created_at: now,
    }
}

/// Only those that occurred.
fn issues(tally: &FeedbackTally) -> Vec<IssueBody> {
    let counted = FeedbackIssue::ALL.iter().zip(tally.issues);
    counted
        .filter(|(_, count)| *count > 0)
        .map(|(issue, count)| IssueBody {
            description: *issue,
            count,
            percentage_of_total_calls: percent(count, tally.calls),
        })
        .collect()
}

/// A number as text with at least one decimal, and as many as it needs.
fn decimal(number: f64) -> String {
    format!("{number:?}")
}

/// A share of all calls in percent, with one or two decimals; the half is rounded up.
fn percent(count: u64, calls: u64) -> String {
    let doubled = u128::from(count) * 20_000;
    let hundredths = match doubled.checked_div(u128::from(calls)) {
        Some(doubled) => doubled.div_ceil(2),
        None => 0,
    };
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    if rest % 10 == 0 {
        format!("{whole}.{}%", rest / 10)
    } else {
        format!("{whole}.{rest:02}%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(form: &str) -> Result<(FeedbackRange, Option<StatusCallback>), String> {
        let params = Params::decode(form.as_bytes()).unwrap();
        let account = AccountSid::from_bytes([1; 16]);
        asked(&params, account, false).map_err(|invalid| invalid.message)
    }

    #[test]
    fn what_is_asked_for() {
        let (range, callback) = ask("StartDate=2026-06-01&EndDate=2026-06-30").unwrap();
        assert_eq!(range.days, 20_605..=20_634);
        assert!(!range.include_subaccounts && callback.is_none());
        let (range, callback) = ask(
            "StartDate=2026-06-01&EndDate=2026-06-01&IncludeSubaccounts=True&StatusCallbackMethod=get\
             &StatusCallback=https%3A%2F%2Fexample.com%2Fdone%3Fa%3D1",
        )
        .unwrap();
        assert!(range.include_subaccounts);
        let expected = StatusCallback {
            url: "https://example.com/done?a=1".to_owned(),
            by_get: true,
        };
        assert_eq!(callback, Some(expected));
    }

    #[test]
    fn what_is_refused() {
        let date = "a date of the calendar like 2026-06-01.";
        for (form, message) in [
            ("", format!("Missing StartDate. Expected {date}")),
            ("StartDate=2026-06-01&EndDate=", format!("Missing EndDate. Expected {date}")),
            (
                "StartDate=2014-02-31&EndDate=2014-03-01",
                format!("Invalid StartDate '2014-02-31'. Expected {date}"),
            ),
            (
                "StartDate=2026-06-02&EndDate=2026-06-01",
                "Invalid EndDate '2026-06-01'. Expected a date that is not before StartDate 2026-06-02.".into(),
            ),
            (
                "StartDate=2026-06-01&EndDate=2026-06-01&StatusCallbackMethod=PUT",
                "Invalid StatusCallbackMethod 'PUT'. Expected GET or POST.".into(),
            ),
            (
                "StartDate=2026-06-01&EndDate=2026-06-01&IncludeSubaccounts=yes",
                "Invalid IncludeSubaccounts 'yes'. Expected true or false.".into(),
            ),
        ] {
            assert_eq!(ask(form).unwrap_err(), message);
        }
        for url in [
            "x",
            "ftp://example.com/",
            "http://127.0.0.1/",
            "http://[::1]/",
        ] {
            let refused = ask(&format!(
                "StartDate=2026-06-01&EndDate=2026-06-01&StatusCallback={url}"
            ));
            assert!(
                refused
                    .unwrap_err()
                    .starts_with("Invalid StatusCallback: '"),
                "{url}"
            );
        }
    }

    #[test]
    fn numbers_are_text() {
        assert_eq!(
            [4.0, 4.5, 8.0 / 3.0].map(decimal),
            ["4.0", "4.5", "2.6666666666666665"]
        );
        for (count, calls, text) in [
            (0, 10, "0.0%"),
            (4, 0, "0.0%"),
            (45, 10_200, "0.44%"),
            (1, 10, "10.0%"),
            (1, 3, "33.33%"),
            (2, 3, "66.67%"),
            (1, 1, "100.0%"),
            (1, 20_000, "0.01%"),
            (1, 20_001, "0.0%"),
            (3, 2, "150.0%"),
        ] {
            assert_eq!(percent(count, calls), text, "{count} of {calls}");
        }
    }
}
