//! Which values calls of a day have together. What never goes together on a day need not be looked
//! for in its hours.
//!
//! A day has a row for each value that is in it, and for each address with many calls, with the
//! fingerprints of all values that calls have beside that: once of the calls that started then, once
//! of those that ended. They are written
//! when the day is over, together with its statistics. Whatever changes a call later makes its days
//! stale (`uncounted`, `stale_day`): nothing is concluded from them until they are written anew.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{Connection, params};
use sidetone_store::statistics::quarter::Period;
use sidetone_store::statistics::segment::{self, Values};

use super::{figures, judged};
use crate::error::{Error, Result};
use crate::rows::address::Side;
use crate::rows::facet::{self, Axis, DIM_CALLS, FACETS, Facets, NOT_COUNTED};
use crate::rows::shard::Shard;
use crate::rows::tables::CALL;
use sidetone_store::StoreError;

/// A value that calls are narrowed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Term {
    /// Of the rollups, or [`FIGURES`] or [`JUDGED`].
    pub(crate) dim: i64,
    /// Of the rollups, or a bit.
    pub(crate) value: i64,
}

/// Bits of figures (rollups/figures.rs).
const FIGURES: i64 = 128;
/// Bits of annotations (rollups/judged.rs).
const JUDGED: i64 = 129;
/// Hashes of the addresses of either side.
const FROM: i64 = 130;
const TO: i64 = 131;

/// Of an address with so many calls a day there is a row; calls of others are soon looked through.
pub(crate) const PARTY_MANY: i64 = 4;
/// Of so many of a side at most: of those with the most calls.
const PARTIES_MAX: i64 = 1024;

/// It is in every day that is told of, and says nothing.
pub(crate) const TOLD: Term = Term {
    dim: DIM_CALLS,
    value: 0,
};

/// A day of more values than this is not told of.
const TERMS_MAX: usize = 8192;

impl Term {
    /// The bits of figures.
    pub(crate) fn figures(mask: u64) -> impl Iterator<Item = Self> {
        bits(FIGURES, mask)
    }

    /// The bits of annotations.
    pub(crate) fn judged(mask: u64) -> impl Iterator<Item = Self> {
        bits(JUDGED, mask)
    }

    /// An address on a side.
    pub(crate) const fn party(side: Side, hash: i64) -> Self {
        let dim = match side {
            Side::From => FROM,
            Side::To => TO,
        };
        Self { dim, value: hash }
    }

    /// What other rows know it by: 24 bits. Two that share one only make a day be looked into in
    /// vain. It is stored: it must not change.
    pub(crate) const fn fingerprint(self) -> u64 {
        let mixed = self.dim.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ self
                .value
                .cast_unsigned()
                .wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed >> 40
    }
}

fn bits(dim: i64, mask: u64) -> impl Iterator<Item = Term> {
    let places = (0..64).filter(move |place| mask >> place & 1 == 1);
    places.map(move |value| Term { dim, value })
}

/// All that lists may ask of a call and its day may tell.
fn terms_of(facets: &Facets) -> impl Iterator<Item = Term> {
    let counted = FACETS.iter().enumerate().filter_map(|(place, column)| {
        let is_of_rollups = column.dim != NOT_COUNTED && !column.facet.is_judged();
        is_of_rollups.then_some((place, column.dim))
    });
    let counted = counted.flat_map(|(place, dim)| {
        let values = facets.counted(place);
        values.map(move |value| Term { dim, value })
    });
    counted
        .chain(Term::figures(figures::mask_of(facets)))
        .chain(Term::judged(judged::mask_of(facets)))
}

/// Whose a row is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Day {
    pub(crate) shard: Shard,
    pub(crate) axis: Axis,
    pub(crate) day: i64,
}

impl Day {
    /// Of an account as this engine lays it out: in one bucket.
    pub(crate) const fn of_account(account: i64, axis: Axis, day: i64) -> Self {
        let shard = Shard { account, bucket: 0 };
        Self { shard, axis, day }
    }

    /// What finds a row: the parameters of [`READ`].
    pub(crate) const fn key(self, term: Term) -> [i64; 6] {
        let Shard { account, bucket } = self.shard;
        [
            account,
            self.axis.number(),
            self.day,
            bucket,
            term.dim,
            term.value,
        ]
    }

    /// Those of segments are shorter.
    fn owner(self, term: Term) -> [u8; 48] {
        let mut bytes = [0; 48];
        for (place, part) in bytes.chunks_exact_mut(8).zip(self.key(term)) {
            place.copy_from_slice(&part.to_le_bytes());
        }
        bytes
    }

