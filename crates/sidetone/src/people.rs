//! People's passwords: how they are hashed, compared and made up.
//!
//! PBKDF2-HMAC-SHA256 (RFC 8018) takes long on purpose, so it is done on blocking threads, a few at a
//! time (`bounds`). How a hash was made stands in it, in the format of PHC strings: old ones stay
//! good when new ones take more.

use std::num::NonZeroU32;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use ring::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use sidetone_store::people::{PasswordHash, PersonName};

use crate::secrets::{fill_random, random_hex};

/// What the OWASP Password Storage Cheat Sheet asks for of this function.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(600_000).unwrap();
/// More than this would be somebody's attempt to keep us busy.
const ITERATIONS_MAX: u32 = 100_000_000;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// Characters of a password, and the most bytes of one.
const PASSWORD_CHARS_MIN: usize = 10;
const PASSWORD_BYTES_MAX: usize = 256;

/// What passwords are, for whoever chose another.
pub const PASSWORD_EXPECTED: &str = "10 characters or more, at most 256 bytes, and not the name";

/// Whether a text may be somebody's password.
#[must_use]
pub fn is_password(text: &str, name: &PersonName) -> bool {
    text.chars().count() >= PASSWORD_CHARS_MIN
        && text.len() <= PASSWORD_BYTES_MAX
        && text.to_lowercase() != name.key()
}

/// Hashes a password, slowly.
///
/// # Errors
/// When the system has no random bytes.
pub fn hash(password: &str) -> anyhow::Result<PasswordHash> {
    hash_with(password, ITERATIONS)
}

/// Hashes a password with so many iterations.
///
/// # Errors
/// When the system has no random bytes.
pub fn hash_with(password: &str, iterations: NonZeroU32) -> anyhow::Result<PasswordHash> {
    let (mut salt, mut hash) = ([0; SALT_BYTES], [0; HASH_BYTES]);
    fill_random(&mut salt)?;
    let password = password.as_bytes();
    pbkdf2::derive(PBKDF2_HMAC_SHA256, iterations, &salt, password, &mut hash);
    Ok(written(iterations, &salt, &hash))
}

fn written(iterations: NonZeroU32, salt: &[u8], hash: &[u8]) -> PasswordHash {
    let (salt, hash) = (BASE64.encode(salt), BASE64.encode(hash));
    PasswordHash(format!("$pbkdf2-sha256$i={iterations}${salt}${hash}"))
}

/// Whether it is this password, slowly. What is no hash of ours is nobody's.
#[must_use]
pub fn verify(password: &str, hash: &PasswordHash) -> bool {
    let Some((iterations, salt, hash)) = read(&hash.0) else {
        return false;
    };
    let password = password.as_bytes();
    pbkdf2::verify(PBKDF2_HMAC_SHA256, iterations, &salt, password, &hash).is_ok()
}

fn read(text: &str) -> Option<(NonZeroU32, Vec<u8>, Vec<u8>)> {
    let mut parts = text.strip_prefix("$pbkdf2-sha256$i=")?.split('$');
    let iterations: NonZeroU32 = parts.next()?.parse().ok()?;
    let mut bytes = || BASE64.decode(parts.next()?).ok();
    let (salt, hash) = (bytes()?, bytes()?);
    let fits = parts.next().is_none()
        && iterations.get() <= ITERATIONS_MAX
        && salt.len() == SALT_BYTES
        && hash.len() == HASH_BYTES;
    fits.then_some((iterations, salt, hash))
}

/// A hash that no password has: it is compared with where there is no such person, so that a name
/// that is nobody's takes as long to refuse as a wrong password.
#[must_use]
pub fn nobody() -> &'static PasswordHash {
    static NOBODY: LazyLock<PasswordHash> =
        LazyLock::new(|| written(ITERATIONS, &[0; SALT_BYTES], &[0; HASH_BYTES]));
    &NOBODY
}

/// A password that was thought of by nobody: 128 random bits.
///
/// # Errors
/// When the system has no random bytes.
pub fn make_up() -> anyhow::Result<String> {
    random_hex(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEW: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

    #[test]
    fn a_password_is_told_from_others_however_its_hash_was_made() {
        let hash = hash_with("correct horse", FEW).unwrap();
        assert!(hash.0.starts_with("$pbkdf2-sha256$i=1000$"), "{}", hash.0);
        assert!(verify("correct horse", &hash));
        for wrong in ["", "correct horsf", "correct horse "] {
            assert!(!verify(wrong, &hash), "{wrong}");
        }
        let again = hash_with("correct horse", FEW).unwrap();
        assert_ne!(hash, again, "each has a salt of its own");
        for damaged in [
            "",
            "$pbkdf2-sha256$i=0$AA$AA",
            &hash.0[1..],
            &format!("{}$", hash.0),
        ] {
            assert!(!verify("correct horse", &PasswordHash(damaged.into())));
        }
        assert!(!verify("", nobody()));
        // As Python's hashlib has it.
        let elsewhere = "$pbkdf2-sha256$i=1000$AAECAwQFBgcICQoLDA0ODw$yRTMTwbMbo9G0VfjobWqerzuuxe7BETNTErBbKKumGQ";
        assert!(verify("correct horse", &PasswordHash(elsewhere.into())));
    }

    #[test]
    fn what_is_too_short_or_the_name_is_no_password() {
        let name = "anna.mueller@example.com".parse().unwrap();
        for (text, fits) in [
            ("short", false),
            ("123456789", false),
            ("1234567890", true),
            ("äöüäöüäöüä", true),
            ("Anna.Mueller@example.com", false),
            (&"x".repeat(257), false),
        ] {
            assert_eq!(is_password(text, &name), fits, "{text}");
        }
        assert!(is_password(&make_up().unwrap(), &name));
    }
}
