//! `/v1/Voice/Views`: selections of calls that people keep under a name. Ours.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sidetone_core::id::ViewSid;
use sidetone_store::people::Role;
use sidetone_store::views::{SHARED_MAX, VIEWS_MAX, View, ViewChange};
use sidetone_store::{Conflict, StoreError};

use super::render::Seconds;
use super::selection::{KEPT_EXPECTED, encoded, kept, telling};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::Form;
use crate::api::mask;
use crate::api::masking::Masked;
use crate::app::App;
use crate::secrets::random_id;
use crate::web::form::{Invalid, Params, Value, quoted};
use crate::web::json::Json;

/// The parameters of a view.
pub const NAMES: &[&str] = &["Name", "Query", "Shared"];

const NAME_MAX_CHARS: usize = 60;
/// What the web interface adds to a list's filters: whether the list follows its calls.
const LIVE: (&str, &str) = ("live", "on");

#[derive(Serialize)]
struct List {
    views: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    sid: ViewSid,
    name: String,
    query: String,
    shared: bool,
    /// Whether it is that of whoever asks.
    own: bool,
    owner: String,
    created_time: Seconds,
    updated_time: Seconds,
}

impl Item {
    /// As the caller is shown it.
    fn of(view: View, caller: &Caller) -> Self {
        let is_masked = !caller.sees_numbers();
        let shown = |text: String| match is_masked {
            true => mask::in_text(&text).into_owned(),
            false => text,
        };
        Self {
            sid: view.sid,
            own: is_own(&view, caller),
            name: shown(view.name),
            query: match is_masked {
                true => masked_query(&view.query),
                false => view.query,
            },
            shared: view.is_shared,
            owner: shown(view.owner),
            created_time: Seconds(view.created_at),
            updated_time: Seconds(view.updated_at),
        }
    }
}

/// Answers with the caller's own views and those that the account shares, by name.
///
/// # Errors
/// When the store fails.
pub async fn read(State(app): State<App>, caller: Caller) -> Result<Response, ApiError> {
    let share = app.bounds.page((VIEWS_MAX + SHARED_MAX) as u64).await?;
    let owner = caller.who.to_string();
    let mut views = app.store.views(caller.account, &owner).await?;
    views.retain(|view| is_seen(view, &caller));
    let views = views.into_iter().map(|view| Item::of(view, &caller));
    let list = List {
        views: views.collect(),
    };
    let response = Json(list).holding(share);
    Ok(already_masked(response, &caller))
}

/// Keeps a view (201).
///
/// # Errors
/// When a value is wrong or missing, the caller has a view of the name, or there are too many.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let form = Change::read(&app, &caller, &form)?;
    let missing = |name, expected: &str| {
        let expected = expected.to_owned();
        move || ApiError::invalid_parameter(Invalid::missing(name, expected))
    };
    let now = app.clock.now();
    let sid = random_id().map_err(|error| {
        tracing::error!(%error, "no identifier can be made up");
        ApiError::internal()
    })?;
    let view = View {
        sid: ViewSid::from_bytes(sid),
        account: caller.account,
        owner: caller.who.to_string(),
        name: form.0.name.ok_or_else(missing("Name", NAME_EXPECTED))?,
        query: form.0.query.ok_or_else(missing("Query", KEPT_EXPECTED))?,
        is_shared: form.0.is_shared.unwrap_or(false),
        created_at: now,
        updated_at: now,
    };
    let created = app.store.create_view(view.clone()).await;
    created.map_err(|error| refused(error, view.sid))?;
    let response = (StatusCode::CREATED, Json(Item::of(view, &caller))).into_response();
    Ok(already_masked(response, &caller))
}

/// Changes what the form mentions of a view.
///
/// # Errors
/// As [`create`]'s; when there is no such view, or it is somebody else's.
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(sid): Path<String>,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let sid = changeable(&app, &caller, &sid).await?;
    let Change(change) = Change::read(&app, &caller, &form)?;
    let (by, now) = (caller.who.to_string(), app.clock.now());
    let changed = app.store.change_view(caller.account, sid, change, &by, now);
    let view = changed.await.map_err(|error| refused(error, sid))?;
    let response = Json(Item::of(view, &caller)).into_response();
    Ok(already_masked(response, &caller))
}

