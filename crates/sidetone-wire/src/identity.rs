//! Names of calls and accounts as other systems write them.

use std::fmt;

use sidetone_core::correlate::{CallKey, sdk_call_sid};
use sidetone_core::id::{AccountSid, CallSid};

/// The longest name of a call or an account, in bytes.
pub const NAME_MAX_BYTES: usize = 255;

/// A call, as its source names it. Which [`CallSid`] that is may depend on the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallName {
    /// The same for every account: a `CallSid`, or a UUID, whose 32 digits become those of the
    /// `CallSid`.
    Sid(CallSid),
    /// Any other id (a SIP Call-ID, a number of a PBX): the account and it are hashed.
    Foreign(Box<str>),
    /// What a voice SDK calls a call before the gateway has named it: see [`sdk_call_sid`].
    Temporary(Box<str>),
}

impl CallName {
    /// Reads a call's id. `None` when it is empty, longer than [`NAME_MAX_BYTES`] or has control
    /// characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match CallKey::of(text) {
            CallKey::Sid(sid) => Some(Self::Sid(sid)),
            CallKey::Uuid(bits) => Some(Self::Sid(CallSid::from_bytes(bits))),
            CallKey::Foreign(_) => is_name(text).then(|| Self::Foreign(text.into())),
        }
    }

    /// Reads a SIP Call-ID: see [`sidetone_core::correlate::sip_call_sid`]. `None` as
    /// [`Self::parse`].
    #[must_use]
    pub fn of_call_id(text: &str) -> Option<Self> {
        is_name(text).then(|| Self::Foreign(text.into()))
    }

    /// The call of this name among an account's calls.
    #[must_use]
    pub fn resolve(&self, account: AccountSid) -> CallSid {
        match self {
            Self::Sid(sid) => *sid,
            Self::Foreign(text) => CallKey::Foreign(text).call_sid(account),
            Self::Temporary(text) => sdk_call_sid(account, text),
        }
    }
}

impl fmt::Display for CallName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sid(sid) => sid.fmt(f),
            Self::Foreign(text) | Self::Temporary(text) => f.write_str(text),
        }
    }
}

/// An account, as the source names it. Which of ours that is, and whether the sender may speak for
/// it, the caller knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountName {
    /// An `AccountSid`: one of ours, or one of a provider's that is mapped to one of ours.
    Sid(AccountSid),
    /// A provider's own id (the UUID of a project).
    Foreign(Box<str>),
}

impl AccountName {
    /// Reads an account's id. `None` when it is empty, longer than [`NAME_MAX_BYTES`] or has
    /// control characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(sid) = text.parse() {
            return Some(Self::Sid(sid));
        }
        is_name(text).then(|| Self::Foreign(text.into()))
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sid(sid) => sid.fmt(f),
            Self::Foreign(text) => f.write_str(text),
        }
    }
}

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountSid {
        AccountSid::from_bytes([1; 16])
    }

    #[track_caller]
    fn check(text: &str, sid: &str) {
        let name = CallName::parse(text).unwrap();
        assert_eq!(name.resolve(account()).to_string(), sid, "{text}");
    }

    #[test]
    fn a_sid_stays_and_a_uuid_lends_its_digits() {
        check(
            "CA00112233445566778899aabbccddeeff",
            "CA00112233445566778899aabbccddeeff",
        );
        check(
            "00112233-4455-6677-8899-AABBCCDDEEFF",
            "CA00112233445566778899aabbccddeeff",
        );
    }

    #[test]
    fn other_ids_are_hashed_with_their_account() {
        let name = CallName::parse("1700000000.42").unwrap();
        assert_eq!(name, CallName::Foreign("1700000000.42".into()));
        let other = AccountSid::from_bytes([2; 16]);
        assert_ne!(name.resolve(account()), name.resolve(other));
        for odd in [
            "00112233-4455-6677-8899-AABBCCDDEEFG",
            "0011223344-55-6677-8899-AABBCCDDEEFF",
            "CA0011",
        ] {
            assert!(
                matches!(CallName::parse(odd), Some(CallName::Foreign(_))),
                "{odd}"
            );
        }
    }

    #[test]
    fn a_name_is_short_and_printable() {
        let long = "x".repeat(256);
        for text in ["", "a\nb", long.as_str()] {
            assert_eq!(CallName::parse(text), None, "{text}");
            assert_eq!(AccountName::parse(text), None, "{text}");
        }
    }
}
