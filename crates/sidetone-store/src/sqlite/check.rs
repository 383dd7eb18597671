//! Looking for damage, and figures about the store.

use rusqlite::{Connection, params};
use sidetone_core::annotation::Annotation;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::{DAY_US, HOUR_US};

use super::facet::{self, Axis, DIM_CALLS, FACETS, Facets, Kind, SHAPE_ENDED};
use super::posting::{self, Posting};
use super::{judgement, record, terms};
use crate::{Result, StoreError, StoreStats};

/// More findings than these say nothing new.
const FINDINGS_MAX: usize = 100;

pub(super) fn stats(conn: &Connection) -> Result<StoreStats> {
    let count = |sql: &str| -> Result<u64> {
        Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    Ok(StoreStats {
        dirty_calls: count("select count(*) from call where dirty_us is not null")?,
        timers: count("select count(*) from call where timer_us is not null")?,
        outbox: count("select count(*) from outbox")?,
        bytes: count(
            "select (select page_count from pragma_page_count) * (select page_size from pragma_page_size)",
        )?,
    })
}

pub(super) fn check(conn: &Connection) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    check_engine(conn, &mut findings)?;
    check_calls(conn, &mut findings)?;
    let mut accounts = conn.prepare("select id from account")?;
    for account in accounts.query_map([], |row| row.get(0))? {
        check_rollups(conn, account?, &mut findings)?;
    }
    check_pdd(conn, &mut findings)?;
    Ok(findings)
}

/// Adds a finding while there is room.
fn find(findings: &mut Vec<String>, finding: impl FnOnce() -> String) {
    if findings.len() < FINDINGS_MAX {
        findings.push(finding());
    }
}

fn check_engine(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let mut statement = conn.prepare("pragma integrity_check(20)")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let said: String = row.get(0)?;
        if said != "ok" {
            find(findings, || format!("SQLite: {said}"));
        }
    }
    let mut statement = conn.prepare("pragma foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let table: String = row.get(0)?;
        find(findings, || {
            format!("a row of {table} is about something that is not there")
        });
    }
    Ok(())
}

/// Every call: its document, its columns, its log, its annotations.
fn check_calls(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let sql = format!(
        "select c.id, a.sid, c.sid, c.version, d.body, c.event_count,
           (select count(*) from event e where e.call_id = c.id),
           c.from_address, c.to_address, c.from_hash, c.to_hash, c.end_key, c.placeholder, {}
         from call c join account a on a.id = c.account left join document d on d.call_id = c.id
         order by c.id",
        facet::columns()
    );
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let call = CallRef {
            account: AccountSid::from_bytes(row.get(1)?),
            sid: CallSid::from_bytes(row.get(2)?),
        };
        let mut say = |what: &str| {
            find(findings, || {
                format!("{} of {}: {what}", call.sid, call.account)
            })
        };
        let (counted, events): (i64, i64) = (row.get(5)?, row.get(6)?);
        if counted != events {
            say(&format!("{events} events in the log, {counted} counted"));
        }
        check_annotations(conn, id, &mut say)?;
        let mut expected = Facets::NONE;
        let body: Option<Vec<u8>> = row.get(4)?;
        let has_version = row.get::<_, i64>(3)? > 0;
        if body.is_some() != has_version {
            say("the document and the count of its versions disagree");
        }
        let mut from_to = [None, None];
        if let Some(body) = &body {
            match record::read_summary(body, call) {
                Ok(summary) => {
                    set_summary(conn, &mut expected, &summary)?;
                    from_to = [summary.facts.from.address, summary.facts.to.address];
                }
                Err(error) => {
                    say(&format!("the document cannot be read ({error})"));
                    continue;
                }
            }
        }
        let annotation = match judgement::current(conn, id, "")? {
            Some((_, json)) => serde_json::from_str(&json).unwrap_or_default(),
            None => Annotation::default(),
        };
        if !annotation.is_empty() || judgement::current(conn, id, "")?.is_some() {
            expected.set_annotation(&annotation);
        }
        let stored = Facets::read(row, 13)?;
        if stored != expected {
            say(&format!(
                "columns differ from document and annotation: {}",
                differences(&stored, &expected)
            ));
        }
        let addresses: [Option<String>; 2] = [row.get(7)?, row.get(8)?];
        let hashes: [Option<i64>; 2] = [row.get(9)?, row.get(10)?];
        let expected_hashes = from_to
            .each_ref()
            .map(|address| address.as_deref().map(super::summary::address_hash));
        if addresses != from_to || hashes != expected_hashes {
            say("the parties' addresses differ from the document");
        }
        if row.get::<_, Option<i64>>(11)? != expected.keys.map(facet::Keys::end_key) {
            say("the place in lists by end differs from the document");
        }
    }
    Ok(())
}

/// The facets of a summary, without adding to the dictionary.
fn set_summary(
    conn: &Connection,
    facets: &mut Facets,
    summary: &sidetone_core::summary::CallSummary,
) -> Result<()> {
    let mut cache = terms::TermCache::default();
    match facets.set_summary(
        summary,
        &mut terms::Terms {
            conn,
            cache: &mut cache,
        },
    ) {
        // A text that is missing cannot be added by a reader: the columns will be found to differ.
        Err(StoreError::Unavailable(_)) => Ok(()),
        other => other,
    }
}

