//! Events, and what has to be done because of them.

use async_trait::async_trait;
use sidetone_core::event::CallEvent;
use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;
use sidetone_store::page::{Page, PageRequest, Place};
use sidetone_store::{
    Appended, Cursor, DirtyCall, DueTimer, EventFilter, EventLog, NewEvent, Piece, Result,
    StoreError,
};

use crate::log::PackedEvent;
use crate::{SqliteStore, events, feedback_summary, log, set_aside, unfolded};

#[async_trait]
impl EventLog for SqliteStore {
    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>> {
        let events = events
            .iter()
            .map(PackedEvent::of)
            .collect::<std::result::Result<Vec<_>, _>>()?;
        self.writer
            .run(events.len(), move |work| log::append(work, &events))
            .await
    }

    async fn events(
        &self,
        call: CallRef,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<(Place, CallEvent)>> {
        let (filter, page) = (filter.clone(), *page);
        self.readers
            .scan(move |conn| events::events(conn, call, &filter, &page))
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
        let given_back = std::mem::take(&mut *self.given_back());
        let ended = given_back.clone();
        let leased = self.writer.run(limit + ended.len(), move |work| {
            log::give_back(work, &ended)?;
            log::lease_dirty(work, limit, dirty_since, now, lease_until, fold_version)
        });
        let leased = match leased.await {
            Ok(leased) => leased,
            Err(error) => {
                self.given_back().extend(given_back);
                return Err(error);
            }
        };
        if leased.is_empty() {
            return Ok(Vec::new());
        }
        let calls: Vec<CallRef> = leased.iter().map(|leased| leased.call).collect();
        // Read beside the writer: nobody else has to wait for long logs.
        let read = self
            .readers
            .aside(move |conn| unfolded::begin(conn, leased))
            .await;
        if let Err(StoreError::Unavailable(_)) = &read {
            self.given_back().extend(calls);
        }
        read
    }

    async fn give_back(&self, calls: Vec<CallRef>) -> Result<()> {
        self.given_back().extend(calls);
        Ok(())
    }

    async fn end_leases(&self) -> Result<u64> {
        self.writer
            .run(1, |work| {
                feedback_summary::end_leases(work)?;
                log::end_leases(work)
            })
            .await
    }

    async fn read_on(&self, call: CallRef, rest: &Cursor) -> Result<Piece> {
        let rest = rest.clone();
        self.readers
            .aside(move |conn| unfolded::read_on(conn, call, &rest))
            .await
    }

    async fn begin_dear(&self, call: CallRef, fold_version: u32, now: TimeUs) -> Result<u32> {
        self.writer
            .run(1, move |work| {
                set_aside::begin(work, call, fold_version, now)
            })
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
            .run(1, move |work| {
                set_aside::put(work, call, fold_version, &reason, now)
            })
            .await
    }

    async fn refold(&self, calls: Vec<CallRef>) -> Result<()> {
        self.writer
            .run(calls.len(), move |work| log::refold(work, &calls))
            .await
    }

    async fn due_timers(&self, now: TimeUs, limit: usize) -> Result<Vec<DueTimer>> {
        self.readers.point(|conn| log::due_timers(conn, now, limit))
    }

    async fn defer_timers(&self, calls: Vec<CallRef>, until: TimeUs) -> Result<()> {
        self.writer
            .run(calls.len(), move |work| {
                log::defer_timers(work, &calls, until)
            })
            .await
    }

    async fn clock_set_back(&self, now: TimeUs, settle_us: i64, call_idle_us: i64) -> Result<u64> {
        self.writer
            .run(1, move |work| {
                log::clock_set_back(work, now, settle_us, call_idle_us)
            })
            .await
    }
}
