//! `/session/oidc`: signing in through the company's provider of identities. Ours.
//!
//! Browsers come here by themselves, no script asks: so where there is a provider, whatever happens,
//! they are sent on to the interface's page, with a word for what it is to say. It is always that
//! page, and the interface remembers where somebody wanted to go: no address here leads anywhere else.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use sidetone_core::time::SECOND_US;
use sidetone_store::people::Proof;
use sidetone_store::{Conflict, StoreError};

use super::auth::session::{COOKIE_NAME, LONGEST_US, cookies_named};
use super::auth::{Caller, address, charge, count_failed_login};
use super::error::ApiError;
use super::extract::Query;
use super::session::{cookie, new_token, open};
use crate::address::household;
use crate::app::App;
use crate::bounds::Turn;
use crate::oidc::identity::{Answer, Identity, Reason, Refusal};
use crate::oidc::provider::Provider;
use crate::oidc::transaction::{LASTS_S, Transaction};
use crate::telemetry::throttle::{LogThrottle, Subject};
use crate::web::base_url::BaseUrl;
use crate::web::form::Params;
use crate::web::json::Json;

/// The cookie of a sign-in that has begun. Over https no other host can set it (RFC 6265bis
/// §4.1.3.2): nobody makes a browser finish what he began.
const COOKIE: &str = "sidetone_sign_in";
const COOKIE_OVER_HTTPS: &str = "__Host-sidetone_sign_in";
/// No honest code is longer.
const CODE_MAX_BYTES: usize = 8192;

/// Strangers can have many sign-ins fail.
static LOG_THROTTLE: LazyLock<LogThrottle> = LazyLock::new(LogThrottle::default);

/// `/session/methods`, `/session/oidc` and `/session/oidc/callback`.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/session/methods", get(methods))
        .route("/session/oidc", get(begin))
        .route("/session/oidc/callback", get(finish))
}

#[derive(Serialize)]
struct Methods {
    /// `null`: there is none.
    provider: Option<ProviderShown>,
}

#[derive(Serialize)]
struct ProviderShown {
    label: String,
}

/// By what people may sign in, beside name and password. For everybody, who is nobody yet.
async fn methods(State(app): State<App>) -> Response {
    let provider = app.tables.get().provider.clone();
    let provider = provider.map(|provider| ProviderShown {
        label: provider.label().to_owned(),
    });
    let no_store = [(CACHE_CONTROL, "no-store")];
    (no_store, Json(Methods { provider })).into_response()
}

async fn begin(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let provider = provider(&app, "/session/oidc")?;
    let (mut parts, _) = request.into_parts();
    let base = BaseUrl::from_request_parts(&mut parts, &app).await?;
    match begun(&app, &provider, &parts).await {
        Ok((url, sealed)) => {
            let kept = cookie(cookie_name(&base), &sealed, LASTS_S, &base)?;
            sent_to(&url, [kept])
        }
        Err(refusal) => refused(&app, &base, &refusal, []),
    }
}

/// Where the browser goes, and what it is to keep meanwhile.
async fn begun(app: &App, provider: &Provider, parts: &Parts) -> Result<(String, String), Refusal> {
    let _turn = turn(app, parts)?;
    let (url, transaction) = provider.begin(&app.clock).await?;
    let sealed = transaction.sealed(app.directory.vault());
    let sealed = sealed.map_err(|error| Refusal::new(Reason::Failed, error))?;
    Ok((url, sealed))
}

async fn finish(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let provider = provider(&app, "/session/oidc/callback")?;
    let (mut parts, _) = request.into_parts();
    let base = BaseUrl::from_request_parts(&mut parts, &app).await?;
    let query = Query::from_request_parts(&mut parts, &app).await;
    let query = query.map_or_else(|_| Params::default(), |Query(params)| params);
    let Some(transaction) = transaction(&app, &parts, &base, &query) else {
        // Another sign-in may be under way in this browser: its cookie stays.
        let refusal = Refusal::new(Reason::OutOfDate, "no such sign-in has begun here");
        return refused(&app, &base, &refusal, []);
    };
    let gone = cookie(cookie_name(&base), "", 0, &base)?;
    match sign_in(&app, &provider, &parts, transaction, &query).await {
        Ok(token) => {
            let session = cookie(COOKIE_NAME, &token, LONGEST_US / SECOND_US, &base)?;
            let page = format!("{}/sign-in?signed-in=yes", base.0);
            sent_to(&page, [session, gone])
        }
        Err(refusal) => refused(&app, &base, &refusal, [gone]),
    }
}

fn provider(app: &App, path: &str) -> Result<Arc<Provider>, ApiError> {
    let provider = app.tables.get().provider.clone();
    provider.ok_or_else(|| ApiError::not_found(path))
}

