//! Whose calls a sender may speak of.

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sidetone_core::id::AccountSid;
use sidetone_wire::error::DecodeError;
use sidetone_wire::identity::AccountName;

use crate::app::App;
use crate::http::auth::Caller;
use crate::http::base_url::BaseUrl;
use crate::http::error::ApiError;
use crate::http::form::Query;

const SIGNATURE: HeaderName = HeaderName::from_static("x-twilio-signature");

/// How a sender shows who it is.
pub enum Sender {
    /// By credentials of ours.
    Caller(Caller),
    /// By a signature over the URL and the body, made with the secret of the account that the body names.
    Signed {
        /// The URL as the sender called it.
        url: String,
        /// The signature.
        signature: String,
        /// The account that the URL's `AccountSid` names: for bodies that name none, such as a sink's test.
        named: Option<AccountName>,
    },
}

impl FromRequestParts<App> for Sender {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if !parts.headers.contains_key(AUTHORIZATION)
            && let Some(signature) = parts.headers.get(SIGNATURE)
        {
            let signature = signature
                .to_str()
                .map_err(|_| ApiError::unauthorized())?
                .to_owned();
            let BaseUrl(base) = BaseUrl::from_request_parts(parts, app).await?;
            let Query(query) = Query::from_request_parts(parts, app).await?;
            let named = query
                .filled("AccountSid")
                .and_then(|value| AccountName::parse(value.text));
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            return Ok(Self::Signed {
                url: format!("{base}{path}"),
                signature,
                named,
            });
        }
        Caller::from_request_parts(parts, app)
            .await
            .map(Self::Caller)
    }
}

/// The account an event of this sender belongs to. A name that nobody here knows is the sender's own affair: the
/// provider's name for what is the caller's account here.
///
/// # Errors
/// When the name is that of an account here that is not the caller's to write.
pub fn account_of(
    app: &App,
    caller: AccountSid,
    named: Option<&AccountName>,
) -> Result<AccountSid, DecodeError> {
    let Some(name) = named else { return Ok(caller) };
    let text = name.to_string();
    let Some((account, _)) = app.directory.provider(&text) else {
        return Ok(caller);
    };
    if account == caller || app.directory.is_subaccount(account, caller) {
        return Ok(account);
    }
    Err(DecodeError::invalid(
        "account",
        &text,
        "your own account or one of its subaccounts",
    ))
}

/// The account that stored a provider's secret under this name, and that secret.
///
/// # Errors
/// 401 when there is none: an unknown name and a wrong signature look alike.
pub fn provider_of(
    app: &App,
    named: Option<&AccountName>,
) -> Result<(AccountSid, String), ApiError> {
    named
        .and_then(|name| app.directory.provider(&name.to_string()))
        .filter(|(_, secret)| !secret.is_empty())
        .ok_or_else(ApiError::unauthorized)
}
