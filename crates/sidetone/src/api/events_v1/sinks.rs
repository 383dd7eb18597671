//! `/v1/Sinks`: where events are streamed to.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use sidetone_core::id::SinkSid;
use sidetone_store::sinks::{Sink, SinkChange, SinkFilter, SinkKind, SinkStatus};
use sidetone_store::{Conflict, StoreError};

use super::listing::PAGE_SIZE;
use crate::api::auth::Caller;
use crate::api::configured::{of_member, unsealed, wrong};
use crate::api::error::ApiError;
use crate::api::extract::Form;
use crate::api::naming::{description, new_id};
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::api::v1::render::Seconds;
use crate::api::words::Words;
use crate::app::App;
use crate::delivery::target::{target, target_of_user};
use crate::streams::configuration::{Configuration, Sealed};
use crate::web::base_url::BaseUrl;
use crate::web::form::{Invalid, Params, Value as Given, quoted};
use crate::web::json::Json;

/// The parameters of a new sink.
pub const NAMES: &[&str] = &["Description", "SinkConfiguration", "SinkType"];
/// Those that narrow the list.
pub const FILTERS: &[&str] = &["InUse", "Status"];

const CONFIGURATION: &str = "SinkConfiguration";
const CONFIGURATION_EXPECTED: &str = "the text of a JSON object such as {\"destination\": \"https://example.com/in\", \"method\": \"POST\"}";

#[derive(Serialize)]
struct Item {
    sid: SinkSid,
    description: String,
    /// Without secrets. Null: it was sealed with another key, or is damaged.
    sink_configuration: Option<Map<String, Value>>,
    sink_type: SinkKind,
    status: SinkStatus,
    /// Ours: so much waits that what is new is not kept.
    full: bool,
    date_created: Seconds,
    date_updated: Seconds,
    url: String,
    links: Links,
}

#[derive(Serialize)]
struct Links {
    sink_test: String,
    sink_validate: String,
}

impl Item {
    fn of(
        app: &App,
        sink: Sink,
        configuration: Option<Map<String, Value>>,
        base: &BaseUrl,
    ) -> Self {
        let (full, _) = app.streams.backlogs.refused(sink.sid);
        let url = format!("{}/v1/Sinks/{}", base.0, sink.sid);
        Self {
            sid: sink.sid,
            description: sink.description,
            sink_configuration: configuration,
            sink_type: sink.kind,
            status: sink.status,
            full,
            date_created: Seconds(sink.created_at),
            date_updated: Seconds(sink.updated_at),
            links: Links {
                sink_test: format!("{url}/Test"),
                sink_validate: format!("{url}/Validate"),
            },
            url,
        }
    }

    fn opened(app: &App, sink: Sink, base: &BaseUrl) -> Self {
        let configuration = open(app, &sink);
        Self::of(app, sink, configuration.map(|it| it.shown()), base)
    }
}

/// Answers with a page of the account's sinks, latest first.
///
/// # Errors
/// When a filter or the page is malformed.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let filter = filter(&request.params).map_err(ApiError::invalid_query)?;
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let now = query.now(app.clock.now());
    let share = app.bounds.page(query.size).await?;
    let (account, wanted) = (caller.account, query.request());
    let page = app.store.sinks(account, filter, &wanted).await?;
    let meta = list.meta("sinks", &query, &page, now);
    let rows = page.rows.into_iter();
    let rows = rows.map(|sink| Item::opened(&app, sink, &request.base));
    let rows = rows.collect();
    Ok(Json(Envelope { meta, rows }).holding(share))
}

/// Makes a sink (201). A secret that was made up for it is told this once.
///
/// # Errors
/// When a value is wrong or missing, or the account has too many.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let (kind, mut configuration) =
        configured(&form, app.config.webhook_allow_private).map_err(ApiError::invalid_parameter)?;
    let description = description(&form).map_err(ApiError::invalid_parameter)?;
    let made_up = configuration.complete().map_err(|error| unsealed(&error))?;
    let made_up = made_up.map(str::to_owned);
    let sid = SinkSid::from_bytes(new_id()?);
    let sealed = configuration.seal(app.directory.vault(), sid);
    let now = app.clock.now();
    let sink = Sink {
        sid,
        account: caller.account,
        description,
        kind,
        configuration: sealed.map_err(|error| unsealed(&error))?,
        status: match configuration.confirms_by_taking() {
            true => SinkStatus::Initialized,
            false => SinkStatus::Active,
        },
        test: None,
        created_at: now,
        updated_at: now,
    };
    let by = caller.who.to_string();
    let created = app.store.create_sink(sink.clone(), &by).await;
    created.map_err(|error| refused(error, sid))?;
    let mut shown = configuration.shown();
    if let Some(secret) = made_up {
        shown.insert("secret".to_owned(), secret.into());
    }
    let item = Item::of(&app, sink, Some(shown), &base);
    Ok((StatusCode::CREATED, Json(item)).into_response())
}

/// Answers with a sink.
///
/// # Errors
/// When the account has no such sink.
pub async fn fetch(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Path(sid): Path<String>,
) -> Result<Response, ApiError> {
    let sink = found(&app, &caller, &sid).await?;
    Ok(Json(Item::opened(&app, sink, &base)).into_response())
}

