//! What a setting can be: values that are read from text, the same on the command line as in the
//! file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::bail;
use jiff::SpanRelativeTo;
use serde::Deserialize;

use super::lists::{Names, Networks};

/// Declares that a type is read from the file as it is read from the command line: by its text.
macro_rules! from_text {
    ($($name:ident),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
from_text!(
    Span,
    ListenAddress,
    HepListen,
    Roles,
    Size,
    UnknownCalls,
    LogFormat
);

/// A right value of a type of settings, as the file has it.
pub(super) trait Example {
    /// The value, with the quotes that it needs.
    const EXAMPLE: &'static str;
}

/// Gives types their examples.
macro_rules! examples {
    ($($kind:ty: $example:literal;)*) => {$(
        impl Example for $kind {
            const EXAMPLE: &'static str = $example;
        }
    )*};
}
examples! {
    Span: "\"60s\"";
    ListenAddress: "\"127.0.0.1:8080\"";
    HepListen: "\"127.0.0.1:9060\" or \"off\"";
    Roles: "\"ingest,api,work\"";
    Size: "\"16MiB\"";
    UnknownCalls: "\"reject\" or \"accept\"";
    LogFormat: "\"text\" or \"json\"";
    Switch: "true";
    Secret: "\"…\", a text in quotes";
    Networks: "[\"10.0.0.0/8\", \"::1\"]";
    Names: "[\"X-Call-Sid\"]";
    PathBuf: "\"/path/to/it\"";
    String: "\"…\", a text in quotes";
    usize: "4";
    u32: "100";
    u64: "40000000";
}

/// A length of time: `500ms`, `2s`, `1h 30m`, `7d`. A day has 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let span = text.parse::<jiff::Span>();
        let signed = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
        signed
            .and_then(Duration::try_from)
            .map(Self)
            .map_err(|_| format!("'{text}' is not a time like 500ms, 2s, 30m, 4h or 7d"))
    }
}

/// Where HTTP is served: an address of this machine. Names are not resolved, because a name can
/// mean several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenAddress(pub SocketAddr);

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| {
            format!("'{text}' is not an IP address and port such as 127.0.0.1:8080 (or [::1]:8080)")
        })
    }
}

/// Where HEP, or SIP, is listened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HepListen {
    /// Nowhere.
    Off,
    /// At this address.
    At(SocketAddr),
}

impl HepListen {
    /// The address, unless it is off.
    #[must_use]
    pub const fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Off => None,
            Self::At(address) => Some(address),
        }
    }
}

impl FromStr for HepListen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse().map(Self::At).map_err(|_| {
            format!("'{text}' is neither an IP address and port such as 127.0.0.1:9060 nor off")
        })
    }
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// Takes events in.
    pub ingest: bool,
    /// Answers the API.
    pub api: bool,
    /// Folds, runs timers.
    pub work: bool,
}

impl Default for Roles {
    fn default() -> Self {
        Self {
            ingest: true,
            api: true,
            work: true,
        }
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut roles = Self {
            ingest: false,
            api: false,
            work: false,
        };
        for role in text.split(',').map(str::trim) {
            match role {
                "ingest" => roles.ingest = true,
                "api" => roles.api = true,
                "work" => roles.work = true,
                _ => return Err(format!("role '{role}' is not one of ingest, api, work")),
            }
        }
        Ok(roles)
    }
}

/// An amount of memory: `65536B`, `512KiB`, `16MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub usize);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let unit_bytes = match unit {
            "B" => Some(1),
            "KiB" => Some(1024),
            "MiB" => Some(1024 * 1024),
            _ => None,
        };
        let number = number.parse::<usize>().ok();
        let bytes = number
            .zip(unit_bytes)
            .and_then(|(number, unit)| number.checked_mul(unit));
        bytes
            .map(Self)
            .ok_or_else(|| format!("'{text}' is not a size like 65536B, 512KiB or 16MiB"))
    }
}

/// What judgement of an unknown call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownCalls {
    /// 404.
    Reject,
    /// A placeholder call is made.
    Accept,
}

