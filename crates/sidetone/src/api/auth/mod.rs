//! Who is asking, and what they may.

pub mod role;
pub mod session;
pub mod token;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sidetone_core::id::{AccountSid, ApiKeySid};
use sidetone_store::people::{Holder, PersonName, Role, Session, SessionDigest};

use crate::api::error::ApiError;
use crate::api::masking::Masking;
use crate::app::App;
use crate::directory::Credential;
use crate::web::forwarded;
use crate::web::forwarded::Peer;
use crate::web::trace::Asker;

/// Whoever sent valid credentials with the request, or is signed in. An extractor: a handler without
/// it looks bare. What somebody may is seen to here, for every path alike ([`role`]).
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account that they belong to.
    pub account: AccountSid,
    /// Who it is; written out for histories and logs.
    pub who: Who,
    /// What they may do.
    pub role: Role,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Whoever has a credential.
    Credential(Credential),
    /// A person.
    Person(PersonName),
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(credential) => credential.fmt(f),
            Self::Person(name) => name.fmt(f),
        }
    }
}

impl Caller {
    /// Whoever has this credential.
    const fn with(credential: Credential) -> Self {
        Self {
            account: credential.account(),
            who: Who::Credential(credential),
            role: Role::Admin,
        }
    }

    /// Whose session this is.
    pub(super) fn of(session: &Session) -> Self {
        let account = session.account;
        match &session.holder {
            Holder::Account => Self::with(Credential::Account(account)),
            Holder::Key(key) => Self::with(Credential::Key(*key, account)),
            Holder::Person(name, role) => Self {
                account,
                who: Who::Person(name.clone()),
                role: *role,
            },
        }
    }

    /// Whether the session that they were asked as is still there, and lets them do as much.
    pub async fn is_let_in(&self, session: SessionDigest, app: &App) -> bool {
        match app.store.session(session, app.clock.now()).await {
            Ok(Some(session)) => Self::of(&session).role == self.role,
            Ok(None) => false,
            Err(error) => {
                tracing::debug!(%error, "a session was not looked up");
                false
            }
        }
    }

    /// Whether they see telephone numbers.
    #[must_use]
    pub fn sees_numbers(&self) -> bool {
        self.role > Role::Viewer
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        // Who sends credentials is asked as these, whatever a browser adds.
        let caller = if parts.headers.contains_key(AUTHORIZATION) {
            credential(parts, app).await?
        } else {
            let session = session::of(&parts.headers, app).await?;
            let session = session.ok_or_else(ApiError::unauthorized)?;
            session.expect_no_forgery(parts, app)?;
            let caller = Self::of(&session.session);
            if caller.role < role::least(&parts.method, parts.uri.path()) {
                return Err(ApiError::not_for(caller.role.as_str()));
            }
            if !caller.sees_numbers() {
                // Without it nobody would mask the answer.
                let masking = parts.extensions.get::<Masking>();
                masking.ok_or_else(ApiError::internal)?.begin();
            }
            caller
        };
        Asker::note(&parts.extensions, caller.account);
        charge(app, caller.account)?;
        Ok(caller)
    }
}

/// Whose user and password came with the request.
async fn credential(parts: &Parts, app: &App) -> Result<Caller, ApiError> {
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
    Ok(Caller::with(credential))
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

/// Where a request comes from, as failed logins are counted by it.
pub fn address(parts: &Parts, app: &App) -> IpAddr {
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.address);
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    forwarded::client(&app.config.trusted_proxies, &parts.headers, peer)
}

/// Refuses a login that has failed, which is counted.
pub(super) fn refuse(parts: &Parts, app: &App, user: &str) -> ApiError {
    match count_failed_login(parts, app, user) {
        None => ApiError::unauthorized(),
        Some(seconds) => ApiError::too_many_failed_logins(seconds),
    }
}

/// Counts a failed login and tells it in the log, in words that do not change: others read them.
/// Seconds until the next try, if its address has to wait.
pub(super) fn count_failed_login(parts: &Parts, app: &App, user: &str) -> Option<u64> {
    app.counters.failed_logins.inc();
    let address = address(parts, app);
    let failure = app.bounds.logins.fail(address, app.clock.passed());
    if let Some(more) = failure.say {
        // What is no identifier may be a password in the wrong place.
        let is_sid = user.parse::<AccountSid>().is_ok() || user.parse::<ApiKeySid>().is_ok();
        let user = if is_sid { user } else { "-" };
        tracing::warn!(target: "sidetone::login", %address, user = %user, more, "login failed");
    }
    failure.wait_s
}

/// Whether a request is asked as a session: it has a cookie of ours, and no credentials.
#[must_use]
pub fn has_session(headers: &HeaderMap) -> bool {
    !headers.contains_key(AUTHORIZATION) && session::cookies(headers).next().is_some()
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
