//! Looking for damage in what is counted.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};
use sidetone_core::feedback::ISSUES;
use sidetone_core::time::{DAY_US, HOUR_US};

use super::finding::{differ, find};
use crate::error::Result;
use crate::rollups::figures::{self, FigureHour};
use crate::rollups::hourly::{self, HOURLY};
use crate::rollups::judged::{self, JudgedHour};
use crate::rollups::judged_piece::JudgedHourKey;
use crate::rollups::masked::{self, MaskedCall};
use crate::rollups::posting::{self, Posting};
use crate::rows::facet::{self, Axis, Column, DIM_CALLS, FACETS, Facets, NOT_COUNTED, hour_of};
use crate::rows::shard::Shard;
use sidetone_store::facets::{Facet, Shape};

/// One row of the rollups, or of the recount: value, hour, bucket, calls, and what the calls add up
/// to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Counted {
    value: i64,
    hour: i64,
    bucket: i64,
    n: i64,
    /// Sums of rows and of offsets, where calls are known one by one.
    sums: Option<(i64, i64)>,
}

/// Everything counted of one account.
pub(crate) fn check_rollups(
    conn: &Connection,
    account: i64,
    findings: &mut Vec<String>,
) -> Result<()> {
    for axis in Axis::BOTH {
        for masked in &MASKED {
            check_masked(conn, account, axis, masked, findings)?;
        }
        check_pieces(conn, account, axis, findings)?;
        check_dim(conn, account, axis, DIM_CALLS, "0", "1", findings)?;
        let counted = |it: &&Column| it.dim != NOT_COUNTED && !it.facet.is_judged();
        for Column { facet, column, dim } in FACETS.iter().filter(counted) {
            if facet.is_set() {
                for bit in 0..16 {
                    let (value, only) = (bit.to_string(), format!("{column} >> {bit} & 1"));
                    check_dim(conn, account, axis, *dim, &value, &only, findings)?;
                }
            } else {
                let only = match facet {
                    Facet::Shape => format!("{column} <> {}", Shape::Ended as u8),
                    _ => format!("{column} is not null"),
                };
                check_dim(conn, account, axis, *dim, column, &only, findings)?;
            }
        }
    }
    let stray: i64 = conn.query_row(
        "select count(*) from rollup where account = ?1 and (dim < 0 or dim > ?2)",
        params![account, FACETS.iter().map(|facet| facet.dim).max()],
        |row| row.get(0),
    )?;
    if stray > 0 {
        find(findings, || format!("{stray} rollup rows of no known kind"));
    }
    Ok(())
}

/// Judged calls, recounted: by bit, and which they are, in order.
type Recount = ([u64; 64], Vec<MaskedCall>);

