//! Feedback: the log of its changes, of which the last one holds, since when, and `call.rated`,
//! which counts go by.

mod packed;
pub(crate) mod summaries;
pub(crate) mod tally;

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, Row, params};
use sidetone_core::feedback::Feedback;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::TimeUs;

use self::packed::{pack, rated, unpack};
use super::engine::write_tx::WriteTx;
use super::error::Result;
use super::rollups::deltas::Deltas;
use super::rollups::hourly::Step;
use super::rows::checksum::expect_sound;
use super::rows::cursor;
use super::rows::facet::hour_of;
use super::rows::shard::Shard;
use super::rows::tables::{CALL, FEEDBACK, FEEDBACK_LOG};
use super::{account, feed, judgement, record};
use sidetone_store::feed::Changed;
use sidetone_store::feedback::{
    FeedbackRange, FeedbackRecord, Judgement, Rate, Rated, Rating, changed_counts, counted_at,
};
use sidetone_store::{Annotate, Cursor, Lookup, Scope};

/// A call and its feedback as they are stored.
struct Stored {
    id: i64,
    start_us: Option<i64>,
    feedback: Option<(Feedback, Since)>,
}

/// When feedback came and changed, and where its log is.
#[derive(Clone, Copy)]
struct Since {
    created_us: i64,
    updated_us: i64,
    last_change: i64,
}

static FIND: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select c.id, c.start_us, l.after, f.created_us, f.updated_us, f.last_change, {}, f.call_id is null or {} and {}
         from call c left join feedback f on f.call_id = c.id left join feedback_log l on l.id = f.last_change
         where c.sid = ?1 and c.account = ?2",
        CALL.is_sound("c."),
        FEEDBACK.is_sound("f."),
        FEEDBACK_LOG.is_sound("l.")
    )
});

pub(super) static PUT: LazyLock<String> = LazyLock::new(|| {
    FEEDBACK
        .insert_columns(&["call_id", "last_change", "created_us", "updated_us"])
        .replacen("insert", "replace", 1)
});

static LOG: LazyLock<String> = LazyLock::new(|| {
    FEEDBACK_LOG.insert_columns(&[
        "call_id",
        "previous",
        "changed_by",
        "at_us",
        "before",
        "after",
    ])
});

static RATE: LazyLock<String> = LazyLock::new(|| CALL.update(&["rated"]));

fn find(conn: &Connection, account: i64, sid: CallSid) -> Result<Option<Stored>> {
    let read = |row: &Row<'_>| {
        let since = |packed| {
            Ok::<_, rusqlite::Error>((
                unpack(packed),
                Since {
                    created_us: row.get(3)?,
                    updated_us: row.get(4)?,
                    last_change: row.get(5)?,
                },
            ))
        };
        if !(row.get(6)? && row.get(7)?) {
            return Ok(None);
        }
        Ok(Some(Stored {
            id: row.get(0)?,
            start_us: row.get(1)?,
            feedback: row.get::<_, Option<i64>>(2)?.map(since).transpose()?,
        }))
    };
    let found = conn
        .prepare_cached(&FIND)?
        .query_row(params![sid.as_bytes(), account], read)
        .optional()?;
    expect_sound(!matches!(found, Some(None)), || {
        format!("tables call, feedback and feedback_log, call {sid}")
    })?;
    Ok(found.flatten())
}

fn record_of(call: CallRef, feedback: Feedback, since: Since) -> FeedbackRecord {
    FeedbackRecord {
        call,
        feedback,
        created_at: TimeUs::from_micros(since.created_us),
        updated_at: TimeUs::from_micros(since.updated_us),
    }
}

pub(super) fn feedback(conn: &Connection, call: CallRef) -> Result<Lookup<Option<FeedbackRecord>>> {
    let Some(account) = account::find(conn, call.account)? else {
        return Ok(Lookup::Unknown);
    };
    match find(conn, account.id, call.sid)? {
        Some(stored) => Ok(Lookup::Found(
            stored
                .feedback
                .map(|(feedback, since)| record_of(call, feedback, since)),
        )),
        None => {
            record::expect_sound_index(conn, call.sid)?;
            missing(conn, account.id, call.sid)
        }
    }
}

fn missing<T>(conn: &Connection, account: i64, sid: CallSid) -> Result<Lookup<T>> {
    Ok(if record::is_gone(conn, account, sid)? {
        Lookup::Gone
    } else {
        Lookup::Unknown
    })
}

