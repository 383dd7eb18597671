//! Calls and feedback by hour: what summaries of feedback are made of.

use std::sync::LazyLock;

use rusqlite::{Connection, params, params_from_iter};
use sidetone_core::feedback::{Feedback, FeedbackTally, ISSUES, Issues};
use sidetone_core::time::{DAY_US, HOUR_US};

use super::account;
use super::check::{differ, find};
use super::checksum::{Covered, expect_sound};
use super::error::Result;
use sidetone_store::feedback::FeedbackRange;

/// Counts in one row: calls, feedbacks by score, feedbacks by issue.
const CELLS: usize = 1 + 5 + ISSUES;

/// The columns, in the order of [`Step::cell`].
const COLUMNS: [&str; CELLS] = [
    "calls", "score_1", "score_2", "score_3", "score_4", "score_5", "issue_0", "issue_1",
    "issue_2", "issue_3", "issue_4", "issue_5", "issue_6", "issue_7",
];

static HOURLY: LazyLock<Covered> = LazyLock::new(|| {
    Covered::of(
        "hourly",
        &format!("account, hour, slot, {}", COLUMNS.join(", ")),
    )
});

/// What a row is found by, before its counts.
const PLACE: [&str; 3] = ["account", "hour", "slot"];

/// Adds counts to a row, which is made when there is none.
static ADD: LazyLock<String> = LazyLock::new(|| {
    let columns: Vec<&str> = PLACE.into_iter().chain(COLUMNS).collect();
    let by = COLUMNS.map(|name| format!("excluded.{name}"));
    format!(
        "{} on conflict do update set {}",
        HOURLY.insert_columns(&columns),
        steps(&by)
    )
});

/// Changes the counts of a row.
static CHANGE: LazyLock<String> = LazyLock::new(|| {
    let mut parameter = PLACE.len();
    let by = COLUMNS.map(|_| {
        parameter += 1;
        format!("?{parameter}")
    });
    format!(
        "update hourly set {} where account = ?1 and hour = ?2 and slot = ?3",
        steps(&by)
    )
});

/// Every count with something added to it, and the checksum that follows.
fn steps(by: &[String]) -> String {
    let values: Vec<(&str, String)> = COLUMNS
        .iter()
        .zip(by)
        .map(|(name, by)| (*name, format!("{name} + {by}")))
        .collect();
    let set: Vec<(&str, &str)> = values
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let counts = set
        .iter()
        .map(|(name, value)| format!("{name} = {value}, "));
    format!(
        "{}checksum = {}",
        counts.collect::<String>(),
        HOURLY.updated_unread(&set)
    )
}

/// One more or less in a count of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    account: i64,
    hour: i64,
    cell: usize,
    by: i64,
}

impl Step {
    /// A call more or less.
    pub(super) const fn call(account: i64, hour: i64, by: i64) -> Self {
        Self {
            account,
            hour,
            cell: 0,
            by,
        }
    }

    /// A feedback more or less.
    pub(super) fn feedback(
        account: i64,
        hour: i64,
        feedback: Feedback,
        by: i64,
    ) -> impl Iterator<Item = Self> {
        let issues = feedback.issues.iter();
        let cells = issues.map(|issue| 6 + usize::from(issue.index()));
        std::iter::once(usize::from(feedback.score))
            .chain(cells)
            .map(move |cell| Self {
                account,
                hour,
                cell,
                by,
            })
    }
}

/// Feedback as `feedback_log` holds it: as `call.rated`, and from bit 11 on the order of the issues. Rows without it are of
/// versions that kept none.
pub(super) fn pack(feedback: Feedback) -> i64 {
    rated(feedback) | i64::from(feedback.issues.order()) << 11
}

/// Feedback as `call.rated` holds it.
pub(super) fn rated(feedback: Feedback) -> i64 {
    i64::from(feedback.score) | i64::from(feedback.issues.bits()) << 3
}

/// Reads either back.
pub(super) fn unpack(packed: i64) -> Feedback {
    Feedback {
        score: (packed & 7) as u8,
        issues: Issues::from_bits((packed >> 3) as u8, (packed >> 11) as u32),
    }
}

/// Applies steps, which are sorted.
pub(super) fn write(conn: &Connection, steps: &[Step]) -> Result<()> {
    for of_hour in steps.chunk_by(|a, b| (a.account, a.hour) == (b.account, b.hour)) {
        let mut counts = [0_i64; CELLS];
        for step in of_hour {
            counts[step.cell] += step.by;
        }
        if counts.iter().all(|count| *count == 0) {
            continue;
        }
        let Step { account, hour, .. } = of_hour[0];
        let values = [account, hour, 0].into_iter().chain(counts);
        // A count below none would be refused where it is inserted, so what becomes less is updated.
        if counts.iter().all(|count| *count >= 0) {
            conn.prepare_cached(&ADD)?
                .execute(params_from_iter(values))?;
            continue;
        }
        conn.prepare_cached(&CHANGE)?
            .execute(params_from_iter(values))?;
        conn.prepare_cached(
            "delete from hourly where account = ?1 and hour = ?2 and slot = 0
             and calls + score_1 + score_2 + score_3 + score_4 + score_5 = 0",
        )?
        .execute([account, hour])?;
    }
    Ok(())
}

/// Adds up the hours of a range, and says how many rows that took.
pub(super) fn tally(conn: &Connection, range: &FeedbackRange) -> Result<(FeedbackTally, u64)> {
    const HOURS: i64 = DAY_US / HOUR_US;
    let (account, _) = account::existing(conn, range.account)?;
    let mut accounts = vec![account];
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

/// Compares the hours with the calls.
pub(super) fn check(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    // SQLite divides towards zero, hours are rounded down.
    let hour =
        |us: &str| format!("({us} - (({us} % {HOUR_US}) + {HOUR_US}) % {HOUR_US}) / {HOUR_US}");
    let scores = (1..=5).map(|score| format!("sum(rated & 7 is {score})"));
    let issues = (0..ISSUES).map(|issue| format!("coalesce(sum(rated >> {} & 1), 0)", issue + 3));
    let counts: Vec<String> = std::iter::once("sum(is_call)".to_owned())
        .chain(scores)
        .chain(issues)
        .collect();
    let recount = format!(
        "select account, hour, {} from (
           select account, {} as hour, 1 as is_call, null as rated from call where start_us is not null
           union all
           select c.account, {}, 0, c.rated from call c join feedback f on f.call_id = c.id
         ) group by account, hour",
        counts.join(", "),
        hour("start_us"),
        hour("coalesce(c.start_us, f.created_us)")
    );
    let stored = format!("select account, hour, {} from hourly", COLUMNS.join(", "));
    if differ(conn, &recount, &stored)? > 0 {
        find(findings, || {
            "calls and feedback by hour differ from the calls".to_owned()
        });
    }
    Ok(())
}
