//! Which paths there are, and what is the same for every request.

mod parameters;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use hyper::body::Body;
use tower_service::Service;

use crate::api::auth::has_session;
use crate::api::auth::token::TOKEN;
use crate::api::error::ApiError;
use crate::api::hint::Hints;
use crate::api::masking::{Masking, masked};
use crate::api::{events_v1, oidc, operations, session, v1, v2, v2010};
use crate::app::App;
use crate::ingest;
use crate::telemetry::labels::{RefusalReason, Source};
use crate::ui;
use crate::web::cors::Cors;
use crate::web::form::quoted;
use crate::web::forwarded;
use crate::web::server::Handler;
use crate::web::trace::Trace;

/// What scripts of other origins may do.
const CORS: Cors = Cors {
    methods: "GET, POST, DELETE, OPTIONS",
    allowed: "If-Match, Last-Event-ID, X-Twilio-Token, Authorization, Content-Type",
    exposed: "ETag, Retry-After, Sidetone-Batch, Sidetone-Hint",
};

/// Answers requests: the routes of this process's roles, and what is the same for every one of
/// them.
///
/// Not layers of the router: each of those costs every request some allocations.
#[derive(Clone)]
pub struct Routes {
    app: App,
    routes: Router,
}

impl Routes {
    /// The routes of an app.
    #[must_use]
    pub fn new(app: App) -> Self {
        let mut routes = operations::routes();
        if app.config.roles.api {
            routes = routes
                .merge(session::routes())
                .merge(oidc::routes())
                .merge(v1::routes())
                .merge(events_v1::routes())
                .merge(v2::routes())
                .merge(v2010::routes());
        }
        if app.config.roles.ingest {
            routes = routes.merge(ingest::routes());
        }
        let routes = routes
            .method_not_allowed_fallback(method_not_allowed)
            .fallback(nowhere)
            .with_state(app.clone());
        Self { app, routes }
    }
}

/// Answers a path that is no route: with the interface, where it is the interface's.
async fn nowhere(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let found = app
        .config
        .roles
        .api
        .then(|| ui::at(&method, uri.path(), &headers));
    found
        .flatten()
        .ok_or_else(|| ApiError::not_found(quoted(uri.path())))
}

/// Answers a method that a path does not have.
async fn method_not_allowed(method: Method) -> ApiError {
    ApiError::method_not_allowed(&quoted(method.as_str()))
}

impl Handler for Routes {
    async fn answer(&self, mut request: Request) -> Response {
        let Self { app, routes } = self;
        forwarded::note(&app.config.trusted_proxies, &mut request);
        let hints = hints(&mut request);
        let events = EventRequest::of(&request);
        let log_from = app.config.access_log.then(|| app.clock.passed());
        let trace = Trace::begin(&mut request, log_from);
        let is_asked_by_page = is_asked_by_page(&request);
        let masking = masking(&mut request);
        let mut response = if request.method() == Method::OPTIONS {
            CORS.preflight()
        } else {
            let Ok(response) = routes.clone().call(request).await;
            response
        };
        if let Some(masking) = masking {
            let headers = response.headers_mut();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            if masking.is_due() {
                let base = trace.base(app.config.public_url.as_deref());
                response = masked(app, response, base).await;
            }
        }
        if let Some(error) = response.extensions_mut().remove::<ApiError>() {
            let base = trace.base(app.config.public_url.as_deref());
            complete(&mut response, &error, &base);
            if is_asked_by_page {
                response.headers_mut().remove(WWW_AUTHENTICATE);
            }
            if let Some(events) = events {
                events.tell_refusal(app, &trace, &error);
            }
        }
        if let Some(hints) = hints {
            hints.put_into(&mut response);
        }
        trace.end(&response, app.clock.passed());
        CORS.open(response.headers_mut());
        app.counters.count_request(response.status().as_u16());
        response
    }

    fn busy(&self) -> Response {
        ApiError::busy().response("")
    }
}

/// Lets it be taken note of that whoever is signed in may see no numbers. `None`: no session is
/// shown.
fn masking(request: &mut Request) -> Option<Masking> {
    let masking = has_session(request.headers()).then(Masking::default)?;
    request.extensions_mut().insert(masking.clone());
    Some(masking)
}

/// Whether a script in a page asks, which has a form of its own to sign in: a browser that is told of
/// Basic credentials would ask for them itself.
fn is_asked_by_page(request: &Request) -> bool {
    let mode = request.headers().get("sec-fetch-mode");
    let is_script = mode.is_some_and(|mode| mode.as_bytes() != b"navigate");
    is_script || has_session(request.headers()) || request.uri().path() == "/session"
}

/// Lets hints be taken note of while a request is read that has parameters.
fn hints(request: &mut Request) -> Option<Hints> {
    let has_parameters = request.uri().query().is_some() || !request.body().is_end_stream();
    let hints = has_parameters.then(|| Hints::new(parameters::of(request.uri().path())))?;
    request.extensions_mut().insert(hints.clone());
    Some(hints)
}

/// Writes an error into its answer: only here it is known how the client reaches us.
fn complete(response: &mut Response, error: &ApiError, base: &str) {
    // What the router has added stays, such as Allow.
    let (head, body) = error.response(base).into_parts();
    *response.body_mut() = body;
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().extend(head.headers);
}

/// A request that brings events, as far as it tells before it is read.
struct EventRequest {
    source: Source,
    has_password: bool,
    has_signature: bool,
}

impl EventRequest {
    fn of(request: &Request) -> Option<Self> {
        let headers = request.headers();
        Some(Self {
            source: ingest::source(request.uri().path())?,
            has_password: headers.contains_key(AUTHORIZATION),
            has_signature: headers.contains_key(ingest::sender::SIGNATURE)
                || headers.contains_key(TOKEN),
        })
    }

    /// Senders of events mostly do not read answers: what a door refuses is said in the log too.
    fn tell_refusal(&self, app: &App, trace: &Trace, error: &ApiError) {
        let reason = match error.status() {
            StatusCode::BAD_REQUEST => RefusalReason::Invalid,
            StatusCode::UNAUTHORIZED if !self.has_password && !self.has_signature => {
                RefusalReason::NoCredentials
            }
            StatusCode::UNAUTHORIZED if self.source == Source::VoiceSdk => RefusalReason::Token,
            StatusCode::FORBIDDEN => RefusalReason::NotAllowed,
            StatusCode::NOT_FOUND => RefusalReason::NoSuchPath,
            StatusCode::METHOD_NOT_ALLOWED => RefusalReason::Method,
            StatusCode::REQUEST_TIMEOUT => RefusalReason::Timeout,
            StatusCode::PAYLOAD_TOO_LARGE => RefusalReason::TooLarge,
            // Told in the log where they are checked.
            StatusCode::UNAUTHORIZED if self.has_password => {
                let message = || error.message().to_owned();
                let doors = &app.counters.doors;
                return doors.refuse(self.source, "credentials", app.clock.now(), message);
            }
            _ => return,
        };
        let now = app.clock.now();
        let message = || error.message().to_owned();
        let doors = &app.counters.doors;
        doors.refuse(self.source, reason.as_str(), now, message);
        if let Some(more) = app.counters.refuse(self.source, reason, now) {
            tracing::warn!(
                door = self.source.as_str(),
                reason = reason.as_str(),
                peer = trace
                    .peer()
                    .map(|peer| tracing::field::display(peer.address)),
                path = quoted(trace.path()),
                more,
                "a request was refused: {}",
                error.message()
            );
        }
    }
}
