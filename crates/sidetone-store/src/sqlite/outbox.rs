//! The outbox: what waits to be delivered, and what was given up.
//!
//! Of the deliveries of one endpoint about one subject only the first is due at a time; those behind it have no such
//! time, so that whoever takes never has to pass over them. When the first is gone, the next one becomes due.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;

use super::account;
use super::leases::{Lease, Leases};
use super::paging::{self, Toward};
use super::writer::Work;
use crate::delivery::{
    DeadLetter, Delivery, DeliveryId, DeliveryRequest, EndpointId, Method, NewDelivery, Outcome,
};
use crate::page::{Page, PageRequest, Place};
use crate::{Result, StoreError};

/// Bytes of bodies that are handed out at once, but for the last: whoever takes holds them in memory.
const TAKE_MAX_BYTES: usize = 256 << 10;

/// Adds a delivery, in the transaction of what it tells about.
pub(super) fn add(work: &mut Work<'_>, delivery: &NewDelivery) -> Result<()> {
    let (account, _) = account::existing(work.conn, delivery.account)?;
    let request = &delivery.request;
    let (content_type, body) = request
        .body
        .as_ref()
        .map(|(kind, body)| (kind, body))
        .unzip();
    work.conn
        .prepare_cached(include_str!("add_delivery.sql"))?
        .execute(params![
            delivery.id.as_bytes(),
            account,
            EndpointId::of(delivery.account, &request.url).number(),
            delivery.subject,
            delivery.kind,
            number_of(request.method),
            request.url,
            content_type,
            body,
            delivery.created_at.micros(),
        ])?;
    Ok(())
}

const fn number_of(method: Method) -> i64 {
    match method {
        Method::Get => 0,
        Method::Post => 1,
    }
}

/// Endpoints with a delivery that is due and in nobody's hands, longest due first.
pub(super) fn due_endpoints(
    conn: &Connection,
    leases: &Leases,
    now: TimeUs,
    limit: usize,
) -> Result<Vec<EndpointId>> {
    // From each endpoint that has anything waiting to the next, without reading what waits there.
    let mut following = conn.prepare_cached(
        "select min(endpoint) from outbox where due_us is not null and endpoint > ?1",
    )?;
    let mut due = conn.prepare_cached(
        "select sid, due_us from outbox where endpoint = ?1 and due_us <= ?2 order by due_us",
    )?;
    let (mut found, mut last) = (Vec::new(), -1_i64);
    while let Some(endpoint) = following.query_row([last], |row| row.get::<_, Option<i64>>(0))? {
        let mut rows = due.query([endpoint, now.micros()])?;
        while let Some(row) = rows.next()? {
            if !leases.is_held(&id_of(row, 0)?, now) {
                found.push((row.get::<_, i64>(1)?, endpoint));
                break;
            }
        }
        last = endpoint;
    }
    found.sort_unstable();
    found.truncate(limit);
    let endpoints = found.into_iter();
    Ok(endpoints
        .map(|(_, endpoint)| EndpointId::from_number(endpoint))
        .collect())
}

/// Settles what was taken before, then takes what is due. The leases of what was settled are still to be released, when
/// it is durable.
pub(super) fn settle_and_take(
    work: &mut Work<'_>,
    leases: &Leases,
    settled: &[(DeliveryId, Outcome)],
    taking: &Taking,
) -> Result<Vec<Delivery>> {
    for (id, outcome) in settled {
        if let Some(row) = leases.row(id) {
            settle(work.conn, row, *id, outcome, taking.now)?;
        }
    }
    take(work.conn, leases, taking)
}

/// What is to be taken.
pub(super) struct Taking {
    pub(super) endpoint: EndpointId,
    pub(super) limit: usize,
    pub(super) now: TimeUs,
    pub(super) lease_until: TimeUs,
    /// Marks the leases, so that they can be undone together.
    pub(super) ticket: u64,
}

fn settle(
    conn: &Connection,
    row: i64,
    id: DeliveryId,
    outcome: &Outcome,
    now: TimeUs,
) -> Result<()> {
    let endpoint_and_subject = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    // Somebody else whose lease ran out may have settled it as well.
    let gone: Option<(i64, Option<[u8; 16]>)> = match outcome {
        Outcome::Untried => None,
        Outcome::Delivered => conn
            .prepare_cached(
                "delete from outbox where id = ?1 and sid = ?2 returning endpoint, subject",
            )?
            .query_row(params![row, id.as_bytes()], endpoint_and_subject)
            .optional()?,
        Outcome::Failed {
            error,
            retry_at: Some(at),
        } => {
            conn.prepare_cached(
                "update outbox set attempts = attempts + 1, last_error = ?3, due_us = ?4
                 where id = ?1 and sid = ?2 and due_us is not null",
            )?
            .execute(params![row, id.as_bytes(), error, at.micros()])?;
            None
        }
        Outcome::Failed {
            error,
            retry_at: None,
        } => conn
            .prepare_cached(
                "update outbox set attempts = attempts + 1, last_error = ?3, due_us = null, dead_us = ?4
                 where id = ?1 and sid = ?2 and due_us is not null returning endpoint, subject",
            )?
            .query_row(
                params![row, id.as_bytes(), error, now.micros()],
                endpoint_and_subject,
            )
            .optional()?,
    };
    if let Some((endpoint, Some(subject))) = gone {
        conn.prepare_cached(
            // It has not been tried yet: its three days begin now.
            "update outbox set due_us = ?3, queued_us = ?3 where due_us is null and id =
               (select min(id) from outbox where endpoint = ?1 and subject = ?2 and dead_us is null)",
        )?
        .execute(params![endpoint, subject, now.micros()])?;
    }
    Ok(())
}

