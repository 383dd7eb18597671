//! `/v1/Voice/Alerts/Receivers`: who is told of alerts.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sidetone_core::id::{AccountSid, SinkSid};
use sidetone_core::time::SECOND_US;
use sidetone_store::StoreError;
use sidetone_store::alerts::{AlertRule, is_of_file};
use sidetone_store::delivery::{
    Content, DeliveryId, NewDelivery, PersonalData, Signature, StreamEvent,
};
use sidetone_store::page::{PageRequest, Start};
use sidetone_store::sinks::{Sink, SinkChange, SinkFilter, SinkKind, SinkStatus};

use super::rules::source;
use crate::alerts::definition::Definition;
use crate::alerts::notice::TEST;
use crate::api::auth::Caller;
use crate::api::configured::{of_member, unsealed, wrong};
use crate::api::error::ApiError;
use crate::api::extract::{Form, Query};
use crate::api::naming::{description, new_id, new_uuid};
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::api::v1::account::addressed;
use crate::api::v1::render::Seconds;
use crate::api::words::Words;
use crate::app::App;
use crate::delivery::target::{target, target_of_user};
use crate::streams::configuration::Sealed;
use crate::streams::configuration::receiver::{Receiver, ReceiverType};
use crate::web::base_url::BaseUrl;
use crate::web::form::{Invalid, Params, Value as Given, quoted};
use crate::web::json::Json;

/// The parameters of a new receiver, and of each request.
pub const NAMES: &[&str] = &["Description", "Type", "Configuration", "Subaccount"];

const PAGE_SIZE: u64 = 50;
/// Rules that are read at once.
const RULES_READ: usize = 100;
const CONFIGURATION: &str = "Configuration";
const CONFIGURATION_EXPECTED: &str =
    "the text of a JSON object such as {\"url\": \"https://hooks.slack.com/services/…\"}";

#[derive(Serialize)]
struct Item {
    sid: SinkSid,
    account_sid: AccountSid,
    description: String,
    r#type: Option<ReceiverType>,
    /// Without secrets. Null: it was sealed with another key, or is damaged.
    configuration: Option<Map<String, Value>>,
    status: SinkStatus,
    source: &'static str,
    created_time: Seconds,
    updated_time: Seconds,
    url: String,
}

/// How long a test that is under way is not looked for, µs.
const SENT_US: i64 = 60 * SECOND_US;

/// How a receiver is: a test that nobody has in hand any more, whatever became of it, has failed.
async fn status(app: &App, sink: &Sink) -> Result<SinkStatus, ApiError> {
    let is_recent = app.clock.now().since_us(sink.updated_at) < SENT_US;
    if sink.status != SinkStatus::Validating || is_recent {
        return Ok(sink.status);
    }
    if app.store.backlog_of(sink.sid, 1).await?.waiting > 0 {
        return Ok(SinkStatus::Validating);
    }
    // It may have arrived meanwhile.
    let now = app.store.sink(sink.account, sink.sid).await?;
    let status = now.map_or(SinkStatus::Failed, |sink| sink.status);
    Ok(match status {
        SinkStatus::Validating => SinkStatus::Failed,
        other => other,
    })
}

impl Item {
    async fn of(app: &App, sink: Sink, base: &BaseUrl) -> Result<Self, ApiError> {
        let status = status(app, &sink).await?;
        let opened = Receiver::open(app.directory.vault(), sink.sid, &sink.configuration);
        if opened.is_none() {
            tracing::error!(sink.sid = %sink.sid, "the configuration of a receiver does not open");
        }
        Ok(Self {
            url: format!("{}/v1/Voice/Alerts/Receivers/{}", base.0, sink.sid),
            sid: sink.sid,
            account_sid: sink.account,
            description: sink.description,
            r#type: ReceiverType::of(sink.kind),
            configuration: opened.map(|it| it.shown()),
            status,
            source: source(is_of_file(sink.sid.as_bytes())),
            created_time: Seconds(sink.created_at),
            updated_time: Seconds(sink.updated_at),
        })
    }
}

