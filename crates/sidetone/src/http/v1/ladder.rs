//! `GET /v1/Voice/{CallSid}/Ladder`: who sent what to whom in a call, and what was said about it meanwhile. Ours.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sidetone_core::event::{CallEvent, EventKind, Observation};
use sidetone_core::fold::ladder::{Content, Ladder, Rung};
use sidetone_core::fold::{Derived, Route};
use sidetone_core::id::CallRef;
use sidetone_store::page::{Page, PageRequest, Place, Start};
use sidetone_store::{AnnotationChange, EventFilter};

use super::packets::Packets;
use super::path::CallPath;
use super::render::ladder::{LadderItem, Participant, participants};
use super::{lookup, merged};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::json::Json;
use crate::http::page::{ListRequest, Meta, PageQuery};

const PAGE_SIZE: u64 = 50;
/// The latest changes of the annotation that are shown.
const CHANGES_MAX: usize = 1_000;
/// Events read at a time for their texts.
const CHUNK: usize = 500;

/// A row of the ladder.
#[derive(Debug)]
enum Row {
    Packet(Rung),
    Event(CallEvent),
    Change(AnnotationChange),
}

#[derive(Serialize)]
struct LadderPage<'a> {
    meta: Meta,
    ladder: Vec<LadderItem<'a>>,
    participants: Vec<Participant>,
}

/// Answers with a page of the ladder, earliest first.
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
    let raw = request.params.filled("Raw").map(|value| value.boolean());
    let raw = raw.transpose().map_err(ApiError::invalid_query)?;
    // The annotation is the cheapest proof that the call is there.
    let call = lookup::annotation(&app, &caller, sid).await?.call;

    let mut packets = Packets::read(&app, call, Some(Ladder::default()), rows).await?;
    let (mut made, route) = std::mem::take(&mut packets.told);
    let route = route.as_ref();
    made.extend(changes(&app, call).await?);

    let asked = query.request();
    let stored = told(&app, call, &merged::of_stored(&asked)).await?;
    let page = merged::page(stored, made, &asked);
    let texts = match raw {
        Some(true) => texts(&app, call, &page).await?,
        _ => HashMap::new(),
    };
    let items = page.rows.iter().map(|(_, row)| match row {
        Row::Packet(rung) => LadderItem::of_packet(rung, route, texts.get(&rung.position)),
        Row::Event(event) => LadderItem::of_event(event),
        Row::Change(change) => LadderItem::of_change(change),
    });
    let mut response = Json(LadderPage {
        meta: list.meta("ladder", &query, &page, now),
        ladder: items.collect(),
        participants: route.map(participants).unwrap_or_default(),
    })
    .into_response();
    packets.hint(&mut response);
    Ok(response)
}

/// A call's packets and what was made of them, with their places, and where packets belong.
fn rows(derived: Option<Derived>, rungs: Vec<Rung>) -> (Vec<(Place, Row)>, Option<Route>) {
    let rungs = rungs.into_iter().map(|rung| {
        let place = Place {
            key: rung.at.micros(),
            id: rung.position,
        };
        (place, Row::Packet(rung))
    });
    let (warnings, route) = match derived {
        Some(derived) => (derived.warnings, Some(derived.route)),
        None => Default::default(),
    };
    let warnings = merged::with_places(warnings).map(|(place, event)| (place, Row::Event(event)));
    (rungs.chain(warnings).collect(), route)
}

/// What a call was told of beside its packets.
async fn told(
    app: &App,
    call: CallRef,
    request: &PageRequest,
) -> Result<Page<(Place, Row)>, ApiError> {
    let filter = EventFilter {
        kinds: vec![EventKind::Progress, EventKind::Edge],
        ..EventFilter::default()
    };
    let page = app.store.events(call, &filter, request).await?;
    let rows = page.rows.into_iter();
    Ok(Page {
        rows: rows
            .map(|(place, event)| (place, Row::Event(event)))
            .collect(),
        before: page.before,
        after: page.after,
        damaged: page.damaged,
    })
}

/// What was said about a call, by our clock.
async fn changes(app: &App, call: CallRef) -> Result<Vec<(Place, Row)>, ApiError> {
    let latest = PageRequest {
        start: Start::First { skip: 0 },
        size: CHANGES_MAX,
    };
    let changes = app.store.annotation_history(call, &latest).await?.rows;
    let rows = changes.into_iter().map(|change| {
        let name = format!("annotation:{}:{}", change.author, change.revision);
        (merged::place_of_made(change.at, &name), Row::Change(change))
    });
    Ok(rows.collect())
}

/// The texts of the SIP messages of a page, by their positions: those between its first row and its last are read again.
async fn texts(
    app: &App,
    call: CallRef,
    page: &Page<(Place, Row)>,
) -> Result<HashMap<i64, String>, ApiError> {
    let wanted = || {
        page.rows.iter().filter_map(|(place, row)| match row {
            Row::Packet(rung) => matches!(rung.content, Content::Sip(_)).then_some(*place),
            Row::Event(_) | Row::Change(_) => None,
        })
    };
    let mut texts = HashMap::new();
    let (Some(first), Some(last)) = (wanted().next(), wanted().next_back()) else {
        return Ok(texts);
    };
    let positions: Vec<i64> = wanted().map(|place| place.id).collect();
    let filter = EventFilter {
        kinds: vec![EventKind::Sip],
        ..EventFilter::default()
    };
    let mut from = Place {
        id: first.id.saturating_sub(1),
        ..first
    };
    while from < last {
        let request = PageRequest {
            start: Start::After(from),
            size: CHUNK,
        };
        let chunk = app.store.events(call, &filter, &request).await?;
        for (place, event) in chunk.rows {
            if let Observation::Sip { sip } = event.observation
                && positions.contains(&place.id)
            {
                texts.insert(place.id, sip.text);
            }
        }
        match chunk.after {
            Some(place) => from = place,
            None => break,
        }
    }
    Ok(texts)
}
