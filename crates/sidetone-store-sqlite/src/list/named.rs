//! Finding calls that something names: their own names, an incident, a fragment of a comment that few
//! have, a short time that they started in.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::condition::{self, Condition, Wanted};
use super::conditions::{Conditions, Needle};
use super::party;
use crate::comments;
use crate::error::Result;
use crate::rows::facet::Axis;
use sidetone_store::facets::Facet;
use sidetone_store::page::RowKey;

/// More calls than this are not looked at one by one.
const FEW: usize = 2000;

/// The rows of the few calls among which all are that can meet the conditions. `None`: they are
/// many, or nothing names them.
pub(crate) fn rows(
    conn: &Connection,
    account: i64,
    conditions: &Conditions,
) -> Result<Option<BTreeSet<i64>>> {
    if let Some(ids) = &conditions.ids {
        return Ok(Some(ids.clone()));
    }
    if let Some(Condition {
        wanted: Wanted::Any(incidents),
        ..
    }) = conditions
        .facets
        .iter()
        .find(|condition| condition.facet == Facet::Incident)
        && let Some(rows) = with_incident(conn, account, incidents)?
    {
        return Ok(Some(rows));
    }
    if let Some(rows) = comments::rows(conn, &conditions.comment, FEW)? {
        return Ok(Some(rows));
    }
    if let Some(needle) = &conditions.needle
        && let Some(rows) = with_needle(conn, account, needle)?
    {
        return Ok(Some(rows));
    }
    match conditions.started_before_us {
        Some(before_us) => with_start(conn, account, conditions.started_from_us, before_us),
        None => Ok(None),
    }
}

/// In a list by end, those that started in a time lie scattered over all that comes after it.
fn with_start(
    conn: &Connection,
    account: i64,
    from_us: i64,
    before_us: i64,
) -> Result<Option<BTreeSet<i64>>> {
    let mut statement = conn.prepare_cached(
        "select id from call indexed by call_by_start
         where account = ?1 and start_us >= ?2 and start_us < ?3 limit ?4",
    )?;
    let found = statement.query_map(params![account, from_us, before_us, FEW + 1], |row| {
        row.get(0)
    })?;
    let rows = found.collect::<rusqlite::Result<BTreeSet<i64>>>()?;
    Ok((rows.len() <= FEW).then_some(rows))
}

fn with_needle(conn: &Connection, account: i64, needle: &Needle) -> Result<Option<BTreeSet<i64>>> {
    let Some(mut rows) = party::rows(conn, account, &needle.hashes, FEW)? else {
        return Ok(None);
    };
    rows.extend(&needle.ids);
    if let Some(incident) = needle.incident {
        match with_incident(conn, account, &[incident])? {
            Some(found) => rows.extend(found),
            None => return Ok(None),
        }
    }
    if let Some(fragment) = &needle.comment {
        match comments::rows(conn, std::slice::from_ref(fragment), FEW)? {
            Some(found) => rows.extend(found),
            None => return Ok(None),
        }
    }
    Ok(Some(rows))
}

fn with_incident(
    conn: &Connection,
    account: i64,
    incidents: &[i64],
) -> Result<Option<BTreeSet<i64>>> {
    let mut statement = conn.prepare_cached(
        "select id from call indexed by call_by_incident where account = ?1 and incident = ?2 limit ?3",
    )?;
    let mut rows = BTreeSet::new();
    for incident in incidents {
        let found = statement.query_map(params![account, incident, FEW + 1], |row| row.get(0))?;
        rows.extend(found.collect::<rusqlite::Result<Vec<i64>>>()?);
    }
    Ok((rows.len() <= FEW).then_some(rows))
}

/// The row keys of those of some calls that meet the conditions, in ascending order.
pub(crate) fn row_keys(
    conn: &Connection,
    account: i64,
    rows: &BTreeSet<i64>,
    axis: Axis,
    conditions: &Conditions,
) -> Result<Vec<RowKey>> {
    let mut sql = format!("select {} from call where account = ?", axis.column());
    let mut values: Vec<Value> = vec![account.into()];
    conditions.write(&mut sql, &mut values);
    sql.push_str(" and id = ?");
    let mut statement = conn.prepare_cached(&sql)?;
    condition::bind(&mut statement, &values)?;
    let mut row_keys = Vec::new();
    for id in rows {
        statement.raw_bind_parameter(values.len() + 1, id)?;
        if let Some(row) = statement.raw_query().next()? {
            let key = row.get(0)?;
            row_keys.push(RowKey { key, id: *id });
        }
    }
    row_keys.sort_unstable();
    Ok(row_keys)
}
