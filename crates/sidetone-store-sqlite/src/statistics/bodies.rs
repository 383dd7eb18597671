//! The segments of one period as they were made, to take the place of those that are stored.

use rusqlite::{Connection, params};

use super::key::{ABOUT, Grain, Owner, number_of, numbers};
use crate::error::Result;
use sidetone_store::statistics::column::{unzigzag, zigzag};
use sidetone_store::statistics::quarter::Period;
use sidetone_store::statistics::segment::{self, About, Builder, Values, encode};

/// The segments of a period: number, piece and body of each.
pub(super) struct Bodies {
    grain: Grain,
    account: i64,
    /// Quarter or day, and bucket.
    at: (i64, i64),
    pieces: i64,
    segments: Vec<(i64, i64, Vec<u8>)>,
}

impl Bodies {
    pub(super) const fn new(grain: Grain, account: i64, at: (i64, i64)) -> Self {
        Self {
            grain,
            account,
            at,
            pieces: 0,
            segments: Vec::new(),
        }
    }

    /// Adds a piece.
    pub(super) fn add(&mut self, calls: Builder) {
        if calls.calls() == 0 {
            return;
        }
        let (number_of_period, bucket) = self.at;
        let owner = Owner {
            grain: self.grain,
            account: self.account,
            key: (number_of_period, bucket, self.pieces),
        };
        let (about, columns) = calls.finish(self.grain.period(number_of_period));
        let columns = columns
            .iter()
            .map(|(column, values)| (number_of(*column), values));
        let told = values_of(about);
        for (number, values) in columns.chain([(ABOUT, &told)]) {
            let body = encode(&owner.of(number), values);
            self.segments.push((number, self.pieces, body));
        }
        self.pieces += 1;
    }

    /// Puts them in the place of those that are stored. What is the same is not written: mostly one
    /// thing was said of one call.
    pub(super) fn replace(&self, conn: &Connection) -> Result<()> {
        let (table, period) = self.grain.table();
        let (at, bucket) = self.at;
        let mut read = conn.prepare_cached(&format!(
            "select piece, body from {table} where account = ?1 and number = ?2 and {period} = ?3 and bucket = ?4
             order by piece"
        ))?;
        let mut delete = conn.prepare_cached(&delete(self.grain))?;
        let mut insert = conn.prepare_cached(&format!(
            "insert into {table} (account, number, {period}, bucket, piece, body) values (?1, ?2, ?3, ?4, ?5, ?6)"
        ))?;
        for number in numbers() {
            let key = [self.account, number, at, bucket];
            let old: Vec<(i64, Vec<u8>)> = read
                .query_map(key, |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            let new = || {
                let of_column = self.segments.iter().filter(move |(of, ..)| *of == number);
                of_column.map(|(_, piece, body)| (*piece, body))
            };
            if old.iter().map(|(piece, body)| (*piece, body)).eq(new()) {
                continue;
            }
            if !old.is_empty() {
                delete.execute(key)?;
            }
            for (piece, body) in new() {
                insert.execute(params![self.account, number, at, bucket, piece, body])?;
            }
        }
        Ok(())
    }
}

/// What is told of the calls of a piece: how many, whether one runs, and one more than the latest end, µs,
/// in zigzag.
fn values_of(about: About) -> Values {
    let end = about
        .latest_end_us
        .map_or(0, |end_us| zigzag(end_us).saturating_add(1));
    Values {
        codes: vec![about.calls as u64, about.has_running.into(), end],
        texts: Vec::new(),
    }
}

/// What was told. `None`: nothing that makes sense.
pub(super) fn about_of(values: &Values, period: Period) -> Option<About> {
    let [calls, running, end] = values.codes[..] else {
        return None;
    };
    Some(About {
        period,
        calls: usize::try_from(calls)
            .ok()
            .filter(|calls| *calls <= segment::CALLS_MAX)?,
        latest_end_us: end.checked_sub(1).map(unzigzag),
        has_running: running != 0,
    })
}

fn delete(grain: Grain) -> String {
    let (table, period) = grain.table();
    format!(
        "delete from {table} where account = ?1 and number = ?2 and {period} = ?3 and bucket = ?4"
    )
}

/// Deletes all that is stored of a period.
pub(super) fn delete_all(
    conn: &Connection,
    grain: Grain,
    account: i64,
    (at, bucket): (i64, i64),
) -> Result<()> {
    let mut delete = conn.prepare_cached(&delete(grain))?;
    for number in numbers() {
        delete.execute([account, number, at, bucket])?;
    }
    Ok(())
}