/// Forgets a view (204).
///
/// # Errors
/// When there is no such view, or it is somebody else's.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(sid): Path<String>,
) -> Result<StatusCode, ApiError> {
    let sid = changeable(&app, &caller, &sid).await?;
    let (by, now) = (caller.who.to_string(), app.clock.now());
    let deleted = app.store.delete_view(caller.account, sid, &by, now).await?;
    match deleted {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(sid)),
    }
}

fn unknown(sid: impl std::fmt::Display) -> ApiError {
    ApiError::not_found(format_args!("/v1/Voice/Views/{sid}"))
}

fn is_own(view: &View, caller: &Caller) -> bool {
    view.owner == caller.who.to_string()
}

/// Whether the caller is shown a view: it is theirs or shared, and selects by nothing that they may
/// not select by.
fn is_seen(view: &View, caller: &Caller) -> bool {
    let is_telling = || match Params::decode(view.query.as_bytes()) {
        Ok(params) => telling(&params).is_some(),
        Err(_) => true,
    };
    (view.is_shared || is_own(view, caller)) && (caller.sees_numbers() || !is_telling())
}

/// A view that the caller may change: their own, or any for an admin.
async fn changeable(app: &App, caller: &Caller, sid: &str) -> Result<ViewSid, ApiError> {
    let unknown = || unknown(quoted(sid));
    let sid: ViewSid = sid.parse().map_err(|_| unknown())?;
    let view = app.store.view(caller.account, sid).await?;
    let view = view.ok_or_else(unknown)?;
    let is_admin = caller.role == Role::Admin;
    match is_seen(&view, caller) {
        _ if is_admin => Ok(sid),
        true if is_own(&view, caller) => Ok(sid),
        true => Err(ApiError::not_allowed(
            "This view is somebody else's: its owner or an admin may change it.",
        )),
        false => Err(unknown()),
    }
}

fn refused(error: StoreError, sid: ViewSid) -> ApiError {
    match error {
        StoreError::Conflict(Conflict::ViewExists(name)) => ApiError::invalid_parameter(
            Invalid::new("Name", &name, "a name that no other view of its owner has"),
        ),
        StoreError::Invalid(why) => ApiError::bad_request(why),
        StoreError::NotFound(_) => unknown(sid),
        error => error.into(),
    }
}

const NAME_EXPECTED: &str = "1 to 60 characters";

/// What a form says of a view.
struct Change(ViewChange);

impl Change {
    fn read(app: &App, caller: &Caller, form: &Params) -> Result<Self, ApiError> {
        let name = form.sent("Name").map(name).transpose();
        let query = form.sent("Query");
        let query = query.map(|value| query_of(app, caller, value)).transpose();
        let shared = form.filled("Shared").map(Value::boolean).transpose();
        Ok(Self(ViewChange {
            name: name.map_err(ApiError::invalid_parameter)?,
            query: query?,
            is_shared: shared.map_err(ApiError::invalid_parameter)?,
        }))
    }
}

fn name(value: Value<'_>) -> Result<String, Invalid> {
    let is_plain = !value.text.is_empty() && !value.text.chars().any(char::is_control);
    let fits = value.text.chars().count() <= NAME_MAX_CHARS;
    match is_plain && fits {
        true => Ok(value.text.to_owned()),
        false => Err(value.invalid(NAME_EXPECTED)),
    }
}

/// The filters, and whether the list follows its calls.
fn query_of(app: &App, caller: &Caller, value: Value<'_>) -> Result<String, ApiError> {
    let params = kept(app, caller, value, |name, text| (name, text) == LIVE)?;
    Ok(encoded(params.iter()))
}

/// The filters without numbers. Each value is looked at by itself, where times and identifiers are
/// known.
fn masked_query(query: &str) -> String {
    let params = Params::decode(query.as_bytes()).unwrap_or_default();
    let masked = params.iter().map(|(name, value)| {
        let parts: Vec<_> = value.split(',').map(mask::text).collect();
        (name, parts.join(","))
    });
    let masked: Vec<(&str, String)> = masked.collect();
    encoded(masked.iter().map(|(name, value)| (*name, value.as_str())))
}

/// What is masked here is not masked again as a whole: the filters would be taken for one text.
fn already_masked(mut response: Response, caller: &Caller) -> Response {
    if !caller.sees_numbers() {
        response.extensions_mut().insert(Masked);
    }
    response
}
