//! Which call a foreign name means. A pure step of its own: any node, and the user's own
//! application, computes the same.

use std::fmt;

use sha2::{Digest, Sha256};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::id::{AccountSid, CallSid, first_half};

/// What a source calls a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallKey<'a> {
    /// A `CallSid`.
    Sid(CallSid),
    /// A UUID (as jambonz, `SignalWire`, Somleng and `FreeSWITCH` send), as its 128 bits.
    Uuid([u8; 16]),
    /// Anything else: a SIP Call-ID, a PBX's own id. Compared byte by byte (RFC 3261 §8.1.1.4).
    Foreign(&'a str),
}

impl<'a> CallKey<'a> {
    /// Reads a name. Every text is one.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        if let Ok(sid) = text.parse() {
            Self::Sid(sid)
        } else if let Some(bits) = parse_uuid(text) {
            Self::Uuid(bits)
        } else {
            Self::Foreign(text)
        }
    }

    /// The call of this name among an account's calls.
    ///
    /// A `CallSid` is itself. A UUID gives its 32 digits to the `CallSid`, so that people recognise
    /// it. Of other names it is `CA` and the first 32 hexadecimal digits of `SHA-256(account_sid +
    /// "\n" + name)`.
    #[must_use]
    pub fn call_sid(&self, account: AccountSid) -> CallSid {
        match self {
            Self::Sid(sid) => *sid,
            Self::Uuid(bits) => CallSid::from_bytes(*bits),
            Self::Foreign(name) => hashed("", account, name),
        }
    }
}

impl fmt::Display for CallKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sid(sid) => sid.fmt(f),
            Self::Uuid(bits) => write!(f, "{:032x}", u128::from_be_bytes(*bits)),
            Self::Foreign(name) => f.write_str(name),
        }
    }
}

/// The call a source means by a text, among an account's calls. See [`CallKey::call_sid`].
#[must_use]
pub fn call_sid(account: AccountSid, text: &str) -> CallSid {
    CallKey::of(text).call_sid(account)
}

/// The call of a SIP Call-ID among an account's calls. Always hashed: a Call-ID is written by
/// whoever calls, who could give it the looks of another call's `CallSid`.
#[must_use]
pub fn sip_call_sid(account: AccountSid, call_id: &str) -> CallSid {
    CallKey::Foreign(call_id).call_sid(account)
}

/// The call that a voice SDK calls by a temporary name, among an account's calls: `CA` and the first
/// 32 hexadecimal digits of `SHA-256("sdk\n" + account_sid + "\n" + name)`. Whoever holds a token
/// chooses such a name, so that none may mean a call that others name: no other name is hashed like
/// that.
#[must_use]
pub fn sdk_call_sid(account: AccountSid, temporary: &str) -> CallSid {
    hashed("sdk\n", account, temporary)
}

fn hashed(domain: &str, account: AccountSid, name: &str) -> CallSid {
    let mut hash = Sha256::new();
    hash.update(domain);
    hash.update(account.to_string());
    hash.update(b"\n");
    hash.update(name);
    CallSid::from_bytes(first_half(&hash.finalize()))
}

/// Reads `8-4-4-4-12` hexadecimal digits of either case. 32 digits without dashes are any text, not
/// a UUID.
fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let uuid = (text.len() == Hyphenated::LENGTH).then(|| Uuid::try_parse(text))?;
    uuid.ok().map(Uuid::into_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: AccountSid = AccountSid::from_bytes([0x11; 16]);

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(call_sid(ACCOUNT, text).to_string(), expected, "{text}");
    }

    #[test]
    fn a_call_sid_is_itself() {
        check(
            "CA00112233445566778899aabbccddeeff",
            "CA00112233445566778899aabbccddeeff",
        );
        check(
            "CA00112233445566778899AABBCCDDEEFF",
            "CA00112233445566778899aabbccddeeff",
        );
    }

    #[test]
    fn a_uuid_gives_its_digits() {
        let sid = "CA123e4567e89b12d3a456426614174000";
        check("123e4567-e89b-12d3-a456-426614174000", sid);
        check("123E4567-E89B-12D3-A456-426614174000", sid);
    }

    /// `printf 'AC11111111111111111111111111111111\n%s' NAME | sha256sum | cut -c1-32`
    #[test]
    fn other_names_are_hashed_with_the_account() {
        check(
            "a84b4c76e66710@pc33.atlanta.example.com",
            "CA2e4da7ce0b353a20b924831b99fc8fb7",
        );
        check("", "CAf7160a2f41e4198589ed1a21b8dd711c");
        check("TJSe1b2c3", "CA058bd7d38e5241893179b00e748d7ae7");
        check(" spaces kept ", "CA2fd5910be40aa86522b3f07177fe3e3c");
        check("é", "CAbea0afa2c7b338d27bcd7603fa52e91b");
    }

    /// `printf 'sdk\nAC11111111111111111111111111111111\n%s' NAME | sha256sum | cut -c1-32`
    #[test]
    fn a_temporary_name_is_no_other_calls() {
        let sid = sdk_call_sid(ACCOUNT, "TJSe1b2c3");
        assert_eq!(sid.to_string(), "CAe23d8a4fb5aade9cbc2fdedeb1f04d1a");
        assert_ne!(sid, sip_call_sid(ACCOUNT, "TJSe1b2c3"));
        assert_ne!(sid, sip_call_sid(ACCOUNT, "sdk\nTJSe1b2c3"));
    }

    #[test]
    fn what_only_looks_like_an_id_is_hashed() {
        for text in [
            "AC00112233445566778899aabbccddeeff",
            "CA00112233445566778899aabbccddee",
            "CAXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
            "123e4567-e89b-12d3-a456-42661417400",
            "123e4567-e89b-12d3-a456-42661417400g",
            "123e4567e-89b-12d3-a456-426614174000",
            "123e4567+e89b-12d3-a456-426614174000",
            "123e4567-e89b-12d3-a456-4266141740é0",
            "------------------------------------",
            "",
        ] {
            assert_eq!(CallKey::of(text), CallKey::Foreign(text));
        }
    }

    #[test]
    fn the_same_name_is_another_call_in_another_account() {
        let other = AccountSid::from_bytes([0x22; 16]);
        assert_ne!(call_sid(ACCOUNT, "a@b"), call_sid(other, "a@b"));
        assert_ne!(call_sid(ACCOUNT, "a@b"), call_sid(ACCOUNT, "A@b"));
    }
}
