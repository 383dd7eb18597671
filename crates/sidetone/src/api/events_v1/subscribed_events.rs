//! `/v1/Subscriptions/{Sid}/SubscribedEvents`: the types of events that a subscription has.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sidetone_core::id::{AccountSid, SubscriptionSid};
use sidetone_store::sinks::{SubscribedType, Subscription};

use super::listing::{PAGE_SIZE, part};
use super::subscriptions::{found, gone, refresh};
use super::wanted::{event_type, expected, subscribed, version};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::Form;
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::app::App;
use crate::streams::event_type::EventType;
use crate::web::base_url::BaseUrl;
use crate::web::form::{Invalid, quoted};
use crate::web::json::Json;

/// The parameters of a new one.
pub const NAMES: &[&str] = &["Type", "SchemaVersion"];

#[derive(Serialize)]
struct Item {
    account_sid: AccountSid,
    subscription_sid: SubscriptionSid,
    r#type: String,
    schema_version: u32,
    url: String,
}

impl Item {
    fn of(subscription: &Subscription, subscribed: SubscribedType, base: &BaseUrl) -> Self {
        let (sid, name) = (subscription.sid, &subscribed.name);
        Self {
            account_sid: subscription.account,
            subscription_sid: sid,
            url: format!("{}/v1/Subscriptions/{sid}/SubscribedEvents/{name}", base.0),
            r#type: subscribed.name,
            schema_version: subscribed.schema_version,
        }
    }
}

/// Answers with a page of the types of a subscription, in the order of the list of all types.
///
/// # Errors
/// When the page is malformed, or the account has no such subscription.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(sid): Path<String>,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let subscription = found(&app, &caller, &sid).await?;
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let now = query.now(app.clock.now());
    let mut types = subscription.types.clone();
    types.sort_by_key(place);
    let page = part(types, &query.request(), place);
    let meta = list.meta("types", &query, &page, now);
    let rows = page.rows.into_iter();
    let rows = rows.map(|it| Item::of(&subscription, it, &request.base));
    let rows = rows.collect();
    Ok(Json(Envelope { meta, rows }).into_response())
}

/// Where a type stands in the list: what only another release knows, at the end.
fn place(subscribed: &SubscribedType) -> i64 {
    let known = subscribed.name.parse::<EventType>();
    known.map_or(i64::MAX, |it| i64::from(it.index()))
}

/// Adds a type to a subscription (201), or gives it another version.
///
/// # Errors
/// When there is no such type or version, the sink does not take it, or the account has no such
/// subscription.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Path(sid): Path<String>,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let subscription = found(&app, &caller, &sid).await?;
    let sink = app.store.sink(caller.account, subscription.sink).await?;
    // A subscription has a sink as long as it is there.
    let sink = sink.ok_or_else(ApiError::internal)?;
    let name = form.filled("Type");
    let subscribed = name
        .ok_or_else(|| Invalid::missing("Type", expected(sink.kind)))
        .and_then(|name| {
            let known = event_type(name, sink.kind)?;
            let version = version(&form, known)?;
            Ok(subscribed(known, version))
        });
    let subscribed = subscribed.map_err(ApiError::invalid_parameter)?;
    let by = caller.who.to_string();
    let item = put(&app, &by, &subscription, subscribed, &base).await?;
    Ok((StatusCode::CREATED, Json(item)).into_response())
}

/// Answers with a type of a subscription.
///
/// # Errors
/// When it has not this one, or the account has no such subscription.
pub async fn fetch(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Path((sid, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let subscription = found(&app, &caller, &sid).await?;
    let subscribed = of_name(&subscription, &name)?;
    Ok(Json(Item::of(&subscription, subscribed, &base)).into_response())
}

/// Gives a type of a subscription another version, if the form has one.
///
/// # Errors
/// When the type has no such version, the subscription has not this type, or the account has no such
/// subscription.
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Path((sid, name)): Path<(String, String)>,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let subscription = found(&app, &caller, &sid).await?;
    let present = of_name(&subscription, &name)?;
    let known = present.name.parse::<EventType>().ok();
    let item = match known.filter(|_| form.filled("SchemaVersion").is_some()) {
        None => Item::of(&subscription, present, &base),
        Some(known) => {
            let version = version(&form, known).map_err(ApiError::invalid_parameter)?;
            let by = caller.who.to_string();
            put(&app, &by, &subscription, subscribed(known, version), &base).await?
        }
    };
    Ok(Json(item).into_response())
}

/// Takes a type out of a subscription (204).
///
/// # Errors
/// When it has not this one, or the account has no such subscription.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path((sid, name)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let subscription = found(&app, &caller, &sid).await?;
    let (sid, now) = (subscription.sid, app.clock.now());
    let by = caller.who.to_string();
    let deleted = app.store.unsubscribe(caller.account, sid, &name, &by, now);
    let deleted = deleted.await;
    refresh(&app).await;
    match deleted.map_err(|error| gone(error, sid))? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&subscription, &name)),
    }
}

async fn put(
    app: &App,
    by: &str,
    subscription: &Subscription,
    subscribed: SubscribedType,
    base: &BaseUrl,
) -> Result<Item, ApiError> {
    let (sid, now) = (subscription.sid, app.clock.now());
    let kept = app
        .store
        .subscribe(subscription.account, sid, subscribed.clone(), by, now);
    kept.await.map_err(|error| gone(error, sid))?;
    refresh(app).await;
    Ok(Item::of(subscription, subscribed, base))
}

fn of_name(subscription: &Subscription, name: &str) -> Result<SubscribedType, ApiError> {
    let mut types = subscription.types.iter();
    let subscribed = types.find(|it| it.name == name).cloned();
    subscribed.ok_or_else(|| unknown(subscription, name))
}

fn unknown(subscription: &Subscription, name: &str) -> ApiError {
    let (sid, name) = (subscription.sid, quoted(name));
    ApiError::not_found(format_args!(
        "/v1/Subscriptions/{sid}/SubscribedEvents/{name}"
    ))
}
