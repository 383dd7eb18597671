//! `/v1/Sinks/{Sid}/Test` and `/Validate`: whether a sink takes events.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use sidetone_store::delivery::{
    Content, DeliveryId, NewDelivery, PersonalData, Signature, StreamEvent,
};
use sidetone_store::sinks::{SinkChange, SinkStatus};

use super::sinks::{found, open, put};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::Form;
use crate::api::naming::new_uuid;
use crate::app::App;
use crate::streams::TEST;
use crate::web::form::Invalid;
use crate::web::json::Json;

/// Sends a test event (201). A webhook stays active meanwhile; Segment becomes so when it takes the
/// event.
///
/// # Errors
/// When the account has no such sink, or it does not open.
pub async fn test(
    State(app): State<App>,
    caller: Caller,
    Path(sid): Path<String>,
) -> Result<Response, ApiError> {
    let sink = found(&app, &caller, &sid).await?;
    open(&app, &sink).ok_or_else(ApiError::internal)?;
    let id = DeliveryId::from_bytes(new_uuid()?);
    let now = app.clock.now();
    let delivery = NewDelivery {
        id,
        account: sink.account,
        // Nothing else is about it.
        subject: Some(*id.as_bytes()),
        kind: TEST.to_owned(),
        content: Content::Event(StreamEvent {
            sink: sink.sid,
            account: sink.account,
            personal_data: PersonalData::Keep,
            at: now,
            position: None,
            version: 0,
        }),
        signature: Signature::None,
        created_at: now,
    };
    let change = SinkChange {
        status: (sink.status != SinkStatus::Active).then_some(SinkStatus::Validating),
        test: Some(Some(id.to_string())),
        ..SinkChange::default()
    };
    put(&app, &sink, change).await?;
    app.store.deliver(vec![delivery]).await?;
    Ok((StatusCode::CREATED, Json(json!({ "result": "submitted" }))).into_response())
}

/// Takes the name of the test that arrived as the proof that a sink works (201).
///
/// # Errors
/// When it is another one's, which changes nothing; when the account has no such sink.
pub async fn validate(
    State(app): State<App>,
    caller: Caller,
    Path(sid): Path<String>,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let sink = found(&app, &caller, &sid).await?;
    let expected = "the test_id that the last test event brought";
    let test_id = form
        .filled("TestId")
        .ok_or_else(|| ApiError::invalid_parameter(Invalid::missing("TestId", expected)))?;
    if sink.test.as_deref() != Some(test_id.text) {
        return Err(ApiError::invalid_parameter(test_id.invalid(expected)));
    }
    let change = SinkChange {
        status: Some(SinkStatus::Active),
        test: Some(None),
        ..SinkChange::default()
    };
    put(&app, &sink, change).await?;
    Ok((StatusCode::CREATED, Json(json!({ "result": "valid" }))).into_response())
}
