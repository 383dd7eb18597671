//! Calls that SIP knows by another name than their `CallSid`.
//!
//! The `CallSid` of a SIP call follows from its Call-ID, unless a header or a record gave it
//! another. Only those others have rows here; most calls are found by the `CallSid` alone, and cost
//! nothing.
//!
//! Calls within a call have a name more, which they share: [`within`].

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::search;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::{DAY_US, TimeUs};

use crate::account;
use crate::error::Result;
use crate::record;
use sidetone_store::facets::Keys;

/// What calls within a call are found by. No call has it for its own name: it is a digest.
pub(crate) fn within(parent: CallSid) -> CallSid {
    let mut hash = Sha256::new();
    hash.update(b"calls within ");
    hash.update(parent.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    CallSid::from_bytes(first)
}

/// UTC day of the call's start, and what its SIP Call-ID would have made of it.
type Alias = (i64, CallSid);

fn of(summary: &CallSummary, keys: Option<Keys>) -> BTreeSet<Alias> {
    // Without a start it is in no list.
    let day = keys.map(|keys| keys.start_us.div_euclid(DAY_US));
    day.into_iter()
        .flat_map(|day| {
            search::other_sids(summary)
                .into_iter()
                .chain(summary.facts.parent.map(within))
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

/// Writes the aliases that version 8 knows and the one before did not.
pub(crate) fn fill(conn: &Connection) -> Result<()> {
    const CALLS_AT_ONCE: usize = 1000;
    let mut calls = conn.prepare_cached(
        "select c.id, c.account, a.sid, c.sid, d.body
         from call c join account a on a.id = c.account join document d on d.call_id = c.id
         where c.id > ?1 order by c.id limit ?2",
    )?;
    let mut last = i64::MIN;
    loop {
        let rows = calls.query_map(params![last, CALLS_AT_ONCE], |row| {
            let call = CallRef {
                account: AccountSid::from_bytes(row.get(2)?),
                sid: CallSid::from_bytes(row.get(3)?),
            };
            let body: Vec<u8> = row.get(4)?;
            Ok(((row.get(1)?, row.get(0)?), call, body))
        })?;
        let rows = rows.collect::<rusqlite::Result<Vec<((i64, i64), _, _)>>>()?;
        let Some(((_, id), ..)) = rows.last() else {
            return Ok(());
        };
        last = *id;
        for (row, call, body) in rows {
            // A document that cannot be read says nothing here either; `check` names it.
            if let Ok(summary) = record::read_summary(&body, call)
                && summary.facts.parent.is_some()
            {
                write(conn, row, false, &summary, Keys::of(&summary))?;
            }
        }
    }
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

#[cfg(all(test, feature = "testing"))]
mod tests {
    use sidetone_store::conformance::sample;
    use sidetone_store::prelude::*;

    use super::*;
    use crate::{Options, SqliteStore};

    #[tokio::test]
    async fn calls_within_a_call_get_their_name_when_a_database_is_upgraded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sidetone.db");
        let store = SqliteStore::open(&path, Options::default()).unwrap();
        sample::create_account(&store).await;
        let mut within_1 = sample::summary(sample::call(2), 0, Some(9));
        within_1.facts.parent = Some(sample::call(1).sid);
        let alone = sample::summary(sample::call(3), 0, Some(9));
        let puts = [within_1, alone].map(|it| sample::put(it, 0));
        store.put_summaries(puts.into()).await.unwrap();
        drop(store);
        let conn = Connection::open(&path).unwrap();
        let named = || -> Vec<(i64, i64, Vec<u8>)> {
            let mut all = conn.prepare("select call_id, day, sid from alias").unwrap();
            let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            rows.unwrap().map(|row| row.unwrap()).collect()
        };
        let before = named();
        assert_eq!(before.len(), 1);
        assert_eq!(before[0].2, within(sample::call(1).sid).as_bytes());
        conn.execute("delete from alias", []).unwrap();
        fill(&conn).unwrap();
        assert_eq!(named(), before);
    }
}