/// A turn to ask the provider. One address has some of them only, and none for a while after logins
/// from it have failed too often: nobody keeps others out.
fn turn(app: &App, parts: &Parts) -> Result<Turn<IpAddr>, Refusal> {
    let from = address(parts, app);
    if let Some(seconds) = app.bounds.logins.wait(from, app.clock.passed()) {
        let detail = format!("{from} has to wait for {seconds} s");
        return Err(Refusal::new(Reason::TooOften, detail));
    }
    let turn = app.bounds.sign_ins.begin(household(from));
    turn.ok_or_else(|| Refusal::new(Reason::Busy, "too many sign in at once"))
}

/// The sign-in that comes back, if it is the browser that began it.
fn transaction(app: &App, parts: &Parts, base: &BaseUrl, query: &Params) -> Option<Transaction> {
    let sealed = cookies_named(&parts.headers, cookie_name(base)).next()?;
    let state = query.filled("state")?.text;
    Transaction::open(app.directory.vault(), sealed, state, app.clock.now())
}

/// Signs in whoever the provider says has come back, and returns the session's token.
async fn sign_in(
    app: &App,
    provider: &Provider,
    parts: &Parts,
    transaction: Transaction,
    query: &Params,
) -> Result<String, Refusal> {
    let _turn = turn(app, parts)?;
    let text = |name| query.filled(name).map(|value| value.text);
    let answer = Answer {
        code: text("code").filter(|code| code.len() <= CODE_MAX_BYTES),
        issuer: text("iss"),
        error: text("error"),
    };
    let signed_in = match provider.finish(transaction, answer, &app.clock).await {
        Ok(identity) => session(app, provider, &parts.headers, identity).await,
        Err(refusal) => Err(refusal),
    };
    if let Err(refusal) = &signed_in
        && refusal.reason.is_failed_login()
    {
        count_failed_login(parts, app, "");
    }
    signed_in
}

/// Begins the session of whoever the provider names, and returns its token.
async fn session(
    app: &App,
    provider: &Provider,
    headers: &HeaderMap,
    identity: Identity,
) -> Result<String, Refusal> {
    let account = provider.account();
    let account = account.ok_or_else(|| Refusal::new(Reason::Failed, "there is no account"))?;
    charge(app, account)
        .map_err(|_| Refusal::new(Reason::Busy, "the account's rate limit is used up"))?;
    let Identity {
        name,
        subject,
        role,
    } = identity;
    let (token, digest) =
        new_token().map_err(|_| Refusal::new(Reason::Failed, "no session can be made"))?;
    let called = name.to_string();
    let proof = Proof::Provider {
        name,
        subject,
        role,
    };
    match open(app, headers, digest, account, proof).await {
        Ok(session) => {
            // Who they are here, whatever they are called there.
            let who = Caller::of(&session).who;
            tracing::info!(%account, %who, "signed in through the provider");
            Ok(token)
        }
        Err(error) => {
            let reason = match &error {
                StoreError::Conflict(Conflict::PersonDisabled(_)) => Reason::Disabled,
                StoreError::Conflict(_) => Reason::NameTaken,
                StoreError::Unavailable(_) => Reason::Busy,
                StoreError::NotFound(_)
                | StoreError::Invalid(_)
                | StoreError::TooExpensive(_)
                | StoreError::Corrupt(_) => Reason::Failed,
            };
            Err(Refusal::new(reason, format!("{called}: {error}")))
        }
    }
}

/// Sends a browser to the page that says why nobody is signed in.
fn refused<const N: usize>(
    app: &App,
    base: &BaseUrl,
    refusal: &Refusal,
    cookies: [HeaderValue; N],
) -> Result<Response, ApiError> {
    let Refusal { reason, detail } = refusal;
    let reason = reason.as_str();
    match refusal.reason {
        // Of these nothing is to be mended here.
        Reason::OutOfDate | Reason::Cancelled => {
            tracing::debug!(reason, ?detail, "nobody is signed in through the provider");
        }
        _ => {
            if let Some(more) = LOG_THROTTLE.may_log(Subject::Provider, app.clock.now()) {
                tracing::warn!(
                    reason,
                    ?detail,
                    more,
                    "nobody is signed in through the provider"
                );
            }
        }
    }
    sent_to(&format!("{}/sign-in?refused={reason}", base.0), cookies)
}

fn cookie_name(BaseUrl(base): &BaseUrl) -> &'static str {
    if base.starts_with("https:") {
        COOKIE_OVER_HTTPS
    } else {
        COOKIE
    }
}

/// Sends a browser on. The address that it comes from has a code in it: it is told to nobody.
fn sent_to<const N: usize>(url: &str, cookies: [HeaderValue; N]) -> Result<Response, ApiError> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let url = HeaderValue::try_from(url).map_err(|_| ApiError::internal())?;
    headers.insert(LOCATION, url);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    for cookie in cookies {
        headers.append(SET_COOKIE, cookie);
    }
    Ok(response)
}
