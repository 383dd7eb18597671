//! The headers that a delivery brings along.

use std::fmt;
use std::str::FromStr;

/// The most headers of a delivery.
pub const HEADERS_MAX: usize = 16;
/// The most bytes of their names and values.
pub const HEADERS_MAX_BYTES: usize = 4096;

/// Names that no delivery may bring: what is between us and the next server (RFC 9110, 7.6.1), what
/// frames the request and says what its body is, and what we say ourselves.
const RESERVED: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "accept",
    "i-twilio-idempotency-token",
    "sidetone-delivery",
    "user-agent",
    "x-twilio-signature",
];

/// Credentials, which no delivery may bring either: they would be stored as they are.
const CREDENTIALS: &[&str] = &["authorization", "cookie"];

/// Headers beside those that every delivery is sent with: names in lower case, each once. They are
/// stored as they are: no place for a secret. As text, one a line: `name: value`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Takes headers, in this order.
    ///
    /// # Errors
    /// Why one cannot be sent, or that they are too many, for people.
    pub fn new(headers: Vec<(String, String)>) -> Result<Self, String> {
        let headers = Self::with_credentials(headers)?;
        let credential = headers.iter().find(|(name, _)| CREDENTIALS.contains(name));
        match credential {
            Some((name, _)) => Err(unsettable(name)),
            None => Ok(headers),
        }
    }

    /// Takes headers, in this order, of which some may be credentials: those of who keeps them sealed.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_credentials(headers: Vec<(String, String)>) -> Result<Self, String> {
        if headers.len() > HEADERS_MAX {
            return Err(format!("more than {HEADERS_MAX} headers"));
        }
        let mut taken: Vec<(String, String)> = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            let name = name.to_ascii_lowercase();
            check(&name, &value)?;
            if taken.iter().any(|(other, _)| *other == name) {
                return Err(format!("the header '{name}' is there twice"));
            }
            taken.push((name, value));
        }
        let bytes: usize = taken
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        if bytes > HEADERS_MAX_BYTES {
            return Err(format!("headers of more than {HEADERS_MAX_BYTES} bytes"));
        }
        Ok(Self(taken))
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Whether a header may be sent.
fn check(name: &str, value: &str) -> Result<(), String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("{name:?} is no name of a header"));
    }
    if RESERVED.contains(&name) {
        return Err(unsettable(name));
    }
    if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) || value.trim() != value {
        return Err(format!(
            "the value of '{name}' must be printable ASCII without spaces around it"
        ));
    }
    Ok(())
}

fn unsettable(name: &str) -> String {
    format!("the header '{name}' cannot be set")
}

impl fmt::Display for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter()
            .try_for_each(|(name, value)| writeln!(f, "{name}: {value}"))
    }
}

impl FromStr for Headers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let split = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned(), value.to_owned()))
        };
        let headers: Option<Vec<_>> = text.lines().map(split).collect();
        Self::new(headers.ok_or("a header without a value")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&str, &str)]) -> Result<Headers, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Headers::new(headers.iter().map(owned).collect())
    }

    #[test]
    fn headers_are_read_as_they_are_written() {
        let headers = of(&[("Webhook-Id", "msg_1"), ("x-empty", ""), ("x-pair", "a: b")]).unwrap();
        let text = "webhook-id: msg_1\nx-empty: \nx-pair: a: b\n";
        assert_eq!(headers.to_string(), text);
        assert_eq!(text.parse(), Ok(headers));
        assert_eq!("".parse(), Ok(Headers::default()));
        assert!("webhook-id".parse::<Headers>().is_err());
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for (name, value) in [
            ("", "a"),
            ("a b", "c"),
            ("a:", "b"),
            ("a\r\nb", "c"),
            ("ä", "b"),
            ("a", "b\r\nc: d"),
            ("a", "b\nc"),
            ("a", "b\0"),
            ("a", "ä"),
            ("a", " b"),
            ("a", "b "),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "close"),
            ("Host", "example.com"),
            ("Content-Length", "7"),
            ("Content-Type", "text/plain"),
            ("Authorization", "Basic dTpw"),
            ("Cookie", "a=b"),
            ("X-Twilio-Signature", "a"),
            ("Sidetone-Delivery", "a"),
        ] {
            assert!(of(&[(name, value)]).is_err(), "{name:?}: {value:?}");
        }
        assert!(of(&[("a", "1"), ("A", "2")]).is_err());
    }

    #[test]
    fn credentials_are_for_who_keeps_them_sealed() {
        let named = |name: &str| vec![(name.to_owned(), "Bearer a".to_owned())];
        for name in ["Authorization", "Cookie"] {
            assert!(Headers::with_credentials(named(name)).is_ok());
            assert!(Headers::new(named(name)).is_err());
        }
        assert!(Headers::with_credentials(named("Host")).is_err());
    }

    #[test]
    fn headers_are_bounded() {
        let many = |count: usize| {
            let headers = (0..count).map(|n| (format!("x-{n}"), String::new()));
            Headers::new(headers.collect())
        };
        assert!(many(HEADERS_MAX).is_ok());
        assert!(many(HEADERS_MAX + 1).is_err());
        let long = "a".repeat(HEADERS_MAX_BYTES - 1);
        assert!(of(&[("x", &long)]).is_ok());
        assert!(of(&[("xy", &long)]).is_err());
    }
}
