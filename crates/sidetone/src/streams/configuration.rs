//! How a sink is set up: where it is, and what opens it. Kept sealed, shown without secrets.

mod members;
pub mod otlp;
pub mod receiver;
pub mod s3;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sidetone_core::closed_set;
use sidetone_core::id::SinkSid;
use sidetone_store::sinks::SinkKind;

use self::members::{HIDDEN, Members};
use self::otlp::Otlp;
use self::s3::S3;
use crate::secrets::{Vault, fill_random};

pub use self::members::WrongMember;

/// Where Segment takes events, unless another place is named.
pub const SEGMENT_ENDPOINT: &str = "https://api.segment.io/v1/batch";
/// What secrets of Standard Webhooks begin with.
const SECRET_PREFIX: &str = "whsec_";
/// The bytes that such a secret may have.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// How many it has when it is made up.
const MADE_UP_BYTES: usize = 32;
const WRITE_KEY_MAX_BYTES: usize = 255;
/// Characters of a key that are shown.
const KEY_SHOWN: usize = 4;

closed_set!(
    /// How a request to a webhook shows who sends it.
    SinkSignature {
        /// As Twilio does, with the auth token of the account.
        Twilio = "twilio",
        /// As Standard Webhooks does, with a secret of the sink's own.
        Standard = "standard",
    }
);

/// What a sink is and how it is reached.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Configuration {
    /// A web server that takes `CloudEvents`.
    Webhook(Webhook),
    /// Segment, or what takes the same.
    Segment(Segment),
    /// What takes logs by OTLP.
    Otlp(Otlp),
    /// A bucket of S3, or of what takes the same.
    S3(S3),
}

/// A web server. `None`: it was not said.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its URL as it was given, with the user name and password that it may hold.
    pub destination: String,
    /// `POST`, as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Whether a request has several events, as many as wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_events: Option<bool>,
    /// How requests are signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SinkSignature>,
    /// With what; of [`SinkSignature::Standard`] alone, which has one always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Segment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The key of the source there.
    pub write_key: String,
    /// Where it is, if not at [`SEGMENT_ENDPOINT`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// Something that is set up in a way of its own, and kept sealed.
pub trait Sealed: Serialize + DeserializeOwned {
    /// Seals it for a sink.
    ///
    /// # Errors
    /// When the system has no random bytes.
    fn seal(&self, vault: &Vault, sink: SinkSid) -> anyhow::Result<Vec<u8>> {
        vault.seal(&sink.to_string(), &serde_json::to_string(self)?)
    }

    /// Opens what [`Self::seal`] made. `None`: another key, another sink, or damage.
    #[must_use]
    fn open(vault: &Vault, sink: SinkSid, sealed: &[u8]) -> Option<Self> {
        let text = vault.open_sealed(&sink.to_string(), sealed)?;
        serde_json::from_str(&text).ok()
    }
}

impl Sealed for Configuration {}

/// The members of each kind.
const WEBHOOK: &[&str] = &[
    "destination",
    "method",
    "batch_events",
    "signature",
    "secret",
];
const SEGMENT: &[&str] = &["write_key", "endpoint"];

const DESTINATION: &str = "the URL of a web server";
const SECRET: &str = "whsec_ and 24 to 64 bytes in base64, with \"signature\": \"standard\"";
const WRITE_KEY: &str = "the write key of a source, up to 255 printable characters without a colon";

impl Configuration {
    /// Reads a JSON object. URLs are taken as they are: whoever sends there looks at them.
    ///
    /// # Errors
    /// What is wrong with it first.
    pub fn read(kind: SinkKind, text: &str) -> Result<Self, WrongMember> {
        match kind {
            SinkKind::Webhook => {
                let members = Members::read(WEBHOOK, text)?;
                members.webhook().map(Self::Webhook)
            }
            SinkKind::Segment => {
                let members = Members::read(SEGMENT, text)?;
                members.segment().map(Self::Segment)
            }
            SinkKind::Otlp => Otlp::read(text).map(Self::Otlp),
            SinkKind::S3 => S3::read(text).map(Self::S3),
            SinkKind::Alertmanager
            | SinkKind::AlertWebhook
            | SinkKind::Slack
            | SinkKind::PagerDuty
            | SinkKind::Teams
            | SinkKind::Email => {
                let given = Some(kind.to_string());
                Err(WrongMember::new("", given, "a sink of events"))
            }
        }
    }

