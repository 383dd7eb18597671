//! Access tokens: whom one lets in, and for what.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use sha2::{Digest, Sha256};
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_store::Scope;
use sidetone_store::sdk_calls::Opener;
use sidetone_wire::access_token::{CallGrant, Claims, Issuer, Permission, Unverified, VoiceGrant};

use super::{Caller, Who, charge, refuse};
use crate::api::error::ApiError;
use crate::app::App;
use crate::directory::Credential;
use crate::web::trace::Asker;

/// The header that voice SDKs send theirs in.
pub const TOKEN: HeaderName = HeaderName::from_static("x-twilio-token");

/// Whoever holds a valid access token. What it allows, and with which call, is asked of it; it is no
/// credential of its account.
#[derive(Debug, Clone)]
pub struct Holder(Claims);

/// The token of an `Authorization: Bearer` header (RFC 6750 §2.1).
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Counts a token as a failed login, which may have to wait for the next; else says what is wrong with
/// it.
fn refused(parts: &Parts, app: &App, issuer: &str, why: ApiError) -> ApiError {
    let refused = refuse(parts, app, issuer);
    if refused.status() == StatusCode::UNAUTHORIZED {
        why
    } else {
        refused
    }
}

/// What a caller's tokens are signed as: a person's as the account's.
#[must_use]
pub const fn issuer(caller: &Caller) -> Issuer {
    match &caller.who {
        Who::Credential(Credential::Key(key, _)) => Issuer::Key(*key),
        Who::Credential(Credential::Account(_)) | Who::Person(_) => Issuer::Account(caller.account),
    }
}

/// Whoever may say something of a call: a caller, or the holder of a token that allows it.
#[derive(Debug, Clone)]
pub struct Judge {
    /// Whose calls they may mean, with those of its subaccounts.
    pub account: AccountSid,
    /// What histories call them.
    pub by: String,
}

impl Judge {
    /// Who asks for this, of the call that the path names.
    ///
    /// # Errors
    /// 401; 403 when the token is for another call, or does not allow it.
    pub async fn of(
        parts: &mut Parts,
        app: &App,
        permission: Permission,
        call: CallSid,
    ) -> Result<Self, ApiError> {
        let Some(token) = bearer(&parts.headers) else {
            let caller = Caller::from_request_parts(parts, app).await?;
            return Ok(Self::from(&caller));
        };
        let holder = Holder::of(token, parts, app).await?;
        if !holder.may(permission, call) {
            return Err(ApiError::not_allowed(format!(
                "The access token does not allow to {} call {call}.",
                permission.as_str()
            )));
        }
        Ok(Self {
            account: holder.account(),
            by: holder.name(),
        })
    }
}

impl Judge {
    /// The calls that they may mean.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        Scope {
            account: self.account,
        }
    }
}

impl From<&Caller> for Judge {
    fn from(caller: &Caller) -> Self {
        Self {
            account: caller.account,
            by: caller.who.to_string(),
        }
    }
}

impl Holder {
    /// Whoever shows this token.
    ///
    /// # Errors
    /// 401 when it is not valid; what is wrong with it is told to whoever can sign one. 429.
    pub async fn of(token: &str, parts: &Parts, app: &App) -> Result<Self, ApiError> {
        let now = app.clock.now();
        let token = Unverified::read(token);
        let token = token.map_err(|why| refused(parts, app, "-", ApiError::invalid_token(&why)))?;
        let issuer = token.issuer();
        let directory = &app.directory;
        let mut known = directory.token_secrets(issuer, now);
        if known.is_none()
            && directory
                .refresh_for_unknown(app.store.as_ref(), app.clock.passed())
                .await
        {
            known = directory.token_secrets(issuer, now);
        }
        let unsigned = || refused(parts, app, &issuer.to_string(), ApiError::unsigned_token());
        let known = known.ok_or_else(unsigned)?;
        let claims = token.verify(known.secrets.iter().map(String::as_str), now);
        let claims = claims.map_err(|why| ApiError::invalid_token(&why))?;
        let mut claims = claims.ok_or_else(unsigned)?;
        if known.is_of_provider {
            claims.account = known.account;
        } else if claims.account != known.account
            && !directory.is_subaccount(claims.account, known.account)
        {
            return Err(unsigned());
        }
        Asker::note(&parts.extensions, issuer);
        charge(app, claims.account)?;
        Ok(Self(claims))
    }

    /// The account that the token is for.
    #[must_use]
    pub const fn account(&self) -> AccountSid {
        self.0.account
    }

    /// What histories call them: their identity, or whose token it is.
    #[must_use]
    pub fn name(&self) -> String {
        let identity = self.0.identity.clone();
        identity.unwrap_or_else(|| self.0.issuer.to_string())
    }

    /// Their identity as a Voice SDK's, and what it may.
    #[must_use]
    pub fn voice(&self) -> Option<(&str, VoiceGrant)> {
        Some((self.0.identity.as_deref()?, self.0.voice?))
    }

    /// Who they are, whatever token they show: whose tokens these are, and their identity.
    #[must_use]
    pub fn opener(&self) -> Opener {
        let mut hash = Sha256::new();
        for part in [self.0.issuer.to_string(), self.name()] {
            hash.update(part);
            hash.update(b"\n");
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&hash.finalize()[..16]);
        Opener(digest)
    }

    /// Whether the token allows something with a call.
    #[must_use]
    pub fn may(&self, permission: Permission, call: CallSid) -> bool {
        let grant = self.0.call.as_ref();
        grant
            .is_some_and(|CallGrant { call: of, allow }| *of == call && allow.contains(&permission))
    }
}
