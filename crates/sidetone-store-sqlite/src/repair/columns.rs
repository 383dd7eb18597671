//! The columns of a call that follow from its document and from what was said of it. A damaged row is
//! written only if it then is, by its checksum, what it was.

use std::sync::LazyLock;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use sidetone_core::summary::CallSummary;
use sidetone_core::time::TimeUs;
use sidetone_store::facets::Keys;

use super::judged::{self, Said};
use crate::error::Result;
use crate::rows::address::address_hash;
use crate::rows::facet::{self, FACETS, Facets};
use crate::rows::tables::CALL;
use crate::rows::terms::{TermCache, Terms};

/// In the order of [`Stored::values`].
const COLUMNS: [&str; 12] = [
    "annotation",
    "annotation_revision",
    "last_change",
    "rated",
    "end_key",
    "from_hash",
    "to_hash",
    "from_address",
    "to_address",
    "start_us",
    "ended_us",
    "pdd_bin",
];

static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let facets = FACETS.iter().map(|facet| facet.column);
    CALL.update(&COLUMNS.into_iter().chain(facets).collect::<Vec<_>>())
});

static READ: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select annotation, annotation_revision, last_change, rated, end_key, from_hash, to_hash, from_address,
           to_address, ended_us, checksum, {}, {} from call where id = ?1",
        CALL.is_sound(""),
        facet::columns()
    )
});

/// What the columns say.
#[derive(Clone)]
struct Stored {
    said: Said,
    rated: Option<i64>,
    end_key: Option<i64>,
    hashes: [Option<i64>; 2],
    addresses: [Option<String>; 2],
    ended_us: Option<i64>,
    facets: Facets,
}

impl Stored {
    fn set_summary(&mut self, conn: &Connection, summary: &CallSummary) -> Result<()> {
        let mut cache = TermCache::default();
        let terms = &mut Terms {
            conn,
            cache: &mut cache,
        };
        self.facets.set_summary(summary, terms)?;
        let facts = &summary.facts;
        self.addresses = [facts.from.address.clone(), facts.to.address.clone()];
        self.hashes = self
            .addresses
            .each_ref()
            .map(|address| address.as_deref().map(address_hash));
        self.ended_us = facts.ended_at.map(TimeUs::micros);
        self.end_key = self.facets.keys.map(Keys::end_key);
        Ok(())
    }

    fn set_said(&mut self, said: Said) -> Result<()> {
        if said.revision > 0 {
            let json = said.annotation.as_deref().unwrap_or("{}");
            self.facets.set_annotation(&serde_json::from_str(json)?)?;
        }
        self.said = said;
        Ok(())
    }

    fn values(self) -> impl Iterator<Item = Value> {
        let [from_hash, to_hash] = self.hashes;
        let [from, to] = self.addresses;
        let columns: [Value; COLUMNS.len()] = [
            self.said.annotation.into(),
            self.said.revision.into(),
            self.said.last_change.into(),
            self.rated.into(),
            self.end_key.into(),
            from_hash.into(),
            to_hash.into(),
            from.into(),
            to.into(),
            self.facets.keys.map(|keys| keys.start_us).into(),
            self.ended_us.into(),
            self.facets.pdd_bin.into(),
        ];
        let facets = self.facets.values.into_iter().map(Value::from);
        columns.into_iter().chain(facets)
    }
}

/// Makes the columns again. Says whether that changed anything.
pub(super) fn mend(conn: &Connection, id: i64, summary: Option<&CallSummary>) -> Result<bool> {
    let read = conn.prepare_cached(&READ)?.query_row([id], |row| {
        let stored = Stored {
            said: Said {
                annotation: row.get(0)?,
                revision: row.get(1)?,
                last_change: row.get(2)?,
            },
            rated: row.get(3)?,
            end_key: row.get(4)?,
            hashes: [row.get(5)?, row.get(6)?],
            addresses: [row.get(7)?, row.get(8)?],
            ended_us: row.get(9)?,
            facets: Facets::read(row, 12)?,
        };
        Ok((stored, row.get::<_, bool>(11)?))
    });
    let Some((stored, is_sound)) = read.optional()? else {
        return Ok(false);
    };
    let mut made = stored.clone();
    if let Some(summary) = summary {
        made.set_summary(conn, summary)?;
    }
    if is_sound {
        let said = made.said.clone();
        made.set_said(said)?;
        return write(conn, id, made, |new, old| new != old);
    }
    made.rated = judged::rated(conn, id)?;
    let logged = judged::said(conn, id)?;
    for said in [stored.said, logged] {
        let mut made = made.clone();
        if made.set_said(said).is_ok() && write(conn, id, made, |new, old| new == old)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes the columns, if the checksum that follows and the one that is stored are as is wanted.
fn write(
    conn: &Connection,
    id: i64,
    made: Stored,
    wanted: impl FnOnce(Option<i64>, Option<i64>) -> bool,
) -> Result<bool> {
    let checksum = || {
        conn.prepare_cached("select checksum from call where id = ?1")?
            .query_row([id], |row| row.get::<_, Option<i64>>(0))
    };
    let old = checksum()?;
    conn.execute_batch("savepoint columns")?;
    let written = conn
        .prepare_cached(&UPDATE)?
        .execute(params_from_iter(made.values().chain([id.into()])));
    let is_wanted = written.is_ok() && wanted(checksum()?, old);
    if !is_wanted {
        conn.execute_batch("rollback to columns")?;
    }
    conn.execute_batch("release columns")?;
    Ok(is_wanted)
}
