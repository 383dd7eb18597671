//! Brings calls to rules: those that change, and those that were there before.

use std::mem;

use sidetone_core::filter::{ProcessingFilter, SortBy, SummaryFilter};
use sidetone_core::id::{AccountSid, CallRef};
use sidetone_core::time::TimeUs;
use sidetone_store::feed::{Change, Changed, Follower, TakeChanges};
use sidetone_store::page::{PageRequest, RowKey, Start};
use sidetone_store::{CallRecord, Lookup, Result, Scope, StoreError};

use crate::alerts::rule::Seen;
use crate::alerts::watch::Watches;
use crate::app::App;

/// Who follows the change feed for rules, of all nodes together.
const FOLLOWER: &str = "alerts";
/// Changes that are taken at a time.
const TAKEN_MAX: usize = 1000;
/// How long they are ours.
const LEASE_US: i64 = 60_000_000;
/// Calls of before that are read at a time.
const PAGE: usize = 500;

/// How far calls of before were read: of whom, for which rules, and how far back.
struct Reading {
    account: AccountSid,
    generation: u64,
    after: Option<RowKey>,
}

/// How far calls were brought.
#[derive(Default)]
pub(super) struct Calls {
    /// `None`: it is not known what a node before has left.
    follows: Option<bool>,
    /// Changes that are done, but for saying so.
    settled: Vec<Change>,
    /// Where reading goes on of an account's calls of before.
    reading: Option<Reading>,
    left_out: u64,
    given_up: u64,
    /// Whether calls were erased, and perhaps alerts with them.
    pub(super) has_erased: bool,
}

impl Calls {
    /// Ends following: there are no rules.
    pub(super) async fn stop(&mut self, app: &App) -> Result<()> {
        if self.follows != Some(false) {
            app.store.unfollow(FOLLOWER).await?;
            *self = Self {
                follows: Some(false),
                ..Self::default()
            };
        }
        Ok(())
    }

    /// Brings some calls. Says whether there may be more at once.
    pub(super) async fn follow(
        &mut self,
        app: &App,
        watches: &mut Watches,
        now: TimeUs,
    ) -> Result<bool> {
        if self.follows != Some(true) {
            let follower = Follower {
                name: FOLLOWER.to_owned(),
                events: Vec::new(),
            };
            app.store.follow(follower).await?;
            self.follows = Some(true);
        }
        let taken = match self.take(app, now).await {
            // Too much waited, and was dropped: all is read anew.
            Err(StoreError::NotFound(_)) => {
                tracing::warn!(
                    "more changes of calls than can wait: rules look at all calls again"
                );
                self.follows = None;
                self.reading = None;
                watches.clear(now);
                return Ok(true);
            }
            taken => taken?,
        };
        let is_more = taken.len() == TAKEN_MAX;
        for change in &taken {
            self.has_erased |= change.changed == Changed::Erased;
            if let Err(error) = bring(app, watches, change).await {
                app.store.give_back_changes(taken).await?;
                return Err(error);
            }
        }
        self.settled = taken;
        let is_reading = self.read(app, watches, now).await?;
        let before = mem::replace(&mut self.left_out, watches.left_out());
        app.counters
            .alerts_left_out
            .inc_by(self.left_out.saturating_sub(before));
        if self.left_out > 0 && before == 0 {
            tracing::error!(
                "calls count for so many rules that there is no room for more: some are left out of what rules count"
            );
        }
        let before = mem::replace(&mut self.given_up, watches.given_up());
        app.counters
            .alerts_given_up
            .inc_by(self.given_up.saturating_sub(before));
        if self.given_up > 0 && before == 0 {
            tracing::error!(
                "so many groups have no calls that rules of too few calls give some up that had none for longest"
            );
        }
        Ok(is_more || is_reading)
    }

    async fn take(&mut self, app: &App, now: TimeUs) -> Result<Vec<Change>> {
        let taking = TakeChanges {
            follower: FOLLOWER.to_owned(),
            settled: mem::take(&mut self.settled),
            deliveries: Vec::new(),
            limit: TAKEN_MAX,
            now,
            lease_until: now.plus_us(LEASE_US),
        };
        let taken = app.store.take_changes(taking.clone()).await;
        if !matches!(taken, Ok(_) | Err(StoreError::NotFound(_))) {
            self.settled = taking.settled;
        }
        taken
    }

    /// Reads a page of calls that ended before their rule was known. Says whether there are more.
    async fn read(&mut self, app: &App, watches: &mut Watches, now: TimeUs) -> Result<bool> {
        let Some((account, back_us)) = watches.unfilled() else {
            self.reading = None;
            return Ok(false);
        };
        let generation = watches.generation();
        let after = match &self.reading {
            Some(it) if it.account == account && it.generation == generation => it.after,
            // A rule came meanwhile, or all are read again: from the latest.
            _ => None,
        };
        let filter = SummaryFilter {
            processing: ProcessingFilter::Completed,
            include_running: false,
            sort_by: SortBy::EndTime,
            ..SummaryFilter::all(account)
        };
        let page = PageRequest {
            start: after.map_or(Start::First { skip: 0 }, Start::After),
            size: PAGE,
        };
        let page = app.store.list(&filter, &page).await?;
        let from = now.plus_us(-back_us);
        let mut is_over = page.after.is_none();
        for record in &page.rows {
            put(watches, record);
            let ended_at = record.summary.as_ref().and_then(|it| it.facts.ended_at);
            is_over |= ended_at.is_some_and(|at| at < from);
        }
        if is_over {
            watches.filled(account);
            self.reading = None;
        } else {
            self.reading = Some(Reading {
                account,
                generation,
                after: page.after,
            });
        }
        Ok(watches.unfilled().is_some())
    }
}

/// Brings a call that changed as it is now.
async fn bring(app: &App, watches: &mut Watches, change: &Change) -> Result<()> {
    let call = change.call;
    let is_told = match &change.changed {
        Changed::Summary { is_complete, .. } => *is_complete,
        Changed::Annotation { author, .. } => author.is_empty(),
        Changed::Erased => true,
        Changed::Feedback | Changed::Event { .. } => false,
    };
    if !is_told || !watches.is_watched(call.account) {
        return Ok(());
    }
    let scope = Scope {
        account: call.account,
    };
    match app.store.record(scope, call.sid).await {
        // Of its own account: a subaccount may have a call of the same name.
        Ok(Lookup::Found(record)) if record.call == call => put(watches, &record),
        // A damaged call is in no list either, and logged where it is read.
        Ok(_) | Err(StoreError::Corrupt(_)) => gone(watches, call),
        Err(error) => return Err(error),
    }
    Ok(())
}

fn put(watches: &mut Watches, record: &CallRecord) {
    let summary = record.summary.as_ref();
    let seen = summary.and_then(|summary| Seen::new(summary, &record.annotation));
    watches.put(record.call, seen.as_ref());
}

fn gone(watches: &mut Watches, call: CallRef) {
    watches.put(call, None);
}
