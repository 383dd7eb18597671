//! Segments, read side by side.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Rows, Statement};

use super::key::{Key, Owner, SPAN, number_of, numbers};
use crate::error::{Error, Result};
use crate::rollups::deltas::UNCOUNT;
use sidetone_store::StoreError;
use sidetone_store::statistics::column::{Column, folded, unfolded};
use sidetone_store::statistics::count::Piece;
use sidetone_store::statistics::segment::{self, Span, Values};

const OF_COLUMN: &str = "select quarter, bucket, piece, body from segment
    where account = ?1 and number = ?2 and quarter between ?3 and ?4 order by quarter, bucket, piece";
const ONE: &str = "select body from segment
    where account = ?1 and number = ?2 and quarter = ?3 and bucket = ?4 and piece = ?5";

/// What is told of the calls of a piece: how many, whether one runs, and one more than the latest end
/// after the quarter's number of microseconds, folded.
pub(super) fn values_of(span: Span) -> Values {
    let end = span
        .latest_end_us
        .map_or(0, |end_us| folded(end_us).saturating_add(1));
    Values {
        codes: vec![span.calls as u64, span.has_running.into(), end],
        texts: Vec::new(),
    }
}

fn span_of(values: &Values, quarter: i64) -> Option<Span> {
    let [calls, running, end] = values.codes[..] else {
        return None;
    };
    Some(Span {
        quarter,
        calls: usize::try_from(calls)
            .ok()
            .filter(|calls| *calls <= segment::CALLS_MAX)?,
        latest_end_us: end.checked_sub(1).map(unfolded),
        has_running: running != 0,
    })
}

/// One column of a range.
struct Track<'s> {
    column: Option<Column>,
    rows: Rows<'s>,
    /// The next one, where there is one.
    next: Option<(Key, Vec<u8>)>,
}

impl Track<'_> {
    fn advance(&mut self) -> Result<()> {
        self.next = match self.rows.next()? {
            Some(row) => Some(((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?)),
            None => None,
        };
        Ok(())
    }

    /// The one at a key, after those before it.
    fn at(&mut self, key: Key) -> Result<Option<Vec<u8>>> {
        while self.next.as_ref().is_some_and(|(next, _)| *next < key) {
            self.advance()?;
        }
        match self.next.take() {
            Some((next, body)) if next == key => {
                self.advance()?;
                Ok(Some(body))
            }
            beyond => {
                self.next = beyond;
                Ok(None)
            }
        }
    }
}

/// The statements that segments of a range are read by.
pub(super) struct Statements<'c> {
    conn: &'c Connection,
    account: i64,
    range: (i64, i64),
    statements: Vec<(Option<Column>, Statement<'c>)>,
}

impl<'c> Statements<'c> {
    /// Those of some columns from the first quarter to the last.
    pub(super) fn prepare(
        conn: &'c Connection,
        account: i64,
        columns: &[Column],
        range: (i64, i64),
    ) -> Result<Self> {
        let columns = columns.iter().map(|column| Some(*column));
        let statements = std::iter::once(None)
            .chain(columns)
            .map(|column| Ok((column, conn.prepare(OF_COLUMN)?)))
            .collect::<Result<_>>()?;
        Ok(Self {
            conn,
            account,
            range,
            statements,
        })
    }

    pub(super) fn segments(&mut self) -> Result<Segments<'_>> {
        let (first, last) = self.range;
        let mut tracks = Vec::with_capacity(self.statements.len());
        for (column, statement) in &mut self.statements {
            let number = column.map_or(SPAN, number_of);
            let mut track = Track {
                column: *column,
                rows: statement.query([self.account, number, first, last])?,
                next: None,
            };
            track.advance()?;
            tracks.push(track);
        }
        Ok(Segments {
            conn: self.conn,
            account: self.account,
            tracks,
        })
    }
}

/// Segments of a range, side by side.
pub(super) struct Segments<'s> {
    conn: &'s Connection,
    account: i64,
    /// First the one about the calls.
    tracks: Vec<Track<'s>>,
}

