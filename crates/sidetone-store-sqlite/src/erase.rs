//! Erasing calls: everything that was observed and said of them goes, and what was to be told of
//! them; the counts shrink, a tombstone stays.

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::search::digits;
use sidetone_core::time::TimeUs;

use super::engine::write_tx::WriteTx;
use super::error::Result;
use super::rows::cursor;
use super::rows::facet::{self, Facets};
use super::statistics::build;
use super::{account, alerts, audit, comments, feed, feedback, record, report, sdk_calls};
use sidetone_store::audit::{AuditEntry, Deed};
use sidetone_store::erasure::{CallsOf, Erasure};
use sidetone_store::feed::Changed;
use sidetone_store::{Cursor, Lookup};

/// Tables with rows of a call, by its row in `call`; those that refer to others first.
const PARTS: [&str; 8] = [
    "delete from annotation_batch_line where call_id = ?1",
    "delete from alias where call_id = ?1",
    "delete from document where call_id = ?1",
    "delete from fold_state where call_id = ?1",
    "delete from set_aside where call_id = ?1",
    "delete from event where id between ?1 << 28 and (?1 << 28) + ((1 << 28) - 1)",
    "delete from annotation where call_id = ?1",
    "with recursive change (id) as (
       select last_change from call where id = ?1
       union all
       select l.previous from change c join annotation_log l on l.id = c.id
     ) delete from annotation_log where id in (select id from change where id is not null)",
];

/// Erases calls. What is deleted is overwritten by zeros, in pages that fall free too.
pub(super) fn erase(tx: &mut WriteTx<'_>, erasures: &[Erasure]) -> Result<Vec<Lookup<()>>> {
    tx.conn.pragma_update(None, "secure_delete", true)?;
    let erased = erase_all(tx, erasures);
    tx.conn.pragma_update(None, "secure_delete", "fast")?;
    erased
}

fn erase_all(tx: &mut WriteTx<'_>, erasures: &[Erasure]) -> Result<Vec<Lookup<()>>> {
    let (mut fates, mut found) = (Vec::with_capacity(erasures.len()), Vec::new());
    for erasure in erasures {
        let fate = remove(tx, erasure.call, Some(&erasure.by), erasure.at)?;
        if fate == Lookup::Found(()) {
            found.push(erasure);
        }
        fates.push(fate);
    }
    forget_what_was_to_be_told(tx.conn, &found)?;
    for Erasure { call, at, .. } in &found {
        feed::note(tx, *call, &Changed::Erased, *at)?;
    }
    log(tx.conn, &found)?;
    Ok(fates)
}

/// An entry for each account, and whom it was done by and when, in the log of what was done.
fn log(conn: &Connection, erased: &[&Erasure]) -> Result<()> {
    let key = |erasure: &&Erasure| (erasure.call.account, erasure.at);
    for together in erased.chunk_by(|one, other| key(one) == key(other) && one.by == other.by) {
        let Some(first) = together.first() else {
            continue;
        };
        let (target, detail) = match together {
            [one] => (one.call.sid.to_string(), String::new()),
            many => (String::new(), format!("{} calls", many.len())),
        };
        let entry = AuditEntry {
            account: first.call.account,
            at: first.at,
            who: first.by.clone(),
            what: Deed::CallsErased,
            target,
            detail,
        };
        let account = account::existing(conn, first.call.account)?.id;
        audit::note(conn, account, &entry)?;
    }
    Ok(())
}

/// The same, where calls that are not known become gone, too.
pub(super) fn erase_again(tx: &mut WriteTx<'_>, erasures: &[Erasure]) -> Result<()> {
    let fates = erase(tx, erasures)?;
    for (Erasure { call, at, by }, fate) in erasures.iter().zip(fates) {
        if fate == Lookup::Unknown
            && let Some(account) = account::find(tx.conn, call.account)?
        {
            bury(tx.conn, account.id, call.sid, Some(by), *at)?;
        }
    }
    Ok(())
}

/// Removes a call and all that belongs to it, and leaves a tombstone. `by`: who erases it; `None`:
/// it has expired. Tells nobody.
pub(super) fn remove(
    tx: &mut WriteTx<'_>,
    call: CallRef,
    by: Option<&str>,
    now: TimeUs,
) -> Result<Lookup<()>> {
    let conn = tx.conn;
    let Some(account) = account::find(conn, call.account)? else {
        return Ok(Lookup::Unknown);
    };
    let found: Option<(i64, Facets)> = conn
        .prepare_cached(&format!(
            "select id, {} from call where sid = ?1 and account = ?2",
            facet::columns()
        ))?
        .query_row(params![call.sid.as_bytes(), account.id], |row| {
            Ok((row.get(0)?, Facets::read(row, 1)?))
        })
        .optional()?;
    let has_waited = sdk_calls::erase(conn, account.id, call.sid)?;
    let Some((id, facets)) = found else {
        if has_waited {
            bury(conn, account.id, call.sid, by, now)?;
            return Ok(Lookup::Found(()));
        }
        return Ok(if record::is_gone(conn, account.id, call.sid)? {
            Lookup::Gone
        } else {
            Lookup::Unknown
        });
    };
    if by.is_some() {
        alerts::erase_parties(conn, account.id, id)?;
    }
    let shard = account.shard(call.sid);
    feedback::erase(tx, shard, id, facets.keys.map(|keys| keys.start_us))?;
    for part in PARTS {
        conn.prepare_cached(part)?.execute([id])?;
    }
    comments::forget(conn, id)?;
    conn.prepare_cached("delete from call where id = ?1")?
        .execute([id])?;
    bury(conn, account.id, call.sid, by, now)?;
    tx.count(shard, id, &facets, &Facets::NONE);
    // Who erases wants nothing left at once; what expired goes from segments when they are written anew,
    // and from reports when these expire.
    if by.is_some() {
        report::erase(conn, account.id)?;
        if let Some(keys) = facets.keys {
            build::forget(conn, shard, keys)?;
        }
    }
    tx.mark_stale(shard, &facets, &Facets::NONE);
    Ok(Lookup::Found(()))
}

