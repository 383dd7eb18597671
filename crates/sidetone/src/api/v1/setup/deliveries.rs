//! `/v1/Voice/Deliveries`: what is owed to other servers, and what was given up.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use sidetone_core::id::{AccountSid, SinkSid};
use sidetone_store::StoreError;
use sidetone_store::delivery::{DeadLetter, DeliveryId, Owed, WaitingDelivery};
use sidetone_store::page::Page;

use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::api::v1::render::Seconds;
use crate::app::App;
use crate::web::form::{Invalid, Params, quoted};
use crate::web::json::Json;

/// The parameters beside those of pages.
pub const NAMES: &[&str] = &["Status", "SinkSid"];

const PAGE_SIZE: u64 = 50;

/// Which deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Waiting,
    Dead,
}

/// A delivery on the wire. The query of a URL is nobody's business: it may hold a key.
#[derive(Debug, Serialize)]
struct Told {
    id: String,
    status: &'static str,
    account_sid: AccountSid,
    kind: String,
    /// Null: it goes to a sink.
    url: Option<String>,
    sink_sid: Option<SinkSid>,
    created_time: Seconds,
    /// When it is tried next; null: as soon as it is its turn.
    next_attempt_time: Option<Seconds>,
    dead_time: Option<Seconds>,
    attempts: u32,
    last_error: Option<String>,
}

/// Answers with a page of the account's deliveries, oldest first.
///
/// # Errors
/// When a parameter is malformed, or the store fails.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let status = status(&request.params).map_err(ApiError::invalid_query)?;
    let sink = sink(&request.params).map_err(ApiError::invalid_query)?;
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let now = query.now(app.clock.now());
    let share = app.bounds.page(query.size).await?;
    let wanted = query.request();
    let owed = match sink {
        Some(sink) => Owed::To(caller.account, sink),
        None => Owed::Of(caller.account),
    };
    let page = match status {
        Status::Waiting => {
            let page = app.store.waiting_deliveries(owed, &wanted).await?;
            told(page, waiting)
        }
        Status::Dead => told(app.store.dead_letters(owed, &wanted).await?, dead),
    };
    let meta = list.meta("deliveries", &query, &page, now);
    let rows = page.rows;
    Ok(Json(Envelope { meta, rows }).holding(share))
}

/// Tries a dead letter again.
///
/// # Errors
/// When the account has no such dead letter, or the store fails.
pub async fn replay(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let unknown = || ApiError::not_found(format_args!("/v1/Voice/Deliveries/{}", quoted(&id)));
    let letter: DeliveryId = id.parse().map_err(|_| unknown())?;
    let now = app.clock.now();
    match app
        .store
        .replay(Some(caller.account), vec![letter], now)
        .await
    {
        Ok(()) => {
            tracing::info!(delivery = %letter, by = %caller.who, "a dead letter is tried again");
            Ok(StatusCode::ACCEPTED)
        }
        Err(StoreError::NotFound(_)) => Err(unknown()),
        Err(error) => Err(error.into()),
    }
}

fn status(params: &Params) -> Result<Status, Invalid> {
    match params.filled("Status") {
        None => Ok(Status::Waiting),
        Some(value) => match value.text {
            "waiting" => Ok(Status::Waiting),
            "dead" => Ok(Status::Dead),
            _ => Err(value.invalid("one of waiting, dead")),
        },
    }
}

fn sink(params: &Params) -> Result<Option<SinkSid>, Invalid> {
    let sink = params.filled("SinkSid");
    let read = sink.map(|value| {
        let sid = value.text.parse();
        sid.map_err(|_| value.invalid("DG and 32 hexadecimal digits"))
    });
    read.transpose()
}

fn told<T>(page: Page<T>, told: fn(T) -> Told) -> Page<Told> {
    Page {
        rows: page.rows.into_iter().map(told).collect(),
        before: page.before,
        after: page.after,
        damaged: page.damaged,
    }
}

fn waiting(delivery: WaitingDelivery) -> Told {
    Told {
        id: delivery.id.to_string(),
        status: "waiting",
        account_sid: delivery.account,
        kind: delivery.kind,
        url: delivery.url.as_deref().map(without_query),
        sink_sid: delivery.sink,
        created_time: Seconds(delivery.created_at),
        next_attempt_time: delivery.retry_at.map(Seconds),
        dead_time: None,
        attempts: delivery.attempts,
        last_error: delivery.error,
    }
}

fn dead(letter: DeadLetter) -> Told {
    Told {
        id: letter.id.to_string(),
        status: "dead",
        account_sid: letter.account,
        kind: letter.kind,
        url: letter.url.as_deref().map(without_query),
        sink_sid: letter.sink,
        created_time: Seconds(letter.created_at),
        next_attempt_time: None,
        dead_time: Some(Seconds(letter.died_at)),
        attempts: letter.attempts,
        last_error: Some(letter.error),
    }
}

fn without_query(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}