impl<'s> Segments<'s> {
    /// The next piece of a quarter that is not uncounted, or why it cannot be read.
    pub(super) fn next(
        &mut self,
        uncounted: &BTreeSet<(i64, i64)>,
    ) -> Result<Option<(Key, Result<Stored<'_, 's>>)>> {
        let [spans, ..] = &mut self.tracks[..] else {
            return Ok(None);
        };
        while let Some((key, body)) = spans.next.take() {
            spans.advance()?;
            let (quarter, bucket, _) = key;
            if uncounted.contains(&(quarter, bucket)) {
                continue;
            }
            let owner = Owner {
                account: self.account,
                key,
            };
            let span = decode(owner, SPAN, &body)
                .and_then(|it| span_of(&it, quarter).ok_or_else(|| damaged(owner, SPAN)));
            let stored = span.map(|span| Stored {
                conn: self.conn,
                owner,
                span,
                tracks: &mut self.tracks[1..],
            });
            return Ok(Some((key, stored)));
        }
        Ok(None)
    }
}

/// Reads every segment there is. Of each that is about the calls it says how many they are: by account,
/// quarter and bucket; of each that is damaged, that it is.
pub(crate) fn each(
    conn: &Connection,
    mut say: impl FnMut([i64; 3], Result<i64>) -> Result<()>,
) -> Result<()> {
    let mut all =
        conn.prepare("select account, number, quarter, bucket, piece, body from segment")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let (number, key) = (row.get(1)?, (row.get(2)?, row.get(3)?, row.get(4)?));
        let owner = Owner {
            account: row.get(0)?,
            key,
        };
        let quarter = [owner.account, key.0, key.1];
        let values = decode(owner, number, row.get_ref(5)?.as_blob()?);
        match values {
            Ok(values) if number == SPAN => {
                let span = span_of(&values, key.0).ok_or_else(|| damaged(owner, number));
                let calls = span.map(|span| i64::try_from(span.calls).unwrap_or(i64::MAX));
                say(quarter, calls)?;
            }
            Ok(_) => {}
            Err(error) => say(quarter, Err(error))?,
        }
    }
    Ok(())
}

/// Forgets the segments of a quarter (account, quarter, bucket), which is uncounted from then on.
pub(crate) fn forget(conn: &Connection, [account, quarter, bucket]: [i64; 3]) -> Result<()> {
    let mut delete = conn.prepare_cached(
        "delete from segment where account = ?1 and number = ?2 and quarter = ?3 and bucket = ?4",
    )?;
    for number in numbers() {
        delete.execute([account, number, quarter, bucket])?;
    }
    uncount(conn, [account, quarter, bucket])
}

/// Makes a quarter (account, quarter, bucket) uncounted.
pub(crate) fn uncount(conn: &Connection, [account, quarter, bucket]: [i64; 3]) -> Result<()> {
    conn.prepare_cached(UNCOUNT)?
        .execute([quarter, account, bucket])?;
    Ok(())
}

fn decode(owner: Owner, number: i64, body: &[u8]) -> Result<Values> {
    segment::decode(&owner.of(number), body).map_err(|_| damaged(owner, number))
}

fn damaged(owner: Owner, number: i64) -> Error {
    let (quarter, ..) = owner.key;
    Error(StoreError::Corrupt(format!(
        "table segment, number {number}, quarter {quarter}: the row is not what was written"
    )))
}

/// Calls of a quarter as they are stored.
pub(super) struct Stored<'p, 's> {
    conn: &'p Connection,
    owner: Owner,
    span: Span,
    tracks: &'p mut [Track<'s>],
}

impl Piece for Stored<'_, '_> {
    type Error = Error;

    fn span(&self) -> Span {
        self.span
    }

    fn take(&mut self, column: Column) -> Result<Values> {
        let (owner, number) = (self.owner, number_of(column));
        let track = self
            .tracks
            .iter_mut()
            .find(|track| track.column == Some(column));
        let body = match track {
            Some(track) => track.at(owner.key)?,
            None => {
                let (quarter, bucket, piece) = owner.key;
                let mut one = self.conn.prepare_cached(ONE)?;
                one.query_row([owner.account, number, quarter, bucket, piece], |row| {
                    row.get(0)
                })
                .optional()?
            }
        };
        let Some(body) = body else {
            return Ok(Values::default());
        };
        let values: Values = decode(owner, number, &body)?;
        if values.codes.len() == self.span.calls {
            Ok(values)
        } else {
            Err(damaged(owner, number))
        }
    }
}