/// Answers with a page of the account's receivers, latest first.
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
    let filter = SinkFilter {
        kinds: SinkKind::RECEIVERS,
        ..SinkFilter::default()
    };
    let page = app.store.sinks(account, filter, &query.request()).await?;
    let meta = list.meta("receivers", &query, &page, now);
    let mut rows = Vec::with_capacity(page.rows.len());
    for sink in page.rows {
        rows.push(Item::of(&app, sink, &request.base).await?);
    }
    Ok(Json(Envelope { meta, rows }).holding(share))
}

/// Makes a receiver (201).
///
/// # Errors
/// When a value is wrong or missing, the account has too many, or the one addressed is not the caller's.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Query(query): Query,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let invalid = ApiError::invalid_parameter;
    let account = account(&app, &caller, &form, &query)?;
    let (kind, receiver) = configured(&app, &form).map_err(invalid)?;
    let description = description(&form).map_err(invalid)?;
    let sid = SinkSid::from_bytes(new_id()?);
    let sealed = receiver.seal(app.directory.vault(), sid);
    let now = app.clock.now();
    let sink = Sink {
        sid,
        account,
        description,
        kind: kind.kind(),
        configuration: sealed.map_err(|error| unsealed(&error))?,
        status: SinkStatus::Active,
        test: None,
        created_at: now,
        updated_at: now,
    };
    let by = caller.who.to_string();
    let created = app.store.create_sink(sink.clone(), &by).await;
    created.map_err(|error| refused(error, sid))?;
    let item = Item::of(&app, sink, &base).await?;
    Ok((StatusCode::CREATED, Json(item)).into_response())
}

/// Answers with a receiver.
///
/// # Errors
/// When the account has no such receiver.
pub async fn fetch(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Path(sid): Path<String>,
    Query(query): Query,
) -> Result<Response, ApiError> {
    let account = account(&app, &caller, &Params::default(), &query)?;
    let sink = found(&app, account, &sid).await?;
    Ok(Json(Item::of(&app, sink, &base).await?).into_response())
}

/// Forgets a receiver (204), and what it was still to be told.
///
/// # Errors
/// When a rule names it, the configuration file says it, or the account has no such receiver.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(sid): Path<String>,
    Query(query): Query,
) -> Result<StatusCode, ApiError> {
    let account = account(&app, &caller, &Params::default(), &query)?;
    let sid = found(&app, account, &sid).await?.sid;
    if is_of_file(sid.as_bytes()) {
        return Err(ApiError::bad_request(format!(
            "Receiver with SID {sid} is of the server's sidetone.toml ([[receiver]]). Take it out there, and send the server SIGHUP."
        )));
    }
    if let Some(rule) = rule_of(&app, account, sid).await? {
        return Err(ApiError::bad_request(format!(
            "Receiver with SID {sid} is in use by the rule {} ({}). It can be deleted when no rule names it.",
            rule.sid,
            quoted(&rule.name)
        )));
    }
    let (by, now) = (caller.who.to_string(), app.clock.now());
    let deleted = app.store.delete_sink(account, sid, &by, now).await;
    match deleted.map_err(|error| refused(error, sid))? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(sid)),
    }
}

/// Sends a test notice (202), in the way that notices are sent: `status` tells what came of it.
///
/// # Errors
/// When the account has no such receiver, or it does not open.
pub async fn test(
    State(app): State<App>,
    caller: Caller,
    Path(sid): Path<String>,
    Query(query): Query,
    Form(form): Form,
) -> Result<Response, ApiError> {
    let account = account(&app, &caller, &form, &query)?;
    let sink = found(&app, account, &sid).await?;
    let opened = Receiver::open(app.directory.vault(), sink.sid, &sink.configuration);
    opened.ok_or_else(ApiError::internal)?;
    let id = DeliveryId::from_bytes(new_uuid()?);
    let now = app.clock.now();
    let delivery = NewDelivery {
        id,
        account,
        subject: None,
        kind: TEST.to_owned(),
        content: Content::Event(StreamEvent {
            sink: sink.sid,
            account,
            personal_data: PersonalData::Keep,
            at: now,
            position: None,
            version: 0,
        }),
        signature: Signature::None,
        created_at: now,
    };
    let change = SinkChange {
        status: Some(SinkStatus::Validating),
        test: Some(Some(id.to_string())),
        ..SinkChange::default()
    };
    let changed = app.store.change_sink(account, sink.sid, change, now).await;
    changed.map_err(|error| refused(error, sink.sid))?;
    app.store.deliver(vec![delivery]).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "result": "submitted" }))).into_response())
}

