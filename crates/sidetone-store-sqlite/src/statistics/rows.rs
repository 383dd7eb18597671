//! Calls of stale quarters, column by column: by the columns of their rows where these tell them,
//! and only else by their documents, which take twenty times as long.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::LazyLock;

use rusqlite::{Connection, Row, params};
use sidetone_core::annotation::Annotation;
use sidetone_core::facts::CallFacts;
use sidetone_core::id::CallSid;
use sidetone_core::statistics::Seizure;
use sidetone_core::statistics::talk::TalkLength;
use sidetone_core::vocabulary::CallState;

use super::fresh::{self, Fresh};
use super::key::{Account, Key};
use super::remembered::{Remembered, Said};
use crate::error::{Error, Result};
use crate::record;
use crate::rows::facet::{self, Facets};
use crate::rows::terms;
use sidetone_store::StoreError;
use sidetone_store::facets::Facet;
use sidetone_store::statistics::column::{Cell, Cells, Column, Own, zigzag};
use sidetone_store::statistics::quarter::{Period, QUARTER_US};
use sidetone_store::statistics::segment::{Builder, CALLS_MAX};

/// What a query may read, beyond segments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    /// Rows of calls: half a second.
    pub(super) rows: usize,
    /// Documents of calls that are not remembered: two seconds.
    pub(super) documents: usize,
}

impl Allowance {
    pub(super) const MAX: Self = Self {
        rows: 250_000,
        documents: 50_000,
    };
}

fn spend(left: &mut usize, most: usize, of: &str) -> Result<()> {
    *left = left.checked_sub(1).ok_or_else(|| {
        Error(StoreError::TooExpensive(format!(
            "more than {most} {of} of calls to be read one by one"
        )))
    })?;
    Ok(())
}

static OF_QUARTER: LazyLock<String> = LazyLock::new(|| {
    record::with_soundness(&format!(
        "select c.id, c.sid, c.advanced_features, c.annotation, c.from_address, c.to_address, c.checksum, IS_SOUND, {}
         from call c indexed by call_by_start
         where c.account = ?1 and c.start_us between ?2 and ?3 and c.bucket = ?4 and c.version > 0
         order by c.start_us, c.id",
        facet::columns()
    ))
});

/// Reads calls for one query.
pub(super) struct Reader<'c> {
    conn: &'c Connection,
    account: Account,
    /// The columns that are asked for; start and end always are.
    columns: &'c [Column],
    remembered: &'c Remembered,
    /// What is left of it.
    left: Allowance,
    texts: HashMap<i64, String>,
}

impl<'c> Reader<'c> {
    pub(super) fn new(
        conn: &'c Connection,
        account: Account,
        columns: &'c [Column],
        remembered: &'c Remembered,
    ) -> Self {
        Self {
            conn,
            account,
            columns,
            remembered,
            left: Allowance::MAX,
            texts: HashMap::new(),
        }
    }

    /// The calls of a piece of a quarter's segments, whose documents are read.
    pub(super) fn piece(&mut self, (quarter, bucket, piece): Key) -> Result<Fresh> {
        let (mut calls, mut before) = (Builder::default(), piece.saturating_mul(CALLS_MAX as i64));
        let (conn, account) = (self.conn, self.account);
        fresh::each(conn, account, quarter, bucket, i64::MIN, |cells| {
            self.spend_document()?;
            if before > 0 {
                before -= 1;
            } else {
                calls.add(cells);
            }
            Ok(calls.calls() < CALLS_MAX)
        })?;
        Ok(Fresh::of(calls, Period::quarter(quarter)))
    }

    /// The calls of a quarter and bucket that started then or later. Those that are damaged are left
    /// out: `check` names them, and lists leave them out too.
    pub(super) fn quarter(&mut self, quarter: i64, bucket: i64, from_us: i64) -> Result<Fresh> {
        let begin_us = quarter.saturating_mul(QUARTER_US);
        let end_us = begin_us.saturating_add(QUARTER_US - 1);
        let from_us = from_us.max(begin_us);
        let mut calls = Builder::default();
        let conn = self.conn;
        let mut statement = conn.prepare_cached(&OF_QUARTER)?;
        let mut rows = statement.query(params![self.account.id, from_us, end_us, bucket])?;
        while let Some(row) = rows.next()? {
            spend(&mut self.left.rows, Allowance::MAX.rows, "rows")?;
            match self.cells(row, quarter) {
                // Of the row, or of a text that it names. The document has that too.
                Err(Error(StoreError::Corrupt(_))) => {
                    self.spend_document()?;
                    if let Some(call) = fresh::call(conn, self.account, row.get(0)?)? {
                        let cells = call.cells().filter(|cells| cells.quarter == quarter);
                        cells.into_iter().for_each(|cells| calls.add(cells));
                    }
                }
                cells => cells?.into_iter().for_each(|cells| calls.add(cells)),
            }
        }
        Ok(Fresh::of(calls, Period::quarter(quarter)))
    }

