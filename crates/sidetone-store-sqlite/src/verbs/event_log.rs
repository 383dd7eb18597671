//! Events, and what has to be done because of them.

use async_trait::async_trait;
use sidetone_core::event::CallEvent;
use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;
use sidetone_store::page::{Page, PageRequest, RowKey};
use sidetone_store::{
    Appended, Cursor, DirtyCall, DueTimer, EventFilter, EventLog, FoldedCalls, LogPart, NewEvent,
    Result,
};

use crate::event_log::dirty::Taking;
use crate::event_log::event::PackedEvent;
use crate::event_log::{dirty, pages, set_aside, timers, unfolded};
use crate::{SqliteStore, event_log};

#[async_trait]
impl EventLog for SqliteStore {
    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>> {
        let events = events
            .iter()
            .map(PackedEvent::of)
            .collect::<std::result::Result<Vec<_>, _>>()?;
        self.writer
            .run(events.len(), move |tx| event_log::append(tx, &events))
            .await
    }

    async fn events(
        &self,
        call: CallRef,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<(RowKey, CallEvent)>> {
        let (filter, page) = (filter.clone(), *page);
        self.readers
            .scan(move |conn| pages::events(conn, call, &filter, &page))
            .await
    }

    async fn event(&self, call: CallRef, position: u64) -> Result<Option<CallEvent>> {
        // All events of the call are looked through.
        self.readers
            .aside(move |conn| pages::event(conn, call, position))
            .await
    }

    async fn take_dirty(
        &self,
        limit: usize,
        dirty_since: TimeUs,
        now: TimeUs,
        lease_until: TimeUs,
        fold_version: u32,
    ) -> Result<Vec<DirtyCall>> {
        let taking = Taking {
            limit,
            since: dirty_since,
            fold_version,
        };
        let claim = |call| self.shared.calls.take(call, self.owner, now, lease_until);
        let claimed = self
            .readers
            .point(|conn| dirty::claim(conn, &taking, claim))?;
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        let calls: Vec<CallRef> = claimed.iter().map(|one| one.call).collect();
        let read = self.readers.aside(move |conn| {
            let found = dirty::read(conn, claimed, fold_version)?;
            let stale = unfolded::begin(conn, found.stale)?;
            Ok((stale, found.others, found.damaged))
        });
        let (stale, others, damaged) = match read.await {
            Ok(read) => read,
            Err(error) => {
                self.shared.calls.release(calls);
                return Err(error);
            }
        };
        self.shared.calls.release(others);
        if !damaged.is_empty() {
            let calls: Vec<CallRef> = damaged.iter().map(|one| one.call).collect();
            let forgotten = self
                .writer
                .run(damaged.len(), move |tx| dirty::forget(tx.conn, &damaged));
            // They are tried again if that cannot be written.
            let _ = forgotten.await;
            self.shared.calls.release(calls);
        }
        Ok(stale)
    }

    async fn give_back(&self, calls: Vec<CallRef>) -> Result<()> {
        self.shared.calls.release(calls);
        Ok(())
    }

    async fn folded(&self, after: Option<Cursor>, limit: usize) -> Result<FoldedCalls> {
        self.readers
            .aside(move |conn| unfolded::folded(conn, after.as_ref(), limit))
            .await
    }

    async fn read_on(&self, call: CallRef, rest: &Cursor) -> Result<LogPart> {
        let rest = rest.clone();
        self.readers
            .aside(move |conn| unfolded::read_on(conn, call, &rest))
            .await
    }

    async fn begin_dear(&self, call: CallRef, fold_version: u32, now: TimeUs) -> Result<u32> {
        self.writer
            .run(1, move |tx| set_aside::begin(tx, call, fold_version, now))
            .await
    }

    async fn set_aside(
        &self,
        call: CallRef,
        fold_version: u32,
        reason: String,
        now: TimeUs,
    ) -> Result<()> {
        self.writer
            .run(1, move |tx| {
                set_aside::put(tx, call, fold_version, &reason, now)
            })
            .await?;
        // It stays dirty, but nobody's.
        self.shared.calls.release([call]);
        Ok(())
    }

    async fn refold(&self, calls: Vec<CallRef>) -> Result<()> {
        self.writer
            .run(calls.len(), move |tx| dirty::refold(tx, &calls))
            .await
    }

    async fn due_timers(&self, now: TimeUs, limit: usize) -> Result<Vec<DueTimer>> {
        self.readers
            .point(|conn| timers::due_timers(conn, now, limit))
    }

    async fn defer_timers(&self, calls: Vec<CallRef>, until: TimeUs) -> Result<()> {
        self.writer
            .run(calls.len(), move |tx| {
                timers::defer_timers(tx, &calls, until)
            })
            .await
    }

    async fn clock_set_back(&self, now: TimeUs, settle_us: i64, call_idle_us: i64) -> Result<u64> {
        self.writer
            .run(1, move |tx| {
                timers::clock_set_back(tx, now, settle_us, call_idle_us)
            })
            .await
    }
}
