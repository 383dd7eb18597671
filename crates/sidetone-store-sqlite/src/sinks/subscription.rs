//! Subscriptions: what sinks are sent.

use rusqlite::{Connection, Row, params};
use sidetone_core::id::{AccountSid, SinkSid, SubscriptionSid};
use sidetone_core::time::TimeUs;

use super::{SinkRow, existing, find, in_use, note};
use crate::account;
use crate::engine::write_tx::WriteTx;
use crate::error::{Error, Result};
use crate::rows::checksum::expect_sound;
use crate::rows::paging::latest_first;
use crate::rows::tables::SUBSCRIPTION;
use sidetone_store::page::{Page, PageRequest};
use sidetone_store::sinks::{SinkStatus, Stream, SubscribedType, Subscription, TYPES_MAX};
use sidetone_store::{StoreError, Topic};

fn selected() -> String {
    format!(
        "select subscription.id, subscription.sid, account.sid, sink.sid, subscription.description, selection, types,
                subscription.created_us, subscription.updated_us, {}
         from subscription
         cross join account on account.id = subscription.account cross join sink on sink.id = subscription.sink",
        SUBSCRIPTION.is_sound("subscription.")
    )
}

fn read(row: &Row<'_>) -> Result<(i64, Subscription)> {
    let id: i64 = row.get(0)?;
    expect_sound(row.get(9)?, || format!("table subscription, row {id}"))?;
    let types: String = row.get(6)?;
    let types: Vec<(String, u32)> = serde_json::from_str(&types)?;
    let types = types
        .into_iter()
        .map(|(name, schema_version)| SubscribedType {
            name,
            schema_version,
        });
    let subscription = Subscription {
        sid: SubscriptionSid::from_bytes(row.get(1)?),
        account: AccountSid::from_bytes(row.get(2)?),
        sink: SinkSid::from_bytes(row.get(3)?),
        description: row.get(4)?,
        selection: row.get(5)?,
        types: types.collect(),
        created_at: TimeUs::from_micros(row.get(7)?),
        updated_at: TimeUs::from_micros(row.get(8)?),
    };
    Ok((id, subscription))
}

/// Types as they are stored.
fn stored(types: &[SubscribedType]) -> Result<String> {
    let pairs: Vec<_> = types
        .iter()
        .map(|it| (&it.name, it.schema_version))
        .collect();
    Ok(serde_json::to_string(&pairs)?)
}

fn row_of(
    conn: &Connection,
    account: AccountSid,
    sid: SubscriptionSid,
) -> Result<Option<(i64, Subscription)>> {
    let sql = selected() + " where subscription.sid = ?1 and account.sid = ?2";
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([sid.as_bytes(), account.as_bytes()])?;
    rows.next()?.map(read).transpose()
}

fn existing_row(
    conn: &Connection,
    account: AccountSid,
    sid: SubscriptionSid,
) -> Result<(i64, Subscription)> {
    row_of(conn, account, sid)?
        .ok_or_else(|| Error(StoreError::NotFound(format!("subscription {sid}"))))
}

pub(crate) fn subscription(
    conn: &Connection,
    account: AccountSid,
    sid: SubscriptionSid,
) -> Result<Option<Subscription>> {
    Ok(row_of(conn, account, sid)?.map(|(_, subscription)| subscription))
}

/// A page of an account's, or of those of one sink, latest first.
pub(crate) fn page(
    conn: &Connection,
    account: AccountSid,
    sink: Option<SinkSid>,
    request: &PageRequest,
) -> Result<Page<Subscription>> {
    let Some(account) = account::find(conn, account)? else {
        return Ok(Page::default());
    };
    let select = selected() + " where subscription.account = ?3 and (?4 is null or sink.sid = ?4)";
    let sink = sink.map(|sink| *sink.as_bytes());
    latest_first(
        conn,
        request,
        ("subscription", &select),
        &[&account.id, &sink],
        |row| Ok(read(row)?.1),
    )
}

