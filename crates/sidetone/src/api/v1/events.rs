//! `GET /v1/Voice/{CallSid}/Events`: what happened in a call: what it was told, and what its
//! packets show.

use axum::extract::State;
use axum::response::Response;
use sidetone_core::event::{CallEvent, EventKind, Observation};
use sidetone_core::fold::Derived;
use sidetone_core::fold::ladder::{Ladder, Rung};
use sidetone_core::summary::CallSummary;
use sidetone_core::vocabulary::EdgeKind;
use sidetone_store::page::{PageRequest, RowKey, Start};
use sidetone_store::{CallRecord, EventFilter};

use super::packets::Packets;
use super::path::CallPath;
use super::render::{event, sip_event};
use super::{lookup, merged};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::api::words::Words;
use crate::app::App;
use crate::web::form::{Invalid, Params};
use crate::web::json::Json;

const PAGE_SIZE: u64 = 50;

/// Answers with a page of events, earliest first.
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
    let edge = edge(&request.params).map_err(ApiError::invalid_query)?;
    let record = lookup::record(&app, &caller, sid).await?;
    let summary = record.summary.as_ref();
    let filter = EventFilter {
        kinds: vec![EventKind::Progress, EventKind::Edge],
        edge,
        or_progress: edge == event::main_edge(summary.and_then(|summary| summary.facts.call_type)),
        direction: None,
    };
    let mut packets = match summary {
        Some(summary) if summary.sip.is_some() => shown(&app, &record, summary).await?,
        _ => Packets::default(),
    };
    let share = app.bounds.page(query.size).await?;
    let mut made = std::mem::take(&mut packets.told);
    made.retain(|(_, event)| fits(&filter, event));
    let (store, filter) = (&app.store, &filter);
    let page = merged::read(made, &query.request(), |asked| async move {
        store.events(record.call, filter, &asked).await
    })
    .await?;
    let meta = list.meta("events", &query, &page, now);
    let told = move || {
        let summary = record.summary.as_ref();
        let rows = page.rows.iter();
        let rows = rows.filter_map(|(_, row)| event::render(row, summary));
        let rows = rows.collect();
        Json(Envelope { meta, rows }).holding(share)
    };
    let mut response = app.bounds.making(told).await?;
    packets.hint(&mut response);
    Ok(response)
}

/// What the packets of a call show: SIP messages, quality warnings and, where nobody told of them,
/// the call's steps.
///
/// # Errors
/// As the store's; 503 when others are read for too long.
pub async fn shown(
    app: &App,
    record: &CallRecord,
    summary: &CallSummary,
) -> Result<Packets<Vec<(RowKey, CallEvent)>>, ApiError> {
    let call = record.call;
    let is_told = is_progress_told(app, record).await?;
    let summary = summary.clone();
    let show = move |derived: Option<Derived>, rungs: Vec<Rung>| {
        let Some(derived) = derived else {
            return Vec::new();
        };
        let mut made = derived.warnings;
        for warning in &mut made {
            event::add_gateway(warning, &summary);
        }
        if !is_told {
            made.extend(derived.steps);
        }
        let messages = rungs.into_iter().filter_map(|rung| {
            let row_key = RowKey {
                key: rung.at.micros(),
                id: rung.position,
            };
            Some((row_key, sip_event::of(call, &rung, &derived.route)?))
        });
        merged::with_row_keys(made).chain(messages).collect()
    };
    Packets::read(app, call, Some(Ladder::default()), show).await
}

async fn is_progress_told(app: &App, record: &CallRecord) -> Result<bool, ApiError> {
    let filter = EventFilter {
        kinds: vec![EventKind::Progress],
        ..EventFilter::default()
    };
    let first = PageRequest {
        start: Start::First { skip: 0 },
        size: 1,
    };
    let page = app.store.events(record.call, &filter, &first).await?;
    Ok(!page.rows.is_empty())
}

/// As the store chooses.
fn fits(filter: &EventFilter, event: &CallEvent) -> bool {
    let Some(wanted) = filter.edge else {
        return true;
    };
    match &event.observation {
        Observation::Progress { .. } => filter.or_progress,
        Observation::Edge(edge) => edge.edge == Some(wanted),
        _ => false,
    }
}

fn edge(params: &Params) -> Result<Option<EdgeKind>, Invalid> {
    params.filled("Edge").map(|value| value.word()).transpose()
}
