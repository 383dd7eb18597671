//! An address with a name and parameters: From, To, Contact, P-Asserted-Identity, … (RFC 3261
//! §20.10), and its URI.

use memchr::memrchr;

use crate::scan::{before, param, split_once};

/// An address with a name and parameters. Whatever cannot be told apart is part of the URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The name, without quotes; escapes stay. `None` when there is none or an empty one.
    pub display: Option<&'a [u8]>,
    /// The URI, without angle brackets.
    pub uri: &'a [u8],
    /// The user of a SIP URI without the password but with its parameters (`+12025550100;npdi`), or
    /// the number of a `tel:` URI with its parameters. `None` when there is none.
    pub user: Option<&'a [u8]>,
    /// The host of a SIP URI without the port; an IPv6 address without its brackets. `None` in
    /// other URIs.
    pub host: Option<&'a [u8]>,
    /// What follows the address, from the first semicolon on.
    params: &'a [u8],
}

impl<'a> NameAddr<'a> {
    /// Reads one such value.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Self {
        let value = value.trim_ascii();
        let (quoted, rest) = quoted(value).map_or((None, value), |(name, rest)| (Some(name), rest));
        let (bare, uri, params) = match split_once(rest, b'<') {
            Some((bare, rest)) => {
                let (uri, params) = split_once(rest, b'>').unwrap_or((rest, b""));
                (bare, uri, params)
            }
            // Without angle brackets parameters are those of the header field (§20.10).
            None => {
                let uri = before(rest, b';');
                (&b""[..], uri, rest.get(uri.len()..).unwrap_or_default())
            }
        };
        let uri = uri.trim_ascii();
        let (user, host) = parts(uri);
        Self {
            display: Some(quoted.unwrap_or(bare.trim_ascii())).filter(|name| !name.is_empty()),
            uri,
            user,
            host,
            params,
        }
    }

    /// Reads a URI that stands alone, as in a request line.
    #[must_use]
    pub fn of_uri(uri: &'a [u8]) -> Self {
        let (user, host) = parts(uri);
        Self {
            display: None,
            uri,
            user,
            host,
            params: b"",
        }
    }

    /// A parameter of the header field, by its name in any case: without quotes, empty if it has no
    /// value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        param(self.params, name)
    }

    /// Which of a party's dialogs this is. `None` in the To of a first request.
    #[must_use]
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.param("tag").filter(|tag| !tag.is_empty())
    }

    /// A parameter of the URI, by its name in any case; for a `tel:` URI one that follows the
    /// number.
    #[must_use]
    pub fn uri_param(&self, name: &str) -> Option<&'a [u8]> {
        let (_, params) = split_once(before(self.after_user(), b'?'), b';')?;
        param(params, name)
    }

    /// A header field that the URI asks for, by its name in any case; escaped as it stands there.
    #[must_use]
    pub fn uri_header(&self, name: &str) -> Option<&'a [u8]> {
        let (_, fields) = split_once(self.after_user(), b'?')?;
        fields.split(|byte| *byte == b'&').find_map(|field| {
            let (key, value) = split_once(field, b'=')?;
            key.eq_ignore_ascii_case(name.as_bytes()).then_some(value)
        })
    }

    /// The URI from its host on, or all of it.
    fn after_user(&self) -> &'a [u8] {
        let host = memrchr(b'@', self.uri).and_then(|at| self.uri.get(at..));
        host.unwrap_or(self.uri)
    }

    /// What a verification service made of the caller's number (`TN-Validation-Passed`, …;
    /// ATIS-1000074), wherever it put that: after the number, in the URI, or in the header field.
    #[must_use]
    pub fn verstat(&self) -> Option<&'a [u8]> {
        let in_user = || {
            let (_, params) = split_once(self.user?, b';')?;
            param(params, "verstat")
        };
        in_user()
            .or_else(|| self.uri_param("verstat"))
            .or_else(|| self.param("verstat"))
    }
}

/// The text in quotes that a value begins with, and what follows it.
fn quoted(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = value.strip_prefix(b"\"")?;
    let mut escaped = false;
    let end = inside.iter().position(|&byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    })?;
    Some((inside.get(..end)?, inside.get(end.saturating_add(1)..)?))
}

