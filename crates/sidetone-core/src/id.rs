//! Identifiers of the API: two letters and 32 hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Why a text is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {prefix} followed by 32 hexadecimal digits")]
pub struct SidError {
    /// The two letters this kind of identifier starts with.
    pub prefix: &'static str,
}

macro_rules! sid {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The two letters every identifier of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// Makes the identifier from its 128 bits.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 128 bits behind the prefix.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_sid(f, $prefix, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = SidError;

            fn from_str(text: &str) -> Result<Self, SidError> {
                text.strip_prefix($prefix)
                    .and_then(parse_hex)
                    .map(Self)
                    .ok_or(SidError { prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

sid!(
    /// An account or a subaccount.
    AccountSid,
    "AC"
);
sid!(
    /// A call, as the API names it. Unique within its account only.
    CallSid,
    "CA"
);
sid!(
    /// A summary of feedback.
    FeedbackSummarySid,
    "FS"
);
sid!(
    /// An API key.
    ApiKeySid,
    "SK"
);
sid!(
    /// Annotations that came together.
    AnnotationBatchSid,
    "BA"
);
sid!(
    /// A selection of calls that somebody keeps.
    ViewSid,
    "VW"
);
sid!(
    /// A sink: a receiver that events of calls are streamed to.
    SinkSid,
    "DG"
);
sid!(
    /// A subscription: which events a sink is sent.
    SubscriptionSid,
    "DF"
);
sid!(
    /// A rule that calls are held to.
    AlertRuleSid,
    "AR"
);
sid!(
    /// An alert: one time that a rule was broken.
    AlertSid,
    "AF"
);

/// A report of Insights v2: a word and 26 digits in base 32 (`TypeID`), as they are upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReportId([u8; 16]);

impl ReportId {
    const PREFIX: &str = "voiceinsights_report_";
    /// Base 32 by Crockford, in lower case.
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    const LENGTH: usize = 26;

    /// Makes the identifier from its 128 bits.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 128 bits.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u128::from_be_bytes(self.0);
        f.write_str(Self::PREFIX)?;
        for place in (0..Self::LENGTH).rev() {
            let digit = (number >> (5 * place) & 31) as usize;
            let digit = Self::DIGITS.get(digit).copied().unwrap_or(b'0');
            fmt::Write::write_char(f, char::from(digit))?;
        }
        Ok(())
    }
}

/// Why a text is not the identifier of a report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected voiceinsights_report_ followed by 26 digits of base 32")]
pub struct ReportIdError;

impl FromStr for ReportId {
    type Err = ReportIdError;

    fn from_str(text: &str) -> Result<Self, ReportIdError> {
        let digits = text.strip_prefix(Self::PREFIX).ok_or(ReportIdError)?;
        let mut number = 0_u128;
        for digit in digits.bytes() {
            let digit = Self::DIGITS.iter().position(|it| *it == digit);
            let digit = digit.ok_or(ReportIdError)? as u128;
            // What is longer, or begins with more than three bits, is none.
            number = number.checked_mul(32).ok_or(ReportIdError)? | digit;
        }
        let is_whole = digits.len() == Self::LENGTH;
        is_whole
            .then(|| Self(number.to_be_bytes()))
            .ok_or(ReportIdError)
    }
}

impl Serialize for ReportId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A call: the account that owns it and its identifier there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallRef {
    /// The owner.
    pub account: AccountSid,
    /// The call within the owner's calls.
    pub sid: CallSid,
}

/// The identity of an event within its call: the same event sent twice has the same key.
///
/// It is the first half of the SHA-256 of the event's id, so ids may be of any source and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventKey([u8; 16]);

impl EventKey {
    /// The key of an event id.
    #[must_use]
    pub fn of(id: &str) -> Self {
        Self(first_half(&Sha256::digest(id.as_bytes())))
    }

    /// The 128 bits, as stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Takes stored bits back.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl Serialize for EventKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(Uuid::from_bytes(self.0).as_simple())
    }
}

impl<'de> Deserialize<'de> for EventKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        parse_hex(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("expected 32 hexadecimal digits"))
    }
}

/// The first 16 bytes of a digest.
pub(crate) fn first_half(digest: &[u8]) -> [u8; 16] {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(digest) {
        *to = *from;
    }
    half
}

/// Reads exactly 32 hexadecimal digits, of either case: a UUID without dashes.
fn parse_hex(text: &str) -> Option<[u8; 16]> {
    let uuid = (text.len() == 32).then(|| Uuid::try_parse(text))?;
    uuid.ok().map(Uuid::into_bytes)
}

fn write_sid(f: &mut fmt::Formatter<'_>, prefix: &str, bytes: &[u8; 16]) -> fmt::Result {
    f.write_str(prefix)?;
    f.write_str(Uuid::from_bytes(*bytes).simple().encode_lower(&mut [0; 32]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_either_case_and_writes_lower_case() {
        let sid: CallSid = "CA00112233445566778899AABBCCDDEEFF".parse().unwrap();
        assert_eq!(sid.to_string(), "CA00112233445566778899aabbccddeeff");
    }

    #[test]
    fn reports_have_type_ids() {
        // The examples of the `TypeID` specification.
        for (bits, digits) in [
            (0, "00000000000000000000000000"),
            (1, "00000000000000000000000001"),
            (32, "00000000000000000000000010"),
            (u128::MAX, "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
            (
                0x0188_bac7_4afa_78aa_bc3b_bd1e_ef28_d881,
                "01h2xcejqtf2nbrexx3vqjhp41",
            ),
        ] {
            let id = ReportId::from_bytes(bits.to_be_bytes());
            let text = format!("voiceinsights_report_{digits}");
            assert_eq!(id.to_string(), text);
            assert_eq!(text.parse(), Ok(id));
        }
        for digits in [
            "",
            "0000000000000000000000000",
            "000000000000000000000000000",
            "80000000000000000000000000",
            "7zzzzzzzzzzzzzzzzzzzzzzzzI",
            "7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        ] {
            let text = format!("voiceinsights_report_{digits}");
            assert_eq!(text.parse::<ReportId>(), Err(ReportIdError), "{digits}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_sid() {
        for text in [
            "",
            "CA",
            "AC00112233445566778899aabbccddeeff",
            "CA00112233445566778899aabbccddeef",
            "CA00112233445566778899aabbccddeefff",
            "CAXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
            "CAé0112233445566778899aabbccddeef",
        ] {
            assert!(text.parse::<CallSid>().is_err(), "{text}");
        }
    }
}