    fn encode(self, term: Term, codes: Vec<u64>) -> Vec<u8> {
        let texts = Vec::new();
        segment::encode(&self.owner(term), &Values { codes, texts })
    }

    /// The fingerprints of a row.
    pub(crate) fn decode(self, term: Term, body: &[u8]) -> Result<Vec<u64>> {
        let values = segment::decode(&self.owner(term), body).map_err(|_| {
            Error(StoreError::Corrupt(format!(
                "table cooccurrence, dimension {}, value {}, day {}: the row is not what was written",
                term.dim, term.value, self.day
            )))
        })?;
        Ok(values.codes)
    }
}

type Rows = BTreeMap<(i64, Term), Vec<u8>>;

/// The rows of a day as they are to be stored, by axis and value. None of an axis: it is not told of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cooccurrence {
    rows: Rows,
}

/// Looks through the calls of a day.
pub(crate) fn of_day(conn: &Connection, shard: Shard, day: i64) -> Result<Cooccurrence> {
    let mut rows = BTreeMap::new();
    // Which addresses have many calls is not known of a part of them.
    let is_whole = conn
        .prepare_cached("select 1 from account where id = ?1 and buckets = 1")?
        .exists([shard.account])?;
    for axis in Axis::BOTH.into_iter().filter(|_| is_whole) {
        let day = Day { shard, axis, day };
        if let Some(together) = look_through(conn, day)? {
            rows.extend(together.finish(day));
        }
    }
    Ok(Cooccurrence { rows })
}

