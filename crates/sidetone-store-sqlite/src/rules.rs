//! Thresholds: learnt from the rollups, frozen by day.

use rusqlite::{Connection, OptionalExtension, params};
use sidetone_core::rules::{PDD_LEARNING_DAYS, PddRules, Rules};

use super::engine::work::Work;
use super::error::Result;
use super::rows::checksum::expect_sound;
use super::rows::tables::RULES;

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

pub(super) fn freeze(work: &mut Work<'_>, day: i64) -> Result<Rules> {
    if let Some(frozen) = rules(work.conn, day)? {
        return Ok(frozen);
    }
    let rules = Rules {
        day: Some(day),
        pdd: PddRules::learn(histogram(work.conn, day)?),
        ..Rules::built_in()
    };
    work.conn.execute(
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
