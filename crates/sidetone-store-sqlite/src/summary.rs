//! Writing summaries: document, filter columns, rollups, timer.

pub(crate) mod alias;

use std::sync::LazyLock;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use sidetone_core::annotation::Annotation;
use sidetone_core::id::CallRef;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::ProcessingState;

use super::engine::write_tx::WriteTx;
use super::error::Result;
use super::event_log::{dirty, set_aside};
use super::rollups::stale;
use super::rows::address::address_hash;
use super::rows::codec;
use super::rows::facet::{self, FACETS, Facets};
use super::rows::shard::Shard;
use super::rows::tables::CALL;
use super::statistics::build;
use super::{account, feed, feedback, judgement, record};
use sidetone_store::facets::Keys;
use sidetone_store::feed::Changed;
use sidetone_store::{Put, PutSummary};

/// A summary ready to be written.
pub(super) struct PackedSummary {
    put: PutSummary,
    json: Vec<u8>,
    document: Vec<u8>,
}

impl PackedSummary {
    /// Packs a summary, before the writing thread has to do with it.
    pub(super) fn of(put: PutSummary) -> Result<Self> {
        let owner = record::identity(put.summary.call);
        let json = serde_json::to_vec(&put.summary)?;
        let document = match &put.rendered {
            Some(rendered) => codec::pack_rendered(&owner, rendered, &json)?,
            None => codec::pack(codec::Format::Summary2, &owner, &json)?,
        };
        Ok(Self {
            put,
            json,
            document,
        })
    }
}

/// What is stored of a call before its summary is written.
struct Stored {
    id: i64,
    /// Whether the row is what was written.
    is_sound: bool,
    event_count: i64,
    position: i64,
    version: i64,
    dirty_us: Option<i64>,
    last_received_us: Option<i64>,
    end_seen_us: Option<i64>,
    from_hash: Option<i64>,
    to_hash: Option<i64>,
    rated: Option<i64>,
    facets: Facets,
    document: Option<Vec<u8>>,
}

static FIND: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select c.id, c.event_count, c.position, c.version, c.dirty_us, c.last_received_us, c.end_seen_us,
           c.from_hash, c.to_hash, d.body, c.rated, {}, {}
         from call c left join document d on d.call_id = c.id
         where c.sid = ?1 and c.account = ?2",
        CALL.is_sound("c."),
        facet::columns()
    )
});

/// Columns that no index holds. Their order is that of [`plain_values`].
const PLAIN: &[&str] = &[
    "placeholder",
    "position",
    "version",
    "end_seen_us",
    "last_event_us",
    "from_address",
    "to_address",
    "pdd_bin",
];
/// Columns that indexes hold; they are left alone where they do not change. Their order is that of
/// [`key_values`].
const KEYS: &[&str] = &["start_us", "ended_us", "end_key", "from_hash", "to_hash"];

fn facet_columns() -> impl Iterator<Item = &'static str> {
    FACETS.iter().map(|facet| facet.column)
}

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let mut columns = vec![
        "account",
        "bucket",
        "sid",
        "advanced_features",
        "annotation_revision",
        "timer_us",
    ];
    columns.extend(PLAIN.iter().copied().chain(facet_columns()));
    columns.extend(KEYS);
    CALL.insert_columns(&columns)
});

static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let mut columns = vec!["timer_us", "dirty_us"];
    columns.extend(PLAIN.iter().copied().chain(facet_columns()));
    CALL.update(&columns)
});

static UPDATE_KEYS: LazyLock<String> = LazyLock::new(|| CALL.update(KEYS));

/// A packed summary, or why it cannot be packed.
pub(super) type PackedResult = Result<PackedSummary>;

pub(super) fn put(tx: &mut WriteTx<'_>, summaries: &[PackedResult]) -> Result<Vec<Put>> {
    summaries
        .iter()
        .map(|packed| match packed {
            Ok(packed) => put_one(tx, packed),
            Err(error) => Ok(Put::Refused(error.clone().into())),
        })
        .collect()
}

