//! `GET /v1/Voice/Accounts`: the account and its subaccounts.

use axum::extract::State;
use serde_json::{Value, json};

use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::v1::render::Seconds;
use crate::app::App;
use crate::web::json::Json;

/// Answers with them, oldest first.
///
/// # Errors
/// When the store fails.
pub async fn read(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    let mut accounts = app.store.accounts().await?.sound;
    accounts.retain(|it| it.sid == caller.account || it.parent == Some(caller.account));
    accounts.sort_by_key(|it| (it.sid != caller.account, it.created_at));
    let told = accounts.iter().map(|account| {
        json!({
            "account_sid": account.sid,
            "friendly_name": account.name,
            "parent_account_sid": account.parent,
            "created_time": Seconds(account.created_at),
        })
    });
    Ok(Json(json!({ "accounts": told.collect::<Vec<_>>() })))
}
