//! How a sink that keeps files in S3, or in what takes the same, is set up.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::members::{HIDDEN, Members, WrongMember, hidden};

/// Where files are unless it is said.
const REGION: &str = "us-east-1";
const PREFIX_MAX_BYTES: usize = 512;
const KEY_ID_MAX_BYTES: usize = 128;
const BUCKET_BYTES: RangeInclusive<usize> = 3..=63;
const REGION_MAX_BYTES: usize = 63;
/// Seconds between two objects that are not full.
const INTERVAL: RangeInclusive<u64> = 1..=900;
const USUAL_INTERVAL: u64 = 60;

const ENDPOINT: &str = "a URL such as https://minio.example.com:9000, without a query";
const BUCKET_EXPECTED: &str =
    "the name of a bucket: 3 to 63 lower-case letters, digits, hyphens and full stops";
const REGION_EXPECTED: &str = "a region such as eu-central-1";
const PREFIX_EXPECTED: &str =
    "up to 512 printable characters such as calls/2026, without empty parts, . and ..";
const KEY_ID_EXPECTED: &str = "the identifier of an access key";
const SECRET_EXPECTED: &str = "its secret, up to 255 printable characters";
const INTERVAL_EXPECTED: &str = "1 to 900 seconds";

/// A bucket of S3, or of what takes the same.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3 {
    /// Where it is, if not at Amazon's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// In which region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Its name.
    pub bucket: String,
    /// What the names of objects begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Which key opens it.
    pub access_key_id: String,
    /// That key.
    pub secret_access_key: String,
    /// Seconds between two objects that are not full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
}

impl S3 {
    pub(super) fn read(text: &str) -> Result<Self, WrongMember> {
        let members = Members::read(
            &[
                "endpoint",
                "region",
                "bucket",
                "prefix",
                "access_key_id",
                "secret_access_key",
                "interval",
            ],
            text,
        )?;
        let endpoint = members.of("endpoint").map(|_| members.url("endpoint"));
        let endpoint = endpoint.transpose()?;
        // The name of the object comes behind.
        if endpoint.as_ref().is_some_and(|url| url.contains('?')) {
            return Err(hidden("endpoint", ENDPOINT));
        }
        let fit = |name, expected: &str, is_fit: fn(&str) -> bool| {
            let wrong = |text: &str| WrongMember::new(name, Some(text.to_owned()), expected);
            let text = members.text(name, expected)?;
            let text = text.map(|text| {
                is_fit(text)
                    .then(|| text.to_owned())
                    .ok_or_else(|| wrong(text))
            });
            text.transpose()
        };
        let missing = |name, expected: &str| WrongMember::new(name, None, expected);
        let bucket = fit("bucket", BUCKET_EXPECTED, is_bucket)?;
        let key_id = fit("access_key_id", KEY_ID_EXPECTED, is_key_id)?;
        let secret = members.secret("secret_access_key", SECRET_EXPECTED)?;
        let interval = members.of("interval").map(|given| {
            let seconds = given.as_u64().filter(|seconds| INTERVAL.contains(seconds));
            let wrong = || WrongMember::new("interval", Some(given.to_string()), INTERVAL_EXPECTED);
            seconds.ok_or_else(wrong)
        });
        Ok(Self {
            endpoint,
            region: fit("region", REGION_EXPECTED, is_region)?,
            bucket: bucket.ok_or_else(|| missing("bucket", BUCKET_EXPECTED))?,
            prefix: fit("prefix", PREFIX_EXPECTED, is_prefix)?,
            access_key_id: key_id.ok_or_else(|| missing("access_key_id", KEY_ID_EXPECTED))?,
            secret_access_key: secret
                .ok_or_else(|| missing("secret_access_key", SECRET_EXPECTED))?,
            interval: interval.transpose()?,
        })
    }

    /// The region that requests are signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        self.region.as_deref().unwrap_or(REGION)
    }

    /// The URL that the bucket is under.
    #[must_use]
    pub fn base(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://s3.{}.amazonaws.com", self.region()),
        }
    }

    /// How long is waited between two objects that are not full.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_secs(self.interval.unwrap_or(USUAL_INTERVAL))
    }

    pub(super) fn shown(&self) -> Map<String, Value> {
        let text = |text: &Option<String>| text.clone().map(Value::from);
        let members = [
            ("endpoint", text(&self.endpoint)),
            ("region", text(&self.region)),
            ("bucket", Some(self.bucket.clone().into())),
            ("prefix", text(&self.prefix)),
            ("access_key_id", Some(self.access_key_id.clone().into())),
            ("secret_access_key", Some(HIDDEN.into())),
            ("interval", self.interval.map(Value::from)),
        ];
        let member = |(name, value): (&str, Option<Value>)| Some((name.to_owned(), value?));
        members.into_iter().filter_map(member).collect()
    }
}

