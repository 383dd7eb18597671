//! Secrets at rest: sealed with a key that is kept in a file of its own.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac::{self, HMAC_SHA256};
use ring::rand::{SecureRandom, SystemRandom};

/// First byte of everything sealed: which way it was done.
const VERSION: u8 = 1;

/// What is signed with the key to tell it from others. Never to be changed: what comes of it is
/// kept.
const FINGERPRINT_OF: &[u8] = b"sidetone secret key 1";
/// What is signed with the key to make the one of pseudonyms. Never to be changed: receivers know
/// people by what comes of it.
const PSEUDONYMS_OF: &[u8] = b"sidetone pseudonyms 1";

/// Seals and opens secrets (AES-256-GCM, a random nonce each).
pub struct Vault {
    key: LessSafeKey,
    fingerprint: [u8; 32],
    pseudonyms: hmac::Key,
}

impl Vault {
    /// Makes the key file, readable by its owner only, unless it is there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path) -> anyhow::Result<()> {
        if path.exists() {
            return Ok(());
        }
        write_private(path, &format!("{}\n", random_hex(32)?))
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// When the file cannot be read, or does not hold 64 hexadecimal digits.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!(
                "cannot read the secret key {}, which opens the credentials in the database: put it back, or name its file with --secret-key-file (SIDETONE_SECRET_KEY_FILE)",
                path.display()
            )
        })?;
        let Some(key) = decode_hex(text.trim()) else {
            bail!(
                "the secret key {} does not hold 64 hexadecimal digits",
                path.display()
            );
        };
        let mut fingerprint = [0; 32];
        let signing = hmac::Key::new(HMAC_SHA256, &key);
        let signed = hmac::sign(&signing, FINGERPRINT_OF);
        fingerprint.copy_from_slice(signed.as_ref());
        let pseudonyms = hmac::sign(&signing, PSEUDONYMS_OF);
        let pseudonyms = hmac::Key::new(HMAC_SHA256, pseudonyms.as_ref());
        let key = UnboundKey::new(&AES_256_GCM, &key)
            .map_err(|_| anyhow::anyhow!("the secret key {} is unusable", path.display()))?;
        Ok(Self {
            key: LessSafeKey::new(key),
            fingerprint,
            pseudonyms,
        })
    }

    /// What stands for a party where its number is not to be told: always the same for an owner, and
    /// not to be guessed without the key, although there are few numbers.
    #[must_use]
    pub fn pseudonym(&self, owner: &str, party: &str) -> String {
        let mut signing = hmac::Context::with_key(&self.pseudonyms);
        signing.update(owner.as_bytes());
        signing.update(b"\n");
        signing.update(party.as_bytes());
        let digest = signing.sign();
        let digits = digest.as_ref().iter().take(16);
        digits.fold(String::from("party_"), |text, byte| {
            format!("{text}{byte:02x}")
        })
    }

    /// Tells the key from others, and does not give it away: an HMAC-SHA256 of a fixed text.
    #[must_use]
    pub const fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Seals a secret for an owner (an identifier): it opens for no other.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn seal(&self, owner: &str, secret: &str) -> anyhow::Result<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        fill_random(&mut nonce)?;
        let mut text = secret.as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(owner.as_bytes()),
                &mut text,
            )
            .map_err(|_| anyhow::anyhow!("cannot seal a secret"))?;
        Ok([&[VERSION], nonce.as_slice(), text.as_slice()].concat())
    }

    /// Opens what [`Self::seal`] made. `None`: another key, another owner, or damage.
    #[must_use]
    pub fn open_sealed(&self, owner: &str, sealed: &[u8]) -> Option<String> {
        let (version, rest) = sealed.split_first()?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>()?;
        if *version != VERSION {
            return None;
        }
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let open = self
            .key
            .open_in_place(nonce, Aad::from(owner.as_bytes()), &mut text)
            .ok()?;
        String::from_utf8(open.to_vec()).ok()
    }
}

/// So many random bytes as lower-case hexadecimal digits.
///
/// # Errors
/// When the system has none.
pub fn random_hex(bytes: usize) -> anyhow::Result<String> {
    let mut random = vec![0; bytes];
    fill_random(&mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Random 128 bits, for a new identifier.
///
/// # Errors
/// When the system has none.
pub fn random_id() -> anyhow::Result<[u8; 16]> {
    let mut random = [0; 16];
    fill_random(&mut random)?;
    Ok(random)
}

/// Writes a file that only its owner can read. It must not exist yet, and comes to be whole or not
/// at all.
///
/// # Errors
/// When it exists or cannot be written.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    write_whole(path, text, false)
}

/// Replaces a file that only its owner can read, all of it or nothing.
///
/// # Errors
/// When it cannot be written.
pub fn replace_private(path: &Path, text: &str) -> anyhow::Result<()> {
    write_whole(path, text, true)
}

fn write_whole(path: &Path, text: &str, replace: bool) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        // Temporary files are made for their owner only.
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        let kept = if replace {
            file.persist(path)
        } else {
            file.persist_noclobber(path)
        };
        kept.map_err(|error| error.error)?;
        std::fs::File::open(dir)?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Fills bytes at random.
///
/// # Errors
/// When the system has none.
pub fn fill_random(bytes: &mut [u8]) -> anyhow::Result<()> {
    SystemRandom::new()
        .fill(bytes)
        .map_err(|_| anyhow::anyhow!("the system has no random bytes"))
}

fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_it_sealed_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        Vault::create(&path).unwrap();
        let sealed = Vault::open(&path).unwrap().seal("AC1", "s3cret").unwrap();
        let vault = Vault::open(&path).unwrap();
        assert_eq!(vault.open_sealed("AC1", &sealed).as_deref(), Some("s3cret"));
        assert_eq!(vault.open_sealed("AC2", &sealed), None);
        for length in 0..sealed.len() {
            assert_eq!(vault.open_sealed("AC1", &sealed[..length]), None);
        }
    }

    #[test]
    fn the_fingerprint_of_a_key_stays_what_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let fingerprint = |key: &str| {
            let path = dir.path().join("secret.key");
            std::fs::write(&path, key).unwrap();
            let fingerprint = Vault::open(&path).unwrap().fingerprint();
            fingerprint.map(|byte| format!("{byte:02x}")).concat()
        };
        let expected = "e4350b611c2198ee5cd0af9fb5edc551a9a7d43fb5231351c3bc736b0ac2f0ec";
        assert_eq!(fingerprint(&"07".repeat(32)), expected);
        assert_ne!(fingerprint(&"08".repeat(32)), expected);
    }

    #[test]
    fn the_key_is_readable_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        Vault::create(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
