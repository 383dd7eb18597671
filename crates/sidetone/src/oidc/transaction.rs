//! A sign-in that has begun. It is kept by the browser, sealed: so there is nothing here that
//! strangers could fill, any node may finish it, and a browser that did not begin it cannot.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::{Deserialize, Serialize};
use sidetone_core::time::{SECOND_US, TimeUs};
use subtle::ConstantTimeEq;

use crate::secrets::{Vault, random_hex};

/// How long somebody may take at the provider.
pub const LASTS_S: i64 = 600;
/// Whose secret the vault takes it for: it opens as nothing else.
const OWNER: &str = "sidetone oidc sign-in 1";
/// Bytes of what nobody may guess; they are written in hexadecimal.
const RANDOM_BYTES: usize = 32;
/// No sealed one is longer.
const SEALED_MAX_BYTES: usize = 1024;

/// What is to be the same when the browser comes back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Transaction {
    /// Comes back from the provider by the browser: it is this browser's sign-in.
    pub state: String,
    /// Comes back in the ID token: it is this sign-in's token.
    pub nonce: String,
    /// Goes with the code (RFC 7636 §4.1): it is this sign-in's code.
    pub verifier: String,
    ends_us: i64,
}

impl Transaction {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn begin(now: TimeUs) -> anyhow::Result<Self> {
        Ok(Self {
            state: random_hex(RANDOM_BYTES)?,
            nonce: random_hex(RANDOM_BYTES)?,
            verifier: random_hex(RANDOM_BYTES)?,
            ends_us: now.plus_us(LASTS_S * SECOND_US).micros(),
        })
    }

    /// As a browser keeps it, and nobody can read or make it.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn sealed(&self, vault: &Vault) -> anyhow::Result<String> {
        let sealed = vault.seal(OWNER, &serde_json::to_string(self)?)?;
        Ok(BASE64URL.encode(sealed))
    }

    /// The one that a browser kept and that has this state. `None`: it is another's, was not made
    /// here, or took too long.
    #[must_use]
    pub fn open(vault: &Vault, sealed: &str, state: &str, now: TimeUs) -> Option<Self> {
        if sealed.len() > SEALED_MAX_BYTES {
            return None;
        }
        let text = vault.open_sealed(OWNER, &BASE64URL.decode(sealed).ok()?)?;
        let it: Self = serde_json::from_str(&text).ok()?;
        let is_the_same: bool = it.state.as_bytes().ct_eq(state.as_bytes()).into();
        (is_the_same && now.micros() < it.ends_us).then_some(it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(dir: &tempfile::TempDir, name: &str) -> Vault {
        let path = dir.path().join(name);
        Vault::create(&path).unwrap();
        Vault::open(&path).unwrap()
    }

    #[test]
    fn it_opens_for_its_state_in_time_and_here_alone() {
        let dir = tempfile::tempdir().unwrap();
        let vaults = ["a", "b"].map(|name| vault(&dir, name));
        let now = TimeUs::from_micros(0);
        let begun = Transaction::begin(now).unwrap();
        let sealed = begun.sealed(&vaults[0]).unwrap();
        assert!(sealed.len() <= SEALED_MAX_BYTES && !sealed.contains(&begun.state));
        let open = |vault: &Vault, sealed: &str, state: &str, second: i64| {
            let at = now.plus_us(second * SECOND_US);
            Transaction::open(vault, sealed, state, at).map(|it| it.nonce)
        };
        let state = begun.state.as_str();
        let nonce = Some(begun.nonce.clone());
        assert_eq!(open(&vaults[0], &sealed, state, LASTS_S - 1), nonce);
        assert_eq!(open(&vaults[0], &sealed, state, LASTS_S), None);
        assert_eq!(open(&vaults[1], &sealed, state, 0), None);
        assert_eq!(open(&vaults[0], &sealed, "", 0), None);
        assert_eq!(open(&vaults[0], &sealed, &begun.nonce, 0), None);
        assert_eq!(open(&vaults[0], &sealed[1..], state, 0), None);
        assert_eq!(open(&vaults[0], &"A".repeat(5_000), state, 0), None);
        // What is sealed for something else is none.
        let other = vaults[0].seal("AC1", &serde_json::to_string(&begun).unwrap());
        let other = BASE64URL.encode(other.unwrap());
        assert_eq!(open(&vaults[0], &other, state, 0), None);
    }
}
