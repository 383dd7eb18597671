//! Alerts. Rules are in `alerts/rule.rs`.

pub(crate) mod rule;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value};
use sidetone_core::id::{AccountSid, AlertRuleSid, AlertSid, CallSid};
use sidetone_core::search;
use sidetone_core::time::TimeUs;

use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use super::rows::checksum::expect_sound;
use super::rows::paging::latest_first;
use super::rows::tables::ALERT;
use super::{account, outbox};
use sidetone_store::StoreError;
use sidetone_store::alerts::about::{IS_ERASED, IS_PARTY, QUERY};
use sidetone_store::alerts::{Alert, AlertFilter, AlertState, CALLS_MAX, Firing};
use sidetone_store::delivery::NewDelivery;
use sidetone_store::page::{Page, PageRequest};

fn selected() -> String {
    format!(
        "select alert.id, alert.sid, account.sid, alert.rule, alert.grouped, alert.state, alert.version, alert.pending_us,
         alert.fired_us, alert.resolved_us, alert.about, alert.calls, {}
         from alert cross join account on account.id = alert.account",
        ALERT.is_sound("alert.")
    )
}

fn read(row: &Row<'_>) -> Result<Alert> {
    let id: i64 = row.get(0)?;
    let damage = || format!("table alert, row {id}");
    expect_sound(row.get(12)?, damage)?;
    let state: u8 = row.get(5)?;
    let state = AlertState::ALL.iter().find(|it| it.index() == state);
    let state = state.ok_or_else(|| Error(StoreError::Corrupt(damage())))?;
    let at = |us: Option<i64>| us.map(TimeUs::from_micros);
    let calls: Vec<u8> = row.get(11)?;
    let (calls, _) = calls.as_chunks::<16>();
    Ok(Alert {
        sid: AlertSid::from_bytes(row.get(1)?),
        account: AccountSid::from_bytes(row.get(2)?),
        rule: AlertRuleSid::from_bytes(row.get(3)?),
        group: row.get(4)?,
        state: *state,
        version: row.get(6)?,
        pending_at: TimeUs::from_micros(row.get(7)?),
        fired_at: at(row.get(8)?),
        resolved_at: at(row.get(9)?),
        about: row.get(10)?,
        calls: calls.iter().copied().map(CallSid::from_bytes).collect(),
    })
}

pub(super) fn find(conn: &Connection, account: AccountSid, sid: AlertSid) -> Result<Option<Alert>> {
    let sql = selected() + " where alert.sid = ?1 and account.sid = ?2";
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([sid.as_bytes(), account.as_bytes()])?;
    rows.next()?.map(read).transpose()
}

pub(super) fn page(
    conn: &Connection,
    account: AccountSid,
    filter: &AlertFilter,
    request: &PageRequest,
) -> Result<Page<Alert>> {
    let Some(account) = account::find(conn, account)? else {
        return Ok(Page::default());
    };
    let select = selected()
        + " where alert.account = ?3
              and (?4 is null or ?4 = alert.rule)
              and (?5 is null or ?5 = alert.state)
              and (?6 is null or alert.pending_us < ?6)
              and (?7 is null or alert.resolved_us is null or alert.resolved_us >= ?7)";
    let rule = filter.rule.map(|rule| *rule.as_bytes());
    let state = filter.state.map(AlertState::index);
    let begun_before = filter.begun_before.map(TimeUs::micros);
    let lasted_until = filter.lasted_until.map(TimeUs::micros);
    latest_first(
        conn,
        request,
        ("alert", &select),
        &[&account.id, &rule, &state, &begun_before, &lasted_until],
        read,
    )
}

