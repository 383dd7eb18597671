//! `/v1/Voice/People`: who may sign in to an account, and as what. Ours; for admins.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sidetone_store::people::{PasswordHash, Person, PersonChange, PersonName, Role, SignIn};
use sidetone_store::{Conflict, StoreError};

use super::account::addressed;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::{Form, Query};
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::app::App;
use crate::people;
use crate::web::form::{Invalid, Params, quoted};
use crate::web::json::Json;

const PAGE_SIZE: u64 = 50;

#[derive(Serialize)]
struct Item {
    name: String,
    role: &'static str,
    sign_in: &'static str,
    disabled: bool,
    created_time: String,
    last_sign_in: Option<String>,
    /// The one that was made up just now; never told again.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

impl Item {
    fn of(person: &Person, made_up: Option<String>) -> Self {
        Self {
            name: person.name.to_string(),
            role: person.role.as_str(),
            sign_in: person.sign_in.as_str(),
            disabled: person.is_disabled,
            created_time: person.created_at.to_seconds_text(),
            last_sign_in: person.last_sign_in.map(|at| at.to_seconds_text()),
            password: made_up,
        }
    }
}

/// Answers with a page of people, in the order in which they were made.
///
/// # Errors
/// When the page is malformed, or the account addressed is not the caller's.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let named = request.params.filled("Subaccount");
    let account = addressed(&app, &caller, named, ApiError::invalid_query)?;
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let now = query.now(app.clock.now());
    let share = app.bounds.page(query.size).await?;
    let page = app.store.people(account, &query.request()).await?;
    let envelope = Envelope {
        meta: list.meta("people", &query, &page, now),
        rows: page
            .rows
            .iter()
            .map(|person| Item::of(person, None))
            .collect(),
    };
    Ok(Json(envelope).holding(share))
}

/// Makes a person (201). Without a password, one is made up and told this once.
///
/// # Errors
/// When a value is wrong or missing, somebody has the name, or the account addressed is not the
/// caller's.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let named = form.filled("Subaccount").or(query.filled("Subaccount"));
    let account = addressed(&app, &caller, named, ApiError::invalid_parameter)?;
    let (name, role) = named_and_role(&form).map_err(ApiError::invalid_parameter)?;
    let (password, made_up) = password(&app, &form, &name).await?;
    let password = match password {
        Some(password) => (password, made_up),
        None => made_up_password(&app).await?,
    };
    let person = Person {
        name,
        account,
        role,
        sign_in: SignIn::Password(password.0),
        is_disabled: false,
        created_at: app.clock.now(),
        last_sign_in: None,
    };
    let by = caller.who.to_string();
    let created = app.store.create_person(person.clone(), &by);
    created.await.map_err(|error| match error {
        StoreError::Conflict(Conflict::PersonExists(name)) => {
            ApiError::invalid_parameter(Invalid::new(
                "Name",
                &name,
                "a name that nobody has yet, of whatever account",
            ))
        }
        StoreError::Invalid(why) => ApiError::bad_request(why),
        error => error.into(),
    })?;
    Ok((StatusCode::CREATED, Json(Item::of(&person, password.1))).into_response())
}

/// Changes what the form mentions of a person. An empty `Password` has one made up, which is told
/// this once; `SignIn=provider` takes it from them.
///
/// # Errors
/// When a value is wrong, or the account has nobody of the name.
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let named = form.filled("Subaccount").or(query.filled("Subaccount"));
    let account = addressed(&app, &caller, named, ApiError::invalid_parameter)?;
    let nobody = || ApiError::not_found(format_args!("/v1/Voice/People/{}", quoted(&name)));
    let name: PersonName = name.parse().map_err(|_| nobody())?;
    let role = role(&form).map_err(ApiError::invalid_parameter)?;
    let disabled = form.filled("Disabled").map(|value| value.boolean());
    let disabled = disabled.transpose().map_err(ApiError::invalid_parameter)?;
    // Nobody's password is hashed for a name that is somebody else's.
    let person = app.store.person(&name).await?;
    person
        .filter(|person| person.account == account)
        .ok_or_else(nobody)?;
    let (password, made_up) = password(&app, &form, &name).await?;
    let has_provider = app.tables.get().provider.is_some();
    let sign_in = sign_in(&form, password, has_provider).map_err(ApiError::invalid_parameter)?;
    let change = PersonChange {
        role,
        sign_in,
        is_disabled: disabled,
    };
    let by = caller.who.to_string();
    let now = app.clock.now();
    let changed = app.store.change_person(account, &name, change, &by, now);
    let person = changed.await.map_err(|error| match error {
        StoreError::NotFound(_) => nobody(),
        error => error.into(),
    })?;
    Ok(Json(Item::of(&person, made_up)).into_response())
}

fn named_and_role(form: &Params) -> Result<(PersonName, Role), Invalid> {
    let expected = |error: sidetone_store::people::NameError| error.to_string();
    let Some(name) = form.filled("Name") else {
        let expected = expected(sidetone_store::people::NameError);
        return Err(Invalid::missing("Name", expected));
    };
    let name = name
        .text
        .parse()
        .map_err(|error| name.invalid(expected(error)))?;
    let role = role(form)?;
    let role = role.ok_or_else(|| Invalid::missing("Role", sidetone_store::people::RoleError))?;
    Ok((name, role))
}

fn role(form: &Params) -> Result<Option<Role>, Invalid> {
    let role = form.filled("Role");
    let read = role.map(|role| role.text.parse().map_err(|error| role.invalid(error)));
    read.transpose()
}

/// What they are to sign in with: the password that the form has, or the provider if there is one.
fn sign_in(
    form: &Params,
    password: Option<PasswordHash>,
    has_provider: bool,
) -> Result<Option<SignIn>, Invalid> {
    let Some(given) = form.filled("SignIn") else {
        return Ok(password.map(SignIn::Password));
    };
    match password {
        // Nobody could sign in by it.
        None if !has_provider => Err(given.invalid(
            "a Password instead: there is no provider, as the table [oidc] of the configuration has none",
        )),
        None if given.text == "provider" => Ok(Some(SignIn::Provider(None))),
        None => Err(given.invalid("provider, or a Password instead")),
        Some(_) => Err(given.invalid("a Password or SignIn=provider, not both")),
    }
}

/// The hash of the password that the form has, and the password when it was made up.
async fn password(
    app: &App,
    form: &Params,
    name: &PersonName,
) -> Result<(Option<PasswordHash>, Option<String>), ApiError> {
    match form.untrimmed("Password") {
        None => Ok((None, None)),
        Some("") => {
            let (hash, made_up) = made_up_password(app).await?;
            Ok((Some(hash), made_up))
        }
        Some(text) if people::is_password(text, name) => {
            Ok((Some(hashed(app, text.to_owned()).await?), None))
        }
        // It is not repeated.
        Some(_) => Err(ApiError::invalid_parameter(Invalid::new(
            "Password",
            "…",
            people::PASSWORD_EXPECTED,
        ))),
    }
}

async fn made_up_password(app: &App) -> Result<(PasswordHash, Option<String>), ApiError> {
    let password = people::make_up().map_err(|error| failed(&error))?;
    Ok((hashed(app, password.clone()).await?, Some(password)))
}

async fn hashed(app: &App, password: String) -> Result<PasswordHash, ApiError> {
    let hash = app.bounds.hashing()?;
    let hash = hash.run(move || people::hash(&password)).await?;
    hash.map_err(|error| failed(&error))
}

fn failed(error: &anyhow::Error) -> ApiError {
    tracing::error!(%error, "no password can be hashed");
    ApiError::internal()
}