fn differences(stored: &Facets, expected: &Facets) -> String {
    let mut text = Vec::new();
    if stored.keys != expected.keys {
        text.push("start or end".to_owned());
    }
    if stored.pdd_bin != expected.pdd_bin {
        text.push("pdd_bin".to_owned());
    }
    for (place, facet) in FACETS.iter().enumerate() {
        if stored.values[place] != expected.values[place] {
            text.push(format!(
                "{} is {:?}, should be {:?}",
                facet.column, stored.values[place], expected.values[place]
            ));
        }
    }
    text.join(", ")
}

/// The current annotation of every author is what their last change made it, and no change is missing.
fn check_annotations(conn: &Connection, id: i64, say: &mut impl FnMut(&str)) -> Result<()> {
    let mut statement = conn.prepare_cached(
        "select l.author, count(*), max(l.revision),
           (select after from annotation_log last where last.call_id = ?1 and last.author = l.author
            order by seq desc limit 1)
         from annotation_log l where l.call_id = ?1 group by l.author",
    )?;
    let mut rows = statement.query([id])?;
    let mut authors = 0_i64;
    while let Some(row) = rows.next()? {
        authors += 1;
        let author: String = row.get(0)?;
        let (changes, last, after): (i64, i64, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let current = judgement::current(conn, id, &author)?;
        if changes != last || current != Some((last, after)) {
            say(&format!(
                "the annotation of author {author:?} is not what its history says"
            ));
        }
    }
    let stored: i64 = conn
        .prepare_cached("select count(*) from annotation where call_id = ?1")?
        .query_row([id], |row| row.get(0))?;
    if stored != authors {
        say("an annotation has no history");
    }
    Ok(())
}

/// One row of the rollups, or of the recount: value, hour, calls, and what the calls add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Counted {
    value: i64,
    hour: i64,
    n: i64,
    /// Sums of rows and of offsets, where calls are known one by one.
    sums: Option<(i64, i64)>,
}

fn check_rollups(conn: &Connection, account: i64, findings: &mut Vec<String>) -> Result<()> {
    for axis in Axis::BOTH {
        check_dim(conn, account, axis, DIM_CALLS, "0", "1", findings)?;
        for facet in FACETS {
            match facet.kind {
                Kind::One => {
                    let only = if facet.column == "shape" {
                        format!("shape <> {SHAPE_ENDED}")
                    } else {
                        format!("{} is not null", facet.column)
                    };
                    check_dim(
                        conn,
                        account,
                        axis,
                        facet.dim,
                        facet.column,
                        &only,
                        findings,
                    )?;
                }
                Kind::Set => {
                    for bit in 0..16 {
                        let only = format!("{} >> {bit} & 1", facet.column);
                        check_dim(
                            conn,
                            account,
                            axis,
                            facet.dim,
                            &bit.to_string(),
                            &only,
                            findings,
                        )?;
                    }
                }
            }
        }
    }
    let stray: i64 = conn.query_row(
        "select count(*) from rollup where account = ?1 and (dim < 0 or dim > ?2 or slot <> 0)",
        params![account, FACETS.iter().map(|facet| facet.dim).max()],
        |row| row.get(0),
    )?;
    if stray > 0 {
        find(findings, || format!("{stray} rollup rows of no known kind"));
    }
    Ok(())
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
        "select {value}, ({key} - {offset}) / {HOUR_US}, count(*), sum(id), sum({offset}) from call
         where account = ?1 and {key} is not null and {only} group by 1, 2 order by 1, 2"
    );
    let mut statement = conn.prepare(&recount)?;
    let mut calls = statement.query_map([account], |row| {
        Ok(Counted {
            value: row.get(0)?,
            hour: row.get(1)?,
            n: row.get(2)?,
            sums: Some((row.get(3)?, row.get(4)?)),
        })
    })?;
    let fixed_value = value.parse::<i64>().ok();
    let mut statement = conn.prepare(
        "select value, hour, n, calls from rollup
         where account = ?1 and axis = ?2 and dim = ?3 and value = coalesce(?4, value) order by value, hour",
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
    (stored.value, stored.hour, stored.n) == (counted.value, counted.hour, counted.n)
        && (stored.sums.is_none() || stored.sums == counted.sums)
}

fn stored_row(row: &rusqlite::Row<'_>) -> Result<Counted> {
    let n = row.get(2)?;
    let packed: Option<Vec<u8>> = row.get(3)?;
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
        n,
        sums,
    })
}

fn check_pdd(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let day = format!("(start_us - ((start_us % {DAY_US}) + {DAY_US}) % {DAY_US}) / {DAY_US}");
    let recount = format!(
        "select {day}, coalesce(to_country, 0), pdd_bin, count(*) from call
         where start_us is not null and pdd_bin is not null group by 1, 2, 3"
    );
    let stored = "select day, country, bin, n from pdd";
    let differ: i64 = conn.query_row(
        &format!(
            "select (select count(*) from ({recount} except {stored})) + (select count(*) from ({stored} except {recount}))"
        ),
        [],
        |row| row.get(0),
    )?;
    if differ > 0 {
        find(findings, || {
            "the histogram of post-dial delays differs from the calls".to_owned()
        });
    }
    Ok(())
}
