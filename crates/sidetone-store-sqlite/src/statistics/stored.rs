//! Segments, read side by side.

use rusqlite::{Connection, OptionalExtension, Rows, Statement};

use super::bodies::about_of;
use super::key::{ABOUT, Grain, Key, Owner, number_of};
use crate::error::{Error, Result};
use sidetone_store::StoreError;
use sidetone_store::statistics::column::Column;
use sidetone_store::statistics::count::Piece;
use sidetone_store::statistics::segment::{self, About, Values};

fn of_column(grain: Grain) -> String {
    let (table, period) = grain.table();
    format!(
        "select {period}, bucket, piece, body from {table}
         where account = ?1 and number = ?2 and {period} between ?3 and ?4 order by {period}, bucket, piece"
    )
}

fn one(grain: Grain) -> String {
    let (table, period) = grain.table();
    format!(
        "select body from {table} where account = ?1 and number = ?2 and {period} = ?3 and bucket = ?4 and piece = ?5"
    )
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
    grain: Grain,
    account: i64,
    range: (i64, i64),
    statements: Vec<(Option<Column>, Statement<'c>)>,
}

impl<'c> Statements<'c> {
    /// Those of some columns from the first quarter, or day, to the last.
    pub(super) fn prepare(
        conn: &'c Connection,
        grain: Grain,
        account: i64,
        columns: &[Column],
        range: (i64, i64),
    ) -> Result<Self> {
        let of_column = of_column(grain);
        let columns = columns.iter().map(|column| Some(*column));
        let statements = std::iter::once(None)
            .chain(columns)
            .map(|column| Ok((column, conn.prepare(&of_column)?)))
            .collect::<Result<_>>()?;
        Ok(Self {
            conn,
            grain,
            account,
            range,
            statements,
        })
    }

    pub(super) fn segments(&mut self) -> Result<Segments<'_>> {
        let (first, last) = self.range;
        let mut tracks = Vec::with_capacity(self.statements.len());
        for (column, statement) in &mut self.statements {
            let number = column.map_or(ABOUT, number_of);
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
            grain: self.grain,
            account: self.account,
            tracks,
        })
    }
}

/// Segments of a range, side by side.
pub(super) struct Segments<'s> {
    conn: &'s Connection,
    grain: Grain,
    account: i64,
    /// First the one about the calls.
    tracks: Vec<Track<'s>>,
}

impl<'s> Segments<'s> {
    /// The next piece of a period and bucket that is wanted, or why it cannot be read.
    pub(super) fn next(
        &mut self,
        is_wanted: impl Fn((i64, i64)) -> bool,
    ) -> Result<Option<(Key, Result<Stored<'_, 's>>)>> {
        let [about_calls, ..] = &mut self.tracks[..] else {
            return Ok(None);
        };
        while let Some((key, body)) = about_calls.next.take() {
            about_calls.advance()?;
            let (at, bucket, _) = key;
            if !is_wanted((at, bucket)) {
                continue;
            }
            let owner = Owner {
                grain: self.grain,
                account: self.account,
                key,
            };
            let about = decode(owner, ABOUT, &body)
                .and_then(|it| about_of(&it, owner.period()).ok_or_else(|| damaged(owner, ABOUT)));
            let stored = about.map(|about| Stored {
                conn: self.conn,
                owner,
                about,
                tracks: &mut self.tracks[1..],
            });
            return Ok(Some((key, stored)));
        }
        Ok(None)
    }
}

/// Reads every segment there is. Of each that is about the calls it says how many they are: by account,
/// quarter or day, and bucket; of each that is damaged, that it is.
pub(crate) fn each(
    conn: &Connection,
    grain: Grain,
    mut say: impl FnMut([i64; 3], Result<i64>) -> Result<()>,
) -> Result<()> {
    let (table, period) = grain.table();
    let mut all = conn.prepare(&format!(
        "select account, number, {period}, bucket, piece, body from {table}"
    ))?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let (number, key) = (row.get(1)?, (row.get(2)?, row.get(3)?, row.get(4)?));
        let owner = Owner {
            grain,
            account: row.get(0)?,
            key,
        };
        let at = [owner.account, key.0, key.1];
        let values = decode(owner, number, row.get_ref(5)?.as_blob()?);
        match values {
            Ok(values) if number == ABOUT => {
                let about = about_of(&values, owner.period()).ok_or_else(|| damaged(owner, number));
                let calls = about.map(|about| i64::try_from(about.calls).unwrap_or(i64::MAX));
                say(at, calls)?;
            }
            Ok(_) => {}
            Err(error) => say(at, Err(error))?,
        }
    }
    Ok(())
}

fn decode(owner: Owner, number: i64, body: &[u8]) -> Result<Values> {
    segment::decode(&owner.of(number), body).map_err(|_| damaged(owner, number))
}

fn damaged(owner: Owner, number: i64) -> Error {
    let ((table, period), (at, ..)) = (owner.grain.table(), owner.key);
    Error(StoreError::Corrupt(format!(
        "table {table}, number {number}, {period} {at}: the row is not what was written"
    )))
}

/// Calls of a period as they are stored.
pub(super) struct Stored<'p, 's> {
    conn: &'p Connection,
    owner: Owner,
    about: About,
    tracks: &'p mut [Track<'s>],
}

impl Piece for Stored<'_, '_> {
    type Error = Error;

    fn about(&self) -> About {
        self.about
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
                let (at, bucket, piece) = owner.key;
                let mut one = self.conn.prepare_cached(&one(owner.grain))?;
                one.query_row([owner.account, number, at, bucket, piece], |row| row.get(0))
                    .optional()?
            }
        };
        let Some(body) = body else {
            return Ok(Values::default());
        };
        let values: Values = decode(owner, number, &body)?;
        if values.codes.len() == self.about.calls {
            Ok(values)
        } else {
            Err(damaged(owner, number))
        }
    }
}
