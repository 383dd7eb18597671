//! How a request came to us: over TLS or not, straight or through a proxy that is believed.

use axum::extract::Request;

use crate::config::Networks;
use crate::http::base_url::{ForwardedHost, Scheme};
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

/// The last of the values in a header: each proxy on the way adds one behind those before it, so only the last is the
/// word of the trusted proxy itself.
fn last(request: &Request, name: &str) -> Option<String> {
    let values = request.headers().get_all(name);
    let value = values.iter().next_back()?.to_str().ok()?;
    let last = value.rsplit(',').next()?.trim();
    (!last.is_empty()).then(|| last.to_owned())
}
