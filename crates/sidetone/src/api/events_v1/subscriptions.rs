//! `/v1/Subscriptions`: which events a sink is sent.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sidetone_core::id::{AccountSid, SinkSid, SubscriptionSid};
use sidetone_store::delivery::PersonalData;
use sidetone_store::sinks::{Sink, SinkStatus, Subscription};
use sidetone_store::{Conflict, StoreError};

use super::listing::PAGE_SIZE;
use super::sinks::in_use;
use super::wanted::types;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::Form;
use crate::api::naming::{description, new_id};
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::api::v1::render::Seconds;
use crate::api::v1::selection::{encoded, kept, within};
use crate::api::words::Words;
use crate::app::App;
use crate::streams::selection::Selection;
use crate::web::base_url::BaseUrl;
use crate::web::form::{Invalid, Params, Value, quoted};
use crate::web::json::Json;

/// The parameters of a new subscription.
pub const NAMES: &[&str] = &[
    "Description",
    "SinkSid",
    "Types",
    "ReceiveEventsFromSubaccounts",
    "Selection",
    "PersonalData",
];

/// Filters that a stream has none of: it begins now and has no end, tells of each state as events of
/// its own, and is of one account.
const NOT_OF_STREAMS: [&str; 7] = [
    "StartTime",
    "StartedBefore",
    "EndTime",
    "ProcessingState",
    "SortBy",
    "IncludeTotal",
    "Subaccount",
];

#[derive(Serialize)]
struct Item {
    account_sid: AccountSid,
    sid: SubscriptionSid,
    sink_sid: SinkSid,
    description: String,
    /// Ours: filters of calls.
    selection: String,
    /// Ours. Null: what is kept of the selection is no word that is known here.
    personal_data: Option<PersonalData>,
    receive_events_from_subaccounts: bool,
    date_created: Seconds,
    date_updated: Seconds,
    url: String,
    links: Links,
}

#[derive(Serialize)]
struct Links {
    subscribed_events: String,
}

impl Item {
    fn of(subscription: Subscription, base: &BaseUrl) -> Self {
        let selection = subscription.selection.parse::<Selection>();
        let personal_data = selection.as_ref().map(|it| it.personal_data);
        let personal_data = personal_data.ok();
        let selection = selection.unwrap_or_default();
        let url = format!("{}/v1/Subscriptions/{}", base.0, subscription.sid);
        Self {
            account_sid: subscription.account,
            sid: subscription.sid,
            sink_sid: subscription.sink,
            description: subscription.description,
            selection: selection.filters,
            personal_data,
            receive_events_from_subaccounts: selection.with_subaccounts,
            date_created: Seconds(subscription.created_at),
            date_updated: Seconds(subscription.updated_at),
            links: Links {
                subscribed_events: format!("{url}/SubscribedEvents"),
            },
            url,
        }
    }
}

/// Answers with a page of the account's subscriptions, or of those of one sink, latest first.
///
/// # Errors
/// When `SinkSid` or the page is malformed.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let sink = request.params.filled("SinkSid").map(sink_sid).transpose();
    let sink = sink.map_err(ApiError::invalid_query)?;
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let now = query.now(app.clock.now());
    let share = app.bounds.page(query.size).await?;
    let (account, wanted) = (caller.account, query.request());
    let page = app.store.subscriptions(account, sink, &wanted).await?;
    let meta = list.meta("subscriptions", &query, &page, now);
    let rows = page.rows.into_iter();
    let rows = rows.map(|it| Item::of(it, &request.base)).collect();
    Ok(Json(Envelope { meta, rows }).holding(share))
}

/// Subscribes a sink (201).
///
/// # Errors
/// When a value is wrong or missing, or the sink is not active or has a subscription.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let description = description(&form).map_err(ApiError::invalid_parameter)?;
    let sink = sink(&app, &caller, &form).await?;
    let types = types(&form, sink.kind).map_err(ApiError::invalid_parameter)?;
    let selection = selection(&app, &caller, &form)?;
    let now = app.clock.now();
    let subscription = Subscription {
        sid: SubscriptionSid::from_bytes(new_id()?),
        account: caller.account,
        sink: sink.sid,
        description,
        selection: selection.to_string(),
        types,
        created_at: now,
        updated_at: now,
    };
    let by = caller.who.to_string();
    let created = app.store.create_subscription(subscription.clone(), &by);
    created.await.map_err(|error| match error {
        StoreError::Conflict(Conflict::SinkInUse(_)) => in_use(sink.sid),
        // It was active and there a moment ago.
        StoreError::NotFound(_) => ApiError::invalid_parameter(Invalid::new(
            "SinkSid",
            &sink.sid.to_string(),
            SINK_EXPECTED,
        )),
        StoreError::Invalid(why) => ApiError::bad_request(why),
        error => error.into(),
    })?;
    refresh(&app).await;
    Ok((StatusCode::CREATED, Json(Item::of(subscription, &base))).into_response())
}

/// Answers with a subscription.
///
/// # Errors
/// When the account has no such subscription.
pub async fn fetch(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Path(sid): Path<String>,
) -> Result<Response, ApiError> {
    let subscription = found(&app, &caller, &sid).await?;
    Ok(Json(Item::of(subscription, &base)).into_response())
}

