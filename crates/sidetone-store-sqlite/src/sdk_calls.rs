//! Calls that voice SDKs tell of: who speaks for each, and the events that wait for its name.

use rusqlite::{Connection, Row, params};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::TimeUs;

use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use super::event_log::event::{EVENT, PackedEvent, read_event};
use super::rows::checksum::expect_sound;
use super::rows::tables::SDK_CALL;
use super::{account, event_log};
use sidetone_store::sdk_calls::{Opener, SdkAppended, SdkEvents, UNNAMED_MAX, WAITING_MAX};
use sidetone_store::{Appended, NewEvent, StoreError};

/// A call as an SDK names it, by its row.
struct SdkCall {
    id: i64,
    opener: Opener,
    sid: Option<CallSid>,
}

impl SdkCall {
    fn read(row: &Row<'_>) -> Result<Self> {
        expect_sound(row.get(3)?, || "table sdk_call".to_owned())?;
        Ok(Self {
            id: row.get(0)?,
            opener: Opener(row.get(1)?),
            sid: row.get::<_, Option<[u8; 16]>>(2)?.map(CallSid::from_bytes),
        })
    }
}

/// The row whose column is one of the names of a call.
fn find(conn: &Connection, account: i64, name: &str, sid: CallSid) -> Result<Option<SdkCall>> {
    let mut statement = conn.prepare_cached(&format!(
        "select id, opener, sid, {} from sdk_call where account = ?1 and {name} = ?2",
        SDK_CALL.is_sound("")
    ))?;
    let mut rows = statement.query(params![account, sid.as_bytes()])?;
    rows.next()?.map(SdkCall::read).transpose()
}

pub(super) fn opener(
    conn: &Connection,
    account: AccountSid,
    sid: CallSid,
) -> Result<Option<Opener>> {
    let Some(account) = account::find(conn, account)? else {
        return Ok(None);
    };
    Ok(find(conn, account.id, "sid", sid)?.map(|call| call.opener))
}

/// Events as those of a call.
fn packed(events: &[NewEvent], call: CallRef) -> Result<Vec<PackedEvent>> {
    let of_call = |new: &NewEvent| {
        let mut new = new.clone();
        new.event.call = call;
        PackedEvent::of(&new)
    };
    events.iter().map(of_call).collect()
}

pub(super) fn append(tx: &mut WriteTx<'_>, told: &SdkEvents) -> Result<SdkAppended> {
    let conn = tx.conn;
    let Some(account) = account::find(conn, told.account)?.map(|account| account.id) else {
        let sid = told
            .sid
            .or(told.temporary)
            .unwrap_or(CallSid::from_bytes([0; 16]));
        let fates = vec![Appended::NoAccount; told.events.len()];
        return Ok(SdkAppended::ToCall(sid, fates));
    };
    let by_name = |name: &str, sid: Option<CallSid>| match sid {
        Some(sid) => find(conn, account, name, sid),
        None => Ok(None),
    };
    let temporary = by_name("temporary", told.temporary)?;
    let named = by_name("sid", told.sid)?;
    let is_foreign =
        |call: &Option<SdkCall>| call.as_ref().is_some_and(|call| call.opener != told.opener);
    if is_foreign(&temporary) || is_foreign(&named) {
        return Ok(SdkAppended::Foreign);
    }
    let sid = match (&temporary, told.sid) {
        // It has become a call of its own, or of the name that is told again.
        (
            Some(SdkCall {
                sid: Some(held), ..
            }),
            Some(sid),
        ) if *held != sid => {
            if told.temporary != Some(*held) {
                return Ok(SdkAppended::Foreign);
            }
            sid
        }
        (_, Some(sid)) => sid,
        (
            Some(SdkCall {
                sid: Some(held), ..
            }),
            None,
        ) => *held,
        (_, None) => return wait(conn, account, told, temporary),
    };
    let id = match temporary.or(named) {
        Some(call) => {
            see(conn, call.id, Some(sid), told.now)?;
            if call.sid.is_none()
                && let Some(temporary) = told.temporary
            {
                join(tx, told.account, call.id, temporary, sid)?;
            }
            call.id
        }
        None => open(conn, account, told, Some(sid))?,
    };
    let call = CallRef {
        account: told.account,
        sid,
    };
    let fates = event_log::append(tx, &packed(&told.events, call)?)?;
    if are_gone(&fates) {
        forget(conn, id)?;
    }
    Ok(SdkAppended::ToCall(sid, fates))
}

