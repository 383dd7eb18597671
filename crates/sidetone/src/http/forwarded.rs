//! How a request came to us: over TLS or not, straight or through a proxy that is believed.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::HOST;

use crate::config::Networks;
use crate::http::base_url::Scheme;
use crate::server::Peer;

/// Notes the scheme, and takes scheme and host from `X-Forwarded-Proto` and `X-Forwarded-Host` when the
/// peer is a trusted proxy. Anybody else's are ignored: they would let a client choose the URLs in answers.
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
        match first(request, "x-forwarded-proto").as_deref() {
            Some("https") => scheme = Scheme::Https,
            Some("http") => scheme = Scheme::Http,
            _ => {}
        }
        if let Some(host) = first(request, "x-forwarded-host")
            && let Ok(host) = HeaderValue::try_from(host)
        {
            request.headers_mut().insert(HOST, host);
        }
    }
    request.extensions_mut().insert(scheme);
}

/// The first of the values in a header: each proxy on the way adds one behind it.
fn first(request: &Request, name: &str) -> Option<String> {
    let value = request.headers().get(name)?.to_str().ok()?;
    let first = value.split(',').next()?.trim();
    (!first.is_empty()).then(|| first.to_owned())
}
