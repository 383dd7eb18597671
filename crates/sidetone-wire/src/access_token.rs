//! Access tokens: JWTs (RFC 7519) signed with HMAC-SHA256 (HS256, RFC 7518 §3.2), as the official
//! `AccessToken` helpers make them and as we do.
//!
//! A token says whose it is (`iss` an API key, or an account), for which account (`sub`), until when
//! (`exp`), and what it allows (`grants`): `voice`, a Voice SDK's own; `sidetone`, what its holder
//! may do with one call. Nothing it says counts before the signature was found good.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use sidetone_core::id::{AccountSid, ApiKeySid, CallSid};
use sidetone_core::time::{SECOND_US, TimeUs};

use crate::loose::Object;

#[cfg(test)]
mod tests;

/// The longest token, in bytes. With all grants that there are it takes some 900.
pub const TOKEN_MAX_BYTES: usize = 4096;
/// The longest identity, in characters: that of a client of Twilio's.
pub const IDENTITY_MAX_CHARS: usize = 121;
/// The longest that a token may be valid from now on, seconds: a day, as with Twilio.
pub const TTL_MAX_S: i64 = 86_400;
/// How far clocks may differ, seconds.
pub const LEEWAY_S: i64 = 60;

/// Whose secret a token is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Issuer {
    /// That of an API key.
    Key(ApiKeySid),
    /// An account's own token.
    Account(AccountSid),
}

impl std::fmt::Display for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) => key.fmt(f),
            Self::Account(account) => account.fmt(f),
        }
    }
}

/// What the holder of a token may do with its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read and change its annotation.
    Annotate,
    /// Rate it.
    Rate,
    /// Tell what an SDK observes of it.
    Observe,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Annotate, Self::Rate, Self::Observe];

    /// The word in a token.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Annotate => "annotate",
            Self::Rate => "rate",
            Self::Observe => "observe",
        }
    }

    /// The permission of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// What a token allows with one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallGrant {
    /// The call.
    pub call: CallSid,
    /// What with it, each once.
    pub allow: Vec<Permission>,
}

/// The grant of a Voice SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoiceGrant {
    /// It may be called.
    pub incoming: bool,
    /// It may call.
    pub outgoing: bool,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Whose it is.
    pub issuer: Issuer,
    /// The account that it is for.
    pub account: AccountSid,
    /// From when on it is not valid any more.
    pub expires_at: TimeUs,
    /// From when on it is valid. `None`: it is already.
    pub not_before: Option<TimeUs>,
    /// Who holds it. `None`: it does not say.
    pub identity: Option<String>,
    /// For a Voice SDK.
    pub voice: Option<VoiceGrant>,
    /// For one call.
    pub call: Option<CallGrant>,
}

/// Why a token is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It cannot be read.
    #[error("it is no JWT with iss, sub, exp and grants as access tokens have them")]
    Malformed,
    /// It is not signed in the one way that is taken.
    #[error("its alg is not HS256")]
    Algorithm,
    /// It was valid.
    #[error("it has expired")]
    Expired,
    /// It will be valid.
    #[error("it is not valid yet")]
    Early,
    /// It would be valid for longer than a token may be.
    #[error("it expires in more than 24 hours")]
    TooLong,
}

/// A token that was read, and whose signature nobody has looked at yet.
#[derive(Debug)]
pub struct Unverified<'a> {
    signed: &'a str,
    signature: Vec<u8>,
    claims: Claims,
}

impl<'a> Unverified<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] or [`TokenError::Algorithm`].
    pub fn read(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let header = object(header)?;
        // What must be understood (RFC 7515 §4.1.11) is not.
        if header.get("alg").and_then(Value::as_str) != Some("HS256") || header.contains_key("crit")
        {
            return Err(TokenError::Algorithm);
        }
        let claims = Claims::of(&object(payload)?).ok_or(TokenError::Malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature);
        Ok(Self {
            signed,
            signature: signature.map_err(|_| TokenError::Malformed)?,
            claims,
        })
    }

    /// Who is said to have signed it: whose secrets to try.
    #[must_use]
    pub const fn issuer(&self) -> Issuer {
        self.claims.issuer
    }

    /// What it says, if it is signed with one of these secrets, and valid at that time. Compared in
    /// constant time. `None`: it is signed with none of them.
    ///
    /// # Errors
    /// When it is signed with one, and not valid then.
    pub fn verify<'s>(
        self,
        secrets: impl IntoIterator<Item = &'s str>,
        now: TimeUs,
    ) -> Result<Option<Claims>, TokenError> {
        let is_signed = secrets.into_iter().any(|secret| {
            !secret.is_empty()
                && mac(secret, self.signed)
                    .is_some_and(|mac| mac.verify_slice(&self.signature).is_ok())
        });
        if !is_signed {
            return Ok(None);
        }
        self.claims.valid_at(now)?;
        Ok(Some(self.claims))
    }
}