fn account(
    app: &App,
    caller: &Caller,
    form: &Params,
    query: &Params,
) -> Result<AccountSid, ApiError> {
    let named = form.filled("Subaccount").or(query.filled("Subaccount"));
    addressed(app, caller, named, ApiError::invalid_parameter)
}

async fn found(app: &App, account: AccountSid, sid: &str) -> Result<Sink, ApiError> {
    let sid = sid.parse().map_err(|_| unknown(quoted(sid)))?;
    let sink = app.store.sink(account, sid).await?;
    let sink = sink.filter(|sink| SinkKind::RECEIVERS.contains(&sink.kind));
    sink.ok_or_else(|| unknown(sid))
}

/// A rule that names a receiver.
pub(super) async fn rule_of(
    app: &App,
    account: AccountSid,
    receiver: SinkSid,
) -> Result<Option<AlertRule>, ApiError> {
    let names = |rule: &AlertRule| {
        let definition = serde_json::from_str::<Definition>(&rule.definition);
        definition.is_ok_and(|it| it.receivers.contains(&receiver))
    };
    let mut start = Start::First { skip: 0 };
    loop {
        let request = PageRequest {
            start,
            size: RULES_READ,
        };
        let page = app.store.alert_rules(account, &request).await?;
        let (rules, after) = (page.rows, page.after);
        if let Some(rule) = rules.into_iter().find(names) {
            return Ok(Some(rule));
        }
        match after {
            Some(after) => start = Start::After(after),
            None => return Ok(None),
        }
    }
}

fn unknown(sid: impl std::fmt::Display) -> ApiError {
    ApiError::not_found(format_args!("/v1/Voice/Alerts/Receivers/{sid}"))
}

/// Why the store did not do something with a receiver.
fn refused(error: StoreError, sid: SinkSid) -> ApiError {
    match error {
        StoreError::Invalid(why) => ApiError::bad_request(why),
        StoreError::NotFound(_) => unknown(sid),
        error => error.into(),
    }
}

/// What a form says of a new receiver.
pub(super) fn configured(app: &App, form: &Params) -> Result<(ReceiverType, Receiver), Invalid> {
    let words = || format!("one of {}", ReceiverType::WORDS.join(", "));
    let named = form.filled("Type");
    let named = named.ok_or_else(|| Invalid::missing("Type", words()))?;
    let kind: ReceiverType = named.word()?;
    if kind == ReceiverType::Email {
        can_mail(app, named)?;
    }
    let given = form.filled(CONFIGURATION);
    let given = given.ok_or_else(|| Invalid::missing(CONFIGURATION, CONFIGURATION_EXPECTED))?;
    let read = Receiver::read(kind, given.text).map_err(|it| wrong(CONFIGURATION, &it))?;
    if let Some((member, url)) = read.url() {
        let allow_private = app.config.webhook_allow_private;
        let checked = match kind {
            ReceiverType::Webhook => target_of_user(url, allow_private).map(|_| ()),
            _ => target(url, allow_private).map(|_| ()),
        };
        // Not repeated: it may hold a secret.
        checked.map_err(|error| of_member(CONFIGURATION, format_args!("{member} {error}.")))?;
    }
    Ok((kind, read))
}

/// Refuses mail where nothing would send it.
fn can_mail(app: &App, kind: Given<'_>) -> Result<(), Invalid> {
    let others: Vec<&str> = ReceiverType::ALL
        .iter()
        .filter(|it| **it != ReceiverType::Email)
        .map(|it| it.as_str())
        .collect();
    let others = others.join(", ");
    if cfg!(not(feature = "email")) {
        return Err(kind.invalid(format_args!(
            "one of {others}; this program was built without mail (feature email)"
        )));
    }
    match app.config.mail {
        Some(_) => Ok(()),
        None => Err(kind.invalid(format_args!(
            "one of {others}; for mail, the operator names a server in the table [mail] of sidetone.toml"
        ))),
    }
}
