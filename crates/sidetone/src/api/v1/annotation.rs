//! `/v1/Voice/{CallSid}/Annotation`: what people say about a call.

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use sidetone_core::annotation::AnnotationPatch;
use sidetone_core::id::CallSid;
use sidetone_store::{Annotate, AnnotationRecord, Lookup, Scope};
use sidetone_wire::access_token::Permission;

use super::if_match::{IfMatch, etag};
use super::path::CallPath;
use super::render::annotation::AnnotationResource;
use super::{lookup, patch};
use crate::api::auth::Caller;
use crate::api::auth::token::Judge;
use crate::api::error::ApiError;
use crate::api::extract::Form;
use crate::app::App;
use crate::web::base_url::BaseUrl;
use crate::web::json::Json;

/// Whoever may annotate the call of the path.
pub struct Annotator {
    judge: Judge,
    sid: CallSid,
}

impl FromRequestParts<App> for Annotator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let CallPath(sid) = CallPath::from_request_parts(parts, app).await?;
        let judge = Judge::of(parts, app, Permission::Annotate, sid).await?;
        Ok(Self { judge, sid })
    }
}

/// Answers with the annotation; every value is null when the call was never annotated.
///
/// # Errors
/// When there is no such call.
pub async fn read(
    State(app): State<App>,
    Annotator { judge, sid }: Annotator,
    BaseUrl(base): BaseUrl,
) -> Result<Response, ApiError> {
    let record = lookup::annotation(&app, judge.scope(), sid).await?;
    Ok(tagged(&record, &base))
}

/// Changes what the form mentions and answers with the whole annotation.
///
/// # Errors
/// When a value is wrong, there is no such call, or it was changed by somebody else meanwhile.
pub async fn change(
    State(app): State<App>,
    Annotator { judge, sid }: Annotator,
    BaseUrl(base): BaseUrl,
    if_match: IfMatch,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let patch = patch::read(&form).map_err(ApiError::invalid_parameter)?;
    let record = annotate(&app, &judge, sid, Some(patch), &if_match).await?;
    Ok(tagged(&record, &base))
}

/// Removes the annotation. When there is none, all is well.
///
/// # Errors
/// When there is no such call, or its annotation was changed by somebody else meanwhile.
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    CallPath(sid): CallPath,
    if_match: IfMatch,
) -> Result<StatusCode, ApiError> {
    annotate(&app, &Judge::from(&caller), sid, None, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn annotate(
    app: &App,
    judge: &Judge,
    sid: CallSid,
    patch: Option<AnnotationPatch>,
    if_match: &IfMatch,
) -> Result<AnnotationRecord, ApiError> {
    let scope = judge.scope();
    if app.config.gate_advanced_features
        && let Lookup::Found(record) = app.store.annotation(scope, sid).await?
    {
        lookup::served(app, record.advanced_features)?;
    }
    let change = Annotate {
        author: String::new(),
        by: judge.by.clone(),
        // A placeholder is made by what is said, and by nothing else.
        accept_unknown: app.config.accept_unknown_calls
            && patch.is_some()
            && *if_match == IfMatch::NotSent,
        patch,
        if_revision: required_revision(app, scope, sid, if_match).await?,
        now: app.clock.now(),
    };
    let annotated = app.store.annotate(scope, sid, change).await?;
    lookup::found(annotated, sid)
}

/// The one revision a change is for. `None`: any.
async fn required_revision(
    app: &App,
    scope: Scope,
    sid: CallSid,
    if_match: &IfMatch,
) -> Result<Option<u64>, ApiError> {
    match if_match {
        IfMatch::NotSent | IfMatch::Exists => Ok(None),
        IfMatch::OneOf(revisions) => match revisions.as_slice() {
            [revision] => Ok(Some(*revision)),
            _ => {
                let current = lookup::annotation(app, scope, sid).await?.revision;
                if revisions.contains(&current) {
                    Ok(Some(current))
                } else {
                    Err(ApiError::precondition_failed())
                }
            }
        },
    }
}

fn tagged(record: &AnnotationRecord, base: &str) -> Response {
    let body = Json(AnnotationResource::of(record, base));
    ([(ETAG, etag(record.revision))], body).into_response()
}
