//! `GET /v1/Voice/{CallSid}/Metrics`: media reports of a call, those it was told and those that follow from its RTCP.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use sidetone_core::event::{EventKind, Observation};
use sidetone_store::EventFilter;

use super::packets::Packets;
use super::path::CallPath;
use super::render::metric;
use super::{lookup, merged};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::form::{Invalid, Params};
use crate::http::json::Json;
use crate::http::page::{Envelope, ListRequest, PageQuery};

const PAGE_SIZE: u64 = 50;

/// Answers with a page of media reports, earliest first.
///
/// # Errors
/// When there is no such call, or a parameter is malformed.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    CallPath(sid): CallPath,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let now = query.now(app.clock.now());
    let filter = filter(&request.params).map_err(ApiError::invalid_query)?;
    let record = lookup::record(&app, &caller, sid).await?;
    let call = record.call;
    let packets = match &record.summary {
        Some(summary) if summary.sip.is_some() => Packets::read(&app, call, |_, _| {}).await?,
        _ => Packets::default(),
    };
    let derived = packets.state.derived(call, &app.config.sides);
    let mut made = derived.map(|it| it.series).unwrap_or_default();
    made.retain(|event| match &event.observation {
        Observation::Media(sample) => {
            filter.edge.is_none_or(|edge| edge == sample.edge)
                && filter.direction.is_none_or(|it| it == sample.direction)
        }
        _ => false,
    });
    let asked = query.request();
    let stored = app
        .store
        .events(call, &filter, &merged::of_stored(&asked))
        .await?;
    let page = merged::page(stored, merged::with_places(made), &asked);
    let rows = page.rows.iter();
    let envelope = Envelope {
        meta: list.meta("metrics", &query, &page, now),
        rows: rows
            .filter_map(|(_, event)| metric::render(event))
            .collect(),
    };
    let mut response = Json(envelope).into_response();
    packets.hint(&mut response);
    Ok(response)
}

fn filter(params: &Params) -> Result<EventFilter, Invalid> {
    let (edge, direction) = (params.filled("Edge"), params.filled("Direction"));
    Ok(EventFilter {
        kinds: vec![EventKind::Media],
        edge: edge.map(|value| value.word()).transpose()?,
        or_progress: false,
        direction: direction.map(|value| value.word()).transpose()?,
    })
}