/// All that is streamed. What is damaged is left out: `check` tells of it.
pub(crate) fn streams(conn: &Connection) -> Result<Vec<Stream>> {
    let mut statement = conn.prepare_cached(&(selected() + " order by subscription.id"))?;
    let mut rows = statement.query([])?;
    let mut streams = Vec::new();
    while let Some(row) = rows.next()? {
        match stream(conn, row) {
            Ok(stream) => streams.extend(stream),
            Err(Error(StoreError::Corrupt(_))) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(streams)
}

fn stream(conn: &Connection, row: &Row<'_>) -> Result<Option<Stream>> {
    let (_, subscription) = read(row)?;
    let sink = find(conn, subscription.account, subscription.sink)?;
    Ok(sink.map(|sink| Stream { sink, subscription }))
}

pub(crate) fn create(tx: &mut WriteTx<'_>, subscription: &Subscription, by: &str) -> Result<()> {
    let account = account::existing(tx.conn, subscription.account)?.id;
    let SinkRow { id, sink, is_used } = existing(tx.conn, subscription.account, subscription.sink)?;
    if is_used {
        return Err(in_use(sink.sid));
    }
    if sink.status != SinkStatus::Active {
        return Err(Error(StoreError::Invalid(format!(
            "sink {} is {}, and must be active to be subscribed",
            sink.sid, sink.status
        ))));
    }
    let types = &subscription.types;
    expect_room(types.len())?;
    for (place, it) in types.iter().enumerate() {
        if types.iter().take(place).any(|other| other.name == it.name) {
            return Err(Error(StoreError::Invalid(format!(
                "the type '{}' is there twice",
                it.name
            ))));
        }
    }
    let columns = [
        "sid",
        "account",
        "sink",
        "description",
        "selection",
        "types",
        "created_us",
        "updated_us",
    ];
    tx.conn
        .prepare_cached(&SUBSCRIPTION.insert_columns(&columns))?
        .execute(params![
            subscription.sid.as_bytes(),
            account,
            id,
            subscription.description,
            subscription.selection,
            stored(types)?,
            subscription.created_at.micros(),
            subscription.updated_at.micros()
        ])?;
    let at = subscription.created_at;
    note(tx, (sink.account, sink.sid), "subscribed", by, at)
}

/// A subscription has so many types at most.
fn expect_room(types: usize) -> Result<()> {
    if types <= TYPES_MAX {
        return Ok(());
    }
    Err(Error(StoreError::Invalid(format!(
        "a subscription may have {TYPES_MAX} types, not {types}"
    ))))
}

pub(crate) fn describe(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    sid: SubscriptionSid,
    description: String,
    now: TimeUs,
) -> Result<Subscription> {
    let (id, was) = existing_row(tx.conn, account, sid)?;
    if description == was.description {
        return Ok(was);
    }
    tx.conn
        .prepare_cached(&SUBSCRIPTION.update(&["description", "updated_us"]))?
        .execute(params![description, now.micros(), id])?;
    tx.ring(Topic::Streams);
    Ok(Subscription {
        description,
        updated_at: now,
        ..was
    })
}

pub(crate) fn delete(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    sid: SubscriptionSid,
    by: &str,
    now: TimeUs,
) -> Result<bool> {
    let Some((id, was)) = row_of(tx.conn, account, sid)? else {
        return Ok(false);
    };
    tx.conn
        .prepare_cached("delete from subscription where id = ?1")?
        .execute([id])?;
    note(tx, (account, was.sink), "unsubscribed", by, now)?;
    Ok(true)
}

/// Adds a type, or gives it another version.
pub(crate) fn subscribe(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    sid: SubscriptionSid,
    subscribed: SubscribedType,
    by: &str,
    now: TimeUs,
) -> Result<()> {
    let told = format!(
        "subscribed to {} {}",
        subscribed.name, subscribed.schema_version
    );
    let (id, was) = existing_row(tx.conn, account, sid)?;
    let mut types = was.types.clone();
    match types.iter_mut().find(|it| it.name == subscribed.name) {
        Some(there) => *there = subscribed,
        None => types.push(subscribed),
    }
    if types == was.types {
        return Ok(());
    }
    expect_room(types.len())?;
    put_types(tx, id, &types, now)?;
    note(tx, (account, was.sink), &told, by, now)
}

/// Takes a type out. Says whether it was there.
pub(crate) fn unsubscribe(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    sid: SubscriptionSid,
    name: &str,
    by: &str,
    now: TimeUs,
) -> Result<bool> {
    let (id, was) = existing_row(tx.conn, account, sid)?;
    let mut types = was.types.clone();
    types.retain(|it| it.name != name);
    if types == was.types {
        return Ok(false);
    }
    put_types(tx, id, &types, now)?;
    let told = format!("unsubscribed from {name}");
    note(tx, (account, was.sink), &told, by, now)?;
    Ok(true)
}

fn put_types(tx: &WriteTx<'_>, id: i64, types: &[SubscribedType], now: TimeUs) -> Result<()> {
    tx.conn
        .prepare_cached(&SUBSCRIPTION.update(&["types", "updated_us"]))?
        .execute(params![stored(types)?, now.micros(), id])?;
    Ok(())
}
