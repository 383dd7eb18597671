//! URLs that people name as targets of deliveries.

use std::net::{IpAddr, Ipv4Addr};

use hyper::Uri;

use crate::address::is_public;

/// The longest URL that is taken.
pub const URL_MAX_BYTES: usize = 2_048;

/// Why a URL is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Too long.
    #[error("is {0} bytes long: at most 2048 are allowed")]
    TooLong(usize),
    /// Something stands there that a URL cannot hold.
    #[error(
        "is not a URL: expected one like https://example.com/hook, with other characters percent-encoded"
    )]
    Malformed,
    /// Its host is a number that is no address as it is written.
    #[error("has a number for a host, which is no IPv4 address of four parts such as 203.0.113.7")]
    Number,
    /// Another scheme, or none.
    #[error("does not begin with http:// or https://")]
    Scheme,
    /// It carries credentials.
    #[error("holds a user name or password, which is not allowed")]
    UserInformation,
    /// It has a fragment, which is never sent.
    #[error("holds a fragment (#), which is not allowed")]
    Fragment,
    /// The port is no port.
    #[error("has a port that is not one of 1 to 65535")]
    Port,
    /// Its host is in a network that is not public.
    #[error(
        "is at the private address {0}; only public ones are allowed, unless webhook_allow_private is set"
    )]
    Private(String),
}

/// A URL as the log may have it: its origin. A path, a query or a user name often is a secret.
#[must_use]
pub fn shown(url: &str) -> String {
    let Ok(uri) = url.parse::<Uri>() else {
        return "no URL".to_owned();
    };
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let scheme = uri.scheme_str().unwrap_or_default();
    format!("{scheme}://{host}")
}

/// A URL that can be called.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// In the spelling that is called and signed: scheme and host in lower case, without the
    /// scheme's own port, with a path; without who calls.
    pub url: String,
    /// User name and password of the URL, as they stood there: percent-encoded.
    pub user: Option<String>,
}

/// Takes a URL for deliveries, if it can be one, in the spelling that is called and signed. The
/// reason of a refusal reads on from what the URL is called.
///
/// A name is resolved only when something is sent there, and its addresses are checked then.
///
/// # Errors
/// Why it cannot be one.
pub fn target(url: &str, allow_private: bool) -> Result<String, TargetError> {
    match target_of_user(url, allow_private)? {
        Target { url, user: None } => Ok(url),
        Target { user: Some(_), .. } => Err(TargetError::UserInformation),
    }
}

/// As [`target`], of a URL that may say who calls, as a sink's may.
///
/// # Errors
/// Why it cannot be one.
pub fn target_of_user(url: &str, allow_private: bool) -> Result<Target, TargetError> {
    if url.len() > URL_MAX_BYTES {
        return Err(TargetError::TooLong(url.len()));
    }
    if url.contains('#') {
        return Err(TargetError::Fragment);
    }
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(TargetError::Malformed);
    }
    let uri: Uri = url.parse().map_err(|_| TargetError::Malformed)?;
    let (scheme, own_port) = match uri.scheme_str() {
        Some("http") => ("http", 80),
        Some("https") => ("https", 443),
        Some(_) | None => return Err(TargetError::Scheme),
    };
    let authority = uri.authority().ok_or(TargetError::Malformed)?;
    let (user, place) = match authority.as_str().rsplit_once('@') {
        Some((user, place)) => (Some(user.to_owned()), place),
        None => (None, authority.as_str()),
    };
    let host = authority.host().to_ascii_lowercase();
    if host.is_empty() {
        return Err(TargetError::Malformed);
    }
    if is_odd_address(&host) {
        return Err(TargetError::Number);
    }
    if !allow_private && is_private(&host) {
        return Err(TargetError::Private(host));
    }
    let port = match place.get(host.len()..).unwrap_or_default() {
        "" | ":" => own_port,
        port => port
            .strip_prefix(':')
            .and_then(|digits| digits.parse::<u16>().ok())
            .filter(|port| *port > 0)
            .ok_or(TargetError::Port)?,
    };
    let port = match port {
        port if port == own_port => String::new(),
        port => format!(":{port}"),
    };
    let query = match uri.query() {
        Some(query) => format!("?{query}"),
        None => String::new(),
    };
    let url = format!("{scheme}://{host}{port}{}{query}", uri.path());
    Ok(Target { url, user })
}

