//! `/session`: signing in and out, for pages in a browser. Ours.

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sidetone_core::id::{AccountSid, ApiKeySid};
use sidetone_core::time::SECOND_US;
use sidetone_store::StoreError;
use sidetone_store::people::{
    Holder, NewSession, PasswordHash, Person, PersonName, Proof, Session, SessionDigest,
};

use super::auth::session::{self, COOKIE_NAME, LONGEST_US, Shown, TOKEN_BYTES};
use super::auth::{Caller, address, charge, refuse};
use super::error::ApiError;
use crate::app::App;
use crate::directory::Credential;
use crate::people;
use crate::secrets::random_hex;
use crate::web::base_url::BaseUrl;
use crate::web::body;
use crate::web::form::{Invalid, quoted};
use crate::web::json::Json;

/// No honest body is longer.
const BODY_MAX_BYTES: usize = 4096;

/// `/session`.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/session", get(read).post(sign_in).delete(sign_out))
        .route("/session/password", post(change_password))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    user: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    password: String,
    new_password: String,
}

#[derive(Serialize)]
struct Answer {
    account_sid: AccountSid,
    name: String,
    role: &'static str,
    /// What a person signs in with. `null`: it is no person, but who has an account's token or a key.
    sign_in: Option<&'static str>,
    csrf: String,
    expires_at: String,
    other_accounts: Vec<OtherAccount>,
}

#[derive(Serialize)]
struct OtherAccount {
    account_sid: AccountSid,
    name: String,
}

impl Answer {
    async fn of(app: &App, session: &Session, csrf: String) -> Result<Self, ApiError> {
        let caller = Caller::of(session);
        let person = match &session.holder {
            Holder::Person(name, _) => app.store.person(name).await?,
            Holder::Account | Holder::Key(_) => None,
        };
        let others = app.directory.subaccounts(session.account).into_iter();
        Ok(Self {
            account_sid: session.account,
            name: caller.who.to_string(),
            role: caller.role.as_str(),
            sign_in: person.map(|person| person.sign_in.as_str()),
            csrf,
            expires_at: session.expires_at.to_seconds_text(),
            other_accounts: others
                .map(|(account_sid, name)| OtherAccount { account_sid, name })
                .collect(),
        })
    }
}

/// Whoever is signed in.
struct SignedIn(Shown);

impl FromRequestParts<App> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let shown = session::of(&parts.headers, app).await?;
        let shown = shown.ok_or_else(ApiError::signed_out)?;
        shown.expect_no_forgery(parts, app)?;
        charge(app, shown.session.account)?;
        Ok(Self(shown))
    }
}

async fn read(State(app): State<App>, SignedIn(shown): SignedIn) -> Result<Response, ApiError> {
    let answer = Answer::of(&app, &shown.session, shown.csrf).await?;
    Ok(Json(answer).into_response())
}

async fn sign_out(
    State(app): State<App>,
    SignedIn(shown): SignedIn,
    base: BaseUrl,
) -> Result<Response, ApiError> {
    app.store.end_session(shown.digest).await?;
    let gone = [(SET_COOKIE, cookie(COOKIE_NAME, "", 0, &base)?)];
    Ok((StatusCode::NO_CONTENT, gone).into_response())
}

async fn sign_in(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    session::expect_our_origin(&parts, &app)?;
    let base = BaseUrl::from_request_parts(&mut parts, &app).await?;
    let Credentials { user, password } = json(&parts, body, "user and password").await?;
    let (account, proof) = prove(&parts, &app, user.trim(), password).await?;
    charge(&app, account)?;
    begin(&app, &parts, &base, account, proof).await
}

