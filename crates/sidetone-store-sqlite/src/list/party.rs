//! Finding the calls of a number.
//!
//! Addresses are indexed by the UTC day of the call: a number is looked for in one day after the
//! other.

use std::collections::BTreeSet;

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use sidetone_core::time::DAY_US;

use super::condition::Condition;
use super::conditions::{Conditions, Party};
use super::key_range::{KeyRange, Part};
use crate::error::Result;
use crate::rollups::cooccurrence::PARTY_MANY;
use crate::rows::address::Side;
use crate::rows::facet::Axis;
use crate::rows::paging::Toward;

/// The calls of a party with fewer than these, or fewer than that a day, are looked through rather
/// than hours.
const PARTY_FEW: i64 = 2000;
const PARTY_FEW_A_DAY: i64 = 64;
/// How many calls a party has is told by so many days one after the other, then by so many of twice
/// as long a time, and so on.
const SAMPLED: i64 = 8;

/// How the rows of a list are found.
pub(crate) enum By {
    /// Along the axis, by the hour where there is any condition.
    Time,
    /// Along the axis, among the calls of some addresses only.
    Party(PartyCalls),
}

/// The calls of some addresses.
pub(crate) struct PartyCalls {
    pub(crate) sought: Vec<Sought>,
    /// Whether a day has so few of them that looking at them is sooner done than asking whether it
    /// can be left out.
    pub(crate) is_few_a_day: bool,
}

/// An address on one side of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sought {
    pub(crate) side: Side,
    pub(crate) hash: i64,
}

/// One day of one address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByParty {
    pub(crate) sought: Sought,
    pub(crate) day: i64,
}

/// A day in which there are calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Day {
    pub(crate) number: i64,
    pub(crate) range: KeyRange,
}

impl Day {
    /// As SQL divides: towards zero. Day 0 is twice as long as the others, which harms nobody.
    fn of(number: i64) -> Self {
        let from_zero = number.saturating_mul(DAY_US);
        let rest = DAY_US - 1;
        Self {
            number,
            range: KeyRange {
                low: if number <= 0 {
                    from_zero.saturating_sub(rest)
                } else {
                    from_zero
                },
                high: if number >= 0 {
                    from_zero.saturating_add(rest)
                } else {
                    from_zero
                },
            },
        }
    }
}

/// The days in which there are calls.
pub(crate) struct Days<'c> {
    account: i64,
    sides: Vec<DaysOfSide<'c>>,
}

struct DaysOfSide<'c> {
    toward_end: CachedStatement<'c>,
    toward_beginning: CachedStatement<'c>,
}

impl<'c> Days<'c> {
    /// The days of calls that have an address on a side where one is sought.
    pub(crate) fn new(
        conn: &'c Connection,
        account: i64,
        sought: &[Sought],
        axis: Axis,
    ) -> Result<Self> {
        let sides = [Side::From, Side::To].into_iter();
        let sides = sides.filter(|side| sought.iter().any(|one| one.side == *side));
        Ok(Self {
            account,
            sides: sides
                .map(|side| DaysOfSide::new(conn, side, axis))
                .collect::<Result<_>>()?,
        })
    }

    /// The first day, in the direction of the part, that is not before its beginning.
    pub(crate) fn next(&mut self, part: &Part) -> Result<Option<Day>> {
        let mut nearest = None;
        for side in &mut self.sides {
            let found = side.next(self.account, part)?;
            nearest = match part.toward {
                Toward::End => nearest.max(found),
                Toward::Beginning => [nearest, found].into_iter().flatten().min(),
            };
        }
        Ok(nearest.map(Day::of))
    }
}

impl<'c> DaysOfSide<'c> {
    fn new(conn: &'c Connection, side: Side, axis: Axis) -> Result<Self> {
        let (day, key, hash, index) = (
            axis.day_column(),
            axis.column(),
            side.hash_column(),
            axis.party_index(side),
        );
        let sql = |beyond: &str, order: &str| {
            format!(
                "select {day} from call indexed by {index}
                 where account = ?1 and {day} {beyond} ?2 and {hash} is not null and {key} is not null
                 order by {day}{order} limit 1"
            )
        };
        Ok(Self {
            toward_end: conn.prepare_cached(&sql("<=", " desc"))?,
            toward_beginning: conn.prepare_cached(&sql(">=", ""))?,
        })
    }

    fn next(&mut self, account: i64, part: &Part) -> Result<Option<i64>> {
        let (statement, from) = match part.toward {
            Toward::End => (&mut self.toward_end, part.range.high),
            Toward::Beginning => (&mut self.toward_beginning, part.range.low),
        };
        Ok(statement
            .query_row([account, from / DAY_US], |row| row.get(0))
            .optional()?)
    }
}

