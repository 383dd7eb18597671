//! Signed statements about who calls: STIR (RFC 8224), `PASSporT` (RFC 8225), SHAKEN (RFC 8588).
//!
//! To read a statement is not to verify it: anybody can write one. [`Identity::signing_input`] and
//! [`Identity::signature`] are for whoever has the certificate.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memrchr;
use serde_json::{Map, Value};

use crate::malformed::Malformed;
use crate::scan::{param, split_once};

/// The longest token that is decoded, in bytes. Real ones have some 500.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Some pad although they must not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One Identity header field, unread but for its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The statement: header, claims and signature in base64url, with dots between.
    pub token: &'a [u8],
    /// Where the certificate is: a URL. `None` when not stated.
    pub info: Option<&'a [u8]>,
    /// With what it is signed, `ES256` if not stated.
    pub alg: Option<&'a [u8]>,
    /// Of what kind it is: `shaken`, `div`, `rph`. `None` when not stated here; the token may state
    /// it.
    pub ppt: Option<&'a [u8]>,
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passport {
    /// Of what kind it is, by the token's own header: `shaken`, `div`, `rph`.
    pub ppt: Option<String>,
    /// With what it is signed.
    pub alg: Option<String>,
    /// Where the certificate is: a URL.
    pub info: Option<String>,
    /// What the carrier knows of its customer: `A` the customer and the right to the number, `B`
    /// the customer, `C` neither. `None` when not stated or not one letter.
    pub attest: Option<char>,
    /// The caller's number.
    pub orig_tn: Option<String>,
    /// The called numbers.
    pub dest_tns: Vec<String>,
    /// When it was signed, in seconds since 1970.
    pub iat: Option<i64>,
    /// Who or what the carrier says began the call: an opaque identifier.
    pub origid: Option<String>,
}

impl<'a> Identity<'a> {
    /// Reads a header field's value. `None` when there is no token in it.
    pub(super) fn parse(value: &'a [u8]) -> Option<Self> {
        let (token, params) = split_once(value, b';').unwrap_or((value, b""));
        let token = token.trim_ascii();
        // The first form of the header field (RFC 4474) was a signature in quotes.
        let is_token = !token.is_empty() && !token.starts_with(b"\"");
        is_token.then(|| Self {
            token,
            info: param(params, "info"),
            alg: param(params, "alg"),
            ppt: param(params, "ppt"),
        })
    }

    /// The bytes that are signed: header and claims as sent.
    #[must_use]
    pub fn signing_input(&self) -> &'a [u8] {
        self.halves().map_or(self.token, |(signed, _)| signed)
    }

    /// The signature. `None` when it is missing or not in base64url.
    #[must_use]
    pub fn signature(&self) -> Option<Vec<u8>> {
        let (_, signature) = self.halves()?;
        BASE64
            .decode(signature)
            .ok()
            .filter(|bytes| !bytes.is_empty())
    }

    fn halves(&self) -> Option<(&'a [u8], &'a [u8])> {
        let (signed, signature) = self.token.split_at_checked(memrchr(b'.', self.token)?)?;
        Some((signed, signature.get(1..)?))
    }

    /// Decodes the statement.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when it is too long, has not three parts, is in the compact form that leaves
    /// the claims out (RFC 8224 §7), or a part is not JSON in base64url.
    pub fn passport(&self) -> Result<Passport, Malformed> {
        if self.token.len() > MAX_TOKEN_BYTES {
            return Err(Malformed::new("PASSporT is too long", MAX_TOKEN_BYTES));
        }
        let parts: Vec<&[u8]> = self.token.splitn(4, |byte| *byte == b'.').collect();
        let [header, claims, _] = parts[..] else {
            return Err(Malformed::new("PASSporT has not three parts", 0));
        };
        if claims.is_empty() {
            return Err(Malformed::new("PASSporT is in compact form", 0));
        }
        let claims_at = header.len().saturating_add(1);
        let header = object(header, 0)?;
        let claims = object(claims, claims_at)?;
        let stated =
            |here: Option<&[u8]>| here.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Ok(Passport {
            ppt: text(header.get("ppt")).or_else(|| stated(self.ppt)),
            alg: text(header.get("alg")).or_else(|| stated(self.alg)),
            info: stated(self.info).or_else(|| text(header.get("x5u"))),
            attest: letter(claims.get("attest")),
            orig_tn: numbers(claims.get("orig")).next(),
            dest_tns: numbers(claims.get("dest")).collect(),
            iat: claims.get("iat").and_then(Value::as_i64),
            origid: text(claims.get("origid")),
        })
    }
}