/// Hours whose calls have masks.
struct Masked {
    table: &'static str,
    /// Which calls are in them.
    only: &'static str,
    mask_of: fn(&Facets) -> u64,
    /// Whether an hour is what a recount says it should be; one that cannot be read is not.
    agrees: fn(&Connection, JudgedHourKey, &Row<'_>, &Recount) -> bool,
}

const MASKED: [Masked; 2] = [
    Masked {
        table: "judged",
        only: "judged",
        mask_of: judged::mask_of,
        agrees: judged_agrees,
    },
    Masked {
        table: "figures",
        only: "true",
        mask_of: figures::mask_of,
        agrees: figures_agree,
    },
];

/// Compares the rows of such hours with the calls, both in order, an hour after the other.
fn check_masked(
    conn: &Connection,
    account: i64,
    axis: Axis,
    masked: &Masked,
    findings: &mut Vec<String>,
) -> Result<()> {
    let Masked {
        table,
        only,
        mask_of,
        agrees,
    } = masked;
    let key = axis.column();
    let sql = format!(
        "select {key}, id, bucket, {} from call
         where account = ?1 and {key} is not null and {only} order by {key}, id",
        facet::columns()
    );
    let mut statement = conn.prepare(&sql)?;
    let mut calls = statement.query_map([account], |row| {
        let key: i64 = row.get(0)?;
        let posting = Posting {
            offset_us: key.rem_euclid(HOUR_US),
            id: row.get(1)?,
        };
        let mask = mask_of(&Facets::read(row, 3)?);
        let call = MaskedCall { posting, mask };
        Ok((hour_of(key), row.get::<_, i64>(2)?, call))
    })?;
    let of = axis.prefix();
    let mut statement = conn.prepare(&format!(
        "select hour, bucket, {of}_mask, {of}_counts, {of}_calls from {table}
         where account = ?1 and {of}_mask <> 0 order by hour, bucket"
    ))?;
    let mut rows = statement.query([account])?;
    let mut call = calls.next().transpose()?;
    while let Some((hour, ..)) = call {
        let mut recount: BTreeMap<i64, Recount> = BTreeMap::new();
        while let Some((_, bucket, masked)) = call.filter(|(of_hour, ..)| *of_hour == hour) {
            let (counts, all) = recount.entry(bucket).or_insert(([0; 64], Vec::new()));
            masked::count(counts, masked.mask, 1);
            all.push(masked);
            call = calls.next().transpose()?;
        }
        for (bucket, recount) in recount {
            let is_it = match rows.next()? {
                None => false,
                Some(row) => {
                    let shard = Shard { account, bucket };
                    let place = JudgedHourKey { shard, axis, hour };
                    let is_place = (row.get(0)?, row.get(1)?) == (hour, bucket);
                    is_place && agrees(conn, place, row, &recount)
                }
            };
            if !is_it {
                find_masked(table, key, findings);
                return Ok(());
            }
        }
    }
    if rows.next()?.is_some() {
        find_masked(table, key, findings);
    }
    Ok(())
}

/// Pieces are where the hour's row lists no calls, and nowhere else.
fn check_pieces(
    conn: &Connection,
    account: i64,
    axis: Axis,
    findings: &mut Vec<String>,
) -> Result<()> {
    let of = axis.prefix();
    let is_stray: bool = conn.query_row(
        &format!(
            "select exists (select 1 from judged_piece p left join judged j
               on j.account = p.account and j.hour = p.hour and j.bucket = p.bucket
             where p.account = ?1 and p.axis = ?2 and (j.hour is null or j.{of}_calls is not null))"
        ),
        [account, axis.number()],
        |row| row.get(0),
    )?;
    if is_stray {
        find_masked("judged", axis.column(), findings);
    }
    Ok(())
}

fn judged_agrees(
    conn: &Connection,
    place: JudgedHourKey,
    row: &Row<'_>,
    (counts, all): &Recount,
) -> bool {
    let Ok(stored) = JudgedHour::read(row, 2) else {
        return false;
    };
    let is_counted = stored.counts_as(counts);
    let calls = stored.calls.map_or_else(|| place.read(conn), Ok);
    is_counted && calls.is_ok_and(|calls| calls == *all)
}

fn figures_agree(_: &Connection, _: JudgedHourKey, row: &Row<'_>, (counts, all): &Recount) -> bool {
    FigureHour::read(row, 2).is_ok_and(|stored| stored.agrees_with(counts, all))
}

fn find_masked(table: &str, key: &str, findings: &mut Vec<String>) {
    find(findings, || {
        format!("the hours of {table} on {key} differ from the calls")
    });
}

/// Compares the rollups of one dimension with the calls, both in order.
fn check_dim(
    conn: &Connection,
    account: i64,
    axis: Axis,
    dim: i64,
    value: &str,
    only: &str,
    findings: &mut Vec<String>,
) -> Result<()> {
    let key = axis.column();
    // SQLite divides towards zero, hours are rounded down.
    let offset = format!("(({key} % {HOUR_US}) + {HOUR_US}) % {HOUR_US}");
    let recount = format!(
        "select {value}, ({key} - {offset}) / {HOUR_US}, bucket, count(*), sum(id), sum({offset}) from call
         where account = ?1 and {key} is not null and {only} group by 1, 2, 3 order by 1, 2, 3"
    );
    let mut statement = conn.prepare(&recount)?;
    let mut calls = statement.query_map([account], |row| {
        Ok(Counted {
            value: row.get(0)?,
            hour: row.get(1)?,
            bucket: row.get(2)?,
            n: row.get(3)?,
            sums: Some((row.get(4)?, row.get(5)?)),
        })
    })?;
    let fixed_value = value.parse::<i64>().ok();
    let mut statement = conn.prepare(
        "select value, hour, bucket, n, calls from rollup
         where account = ?1 and axis = ?2 and dim = ?3 and value = coalesce(?4, value)
         order by value, hour, bucket",
    )?;
    let mut rollups = statement.query(params![account, axis.number(), dim, fixed_value])?;
    let mut wrong = 0_u64;
    loop {
        let stored = match rollups.next()? {
            Some(row) => Some(stored_row(row)?),
            None => None,
        };
        let counted = calls.next().transpose()?;
        match (stored, counted) {
            (None, None) => break,
            (Some(stored), Some(counted)) if agree(stored, counted) => {}
            _ => {
                // From here on the two are out of step; the rest would only be noise.
                wrong += 1;
                break;
            }
        }
    }
    if wrong > 0 {
        find(findings, || {
            format!("rollup of dimension {dim} on {key} differs from the calls")
        });
    }
    Ok(())
}