pub(super) fn rate(tx: &mut WriteTx<'_>, call: CallRef, rate: &Rate) -> Result<Lookup<Rated>> {
    let conn = tx.conn;
    let account = account::existing(conn, call.account)?;
    let stored = find(conn, account.id, call.sid)?;
    if stored.is_none() {
        let scope = Scope {
            account: call.account,
        };
        // A placeholder would stand before the call of that name that a subaccount has.
        let is_a_subaccounts =
            matches!(record::annotation(conn, scope, call.sid)?, Lookup::Found(_));
        match missing(conn, account.id, call.sid)? {
            Lookup::Unknown if rate.accept_unknown && !is_a_subaccounts => {}
            lookup => return Ok(lookup),
        }
    }
    let before = stored.as_ref().and_then(|stored| stored.feedback);
    let said = before.map(|(feedback, _)| feedback);
    let after = match (rate.of(said), before) {
        (Rating::Changed(after), _) => after,
        (Rating::Unchanged(feedback), Some((_, since))) => {
            let record = record_of(call, feedback, since);
            return Ok(Lookup::Found(Rated::Updated(record)));
        }
        (Rating::ScoreMissing | Rating::Unchanged(_), _) => {
            return Ok(Lookup::Found(Rated::ScoreMissing));
        }
    };
    let (id, start_us) = match stored {
        Some(stored) => (stored.id, stored.start_us),
        None => (judgement::make_placeholder(conn, call)?, None),
    };
    let since = write(tx, id, before, after, rate)?;
    feed::note(tx, call, &Changed::Feedback, rate.now)?;
    let hour = counted_hour(start_us, since.created_us);
    let said_in_hour = said.map(|said| (hour, said));
    let shard = account.shard(call.sid);
    count(tx, shard, said_in_hour, Some((hour, after)));
    if rate.mirror {
        mirror(tx, call, said, after, rate)?;
    }
    let record = record_of(call, after, since);
    Ok(Lookup::Found(match before {
        None => Rated::Created(record),
        Some(_) => Rated::Updated(record),
    }))
}

fn write(
    tx: &WriteTx<'_>,
    id: i64,
    before: Option<(Feedback, Since)>,
    after: Feedback,
    rate: &Rate,
) -> Result<Since> {
    let now_us = rate.now.micros();
    let last_change = tx.conn.prepare_cached(&LOG)?.insert(params![
        id,
        before.map(|(_, since)| since.last_change),
        rate.by,
        now_us,
        before.map(|(feedback, _)| pack(feedback)),
        pack(after)
    ])?;
    let since = Since {
        created_us: before.map_or(now_us, |(_, since)| since.created_us),
        updated_us: now_us,
        last_change,
    };
    tx.conn
        .prepare_cached(&PUT)?
        .execute([id, last_change, since.created_us, since.updated_us])?;
    tx.conn.prepare_cached(&RATE)?.execute([rated(after), id])?;
    Ok(since)
}

/// Lets the annotation follow.
fn mirror(
    tx: &mut WriteTx<'_>,
    call: CallRef,
    before: Option<Feedback>,
    after: Feedback,
    rate: &Rate,
) -> Result<()> {
    let scope = Scope {
        account: call.account,
    };
    if let Lookup::Found(said) = record::annotation(tx.conn, scope, call.sid)? {
        let change = Annotate {
            author: String::new(),
            by: rate.by.clone(),
            patch: Some(after.mirror(before, &said.annotation)),
            if_revision: None,
            now: rate.now,
            accept_unknown: false,
        };
        judgement::annotate(tx, scope, call.sid, change)?;
    }
    Ok(())
}

/// Notes that a call with feedback has another start, or none any more.
pub(super) fn moved(
    tx: &mut WriteTx<'_>,
    shard: Shard,
    id: i64,
    rated: i64,
    [old_us, new_us]: [Option<i64>; 2],
) -> Result<()> {
    let created_us: i64 = tx
        .conn
        .prepare_cached("select created_us from feedback where call_id = ?1")?
        .query_row([id], |row| row.get(0))?;
    let feedback = unpack(rated);
    let [old, new] =
        [old_us, new_us].map(|start_us| Some((counted_hour(start_us, created_us), feedback)));
    count(tx, shard, old, new);
    Ok(())
}