/// User and host of a URI.
fn parts(uri: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    let Some((scheme, rest)) = split_once(uri, b':') else {
        return (None, None);
    };
    let filled = |part: &'_ [u8]| !part.is_empty();
    if scheme.eq_ignore_ascii_case(b"tel") {
        return (Some(rest).filter(|part| filled(part)), None);
    }
    if !scheme.eq_ignore_ascii_case(b"sip") && !scheme.eq_ignore_ascii_case(b"sips") {
        return (None, None);
    }
    // The last @, because users that are addresses themselves are sent unescaped.
    let (user, rest) = match memrchr(b'@', rest).and_then(|at| rest.split_at_checked(at)) {
        Some((user, rest)) => (Some(before(user, b':')), rest.get(1..).unwrap_or_default()),
        None => (None, rest),
    };
    let host = match rest.strip_prefix(b"[") {
        Some(ipv6) => before(ipv6, b']'),
        None => {
            let end = rest.iter().position(|byte| b":;?".contains(byte));
            end.and_then(|at| rest.get(..at)).unwrap_or(rest)
        }
    };
    (
        user.filter(|part| filled(part)),
        Some(host.trim_ascii()).filter(|part| filled(part)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, display: &str, user: &str, host: &str, tag: &str) {
        let parsed = NameAddr::parse(value.as_bytes());
        let shown =
            |part: Option<&[u8]>| String::from_utf8_lossy(part.unwrap_or(b"-")).into_owned();
        assert_eq!(
            [parsed.display, parsed.user, parsed.host, parsed.tag()].map(shown),
            [display, user, host, tag],
            "{value}"
        );
    }

    #[test]
    fn addresses() {
        check("<sip:a@b.example>;tag=1", "-", "a", "b.example", "1");
        check("sip:a@b;tag=1", "-", "a", "b", "1");
        check("sip:b", "-", "-", "b", "-");
        check("sips:a@b:5061", "-", "a", "b", "-");
        check(
            "Al Ice <sip:a@b;transport=tcp?x=y> ; TAG = 1",
            "Al Ice",
            "a",
            "b",
            "1",
        );
        check(
            r#""A \"<B>\" \\"<sip:a:secret@b>;tag=1"#,
            r#"A \"<B>\" \\"#,
            "a",
            "b",
            "1",
        );
        check(r#""" <sip:a@b>"#, "-", "a", "b", "-");
        check(
            "<sip:+1202;npdi=yes;rn=1@b;user=phone>",
            "-",
            "+1202;npdi=yes;rn=1",
            "b",
            "-",
        );
        check("<sip:a@[2001:db8::1]:5060>", "-", "a", "2001:db8::1", "-");
        check("<sip:a@c.example@b>", "-", "a@c.example", "b", "-");
        check(
            "<tel:+1-202;phone-context=x>;tag=1",
            "-",
            "+1-202;phone-context=x",
            "-",
            "1",
        );
        check("tel:+1202;tag=1", "-", "+1202", "-", "1");
        check("<urn:service:sos>", "-", "-", "-", "-");
        check("<mailto:a@b>", "-", "-", "-", "-");
    }

    #[test]
    fn broken_addresses() {
        check("", "-", "-", "-", "-");
        check("<", "-", "-", "-", "-");
        check("<sip:", "-", "-", "-", "-");
        check("<sip:@>", "-", "-", "-", "-");
        check("<sip:a@b", "-", "a", "b", "-");
        check("<sip:a@[::1", "-", "a", "::1", "-");
        check(
            "\"never closed <sip:a@b>;tag=1",
            "\"never closed",
            "a",
            "b",
            "1",
        );
        check("no uri at all;tag=1", "-", "-", "-", "1");
    }

    #[test]
    fn parameters_and_headers_of_the_uri() {
        let parsed =
            NameAddr::parse(b"<sip:a;x=1@b;cause=302;y?z=2&reason=SIP%3Bcause%3D302>;cause=9");
        assert_eq!(parsed.uri_param("Cause"), Some(&b"302"[..]));
        assert_eq!(parsed.uri_param("y"), Some(&b""[..]));
        assert_eq!(parsed.uri_header("Reason"), Some(&b"SIP%3Bcause%3D302"[..]));
        for name in ["x", "z"] {
            assert_eq!(parsed.uri_param(name), None);
        }
        assert_eq!(parsed.uri_header("x"), None);
        assert_eq!(
            NameAddr::parse(b"<tel:1;cause=2>").uri_param("cause"),
            Some(&b"2"[..])
        );
    }

    #[test]
    fn verstat_stands_anywhere() {
        for value in [
            "<sip:+12025550100;verstat=TN-Validation-Passed@b;user=phone>",
            "<sip:+12025550100@b;user=phone;verstat=TN-Validation-Passed>",
            "<sip:+12025550100@b>;verstat=TN-Validation-Passed",
            "<tel:+12025550100;verstat=TN-Validation-Passed>",
            "tel:+12025550100;verstat=TN-Validation-Passed",
        ] {
            let parsed = NameAddr::parse(value.as_bytes());
            assert_eq!(
                parsed.verstat(),
                Some(&b"TN-Validation-Passed"[..]),
                "{value}"
            );
        }
        assert_eq!(NameAddr::parse(b"<sip:a@b>").verstat(), None);
    }
}