fn put_one(tx: &mut WriteTx<'_>, packed: &PackedSummary) -> Result<Put> {
    let conn = tx.conn;
    let put = &packed.put;
    let summary = &put.summary;
    let account = account::existing(conn, summary.call.account)?;
    let shard = account.shard(summary.call.sid);
    let position = i64::try_from(put.position).unwrap_or(i64::MAX);
    let stored = find(conn, account.id, summary)?;
    // A damaged row is left as it is: with new values it would count as sound (event_log/dirty.rs).
    if stored
        .as_ref()
        .is_some_and(|stored| position < stored.position || !stored.is_sound)
        || tx.shared.calls.is_void(summary.call)
    {
        return Ok(Put::Stale);
    }
    let old = stored
        .as_ref()
        .map_or(Facets::NONE, |stored| stored.facets.clone());
    let mut new = old.clone();
    new.set_summary(summary, &mut tx.terms())?;
    let columns = Columns {
        put,
        position,
        facets: &new,
        from_hash: summary.facts.from.address.as_deref().map(address_hash),
        to_hash: summary.facts.to.address.as_deref().map(address_hash),
    };
    let (id, version, is_changed) = match &stored {
        None => {
            if record::is_gone(conn, account.id, summary.call.sid)? {
                return Ok(Put::Gone);
            }
            let id = columns.insert(conn, shard, account.advanced_features)?;
            write_document(conn, id, &packed.document)?;
            (id, 1, true)
        }
        Some(stored) => {
            let is_same = stored.document.as_ref() == Some(&packed.document);
            let changed = !is_same && is_changed(stored, packed);
            let again_us = tx.shared.calls.again_us(summary.call);
            columns.update(conn, stored, changed, again_us)?;
            if !is_same {
                write_document(conn, stored.id, &packed.document)?;
            }
            (stored.id, stored.version + i64::from(changed), changed)
        }
    };
    let state = put.state.as_ref();
    let sealed =
        state.map(|state| codec::seal(&dirty::state_identity(summary.call, position), state));
    write_state(conn, id, stored.is_some(), sealed.as_deref())?;
    if stored.is_some() {
        set_aside::take_back(conn, id)?;
    }
    let imported = summary.imported_annotation.as_ref();
    let was = imported.and_then(|_| stored.as_ref()?.document.as_deref());
    let was = was.and_then(|document| imported_annotation(summary.call, document));
    alias::write(conn, (account.id, id), stored.is_none(), summary, new.keys)?;
    tx.count(shard, id, &old, &new);
    // A release may see something else in the same document.
    if is_changed || old != new {
        let is: Vec<i64> = new.keys.into_iter().flat_map(stale::quarters_of).collect();
        if let Some(was) = old.keys
            && !stale::quarters_of(was).all(|was| is.contains(&was))
        {
            // Nobody would look there for what is left of it when it is erased.
            build::forget(tx.conn, shard, was)?;
        }
        tx.mark_stale(shard, &old, &new);
    }
    if let Some(rated) = stored.and_then(|stored| stored.rated) {
        let starts = [&old, &new].map(|facets| facets.keys.map(|keys| keys.start_us));
        feedback::moved(tx, shard, id, rated, starts)?;
    }
    if let Some(imported) = imported {
        judgement::adopt(tx, summary.call, was.as_ref(), imported, put.now)?;
    }
    let version = u32::try_from(version).unwrap_or(u32::MAX);
    if !is_changed {
        return Ok(Put::Unchanged { version });
    }
    let changed = Changed::Summary {
        version,
        is_complete: summary.processing == ProcessingState::Complete,
    };
    feed::note(tx, summary.call, &changed, put.now)?;
    Ok(Put::Written { version })
}

/// What a stored summary says that people said of the call in another system; a damaged one says
/// nothing.
fn imported_annotation(call: CallRef, document: &[u8]) -> Option<Annotation> {
    let summary = record::read_summary(document, call).ok()?;
    Some(summary.imported_annotation?.annotation)
}

fn find(conn: &Connection, account: i64, summary: &CallSummary) -> Result<Option<Stored>> {
    Ok(conn
        .prepare_cached(&FIND)?
        .query_row(params![summary.call.sid.as_bytes(), account], |row| {
            Ok(Stored {
                id: row.get(0)?,
                event_count: row.get(1)?,
                position: row.get(2)?,
                version: row.get(3)?,
                dirty_us: row.get(4)?,
                last_received_us: row.get(5)?,
                end_seen_us: row.get(6)?,
                from_hash: row.get(7)?,
                to_hash: row.get(8)?,
                document: row.get(9)?,
                rated: row.get(10)?,
                is_sound: row.get(11)?,
                facets: Facets::read(row, 12)?,
            })
        })
        .optional()?)
}

