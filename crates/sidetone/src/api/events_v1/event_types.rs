//! `/v1/Types`: the types of events that can be subscribed.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::listing::{PAGE_SIZE, part};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::api::v1::render::Seconds;
use crate::app::App;
use crate::streams::event_type::{EventType, Schema};
use crate::web::base_url::BaseUrl;
use crate::web::form::quoted;
use crate::web::json::Json;

/// Where the original tells of its own.
const DOCUMENTATION: &str = "https://www.twilio.com/docs/events/event-types";

#[derive(Serialize)]
struct Item {
    r#type: EventType,
    schema_id: Schema,
    description: &'static str,
    status: &'static str,
    date_created: Seconds,
    date_updated: Seconds,
    documentation_url: Option<&'static str>,
    url: String,
    links: Links,
}

#[derive(Serialize)]
struct Links {
    schema: String,
}

impl Item {
    fn of(known: EventType, base: &BaseUrl) -> Self {
        let (base, schema) = (&base.0, known.schema());
        Self {
            r#type: known,
            schema_id: schema,
            description: known.description(),
            status: "available",
            date_created: Seconds(schema.published()),
            date_updated: Seconds(schema.published()),
            documentation_url: schema.is_of_call().then_some(DOCUMENTATION),
            url: format!("{base}/v1/Types/{known}"),
            links: Links {
                schema: format!("{base}/v1/Schemas/{schema}/Versions"),
            },
        }
    }
}

/// Answers with a page of the types, or of those of one schema.
///
/// # Errors
/// When the page is malformed.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let now = query.now(app.clock.now());
    let schema = request.params.filled("SchemaId");
    let is_of = |known: &EventType| schema.is_none_or(|it| it.text == known.schema().as_str());
    let types: Vec<EventType> = EventType::ALL.iter().copied().filter(is_of).collect();
    let page = part(types, &query.request(), |it| i64::from(it.index()));
    let meta = list.meta("types", &query, &page, now);
    let rows = page.rows.into_iter();
    let rows = rows.map(|it| Item::of(it, &request.base)).collect();
    Ok(Json(Envelope { meta, rows }).into_response())
}

/// Answers with a type.
///
/// # Errors
/// When there is no such type.
pub async fn fetch(
    _caller: Caller,
    base: BaseUrl,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let known: EventType = name
        .parse()
        .map_err(|_| ApiError::not_found(format_args!("/v1/Types/{}", quoted(&name))))?;
    Ok(Json(Item::of(known, &base)).into_response())
}
