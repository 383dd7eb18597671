//! What is kept of a request until it is answered, and its line in the access log.

use std::fmt::Display;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::{Extensions, HeaderValue, Method, Uri};
use axum::response::Response;

use super::base_url::BaseUrl;
use super::forwarded::{ForwardedHost, Peer, Scheme};
use crate::telemetry::logs::ACCESS;

/// Characters of a path that are logged.
const PATH_MAX_CHARS: usize = 256;

/// Whose credentials came with a request, once that is known; an extension of requests that are
/// logged.
#[derive(Debug, Clone, Default)]
pub struct Asker(Arc<OnceLock<String>>);

impl Asker {
    /// Takes note of who asks in a request's extensions.
    pub fn note(extensions: &Extensions, name: impl Display) {
        if let Some(asker) = extensions.get::<Self>() {
            asker.set(name);
        }
    }

    /// Takes note of who asks.
    pub fn set(&self, name: impl Display) {
        // A request has one sender.
        let _ = self.0.set(name.to_string());
    }
}

/// What is kept of a request until it is answered. Nothing of it is copied unless it has to be.
pub struct Trace {
    uri: Uri,
    host: Option<HeaderValue>,
    forwarded: Option<ForwardedHost>,
    scheme: Scheme,
    peer: Option<Peer>,
    logged: Option<Logged>,
}

struct Logged {
    method: Method,
    began_at: Duration,
    asker: Asker,
}

impl Trace {
    /// Looks at a request before it is answered. `log_from`: the time that has passed, when it is
    /// to be logged.
    pub fn begin(request: &mut Request, log_from: Option<Duration>) -> Self {
        let logged = log_from.map(|began_at| Logged {
            method: request.method().clone(),
            began_at,
            asker: Asker::default(),
        });
        if let Some(logged) = &logged {
            request.extensions_mut().insert(logged.asker.clone());
        }
        let extensions = request.extensions();
        Self {
            uri: request.uri().clone(),
            host: request.headers().get(HOST).cloned(),
            forwarded: extensions.get().cloned(),
            scheme: extensions.get().copied().unwrap_or_default(),
            peer: extensions.get().copied(),
            logged,
        }
    }

    /// What was asked for.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// Who is at the other end.
    #[must_use]
    pub const fn peer(&self) -> Option<Peer> {
        self.peer
    }

    /// How the client reaches us, unless it is configured; empty when that is not known, so that
    /// URLs begin with their path.
    #[must_use]
    pub fn base(&self, public_url: Option<&str>) -> String {
        let forwarded = self.forwarded.as_ref();
        let host = self.host.as_ref();
        let base = BaseUrl::of(public_url, self.scheme, forwarded, &self.uri, host);
        base.map_or_else(String::new, |base| base.0)
    }

    /// Tells of the answer. `passed`: the time until it was made.
    pub fn end(self, response: &Response, passed: Duration) {
        let Some(logged) = self.logged else { return };
        let path: String = self.uri.path().chars().take(PATH_MAX_CHARS).collect();
        let duration = passed.saturating_sub(logged.began_at);
        let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(
            target: ACCESS,
            method = %logged.method,
            path,
            status = response.status().as_u16(),
            duration_us,
            account = logged.asker.0.get().map(tracing::field::display),
            peer = self.peer.map(|peer| tracing::field::display(peer.address)),
            "request"
        );
    }
}
