//! The outbox: what comes to be delivered, and what was given up. What is done in between is in
//! `outbox/turn.rs`.

pub(crate) mod quota;
pub(crate) mod turn;

use rusqlite::{Connection, params};
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::time::TimeUs;

use super::account;
use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use super::rows::paging::{self, Toward};
use sidetone_store::delivery::{
    DeadLetter, DeliveryId, EndpointId, Method, NewDelivery, Signature, WaitingDelivery,
};
use sidetone_store::page::{Page, PageRequest, RowKey};
use sidetone_store::{StoreError, Topic};

/// Adds a delivery, in the transaction of what it tells about.
pub(super) fn add(tx: &mut WriteTx<'_>, delivery: &NewDelivery) -> Result<()> {
    let account = account::existing(tx.conn, delivery.account)?;
    let request = &delivery.request;
    let (content_type, body) = request
        .body
        .as_ref()
        .map(|(kind, body)| (kind, body))
        .unzip();
    let headers = (!request.headers.is_empty()).then(|| request.headers.to_string());
    tx.conn
        .prepare_cached(include_str!("outbox/add_delivery.sql"))?
        .execute(params![
            delivery.id.as_bytes(),
            account.id,
            EndpointId::of(delivery.account, &request.url).number(),
            delivery.subject,
            delivery.kind,
            number_of(request.method),
            request.url,
            content_type,
            body,
            delivery.created_at.micros(),
            headers,
            number_of_signature(delivery.signature),
            account.shard(subject_of(delivery)).bucket,
        ])?;
    tx.ring(Topic::Deliveries);
    Ok(())
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

pub(super) fn dead_letters(
    conn: &Connection,
    account: Option<AccountSid>,
    request: &PageRequest,
) -> Result<Page<DeadLetter>> {
    let account = account.as_ref().map(AccountSid::as_bytes);
    let page = paging::page(
        request,
        |(row, letter): &(i64, DeadLetter)| RowKey {
            key: letter.died_at.micros(),
            id: *row,
        },
        |toward, row_key, limit| {
            let (sql, outermost) = match toward {
                Toward::End => (include_str!("outbox/dead_letters.sql"), i64::MIN),
                Toward::Beginning => (include_str!("outbox/dead_letters_before.sql"), i64::MAX),
            };
            let row_key = row_key.unwrap_or(RowKey {
                key: outermost,
                id: outermost,
            });
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = conn.prepare_cached(sql)?;
            let rows =
                statement.query_map(params![account, row_key.key, row_key.id, limit], |row| {
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
        damaged: page.damaged,
    })
}

pub(super) fn waiting(
    conn: &Connection,
    account: Option<AccountSid>,
    request: &PageRequest,
) -> Result<Page<WaitingDelivery>> {
    let account = account.as_ref().map(AccountSid::as_bytes);
    let page = paging::page(
        request,
        |(row, _): &(i64, WaitingDelivery)| RowKey {
            key: *row,
            id: *row,
        },
        |toward, row_key, limit| {
            let (sql, outermost) = match toward {
                Toward::End => (include_str!("outbox/waiting.sql"), i64::MIN),
                Toward::Beginning => (include_str!("outbox/waiting_before.sql"), i64::MAX),
            };
            let from = row_key.map_or(outermost, |row_key| row_key.id);
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query_map(params![account, from, limit], |row| {
                let retry_at: Option<i64> = row.get(6)?;
                let delivery = WaitingDelivery {
                    id: DeliveryId::from_bytes(row.get(1)?),
                    account: AccountSid::from_bytes(row.get(2)?),
                    kind: row.get(3)?,
                    url: row.get(4)?,
                    created_at: TimeUs::from_micros(row.get(5)?),
                    retry_at: retry_at.map(TimeUs::from_micros),
                    attempts: row.get(7)?,
                    error: row.get(8)?,
                };
                Ok((row.get(0)?, delivery))
            })?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        },
    )?;
    Ok(Page {
        rows: page.rows.into_iter().map(|(_, it)| it).collect(),
        before: page.before,
        after: page.after,
        damaged: page.damaged,
    })
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
    let mut replay = tx.conn.prepare_cached(include_str!("outbox/replay.sql"))?;
    for id in letters {
        if replay.execute(params![id.as_bytes(), now.micros(), account])? == 0 {
            return Err(Error(StoreError::NotFound(format!("dead letter {id}"))));
        }
    }
    drop(replay);
    tx.ring(Topic::Deliveries);
    Ok(())
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
