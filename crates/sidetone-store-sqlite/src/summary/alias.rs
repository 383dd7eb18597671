//! Calls that SIP knows by another name than their `CallSid`.
//!
//! The `CallSid` of a SIP call follows from its Call-ID, unless a header or a record gave it
//! another. Only those others have rows here; most calls are found by the `CallSid` alone, and cost
//! nothing.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::search;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::{DAY_US, TimeUs};

use crate::account;
use crate::error::Result;
use sidetone_store::facets::Keys;

/// UTC day of the call's start, and what its SIP Call-ID would have made of it.
type Alias = (i64, CallSid);

fn of(summary: &CallSummary, keys: Option<Keys>) -> BTreeSet<Alias> {
    // Without a start it is in no list.
    let day = keys.map(|keys| keys.start_us.div_euclid(DAY_US));
    day.into_iter()
        .flat_map(|day| {
            search::other_sids(summary)
                .into_iter()
                .map(move |sid| (day, sid))
        })
        .collect()
}

fn stored(conn: &Connection, account: i64, call: i64) -> Result<BTreeSet<Alias>> {
    // By the index that has the account first, SQLite would look through all there are.
    let mut statement =
        conn.prepare_cached("select day, sid from alias where call_id = ?1 and +account = ?2")?;
    let aliases = statement.query_map([call, account], |row| {
        Ok((row.get(0)?, CallSid::from_bytes(row.get(1)?)))
    })?;
    Ok(aliases.collect::<rusqlite::Result<_>>()?)
}

/// Writes the aliases of a call, where they are not what is stored.
pub(crate) fn write(
    conn: &Connection,
    (account, call): (i64, i64),
    is_new: bool,
    summary: &CallSummary,
    keys: Option<Keys>,
) -> Result<()> {
    let wanted = of(summary, keys);
    if is_new && wanted.is_empty() || !is_new && wanted == stored(conn, account, call)? {
        return Ok(());
    }
    conn.prepare_cached("delete from alias where call_id = ?1")?
        .execute([call])?;
    let mut insert = conn
        .prepare_cached("insert into alias (call_id, account, day, sid) values (?1, ?2, ?3, ?4)")?;
    for (day, sid) in wanted {
        insert.execute(params![call, account, day, sid.as_bytes()])?;
    }
    Ok(())
}

/// Whether what is stored is what the summary says.
pub(crate) fn is_sound(
    conn: &Connection,
    (account, call): (i64, i64),
    summary: Option<&CallSummary>,
    keys: Option<Keys>,
) -> Result<bool> {
    let wanted = summary.map(|summary| of(summary, keys)).unwrap_or_default();
    Ok(wanted == stored(conn, account, call)?)
}

/// The call of a name: the one that has it for its `CallSid`, else the latest of about that day
/// that it is an alias of.
pub(crate) fn call(
    conn: &Connection,
    account: AccountSid,
    sid: CallSid,
    at: TimeUs,
) -> Result<Option<CallRef>> {
    let Some(row) = account::find(conn, account)?.map(|row| row.id) else {
        return Ok(None);
    };
    let is_own = conn
        .prepare_cached("select 1 from call where sid = ?1 and account = ?2")?
        .exists(params![sid.as_bytes(), row])?;
    if is_own {
        return Ok(Some(CallRef { account, sid }));
    }
    let mut of_day = conn.prepare_cached(
        "select c.sid from alias a join call c on c.id = a.call_id
         where a.account = ?1 and a.day = ?2 and a.sid = ?3 order by c.start_us desc limit 1",
    )?;
    for day in (at.day() - 2..=at.day() + 1).rev() {
        let found = of_day
            .query_row(params![row, day, sid.as_bytes()], |row| row.get(0))
            .optional()?;
        if let Some(sid) = found {
            let sid = CallSid::from_bytes(sid);
            return Ok(Some(CallRef { account, sid }));
        }
    }
    Ok(None)
}

/// The row of the call that has a name for its `CallSid`.
pub(crate) fn row_of(conn: &Connection, account: i64, sid: CallSid) -> Result<Option<i64>> {
    Ok(conn
        .prepare_cached("select id from call where sid = ?1 and account = ?2")?
        .query_row(params![sid.as_bytes(), account], |row| row.get(0))
        .optional()?)
}

/// The calls of a name: the one that has it for its `CallSid`, and those that it is an alias of,
/// day after day.
pub(crate) fn calls(conn: &Connection, account: i64, sid: CallSid) -> Result<BTreeSet<i64>> {
    let mut calls: BTreeSet<i64> = row_of(conn, account, sid)?.into_iter().collect();
    let mut days = conn.prepare_cached(
        "select day from alias where account = ?1 and day > ?2 order by day limit 1",
    )?;
    let mut of_day = conn
        .prepare_cached("select call_id from alias where account = ?1 and day = ?2 and sid = ?3")?;
    let mut after = i64::MIN;
    while let Some(day) = days
        .query_row([account, after], |row| row.get(0))
        .optional()?
    {
        let found = of_day.query_map(params![account, day, sid.as_bytes()], |row| row.get(0))?;
        calls.extend(found.collect::<rusqlite::Result<Vec<i64>>>()?);
        after = day;
    }
    Ok(calls)
}
