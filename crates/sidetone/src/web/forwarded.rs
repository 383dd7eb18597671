//! How a request came to us: over TLS or not, straight or through a proxy that is believed.

use std::net::{IpAddr, SocketAddr};

use axum::extract::Request;
use axum::http::HeaderMap;

use crate::config::Networks;

/// How a request came: put into its extensions.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Who is at the other end of the connection.
    pub address: IpAddr,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

/// How a request came in, as a request extension. Put there by whoever knows: the TLS listener, or
/// a trusted proxy's word. Without it, plain HTTP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// As it begins a URL.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// The host that a trusted proxy says the client asked for, as a request extension. It outranks the
/// request's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardedHost(pub String);

/// Notes the scheme, and takes scheme and host from `X-Forwarded-Proto` and `X-Forwarded-Host` when
/// the peer is a trusted proxy. Anybody else's are ignored: they would let a client choose the URLs
/// in answers.
pub fn note(trusted: &Networks, request: &mut Request) {
    let Some(peer) = request.extensions().get::<Peer>().copied() else {
        return;
    };
    let mut scheme = if peer.tls {
        Scheme::Https
    } else {
        Scheme::Http
    };
    if trusted.contains(peer.address) {
        match last(request, "x-forwarded-proto").as_deref() {
            Some("https") => scheme = Scheme::Https,
            Some("http") => scheme = Scheme::Http,
            _ => {}
        }
        if let Some(host) = last(request, "x-forwarded-host") {
            request.extensions_mut().insert(ForwardedHost(host));
        }
    }
    request.extensions_mut().insert(scheme);
}

/// The address of the client: that of the peer, unless it is a trusted proxy. Then the last that
/// `X-Forwarded-For` names and that is no trusted proxy itself; what stands before it, anybody may
/// have written.
#[must_use]
pub fn client(trusted: &Networks, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    let peer = peer.to_canonical();
    if !trusted.contains(peer) {
        return peer;
    }
    let values = headers.get_all("x-forwarded-for");
    let texts = values.iter().filter_map(|value| value.to_str().ok());
    let named: Vec<&str> = texts.flat_map(|text| text.split(',')).collect();
    let mut client = peer;
    for text in named.into_iter().rev() {
        let Some(address) = address(text.trim()) else {
            break;
        };
        client = address.to_canonical();
        if !trusted.contains(client) {
            break;
        }
    }
    client
}

/// An address, with a port or without.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    bare.parse().ok().or_else(with_port)
}

/// The last of the values in a header: each proxy on the way adds one behind those before it, so
/// only the last is the word of the trusted proxy itself.
fn last(request: &Request, name: &str) -> Option<String> {
    let values = request.headers().get_all(name);
    let value = values.iter().next_back()?.to_str().ok()?;
    let last = value.rsplit(',').next()?.trim();
    (!last.is_empty()).then(|| last.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_client_is_who_the_last_trusted_proxy_names() {
        let trusted: Networks = "10.0.0.0/8,::1".parse().unwrap();
        let check = |peer: &str, forwarded: &[&'static str], expected: &str| {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", HeaderValue::from_static(value));
            }
            let client = client(&trusted, &headers, peer.parse().unwrap());
            assert_eq!(client.to_string(), expected, "{peer} {forwarded:?}");
        };
        check("192.0.2.1", &["198.51.100.1"], "192.0.2.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["198.51.100.1, 192.0.2.7"], "192.0.2.7");
        check(
            "10.0.0.1",
            &["198.51.100.1", "192.0.2.7, 10.0.0.2"],
            "192.0.2.7",
        );
        check("::1", &["192.0.2.7:4711"], "192.0.2.7");
        check("::ffff:10.0.0.1", &["[2001:db8::7]:443"], "2001:db8::7");
        check("10.0.0.1", &["192.0.2.7, nonsense"], "10.0.0.1");
    }
}