/// Whether a document of other bytes says something else than the stored one: an older version may
/// have packed or rendered the same summary differently. A damaged one is mended.
fn is_changed(stored: &Stored, packed: &PackedSummary) -> bool {
    let Some(old) = &stored.document else {
        return true;
    };
    let owner = record::identity(packed.put.summary.call);
    // What was rendered tells most changes, and is unpacked faster than the summary behind it.
    if let Some(new) = &packed.put.rendered
        && let Ok(Some(old)) = codec::unpack_rendered(&owner, old, new.form)
        && old != new.bytes
    {
        return true;
    }
    codec::unpack(&owner, old).ok().as_ref() != Some(&packed.json)
}

fn write_document(conn: &Connection, id: i64, document: &[u8]) -> Result<()> {
    conn.prepare_cached("replace into document (call_id, body) values (?1, ?2)")?
        .execute(params![id, document])?;
    Ok(())
}

fn write_state(conn: &Connection, id: i64, existed: bool, state: Option<&[u8]>) -> Result<()> {
    if let Some(state) = state {
        conn.prepare_cached("replace into fold_state (call_id, body) values (?1, ?2)")?
            .execute(params![id, state])?;
    } else if existed {
        conn.prepare_cached("delete from fold_state where call_id = ?1")?
            .execute([id])?;
    }
    Ok(())
}

/// The columns of `call` that a summary fills.
struct Columns<'a> {
    put: &'a PutSummary,
    position: i64,
    facets: &'a Facets,
    from_hash: Option<i64>,
    to_hash: Option<i64>,
}

impl Columns<'_> {
    fn insert(&self, conn: &Connection, shard: Shard, advanced_features: bool) -> Result<i64> {
        let values = [
            shard.account.into(),
            shard.bucket.into(),
            self.put.summary.call.sid.as_bytes().to_vec().into(),
            advanced_features.into(),
            0.into(),
            self.timer_us(),
        ]
        .into_iter()
        .chain(self.plain_values(1, None))
        .chain(self.facets.values.iter().map(|value| (*value).into()))
        .chain(self.key_values());
        Ok(conn
            .prepare_cached(&INSERT)?
            .insert(params_from_iter(values))?)
    }

    /// `again_us`: from when on the call is dirty because of what came while it was folded, as far
    /// as that is known.
    fn update(
        &self,
        conn: &Connection,
        stored: &Stored,
        changed: bool,
        again_us: Option<i64>,
    ) -> Result<()> {
        let dirty_us = if stored.event_count > self.position {
            again_us.or(stored.dirty_us).or(stored.last_received_us)
        } else {
            None
        };
        let values = [self.timer_us(), dirty_us.into()]
            .into_iter()
            .chain(self.plain_values(stored.version + i64::from(changed), Some(stored)))
            .chain(self.facets.values.iter().map(|value| (*value).into()))
            .chain([stored.id.into()]);
        conn.prepare_cached(&UPDATE)?
            .execute(params_from_iter(values))?;
        let moved = stored.facets.keys != self.facets.keys
            || stored.from_hash != self.from_hash
            || stored.to_hash != self.to_hash;
        if moved || self.facets.keys.is_none() {
            let values = self.key_values().into_iter().chain([stored.id.into()]);
            conn.prepare_cached(&UPDATE_KEYS)?
                .execute(params_from_iter(values))?;
        }
        Ok(())
    }

    fn timer_us(&self) -> Value {
        self.put.timer_at.map(TimeUs::micros).into()
    }

    fn plain_values(&self, version: i64, stored: Option<&Stored>) -> [Value; PLAIN.len()] {
        let facts = &self.put.summary.facts;
        let end_seen_us = facts.ended_at.map(|_| {
            stored
                .and_then(|stored| stored.end_seen_us)
                .unwrap_or(self.put.now.micros())
        });
        [
            // Whatever has a summary was observed.
            false.into(),
            self.position.into(),
            version.into(),
            end_seen_us.into(),
            self.put.summary.last_event_at.micros().into(),
            facts.from.address.clone().into(),
            facts.to.address.clone().into(),
            self.facets.pdd_bin.into(),
        ]
    }

    fn key_values(&self) -> [Value; KEYS.len()] {
        let keys = self.facets.keys;
        [
            keys.map(|keys| keys.start_us).into(),
            // Also of a call without a start: whether it has ended is asked of all calls.
            self.put.summary.facts.ended_at.map(TimeUs::micros).into(),
            keys.map(Keys::end_key).into(),
            self.from_hash.into(),
            self.to_hash.into(),
        ]
    }
}