fn bury(
    conn: &Connection,
    account: i64,
    sid: CallSid,
    by: Option<&str>,
    now: TimeUs,
) -> Result<()> {
    conn.prepare_cached(
        "replace into tombstone (sid, account, at_us, erased_by) values (?1, ?2, ?3, ?4)",
    )?
    .execute(params![sid.as_bytes(), account, now.micros(), by])?;
    Ok(())
}

/// Deletes deliveries about calls, and changes of them that followers do not know yet. Neither has
/// an index by call, which every delivery and change would pay for: each is walked through once, of
/// deliveries the indexes that have the subject, which are a fraction of the rows.
fn forget_what_was_to_be_told(conn: &Connection, erased: &[&Erasure]) -> Result<()> {
    if erased.is_empty() {
        return Ok(());
    }
    let numbers = || (1..=erased.len()).map(|n| (2 * n - 1, 2 * n));
    let pairs: Vec<_> = numbers()
        .map(|(sid, account)| format!("(?{sid}, ?{account})"))
        .collect();
    let pairs = pairs.join(", ");
    let sids: Vec<_> = numbers().map(|(sid, _)| format!("?{sid}")).collect();
    let sids = sids.join(", ");
    let keys = || {
        let pair = |it: &&Erasure| [*it.call.sid.as_bytes(), *it.call.account.as_bytes()];
        erased.iter().flat_map(pair).collect::<Vec<[u8; 16]>>()
    };
    conn.execute(
        &format!("delete from change where (sid, account) in (values {pairs})"),
        params_from_iter(keys()),
    )?;
    conn.execute(
        &format!(
            "delete from outbox where subject is not null and id in (
               select id from outbox indexed by outbox_queued where state = 0 and subject in ({sids})
               union all
               select id from outbox indexed by outbox_held
               where subject is not null and state in (1, 2) and subject in ({sids})
               union all
               select id from outbox indexed by outbox_dead where dead_us is not null and subject in ({sids})
             )
             and (subject, coalesce(call_account, (select sid from account where id = outbox.account))) in (values {pairs})"
        ),
        params_from_iter(keys()),
    )?;
    Ok(())
}

pub(super) fn erasures(
    conn: &Connection,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<(Vec<Erasure>, Option<Cursor>)> {
    let [at_us, high, low, account] = after.map_or(Ok([i64::MIN, 0, 0, 0]), cursor::read)?;
    let mut sid = [0; 16];
    sid[..8].copy_from_slice(&high.to_be_bytes());
    sid[8..].copy_from_slice(&low.to_be_bytes());
    let mut statement = conn.prepare_cached(
        "select t.sid, a.sid, t.at_us, t.erased_by, a.id from tombstone t join account a on a.id = t.account
         where (t.at_us, t.sid, t.account) > (?1, ?2, ?3) and t.erased_by is not null
         order by t.at_us, t.sid, t.account limit ?4",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![at_us, sid, account, limit])?;
    let (mut erasures, mut next) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        let sid = CallSid::from_bytes(row.get(0)?);
        let [a, b] = halves(sid);
        next = Some(cursor::of([row.get(2)?, a, b, row.get(4)?]));
        erasures.push(Erasure {
            call: CallRef {
                account: AccountSid::from_bytes(row.get(1)?),
                sid,
            },
            at: TimeUs::from_micros(row.get(2)?),
            by: row.get(3)?,
        });
    }
    Ok((erasures, next))
}

/// An identifier as two numbers, for a cursor.
fn halves(sid: CallSid) -> [i64; 2] {
    let number = u128::from_be_bytes(*sid.as_bytes());
    let bits = |part: u128| i64::from_ne_bytes((part as u64).to_ne_bytes());
    [bits(number >> 64), bits(number)]
}

pub(super) fn calls_of(
    conn: &Connection,
    address: &str,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<CallsOf> {
    let mut statement = conn.prepare_cached(
        "select c.id, a.sid, c.sid, c.version, c.from_address, c.to_address
         from call c join account a on a.id = c.account where c.id > ?1 order by c.id limit ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![cursor::behind(after)?, limit])?;
    let number = digits(address);
    let is_it = |row: &Row<'_>, side: usize| -> rusqlite::Result<bool> {
        let stored: Option<String> = row.get(4 + side)?;
        Ok(stored.is_some_and(|stored| match &number {
            Some(number) => digits(&stored).as_ref() == Some(number),
            None => stored == address,
        }))
    };
    let mut found = CallsOf::default();
    if after.is_none() {
        found.not_folded += sdk_calls::unnamed(conn)?;
    }
    while let Some(row) = rows.next()? {
        found.next = Some(cursor::of([row.get(0)?]));
        if is_it(row, 0)? || is_it(row, 1)? {
            found.calls.push(CallRef {
                account: AccountSid::from_bytes(row.get(1)?),
                sid: CallSid::from_bytes(row.get(2)?),
            });
        }
        found.not_folded += u64::from(row.get::<_, i64>(3)? == 0);
    }
    Ok(found)
}
