//! `GET /v1/Voice/{CallSid}`: where to find what is known of a call.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sidetone_core::id::CallSid;

use super::lookup;
use super::path::CallPath;
use super::render::CallUrl;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::app::App;
use crate::web::base_url::BaseUrl;
use crate::web::json::Json;

#[derive(Serialize)]
struct Call<'a> {
    sid: CallSid,
    url: CallUrl<'a>,
    links: Links<'a>,
}

#[derive(Serialize)]
struct Links<'a> {
    events: CallUrl<'a>,
    metrics: CallUrl<'a>,
    summary: CallUrl<'a>,
    annotation: CallUrl<'a>,
}

/// Answers with links.
///
/// # Errors
/// When there is no such call.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    CallPath(sid): CallPath,
    BaseUrl(base): BaseUrl,
) -> Result<Response, ApiError> {
    // The annotation is the cheapest thing there is of every call.
    let sid = lookup::annotation(&app, lookup::scope(&caller), sid)
        .await?
        .call
        .sid;
    let url = |part| CallUrl {
        base: &base,
        sid,
        part,
    };
    let call = Call {
        sid,
        url: url(""),
        links: Links {
            events: url("/Events"),
            metrics: url("/Metrics"),
            summary: url("/Summary"),
            annotation: url("/Annotation"),
        },
    };
    Ok(Json(call).into_response())
}