/// Gives a sink another description.
///
/// # Errors
/// When it is missing or too long, or the account has no such sink.
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Path(sid): Path<String>,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let sink = found(&app, &caller, &sid).await?;
    let change = SinkChange {
        description: Some(description(&form).map_err(ApiError::invalid_parameter)?),
        ..SinkChange::default()
    };
    let sink = put(&app, &sink, change).await?;
    Ok(Json(Item::opened(&app, sink, &base)).into_response())
}

/// Forgets a sink (204).
///
/// # Errors
/// When it is subscribed, or the account has no such sink.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(sid): Path<String>,
) -> Result<StatusCode, ApiError> {
    let sid = found(&app, &caller, &sid).await?.sid;
    let (by, now) = (caller.who.to_string(), app.clock.now());
    // With very much that waits for it: also when nobody waits for the answer any more.
    let deleting = async move {
        let deleted = app.store.delete_sink(caller.account, sid, &by, now).await;
        if matches!(deleted, Ok(true)) {
            app.streams.attempts.forget(sid);
        }
        deleted
    };
    let deleted = tokio::spawn(deleting).await.map_err(|error| {
        tracing::error!(%error, "deleting a sink failed");
        ApiError::internal()
    })?;
    match deleted.map_err(|error| refused(error, sid))? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(sid)),
    }
}

/// A sink of the caller's account.
pub(super) async fn found(app: &App, caller: &Caller, sid: &str) -> Result<Sink, ApiError> {
    let sid = sid.parse().map_err(|_| unknown(quoted(sid)))?;
    let sink = app.store.sink(caller.account, sid).await?;
    // A receiver of alerts is none.
    let sink = sink.filter(|sink| SinkKind::STREAMS.contains(&sink.kind));
    sink.ok_or_else(|| unknown(sid))
}

fn unknown(sid: impl std::fmt::Display) -> ApiError {
    ApiError::not_found(format_args!("/v1/Sinks/{sid}"))
}

/// Changes a sink.
pub(super) async fn put(app: &App, sink: &Sink, change: SinkChange) -> Result<Sink, ApiError> {
    let now = app.clock.now();
    let changed = app.store.change_sink(sink.account, sink.sid, change, now);
    changed.await.map_err(|error| refused(error, sink.sid))
}

/// Why the store did not do something with a sink.
fn refused(error: StoreError, sid: SinkSid) -> ApiError {
    match error {
        StoreError::Conflict(Conflict::SinkInUse(_)) => in_use(sid),
        StoreError::Invalid(why) => ApiError::bad_request(why),
        StoreError::NotFound(_) => unknown(sid),
        error => error.into(),
    }
}

/// A sink is subscribed, which stands in the way.
pub(super) fn in_use(sid: SinkSid) -> ApiError {
    ApiError::bad_request(format!(
        "Sink with SID {sid} is in use. A sink has one subscription at most; it can be deleted when it has none."
    ))
}

/// Opens what a sink is set up with. `None`: it was sealed with another key, or is damaged.
pub(super) fn open(app: &App, sink: &Sink) -> Option<Configuration> {
    let opened = Configuration::open(app.directory.vault(), sink.sid, &sink.configuration);
    if opened.is_none() {
        tracing::error!(sink = %sink.sid, "the configuration of a sink does not open");
    }
    opened
}

fn filter(params: &Params) -> Result<SinkFilter, Invalid> {
    let is_used = params.filled("InUse").map(Given::boolean);
    let status = params.filled("Status").map(Given::word);
    Ok(SinkFilter {
        kinds: SinkKind::STREAMS,
        is_used: is_used.transpose()?,
        status: status.transpose()?,
    })
}

/// What a form says of a new sink.
fn configured(form: &Params, allow_private: bool) -> Result<(SinkKind, Configuration), Invalid> {
    let words: Vec<&str> = SinkKind::STREAMS.iter().map(|it| it.as_str()).collect();
    let expected = format!("one of {}", words.join(", "));
    let kind = form
        .filled("SinkType")
        .ok_or_else(|| Invalid::missing("SinkType", &expected))?;
    let kind = match kind.text {
        "kinesis" => {
            return Err(kind.invalid(format_args!(
                "{expected}; for Kinesis, name a webhook that writes to the stream, such as an Amazon API Gateway"
            )));
        }
        "email" => {
            return Err(kind.invalid(format_args!(
                "{expected}; for mail, name a webhook that sends it"
            )));
        }
        _ => {
            let known = SinkKind::STREAMS.iter().find(|it| it.as_str() == kind.text);
            *known.ok_or_else(|| kind.invalid(&expected))?
        }
    };
    let configuration = form
        .filled(CONFIGURATION)
        .ok_or_else(|| Invalid::missing(CONFIGURATION, CONFIGURATION_EXPECTED))?;
    let read =
        Configuration::read(kind, configuration.text).map_err(|it| wrong(CONFIGURATION, &it))?;
    if let Some((member, url)) = read.url() {
        let target = match read.may_name_user() {
            true => target_of_user(url, allow_private).map(drop),
            false => target(url, allow_private).map(drop),
        };
        // Not repeated: it may hold a password.
        target.map_err(|error| of_member(CONFIGURATION, format_args!("{member} {error}.")))?;
    }
    Ok((kind, read))
}