impl FromStr for UnknownCalls {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "reject" => Ok(Self::Reject),
            "accept" => Ok(Self::Accept),
            _ => Err(format!("'{text}' is neither reject nor accept")),
        }
    }
}

/// On or off, as variables of the environment say it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Switch(pub bool);

impl FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "1" | "true" => Ok(Self(true)),
            "0" | "false" => Ok(Self(false)),
            _ => Err(format!("'{text}' is none of 1, true, 0 and false")),
        }
    }
}

impl<'de> Deserialize<'de> for Switch {
    /// In the file it is a boolean.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(Self)
    }
}

/// How logs are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("'{text}' is neither text nor json")),
        }
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Secret {
    /// As the other values, except that an error does not show what was there instead of a text.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer);
        text.map(Self)
            .map_err(|_| serde::de::Error::custom("a secret must be a text in quotes"))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[hidden]")
    }
}

/// Refuses a number that would make the server useless.
pub(super) fn check_range<T>(name: &str, value: Option<T>, least: T, most: T) -> anyhow::Result<()>
where
    T: PartialOrd + std::fmt::Display,
{
    match value {
        Some(value) if value < least => {
            bail!("{name} {value} is too small: expected at least {least}")
        }
        Some(value) if value > most => {
            bail!("{name} {value} is too large: expected at most {most}")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_spans() {
        let ms = |text: &str| text.parse::<Span>().map(|span| span.0.as_millis());
        assert_eq!(ms("500ms"), Ok(500));
        assert_eq!(ms("2s"), Ok(2_000));
        assert_eq!(ms("30m"), Ok(1_800_000));
        assert_eq!(ms("4h"), Ok(14_400_000));
        assert_eq!(ms("7d"), Ok(604_800_000));
        assert_eq!(ms("36500d"), Ok(3_153_600_000_000));
        assert_eq!(ms("0s"), Ok(0));
        assert_eq!(ms("1.5s"), Ok(1_500));
        assert_eq!(ms("2 weeks"), Ok(1_209_600_000));
        for right in ["90m", "1h30m", "1h 30m", "1 hour 30 minutes", "PT1H30M"] {
            assert_eq!(ms(right), Ok(5_400_000), "{right}");
        }
        for wrong in [
            "",
            "2",
            "s",
            "-1s",
            "1s ago",
            // Months have no length.
            "1mo",
            "1M",
            "99999999999999999999s",
            "9999999999999999999d",
        ] {
            assert!(ms(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_listen_address_is_an_ip_address_and_a_port() {
        for right in ["127.0.0.1:8080", "[::1]:8080", "0.0.0.0:0"] {
            let address: ListenAddress = right.parse().unwrap();
            assert_eq!(address.0.to_string(), right);
        }
        for wrong in [
            "",
            "localhost:8080",
            "127.0.0.1",
            ":8080",
            "::1:8080",
            "8080",
        ] {
            let error = wrong.parse::<ListenAddress>().unwrap_err();
            assert!(error.contains("127.0.0.1:8080 (or [::1]:8080)"), "{error}");
        }
        let error = "localhost:9060".parse::<HepListen>().unwrap_err();
        assert!(error.contains("127.0.0.1:9060 nor off"), "{error}");
    }

    #[test]
    fn reads_sizes() {
        assert_eq!("16MiB".parse(), Ok(Size(16 * 1024 * 1024)));
        assert_eq!("1B".parse(), Ok(Size(1)));
        for wrong in [
            "",
            "16",
            "16M",
            "MiB",
            "-1B",
            "99999999999999999999B",
            "99999999999999999MiB",
        ] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_switch_is_on_or_off() {
        for (text, is_on) in [("1", true), ("true", true), ("0", false), ("false", false)] {
            assert_eq!(text.parse(), Ok(Switch(is_on)));
        }
        for wrong in ["", "yes", "2", "TRUE"] {
            let error = wrong.parse::<Switch>().unwrap_err();
            assert!(error.contains("1, true, 0 and false"), "{error}");
        }
    }

    #[test]
    fn hides_secrets() {
        assert_eq!(format!("{:?}", Secret("s3cret".to_owned())), "[hidden]");
    }
}
