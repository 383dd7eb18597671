//! The session of a request: its cookie, and whether its page is ours.
//!
//! A browser sends the cookie along whoever made it ask. `SameSite=Lax` keeps it from most foreign
//! pages; whatever changes something must also come from our own origin and show what only our own
//! pages have read.

use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use ring::hmac::{self, HMAC_SHA256};
use sha2::{Digest, Sha256};
use sidetone_core::time::{DAY_US, HOUR_US, SECOND_US, TimeUs};
use sidetone_store::people::{Session, SessionDigest};
use subtle::ConstantTimeEq;

use crate::api::error::ApiError;
use crate::app::App;
use crate::web::forwarded::ForwardedHost;

/// The name of the cookie.
pub const COOKIE_NAME: &str = "sidetone_session";
/// What shows that a page of ours asks.
const FORGERY_HEADER: &str = "x-sidetone-csrf";
/// Bytes of a token; it is written in hexadecimal.
pub const TOKEN_BYTES: usize = 32;
/// How long a session lasts of which nobody makes use, and how long at most.
pub const IDLE_US: i64 = 12 * HOUR_US;
/// See there.
pub const LONGEST_US: i64 = 7 * DAY_US;
/// A session is prolonged by no less than this: each time costs a write.
const STEP_US: i64 = 600 * SECOND_US;

/// A session and what it is shown by.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The session.
    pub session: Session,
    /// What it is known by.
    pub digest: SessionDigest,
    /// What pages of ours send with every change.
    pub csrf: String,
}

/// The values of our cookie: one, unless somebody else set another.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    cookies_named(headers, COOKIE_NAME)
}

/// The values of the cookies of a name.
pub fn cookies_named<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let all = headers.get_all(COOKIE).into_iter();
    let pairs = all.filter_map(|value| value.to_str().ok());
    let pairs = pairs.flat_map(|pairs| pairs.split(';'));
    pairs.filter_map(move |pair| {
        let (its_name, value) = pair.trim().split_once('=')?;
        (its_name == name).then_some(value)
    })
}

/// What a token is known by. `None`: it is no token.
#[must_use]
pub fn digest(token: &str) -> Option<SessionDigest> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let fits = token.len() == 2 * TOKEN_BYTES && token.bytes().all(is_hex);
    fits.then(|| SessionDigest(Sha256::digest(token).into()))
}

/// What pages send with every change. It follows from the token, which scripts cannot read, and
/// nobody learns the token from it.
#[must_use]
pub fn csrf(token: &str) -> String {
    let key = hmac::Key::new(HMAC_SHA256, token.as_bytes());
    let tag = hmac::sign(&key, b"sidetone csrf 1");
    let tag = tag.as_ref().iter();
    tag.map(|byte| format!("{byte:02x}")).collect()
}

/// The session of a request, which lasts longer by it. `None`: it has none.
///
/// # Errors
/// 401 when it is over, or there is no telling which of several is meant.
pub async fn of(headers: &HeaderMap, app: &App) -> Result<Option<Shown>, ApiError> {
    let mut sent = cookies(headers);
    let Some(token) = sent.next() else {
        return Ok(None);
    };
    if sent.any(|other| other != token) {
        return Err(ApiError::signed_out());
    }
    let digest = digest(token).ok_or_else(ApiError::signed_out)?;
    let now = app.clock.now();
    let session = app.store.session(digest, now).await?;
    let mut session = session.ok_or_else(ApiError::signed_out)?;
    let until = lasts_until(session.created_at, now);
    if until.since_us(session.expires_at) >= STEP_US {
        match app.store.prolong_session(digest, until).await {
            Ok(()) => session.expires_at = until,
            // What is asked may be read all the same.
            Err(error) => tracing::debug!(%error, "a session was not prolonged"),
        }
    }
    Ok(Some(Shown {
        session,
        digest,
        csrf: csrf(token),
    }))
}

/// When a session ends that began then and is made use of now.
#[must_use]
pub fn lasts_until(began_at: TimeUs, now: TimeUs) -> TimeUs {
    now.plus_us(IDLE_US).min(began_at.plus_us(LONGEST_US))
}

impl Shown {
    /// Refuses a change that another page than ours may have had a browser ask for.
    ///
    /// # Errors
    /// 403.
    pub fn expect_no_forgery(&self, parts: &Parts, app: &App) -> Result<(), ApiError> {
        if parts.method == Method::GET || parts.method == Method::HEAD {
            return Ok(());
        }
        expect_our_origin(parts, app)?;
        let sent = parts.headers.get(FORGERY_HEADER);
        let sent = sent.map_or(&b""[..], |value| value.as_bytes());
        if bool::from(sent.ct_eq(self.csrf.as_bytes())) {
            Ok(())
        } else {
            Err(ApiError::forged(
                "Send the header X-Sidetone-CSRF with the value of csrf in GET /session.",
            ))
        }
    }
}

/// Refuses what a page of another origin has a browser ask for. A client that is no browser says
/// neither where it is nor what fetches.
///
/// # Errors
/// 403.
pub fn expect_our_origin(parts: &Parts, app: &App) -> Result<(), ApiError> {
    let header = |name: &str| {
        let value = parts.headers.get(name)?;
        Some(value.to_str().unwrap_or("?"))
    };
    let is_ours = match (header(ORIGIN.as_str()), header("sec-fetch-site")) {
        (Some(origin), _) => is_our_origin(origin, parts, app),
        (None, site) => matches!(site, None | Some("same-origin")),
    };
    if is_ours {
        Ok(())
    } else {
        Err(ApiError::forged(
            "It comes from a page of another origin. Behind a proxy, set public_url, or trusted_proxies for X-Forwarded-Host.",
        ))
    }
}

/// Whether a page is of the host that it asks, or of the one that is configured. The scheme does not
/// count: a proxy in front of us may speak another.
fn is_our_origin(origin: &str, parts: &Parts, app: &App) -> bool {
    let Some((_, host)) = origin.split_once("://") else {
        return false;
    };
    let public = app.config.public_url.as_deref().and_then(authority);
    let forwarded = parts.extensions.get::<ForwardedHost>();
    let forwarded = forwarded.map(|ForwardedHost(host)| host.as_str());
    let in_uri = parts.uri.authority().map(|authority| authority.as_str());
    let asked = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let all = [public, forwarded, in_uri, asked];
    all.iter()
        .flatten()
        .any(|ours| ours.eq_ignore_ascii_case(host))
}

/// Host and port of a URL.
fn authority(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', '?', '#']).next()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn cookies_are_found_among_others() {
        let mut headers = HeaderMap::new();
        for value in [
            "a=1; sidetone_session=x; xsidetone_session=no",
            "sidetone_session=y",
            "sidetone_session",
            "SIDETONE_SESSION=no",
        ] {
            headers.append(COOKIE, HeaderValue::from_static(value));
        }
        assert_eq!(cookies(&headers).collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(digest(&"a".repeat(63)), None);
        assert_eq!(digest(&"A".repeat(64)), None);
        assert_ne!(digest(&"a".repeat(64)), None);
    }

    #[test]
    fn a_session_lasts_as_long_as_it_is_used_and_not_for_ever() {
        let begin = TimeUs::from_micros(0);
        let after = |us| TimeUs::from_micros(us);
        assert_eq!(lasts_until(begin, after(HOUR_US)), after(13 * HOUR_US));
        assert_eq!(lasts_until(begin, after(LONGEST_US - 1)), after(LONGEST_US));
    }
}
