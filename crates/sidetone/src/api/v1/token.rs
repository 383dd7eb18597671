//! `POST /v1/Voice/{CallSid}/Token`: an access token for one call.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sidetone_core::id::CallSid;
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_store::Lookup;
use sidetone_store::audit::{AuditEntry, Deed};
use sidetone_store::people::Role;
use sidetone_wire::access_token::{
    CallGrant, Claims, IDENTITY_MAX_CHARS, Permission, TTL_MAX_S, identity_of,
};

use super::lookup;
use super::path::CallPath;
use super::render::Seconds;
use crate::api::auth::token::issuer;
use crate::api::auth::{Caller, Who};
use crate::api::error::ApiError;
use crate::api::extract::Form;
use crate::app::App;
use crate::web::form::{Invalid, Params};
use crate::web::json::Json;

/// The parameters.
pub const NAMES: &[&str] = &["Grant", "Ttl", "Identity"];

/// How long a token is valid unless somebody says otherwise, seconds.
const TTL_S: i64 = 3_600;

#[derive(Serialize)]
struct Body<'a> {
    token: &'a str,
    call_sid: CallSid,
    grants: Vec<&'static str>,
    expires_at: Seconds,
    identity: Option<&'a str>,
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    grants: Vec<Permission>,
    ttl_s: i64,
    identity: Option<String>,
}

impl Wanted {
    /// What a person may do who is no admin, a token of theirs may do, in their name and for an hour: it
    /// is signed as the account's, and outlives their session.
    fn narrow(&mut self, caller: &Caller) -> Result<(), ApiError> {
        let Who::Person(name) = &caller.who else {
            return Ok(());
        };
        if caller.role == Role::Admin {
            return Ok(());
        }
        if self.grants.contains(&Permission::Observe) {
            return Err(ApiError::not_allowed(
                "Only an admin may give out access tokens that tell of calls (Grant=observe).",
            ));
        }
        if self
            .identity
            .as_ref()
            .is_some_and(|it| *it != name.to_string())
        {
            return Err(ApiError::not_allowed(
                "Only an admin may give out access tokens in another name (Identity).",
            ));
        }
        self.identity = Some(name.to_string());
        self.ttl_s = self.ttl_s.min(TTL_S);
        Ok(())
    }
}

/// Makes a token.
///
/// # Errors
/// When a parameter is wrong or missing, whoever asks may not give that out, or the call is gone. A call that is not known yet may become
/// one: its SDK tells of it as soon as it begins.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    CallPath(sid): CallPath,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let mut wanted = read(&form).map_err(ApiError::invalid_parameter)?;
    wanted.narrow(&caller)?;
    let now = app.clock.now();
    let account = match app.store.annotation(lookup::scope(&caller), sid).await? {
        Lookup::Found(record) => record.call.account,
        Lookup::Unknown => caller.account,
        Lookup::Gone => return Err(ApiError::gone()),
    };
    let issuer = issuer(&caller);
    let secret = app.directory.token_secret(issuer, now);
    // Who asks was let in with it, so it was there a moment ago.
    let secret = secret.ok_or_else(ApiError::unauthorized)?;
    let claims = Claims {
        issuer,
        account,
        expires_at: TimeUs::from_micros(
            now.plus_us(wanted.ttl_s * SECOND_US).micros() / SECOND_US * SECOND_US,
        ),
        not_before: None,
        identity: wanted.identity,
        voice: None,
        call: Some(CallGrant {
            call: sid,
            allow: wanted.grants,
        }),
    };
    let token = claims.sign(&secret);
    let allow = claims.call.iter().flat_map(|grant| &grant.allow);
    let grants: Vec<&str> = allow.map(|it| it.as_str()).collect();
    let mut detail = grants.join(", ");
    if let Some(identity) = &claims.identity {
        detail = format!("{detail}; identity {identity}");
    }
    let given = AuditEntry {
        account,
        at: now,
        who: caller.who.to_string(),
        what: Deed::TokenGiven,
        target: sid.to_string(),
        detail,
    };
    app.store.note(given).await?;
    let body = Json(Body {
        token: &token,
        call_sid: sid,
        grants,
        expires_at: Seconds(claims.expires_at),
        identity: claims.identity.as_deref(),
    });
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], body).into_response())
}

fn read(form: &Params) -> Result<Wanted, Invalid> {
    let words = Permission::ALL.map(Permission::as_str).join(", ");
    let mut grants = Vec::new();
    for value in form.all("Grant").filter(|value| !value.text.is_empty()) {
        let grant = Permission::of(value.text);
        let grant = grant.ok_or_else(|| value.invalid(format_args!("one of {words}")))?;
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    if grants.is_empty() {
        let expected = format!("one or more of {words}");
        return Err(Invalid::missing("Grant", expected));
    }
    let ttl = form.filled("Ttl").map(|value| value.integer(1..=TTL_MAX_S));
    let identity = form.filled("Identity").map(|value| {
        identity_of(value.text).ok_or_else(|| {
            value.invalid(format_args!(
                "at most {IDENTITY_MAX_CHARS} characters, none of them a control character"
            ))
        })
    });
    Ok(Wanted {
        grants,
        ttl_s: ttl.transpose()?.unwrap_or(TTL_S),
        identity: identity.transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let check = |form: &str| read(&Params::decode(form.as_bytes()).unwrap());
        let wanted = |grants: &[Permission], ttl_s, identity: Option<&str>| Wanted {
            grants: grants.to_vec(),
            ttl_s,
            identity: identity.map(str::to_owned),
        };
        for (form, expected) in [
            ("Grant=rate", wanted(&[Permission::Rate], 3_600, None)),
            (
                "Grant=rate&Grant=annotate&Grant=rate&Ttl=60&Identity=anna+b",
                wanted(
                    &[Permission::Rate, Permission::Annotate],
                    60,
                    Some("anna b"),
                ),
            ),
            (
                "Grant=observe&Ttl=&Identity=",
                wanted(&[Permission::Observe], 3_600, None),
            ),
        ] {
            assert_eq!(check(form), Ok(expected), "{form}");
        }
        for (form, message) in [
            (
                "",
                "Missing Grant. Expected one or more of annotate, rate, observe.",
            ),
            (
                "Grant=Rate",
                "Invalid Grant 'Rate'. Expected one of annotate, rate, observe.",
            ),
            (
                "Grant=rate&Ttl=0",
                "Invalid Ttl '0'. Expected an integer from 1 to 86400.",
            ),
            (
                "Grant=rate&Ttl=86401",
                "Invalid Ttl '86401'. Expected an integer from 1 to 86400.",
            ),
            (
                "Grant=rate&Identity=a%00b",
                "Invalid Identity 'a\u{fffd}b'. Expected at most 121 characters, none of them a control character.",
            ),
        ] {
            assert_eq!(check(form).unwrap_err().message, message, "{form}");
        }
    }
}
