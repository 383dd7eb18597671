//! The account and the call that a path names.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use sidetone_core::id::{AccountSid, CallRef};
use sidetone_wire::access_token::Permission;

use crate::api::auth::Caller;
use crate::api::auth::token::{Judge, bearer};
use crate::api::error::ApiError;
use crate::app::App;
use crate::web::form::quoted;

/// Parts of a path that a message repeats; none that leads anywhere has more.
const PARTS_MAX: usize = 8;

/// The account of the path, and who asks. An account that is neither the caller's own nor one of
/// its subaccounts leads nowhere: 404.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The account.
    pub account: AccountSid,
    /// Who asks.
    pub caller: Caller,
    /// The path asked for, to be told when it leads nowhere.
    pub path: String,
}

impl Owner {
    /// Answers that there is nothing at the path.
    #[must_use]
    pub fn not_found(&self) -> ApiError {
        ApiError::not_found(&self.path)
    }
}

/// A value of the path.
pub(super) async fn segment<T: std::str::FromStr>(
    parts: &mut Parts,
    app: &App,
    wanted: &str,
) -> Option<T> {
    let params = RawPathParams::from_request_parts(parts, app).await.ok()?;
    let (_, value) = params.iter().find(|(name, _)| *name == wanted)?;
    // The last one may end in .json; the routes say so of the others.
    let value = match value.strip_suffix(".json") {
        Some(stem) if parts.uri.path().ends_with(value) => stem,
        _ => value,
    };
    value.parse().ok()
}

/// The path, as messages repeat it: each part for itself, because as a whole it is longer than what is
/// repeated of a value.
fn asked_for(parts: &Parts) -> String {
    let path = parts.uri.path().split('/').map(quoted).take(PARTS_MAX);
    path.collect::<Vec<_>>().join("/")
}

impl FromRequestParts<App> for Owner {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let path = asked_for(parts);
        match segment(parts, app, "AccountSid").await {
            Some(account)
                if account == caller.account
                    || app.directory.is_subaccount(account, caller.account) =>
            {
                Ok(Self {
                    account,
                    caller,
                    path,
                })
            }
            _ => Err(ApiError::not_found(path)),
        }
    }
}

/// The call of the path: one of the account's own.
#[derive(Debug, Clone)]
pub struct OwnedCall {
    /// The call.
    pub call: CallRef,
    /// Whose it is.
    pub owner: Owner,
}

/// The call of the path, and who rates it: a caller, or the holder of a token for that call.
#[derive(Debug, Clone)]
pub struct RatedCall {
    /// The call.
    pub call: CallRef,
    /// What histories call who rates it.
    pub by: String,
    /// As [`Owner::path`].
    pub path: String,
}

impl FromRequestParts<App> for RatedCall {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if bearer(&parts.headers).is_none() {
            let OwnedCall { call, owner } = OwnedCall::from_request_parts(parts, app).await?;
            return Ok(Self {
                call,
                by: Judge::from(&owner.caller).by,
                path: owner.path,
            });
        }
        let path = asked_for(parts);
        let nowhere = || ApiError::not_found(&path);
        let sid = segment(parts, app, "CallSid").await.ok_or_else(nowhere)?;
        let judge = Judge::of(parts, app, Permission::Rate, sid).await?;
        let account = segment(parts, app, "AccountSid").await;
        match account.filter(|account| *account == judge.account) {
            Some(account) => Ok(Self {
                call: CallRef { account, sid },
                by: judge.by,
                path,
            }),
            None => Err(nowhere()),
        }
    }
}

impl FromRequestParts<App> for OwnedCall {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let owner = Owner::from_request_parts(parts, app).await?;
        let sid = segment(parts, app, "CallSid").await;
        let sid = sid.ok_or_else(|| owner.not_found())?;
        let account = owner.account;
        Ok(Self {
            call: CallRef { account, sid },
            owner,
        })
    }
}
