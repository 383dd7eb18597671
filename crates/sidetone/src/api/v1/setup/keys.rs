//! `/v1/Voice/Keys`: API keys of the account and its subaccounts.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sidetone_core::id::{AccountSid, ApiKeySid};
use sidetone_core::time::TimeUs;

use crate::accounts::create_key;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::Form;
use crate::api::v1::account::addressed;
use crate::api::v1::render::Seconds;
use crate::app::App;
use crate::web::form::quoted;
use crate::web::json::Json;

/// The parameters of a new key.
pub const NAMES: &[&str] = &["FriendlyName", "Subaccount"];

/// The most that a name may have.
const NAME_MAX_CHARS: usize = 64;

/// Answers with the keys that are valid, without their secrets, newest first.
///
/// # Errors
/// When the store fails.
pub async fn read(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    let mut keys = app.store.api_keys().await?;
    keys.retain(|key| is_of(&app, &caller, key.account));
    keys.sort_by_key(|key| std::cmp::Reverse(key.created_at));
    let told = keys
        .iter()
        .map(|key| told(key.sid, key.account, &key.name, key.created_at));
    Ok(Json(json!({ "keys": told.collect::<Vec<_>>() })))
}

/// Makes a key. Its secret is in the answer, and nowhere else ever after.
///
/// # Errors
/// When a parameter is malformed, the account addressed is not the caller's, or the store fails.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let name = match form.filled("FriendlyName") {
        Some(name) => name
            .text_up_to(NAME_MAX_CHARS)
            .map_err(ApiError::invalid_parameter)?,
        None => String::new(),
    };
    let subaccount = form.filled("Subaccount");
    let account = addressed(&app, &caller, subaccount, ApiError::invalid_parameter)?;
    let now = app.clock.now();
    let store = app.store.as_ref();
    let (vault, by) = (app.directory.vault(), caller.who.to_string());
    let made = create_key(store, vault, account, name.clone(), &by, now).await;
    let (sid, secret) = made.map_err(|error| {
        tracing::error!(%error, "a key could not be made");
        ApiError::unavailable()
    })?;
    app.directory.refresh(store).await?;
    tracing::info!(key = %sid, %account, by = %caller.who, "a key was made");
    let mut key = told(sid, account, &name, now);
    key["secret"] = secret.into();
    Ok((StatusCode::CREATED, Json(key)).into_response())
}

/// Revokes a key.
///
/// # Errors
/// When there is no such key, or the store fails.
pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(sid): Path<String>,
) -> Result<StatusCode, ApiError> {
    let unknown = || ApiError::not_found(format_args!("/v1/Voice/Keys/{}", quoted(&sid)));
    let key: ApiKeySid = sid.parse().map_err(|_| unknown())?;
    let keys = app.store.api_keys().await?;
    let known = keys.iter().find(|it| it.sid == key);
    known
        .filter(|it| is_of(&app, &caller, it.account))
        .ok_or_else(unknown)?;
    let by = caller.who.to_string();
    app.store.revoke_api_key(key, &by, app.clock.now()).await?;
    app.directory.refresh(app.store.as_ref()).await?;
    tracing::info!(%key, by = %caller.who, "a key was revoked");
    Ok(StatusCode::NO_CONTENT)
}

fn is_of(app: &App, caller: &Caller, account: AccountSid) -> bool {
    account == caller.account || app.directory.is_subaccount(account, caller.account)
}

fn told(sid: ApiKeySid, account: AccountSid, name: &str, created_at: TimeUs) -> Value {
    json!({
        "sid": sid,
        "account_sid": account,
        "friendly_name": name,
        "created_time": Seconds(created_at),
    })
}
