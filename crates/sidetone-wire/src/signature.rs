//! `X-Twilio-Signature`: HMAC-SHA1 over the URL and what was sent, in base64.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::form::Form;

/// The query parameter that carries the hash of a body that is not a form.
pub const BODY_HASH_PARAMETER: &str = "bodySHA256";

/// Signs a request: its full URL, and its form's parameters by name (none for GET).
///
/// Names are sorted; of each name the distinct values, sorted; name and value follow each other
/// without separators.
#[must_use]
pub fn sign_form<'a>(
    secret: &[u8],
    url: &str,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    STANDARD.encode(mac(secret, url, &sorted(parameters)))
}

/// Signs a request whose body is not a form, and whose URL carries [`body_hash`] as `bodySHA256`.
#[must_use]
pub fn sign_url(secret: &[u8], url: &str) -> String {
    STANDARD.encode(mac(secret, url, &[]))
}

/// The value of `bodySHA256` for a body: lower-case hexadecimal SHA-256.
#[must_use]
pub fn body_hash(body: &[u8]) -> String {
    format!("{:x}", Sha256::digest(body))
}

/// Whether a signature fits a form that was posted to a URL (an empty form for GET).
///
/// The URL is tried as given, without a port, and with the scheme's port: senders differ. All three
/// are always computed and compared in constant time.
#[must_use]
pub fn verify_form(secret: &[u8], url: &str, form: &Form<'_>, signature: &str) -> bool {
    verify(secret, url, &sorted(form.pairs()), signature)
}

/// Whether a signature fits a body that is not a form: its hash must be in the URL's query, and the
/// URL signed.
#[must_use]
pub fn verify_body(secret: &[u8], url: &str, body: &[u8], signature: &str) -> bool {
    let url_fits = verify(secret, url, &[], signature);
    let body_fits = query(url)
        .and_then(|query| {
            form_urlencoded::parse(query.as_bytes())
                .filter(|(name, _)| name == BODY_HASH_PARAMETER)
                .last()
        })
        .is_some_and(|(_, hash)| {
            let hash = hash.to_ascii_lowercase();
            bool::from(hash.as_bytes().ct_eq(body_hash(body).as_bytes()))
        });
    url_fits && body_fits
}

fn verify(secret: &[u8], url: &str, parameters: &[(&str, &str)], signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature.trim()) else {
        return false;
    };
    let mut fits = Choice::from(0);
    for url in spellings(url) {
        fits |= mac(secret, &url, parameters).as_slice().ct_eq(&signature);
    }
    fits.into()
}

fn sorted<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<(&'a str, &'a str)> {
    let mut parameters: Vec<_> = parameters.into_iter().collect();
    parameters.sort_unstable();
    parameters.dedup();
    parameters
}

fn mac(secret: &[u8], url: &str, sorted: &[(&str, &str)]) -> [u8; 20] {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else {
        // HMAC takes keys of every length (RFC 2104 §2), so this is never reached.
        return [0; 20];
    };
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

/// The URL as given, without a port, and with the scheme's own port.
fn spellings(url: &str) -> [Cow<'_, str>; 3] {
    let given = Cow::Borrowed(url);
    let Some((scheme, rest)) = url.split_once("://") else {
        return [given.clone(), given.clone(), given];
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (user, host_port) = match authority.rsplit_once('@') {
        Some((user, host_port)) => (Some(user), host_port),
        None => (None, authority),
    };
    let host = match host_port.rsplit_once(':') {
        // An IPv6 address in brackets has colons of its own.
        Some((host, port))
            if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            host
        }
        _ => host_port,
    };
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    let port = if scheme.eq_ignore_ascii_case("https") {
        443
    } else {
        80
    };
    [
        given,
        format!("{scheme}://{user}{host}{tail}").into(),
        format!("{scheme}://{user}{host}:{port}{tail}").into(),
    ]
}

fn query(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    Some(query.split_once('#').map_or(query, |(query, _)| query))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345";
    const URL: &str = "https://voice.example.com/ingest?foo=1&bar=2";

    #[test]
    fn signs_what_the_rules_say() {
        // The text to sign, spelled out: URL, then name and value by name, values distinct and
        // sorted.
        let parameters = [("To", "b"), ("CallSid", "CA1"), ("To", "a"), ("To", "b")];
        let spelled = format!("{URL}CallSidCA1ToaTob");
        assert_eq!(
            sign_form(SECRET, URL, parameters),
            sign_url(SECRET, &spelled)
        );
    }

    #[test]
    fn signs_the_published_example() {
        // The example that the official client libraries test themselves with.
        let parameters = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ];
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        assert_eq!(
            sign_form(SECRET, url, parameters),
            "RSOYDt4T1cUTdK1PDd93/VVr8B8="
        );
    }

    #[test]
    fn takes_the_url_with_and_without_a_port() {
        let form = Form::decode(b"CallSid=CA1&To=%2B15550100").unwrap();
        let bare = "https://voice.example.com/cb?x=1";
        let port = "https://voice.example.com:443/cb?x=1";
        for (signed, received) in [(bare, bare), (bare, port), (port, bare), (port, port)] {
            let signature = sign_form(SECRET, signed, form.pairs());
            assert!(
                verify_form(SECRET, received, &form, &signature),
                "{signed} {received}"
            );
            assert!(!verify_form(b"other", received, &form, &signature));
        }
        let signature = sign_form(SECRET, "http://h:8080/cb", form.pairs());
        assert!(verify_form(SECRET, "http://h:8080/cb", &form, &signature));
        let signature = sign_form(SECRET, "http://[2001:db8::1]/cb", form.pairs());
        assert!(verify_form(
            SECRET,
            "http://[2001:db8::1]:80/cb",
            &form,
            &signature
        ));
    }

    #[test]
    fn refuses_what_was_changed() {
        let form = Form::decode(b"CallSid=CA1&To=%2B15550100").unwrap();
        let changed = Form::decode(b"CallSid=CA1&To=%2B15550101").unwrap();
        let signature = sign_form(SECRET, URL, form.pairs());
        assert!(verify_form(SECRET, URL, &form, &signature));
        assert!(!verify_form(SECRET, URL, &changed, &signature));
        assert!(!verify_form(SECRET, &format!("{URL}3"), &form, &signature));
        for bad in ["", "=", "not base64", "AAAA"] {
            assert!(!verify_form(SECRET, URL, &form, bad), "{bad}");
        }
    }

    #[test]
    fn a_body_is_signed_by_its_hash_in_the_url() {
        let body = br#"[{"specversion":"1.0"}]"#;
        let url = format!(
            "https://voice.example.com/es?bodySHA256={}",
            body_hash(body)
        );
        let signature = sign_url(SECRET, &url);
        assert!(verify_body(SECRET, &url, body, &signature));
        assert!(!verify_body(SECRET, &url, b"[]", &signature));
        let unhashed = "https://voice.example.com/es";
        assert!(!verify_body(
            SECRET,
            unhashed,
            body,
            &sign_url(SECRET, unhashed)
        ));
        assert_eq!(
            body_hash(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
