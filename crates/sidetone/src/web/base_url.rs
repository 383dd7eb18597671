//! Where clients reach us: the beginning of every absolute URL in an answer.

use axum::http::{HeaderValue, Uri};

use super::forwarded::{ForwardedHost, Scheme};

/// Scheme and host as clients reach us, without a slash at the end: the configured public URL, else
/// the request's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(pub String);

impl BaseUrl {
    /// That of a request that came so, unless one is configured. `None`: its host cannot be part of
    /// a URL.
    #[must_use]
    pub fn of(
        public_url: Option<&str>,
        scheme: Scheme,
        forwarded: Option<&ForwardedHost>,
        uri: &Uri,
        host: Option<&HeaderValue>,
    ) -> Option<Self> {
        if let Some(url) = public_url {
            return Some(Self(url.to_owned()));
        }
        // HTTP/2 carries the host in the URI, HTTP/1.1 in a header.
        let host = match (forwarded, uri.authority()) {
            (Some(ForwardedHost(host)), _) => Some(host.as_str()),
            (None, Some(authority)) => Some(authority.as_str()),
            (None, None) => host.and_then(|host| host.to_str().ok()),
        };
        let host = host.filter(|host| is_host(host))?;
        Some(Self(format!("{}://{host}", scheme.as_str())))
    }
}

/// Whether a text is a host name or address with an optional port, and nothing that could change
/// the meaning of a URL it is put into.
fn is_host(text: &str) -> bool {
    const LONGEST: usize = 253 + 6;
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, rest)) = rest.split_once(']') else {
                return false;
            };
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (
                "ipv6",
                rest.strip_prefix(':')
                    .or(if rest.is_empty() { None } else { Some("-") }),
            )
        }
        None => match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        },
    };
    let name_fits = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    let port_fits = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    });
    text.len() <= LONGEST && name_fits && port_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_hosts_and_nothing_else() {
        for host in [
            "localhost",
            "127.0.0.1:8080",
            "a-b.example.org",
            "[::1]",
            "[2001:db8::1]:443",
            "my_box:1",
        ] {
            assert!(is_host(host), "{host}");
        }
        for host in [
            "",
            ":80",
            "a:b",
            "a:",
            "a:70000",
            "a:+80",
            "a/b",
            "a b",
            "user@host",
            "a?b",
            "a#b",
            "[::1",
            "[x]",
            "[::1]x",
            "[::1]:x",
            "a:80:80",
            "é.org",
            "a\"b",
        ] {
            assert!(!is_host(host), "{host}");
        }
    }
}
