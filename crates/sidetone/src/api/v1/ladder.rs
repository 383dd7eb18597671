//! `GET /v1/Voice/{CallSid}/Ladder`: who sent what to whom in a call, and what was said about it
//! meanwhile. Ours.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use sidetone_core::event::{CallEvent, EventKind, Observation};
use sidetone_core::fold::ladder::{Content, Ladder, Rung};
use sidetone_core::fold::{Derived, Route};
use sidetone_core::id::CallRef;
use sidetone_store::page::{Page, PageRequest, RowKey, Start};
use sidetone_store::{AnnotationChange, EventFilter};

use super::packets::Packets;
use super::path::CallPath;
use super::render::ladder::{LadderItem, Participant, participants};
use super::{lookup, merged};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::page::{ListRequest, Meta, PageQuery};
use crate::app::App;
use crate::web::json::Json;

const PAGE_SIZE: u64 = 50;
/// The latest changes of the annotation that are shown.
const CHANGES_MAX: usize = 1_000;
/// Events read at a time for their texts.
const CHUNK: usize = 500;
/// The most text of SIP messages in one page. One message is always shown.
const TEXTS_MAX_BYTES: usize = 4 << 20;

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
    if raw == Some(true) && !caller.sees_numbers() {
        return Err(ApiError::not_for(caller.role.as_str()));
    }
    // The annotation is the cheapest proof that the call is there.
    let call = lookup::annotation(&app, lookup::scope(&caller), sid)
        .await?
        .call;

    let mut packets = Packets::read(&app, call, Some(Ladder::default()), rows).await?;
    let share = app.bounds.page(query.size).await?;
    let (mut made, route) = std::mem::take(&mut packets.told);
    made.extend(changes(&app, call).await?);

    let asked = query.request();
    let app = &app;
    let read = |asked| async move { told(app, call, &asked).await };
    let mut page = merged::read(made, &asked, read).await?;
    let texts = match raw {
        Some(true) => texts(app, call, &mut page, asked.start).await?,
        _ => HashMap::new(),
    };
    let meta = list.meta("ladder", &query, &page, now);
    let told = move || {
        let route = route.as_ref();
        let items = page.rows.iter().map(|(_, row)| match row {
            Row::Packet(rung) => LadderItem::of_packet(rung, route, texts.get(&rung.position)),
            Row::Event(event) => LadderItem::of_event(event),
            Row::Change(change) => LadderItem::of_change(change),
        });
        let ladder = LadderPage {
            meta,
            ladder: items.collect(),
            participants: route.map(participants).unwrap_or_default(),
        };
        Json(ladder).holding(share)
    };
    let mut response = app.bounds.making(told).await?;
    packets.hint(&mut response);
    Ok(response)
}

/// A call's packets and what was made of them, with their row keys, and where packets belong.
fn rows(derived: Option<Derived>, rungs: Vec<Rung>) -> (Vec<(RowKey, Row)>, Option<Route>) {
    let rungs = rungs.into_iter().map(|rung| {
        let row_key = RowKey {
            key: rung.at.micros(),
            id: rung.position,
        };
        (row_key, Row::Packet(rung))
    });
    let (warnings, route) = match derived {
        Some(derived) => (derived.warnings, Some(derived.route)),
        None => Default::default(),
    };
    let warnings =
        merged::with_row_keys(warnings).map(|(row_key, event)| (row_key, Row::Event(event)));
    (rungs.chain(warnings).collect(), route)
}

/// What a call was told of beside its packets.
async fn told(
    app: &App,
    call: CallRef,
    request: &PageRequest,
) -> Result<Page<(RowKey, Row)>, ApiError> {
    let filter = EventFilter {
        kinds: vec![EventKind::Progress, EventKind::Edge],
        ..EventFilter::default()
    };
    let page = app.store.events(call, &filter, request).await?;
    let rows = page.rows.into_iter();
    Ok(Page {
        rows: rows
            .map(|(row_key, event)| (row_key, Row::Event(event)))
            .collect(),
        before: page.before,
        after: page.after,
        damaged: page.damaged,
    })
}

/// What was said about a call, by our clock.
async fn changes(app: &App, call: CallRef) -> Result<Vec<(RowKey, Row)>, ApiError> {
    let latest = PageRequest {
        start: Start::First { skip: 0 },
        size: CHANGES_MAX,
    };
    let changes = app.store.annotation_history(call, &latest).await?.rows;
    let rows = changes.into_iter().map(|change| {
        let name = format!("annotation:{}:{}", change.author, change.revision);
        (
            merged::row_key_of_made(change.at, &name),
            Row::Change(change),
        )
    });
    Ok(rows.collect())
}

/// The texts of the SIP messages of a page, by their positions: those between its first row and its
/// last are read again. A page with more text than fits ends earlier.
async fn texts(
    app: &App,
    call: CallRef,
    page: &mut Page<(RowKey, Row)>,
    start: Start,
) -> Result<HashMap<i64, String>, ApiError> {
    let is_backwards = matches!(start, Start::Before(_));
    let mut wanted: Vec<RowKey> = page
        .rows
        .iter()
        .filter_map(|(row_key, row)| match row {
            Row::Packet(rung) => matches!(rung.content, Content::Sip(_)).then_some(*row_key),
            Row::Event(_) | Row::Change(_) => None,
        })
        .collect();
    if is_backwards {
        wanted.reverse();
    }
    let positions: HashSet<i64> = wanted.iter().map(|row_key| row_key.id).collect();
    let filter = EventFilter {
        kinds: vec![EventKind::Sip],
        ..EventFilter::default()
    };
    let mut texts = HashMap::new();
    let mut room = TEXTS_MAX_BYTES;
    let mut read_to: Option<RowKey> = None;
    for row_key in wanted {
        if read_to.is_some_and(|to| {
            if is_backwards {
                row_key >= to
            } else {
                row_key <= to
            }
        }) {
            continue;
        }
        if room == 0 {
            cut(page, row_key, is_backwards);
            break;
        }
        // From this message on, in whichever direction.
        let start = if is_backwards {
            Start::Before(RowKey {
                id: row_key.id.saturating_add(1),
                ..row_key
            })
        } else {
            Start::After(RowKey {
                id: row_key.id.saturating_sub(1),
                ..row_key
            })
        };
        let request = PageRequest { start, size: CHUNK };
        let chunk = app.store.events(call, &filter, &request).await?;
        let far = if is_backwards {
            chunk.rows.first()
        } else {
            chunk.rows.last()
        };
        read_to = far.map(|(row_key, _)| *row_key);
        for (row_key, event) in chunk.rows {
            if let Observation::Sip { sip } = event.observation
                && positions.contains(&row_key.id)
            {
                room = room.saturating_sub(sip.text.len());
                texts.insert(row_key.id, sip.text);
            }
        }
    }
    Ok(texts)
}

/// Ends a page before a row, or, read backwards, behind it.
fn cut(page: &mut Page<(RowKey, Row)>, at: RowKey, is_backwards: bool) {
    if is_backwards {
        page.rows.retain(|(row_key, _)| *row_key > at);
        page.before = page.rows.first().map(|(row_key, _)| *row_key);
    } else {
        page.rows.retain(|(row_key, _)| *row_key < at);
        page.after = page.rows.last().map(|(row_key, _)| *row_key);
    }
}
