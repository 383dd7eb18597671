//! `/v1/Voice/{CallSid}/Summary`: all that is known of a call.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::lookup;
use super::path::CallPath;
use super::render::CallUrl;
use super::render::SummaryUrl;
use super::render::template;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::app::App;
use crate::web::base_url::BaseUrl;
use crate::web::form::{Invalid, Params};
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
    let record = lookup::shown(&app, &caller, sid).await?;
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
    let written = template::write(&mut json, &record, shown, url);
    Ok(Written(written.map(|()| json)).into_response())
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
