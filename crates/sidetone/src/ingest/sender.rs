//! Whose calls a sender may speak of.

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sidetone_core::id::AccountSid;
use sidetone_wire::error::DecodeError;
use sidetone_wire::identity::AccountName;

use crate::api::auth::{Caller, charge};
use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::app::App;
use crate::telemetry::labels::{RefusalReason, Source};
use crate::web::base_url::BaseUrl;
use crate::web::forwarded::Peer;
use crate::web::trace::Asker;

/// The header with a signature.
pub const SIGNATURE: HeaderName = HeaderName::from_static("x-twilio-signature");

/// Characters of a URL that are logged.
const URL_MAX_CHARS: usize = 512;

/// How a sender shows who it is.
pub enum Sender {
    /// By credentials of ours.
    Caller(Caller),
    /// By a signature over the URL and the body, made with a secret of the account that either
    /// names.
    Signed(Signed),
}

/// What a signature came with.
pub struct Signed {
    /// The account that the URL's `AccountSid` names: for bodies that name none, such as a sink's
    /// test.
    pub named: Option<AccountName>,
    url: String,
    signature: String,
    peer: Option<Peer>,
    asker: Option<Asker>,
}

impl Signed {
    /// The account that stored a secret under this name, when the signature `fits` one: it is given
    /// a secret, the URL as the sender called it and the signature. A request of an account counts
    /// against its budget.
    ///
    /// # Errors
    /// 401: an unknown name and a wrong signature look alike; 429.
    pub fn verify(
        &self,
        app: &App,
        door: Source,
        name: Option<&AccountName>,
        fits: impl Fn(&[u8], &str, &str) -> bool,
    ) -> Result<AccountSid, ApiError> {
        let refuse = |reason, name: &str| self.refuse(app, door, reason, name);
        let name = name
            .ok_or_else(|| refuse(Unproven::NamesNobody, ""))?
            .to_string();
        let account = app.directory.provider(&name);
        let account = account.ok_or_else(|| refuse(Unproven::UnknownAccount, &name))?;
        let secrets = app.directory.signing_secrets(&name, app.clock.now());
        secrets
            .iter()
            .filter(|secret| !secret.is_empty())
            .find(|secret| fits(secret.as_bytes(), &self.url, &self.signature))
            .ok_or_else(|| refuse(Unproven::WrongSignature, &name))?;
        if let Some(asker) = &self.asker {
            asker.set(account);
        }
        charge(app, account)?;
        Ok(account)
    }

    /// Counts a signature that proves nothing, and says in the log what was checked. The answer
    /// does not tell.
    fn refuse(&self, app: &App, door: Source, why: Unproven, name: &str) -> ApiError {
        let (reason, now) = (why.reason(), app.clock.now());
        let doors = &app.counters.doors;
        doors.refuse(door, reason.as_str(), now, || why.remedy().to_string());
        if let Some(more) = app.counters.refuse(door, reason, now) {
            tracing::warn!(
                door = door.as_str(),
                reason = reason.as_str(),
                url = without_values(&self.url),
                account = name,
                peer = self.peer.map(|peer| tracing::field::display(peer.address)),
                remedy = why.remedy(),
                more,
                "a signature was refused"
            );
        }
        ApiError::unauthorized()
    }
}

/// Why a signature proves nothing.
#[derive(Debug, Clone, Copy)]
enum Unproven {
    NamesNobody,
    UnknownAccount,
    WrongSignature,
}

impl Unproven {
    /// As counters call it.
    const fn reason(self) -> RefusalReason {
        match self {
            Self::NamesNobody => RefusalReason::NoAccount,
            Self::UnknownAccount => RefusalReason::UnknownAccount,
            Self::WrongSignature => RefusalReason::Signature,
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::NamesNobody => "let the URL name the account: ?AccountSid=AC…",
            Self::UnknownAccount => {
                "store the secret that the provider signs with: sidetone account provider-secret --provider-account"
            }
            Self::WrongSignature => {
                "if the provider calls another URL than this, set public_url to the beginning of that; else store the secret it \
                 signs with: sidetone account provider-secret"
            }
        }
    }
}

/// A URL without the values of its query, which may be secrets; but for those that are none.
fn without_values(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else {
        return quoted_url(url);
    };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some(("bodySHA256" | "AccountSid", _)) | None => pair.to_owned(),
        Some((name, _)) => format!("{name}=…"),
    });
    let pairs: Vec<String> = pairs.collect();
    quoted_url(&format!("{path}?{}", pairs.join("&")))
}

/// As much of a URL as is logged.
fn quoted_url(url: &str) -> String {
    url.chars().take(URL_MAX_CHARS).collect()
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
                peer: parts.extensions.get().copied(),
                asker: parts.extensions.get().cloned(),
            }));
        }
        Caller::from_request_parts(parts, app)
            .await
            .map(Self::Caller)
    }
}

/// The account an event of this sender belongs to. A name that nobody here knows is the sender's
/// own affair: the provider's name for what is the caller's account here. So a refusal tells that
/// an account is here; nobody guesses 128 random bits to learn that.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_logged_without_what_may_be_secret() {
        for (url, expected) in [
            ("https://a.example/x", "https://a.example/x"),
            (
                "https://a.example/x?token=s3cret&bodySHA256=ab&AccountSid=AC1&flag",
                "https://a.example/x?token=…&bodySHA256=ab&AccountSid=AC1&flag",
            ),
        ] {
            assert_eq!(without_values(url), expected);
        }
        assert_eq!(without_values(&"x".repeat(9_999)).len(), URL_MAX_CHARS);
    }
}