/// `None`: what calls have is not known, or it is too much.
fn look_through(conn: &Connection, day: Day) -> Result<Option<Together>> {
    let Day { shard, axis, day } = day;
    let mut parties = HashSet::new();
    for side in [Side::From, Side::To] {
        parties.extend(busy(conn, shard.account, axis, day, side)?);
    }
    let mut together = Together::default();
    let period = Period::day(day);
    let (key, index) = match axis {
        Axis::Start => (axis.column(), "call_by_start"),
        Axis::End => (axis.column(), "call_by_end"),
    };
    let sql = format!(
        "select {}, from_hash, to_hash, {} from call indexed by {index}
         where account = ?1 and {key} between ?2 and ?3 and bucket = ?4",
        CALL.is_sound(""),
        facet::columns()
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut calls = statement.query([
        shard.account,
        period.begin_us(),
        period.end_us() - 1,
        shard.bucket,
    ])?;
    while let Some(call) = calls.next()? {
        // Lists name a damaged call; what it really has is not known.
        let is_sound: bool = call.get(0)?;
        let mut of_call = Vec::new();
        for (column, side) in [(1, Side::From), (2, Side::To)] {
            let hash: Option<i64> = call.get(column)?;
            let party = hash.map(|hash| Term::party(side, hash));
            of_call.extend(party.filter(|party| parties.contains(party)));
        }
        if !is_sound || !together.add(terms_of(&Facets::read(call, 3)?), &of_call) {
            return Ok(None);
        }
    }
    Ok(Some(together))
}

/// The addresses of a side that have many calls on a day.
fn busy(conn: &Connection, account: i64, axis: Axis, day: i64, side: Side) -> Result<Vec<Term>> {
    // The columns of days are rounded towards zero.
    if day <= 0 {
        return Ok(Vec::new());
    }
    let (hash, key, of_day) = (side.hash_column(), axis.column(), axis.day_column());
    let index = axis.party_index(side);
    let mut busy = conn.prepare_cached(&format!(
        "select {hash} from call indexed by {index}
         where account = ?1 and {of_day} = ?2 and {hash} is not null and {key} is not null
         group by {hash} having count(*) >= ?3 order by count(*) desc, {hash} limit ?4"
    ))?;
    let busy = busy.query_map([account, day, PARTY_MANY, PARTIES_MAX], |row| {
        Ok(Term::party(side, row.get(0)?))
    })?;
    Ok(busy.collect::<rusqlite::Result<_>>()?)
}

/// Values, and what goes with each.
#[derive(Default)]
struct Together {
    places: HashMap<Term, usize>,
    /// By place, the places of those beside it, as bits.
    beside: Vec<Vec<u64>>,
}

impl Together {
    /// Adds a call with its values and parties, which are beside none; says whether there was room.
    fn add(&mut self, terms: impl Iterator<Item = Term>, parties: &[Term]) -> bool {
        let terms: Vec<usize> = terms.map(|term| self.place(term)).collect();
        let parties = parties.iter().map(|party| self.place(*party));
        let parties: Vec<usize> = parties.collect();
        for place in terms.iter().chain(&parties) {
            let row = &mut self.beside[*place];
            for other in &terms {
                if row.len() <= other / 64 {
                    row.resize(other / 64 + 1, 0);
                }
                row[other / 64] |= 1 << (other % 64);
            }
        }
        self.places.len() <= TERMS_MAX
    }

    fn place(&mut self, term: Term) -> usize {
        let next = self.places.len();
        let place = *self.places.entry(term).or_insert(next);
        if place == next {
            self.beside.push(Vec::new());
        }
        place
    }

    fn finish(self, day: Day) -> Rows {
        let mut fingerprints = vec![0; self.places.len()];
        for (term, place) in &self.places {
            fingerprints[*place] = term.fingerprint();
        }
        let mut rows = BTreeMap::new();
        let axis = day.axis.number();
        for (term, place) in &self.places {
            let row = &self.beside[*place];
            let has = |other: usize| {
                row.get(other / 64)
                    .is_some_and(|word| word >> (other % 64) & 1 == 1)
            };
            let beside = (0..fingerprints.len()).filter(|other| has(*other));
            let mut codes: Vec<u64> = beside.map(|other| fingerprints[other]).collect();
            codes.sort_unstable();
            codes.dedup();
            rows.insert((axis, *term), day.encode(*term, codes));
        }
        if !rows.is_empty() {
            rows.insert((axis, TOLD), day.encode(TOLD, Vec::new()));
        }
        rows
    }
}

/// Reads a row.
pub(crate) const READ: &str = "select body from cooccurrence
    where account = ?1 and axis = ?2 and day = ?3 and bucket = ?4 and dim = ?5 and value = ?6";
/// Tells how long a row is, which does not read it.
pub(crate) const LENGTH: &str = "select length(body) from cooccurrence
    where account = ?1 and axis = ?2 and day = ?3 and bucket = ?4 and dim = ?5 and value = ?6";
const DELETE: &str = "delete from cooccurrence
    where account = ?1 and axis = ?2 and day = ?3 and bucket = ?4 and dim = ?5 and value = ?6";
const WRITE: &str = "replace into cooccurrence (account, axis, day, bucket, dim, value, body)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

impl Cooccurrence {
    /// Puts it in the place of what is stored. What is the same is not written.
    pub(crate) fn replace(&self, conn: &Connection, shard: Shard, day: i64) -> Result<()> {
        let stored = stored(conn, shard, day)?;
        let Shard { account, bucket } = shard;
        let mut delete = conn.prepare_cached(DELETE)?;
        for key in stored.keys().filter(|key| !self.rows.contains_key(key)) {
            let (axis, Term { dim, value }) = *key;
            delete.execute([account, axis, day, bucket, dim, value])?;
        }
        let mut write = conn.prepare_cached(WRITE)?;
        for (key, body) in &self.rows {
            if stored.get(key) != Some(body) {
                let (axis, Term { dim, value }) = *key;
                write.execute(params![account, axis, day, bucket, dim, value, body])?;
            }
        }
        Ok(())
    }
}

/// What is stored of a day.
fn stored(conn: &Connection, shard: Shard, day: i64) -> Result<Rows> {
    let mut rows = conn.prepare_cached(
        "select axis, dim, value, body from cooccurrence
         where account = ?1 and axis in (0, 1) and day = ?2 and bucket = ?3",
    )?;
    let rows = rows.query_map([shard.account, day, shard.bucket], |row| {
        let (dim, value) = (row.get(1)?, row.get(2)?);
        Ok(((row.get(0)?, Term { dim, value }), row.get(3)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether a day that is told of is told of as it is.
pub(crate) fn is_right(conn: &Connection, shard: Shard, day: i64) -> Result<bool> {
    let stored = Cooccurrence {
        rows: stored(conn, shard, day)?,
    };
    Ok(stored == of_day(conn, shard, day)?)
}

/// The days that are told of, by account, day and bucket.
pub(crate) fn told(conn: &Connection) -> Result<Vec<[i64; 3]>> {
    let mut days = conn.prepare(
        "select distinct account, day, bucket from cooccurrence where dim = ?1 and value = ?2
         order by account, day, bucket",
    )?;
    let days = days.query_map([TOLD.dim, TOLD.value], |row| {
        Ok([row.get(0)?, row.get(1)?, row.get(2)?])
    })?;
    Ok(days.collect::<rusqlite::Result<_>>()?)
}

/// Forgets what is told of a day.
pub(crate) fn forget(conn: &Connection, shard: Shard, day: i64) -> Result<()> {
    conn.prepare_cached(
        "delete from cooccurrence where account = ?1 and axis in (0, 1) and day = ?2 and bucket = ?3",
    )?
    .execute([shard.account, day, shard.bucket])?;
    Ok(())
}

#[cfg(test)]
mod tests;
