//! Finding a call that the caller may see.

use sidetone_core::id::CallSid;
use sidetone_store::{AnnotationRecord, CallRecord, Lookup, Scope, Shown};

use super::render::template;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::app::App;

/// The calls that credentials open: those of their account and its subaccounts.
#[must_use]
pub const fn scope(caller: &Caller) -> Scope {
    Scope {
        account: caller.account,
    }
}

/// The call with its summary and annotation.
///
/// # Errors
/// When there is none in scope, or it is not served.
pub async fn record(app: &App, caller: &Caller, sid: CallSid) -> Result<CallRecord, ApiError> {
    let record = found(app.store.record(scope(caller), sid).await?, sid)?;
    served(app, record.advanced_features)?;
    Ok(record)
}

/// The same with the summary as it was rendered.
///
/// # Errors
/// As [`record`]'s.
pub async fn shown(
    app: &App,
    caller: &Caller,
    sid: CallSid,
) -> Result<CallRecord<Shown>, ApiError> {
    let shown = app.store.shown(scope(caller), sid, template::FORM).await?;
    let record = found(shown, sid)?;
    served(app, record.advanced_features)?;
    Ok(record)
}

/// The call's annotation.
///
/// # Errors
/// When there is no such call in scope, or it is not served.
pub async fn annotation(
    app: &App,
    scope: Scope,
    sid: CallSid,
) -> Result<AnnotationRecord, ApiError> {
    let record = found(app.store.annotation(scope, sid).await?, sid)?;
    served(app, record.advanced_features)?;
    Ok(record)
}

/// What was looked up, or why there is nothing.
///
/// # Errors
/// When there is nothing.
pub fn found<T>(lookup: Lookup<T>, sid: CallSid) -> Result<T, ApiError> {
    match lookup {
        Lookup::Found(record) => Ok(record),
        Lookup::Gone => Err(ApiError::gone()),
        Lookup::Unknown => Err(ApiError::not_found(format_args!("/v1/Voice/{sid}"))),
    }
}

/// Whether a call is served, where serving depends on Advanced Features.
///
/// # Errors
/// When it is not.
pub fn served(app: &App, advanced_features: bool) -> Result<(), ApiError> {
    if app.config.gate_advanced_features && !advanced_features {
        return Err(ApiError::advanced_features_off());
    }
    Ok(())
}