/// The hour that feedback is counted in.
fn counted_hour(start_us: Option<i64>, created_us: i64) -> i64 {
    let start = start_us.map(TimeUs::from_micros);
    hour_of(counted_at(start, TimeUs::from_micros(created_us)).micros())
}

/// Notes for the hours that feedback has changed.
fn count(
    tx: &mut WriteTx<'_>,
    shard: Shard,
    before: Option<(i64, Feedback)>,
    after: Option<(i64, Feedback)>,
) {
    let counts = changed_counts(before, after);
    tx.deltas
        .hourly(counts.map(|count| Step::feedback(shard, count)));
}

/// Notes for the hours that there is feedback: `call.rated`, on a call of that start, since then.
pub(super) fn count_rated(
    deltas: &mut Deltas,
    shard: Shard,
    rated: i64,
    (start_us, created_us): (Option<i64>, i64),
) {
    let counted = (counted_hour(start_us, created_us), unpack(rated));
    let counts = changed_counts(None, Some(counted));
    deltas.hourly(counts.map(|count| Step::feedback(shard, count)));
}

/// `call.rated` by what the log says.
pub(super) fn rated_of(logged: i64) -> i64 {
    rated(unpack(logged))
}

/// Takes the feedback on a call back, with its log.
pub(super) fn erase(
    tx: &mut WriteTx<'_>,
    shard: Shard,
    id: i64,
    start_us: Option<i64>,
) -> Result<()> {
    let stored: Option<(i64, i64)> = tx
        .conn
        .prepare_cached(
            "select c.rated, f.created_us from call c join feedback f on f.call_id = c.id where c.id = ?1",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((rated, created_us)) = stored else {
        return Ok(());
    };
    let hour = counted_hour(start_us, created_us);
    count(tx, shard, Some((hour, unpack(rated))), None);
    tx.conn
        .prepare_cached(
            "with recursive change (id) as (
               select last_change from feedback where call_id = ?1
               union all
               select l.previous from change c join feedback_log l on l.id = c.id where l.previous is not null
             ) delete from feedback_log where id in (select id from change)",
        )?
        .execute([id])?;
    tx.conn
        .prepare_cached("delete from feedback where call_id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Looks at what was said last: calls are folded within seconds, so those rated before are folded.
pub(super) fn awaits_fold(
    conn: &Connection,
    range: &FeedbackRange,
    by_then: TimeUs,
) -> Result<bool> {
    Ok(conn
        .prepare_cached(
            "select 1 from (select call_id, at_us from feedback_log order by id desc limit 1000) l
             join call c on c.id = l.call_id
             where l.at_us <= ?3 and c.dirty_us is not null and c.start_us is null
             and not exists (select 1 from set_aside s where s.call_id = c.id and s.reason is not null)
             and c.account in (select id from account where sid = ?1 or ?2 and parent_sid = ?1)",
        )?
        .exists(params![
            range.account.as_bytes(),
            range.include_subaccounts,
            by_then.micros()
        ])?)
}

pub(super) fn judgements(
    conn: &Connection,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Vec<Judgement>> {
    let mut statement = conn.prepare_cached(&format!(
        "select c.id, a.sid, c.sid, l.after, c.annotation, c.annotation_revision, {} and (f.call_id is null or {} and {})
         from call c join account a on a.id = c.account
         left join feedback f on f.call_id = c.id left join feedback_log l on l.id = f.last_change
         where c.id > ?1 and (c.rated is not null or c.annotation is not null) order by c.id limit ?2",
        CALL.is_sound("c."),
        FEEDBACK.is_sound("f."),
        FEEDBACK_LOG.is_sound("l.")
    ))?;
    let mut rows = statement.query(params![
        cursor::behind(after)?,
        i64::try_from(limit).unwrap_or(i64::MAX)
    ])?;
    let mut judgements = Vec::new();
    while let Some(row) = rows.next()? {
        let sid = CallSid::from_bytes(row.get(2)?);
        record::expect_sound_call(row.get(6)?, sid)?;
        judgements.push(Judgement {
            cursor: cursor::of([row.get(0)?]),
            call: CallRef {
                account: AccountSid::from_bytes(row.get(1)?),
                sid,
            },
            feedback: row.get::<_, Option<i64>>(3)?.map(unpack),
            annotation: record::read_annotation(row, 4)?,
            annotation_revision: row.get(5)?,
        });
    }
    Ok(judgements)
}
