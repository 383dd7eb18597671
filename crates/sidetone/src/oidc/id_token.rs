//! ID tokens: whether one is the provider's word, and what it says.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chrono::{DateTime, Utc};
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, Nonce, SignatureVerificationError,
    SubjectIdentifier,
};
use sidetone_core::time::TimeUs;

use super::claims::Claims;

/// Signatures that only the provider can make. Not those by a shared secret (HS256), which anybody
/// makes who has learnt ours, nor none.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Whose ID token it is, when it is the provider's word for this server and this sign-in, and came
/// with this access token (OpenID Connect Core 1.0 §3.1.3.7, §3.1.3.8).
pub(super) fn verified(
    verifier: CoreIdTokenVerifier<'_>,
    id_token: &CoreIdToken,
    access_token: &AccessToken,
    nonce: &Nonce,
    now: TimeUs,
) -> anyhow::Result<SubjectIdentifier> {
    let time = DateTime::<Utc>::from_timestamp_micros(now.micros()).unwrap_or_default();
    let verifier = verifier
        .set_allowed_algs(SIGNATURES)
        .set_time_fn(move || time);
    let claims = id_token.claims(&verifier, nonce)?;
    if let Some(expected) = claims.access_token_hash() {
        let (alg, key) = (id_token.signing_alg()?, id_token.signing_key(&verifier)?);
        let hash = AccessTokenHash::from_token(access_token, alg, key)?;
        anyhow::ensure!(hash == *expected, "the access token is another's (at_hash)");
    }
    Ok(claims.subject().clone())
}

/// Whether a token may be right by keys that are newer than ours.
pub(super) fn is_of_another_key(error: &anyhow::Error) -> bool {
    use SignatureVerificationError::{AmbiguousKeyId, CryptoError, NoMatchingKey};
    matches!(
        error.downcast_ref(),
        Some(ClaimsVerificationError::SignatureVerification(
            NoMatchingKey | CryptoError(_) | AmbiguousKeyId(_)
        ))
    )
}

/// All claims of a token that was verified, also those that the library has no names for.
pub(super) fn payload(id_token: &CoreIdToken) -> anyhow::Result<Claims> {
    let text = id_token.to_string();
    let part = text.split('.').nth(1).context("the ID token is no JWT")?;
    let bytes = BASE64URL.decode(part).context("the ID token is no JWT")?;
    Ok(serde_json::from_slice(&bytes)?)
}