/// Whether to go by time or by a party.
pub(crate) fn choose(conn: &Connection, account: i64, conditions: &Conditions) -> Result<By> {
    // A party's calls are walked until the page is full: that is soon when there is nothing else to
    // be met.
    let is_alone = conditions.facets.iter().all(Condition::is_met_by_most);
    let mut parties: Vec<Vec<Sought>> = conditions.parties().map(sought).collect();
    if parties.len() == 1 && is_alone {
        return Ok(By::Party(PartyCalls {
            sought: parties.remove(0),
            is_few_a_day: true,
        }));
    }
    let mut fewest: Option<((i64, i64), Vec<Sought>)> = None;
    for sought in parties {
        let (calls, days) = count_some(conn, account, &sought)?;
        let a_day = calls / days.max(1);
        if fewest
            .as_ref()
            .is_none_or(|(least, ..)| (calls, a_day) < *least)
        {
            fewest = Some(((calls, a_day), sought));
        }
    }
    Ok(match fewest {
        Some(((calls, a_day), sought))
            if calls < PARTY_FEW || a_day < PARTY_FEW_A_DAY || is_alone =>
        {
            By::Party(PartyCalls {
                sought,
                is_few_a_day: a_day < PARTY_MANY,
            })
        }
        _ => By::Time,
    })
}

fn sought((sides, party): (&[Side], &Party)) -> Vec<Sought> {
    let on = |side: &Side| {
        let side = *side;
        party
            .hashes
            .iter()
            .map(move |hash| Sought { side, hash: *hash })
    };
    sides.iter().flat_map(on).collect()
}

/// The calls that have one of some hashes on either side; `None`: they are more than `few`.
pub(crate) fn rows(
    conn: &Connection,
    account: i64,
    hashes: &[i64],
    few: usize,
) -> Result<Option<BTreeSet<i64>>> {
    let sides = [Side::From, Side::To].into_iter();
    let sought: Vec<Sought> = sides
        .flat_map(|side| hashes.iter().map(move |hash| Sought { side, hash: *hash }))
        .collect();
    let mut rows = BTreeSet::new();
    let mut days = Days::new(conn, account, &sought, Axis::End)?;
    let mut rest = Part::of(ALL, Toward::End, None);
    while let Some(part) = rest
        && let Some(day) = days.next(&part)?
    {
        for Sought { side, hash } in &sought {
            let column = side.hash_column();
            let index = Axis::End.party_index(*side);
            let mut statement = conn.prepare_cached(&format!(
                "select id from call indexed by {index}
                 where account = ?1 and end_day = ?2 and {column} = ?3 and end_key is not null limit ?4"
            ))?;
            let found = params![account, day.number, hash, few + 1];
            let found = statement.query_map(found, |row| row.get(0))?;
            rows.extend(found.collect::<rusqlite::Result<Vec<i64>>>()?);
        }
        if rows.len() > few {
            return Ok(None);
        }
        rest = part.beyond(day.range);
    }
    Ok(Some(rows))
}

/// The whole axis.
const ALL: KeyRange = KeyRange {
    low: i64::MIN,
    high: i64::MAX,
};

/// About how many calls a party has on how many days on which there are calls: all, or [`PARTY_FEW`]
/// of them. Some days stand for others.
fn count_some(conn: &Connection, account: i64, sought: &[Sought]) -> Result<(i64, i64)> {
    let mut days = Days::new(conn, account, sought, Axis::End)?;
    let mut rest = Part::of(ALL, Toward::End, None);
    let (mut calls, mut days_with_calls) = (0, 0);
    let (mut looked_at, mut stands_for) = (0, 1);
    while calls < PARTY_FEW
        && let Some(part) = rest
        && let Some(day) = days.next(&part)?
    {
        for Sought { side, hash } in sought {
            let column = side.hash_column();
            let index = Axis::End.party_index(*side);
            let of_day: i64 = conn
                .prepare_cached(&format!(
                    "select count(*) from (select 1 from call indexed by {index}
                     where account = ?1 and end_day = ?2 and {column} = ?3 and end_key is not null limit ?4)"
                ))?
                .query_row(
                    params![account, day.number, hash, PARTY_FEW - calls],
                    |row| row.get(0),
                )?;
            calls += of_day * stands_for;
        }
        days_with_calls += stands_for;
        let left_out = (stands_for - 1).saturating_mul(DAY_US);
        rest = part.beyond(KeyRange {
            low: day.range.low.saturating_sub(left_out),
            ..day.range
        });
        looked_at += 1;
        if looked_at % SAMPLED == 0 {
            stands_for *= 2;
        }
    }
    Ok((calls, days_with_calls))
}
