//! `GET /v1/Voice/{CallSid}/Metrics`: media reports of a call, those it was told and those that
//! follow from its RTCP.

use axum::extract::State;
use axum::response::Response;
use sidetone_core::event::{CallEvent, EventKind, Observation};
use sidetone_core::fold::Derived;
use sidetone_store::EventFilter;

use super::packets::Packets;
use super::path::CallPath;
use super::render::metric;
use super::{lookup, merged};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::api::words::Words;
use crate::app::App;
use crate::web::form::{Invalid, Params};
use crate::web::json::Json;

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
    let mut packets = match &record.summary {
        Some(summary) if summary.sip.is_some() => {
            let filter = filter.clone();
            let series = move |derived: Option<Derived>, _| {
                let mut series = derived.map(|it| it.series).unwrap_or_default();
                series.retain(|event| fits(&filter, event));
                merged::with_row_keys(series).collect::<Vec<_>>()
            };
            Packets::read(&app, call, None, series).await?
        }
        _ => Packets::default(),
    };
    let share = app.bounds.page(query.size).await?;
    let made = std::mem::take(&mut packets.told);
    let (store, filter) = (&app.store, &filter);
    let page = merged::read(made, &query.request(), |asked| async move {
        store.events(call, filter, &asked).await
    })
    .await?;
    let meta = list.meta("metrics", &query, &page, now);
    let told = move || {
        let rows = page.rows.iter();
        let rows = rows.filter_map(|(_, event)| metric::render(event));
        let rows = rows.collect();
        Json(Envelope { meta, rows }).holding(share)
    };
    let mut response = app.bounds.making(told).await?;
    packets.hint(&mut response);
    Ok(response)
}

/// As the store chooses.
fn fits(filter: &EventFilter, event: &CallEvent) -> bool {
    match &event.observation {
        Observation::Media(sample) => {
            filter.edge.is_none_or(|edge| edge == sample.edge)
                && filter.direction.is_none_or(|it| it == sample.direction)
        }
        _ => false,
    }
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
