//! Calls and feedback by hour: what summaries of feedback are made of.

use std::sync::LazyLock;

use rusqlite::{Connection, params_from_iter};
use sidetone_core::feedback::ISSUES;

use crate::error::Result;
use crate::rows::checksum::Covered;
use crate::rows::shard::Shard;
use sidetone_store::feedback::Count;

/// Counts in one row: calls, feedbacks by score, feedbacks by issue.
pub(crate) const CELLS: usize = 1 + 5 + ISSUES;

/// The columns, in the order of [`Step::cell`].
pub(crate) const COLUMNS: [&str; CELLS] = [
    "calls", "score_1", "score_2", "score_3", "score_4", "score_5", "issue_0", "issue_1",
    "issue_2", "issue_3", "issue_4", "issue_5", "issue_6", "issue_7",
];

pub(crate) static HOURLY: LazyLock<Covered> = LazyLock::new(|| {
    Covered::of(
        "hourly",
        &format!("account, hour, bucket, {}", COLUMNS.join(", ")),
    )
});

/// What a row is found by, before its counts.
const PLACE: [&str; 3] = ["account", "hour", "bucket"];

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
        "update hourly set {} where account = ?1 and hour = ?2 and bucket = ?3",
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
pub(crate) struct Step {
    shard: Shard,
    hour: i64,
    cell: usize,
    by: i64,
}

impl Step {
    /// A call more or less.
    pub(crate) const fn call(shard: Shard, hour: i64, by: i64) -> Self {
        Self {
            shard,
            hour,
            cell: 0,
            by,
        }
    }

    /// A feedback more or less in one of its counts.
    pub(crate) fn feedback(shard: Shard, (hour, count, by): (i64, Count, i64)) -> Self {
        let cell = match count {
            Count::Score(score) => usize::from(score),
            Count::Issue(issue) => 6 + usize::from(issue.index()),
        };
        Self {
            shard,
            hour,
            cell,
            by,
        }
    }
}

/// Applies steps, which are sorted.
pub(crate) fn write(conn: &Connection, steps: &[Step]) -> Result<()> {
    for of_hour in steps.chunk_by(|a, b| (a.shard, a.hour) == (b.shard, b.hour)) {
        let mut counts = [0_i64; CELLS];
        for step in of_hour {
            counts[step.cell] += step.by;
        }
        if counts.iter().all(|count| *count == 0) {
            continue;
        }
        let Step { shard, hour, .. } = of_hour[0];
        let row = [shard.account, hour, shard.bucket];
        let values = row.into_iter().chain(counts);
        // A count below none would be refused where it is inserted, so what becomes less is
        // updated.
        if counts.iter().all(|count| *count >= 0) {
            conn.prepare_cached(&ADD)?
                .execute(params_from_iter(values))?;
            continue;
        }
        conn.prepare_cached(&CHANGE)?
            .execute(params_from_iter(values))?;
        conn.prepare_cached(
            "delete from hourly where account = ?1 and hour = ?2 and bucket = ?3
             and calls + score_1 + score_2 + score_3 + score_4 + score_5 = 0",
        )?
        .execute(row)?;
    }
    Ok(())
}