/// Begins the session of whoever has proven who they are.
async fn begin(
    app: &App,
    parts: &Parts,
    base: &BaseUrl,
    account: AccountSid,
    proof: Proof,
) -> Result<Response, ApiError> {
    let (token, digest) = new_token()?;
    let session = match open(app, &parts.headers, digest, account, proof).await {
        // It was changed in the moment since.
        Err(StoreError::NotFound(_)) => return Err(ApiError::unauthorized()),
        opened => opened?,
    };
    let answer = Answer::of(app, &session, session::csrf(&token)).await?;
    tracing::info!(account = %account, who = answer.name, "signed in");
    let cookie = cookie(COOKIE_NAME, &token, LONGEST_US / SECOND_US, base)?;
    let head = [
        (SET_COOKIE, cookie),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((head, Json(answer)).into_response())
}

/// A token for a new session, and what it is known by.
pub(super) fn new_token() -> Result<(String, SessionDigest), ApiError> {
    let token = random_hex(TOKEN_BYTES).map_err(|error| {
        tracing::error!(%error, "nobody can sign in");
        ApiError::internal()
    })?;
    let digest = session::digest(&token).ok_or_else(ApiError::internal)?;
    Ok((token, digest))
}

/// Begins a session, and ends the one of before: whoever signs in anew has done with it.
pub(super) async fn open(
    app: &App,
    headers: &HeaderMap,
    digest: SessionDigest,
    account: AccountSid,
    proof: Proof,
) -> Result<Session, StoreError> {
    let now = app.clock.now();
    let new = NewSession {
        digest,
        account,
        proof,
        now,
        expires_at: session::lasts_until(now, now),
    };
    app.store.open_session(new).await?;
    for old in session::cookies(headers).filter_map(session::digest) {
        app.store.end_session(old).await?;
    }
    let session = app.store.session(digest, now).await?;
    session.ok_or_else(|| StoreError::NotFound("the session that has just begun".into()))
}

/// Changes the password of whoever is signed in, who shows the one before: it costs what signing in
/// costs. All their sessions end, and the one that asked goes on as a new one.
async fn change_password(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let SignedIn(shown) = SignedIn::from_request_parts(&mut parts, &app).await?;
    let base = BaseUrl::from_request_parts(&mut parts, &app).await?;
    let Holder::Person(name, _) = shown.session.holder else {
        return Err(ApiError::not_allowed(
            "Only a person has a password: tokens and keys are replaced in Set-up.",
        ));
    };
    let person = app.store.person(&name).await?;
    if person.is_some_and(|person| person.sign_in.password().is_none()) {
        return Err(ApiError::not_allowed(
            "You sign in through the company's provider, and have no password here.",
        ));
    }
    let ChangePassword {
        password,
        new_password,
    } = json(&parts, body, "password and new_password").await?;
    // Neither is repeated.
    let wrong = |expected| Invalid::new("new_password", "…", expected);
    if !people::is_password(&new_password, &name) {
        let invalid = wrong(people::PASSWORD_EXPECTED);
        return Err(ApiError::invalid_parameter(invalid));
    }
    if new_password == password {
        let invalid = wrong("another password than the current one");
        return Err(ApiError::invalid_parameter(invalid));
    }
    let proven = match prove_person(&parts, &app, &name, password).await {
        Ok((_, proven)) => proven,
        Err(error) if error.status() == StatusCode::UNAUTHORIZED => {
            // Whose session has ended meanwhile is not asked for another password.
            let now = app.clock.now();
            let is_signed_in = app.store.session(shown.digest, now).await?.is_some();
            return Err(if is_signed_in {
                let invalid = Invalid::new("password", "…", "your current password");
                ApiError::invalid_parameter(invalid)
            } else {
                ApiError::signed_out()
            });
        }
        Err(error) => return Err(error),
    };
    let hash = app.bounds.hashing()?;
    let hash = hash.run(move || people::hash(&new_password)).await?;
    let hash = hash.map_err(|error| {
        tracing::error!(%error, "no password can be hashed");
        ApiError::internal()
    })?;
    let (now, account) = (app.clock.now(), shown.session.account);
    let store = &app.store;
    let changed = store.change_password(shown.digest, proven, hash.clone(), now);
    match changed.await {
        // Somebody else was sooner: nothing of theirs is undone.
        Err(StoreError::NotFound(_)) => return Err(ApiError::signed_out()),
        changed => changed?,
    }
    begin(&app, &parts, &base, account, Proof::Password { name, hash }).await
}

/// Reads a body of a few texts. `members`: how they are called.
async fn json<T: DeserializeOwned>(
    parts: &Parts,
    body: Body,
    members: &str,
) -> Result<T, ApiError> {
    let kind = parts.headers.get(CONTENT_TYPE);
    let kind = kind.map_or(&b""[..], HeaderValue::as_bytes);
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    if !essence
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/json")
    {
        let kind = quoted(&String::from_utf8_lossy(kind));
        return Err(ApiError::bad_request(format!(
            "Invalid Content-Type '{kind}'. Expected application/json."
        )));
    }
    let bytes = body::read(body, BODY_MAX_BYTES).await?;
    // What is wrong with it is not repeated: it has a password.
    serde_json::from_slice(&bytes).map_err(|_| {
        ApiError::bad_request(format!(
            "Invalid body. Expected a JSON object with {members}, both text."
        ))
    })
}

/// Whose user and password these are, if anybody's.
async fn prove(
    parts: &Parts,
    app: &App,
    user: &str,
    password: String,
) -> Result<(AccountSid, Proof), ApiError> {
    if user.parse::<AccountSid>().is_ok() || user.parse::<ApiKeySid>().is_ok() {
        app.directory.refresh(app.store.as_ref()).await?;
        let epoch = app.directory.epoch();
        let now = app.clock.now();
        let credential = app.directory.authenticate(user, &password, now);
        return match credential {
            Some(Credential::Account(account)) => Ok((account, Proof::Token { epoch })),
            Some(Credential::Key(sid, account)) => Ok((account, Proof::Key { sid, epoch })),
            None => Err(refuse(parts, app, user)),
        };
    }
    let Ok(name) = user.parse::<PersonName>() else {
        return Err(refuse(parts, app, user));
    };
    let (person, hash) = prove_person(parts, app, &name, password).await?;
    let Person { name, account, .. } = person;
    Ok((account, Proof::Password { name, hash }))
}

/// The person of a name, and what their password was compared with, if it is theirs.
async fn prove_person(
    parts: &Parts,
    app: &App,
    name: &PersonName,
    password: String,
) -> Result<(Person, PasswordHash), ApiError> {
    // People's passwords can be guessed, so that guesses are refused before they are looked at.
    let logins = &app.bounds.logins;
    if let Some(seconds) = logins.wait(address(parts, app), app.clock.passed()) {
        return Err(ApiError::too_many_failed_logins(seconds));
    }
    // Before anything is counted: who fills the room costs no name anything.
    let room = app.bounds.hashing()?;
    if let Err(seconds) = logins.try_name(&name.key(), app.clock.passed()) {
        return Err(ApiError::too_many_failed_logins_of_name(seconds));
    }
    let person = app.store.person(name).await?;
    let person = person.filter(|person| !person.is_disabled);
    let hash = person
        .as_ref()
        .and_then(|person| person.sign_in.password().cloned());
    let compared = hash.clone().unwrap_or_else(|| people::nobody().clone());
    let is_right = room
        .run(move || people::verify(&password, &compared))
        .await?;
    match (person, hash) {
        (Some(person), Some(hash)) if is_right => {
            logins.succeeded(&name.key());
            Ok((person, hash))
        }
        _ => Err(refuse(parts, app, name.as_str())),
    }
}

/// The header that has a browser keep something for so many seconds, or forget it.
pub(super) fn cookie(
    name: &str,
    value: &str,
    seconds: i64,
    BaseUrl(base): &BaseUrl,
) -> Result<HeaderValue, ApiError> {
    let secure = if base.starts_with("https:") {
        "; Secure"
    } else {
        ""
    };
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).map_err(|_| ApiError::internal())
}
