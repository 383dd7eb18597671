//! Adding up feedback: calls and ratings of a range of days.

use rusqlite::{Connection, params};
use sidetone_core::feedback::FeedbackTally;
use sidetone_core::time::{DAY_US, HOUR_US};

use crate::account;
use crate::error::Result;
use crate::rollups::hourly::{CELLS, COLUMNS, HOURLY};
use crate::rows::checksum::expect_sound;
use sidetone_store::feedback::FeedbackRange;

/// Adds up the hours of a range, and says how many rows that took.
pub(crate) fn tally(conn: &Connection, range: &FeedbackRange) -> Result<(FeedbackTally, u64)> {
    const HOURS: i64 = DAY_US / HOUR_US;
    let mut accounts = vec![account::existing(conn, range.account)?.id];
    if range.include_subaccounts {
        let mut statement = conn.prepare_cached("select id from account where parent_sid = ?1")?;
        for child in statement.query_map([range.account.as_bytes()], |row| row.get(0))? {
            accounts.push(child?);
        }
    }
    let sums = COLUMNS
        .map(|name| format!("coalesce(sum({name}), 0)"))
        .join(", ");
    let mut statement = conn.prepare_cached(&format!(
        "select count(*), {sums}, coalesce(min({}), 1) from hourly where account = ?1 and hour between ?2 and ?3",
        HOURLY.is_sound("")
    ))?;
    let first = range.days.start().saturating_mul(HOURS);
    let last = range
        .days
        .end()
        .saturating_mul(HOURS)
        .saturating_add(HOURS - 1);
    let (mut tally, mut rows) = (FeedbackTally::default(), 0);
    for account in accounts {
        let is_sound = statement.query_row(params![account, first, last], |row| {
            rows += row.get::<_, u64>(0)?;
            tally.calls += row.get::<_, u64>(1)?;
            for (place, count) in tally.scores.iter_mut().chain(&mut tally.issues).enumerate() {
                *count += row.get::<_, u64>(2 + place)?;
            }
            row.get(1 + CELLS)
        })?;
        expect_sound(is_sound, || {
            format!("table hourly, account {}", range.account)
        })?;
    }
    Ok((tally, rows))
}