    /// Makes up what it needs and nobody gave: the secret of Standard Webhooks. Returns it, to be
    /// told once.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn complete(&mut self) -> anyhow::Result<Option<&str>> {
        match self {
            Self::Webhook(webhook)
                if webhook.signature == Some(SinkSignature::Standard)
                    && webhook.secret.is_none() =>
            {
                let mut random = [0; MADE_UP_BYTES];
                fill_random(&mut random)?;
                let secret = format!("{SECRET_PREFIX}{}", STANDARD.encode(random));
                Ok(Some(webhook.secret.insert(secret).as_str()))
            }
            _ => Ok(None),
        }
    }

    /// The URL that it names, as which member. `None`: it names none.
    #[must_use]
    pub fn url(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Webhook(webhook) => Some(("destination", &webhook.destination)),
            Self::Segment(segment) => Some(("endpoint", segment.endpoint.as_deref()?)),
            Self::Otlp(otlp) => Some(("endpoint", &otlp.endpoint)),
            Self::S3(s3) => Some(("endpoint", s3.endpoint.as_deref()?)),
        }
    }

    /// Whether that URL may hold a user name and password.
    #[must_use]
    pub const fn may_name_user(&self) -> bool {
        matches!(self, Self::Webhook(_))
    }

    /// How long is waited after a request that was not full, so that what comes meanwhile goes together.
    /// `None`: nothing waits for anything.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        match self {
            Self::S3(s3) => Some(s3.interval()),
            _ => None,
        }
    }

    /// Whether who is behind it tells us nothing of a test that arrived: that it was taken is all
    /// there is to know.
    #[must_use]
    pub const fn confirms_by_taking(&self) -> bool {
        !matches!(self, Self::Webhook(_))
    }

    /// What was given, fit to be shown: without passwords, secrets and keys.
    #[must_use]
    pub fn shown(&self) -> Map<String, Value> {
        let mut shown = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                shown.insert(name.to_owned(), value);
            }
        };
        match self {
            Self::Webhook(webhook) => {
                let destination = without_password(&webhook.destination);
                put("destination", Some(destination.into()));
                put("method", webhook.method.clone().map(Value::from));
                put("batch_events", webhook.batch_events.map(Value::from));
                let signature = webhook.signature.map(|it| it.as_str().into());
                put("signature", signature);
                put("secret", webhook.secret.as_ref().map(|_| HIDDEN.into()));
            }
            Self::Segment(segment) => {
                put("write_key", Some(end_of(&segment.write_key).into()));
                put(
                    "endpoint",
                    segment
                        .endpoint
                        .as_deref()
                        .map(without_password)
                        .map(Value::from),
                );
            }
            Self::Otlp(otlp) => return otlp.shown(),
            Self::S3(s3) => return s3.shown(),
        }
        shown
    }
}

/// A key of which only the end is shown.
fn end_of(key: &str) -> String {
    let at = key.len().saturating_sub(KEY_SHOWN);
    // A short one would be shown whole.
    let end = key.get(at..).filter(|_| at >= KEY_SHOWN);
    format!("{HIDDEN}{}", end.unwrap_or_default())
}

/// A URL with what opens it hidden.
fn without_password(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']);
    let end = end.map_or(url.len(), |at| start + at);
    let (before, authority, after) = (&url[..start], &url[start..end], &url[end..]);
    match authority.rsplit_once('@') {
        None => url.to_owned(),
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{before}{name}:{HIDDEN}@{host}{after}"),
            // Alone it is a token.
            None => format!("{before}{HIDDEN}@{host}{after}"),
        },
    }
}

impl Members {
    fn webhook(&self) -> Result<Webhook, WrongMember> {
        let destination = self.text("destination", DESTINATION)?;
        let destination = destination.filter(|it| !it.is_empty());
        let destination =
            destination.ok_or_else(|| WrongMember::new("destination", None, DESTINATION))?;
        let method = self.text("method", "POST")?;
        if let Some(method) = method
            && !method.eq_ignore_ascii_case("POST")
        {
            let given = Some(method.to_owned());
            return Err(WrongMember::new("method", given, "POST"));
        }
        let batch_events = match self.of("batch_events") {
            None => None,
            Some(Value::Bool(batch_events)) => Some(*batch_events),
            Some(other) => {
                let given = Some(other.to_string());
                return Err(WrongMember::new("batch_events", given, "true or false"));
            }
        };
        let words = SinkSignature::WORDS.join(" or ");
        let signature = self.text("signature", &words)?;
        let signature = signature.map(|text| {
            let wrong = |_| WrongMember::new("signature", Some(text.to_owned()), &*words);
            text.parse().map_err(wrong)
        });
        let signature = signature.transpose()?;
        // It is not repeated.
        let wrong = || WrongMember::new("secret", Some(HIDDEN.to_owned()), SECRET);
        let secret = match self.of("secret") {
            None => None,
            Some(Value::String(secret))
                if signature == Some(SinkSignature::Standard) && is_secret(secret) =>
            {
                Some(secret.clone())
            }
            Some(_) => return Err(wrong()),
        };
        Ok(Webhook {
            destination: destination.to_owned(),
            method: method.map(str::to_owned),
            batch_events,
            signature,
            secret,
        })
    }

    fn segment(&self) -> Result<Segment, WrongMember> {
        let write_key = match self.of("write_key") {
            None => return Err(WrongMember::new("write_key", None, WRITE_KEY)),
            Some(Value::String(key)) if is_write_key(key) => key.clone(),
            Some(_) => {
                let given = Some(HIDDEN.to_owned());
                return Err(WrongMember::new("write_key", given, WRITE_KEY));
            }
        };
        let endpoint = self.text("endpoint", "the URL that batches are sent to")?;
        Ok(Segment {
            write_key,
            endpoint: endpoint.map(str::to_owned),
        })
    }
}

/// Whether a text is a secret as Standard Webhooks writes it.
fn is_secret(text: &str) -> bool {
    let encoded = text.strip_prefix(SECRET_PREFIX);
    let bytes = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
    bytes.is_some_and(|bytes| SECRET_BYTES.contains(&bytes.len()))
}

/// Whether a text can be the user name of Basic credentials, which it is sent as.
fn is_write_key(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    (1..=WRITE_KEY_MAX_BYTES).contains(&text.len()) && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests;