    fn spend_document(&mut self) -> Result<()> {
        spend(
            &mut self.left.documents,
            Allowance::MAX.documents,
            "documents",
        )
    }

    fn cells(&mut self, row: &Row<'_>, quarter: i64) -> Result<Option<Cells<'static>>> {
        record::expect_sound_call(row.get(7)?, CallSid::from_bytes(row.get(1)?))?;
        let facets = Facets::read(row, 8)?;
        let Some(keys) = facets.keys else {
            return Ok(None);
        };
        let columns = self.columns;
        let annotation: Option<Annotation> = match columns.iter().any(|it| is_annotated(*it)) {
            true => Some(record::read_annotation(row, 3)?),
            false => None,
        };
        let said = match columns.iter().any(|it| needs_document(*it, &facets)) {
            true => match self.said(row)? {
                Some(said) => Some(said),
                None => return Ok(None),
            },
            false => None,
        };
        let start = keys.start_us - quarter * QUARTER_US;
        let end = keys
            .ended_us
            .map(|end_us| zigzag(end_us - quarter * QUARTER_US));
        let mut cells = Vec::with_capacity(columns.len() + 2);
        let mut add = |column, cell: Option<Cell<'static>>| {
            cells.extend(cell.map(|cell| (column, cell)));
        };
        let number = |number: Option<u64>| number.map(Cell::Number);
        let text = |text: Option<String>| text.map(|text| Cell::Text(text.into()));
        add(Column::Own(Own::Start), number(u64::try_from(start).ok()));
        add(Column::Own(Own::End), number(end));
        let number_said = |column| said.as_ref().and_then(|said| said.number(column));
        let talk_s = || {
            let is_completed = state(&facets) == Some(CallState::Completed);
            let length_s = number_said(Column::Own(Own::ConnectDuration));
            let length_s = length_s.or_else(|| number_said(Column::Own(Own::Duration)));
            length_s.filter(|_| is_completed)
        };
        for column in columns {
            let value = |facet: Facet| facets.get(facet).map(i64::unsigned_abs);
            let cell = match *column {
                Column::Own(Own::Start | Own::End) => continue,
                Column::Own(Own::From) => text(row.get(4)?),
                Column::Own(Own::To) => text(row.get(5)?),
                Column::Own(Own::SipResponse) => number(value(Facet::SipResponse)),
                Column::Own(Own::Edges) => number(value(Facet::Edges)),
                Column::Own(Own::Codecs) => self.text(facets.get(Facet::Codecs), Facet::Codecs)?,
                Column::Own(Own::Incident) => {
                    text(annotation.as_ref().and_then(|it| it.incident.clone()))
                }
                Column::Own(Own::Comment) => {
                    text(annotation.as_ref().and_then(|it| it.comment.clone()))
                }
                Column::Own(Own::Measured) => number(value(Facet::Measured)),
                Column::Own(Own::AdvancedFeatures) => number(Some(row.get(2)?)),
                Column::Own(
                    Own::ToConnection | Own::EdgeLocations | Own::Regions | Own::Attestation,
                ) => {
                    let said = said.as_ref().and_then(|said| said.text(*column));
                    text(said.map(str::to_owned))
                }
                Column::Own(Own::Talk) => number(talk_s()),
                Column::Own(Own::TalkLength) => {
                    number(talk_s().map(|it| TalkLength::of(it).index().into()))
                }
                Column::Own(
                    Own::Pdd
                    | Own::Seizure
                    | Own::Duration
                    | Own::ConnectDuration
                    | Own::PacketLoss
                    | Own::Jitter
                    | Own::Rtt
                    | Own::Mos
                    | Own::QueueTime
                    | Own::Reach
                    | Own::Media
                    | Own::SdkMedia
                    | Own::GatewayMedia,
                ) => number(match needs_document(*column, &facets) {
                    true => number_said(*column),
                    false => of_row(*column, &facets),
                }),
                Column::Facet(facet) if facet.is_text() => self.text(facets.get(facet), facet)?,
                Column::Facet(facet) => number(value(facet)),
            };
            add(*column, cell);
        }
        Ok(Some(Cells {
            quarter,
            ended_us: keys.ended_us,
            cells,
        }))
    }