/// A part of a token: JSON in base64url.
fn object(part: &[u8], at: usize) -> Result<Map<String, Value>, Malformed> {
    let json = BASE64
        .decode(part)
        .map_err(|_| Malformed::new("PASSporT is not in base64url", at))?;
    serde_json::from_slice(&json).map_err(|_| Malformed::new("PASSporT part is no JSON object", at))
}

fn text(value: Option<&Value>) -> Option<String> {
    value?.as_str().map(str::to_owned)
}

fn letter(value: Option<&Value>) -> Option<char> {
    let mut letters = value?.as_str()?.chars();
    letters.next().filter(|_| letters.next().is_none())
}

/// The numbers of a party: one, or a list of them.
fn numbers(party: Option<&Value>) -> impl Iterator<Item = String> {
    let tn = party.and_then(|party| party.get("tn"));
    let several = tn.and_then(Value::as_array).into_iter().flatten();
    several.map(Some).chain([tn]).filter_map(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header field's value of such parts.
    fn value(header: &str, claims: &str) -> String {
        let [header, claims, signature] =
            [header, claims, "signed"].map(|part| BASE64.encode(part));
        format!(
            "{header}.{claims}.{signature};info=<https://cert.example/x.pem>;alg=ES256;ppt=\"shaken\""
        )
    }

    fn passport(value: &str) -> Result<Passport, Malformed> {
        Identity::parse(value.as_bytes()).unwrap().passport()
    }

    #[test]
    fn reads_a_statement() {
        let value = value(
            r#"{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://other.example"}"#,
            r#"{"attest":"A","dest":{"tn":["12025550199","12025550198"]},"iat":1795164120,"orig":{"tn":"12025550100"},"origid":"x-1"}"#,
        );
        let identity = Identity::parse(value.as_bytes()).unwrap();
        assert_eq!(identity.ppt, Some(&b"shaken"[..]));
        assert_eq!(identity.signature().as_deref(), Some(&b"signed"[..]));
        let signed = value.split(';').next().unwrap().rsplit_once('.').unwrap().0;
        assert_eq!(identity.signing_input(), signed.as_bytes());
        assert_eq!(
            identity.passport(),
            Ok(Passport {
                ppt: Some("shaken".into()),
                alg: Some("ES256".into()),
                info: Some("https://cert.example/x.pem".into()),
                attest: Some('A'),
                orig_tn: Some("12025550100".into()),
                dest_tns: vec!["12025550199".into(), "12025550198".into()],
                iat: Some(1_795_164_120),
                origid: Some("x-1".into()),
            })
        );
    }

    #[test]
    fn odd_claims_hide_nothing_else() {
        let odd = value(
            "{}",
            r#"{"attest":"AB","dest":{"tn":"1"},"iat":"soon","orig":[],"origid":7}"#,
        );
        let passport = passport(&odd).unwrap();
        assert_eq!(
            (passport.attest, passport.iat, passport.orig_tn),
            (None, None, None)
        );
        assert_eq!(passport.dest_tns, ["1"]);
        assert_eq!(passport.ppt.as_deref(), Some("shaken"));
    }

    #[test]
    fn what_is_no_statement_is_refused() {
        let refused = |value: &str, what: &str| assert_eq!(passport(value).unwrap_err().what, what);
        refused("x;info=<y>", "PASSporT has not three parts");
        refused("a.b.c.d", "PASSporT has not three parts");
        refused("..c2lnbmVk;info=<y>", "PASSporT is in compact form");
        refused("a b.e30.x", "PASSporT is not in base64url");
        refused("e30.W10.x", "PASSporT part is no JSON object");
        refused(
            &format!("e30.e30.{}", "x".repeat(MAX_TOKEN_BYTES)),
            "PASSporT is too long",
        );
        // The form of RFC 4474.
        assert_eq!(Identity::parse(b"\"dGhlIHNpZ25hdHVyZQ==\""), None);
        assert_eq!(Identity::parse(b";info=<x>"), None);
        let unsigned = Identity::parse(b"e30.e30.").unwrap();
        assert_eq!(
            (unsigned.signature(), unsigned.signing_input()),
            (None, &b"e30.e30"[..])
        );
    }
}