/// Whether their call was erased. Of no events nobody knows.
fn are_gone(fates: &[Appended]) -> bool {
    !fates.is_empty() && fates.iter().all(|fate| *fate == Appended::Gone)
}

fn open(conn: &Connection, account: i64, told: &SdkEvents, sid: Option<CallSid>) -> Result<i64> {
    let columns = ["account", "temporary", "opener", "sid", "seen_us"];
    let bytes = |sid: Option<CallSid>| sid.map(|sid| *sid.as_bytes());
    Ok(conn
        .prepare_cached(&SDK_CALL.insert_columns(&columns))?
        .insert(params![
            account,
            bytes(told.temporary),
            told.opener.0,
            bytes(sid),
            told.now.micros()
        ])?)
}

/// Notes that a call was told of, and its name if that is known.
fn see(conn: &Connection, id: i64, sid: Option<CallSid>, now: TimeUs) -> Result<()> {
    let sid = sid.map(|sid| *sid.as_bytes());
    conn.prepare_cached(&SDK_CALL.update(&["sid", "seen_us"]))?
        .execute(params![sid, now.micros(), id])?;
    Ok(())
}

/// Keeps events until the name of their call is known.
fn wait(
    conn: &Connection,
    account: i64,
    told: &SdkEvents,
    call: Option<SdkCall>,
) -> Result<SdkAppended> {
    let Some(temporary) = told.temporary else {
        return Ok(SdkAppended::Foreign);
    };
    let id = match call {
        Some(call) => {
            let waiting: usize = conn
                .prepare_cached("select count(*) from sdk_waiting where sdk_call = ?1")?
                .query_row([call.id], |row| row.get(0))?;
            if waiting + told.events.len() > WAITING_MAX {
                return Ok(SdkAppended::Crowded);
            }
            see(conn, call.id, None, told.now)?;
            call.id
        }
        None => {
            let unnamed: usize = conn
                .prepare_cached(
                    "select count(*) from sdk_call where account = ?1 and opener = ?2 and sid is null",
                )?
                .query_row(params![account, told.opener.0], |row| row.get(0))?;
            if unnamed >= UNNAMED_MAX {
                return Ok(SdkAppended::Crowded);
            }
            open(conn, account, told, None)?
        }
    };
    let call = CallRef {
        account: told.account,
        sid: temporary,
    };
    let mut insert = conn.prepare_cached(
        "insert into sdk_waiting (sdk_call, event_key, received_us, at_us, kind, edge, direction, body)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict do nothing",
    )?;
    for event in packed(&told.events, call)? {
        insert.execute(params![
            id,
            event.key,
            event.received_us,
            event.at_us,
            event.kind.index(),
            event.edge.map(|edge| edge.index()),
            event.direction.map(|direction| direction.index()),
            event.body
        ])?;
    }
    Ok(SdkAppended::Waiting)
}

/// Events that wait, as those of a call by its temporary name. Damaged ones do not come.
fn waiting(conn: &Connection, id: i64, temporary: CallRef) -> Result<Vec<NewEvent>> {
    let mut statement = conn.prepare_cached(&format!(
        "select received_us, {EVENT} from sdk_waiting where sdk_call = ?1 order by received_us, event_key"
    ))?;
    let mut rows = statement.query([id])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let event = match read_event(row, 1, temporary) {
            Ok((event, _)) => event,
            Err(Error(StoreError::Corrupt(_))) => continue,
            Err(error) => return Err(error),
        };
        events.push(NewEvent {
            received_at: TimeUs::from_micros(row.get(0)?),
            event,
        });
    }
    Ok(events)
}

