//! Who is asking.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sidetone_core::id::{AccountSid, ApiKeySid};

use crate::api::error::ApiError;
use crate::app::App;
use crate::directory::Credential;
use crate::web::forwarded;
use crate::web::forwarded::Peer;
use crate::web::trace::Asker;

/// Whoever sent valid credentials with the request. An extractor: a handler without it looks bare.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The account the credentials belong to.
    pub account: AccountSid,
    /// The credential itself; for the history of judgements.
    pub credential: Credential,
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let (user, password) = basic(parts).ok_or_else(ApiError::unauthorized)?;
        let now = app.clock.now();
        let mut credential = app.directory.authenticate(&user, &password, now);
        if credential.is_none()
            && app
                .directory
                .refresh_for_unknown(app.store.as_ref(), app.clock.passed())
                .await
        {
            credential = app.directory.authenticate(&user, &password, now);
        }
        let credential = credential.ok_or_else(|| refuse(parts, app, &user))?;
        let account = credential.account();
        Asker::note(&parts.extensions, account);
        charge(app, account)?;
        Ok(Self {
            account,
            credential,
        })
    }
}

/// Takes a request out of an account's rate limit.
///
/// # Errors
/// 429 when nothing is left of it.
pub fn charge(app: &App, account: AccountSid) -> Result<(), ApiError> {
    if app.config.rate_limit > 0
        && let Some(rate_limit) = app.directory.rate_limit(account)
        && let Err(seconds) = rate_limit.take(app.clock.passed(), app.config.rate_limit)
    {
        return Err(ApiError::too_many_requests(seconds));
    }
    Ok(())
}

/// Counts a failed login and tells it in the log, in words that do not change: others read them.
fn refuse(parts: &Parts, app: &App, user: &str) -> ApiError {
    app.counters.failed_logins.inc();
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.address);
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let address = forwarded::client(&app.config.trusted_proxies, &parts.headers, peer);
    let failure = app.bounds.logins.fail(address, app.clock.passed());
    if let Some(more) = failure.say {
        // What is no identifier may be a password in the wrong place.
        let is_sid = user.parse::<AccountSid>().is_ok() || user.parse::<ApiKeySid>().is_ok();
        let user = if is_sid { user } else { "-" };
        tracing::warn!(target: "sidetone::login", %address, user = %user, more, "login failed");
    }
    match failure.wait_s {
        None => ApiError::unauthorized(),
        Some(seconds) => ApiError::too_many_failed_logins(seconds),
    }
}

/// User and password of an `Authorization: Basic` header (RFC 7617).
fn basic(parts: &Parts) -> Option<(String, String)> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
