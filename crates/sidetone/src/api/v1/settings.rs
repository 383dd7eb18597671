//! `/v1/Voice/Settings`: switches of an account.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sidetone_core::id::AccountSid;
use sidetone_store::StoreError;
use sidetone_store::account::AccountSettings;
use tokio::sync::Mutex;

use super::account::addressed;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::{Form, Query};
use crate::app::App;
use crate::web::base_url::BaseUrl;
use crate::web::form::{Invalid, Params, Value};
use crate::web::json::Json;

#[derive(Serialize)]
struct Body {
    account_sid: AccountSid,
    advanced_features: bool,
    voice_trace: bool,
    url: String,
}

/// Answers with the settings.
///
/// # Errors
/// When the account addressed is not the caller's.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Query(query): Query,
) -> Result<Response, ApiError> {
    let account = addressed(&app, &caller, account_in(&query), ApiError::invalid_query)?;
    let settings = stored(&app, account).await?;
    Ok(body(account, settings, &base))
}

/// Changes what the form mentions and answers with the settings.
///
/// # Errors
/// When a value is wrong, or the account addressed is not the caller's.
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Query(query): Query,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let named = account_in(&form).or_else(|| account_in(&query));
    let account = addressed(&app, &caller, named, ApiError::invalid_parameter)?;
    // What the form does not mention is written back as it was, so nothing may change it in
    // between.
    static CHANGING: Mutex<()> = Mutex::const_new(());
    let _changing = CHANGING.lock().await;
    let old = stored(&app, account).await?;
    let new = changed(old, &form).map_err(ApiError::invalid_parameter)?;
    if new != old {
        app.store.put_settings(account, new).await?;
    }
    Ok(body(account, new, &base))
}

fn account_in(params: &Params) -> Option<Value<'_>> {
    params
        .filled("SubaccountSid")
        .or_else(|| params.filled("Subaccount"))
}

async fn stored(app: &App, account: AccountSid) -> Result<AccountSettings, ApiError> {
    app.directory.refresh(app.store.as_ref()).await?;
    let settings = app.directory.settings(account);
    Ok(settings.ok_or_else(|| StoreError::NotFound(account.to_string()))?)
}

fn changed(old: AccountSettings, form: &Params) -> Result<AccountSettings, Invalid> {
    let flag = |name, old| {
        form.filled(name)
            .map_or(Ok(old), |value: Value<'_>| value.boolean())
    };
    Ok(AccountSettings {
        advanced_features: flag("AdvancedFeatures", old.advanced_features)?,
        voice_trace: flag("VoiceTrace", old.voice_trace)?,
        // Not of the compatible API.
        mirror_feedback: old.mirror_feedback,
    })
}

fn body(account: AccountSid, settings: AccountSettings, base: &BaseUrl) -> Response {
    Json(Body {
        account_sid: account,
        advanced_features: settings.advanced_features,
        voice_trace: settings.voice_trace,
        url: format!("{}/v1/Voice/Settings", base.0),
    })
    .into_response()
}