/// Those that go on.
pub(super) fn open(conn: &Connection) -> Result<Vec<Alert>> {
    let sql = selected() + " where alert.state < 2 order by alert.id";
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut open = Vec::new();
    while let Some(row) = rows.next()? {
        match read(row) {
            Ok(alert) => open.push(alert),
            // `check` tells of it.
            Err(Error(StoreError::Corrupt(_))) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(open)
}

pub(super) fn fired_since(conn: &Connection, since: TimeUs) -> Result<Vec<Firing>> {
    let mut statement = conn.prepare_cached(
        "select rule, grouped, fired_us from alert where fired_us is not null and fired_us >= ?1 order by fired_us",
    )?;
    let rows = statement.query_map([since.micros()], |row| {
        Ok(Firing {
            rule: AlertRuleSid::from_bytes(row.get(0)?),
            group: row.get(1)?,
            at: TimeUs::from_micros(row.get(2)?),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Writes the next version of an alert. `false`: it is another's turn.
pub(super) fn put(tx: &mut WriteTx<'_>, alert: &Alert, deliveries: &[NewDelivery]) -> Result<bool> {
    if alert.calls.len() > CALLS_MAX {
        return Err(Error(StoreError::Invalid(format!(
            "an alert keeps {CALLS_MAX} calls, not {}",
            alert.calls.len()
        ))));
    }
    let account = account::existing(tx.conn, alert.account)?.id;
    let kept: Option<(i64, u32, bool)> = tx
        .conn
        .prepare_cached(&format!(
            "select id, version, {} from alert where sid = ?1 and account = ?2",
            ALERT.is_sound("")
        ))?
        .query_row(params![alert.sid.as_bytes(), account], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    if let Some((id, _, is_sound)) = kept {
        expect_sound(is_sound, || format!("table alert, row {id}"))?;
    }
    let version = kept.map_or(0, |(_, version, _)| version);
    if alert.version != version + 1 || kept.is_none() && goes_on(tx.conn, alert)? {
        return Ok(false);
    }
    let calls: Vec<u8> = alert
        .calls
        .iter()
        .flat_map(|call| *call.as_bytes())
        .collect();
    let state = alert.state.index();
    let (fired_us, resolved_us) = (
        alert.fired_at.map(TimeUs::micros),
        alert.resolved_at.map(TimeUs::micros),
    );
    if let Some((id, ..)) = kept {
        let columns = [
            "state",
            "version",
            "fired_us",
            "resolved_us",
            "about",
            "calls",
        ];
        tx.conn
            .prepare_cached(&ALERT.update(&columns))?
            .execute(params![
                state,
                alert.version,
                fired_us,
                resolved_us,
                alert.about,
                calls,
                id
            ])?;
    } else {
        let columns = [
            "sid",
            "account",
            "rule",
            "grouped",
            "state",
            "version",
            "pending_us",
            "fired_us",
            "resolved_us",
            "about",
            "calls",
        ];
        tx.conn
            .prepare_cached(&ALERT.insert_columns(&columns))?
            .execute(params![
                alert.sid.as_bytes(),
                account,
                alert.rule.as_bytes(),
                alert.group,
                state,
                alert.version,
                alert.pending_at.micros(),
                fired_us,
                resolved_us,
                alert.about,
                calls
            ])?;
    }
    for delivery in deliveries {
        outbox::add(tx, delivery)?;
    }
    Ok(true)
}

/// Whether an alert of the same rule and group goes on.
fn goes_on(conn: &Connection, alert: &Alert) -> Result<bool> {
    let sql = format!(
        "select id, {} from alert where rule = ?1 and grouped = ?2 and state < 2",
        ALERT.is_sound("")
    );
    let open: Option<(i64, bool)> = conn
        .prepare_cached(&sql)?
        .query_row(params![alert.rule.as_bytes(), alert.group], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    if let Some((id, is_sound)) = open {
        expect_sound(is_sound, || format!("table alert, row {id}"))?;
    }
    Ok(open.is_some())
}

pub(super) fn forget(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    sid: AlertSid,
    version: u32,
) -> Result<bool> {
    let deleted = tx
        .conn
        .prepare_cached(
            "delete from alert where sid = ?1 and version = ?3 and state = 0
               and account = (select id from account where sid = ?2)",
        )?
        .execute(params![sid.as_bytes(), account.as_bytes(), version])?;
    Ok(deleted > 0)
}

/// Forgets alerts of the parties of a call that is to be erased, by its row; those that fire name them no
/// more.
pub(super) fn erase_parties(conn: &Connection, account: i64, call: i64) -> Result<()> {
    let mut addresses = conn.prepare_cached(
        "select from_address from call where id = ?1 union select to_address from call where id = ?1",
    )?;
    let addresses = addresses.query_map([call], |row| row.get::<_, Option<String>>(0))?;
    let sql = format!(
        "select id, sid, state, version, about, {} from alert where account = ?1 and grouped in (?2, ?3)",
        ALERT.is_sound("")
    );
    for address in addresses {
        let Some(address) = address? else { continue };
        let mut named = conn.prepare_cached(&sql)?;
        let mut named = named.query(params![account, address, search::identity(&address)])?;
        while let Some(row) = named.next()? {
            let about: String = row.get(4)?;
            let is_sound: bool = row.get(5)?;
            let about = serde_json::from_str::<Map<String, Value>>(&about).ok();
            let (id, version): (i64, u32) = (row.get(0)?, row.get(3)?);
            match about.filter(|_| is_sound) {
                Some(about) if about.get(IS_PARTY) == Some(&Value::Bool(false)) => {}
                Some(about) if row.get::<_, u8>(2)? == AlertState::Firing.index() => {
                    let sid = AlertSid::from_bytes(row.get(1)?);
                    leave_unnamed(conn, id, sid, version, about)?;
                }
                // Of one that cannot be read nobody knows whom it names.
                _ => {
                    conn.prepare_cached("delete from alert where id = ?1")?
                        .execute([id])?;
                }
            }
        }
    }
    Ok(())
}

/// Takes out of a firing alert what names its party.
fn leave_unnamed(
    conn: &Connection,
    id: i64,
    sid: AlertSid,
    version: u32,
    mut about: Map<String, Value>,
) -> Result<()> {
    about.insert(IS_ERASED.to_owned(), true.into());
    about.insert(QUERY.to_owned(), "".into());
    // Of a rule there may be several.
    let group = format!("erased {sid}");
    conn.prepare_cached(&ALERT.update(&["grouped", "version", "about", "calls"]))?
        .execute(params![
            group,
            version + 1,
            Value::Object(about).to_string(),
            [0_u8; 0],
            id
        ])?;
    Ok(())
}
