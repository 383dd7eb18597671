//! Days in which no call has all that is asked for, although each of it is there.

use std::collections::BTreeSet;

use rusqlite::OptionalExtension;

use super::condition::Condition;
use super::conditions::Party;
use super::scan_range::ScanRange;
use crate::error::{Error, Result};
use crate::rollups::cooccurrence::{self, Day, TOLD, Term};
use crate::rollups::stale;
use crate::rows::address::Side;
use crate::rows::facet::{FACETS, NOT_COUNTED};
use crate::rows::paging::Toward;
use sidetone_store::StoreError;
use sidetone_store::facets::Facet;
use sidetone_store::statistics::quarter::Period;

const DAY_HOURS: i64 = 24;
/// A condition of more values than this is not looked up by them.
const TERMS_MAX: usize = 16;
/// Which days are stale is asked for so many at once.
const STALE_DAYS: i64 = 31;

/// Two things that are asked for.
struct Pair {
    /// The one, whose rows are read: any of these.
    terms: Vec<Term>,
    /// They are addresses: a day without a row for one says nothing.
    is_party: bool,
    /// The other: any of these.
    others: Vec<Term>,
    /// What those are known by.
    prints: BTreeSet<u64>,
    /// Whether it is known which of the two has the shorter rows.
    is_ordered: bool,
}

/// What the days of a walk rule out.
pub(crate) struct RuledOut {
    pairs: Vec<Pair>,
    stale: StaleDays,
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
                others: others.clone(),
                prints: prints(others),
                // Of addresses no other rows tell.
                is_ordered: is_party || others.len() > TERMS_MAX,
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
            stale: StaleDays::default(),
            latest: None,
        }
    }

    /// The first hour beyond the day of one, if that day is ruled out.
    pub(crate) fn beyond(&mut self, range: &ScanRange<'_>, hour: i64) -> Result<Option<i64>> {
        let day = hour.div_euclid(DAY_HOURS);
        Ok(self.is(range, day)?.then_some(match range.toward {
            Toward::End => day * DAY_HOURS - 1,
            Toward::Beginning => (day + 1) * DAY_HOURS,
        }))
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
        if !self.pairs.is_empty() && !self.stale.has(range, day.day)? {
            for pair in &mut self.pairs {
                pair.order(range, day)?;
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
    /// Has the shorter rows read, as those of the first day are: the others will be alike.
    fn order(&mut self, range: &ScanRange<'_>, day: Day) -> Result<()> {
        if !self.is_ordered {
            let lengths = [&self.terms, &self.others].map(|terms| length(range, day, terms));
            let [of_terms, of_others] = lengths;
            let (of_terms, of_others) = (of_terms?, of_others?);
            self.is_ordered = of_terms + of_others > 0;
            if of_others < of_terms {
                std::mem::swap(&mut self.terms, &mut self.others);
                self.prints = prints(&self.others);
            }
        }
        Ok(())
    }

    /// Whether the day tells that no call of it has both.
    fn is_ruled_out(&self, range: &ScanRange<'_>, day: Day) -> Result<bool> {
        let mut has_row = false;
        for term in &self.terms {
            let is_possible = match row(range, day, *term) {
                Ok(Some(beside)) => {
                    has_row = true;
                    beside.iter().any(|print| self.prints.contains(print))
                }
                Ok(None) => self.is_party,
                // Nothing is concluded from it; `check` names it.
                Err(Error(StoreError::Corrupt(_))) => true,
                Err(error) => return Err(error),
            };
            if is_possible {
                return Ok(false);
            }
        }
        // Nobody has the value on a day that is told of.
        Ok(has_row || is_told(range, day)?)
    }
}

/// The days of which nothing is concluded, as far as they were asked for.
#[derive(Default)]
struct StaleDays {
    /// First and last of those that are known.
    known: Option<(i64, i64)>,
    days: BTreeSet<i64>,
}

impl StaleDays {
    /// Whether a day is one. Some beyond it are looked at as well: they come next.
    fn has(&mut self, range: &ScanRange<'_>, day: i64) -> Result<bool> {
        if self
            .known
            .is_none_or(|(first, last)| day < first || last < day)
        {
            let (first, last) = match range.toward {
                Toward::End => (day - STALE_DAYS, day),
                Toward::Beginning => (day, day + STALE_DAYS),
            };
            let quarters = (Period::day(first).first, Period::day(last + 1).first - 1);
            let quarters = stale::quarters(range.conn, range.account, quarters.0, quarters.1)?;
            self.days = stale::days(range.conn, range.account, (first, last), &quarters)?;
            self.known = Some((first, last));
        }
        Ok(self.days.contains(&day))
    }
}

/// What values are known by.
fn prints(terms: &[Term]) -> BTreeSet<u64> {
    terms.iter().map(|it| it.fingerprint()).collect()
}

/// How long the rows of some values are together.
fn length(range: &ScanRange<'_>, day: Day, terms: &[Term]) -> Result<i64> {
    let mut statement = range.conn.prepare_cached(cooccurrence::LENGTH)?;
    let mut all = 0;
    for term in terms {
        let of_row = statement.query_row(day.key(*term), |row| row.get::<_, i64>(0));
        all += of_row.optional()?.unwrap_or(0);
    }
    Ok(all)
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
