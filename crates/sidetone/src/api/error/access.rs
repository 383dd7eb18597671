//! What is answered to those who may not: no credentials, or none that open this.

use std::borrow::Cow;

use axum::http::StatusCode;
use sidetone_wire::access_token::TokenError;

use super::ApiError;

impl ApiError {
    /// 20003: no credentials, or wrong ones.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            20003,
            "Authentication failed. Send HTTP Basic credentials: AccountSid and AuthToken, or API key and its secret.",
        )
    }

    /// 20003: nobody is signed in any more.
    #[must_use]
    pub fn signed_out() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            20003,
            "You are not signed in, or not any more. Sign in again.",
        )
    }

    /// 20403: whoever is signed in may not do this.
    #[must_use]
    pub fn not_for(role: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            20403,
            format!("This is not for whoever is {role}."),
        )
    }

    /// 20403: a page that is not ours may have asked for this. `why`: what was missing.
    #[must_use]
    pub fn forged(why: &'static str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            20403,
            format!("The request may be forged. {why}"),
        )
    }

    /// 20003: an access token that is not valid.
    #[must_use]
    pub fn invalid_token(why: &TokenError) -> Self {
        let message = format!("The access token is not valid: {why}.");
        Self::new(StatusCode::UNAUTHORIZED, 20003, message)
    }

    /// 20003: an access token whose issuer is not here, or did not sign it.
    #[must_use]
    pub fn unsigned_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            20003,
            "The access token is not valid: it is not signed with a secret of its issuer that is known here. \
             That of another provider's key is stored by: sidetone account provider-secret.",
        )
    }

    /// 20003: there is no access token where there must be one.
    #[must_use]
    pub fn no_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            20003,
            "Authentication failed. Send an access token in the header X-Twilio-Token.",
        )
    }

    /// 20403: an access token that does not allow this.
    #[must_use]
    pub fn not_allowed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, 20403, message)
    }

    /// 20429: too many failed logins from one address.
    #[must_use]
    pub fn too_many_failed_logins(retry_after_s: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            20429,
            format!("Authentication failed, as it did often from this address. Try again in {retry_after_s} s."),
        )
        .retry_after(retry_after_s)
    }

    /// 20429: too many failed logins by one name.
    #[must_use]
    pub fn too_many_failed_logins_of_name(retry_after_s: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            20429,
            format!("Too many have tried to sign in by this name. Try again in {retry_after_s} s."),
        )
        .retry_after(retry_after_s)
    }

    /// 17000: an account that the caller may not read.
    #[must_use]
    pub fn foreign_account(account: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            17000,
            format!("Account {account} is neither yours nor one of your subaccounts."),
        )
    }

    /// 17000: what is of the whole server, asked for by another account than the first.
    #[must_use]
    pub fn not_of_first_account() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            17000,
            "This is of the whole server. Ask with the credentials of its first account.",
        )
    }
}