fn take(conn: &Connection, leases: &Leases, taking: &Taking) -> Result<Vec<Delivery>> {
    let mut taken = Vec::new();
    let mut bytes = 0;
    let mut statement = conn.prepare_cached(include_str!("take_deliveries.sql"))?;
    let mut rows = statement.query([taking.endpoint.number(), taking.now.micros()])?;
    while taken.len() < taking.limit
        && bytes < TAKE_MAX_BYTES
        && let Some(row) = rows.next()?
    {
        let id = id_of(row, 0)?;
        let lease = Lease {
            row: row.get(11)?,
            until: taking.lease_until,
            ticket: taking.ticket,
        };
        if leases.lease(id, taking.now, lease) {
            let delivery = read(row, taking.endpoint)?;
            bytes += delivery
                .request
                .body
                .as_ref()
                .map_or(0, |(_, body)| body.len());
            taken.push(delivery);
        }
    }
    Ok(taken)
}

fn id_of(row: &Row<'_>, column: usize) -> Result<DeliveryId> {
    Ok(DeliveryId::from_bytes(row.get(column)?))
}

fn read(row: &Row<'_>, endpoint: EndpointId) -> Result<Delivery> {
    let content_type: Option<String> = row.get(6)?;
    Ok(Delivery {
        id: id_of(row, 0)?,
        account: AccountSid::from_bytes(row.get(1)?),
        endpoint,
        subject: row.get(2)?,
        kind: row.get(3)?,
        request: DeliveryRequest {
            method: match row.get::<_, i64>(4)? {
                0 => Method::Get,
                _ => Method::Post,
            },
            url: row.get(5)?,
            body: match content_type {
                Some(content_type) => Some((content_type, row.get(7)?)),
                None => None,
            },
        },
        created_at: TimeUs::from_micros(row.get(8)?),
        queued_at: TimeUs::from_micros(row.get(9)?),
        attempts: row.get(10)?,
    })
}

pub(super) fn dead_letters(
    conn: &Connection,
    account: Option<AccountSid>,
    request: &PageRequest,
) -> Result<Page<DeadLetter>> {
    let account = account.as_ref().map(AccountSid::as_bytes);
    let page = paging::page(
        request,
        |(row, letter): &(i64, DeadLetter)| Place {
            key: letter.died_at.micros(),
            id: *row,
        },
        |toward, place, limit| {
            let (sql, outermost) = match toward {
                Toward::End => (include_str!("dead_letters.sql"), i64::MIN),
                Toward::Beginning => (include_str!("dead_letters_before.sql"), i64::MAX),
            };
            let place = place.unwrap_or(Place {
                key: outermost,
                id: outermost,
            });
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = conn.prepare_cached(sql)?;
            let rows =
                statement.query_map(params![account, place.key, place.id, limit], |row| {
                    let letter = DeadLetter {
                        id: DeliveryId::from_bytes(row.get(1)?),
                        account: AccountSid::from_bytes(row.get(2)?),
                        kind: row.get(3)?,
                        url: row.get(4)?,
                        created_at: TimeUs::from_micros(row.get(5)?),
                        died_at: TimeUs::from_micros(row.get(6)?),
                        attempts: row.get(7)?,
                        error: row.get(8)?,
                    };
                    Ok((row.get(0)?, letter))
                })?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        },
    )?;
    Ok(Page {
        rows: page.rows.into_iter().map(|(_, letter)| letter).collect(),
        before: page.before,
        after: page.after,
    })
}

/// Queues dead letters anew, in the order given.
pub(super) fn replay(work: &mut Work<'_>, letters: &[DeliveryId], now: TimeUs) -> Result<()> {
    let mut replay = work.conn.prepare_cached(include_str!("replay.sql"))?;
    for id in letters {
        if replay.execute(params![id.as_bytes(), now.micros()])? == 0 {
            return Err(StoreError::NotFound(format!("dead letter {id}")));
        }
    }
    Ok(())
}
