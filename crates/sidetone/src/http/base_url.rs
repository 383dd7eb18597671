//! Where clients reach us: the beginning of every absolute URL in an answer.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Uri};

use crate::app::App;
use crate::http::error::ApiError;

/// How a request came in, as a request extension. Put there by whoever knows: the TLS listener, or a trusted proxy's
/// word. Without it, plain HTTP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// The host that a trusted proxy says the client asked for, as a request extension. It outranks the request's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardedHost(pub String);

impl<S: Sync> FromRequestParts<S> for Scheme {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}

/// Scheme and host as clients reach us, without a slash at the end: the configured public URL, else the request's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(pub String);

impl BaseUrl {
    /// That of a request. `None`: its host cannot be part of a URL.
    #[must_use]
    pub fn of(app: &App, uri: &Uri, headers: &HeaderMap, extensions: &Extensions) -> Option<Self> {
        if let Some(url) = &app.config.public_url {
            return Some(Self(url.clone()));
        }
        let scheme = extensions.get::<Scheme>().copied().unwrap_or_default();
        // HTTP/2 carries the host in the URI, HTTP/1.1 in a header.
        let host = match (extensions.get(), uri.authority()) {
            (Some(ForwardedHost(host)), _) => Some(host.as_str()),
            (None, Some(authority)) => Some(authority.as_str()),
            (None, None) => headers.get(HOST).and_then(|host| host.to_str().ok()),
        };
        let host = host.filter(|host| is_host(host))?;
        Some(Self(format!("{}://{host}", scheme.as_str())))
    }
}

impl FromRequestParts<App> for BaseUrl {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Self::of(app, &parts.uri, &parts.headers, &parts.extensions).ok_or_else(|| {
            ApiError::bad_request(
                "Invalid Host header. Expected a host name or address, with or without a port.",
            )
        })
    }
}

/// Whether a text is a host name or address with an optional port, and nothing that could change the meaning of a URL
/// it is put into.
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