/// User name and password of a URL, which are percent-encoded there. A plus is one.
pub(super) fn decoded(user: &str) -> String {
    let as_form = user
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    let mut names = form_urlencoded::parse(as_form.as_bytes());
    let user = names.next().map(|(name, _)| name.into_owned());
    let user = user.unwrap_or_default();
    // Without a password it is empty (RFC 7617).
    if user.contains(':') { user } else { user + ":" }
}

/// Whether a host is an IPv4 address in a spelling that resolvers understand and we do not:
/// `2130706433` is 127.0.0.1, and so is `0x7f.1`. No name ends in a number.
fn is_odd_address(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = match last.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
        None => !last.is_empty() && last.bytes().all(|digit| digit.is_ascii_digit()),
    };
    is_number && host.parse::<Ipv4Addr>().is_err()
}

/// Whether a host says by itself that it is not public.
fn is_private(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => !is_public(address),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Result<&str, TargetError>) {
        assert_eq!(target(url, false), expected.map(str::to_owned), "{url}");
    }

    #[test]
    fn the_log_has_no_secrets_of_a_url() {
        for (url, expected) in [
            ("https://example.com/hook?key=1", "https://example.com"),
            (
                "http://me:secret@example.com:8080/a/b",
                "http://example.com:8080",
            ),
            ("https://example.com", "https://example.com"),
            ("no url", "no URL"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }

    #[test]
    fn urls_are_taken_in_one_spelling() {
        for (url, spelled) in [
            ("https://example.com/hook", "https://example.com/hook"),
            (
                "HTTPS://Example.COM:443/Hook?A=b&c",
                "https://example.com/Hook?A=b&c",
            ),
            ("http://example.com:80", "http://example.com/"),
            ("http://example.com:", "http://example.com/"),
            ("http://example.com?a", "http://example.com/?a"),
            ("http://example.com:443/", "http://example.com:443/"),
            ("http://1.1.1.1:8080/%C3%A9", "http://1.1.1.1:8080/%C3%A9"),
            ("http://[2606:4700::1]/", "http://[2606:4700::1]/"),
            ("http://1.example.com/", "http://1.example.com/"),
            ("http://0xa.example.c0m/", "http://0xa.example.c0m/"),
        ] {
            check(url, Ok(spelled));
        }
        let longest = format!("https://example.com/{}", "a".repeat(2_028));
        check(&longest, Ok(&longest));
        check(&format!("{longest}a"), Err(TargetError::TooLong(2_049)));
    }

    #[test]
    fn what_is_no_target_is_refused_with_a_reason() {
        use TargetError::{Fragment, Malformed, Number, Port, Scheme, UserInformation};
        for (url, reason) in [
            ("", Malformed),
            ("example.com/hook", Malformed),
            ("/hook", Scheme),
            ("ftp://example.com/", Scheme),
            ("http://", Malformed),
            ("http:///hook", Malformed),
            ("http://exa mple.com/", Malformed),
            ("http://example.com/é", Malformed),
            ("http://2130706433/", Number),
            ("http://0x7f.1/", Number),
            ("http://0X7F000001:8080/", Number),
            ("http://127.1/", Number),
            ("http://0177.0.0.1/", Number),
            ("http://127.0.0.1./", Number),
            ("http://example.1/", Number),
            ("http://example.com/\n", Malformed),
            ("http://user@example.com/", UserInformation),
            ("http://user:word@example.com/", UserInformation),
            ("http://example.com/#top", Fragment),
            ("http://example.com:0/", Port),
            ("http://example.com:65536/", Port),
        ] {
            check(url, Err(reason));
        }
    }

    #[test]
    fn a_sink_may_say_who_calls() {
        for (url, user, called) in [
            (
                "https://me:s%40t@Example.com:443?a",
                Some("me:s%40t"),
                "https://example.com/?a",
            ),
            (
                "http://me@1.1.1.1:8080/in",
                Some("me"),
                "http://1.1.1.1:8080/in",
            ),
            ("https://example.com/@in", None, "https://example.com/@in"),
        ] {
            let target = target_of_user(url, false).unwrap();
            assert_eq!((target.user.as_deref(), &*target.url), (user, called));
        }
        for host in ["127.0.0.1", "localhost"] {
            let hidden = format!("http://example.com:80@{host}/");
            let refused = target_of_user(&hidden, false).err();
            assert_eq!(refused, Some(TargetError::Private(host.to_owned())));
        }
    }

    #[test]
    fn private_addresses_are_refused_unless_allowed() {
        for host in [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "localhost",
            "a.localhost",
        ] {
            let url = format!("http://{host}/hook");
            check(&url, Err(TargetError::Private(host.to_owned())));
            assert_eq!(target(&url, true), Ok(url));
        }
    }
}
