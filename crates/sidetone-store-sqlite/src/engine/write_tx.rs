//! A write transaction, as a job of the writing thread sees it.

use rusqlite::Connection;

use super::shared::Shared;
use crate::rollups::deltas::Deltas;
use crate::rows::facet::Facets;
use crate::rows::shard::Shard;
use crate::rows::terms::{TermCache, Terms};
use sidetone_store::Topic;

/// What a job writes with. The transaction is begun and committed around it.
pub(crate) struct WriteTx<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) term_cache: &'a mut TermCache,
    pub(crate) deltas: &'a mut Deltas,
    /// What the handles share: it is true at once, not when the transaction is committed.
    pub(crate) shared: &'a Shared,
    rings: &'a mut Vec<Topic>,
}

impl<'a> WriteTx<'a> {
    pub(crate) fn new(
        conn: &'a Connection,
        term_cache: &'a mut TermCache,
        deltas: &'a mut Deltas,
        shared: &'a Shared,
        rings: &'a mut Vec<Topic>,
    ) -> Self {
        Self {
            conn,
            term_cache,
            deltas,
            shared,
            rings,
        }
    }

    /// Wakes those who wait for it, after the commit.
    pub(crate) fn ring(&mut self, topic: Topic) {
        if !self.rings.contains(&topic) {
            self.rings.push(topic);
        }
    }

    pub(crate) fn terms(&mut self) -> Terms<'_> {
        Terms {
            conn: self.conn,
            cache: self.term_cache,
        }
    }

    /// Notes for the rollups that a call was `old` and is `new`.
    pub(crate) fn count(&mut self, shard: Shard, id: i64, old: &Facets, new: &Facets) {
        self.deltas.change(shard, id, old, new);
    }

    /// Notes for statistics that something changed of a call that was `old` and is `new`, be it what
    /// no rollup counts.
    pub(crate) fn mark_stale(&mut self, shard: Shard, old: &Facets, new: &Facets) {
        self.deltas.mark_stale(shard, old.keys);
        self.deltas.mark_stale(shard, new.keys);
    }
}