    /// A text of the dictionary. That its index says the same is looked at once for each.
    fn text(&mut self, term: Option<i64>, facet: Facet) -> Result<Option<Cell<'static>>> {
        let Some(term) = term else { return Ok(None) };
        let text = match self.texts.entry(term) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(terms::text(self.conn, term)?),
        };
        let text = match facet {
            // Several stand together, each behind what it begins with.
            Facet::UserAgents | Facet::Codecs => {
                let lead = terms::lead(facet);
                let texts = text.strip_prefix(lead).unwrap_or(text);
                texts.replace(lead, "\n")
            }
            _ => text.clone(),
        };
        Ok(Some(Cell::Text(Cow::Owned(text))))
    }

    /// What the document says. `None`: that is damaged.
    fn said(&mut self, row: &Row<'_>) -> Result<Option<Said>> {
        let (id, checksum) = (row.get(0)?, row.get(6)?);
        if let Some(said) = self.remembered.get(id, checksum) {
            return Ok(Some(said));
        }
        self.spend_document()?;
        let Some(call) = fresh::call(self.conn, self.account, id)? else {
            return Ok(None);
        };
        let said = Said::of(Cells::of(
            &call.summary,
            &call.annotation,
            call.advanced_features,
        ));
        self.remembered.put(id, checksum, said.clone());
        Ok(Some(said))
    }
}

/// Whether a column is what an annotation says in words.
const fn is_annotated(column: Column) -> bool {
    matches!(column, Column::Own(Own::Incident | Own::Comment))
}

/// Whether the row of a call does not tell what it has in a column.
fn needs_document(column: Column, facets: &Facets) -> bool {
    match column {
        // The row has no room for longer ones.
        Column::Own(Own::Duration) => facets.get(Facet::Duration) == Some(u32::MAX.into()),
        Column::Own(Own::Pdd) => facets.get(Facet::Pdd) == Some(u32::MAX.into()),
        // The cause may say otherwise than that it failed.
        Column::Own(Own::Seizure) => seizure(facets) == Some(Seizure::Failed),
        Column::Own(Own::Talk | Own::TalkLength) => state(facets) == Some(CallState::Completed),
        Column::Own(
            Own::ConnectDuration
            | Own::ToConnection
            | Own::EdgeLocations
            | Own::Regions
            | Own::QueueTime
            | Own::Reach
            | Own::Attestation
            | Own::Media
            | Own::SdkMedia
            | Own::GatewayMedia,
        ) => true,
        Column::Own(Own::PacketLoss | Own::Jitter | Own::Mos) => {
            facets.get(Facet::Measured) == Some(1)
        }
        Column::Own(Own::Rtt) => facets.get(Facet::Edges).is_some(),
        _ => false,
    }
}

/// What a row tells of what documents tell too.
fn of_row(column: Column, facets: &Facets) -> Option<u64> {
    match column {
        Column::Own(Own::Duration) => facets.get(Facet::Duration).map(i64::unsigned_abs),
        Column::Own(Own::Pdd) => facets.get(Facet::Pdd).map(i64::unsigned_abs),
        Column::Own(Own::Seizure) => seizure(facets).map(|it| it as u64),
        _ => None,
    }
}

fn state(facets: &Facets) -> Option<CallState> {
    let state = facets.get(Facet::CallState)?;
    let mut states = CallState::ALL.iter().copied();
    states.find(|it| i64::from(it.index()) == state)
}

fn seizure(facets: &Facets) -> Option<Seizure> {
    Seizure::of(&CallFacts {
        state: Some(state(facets)?),
        last_sip_response: facets
            .get(Facet::SipResponse)
            .and_then(|code| u16::try_from(code).ok()),
        ..CallFacts::default()
    })
}