/// Gives a subscription another description, if the form has one.
///
/// # Errors
/// When it is too long, another sink is named than its own, or the account has no such subscription.
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Path(sid): Path<String>,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let mut subscription = found(&app, &caller, &sid).await?;
    if let Some(named) = form.filled("SinkSid")
        && named.text.parse() != Ok(subscription.sink)
    {
        return Err(ApiError::invalid_parameter(named.invalid(format_args!(
            "{}: a subscription stays with its sink",
            subscription.sink
        ))));
    }
    if form.sent("Description").is_some() {
        let description = description(&form).map_err(ApiError::invalid_parameter)?;
        let (sid, now) = (subscription.sid, app.clock.now());
        let described = app
            .store
            .describe_subscription(caller.account, sid, description, now);
        subscription = described.await.map_err(|error| gone(error, sid))?;
    }
    Ok(Json(Item::of(subscription, &base)).into_response())
}

/// Ends a subscription (204). What its sink is owed already is still sent.
///
/// # Errors
/// When the account has no such subscription.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(sid): Path<String>,
) -> Result<StatusCode, ApiError> {
    let sid = named(&sid)?;
    let (by, now) = (caller.who.to_string(), app.clock.now());
    let deleted = app
        .store
        .delete_subscription(caller.account, sid, &by, now)
        .await?;
    refresh(&app).await;
    match deleted {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(sid)),
    }
}

/// Has what was subscribed hold for all that happens after the answer. What fails here is done by
/// the worker, within a second.
pub(super) async fn refresh(app: &App) {
    let refreshed = app
        .streams
        .refresh(app.store.as_ref(), app.directory.vault());
    if let Err(error) = refreshed.await {
        tracing::warn!(%error, "what was subscribed is not followed yet; it will be tried again");
    }
}

/// A subscription of the caller's account.
pub(super) async fn found(app: &App, caller: &Caller, sid: &str) -> Result<Subscription, ApiError> {
    let sid = named(sid)?;
    let subscription = app.store.subscription(caller.account, sid).await?;
    subscription.ok_or_else(|| unknown(sid))
}

fn named(sid: &str) -> Result<SubscriptionSid, ApiError> {
    sid.parse().map_err(|_| unknown(quoted(sid)))
}

fn unknown(sid: impl std::fmt::Display) -> ApiError {
    ApiError::not_found(format_args!("/v1/Subscriptions/{sid}"))
}

/// Why the store did not change a subscription.
pub(super) fn gone(error: StoreError, sid: SubscriptionSid) -> ApiError {
    match error {
        StoreError::NotFound(_) => unknown(sid),
        StoreError::Invalid(why) => ApiError::bad_request(why),
        error => error.into(),
    }
}

const SINK_EXPECTED: &str = "the SID of a sink of this account: DG and 32 hexadecimal digits";

fn sink_sid(value: Value<'_>) -> Result<SinkSid, Invalid> {
    value.text.parse().map_err(|_| value.invalid(SINK_EXPECTED))
}

/// The sink to be subscribed.
async fn sink(app: &App, caller: &Caller, form: &Params) -> Result<Sink, ApiError> {
    let invalid = ApiError::invalid_parameter;
    let named = form
        .filled("SinkSid")
        .ok_or_else(|| invalid(Invalid::missing("SinkSid", SINK_EXPECTED)))?;
    let sid = sink_sid(named).map_err(invalid)?;
    let sink = app.store.sink(caller.account, sid).await?;
    let sink = sink.ok_or_else(|| invalid(named.invalid(SINK_EXPECTED)))?;
    match sink.status {
        SinkStatus::Active => Ok(sink),
        status => Err(invalid(named.invalid(format_args!(
            "a sink that is active; this one is {status}: test it by POST /v1/Sinks/{sid}/Test"
        )))),
    }
}

/// What of the account's calls is sent.
fn selection(app: &App, caller: &Caller, form: &Params) -> Result<Selection, ApiError> {
    if let Some(filter) = form.filled("Filter") {
        return Err(ApiError::invalid_parameter(filter.invalid(
            "nothing: calls are chosen by Selection, which has the filters of GET /v1/Voice/Summaries",
        )));
    }
    let filters = match form.filled("Selection") {
        None => String::new(),
        Some(value) => {
            let params = kept(app, caller, value, |_, _| false)?;
            if let Some((name, _)) = params.iter().find(|it| NOT_OF_STREAMS.contains(&it.0)) {
                let message = format!("A stream has no filter {name}.");
                return Err(within("Selection", &message));
            }
            encoded(params.iter())
        }
    };
    let personal_data = form.filled("PersonalData").map(Value::word).transpose();
    let subaccounts = form.filled("ReceiveEventsFromSubaccounts");
    let with_subaccounts = subaccounts.map_or(Ok(false), Value::boolean);
    Ok(Selection {
        filters,
        personal_data: personal_data
            .map_err(ApiError::invalid_parameter)?
            .unwrap_or(PersonalData::Keep),
        with_subaccounts: with_subaccounts.map_err(ApiError::invalid_parameter)?,
    })
}
