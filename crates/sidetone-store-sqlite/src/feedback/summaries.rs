//! Summaries of feedback, as jobs.

use std::sync::LazyLock;

use rusqlite::{Connection, Row, params};
use sidetone_core::id::{AccountSid, FeedbackSummarySid};
use sidetone_core::time::TimeUs;

use crate::engine::write_tx::WriteTx;
use crate::error::{Error, Result};
use crate::rows::checksum::expect_sound;
use crate::rows::tables::FEEDBACK_SUMMARY;
use crate::{account, outbox};
use sidetone_store::delivery::NewDelivery;
use sidetone_store::feedback::{
    FeedbackRange, FeedbackSummary, FeedbackSummaryStatus, QUEUED_SUMMARIES_MAX, StatusCallback,
};
use sidetone_store::{StoreError, Topic};

static SELECT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select s.sid, a.sid, s.first_day, s.last_day, s.include_subaccounts, s.status, s.tally, s.created_us,
           s.updated_us, s.callback_url, s.callback_by_get, {}
         from feedback_summary s join account a on a.id = s.account where s.",
        FEEDBACK_SUMMARY.is_sound("s.")
    )
});

fn read(row: &Row<'_>) -> Result<FeedbackSummary> {
    let sid = FeedbackSummarySid::from_bytes(row.get(0)?);
    expect_sound(row.get(11)?, || format!("table feedback_summary, {sid}"))?;
    let tally: Option<String> = row.get(6)?;
    let status = match (row.get::<_, i64>(5)?, tally) {
        (0, _) => FeedbackSummaryStatus::Queued,
        (1, _) => FeedbackSummaryStatus::InProgress,
        (2, Some(json)) => FeedbackSummaryStatus::Completed(serde_json::from_str(&json)?),
        (3, _) => FeedbackSummaryStatus::Failed,
        (status, _) => {
            return Err(Error(StoreError::Corrupt(format!(
                "status {status} of a feedback summary"
            ))));
        }
    };
    let by_get = row.get(10)?;
    Ok(FeedbackSummary {
        sid,
        range: FeedbackRange {
            account: AccountSid::from_bytes(row.get(1)?),
            include_subaccounts: row.get(4)?,
            days: row.get(2)?..=row.get(3)?,
        },
        status,
        created_at: TimeUs::from_micros(row.get(7)?),
        updated_at: TimeUs::from_micros(row.get(8)?),
        callback: row
            .get::<_, Option<String>>(9)?
            .map(|url| StatusCallback { url, by_get }),
    })
}

const fn number(status: FeedbackSummaryStatus) -> i64 {
    match status {
        FeedbackSummaryStatus::Queued => 0,
        FeedbackSummaryStatus::InProgress => 1,
        FeedbackSummaryStatus::Completed(_) => 2,
        FeedbackSummaryStatus::Failed => 3,
    }
}

fn tally_json(status: FeedbackSummaryStatus) -> Result<Option<String>> {
    Ok(match status {
        FeedbackSummaryStatus::Completed(tally) => Some(serde_json::to_string(&tally)?),
        FeedbackSummaryStatus::Queued
        | FeedbackSummaryStatus::InProgress
        | FeedbackSummaryStatus::Failed => None,
    })
}

pub(crate) fn create(tx: &mut WriteTx<'_>, summary: &FeedbackSummary) -> Result<bool> {
    let account = account::existing(tx.conn, summary.range.account)?.id;
    let queued: usize = tx
        .conn
        .prepare_cached("select count(*) from feedback_summary where status < 2 and account = ?1")?
        .query_row([account], |row| row.get(0))?;
    if queued >= QUEUED_SUMMARIES_MAX {
        return Ok(false);
    }
    let callback = summary.callback.as_ref();
    tx.conn
        .prepare_cached(&FEEDBACK_SUMMARY.insert_columns(&[
            "sid",
            "account",
            "first_day",
            "last_day",
            "include_subaccounts",
            "status",
            "tally",
            "created_us",
            "updated_us",
            "callback_url",
            "callback_by_get",
        ]))?
        .execute(params![
            summary.sid.as_bytes(),
            account,
            summary.range.days.start(),
            summary.range.days.end(),
            summary.range.include_subaccounts,
            number(summary.status),
            tally_json(summary.status)?,
            summary.created_at.micros(),
            summary.updated_at.micros(),
            callback.map(|callback| &callback.url),
            callback.is_some_and(|callback| callback.by_get),
        ])?;
    tx.ring(Topic::FeedbackSummaries);
    Ok(true)
}

