//! Calls themselves, column by column: where there are no segments, and to make some.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, Row, params};
use sidetone_core::annotation::Annotation;
use sidetone_core::id::{CallRef, CallSid};
use sidetone_core::summary::CallSummary;

use super::key::Account;
use crate::error::{Error, Result};
use crate::record;
use sidetone_store::StoreError;
use sidetone_store::statistics::column::{Cells, Column};
use sidetone_store::statistics::count::Piece;
use sidetone_store::statistics::quarter::{Period, QUARTER_US};
use sidetone_store::statistics::segment::{About, Builder, Values};

const COLUMNS: &str = "c.sid, c.advanced_features, c.annotation, d.body, IS_SOUND";

static OF_QUARTER: LazyLock<String> = LazyLock::new(|| {
    record::with_soundness(&format!(
        "select {COLUMNS} from call c indexed by call_by_start cross join document d on d.call_id = c.id
         where c.account = ?1 and c.start_us between ?2 and ?3 and c.bucket = ?4 order by c.start_us, c.id"
    ))
});

static OF_CALL: LazyLock<String> = LazyLock::new(|| {
    record::with_soundness(&format!(
        "select {COLUMNS} from call c cross join document d on d.call_id = c.id where c.id = ?1"
    ))
});

/// What a call is counted by.
pub(super) struct Call {
    pub(super) summary: CallSummary,
    pub(super) annotation: Annotation,
    pub(super) advanced_features: bool,
}

impl Call {
    /// What it has in each column. `None`: it has no start.
    pub(super) fn cells(&self) -> Option<Cells<'_>> {
        Cells::of(&self.summary, &self.annotation, self.advanced_features)
    }
}

/// Reads a call. `None`: it is damaged; `check` names it, and lists leave it out too.
fn read(row: &Row<'_>, account: Account) -> Result<Option<Call>> {
    let call = CallRef {
        account: account.sid,
        sid: CallSid::from_bytes(row.get(0)?),
    };
    let read = || -> Result<Call> {
        record::expect_sound_call(row.get(4)?, call.sid)?;
        Ok(Call {
            summary: record::read_summary(row.get_ref(3)?.as_blob()?, call)?,
            annotation: record::read_annotation(row, 2)?,
            advanced_features: row.get(1)?,
        })
    };
    match read() {
        Err(Error(StoreError::Corrupt(_))) => Ok(None),
        call => call.map(Some),
    }
}

/// The call of a row.
pub(super) fn call(conn: &Connection, account: Account, id: i64) -> Result<Option<Call>> {
    let mut statement = conn.prepare_cached(&OF_CALL)?;
    let read = statement
        .query_row([id], |row| Ok(read(row, account)))
        .optional()?;
    Ok(read.transpose()?.flatten())
}

/// Gives out the calls of a quarter and bucket that started then or later, in the order of their
/// starts, for as long as more are wanted.
pub(super) fn each(
    conn: &Connection,
    account: Account,
    quarter: i64,
    bucket: i64,
    from_us: i64,
    mut give: impl FnMut(Cells<'_>) -> Result<bool>,
) -> Result<()> {
    let begin_us = quarter.saturating_mul(QUARTER_US);
    let end_us = begin_us.saturating_add(QUARTER_US - 1);
    let from_us = from_us.max(begin_us);
    let mut statement = conn.prepare_cached(&OF_QUARTER)?;
    let mut rows = statement.query(params![account.id, from_us, end_us, bucket])?;
    while let Some(row) = rows.next()? {
        let Some(call) = read(row, account)? else {
            continue;
        };
        let cells = call.cells();
        // Elsewhere by its summary: its row is older than that, which only damage makes.
        let cells = cells.filter(|cells| cells.quarter == quarter);
        if let Some(cells) = cells
            && !give(cells)?
        {
            break;
        }
    }
    Ok(())
}

/// Calls that were gathered.
pub(super) struct Fresh {
    about: About,
    columns: BTreeMap<Column, Values>,
}

impl Fresh {
    pub(super) fn of(calls: Builder, period: Period) -> Self {
        let (about, columns) = calls.finish(period);
        Self { about, columns }
    }
}

impl Piece for Fresh {
    type Error = Error;

    fn about(&self) -> About {
        self.about
    }

    fn take(&mut self, column: Column) -> Result<Values> {
        Ok(self.columns.remove(&column).unwrap_or_default())
    }
}
