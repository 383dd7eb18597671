//! Thresholds: learnt from the rollups, frozen by day. And what the operator says, as published.

use rusqlite::{Connection, OptionalExtension, params};
use sidetone_core::rules::{PDD_LEARNING_DAYS, PddRules, Rules};
use sidetone_core::sides::Sides;

use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use super::rows::checksum::expect_sound;
use super::rows::tables::{RULES, SIDE_RULES};
use sidetone_store::rules::Published;
use sidetone_store::{StoreError, Topic};

/// The rules frozen for a day.
pub(super) fn rules(conn: &Connection, day: i64) -> Result<Option<Rules>> {
    let found: Option<(String, bool)> = conn
        .prepare_cached(&format!(
            "select body, {} from rules where day = ?1",
            RULES.is_sound("")
        ))?
        .query_row([day], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let is_sound = found.as_ref().is_none_or(|(_, is_sound)| *is_sound);
    expect_sound(is_sound, || format!("table rules, day {day}"))?;
    let body = found.map(|(body, _)| body);
    Ok(body.map(|body| serde_json::from_str(&body)).transpose()?)
}

pub(super) fn freeze(tx: &mut WriteTx<'_>, day: i64) -> Result<Rules> {
    if let Some(frozen) = rules(tx.conn, day)? {
        return Ok(frozen);
    }
    let rules = Rules {
        day: Some(day),
        pdd: PddRules::learn(histogram(tx.conn, day)?),
        ..Rules::built_in()
    };
    tx.conn.execute(
        &RULES.insert_columns(&["day", "body"]),
        params![day, serde_json::to_string(&rules)?],
    )?;
    Ok(rules)
}

/// Destination country, bin and number of calls, of the days before a day.
fn histogram(conn: &Connection, day: i64) -> Result<Vec<(Option<String>, u64, u64)>> {
    let mut statement = conn.prepare(
        "select t.text, p.bin, sum(p.n) from pdd p left join term t on t.id = p.country
         where p.day >= ?1 and p.day < ?2 group by p.country, p.bin",
    )?;
    let rows = statement.query_map([day.saturating_sub(PDD_LEARNING_DAYS), day], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The newest of the operator's rules, if they are newer than that.
pub(super) fn published(conn: &Connection, newer_than: u64) -> Result<Option<Published>> {
    let found: Option<(u64, String, bool)> = conn
        .prepare_cached(&format!(
            "select version, body, {} from side_rules where version > ?1 order by version desc limit 1",
            SIDE_RULES.is_sound("")
        ))?
        .query_row([newer_than], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((version, body, is_sound)) = found else {
        return Ok(None);
    };
    let what = || format!("table side_rules, version {version}");
    expect_sound(is_sound, what)?;
    let sides = serde_json::from_str(&body).map_err(|error| {
        let what = what();
        StoreError::Invalid(format!("{what}: published by a newer Sidetone: {error}"))
    })?;
    Ok(Some(Published { version, sides }))
}

/// The version of the operator's rules if the newest say that; before the first there are none.
pub(super) fn version_of(conn: &Connection, sides: &Sides) -> Result<Option<u64>> {
    let (version, said) = match published(conn, 0) {
        Ok(Some(newest)) => (newest.version, newest.sides),
        Ok(None) => (0, Sides::default()),
        // Nobody can go by it: what is published now takes its place.
        Err(Error(StoreError::Corrupt(_))) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok((said == *sides).then_some(version))
}

/// Makes them the newest version unless they are.
pub(super) fn publish(tx: &mut WriteTx<'_>, sides: &Sides) -> Result<u64> {
    let conn = tx.conn;
    if let Some(version) = version_of(conn, sides)? {
        return Ok(version);
    }
    let newest: u64 = conn.query_row(
        "select ifnull(max(version), 0) from side_rules",
        [],
        |row| row.get(0),
    )?;
    let version = newest.saturating_add(1);
    conn.execute(
        &SIDE_RULES.insert_columns(&["version", "body"]),
        params![version, serde_json::to_string(sides)?],
    )?;
    tx.ring(Topic::Rules);
    Ok(version)
}
