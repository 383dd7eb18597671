//! Requests signed as Amazon's services want them, and those who take the same: Signature Version 4, of
//! S3 (AWS General Reference, "Create a signed AWS API request").

use std::fmt::Write;

use ring::hmac;
use sha2::{Digest, Sha256};
use sidetone_core::time::TimeUs;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "s3";
const TERMINATION: &str = "aws4_request";

/// Who signs, and for where.
pub struct Signer<'a> {
    /// Which key it is.
    pub access_key_id: &'a str,
    /// The key.
    pub secret_access_key: &'a str,
    /// Where what is asked is.
    pub region: &'a str,
}

/// A request as it is signed, without a query.
pub struct Signed<'a> {
    /// How is asked.
    pub method: &'a str,
    /// For what: percent-encoded, from the host on.
    pub path: &'a str,
    /// With which headers: names in lower case and in their order, of which `host` is one.
    pub headers: &'a [(&'a str, &'a str)],
    /// The hash of the body ([`hash`]).
    pub body: &'a str,
    /// When, as `x-amz-date` among the headers has it ([`date`]).
    pub date: &'a str,
}

impl Signer<'_> {
    /// The value of `Authorization`.
    #[must_use]
    pub fn authorization(&self, request: &Signed<'_>) -> String {
        let names: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let mut canonical = format!("{}\n{}\n\n", request.method, request.path);
        for (name, value) in request.headers {
            canonical.push_str(&format!("{name}:{}\n", value.trim()));
        }
        canonical.push_str(&format!("\n{names}\n{}", request.body));
        let day = request.date.get(..8).unwrap_or(request.date);
        let scope = format!("{day}/{}/{SERVICE}/{TERMINATION}", self.region);
        let date = request.date;
        let text = format!(
            "{ALGORITHM}\n{date}\n{scope}\n{}",
            hash(canonical.as_bytes())
        );
        let mut key = format!("AWS4{}", self.secret_access_key).into_bytes();
        for part in [day, self.region, SERVICE, TERMINATION] {
            key = mac(&key, part);
        }
        let signature = hex(&mac(&key, &text));
        format!(
            "{ALGORITHM} Credential={}/{scope},SignedHeaders={names},Signature={signature}",
            self.access_key_id
        )
    }
}

/// The hash of a body, as `x-amz-content-sha256` has it.
#[must_use]
pub fn hash(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

/// A time as `x-amz-date` has it.
#[must_use]
pub fn date(at: TimeUs) -> String {
    at.to_seconds_text().replace(['-', ':'], "")
}

/// A path as it is signed and called: all but letters, digits, `-._~` and slashes is percent-encoded.
#[must_use]
pub fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            // Writing to a text does not fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the Amazon S3 API Reference, "Signature calculations for the authorization
    /// header": GET Object and PUT Object.
    #[test]
    fn the_examples_of_the_reference_are_signed_as_there() {
        let signer = Signer {
            access_key_id: "AKIAIOSFODNN7EXAMPLE",
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
        };
        let at = TimeUs::parse_rfc3339("2013-05-24T00:00:00Z").unwrap();
        assert_eq!(date(at), "20130524T000000Z");
        let host = ("host", "examplebucket.s3.amazonaws.com");
        let nothing = hash(b"");
        let put = hash(b"Welcome to Amazon S3.");
        for (method, path, headers, body, names, signature) in [
            (
                "GET",
                "test.txt",
                vec![
                    host,
                    ("range", "bytes=0-9"),
                    ("x-amz-content-sha256", &*nothing),
                ],
                &nothing,
                "host;range;x-amz-content-sha256;x-amz-date",
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            (
                "PUT",
                "test$file.text",
                vec![
                    ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                    host,
                    ("x-amz-content-sha256", &*put),
                ],
                &put,
                "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
        ] {
            let mut headers = headers;
            let date = date(at);
            headers.push(("x-amz-date", &date));
            if method == "PUT" {
                headers.push(("x-amz-storage-class", "REDUCED_REDUNDANCY"));
            }
            let path = encoded(&format!("/{path}"));
            let signed = Signed {
                method,
                path: &path,
                headers: &headers,
                body,
                date: &date,
            };
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders={names},Signature={signature}"
            );
            assert_eq!(signer.authorization(&signed), expected);
        }
    }

    #[test]
    fn paths_are_encoded_once() {
        assert_eq!(encoded("/b/dt=1/a b%.gz"), "/b/dt%3D1/a%20b%25.gz");
        assert_eq!(encoded("/b/A-z_0.~/é"), "/b/A-z_0.~/%C3%A9");
    }
}
