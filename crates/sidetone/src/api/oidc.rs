//! `/session/oidc`: signing in through the company's provider of identities. Ours.
//!
//! Browsers come here by themselves, no script asks: so whatever happens, they are sent on to the
//! interface's page, with a word for what it is to say. It is always that page, and the interface
//! remembers where somebody wanted to go: no address here leads anywhere else.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use sidetone_core::time::SECOND_US;
use sidetone_store::StoreError;
use sidetone_store::people::Proof;

use super::auth::charge;
use super::auth::session::{LONGEST_US, cookies_named};
use super::error::ApiError;
use super::extract::Query;
use super::session::{cookie, new_token, open};
use crate::app::App;
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

async fn begin(State(app): State<App>, base: BaseUrl) -> Result<Response, ApiError> {
    let provider = provider(&app, "/session/oidc")?;
    match provider.begin(app.clock.now(), app.clock.passed()).await {
        Ok((url, transaction)) => {
            let sealed = transaction.sealed(app.directory.vault());
            let sealed = sealed.map_err(|error| {
                tracing::error!(%error, "nobody can sign in");
                ApiError::internal()
            })?;
            let kept = cookie(cookie_name(&base), &sealed, LASTS_S, &base)?;
            sent_to(&url, [kept])
        }
        Err(refusal) => refused(&app, &base, &refusal),
    }
}

async fn finish(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let provider = provider(&app, "/session/oidc/callback")?;
    let (mut parts, _) = request.into_parts();
    let base = BaseUrl::from_request_parts(&mut parts, &app).await?;
    let Query(query) = Query::from_request_parts(&mut parts, &app).await?;
    let sealed = cookies_named(&parts.headers, cookie_name(&base)).next();
    match identity(&app, &provider, sealed, &query).await {
        Ok(identity) => signed_in(&app, &provider, &parts.headers, identity, &base).await,
        Err(refusal) => refused(&app, &base, &refusal),
    }
}

fn provider(app: &App, path: &str) -> Result<Arc<Provider>, ApiError> {
    let provider = app.tables.get().provider.clone();
    provider.ok_or_else(|| ApiError::not_found(path))
}

/// Who comes back from the provider, if it is the browser that went there.
async fn identity(
    app: &App,
    provider: &Provider,
    sealed: Option<&str>,
    query: &Params,
) -> Result<Identity, Refusal> {
    let text = |name| query.filled(name).map(|value| value.text);
    let state = text("state").unwrap_or_default();
    let (now, vault) = (app.clock.now(), app.directory.vault());
    let transaction = sealed.and_then(|sealed| Transaction::open(vault, sealed, state, now));
    let out_of_date = || Refusal::new(Reason::OutOfDate, "no such sign-in has begun here");
    let transaction = transaction.ok_or_else(out_of_date)?;
    let answer = Answer {
        code: text("code").filter(|code| code.len() <= CODE_MAX_BYTES),
        issuer: text("iss"),
        error: text("error"),
    };
    provider
        .finish(transaction, answer, now, app.clock.passed())
        .await
}

async fn signed_in(
    app: &App,
    provider: &Provider,
    headers: &axum::http::HeaderMap,
    identity: Identity,
    base: &BaseUrl,
) -> Result<Response, ApiError> {
    let Some(account) = provider.account() else {
        let refusal = Refusal::new(Reason::Failed, "there is no account");
        return refused(app, base, &refusal);
    };
    charge(app, account)?;
    let Identity {
        name,
        subject,
        role,
    } = identity;
    let (token, digest) = new_token()?;
    let called = name.to_string();
    let proof = Proof::Provider {
        name,
        subject,
        role,
    };
    let reason = match open(app, headers, digest, account, proof).await {
        Ok(_) => {
            tracing::info!(%account, who = called, "signed in through the provider");
            let cookies = [
                cookie(
                    super::auth::session::COOKIE_NAME,
                    &token,
                    LONGEST_US / SECOND_US,
                    base,
                )?,
                cookie(cookie_name(base), "", 0, base)?,
            ];
            return sent_to(&format!("{}/sign-in?signed-in=yes", base.0), cookies);
        }
        Err(StoreError::Conflict(_)) => Reason::NameTaken,
        Err(StoreError::NotFound(_)) => Reason::Disabled,
        Err(StoreError::Invalid(_)) => Reason::Busy,
        Err(error) => return Err(error.into()),
    };
    refused(app, base, &Refusal::new(reason, called))
}

/// Sends a browser to the page that says why nobody is signed in.
fn refused(app: &App, base: &BaseUrl, refusal: &Refusal) -> Result<Response, ApiError> {
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
    let gone = cookie(cookie_name(base), "", 0, base)?;
    sent_to(&format!("{}/sign-in?refused={reason}", base.0), [gone])
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
