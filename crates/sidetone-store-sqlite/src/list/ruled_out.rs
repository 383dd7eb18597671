//! Days in which no call has all that is asked for, although each of it is there.

use std::collections::BTreeSet;

use rusqlite::OptionalExtension;

use super::condition::{Condition, Party};
use super::scan_range::ScanRange;
use crate::error::{Error, Result};
use crate::rollups::cooccurrence::{self, Day, TOLD, Term};
use crate::rollups::stale;
use crate::rows::address::Side;
use crate::rows::facet::{FACETS, NOT_COUNTED};
use crate::rows::paging::Toward;
use sidetone_store::StoreError;
use sidetone_store::facets::Facet;

const DAY_HOURS: i64 = 24;
/// A condition of more values than this is not looked up by them.
const TERMS_MAX: usize = 16;

/// Two things that are asked for.
struct Pair {
    /// The one: any of these.
    terms: Vec<Term>,
    /// They are addresses: a day without a row for one says nothing.
    is_party: bool,
    /// The other: what its values are known by.
    others: BTreeSet<u64>,
}

/// What the days of a walk rule out.
pub(crate) struct RuledOut {
    pairs: Vec<Pair>,
    /// The day that was asked for last, and whether it is.
    latest: Option<(i64, bool)>,
}

impl RuledOut {
    pub(crate) fn new<'a>(
        conditions: &[Condition],
        parties: impl Iterator<Item = (&'static [Side], &'a Party)>,
    ) -> Self {
        let mut wanted: Vec<Vec<Term>> = conditions.iter().filter_map(terms_of).collect();
        wanted.sort_by_key(Vec::len);
        let mut pairs = Vec::new();
        let mut pair = |terms: &[Term], is_party, others: &[Vec<Term>]| {
            let others = others.iter().filter(|_| terms.len() <= TERMS_MAX);
            pairs.extend(others.map(|others| Pair {
                terms: terms.to_vec(),
                is_party,
                others: others.iter().map(|it| it.fingerprint()).collect(),
            }));
        };
        for (place, few) in wanted.iter().enumerate() {
            pair(few, false, wanted.get(place + 1..).unwrap_or_default());
        }
        for (sides, party) in parties {
            let of = |side: &Side| {
                let side = *side;
                let hashes = party.hashes.iter();
                hashes.map(move |hash| Term::party(side, *hash))
            };
            let terms: Vec<Term> = sides.iter().flat_map(of).collect();
            pair(&terms, true, &wanted);
        }
        Self {
            pairs,
            latest: None,
        }
    }

    /// The first hour that is not met before one and whose day is not ruled out.
    pub(crate) fn next_hour(&mut self, range: &ScanRange<'_>, hour: i64) -> Result<Option<i64>> {
        let mut hour = hour;
        loop {
            let (first, last) = range.hours_from(hour);
            if first > last {
                return Ok(None);
            }
            let day = hour.div_euclid(DAY_HOURS);
            if !self.is(range, day)? {
                break;
            }
            hour = match range.toward {
                Toward::End => day * DAY_HOURS - 1,
                Toward::Beginning => (day + 1) * DAY_HOURS,
            };
        }
        Ok(Some(hour))
    }

    /// Whether a day is.
    pub(crate) fn is(&mut self, range: &ScanRange<'_>, day: i64) -> Result<bool> {
        if let Some((latest, is)) = self.latest
            && latest == day
        {
            return Ok(is);
        }
        let day = Day::of_account(range.account, range.axis, day);
        let mut is = false;
        if !self.pairs.is_empty()
            && is_told(range, day)?
            && !stale::is_day(range.conn, day.shard, day.day)?
        {
            for pair in &self.pairs {
                if pair.is_ruled_out(range, day)? {
                    is = true;
                    break;
                }
            }
        }
        self.latest = Some((day.day, is));
        Ok(is)
    }
}

impl Pair {
    /// Whether no call of a day that is told of has both.
    fn is_ruled_out(&self, range: &ScanRange<'_>, day: Day) -> Result<bool> {
        for term in &self.terms {
            let is_possible = match row(range, day, *term) {
                Ok(Some(beside)) => beside.iter().any(|print| self.others.contains(print)),
                Ok(None) => self.is_party,
                // Nothing is concluded from it; `check` names it.
                Err(Error(StoreError::Corrupt(_))) => true,
                Err(error) => return Err(error),
            };
            if is_possible {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether a day is told of. Where that is damaged nothing is concluded from it; `check` names it.
fn is_told(range: &ScanRange<'_>, day: Day) -> Result<bool> {
    match row(range, day, TOLD) {
        Err(Error(StoreError::Corrupt(_))) => Ok(false),
        row => Ok(row?.is_some()),
    }
}

/// What is beside a value on a day.
fn row(range: &ScanRange<'_>, day: Day, term: Term) -> Result<Option<Vec<u64>>> {
    let body = range
        .conn
        .prepare_cached(cooccurrence::READ)?
        .query_row(day.key(term), |row| row.get::<_, Vec<u8>>(0))
        .optional()?;
    body.map(|body| day.decode(term, &body)).transpose()
}

/// What a call must have one of; `None`: days do not tell.
fn terms_of(condition: &Condition) -> Option<Vec<Term>> {
    if let Some(mask) = condition.judged() {
        return Some(Term::judged(mask).collect());
    }
    if let Some(mask) = condition.figures() {
        return Some(Term::figures(mask).collect());
    }
    let dim = FACETS[condition.facet as usize].dim;
    // Which is usual of shapes is not counted.
    if dim == NOT_COUNTED || condition.facet == Facet::Shape {
        return None;
    }
    let of = |value: &i64| Term { dim, value: *value };
    Some(condition.values()?.iter().map(of).collect())
}