fn agree(stored: Counted, counted: Counted) -> bool {
    let row = |it: Counted| (it.value, it.hour, it.bucket, it.n);
    row(stored) == row(counted) && (stored.sums.is_none() || stored.sums == counted.sums)
}

fn stored_row(row: &rusqlite::Row<'_>) -> Result<Counted> {
    let n = row.get(3)?;
    let packed: Option<Vec<u8>> = row.get(4)?;
    let sums = match packed {
        None => None,
        Some(packed) => {
            let postings = posting::decode(&packed).unwrap_or_default();
            let sorted = postings.is_sorted() && i64::try_from(postings.len()) == Ok(n);
            let sum =
                |of: fn(&Posting) -> i64| postings.iter().map(of).fold(0_i64, i64::wrapping_add);
            // No call has row -1, so this is found to differ.
            Some(if sorted {
                (sum(|call| call.id), sum(|call| call.offset_us))
            } else {
                (-1, -1)
            })
        }
    };
    Ok(Counted {
        value: row.get(0)?,
        hour: row.get(1)?,
        bucket: row.get(2)?,
        n,
        sums,
    })
}

/// Calls and feedback by hour.
pub(crate) fn check_hours(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    // SQLite divides towards zero, hours are rounded down.
    let hour =
        |us: &str| format!("({us} - (({us} % {HOUR_US}) + {HOUR_US}) % {HOUR_US}) / {HOUR_US}");
    let scores = (1..=5).map(|score| format!("sum(rated & 7 is {score})"));
    let issues = (0..ISSUES).map(|issue| format!("coalesce(sum(rated >> {} & 1), 0)", issue + 3));
    let counts: Vec<String> = std::iter::once("sum(is_call)".to_owned())
        .chain(scores)
        .chain(issues)
        .collect();
    let recount = format!(
        "select account, bucket, hour, {} from (
           select account, bucket, {} as hour, 1 as is_call, null as rated from call where start_us is not null
           union all
           select c.account, c.bucket, {}, 0, c.rated from call c join feedback f on f.call_id = c.id
         ) group by account, bucket, hour",
        counts.join(", "),
        hour("start_us"),
        hour("coalesce(c.start_us, f.created_us)")
    );
    let stored = format!(
        "select account, bucket, hour, {} from hourly",
        hourly::COLUMNS.join(", ")
    );
    let damaged: i64 = conn.query_row(
        &format!(
            "select count(*) from hourly where not {}",
            HOURLY.is_sound("")
        ),
        [],
        |row| row.get(0),
    )?;
    if damaged + differ(conn, &recount, &stored)? > 0 {
        find(findings, || {
            "calls and feedback by hour differ from the calls".to_owned()
        });
    }
    Ok(())
}

/// The histogram of post-dial delays.
pub(crate) fn check_pdd(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let day = format!("(start_us - ((start_us % {DAY_US}) + {DAY_US}) % {DAY_US}) / {DAY_US}");
    let recount = format!(
        "select {day}, coalesce(to_country, 0), pdd_bin, bucket, count(*) from call
         where start_us is not null and pdd_bin is not null group by 1, 2, 3, 4"
    );
    let stored = "select day, country, bin, bucket, n from pdd";
    if differ(conn, &recount, stored)? > 0 {
        find(findings, || {
            "the histogram of post-dial delays differs from the calls".to_owned()
        });
    }
    Ok(())
}
