//! What is kept of the 2010 API: Call Feedback and its summaries, as the official libraries spoke them.
//!
//! Here the path names the account. Paths end in `.json` or not; the answer is JSON either way.

pub mod feedback;
pub mod feedback_summary;

use axum::Router;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::routing::{get, post};
use sidetone_core::id::{AccountSid, CallRef};

use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::form::quoted;

/// Every route under `/2010-04-01`.
pub fn routes() -> Router<App> {
    let mut routes = Router::new();
    for suffix in ["", ".json"] {
        let calls = "/2010-04-01/Accounts/{AccountSid}/Calls";
        routes = routes
            .route(
                &format!("{calls}/{{CallSid}}/Feedback{suffix}"),
                get(feedback::read).post(feedback::rate),
            )
            .route(
                &format!("{calls}/FeedbackSummary{suffix}"),
                post(feedback_summary::create),
            );
    }
    routes.route(
        "/2010-04-01/Accounts/{AccountSid}/Calls/FeedbackSummary/{Sid}",
        get(feedback_summary::read).delete(feedback_summary::remove),
    )
}

/// Parts of a path that a message repeats; none that leads anywhere has more.
const PARTS_MAX: usize = 8;

/// The account of the path, and who asks. An account that is neither the caller's own nor one of its subaccounts leads
/// nowhere: 404.
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
async fn segment<T: std::str::FromStr>(parts: &mut Parts, app: &App, wanted: &str) -> Option<T> {
    let params = RawPathParams::from_request_parts(parts, app).await.ok()?;
    let (_, value) = params.iter().find(|(name, _)| *name == wanted)?;
    // The last one may end in .json; the routes say so of the others.
    let value = match value.strip_suffix(".json") {
        Some(stem) if parts.uri.path().ends_with(value) => stem,
        _ => value,
    };
    value.parse().ok()
}

impl FromRequestParts<App> for Owner {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        // Each part for itself: as a whole it is longer than what is repeated of a value.
        let path: Vec<String> = parts
            .uri
            .path()
            .split('/')
            .map(quoted)
            .take(PARTS_MAX)
            .collect();
        let path = path.join("/");
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