fn is_bucket(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_inner = |byte: u8| is_letter(byte) || matches!(byte, b'-' | b'.');
    let ends = text.as_bytes().first().zip(text.as_bytes().last());
    BUCKET_BYTES.contains(&text.len())
        && text.bytes().all(is_inner)
        && ends.is_some_and(|(first, last)| is_letter(*first) && is_letter(*last))
        && !text.contains("..")
}

fn is_region(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=REGION_MAX_BYTES).contains(&text.len()) && text.bytes().all(is_letter)
}

/// Whether names may begin so. What servers take for a way up is none.
fn is_prefix(text: &str) -> bool {
    let is_part = |part: &str| !matches!(part, "" | "." | "..");
    text.len() <= PREFIX_MAX_BYTES
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && text.split('/').all(is_part)
}

fn is_key_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=KEY_ID_MAX_BYTES).contains(&text.len()) && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(more: &Value) -> Value {
        let mut given = json!({
            "bucket": "calls", "access_key_id": "AKIA1", "secret_access_key": "s3cret",
        });
        for (name, value) in more.as_object().unwrap() {
            given[name] = value.clone();
        }
        given
    }

    fn read(given: &Value) -> Result<S3, WrongMember> {
        S3::read(&given.to_string())
    }

    #[test]
    fn what_was_given_is_shown_without_the_key() {
        let given = with(&json!({"prefix": "a/dt=1", "region": "eu-central-1", "interval": 5}));
        let s3 = read(&given).ok().unwrap();
        let mut expected = given;
        expected["secret_access_key"] = json!("***");
        assert_eq!(Value::Object(s3.shown()), expected);
        assert_eq!(s3.base(), "https://s3.eu-central-1.amazonaws.com");
        assert_eq!(s3.interval(), Duration::from_secs(5));
        let endpoint = json!({"endpoint": "http://minio.example:9000/"});
        let s3 = read(&with(&endpoint)).ok().unwrap();
        assert_eq!(
            (s3.base().as_str(), s3.region()),
            ("http://minio.example:9000", "us-east-1")
        );
        assert_eq!(s3.interval(), Duration::from_secs(60));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (more, member, given) in [
            (json!({"bucket": null}), "bucket", None),
            (json!({"bucket": "Calls"}), "bucket", Some("Calls")),
            (json!({"bucket": "a/../b"}), "bucket", Some("a/../b")),
            (json!({"bucket": "ab"}), "bucket", Some("ab")),
            (json!({"bucket": "-calls"}), "bucket", Some("-calls")),
            (json!({"region": "eu/x"}), "region", Some("eu/x")),
            (json!({"prefix": "/a"}), "prefix", Some("/a")),
            (json!({"prefix": "a//b"}), "prefix", Some("a//b")),
            (json!({"prefix": "a/../b"}), "prefix", Some("a/../b")),
            (json!({"prefix": "a b"}), "prefix", Some("a b")),
            (json!({"access_key_id": null}), "access_key_id", None),
            (
                json!({"access_key_id": "a/b"}),
                "access_key_id",
                Some("a/b"),
            ),
            (
                json!({"secret_access_key": null}),
                "secret_access_key",
                None,
            ),
            (
                json!({"secret_access_key": ""}),
                "secret_access_key",
                Some("***"),
            ),
            (
                json!({"secret_access_key": 5}),
                "secret_access_key",
                Some("***"),
            ),
            (json!({"interval": 0}), "interval", Some("0")),
            (json!({"interval": 901}), "interval", Some("901")),
            (json!({"interval": "60"}), "interval", Some("\"60\"")),
            (
                json!({"endpoint": "http://a.b/?k=s3cret"}),
                "endpoint",
                Some("***"),
            ),
        ] {
            let wrong = read(&with(&more)).err().unwrap();
            let told = (wrong.member.as_str(), wrong.given.as_deref());
            assert_eq!(told, (member, given), "{more}");
        }
    }
}
