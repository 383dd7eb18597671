//! What the API answers when it cannot do what was asked.

mod access;
pub mod codes;
mod from;

use std::borrow::Cow;

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use self::codes::find;
use crate::web::form::Invalid;
use crate::web::json::Json;

/// Seconds after which a refused write is worth another try.
const RETRY_AFTER_S: u64 = 5;

/// An error as the API tells it: a code, a status and a sentence for whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    code: u32,
    message: Cow<'static, str>,
    parameter: Option<Cow<'static, str>>,
    retry_after_s: Option<u64>,
    /// What else the body tells, beside the error.
    more: Option<Value>,
}

impl ApiError {
    fn new(status: StatusCode, code: u32, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            parameter: None,
            retry_after_s: None,
            more: None,
        }
    }

    fn of_parameter(mut self, parameter: Cow<'static, str>) -> Self {
        self.parameter = Some(parameter);
        self
    }

    fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// 20001: the request as a whole makes no sense.
    #[must_use]
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 20001, message)
    }

    /// 20001: a form parameter is missing, malformed or too long.
    #[must_use]
    pub fn invalid_parameter(invalid: Invalid) -> Self {
        Self::bad_request(invalid.message).of_parameter(invalid.parameter)
    }

    /// 20001: nothing of a batch could be taken. The body has the counts and the reasons, as when
    /// something could.
    #[must_use]
    pub fn nothing_accepted(report: &impl Serialize, first: &str) -> Self {
        Self {
            more: serde_json::to_value(report).ok(),
            ..Self::bad_request(format!("Nothing of the body was accepted. {first}"))
        }
    }

    /// 17400: a query parameter is malformed.
    #[must_use]
    pub fn invalid_query(invalid: Invalid) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 17400, invalid.message).of_parameter(invalid.parameter)
    }

    /// 20004: the path exists, but not with this method. The router adds `Allow`.
    #[must_use]
    pub fn method_not_allowed(method: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            20004,
            format!("Method {method} is not allowed here. The Allow header lists those that are."),
        )
    }

    /// 20404: there is no such thing, as far as the caller may know.
    #[must_use]
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            20404,
            format!("The requested resource {what} was not found"),
        )
    }

    /// 20408: the body took too long to come.
    #[must_use]
    pub fn request_timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            20408,
            "The request body took too long to come. Send it again: what was kept of it is not kept twice.",
        )
    }

    /// 20412: `If-Match` names another revision than the current one.
    #[must_use]
    pub fn precondition_failed() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            20412,
            "If-Match does not name the current revision. Read the resource again, then repeat the change with its ETag, quotes included.",
        )
    }

    /// 20413: the body is larger than any valid one.
    #[must_use]
    pub fn too_large(limit_bytes: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            20413,
            format!("The request body is too large. Expected at most {limit_bytes} bytes."),
        )
    }

    /// 20413: a compressed body holds more text than any honest one.
    #[must_use]
    pub fn unpacks_to_too_much(limit_bytes: u64, ratio: u64) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            20413,
            format!(
                "The request body unpacks to too much. Expected at most {limit_bytes} bytes, and at most {ratio} times its \
                 compressed length. What was accepted before is kept; send the rest in another body."
            ),
        )
    }

    /// 20001: so much of a body was refused that the rest was not read.
    #[must_use]
    pub fn given_up(refused: u64, last: &str) -> Self {
        Self::bad_request(format!(
            "The body was given up after {refused} refused events, the last of them: {last} What was accepted before is kept."
        ))
    }

    /// Its HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence for whoever reads it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// 20429: too many requests.
    #[must_use]
    pub fn too_many_requests(retry_after_s: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            20429,
            format!("Too many requests. Try again in {retry_after_s} s."),
        )
        .retry_after(retry_after_s)
    }

    /// 20429: too many streams of calls as they change.
    #[must_use]
    pub fn too_many_streams(retry_after_s: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            20429,
            format!("Too many streams are open. Close some, or try again in {retry_after_s} s."),
        )
        .retry_after(retry_after_s)
    }

    /// 20429: too many summaries of feedback wait to be made.
    #[must_use]
    pub fn too_many_summaries(most: usize) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            20429,
            format!(
                "{most} feedback summaries of the account wait to be made. Try again in {RETRY_AFTER_S} s, when some of them are."
            ),
        )
        .retry_after(RETRY_AFTER_S)
    }

    /// 20500: a fault of ours, told without its inside.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            20500,
            "An internal error occurred. It has been logged.",
        )
    }

    /// 20503: not now. Nothing was changed; a retry may succeed.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            20503,
            "The store cannot take this now (disk full, busy or shutting down). Nothing was changed. Try again.",
        )
        .retry_after(RETRY_AFTER_S)
    }

    /// 20503: others have all there is of connections, requests or memory.
    #[must_use]
    pub fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            20503,
            "Too much is under way. Nothing was changed. Try again.",
        )
        .retry_after(1)
    }

    /// 17001: there is no complete summary yet.
    #[must_use]
    pub fn not_complete() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            17001,
            "The summary of this call is not complete yet. Retry with ProcessingState=partial.",
        )
    }

    /// 17001: there is no summary at all yet.
    #[must_use]
    pub fn no_summary() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            17001,
            "There is no summary of this call yet. Retry in a few seconds.",
        )
    }

    /// 17002: there was such a call.
    #[must_use]
    pub fn gone() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            17002,
            "This call has expired or was erased. Its records are no longer available.",
        )
    }

    /// 17007: the call was first seen while its account had advanced features off.
    #[must_use]
    pub fn advanced_features_off() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            17007,
            "Advanced Features was not on when this call was made. Turning it on serves later calls only.",
        )
    }

    /// 17008: the query takes too much work.
    #[must_use]
    pub fn too_expensive() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            17008,
            "The query took too long. Narrow it: a shorter time between StartTime and EndTime, or one more filter \
             (From, To, CallState, CallType).",
        )
    }
}

impl ApiError {
    /// 17008: a report takes too much work.
    #[must_use]
    pub fn too_expensive_report() -> Self {
        Self {
            message: "The report takes too much work or memory. Narrow it: a shorter time_range, or one more of \
                      filters (call_type, call_direction, callee_country_code)."
                .into(),
            ..Self::too_expensive()
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    code: u32,
    message: &'a str,
    more_info: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details<'a>>,
    #[serde(flatten)]
    more: Option<&'a Value>,
}

#[derive(Serialize)]
struct Details<'a> {
    parameter: &'a str,
}

impl ApiError {
    /// The answer, to a client that reaches us at this URL: there it reads more of codes that
    /// upstream does not have.
    #[must_use]
    pub fn response(&self, base: &str) -> Response {
        let is_ours = find(self.code).is_some_and(|code| code.is_ours);
        let more_info = if is_ours {
            format!("{base}/errors/{}", self.code)
        } else {
            format!("https://www.twilio.com/docs/errors/{}", self.code)
        };
        let body = Body {
            code: self.code,
            message: &self.message,
            more_info,
            status: self.status.as_u16(),
            details: self
                .parameter
                .as_deref()
                .map(|parameter| Details { parameter }),
            more: self.more.as_ref(),
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static(r#"Basic realm="Twilio API""#),
            );
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for ApiError {
    /// An answer that `routes` completes: it alone knows how the client reaches us.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests;