impl Claims {
    fn of(payload: &Map<String, Value>) -> Option<Self> {
        let payload = Object::of_members(payload);
        let issuer = payload.value("iss")?.as_str()?;
        let issuer = match issuer.parse() {
            Ok(key) => Issuer::Key(key),
            Err(_) => Issuer::Account(issuer.parse().ok()?),
        };
        let time = |key: &str| match payload.value(key) {
            None => Some(None),
            Some(value) => {
                let seconds = value.as_i64().filter(|it| (0..1 << 40).contains(it))?;
                Some(Some(TimeUs::from_micros(seconds.saturating_mul(SECOND_US))))
            }
        };
        let grants = payload.object("grants");
        let identity = match grants.value("identity") {
            None => None,
            Some(identity) => Some(identity_of(identity.as_str()?)?),
        };
        let call = match grants.value("sidetone") {
            None => None,
            Some(grant) => Some(CallGrant::of(Object::of(Some(grant)))?),
        };
        Some(Self {
            issuer,
            account: payload.value("sub")?.as_str()?.parse().ok()?,
            expires_at: time("exp")??,
            not_before: time("nbf")?,
            identity,
            voice: grants.value("voice").map(|grant| {
                let grant = Object::of(Some(grant));
                VoiceGrant {
                    incoming: grant.object("incoming").value("allow") == Some(&Value::Bool(true)),
                    outgoing: grant.object("outgoing").value("application_sid").is_some(),
                }
            }),
            call,
        })
    }

    fn valid_at(&self, now: TimeUs) -> Result<(), TokenError> {
        let leeway_us = LEEWAY_S.saturating_mul(SECOND_US);
        if self.expires_at.plus_us(leeway_us) <= now {
            return Err(TokenError::Expired);
        }
        if self
            .not_before
            .is_some_and(|from| from > now.plus_us(leeway_us))
        {
            return Err(TokenError::Early);
        }
        let longest_us = TTL_MAX_S
            .saturating_mul(SECOND_US)
            .saturating_add(leeway_us);
        if self.expires_at > now.plus_us(longest_us) {
            return Err(TokenError::TooLong);
        }
        Ok(())
    }

    /// A token that says this, but for a Voice SDK's grant, which is not ours to give; signed with a
    /// secret.
    #[must_use]
    pub fn sign(&self, secret: &str) -> String {
        let mut grants = Map::new();
        if let Some(identity) = &self.identity {
            grants.insert("identity".to_owned(), identity.as_str().into());
        }
        if let Some(CallGrant { call, allow }) = &self.call {
            let allow: Vec<&str> = allow.iter().map(|it| it.as_str()).collect();
            let grant = json!({"call_sid": call, "allow": allow});
            grants.insert("sidetone".to_owned(), grant);
        }
        let seconds = |at: TimeUs| at.micros().div_euclid(SECOND_US);
        let mut payload = json!({
            "iss": self.issuer.to_string(),
            "sub": self.account,
            "exp": seconds(self.expires_at),
            "grants": grants,
        });
        if let (Some(from), Some(members)) = (self.not_before, payload.as_object_mut()) {
            members.insert("nbf".to_owned(), seconds(from).into());
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(&json!({"alg": "HS256", "typ": "JWT"}));
        let signed = format!("{header}.{}", part(&payload));
        let signature = mac(secret, &signed).map(|mac| mac.finalize().into_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.unwrap_or_default());
        format!("{signed}.{signature}")
    }
}

impl CallGrant {
    fn of(grant: Object<'_>) -> Option<Self> {
        let words = grant.value("allow")?.as_array()?;
        let mut allow = Vec::new();
        for word in words {
            // What a later version allows is not allowed here.
            if let Some(permission) = Permission::of(word.as_str()?)
                && !allow.contains(&permission)
            {
                allow.push(permission);
            }
        }
        Some(Self {
            call: grant.value("call_sid")?.as_str()?.parse().ok()?,
            allow,
        })
    }
}

/// An identity that may be one: 1 to [`IDENTITY_MAX_CHARS`] characters, none of them a control
/// character.
#[must_use]
pub fn identity_of(text: &str) -> Option<String> {
    let fits = (1..=IDENTITY_MAX_CHARS).contains(&text.chars().count());
    (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

fn mac(secret: &str, signed: &str) -> Option<Hmac<Sha256>> {
    // A key may have any length.
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(signed.as_bytes());
    Some(mac)
}

/// A part of a token: an object, in base64url without padding.
fn object(part: &str) -> Result<Map<String, Value>, TokenError> {
    let json = URL_SAFE_NO_PAD.decode(part).ok();
    json.and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or(TokenError::Malformed)
}