/// Summaries that are forgotten by one job.
const TRIMMED_AT_ONCE: usize = 500;

/// Whether an account has more than so many that are done.
pub(crate) fn has_more(conn: &Connection, most: usize) -> Result<bool> {
    Ok(conn
        .prepare_cached(
            "select 1 from feedback_summary where status >= 2 group by account having count(*) > ?1 limit 1",
        )?
        .exists([most])?)
}

/// Forgets some that are beyond, the oldest first.
pub(crate) fn trim(tx: &mut WriteTx<'_>, most: usize) -> Result<u64> {
    let trimmed = tx
        .conn
        .prepare_cached(
            "delete from feedback_summary where id in (
               select id from (
                 select id, row_number() over (partition by account order by id desc) as nth
                 from feedback_summary where status >= 2
               ) where nth > ?1 order by id limit ?2
             )",
        )?
        .execute([most, TRIMMED_AT_ONCE])?;
    Ok(trimmed as u64)
}

pub(crate) fn fetch(
    conn: &Connection,
    account: AccountSid,
    sid: FeedbackSummarySid,
) -> Result<Option<FeedbackSummary>> {
    let mut statement = conn.prepare_cached(&format!("{}sid = ?1 and a.sid = ?2", *SELECT))?;
    let mut rows = statement.query([sid.as_bytes(), account.as_bytes()])?;
    rows.next()?.map(read).transpose()
}

pub(crate) fn delete(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    sid: FeedbackSummarySid,
) -> Result<bool> {
    let deleted = tx
        .conn
        .prepare_cached(
            "delete from feedback_summary where sid = ?1 and account = (select id from account where sid = ?2)",
        )?
        .execute([sid.as_bytes(), account.as_bytes()])?;
    Ok(deleted > 0)
}

/// Claims the first that `claims` gives.
pub(crate) fn claim(
    conn: &Connection,
    mut claims: impl FnMut(FeedbackSummarySid) -> bool,
) -> Result<Option<FeedbackSummarySid>> {
    let mut statement = conn.prepare_cached(&format!(
        "select sid from feedback_summary where status < 2 and {} order by id",
        FEEDBACK_SUMMARY.is_sound("")
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let sid = FeedbackSummarySid::from_bytes(row.get(0)?);
        if claims(sid) {
            return Ok(Some(sid));
        }
    }
    Ok(None)
}

/// Begins to make one. `None`: somebody has made it meanwhile, or it was deleted.
pub(crate) fn begin(
    tx: &mut WriteTx<'_>,
    sid: FeedbackSummarySid,
    now: TimeUs,
) -> Result<Option<FeedbackSummary>> {
    let begun = tx
        .conn
        .prepare_cached(&format!(
            "update feedback_summary set status = 1, updated_us = ?2, checksum = {} where sid = ?1 and status < 2",
            FEEDBACK_SUMMARY.updated_unread(&[("status", "1"), ("updated_us", "?2")])
        ))?
        .execute(params![sid.as_bytes(), now.micros()])?;
    if begun == 0 {
        return Ok(None);
    }
    let mut statement = tx.conn.prepare_cached(&format!("{}sid = ?1", *SELECT))?;
    let mut rows = statement.query([sid.as_bytes()])?;
    rows.next()?.map(read).transpose()
}

pub(crate) fn finish(
    tx: &mut WriteTx<'_>,
    sid: FeedbackSummarySid,
    status: FeedbackSummaryStatus,
    tell: Option<&NewDelivery>,
    now: TimeUs,
) -> Result<()> {
    let ended = tx
        .conn
        .prepare_cached(&format!(
            "update feedback_summary set status = ?2, tally = ?3, updated_us = ?4, checksum = {}
             where sid = ?1 and status < 2",
            FEEDBACK_SUMMARY.updated_unread(&[
                ("status", "?2"),
                ("tally", "?3"),
                ("updated_us", "?4")
            ])
        ))?
        .execute(params![
            sid.as_bytes(),
            number(status),
            tally_json(status)?,
            now.micros()
        ])?;
    match tell {
        Some(delivery) if ended > 0 => outbox::add(tx, delivery),
        _ => Ok(()),
    }
}
