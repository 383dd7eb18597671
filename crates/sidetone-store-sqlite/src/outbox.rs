//! The outbox: what comes to be delivered, and what was given up. What is done in between is in
//! `outbox/turn.rs`.

pub(crate) mod backlog;
pub(crate) mod listed;
pub(crate) mod quota;
pub(crate) mod turn;

use std::sync::LazyLock;

use rusqlite::{Connection, Row, params};
use sidetone_core::id::{AccountSid, CallSid, SinkSid};
use sidetone_core::time::TimeUs;

use super::account;
use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use sidetone_store::delivery::{Content, DeliveryId, EndpointId, Method, NewDelivery, Signature};
use sidetone_store::{StoreError, Topic};

/// Queues a dead letter anew, by its identity or by its row.
static REPLAY: LazyLock<String> = LazyLock::new(|| {
    let which = "select min(id) from outbox where sid = ?1 and dead_us is not null and (?3 is null or account = ?3)";
    include_str!("outbox/replay.sql").replace("WHICH", which)
});
static REPLAY_ROW: LazyLock<String> =
    LazyLock::new(|| include_str!("outbox/replay.sql").replace("WHICH", "?1"));

/// Adds a delivery, in the transaction of what it tells about. One for a sink that is not there is
/// left out.
pub(super) fn add(tx: &mut WriteTx<'_>, delivery: &NewDelivery) -> Result<()> {
    let account = account::existing(tx.conn, delivery.account)?;
    let (request, event) = match &delivery.content {
        Content::Request(request) => (Some(request), None),
        Content::Event(event) => (None, Some(event)),
    };
    if let Some(event) = event
        && !has_sink(tx.conn, account.id, event.sink)?
    {
        return Ok(());
    }
    let body = request.and_then(|request| request.body.as_ref());
    let (content_type, body) = body.map(|(kind, body)| (kind, body)).unzip();
    let headers = request.map(|request| &request.headers);
    let headers = headers.filter(|it| !it.is_empty()).map(ToString::to_string);
    tx.conn
        .prepare_cached(include_str!("outbox/add_delivery.sql"))?
        .execute(params![
            delivery.id.as_bytes(),
            account.id,
            delivery.content.endpoint(delivery.account).number(),
            delivery.subject,
            delivery.kind,
            request.map(|request| number_of(request.method)),
            request.map(|request| &request.url),
            content_type,
            body,
            delivery.created_at.micros(),
            headers,
            number_of_signature(delivery.signature),
            event.map(|event| *event.sink.as_bytes()),
            event.map(|event| event.at.micros()),
            event.and_then(|event| event.position),
            event.map(|event| event.version),
            event
                .map(|event| event.account)
                .filter(|account| *account != delivery.account)
                .map(|account| *account.as_bytes()),
            event.map(|event| event.personal_data.index()),
            account.shard(subject_of(delivery)).bucket,
        ])?;
    tx.ring(Topic::Deliveries);
    Ok(())
}

fn has_sink(conn: &Connection, account: i64, sink: SinkSid) -> Result<bool> {
    let mut there = conn.prepare_cached("select 1 from sink where sid = ?1 and account = ?2")?;
    Ok(there.exists(params![sink.as_bytes(), account])?)
}

/// What it is spread by: deliveries about a call are where the call is, others as if what they are
/// about, or they themselves, were one.
fn subject_of(delivery: &NewDelivery) -> CallSid {
    CallSid::from_bytes(delivery.subject.unwrap_or(*delivery.id.as_bytes()))
}

const fn number_of(method: Method) -> i64 {
    match method {
        Method::Get => 0,
        Method::Post => 1,
    }
}

/// `None`: there is no such number.
pub(crate) const fn method_of(number: i64) -> Option<Method> {
    match number {
        0 => Some(Method::Get),
        1 => Some(Method::Post),
        _ => None,
    }
}

const fn number_of_signature(signature: Signature) -> i64 {
    match signature {
        Signature::Twilio => 0,
        Signature::None => 1,
    }
}

/// `None`: there is no such number.
pub(crate) const fn signature_of(number: i64) -> Option<Signature> {
    match number {
        0 => Some(Signature::Twilio),
        1 => Some(Signature::None),
        _ => None,
    }
}

/// The sink that a delivery is for, if it is for one.
pub(crate) fn sink_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<SinkSid>> {
    let sink: Option<[u8; 16]> = row.get(column)?;
    Ok(sink.map(SinkSid::from_bytes))
}

/// Queues dead letters anew, in the order given.
pub(super) fn replay(
    tx: &mut WriteTx<'_>,
    account: Option<AccountSid>,
    letters: &[DeliveryId],
    now: TimeUs,
) -> Result<()> {
    let account = match account {
        Some(account) => Some(account::existing(tx.conn, account)?.id),
        None => None,
    };
    let mut replay = tx.conn.prepare_cached(&REPLAY)?;
    for id in letters {
        if replay.execute(params![id.as_bytes(), now.micros(), account])? == 0 {
            return Err(Error(StoreError::NotFound(format!("dead letter {id}"))));
        }
    }
    drop(replay);
    tx.ring(Topic::Deliveries);
    Ok(())
}

/// Queues anew up to so many of the dead letters of a sink, of those that were there up to a row. Says how
/// many they were.
pub(super) fn replay_sink(
    tx: &mut WriteTx<'_>,
    sink: SinkSid,
    until: i64,
    most: usize,
    now: TimeUs,
) -> Result<usize> {
    let endpoint = EndpointId::of_sink(sink).number();
    let mut dead = tx.conn.prepare_cached(
        "select id from outbox indexed by outbox_dead_endpoint
         where endpoint = ?1 and dead_us is not null and id <= ?2 order by id limit ?3",
    )?;
    let ids = dead.query_map(params![endpoint, until, most], |row| row.get::<_, i64>(0))?;
    let ids = ids.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut replay = tx.conn.prepare_cached(&REPLAY_ROW)?;
    for id in &ids {
        replay.execute(params![id, now.micros()])?;
    }
    drop((dead, replay));
    if !ids.is_empty() {
        tx.ring(Topic::Deliveries);
    }
    Ok(ids.len())
}

/// The last row there is.
pub(super) fn last(conn: &Connection) -> Result<i64> {
    let mut last = conn.prepare_cached("select coalesce(max(id), 0) from outbox")?;
    Ok(last.query_row([], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_of_what_it_was_made_of_or_of_nothing() {
        for method in [Method::Get, Method::Post] {
            assert_eq!(method_of(number_of(method)), Some(method));
        }
        for signature in [Signature::Twilio, Signature::None] {
            assert_eq!(
                signature_of(number_of_signature(signature)),
                Some(signature)
            );
        }
        for number in [-1, 2, i64::MAX] {
            assert_eq!((method_of(number), signature_of(number)), (None, None));
        }
    }
}
