//! Whose calls a sender may speak of.

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sidetone_core::id::AccountSid;
use sidetone_wire::error::DecodeError;
use sidetone_wire::identity::AccountName;

use crate::app::App;
use crate::http::auth::{Caller, charge};
use crate::http::base_url::BaseUrl;
use crate::http::error::ApiError;
use crate::http::form::Query;

const SIGNATURE: HeaderName = HeaderName::from_static("x-twilio-signature");

/// How a sender shows who it is.
pub enum Sender {
    /// By credentials of ours.
    Caller(Caller),
    /// By a signature over the URL and the body, made with a secret of the account that either names.
    Signed(Signed),
}

/// What a signature came with.
pub struct Signed {
    /// The account that the URL's `AccountSid` names: for bodies that name none, such as a sink's test.
    pub named: Option<AccountName>,
    url: String,
    signature: String,
}

impl Signed {
    /// The account that stored a secret under this name, when the signature `fits` one: it is given a secret, the URL
    /// as the sender called it and the signature. A request of an account counts against its budget.
    ///
    /// # Errors
    /// 401: an unknown name and a wrong signature look alike; 429.
    pub fn verify(
        &self,
        app: &App,
        name: Option<&AccountName>,
        fits: impl Fn(&[u8], &str, &str) -> bool,
    ) -> Result<AccountSid, ApiError> {
        let name = name.ok_or_else(ApiError::unauthorized)?.to_string();
        let secrets = app.directory.signing_secrets(&name, app.clock.now());
        secrets
            .iter()
            .filter(|secret| !secret.is_empty())
            .find(|secret| fits(secret.as_bytes(), &self.url, &self.signature))
            .ok_or_else(ApiError::unauthorized)?;
        let account = app
            .directory
            .provider(&name)
            .ok_or_else(ApiError::unauthorized)?;
        charge(app, account)?;
        Ok(account)
    }
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
            return Ok(Self::Signed(Signed {
                named,
                url: format!("{base}{path}"),
                signature,
            }));
        }
        Caller::from_request_parts(parts, app)
            .await
            .map(Self::Caller)
    }
}

/// The account an event of this sender belongs to. A name that nobody here knows is the sender's own affair: the
/// provider's name for what is the caller's account here. So a refusal tells that an account is here; nobody guesses
/// 128 random bits to learn that.
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
    let Some(account) = app.directory.provider(&text) else {
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
