//! What a request leaves behind beside its answer: hints, a line of the access log, a word about a refusal.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use hyper::body::Body;
use sidetone_core::id::AccountSid;

use super::base_url::{BaseUrl, ForwardedHost, Scheme};
use super::error::ApiError;
use super::form::quoted;
use super::hint::Hints;
use crate::app::App;
use crate::ingest;
use crate::server::Peer;
use crate::telemetry::ACCESS;

/// Characters of a path that are logged.
const PATH_MAX_CHARS: usize = 256;

/// Whose credentials came with a request, once that is known; an extension of requests that are logged.
#[derive(Debug, Clone, Default)]
pub struct Asker(Arc<OnceLock<AccountSid>>);

impl Asker {
    /// Takes note of the account in a request's extensions.
    pub fn note(extensions: &Extensions, account: AccountSid) {
        if let Some(asker) = extensions.get::<Self>() {
            asker.set(account);
        }
    }

    /// Takes note of the account.
    pub fn set(&self, account: AccountSid) {
        // A request has one sender.
        let _ = self.0.set(account);
    }
}

/// What is kept of a request until it is answered. Nothing of it is copied unless it has to be.
pub struct Trace {
    uri: Uri,
    host: Option<HeaderValue>,
    forwarded_host: Option<ForwardedHost>,
    scheme: Scheme,
    peer: Option<Peer>,
    hints: Option<Hints>,
    /// The door for events that it came to, and whether it came with credentials or a signature.
    door: Option<(&'static str, bool)>,
    logged: Option<Logged>,
}

struct Logged {
    method: Method,
    began_at: Duration,
    asker: Asker,
}

impl Trace {
    /// Looks at a request before it is answered, and prepares it.
    pub fn begin(app: &App, request: &mut Request) -> Self {
        let has_parameters = request.uri().query().is_some() || !request.body().is_end_stream();
        let hints = has_parameters.then(Hints::default);
        if let Some(hints) = &hints {
            request.extensions_mut().insert(hints.clone());
        }
        let logged = app.config.access_log.then(|| Logged {
            method: request.method().clone(),
            began_at: app.clock.passed(),
            asker: Asker::default(),
        });
        if let Some(logged) = &logged {
            request.extensions_mut().insert(logged.asker.clone());
        }
        let headers = request.headers();
        let door = ingest::door(request.uri().path()).map(|door| {
            let shows = headers.contains_key(AUTHORIZATION)
                || headers.contains_key(ingest::sender::SIGNATURE);
            (door, shows)
        });
        let extensions = request.extensions();
        Self {
            uri: request.uri().clone(),
            host: headers.get(HOST).cloned(),
            forwarded_host: extensions.get().cloned(),
            scheme: extensions.get().copied().unwrap_or_default(),
            peer: extensions.get().copied(),
            hints,
            door,
            logged,
        }
    }

    /// Completes the answer, and tells of it.
    pub fn end(self, app: &App, response: &mut Response) {
        if let Some(error) = response.extensions_mut().remove::<ApiError>() {
            // What the router has added stays, such as Allow.
            let (head, body) = error.response(&self.base(app)).into_parts();
            *response.body_mut() = body;
            response.headers_mut().remove(CONTENT_LENGTH);
            response.headers_mut().extend(head.headers);
            self.tell_refusal(app, &error);
        }
        if let Some(hints) = &self.hints {
            hints.put_into(response);
        }
        if let Some(logged) = &self.logged {
            let path: String = self.uri.path().chars().take(PATH_MAX_CHARS).collect();
            let duration = app.clock.passed().saturating_sub(logged.began_at);
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

    /// How the client reaches us; empty when that is not known, so that URLs begin with their path.
    fn base(&self, app: &App) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(self.scheme);
        if let Some(host) = &self.forwarded_host {
            extensions.insert(host.clone());
        }
        let mut headers = HeaderMap::new();
        if let Some(host) = &self.host {
            headers.insert(HOST, host.clone());
        }
        BaseUrl::of(app, &self.uri, &headers, &extensions).map_or_else(String::new, |base| base.0)
    }

    /// Senders of events mostly do not read answers: what a door refuses is said in the log too. Wrong credentials are told
    /// where they are checked.
    fn tell_refusal(&self, app: &App, error: &ApiError) {
        let Some((door, shows_credentials)) = self.door else {
            return;
        };
        let reason = match error.status() {
            StatusCode::BAD_REQUEST => "invalid",
            StatusCode::UNAUTHORIZED if !shows_credentials => "no_credentials",
            StatusCode::NOT_FOUND => "no_such_path",
            StatusCode::METHOD_NOT_ALLOWED => "method",
            StatusCode::REQUEST_TIMEOUT => "timeout",
            StatusCode::PAYLOAD_TOO_LARGE => "too_large",
            _ => return,
        };
        if let Some(more) = app.refused(door, reason) {
            tracing::warn!(
                door,
                reason,
                peer = self.peer.map(|peer| tracing::field::display(peer.address)),
                path = quoted(self.uri.path()),
                more,
                "a request was refused: {}",
                error.message()
            );
        }
    }
}