/// Appends what waits to the call that its name has turned out to be.
fn join(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    id: i64,
    temporary: CallSid,
    sid: CallSid,
) -> Result<Vec<Appended>> {
    let conn = tx.conn;
    let of = |sid| CallRef { account, sid };
    let events = waiting(conn, id, of(temporary))?;
    let fates = event_log::append(tx, &packed(&events, of(sid))?)?;
    conn.prepare_cached("delete from sdk_waiting where sdk_call = ?1")?
        .execute([id])?;
    Ok(fates)
}

/// Whether [`name_quiet`] would find any: mostly there is none, and then nothing is written.
pub(super) fn any_quiet(conn: &Connection, quiet_since: TimeUs) -> Result<bool> {
    let sql = "select exists (select 1 from sdk_call where sid is null and seen_us < ?1)";
    let mut statement = conn.prepare_cached(sql)?;
    Ok(statement.query_row([quiet_since.micros()], |row| row.get(0))?)
}

/// Names that have waited for so long that they are all the name their calls get.
pub(super) fn name_quiet(tx: &mut WriteTx<'_>, quiet_since: TimeUs, limit: usize) -> Result<u64> {
    let conn = tx.conn;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = conn.prepare_cached(&format!(
        "select c.id, a.sid, c.temporary, {} from sdk_call c join account a on a.id = c.account
         where c.sid is null and c.seen_us < ?1 order by c.seen_us limit ?2",
        SDK_CALL.is_sound("c.")
    ))?;
    let rows = statement.query_map(params![quiet_since.micros(), limit], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            AccountSid::from_bytes(row.get(1)?),
            row.get::<_, Option<[u8; 16]>>(2)?.map(CallSid::from_bytes),
            row.get::<_, bool>(3)?,
        ))
    })?;
    let found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut named = 0;
    for (id, account, temporary, is_sound) in found {
        let Some(temporary) = temporary.filter(|_| is_sound) else {
            // Whose they are nobody knows any more.
            forget(conn, id)?;
            continue;
        };
        if are_gone(&join(tx, account, id, temporary, temporary)?) {
            forget(conn, id)?;
            continue;
        }
        conn.prepare_cached(&format!(
            "update sdk_call set sid = temporary, checksum = {} where id = ?1",
            SDK_CALL.updated(&[("sid", "temporary")])
        ))?
        .execute([id])?;
        named += 1;
    }
    Ok(named)
}

fn forget(conn: &Connection, id: i64) -> Result<()> {
    conn.prepare_cached("delete from sdk_waiting where sdk_call = ?1")?
        .execute([id])?;
    conn.prepare_cached("delete from sdk_call where id = ?1")?
        .execute([id])?;
    Ok(())
}

/// How many calls wait for their names.
pub(super) fn unnamed(conn: &Connection) -> Result<u64> {
    let sql = "select count(*) from sdk_call where sid is null";
    Ok(conn
        .prepare_cached(sql)?
        .query_row([], |row| row.get::<_, i64>(0))?
        .unsigned_abs())
}

/// Forgets who speaks for a call, and what waits under its name. Says whether anything waited. A
/// call that has got another name since is that one.
pub(super) fn erase(conn: &Connection, account: i64, sid: CallSid) -> Result<bool> {
    let ids = |which: &str| -> Result<Vec<i64>> {
        let sql = format!("select id from sdk_call where account = ?1 and {which}");
        let mut statement = conn.prepare_cached(&sql)?;
        let ids = statement.query_map(params![account, sid.as_bytes()], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    };
    let waiting = ids("temporary = ?2 and sid is null")?;
    for id in ids("sid = ?2")?.iter().chain(&waiting) {
        forget(conn, *id)?;
    }
    Ok(!waiting.is_empty())
}
