//! Signatures of callers' identities (RFC 8224, RFC 8588), checked by certificates that the
//! operator trusts.
//!
//! A certificate is never fetched: where it is said to be comes from the network, and who follows
//! that can be sent anywhere.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sidetone_core::sip::SipMessage;
use sidetone_core::time::TimeUs;
use sidetone_wire::sip::{Identity, Message};
use webpki::EndEntityCert;
use webpki::ring::ECDSA_P256_SHA256;

use crate::config::SignerEntry;

/// How far a signature's time may be from that of the message, s (RFC 8224 §6.1).
const FRESH_S: i64 = 60;

/// Trusted certificates, by where signers say that they are.
#[derive(Debug, Default)]
pub struct Signers {
    by_url: HashMap<String, CertificateDer<'static>>,
}

impl Signers {
    /// Reads the certificates.
    ///
    /// # Errors
    /// When one cannot be read, or its key is not one that callers' identities are signed with.
    pub fn load(entries: &[SignerEntry]) -> anyhow::Result<Self> {
        let mut by_url = HashMap::new();
        for SignerEntry { url, certificate } in entries {
            let der = read(certificate).with_context(|| {
                format!(
                    "the [[signer]] certificate {} is of no use",
                    certificate.display()
                )
            })?;
            by_url.insert(url.clone(), der);
        }
        Ok(Self { by_url })
    }

    /// Writes into a message which of its statements are signed by a trusted certificate, fresh,
    /// and about its caller. Of those by other certificates nothing is known.
    pub fn check(&self, message: &mut SipMessage, at: TimeUs) {
        if self.by_url.is_empty() || message.passports.is_empty() {
            return;
        }
        let text = message.text.clone();
        let Ok(view) = Message::parse(text.as_bytes()) else {
            return;
        };
        let callers = [Some(&message.from.address), message.asserted.as_ref()];
        let callers: Vec<String> = callers.into_iter().flatten().map(|it| digits(it)).collect();
        for (passport, identity) in message.passports.iter_mut().zip(view.identities()) {
            let trusted = passport
                .certificate
                .as_ref()
                .and_then(|url| self.by_url.get(url));
            passport.verified = trusted.map(|der| is_good(der, &identity, &callers, at));
        }
    }
}

fn read(path: &Path) -> anyhow::Result<CertificateDer<'static>> {
    let der = CertificateDer::from_pem_file(path)?;
    EndEntityCert::try_from(&der)?;
    Ok(der)
}

fn is_good(
    der: &CertificateDer<'_>,
    identity: &Identity<'_>,
    callers: &[String],
    at: TimeUs,
) -> bool {
    let Ok(statement) = identity.passport() else {
        return false;
    };
    let is_fresh = statement.iat.is_some_and(|iat| {
        (at.micros() / 1_000_000)
            .saturating_sub(iat)
            .saturating_abs()
            <= FRESH_S
    });
    let is_of_caller = statement
        .orig_tn
        .is_some_and(|number| callers.contains(&digits(&number)));
    let is_signed = || {
        let signature = der_of(&identity.signature()?)?;
        let certificate = EndEntityCert::try_from(der).ok()?;
        certificate
            .verify_signature(ECDSA_P256_SHA256, identity.signing_input(), &signature)
            .ok()
    };
    is_fresh && is_of_caller && statement.alg.as_deref() == Some("ES256") && is_signed().is_some()
}

/// The digits of a number: some write a plus before it.
fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// An ECDSA signature as certificates have it (a DER sequence of two integers), of what tokens
/// have: two numbers of 32 bytes (RFC 7515 §3.4).
fn der_of(fixed: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = fixed.split_at_checked(32).filter(|(_, s)| s.len() == 32)?;
    let mut body = Vec::with_capacity(70);
    for number in [r, s] {
        let leading = number.iter().take_while(|byte| **byte == 0).count().min(31);
        let number = number.get(leading..)?;
        // A leading bit would make it negative.
        let sign = number.first().is_some_and(|byte| *byte >= 0x80);
        body.extend([0x02, u8::try_from(number.len()).ok()? + u8::from(sign)]);
        body.extend(sign.then_some(0));
        body.extend(number);
    }
    let mut der = vec![0x30, u8::try_from(body.len()).ok()?];
    der.append(&mut body);
    Some(der)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use sidetone_core::capture::Capture;
    use sidetone_wire::translate::sip::message;

    use super::*;

    const URL: &str = "https://certs.example.com/shaken.pem";

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../fixtures/shaken")
            .join(name)
    }

    fn signers(url: &str, certificate: &str) -> Signers {
        Signers::load(&[SignerEntry {
            url: url.to_owned(),
            certificate: fixture(certificate),
        }])
        .unwrap()
    }

    fn checked(signers: &Signers, text: &str, at: &str) -> Option<bool> {
        let local = "192.0.2.1:5060".parse().unwrap();
        let capture = Capture {
            agent: 1,
            source: local,
            destination: local,
        };
        let view = Message::parse(text.as_bytes()).unwrap();
        let mut message = message(&view, capture).unwrap();
        signers.check(&mut message, TimeUs::parse_rfc3339(at).unwrap());
        message.passports[0].verified
    }

    #[test]
    fn only_a_fresh_signature_of_the_caller_by_a_trusted_certificate_is_good() {
        let text = std::fs::read_to_string(fixture("signed-invite.sip")).unwrap();
        let good = signers(URL, "signer.pem");
        let now = "2026-06-01T00:00:30Z";
        assert_eq!(checked(&good, &text, now), Some(true));
        assert_eq!(checked(&good, &text, "2026-06-01T00:02:00Z"), Some(false));
        let other_caller = text.replace("From: <sip:+12025550100", "From: <sip:+12025550111");
        assert_eq!(checked(&good, &other_caller, now), Some(false));
        let place = text.find(";info=").unwrap() - 2;
        let mut tampered = text.clone();
        let other = if &text[place..=place] == "A" {
            "B"
        } else {
            "A"
        };
        tampered.replace_range(place..=place, other);
        assert_eq!(checked(&good, &tampered, now), Some(false));
        assert_eq!(checked(&signers(URL, "other.pem"), &text, now), Some(false));
        // Nothing is known of a signer that nobody trusts.
        let elsewhere = signers("https://certs.example.com/other.pem", "signer.pem");
        assert_eq!(checked(&elsewhere, &text, now), None);
        assert_eq!(checked(&Signers::default(), &text, now), None);
    }

    #[test]
    fn numbers_of_a_signature_keep_their_sign() {
        let mut fixed = [0; 64];
        fixed[0] = 0x80;
        fixed[63] = 1;
        let der = der_of(&fixed).unwrap();
        assert_eq!(der[..6], [0x30, 38, 0x02, 33, 0, 0x80]);
        assert_eq!(der[37..], [0x02, 1, 1]);
        assert_eq!(der_of(&fixed[1..]), None);
    }

    #[test]
    fn what_is_no_certificate_is_refused_at_the_start() {
        let entry = SignerEntry {
            url: URL.to_owned(),
            certificate: fixture("signed-invite.sip"),
        };
        let error = format!("{:#}", Signers::load(&[entry]).unwrap_err());
        assert!(error.contains("signed-invite.sip"), "{error}");
    }
}
