//! Calls as they change, for those who watch: one worker reads each change once, and all watchers
//! are told of it.
//!
//! Nothing is read while nobody watches. The calls of the last changes are remembered by number, so
//! that who comes again is told what he missed.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sidetone_core::id::{AccountSid, CallRef};
use sidetone_core::summary::CallSummary;
use sidetone_core::time::TimeUs;
use sidetone_store::{CallRecord, Lookup, Rendered, Result, Scope, Shown, Store};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::sync::{Notify, watch};

/// Changes that wait for a watcher; who has more has missed some.
const WAITING_MAX: usize = 1024;
/// Changes that are remembered.
const REMEMBERED: usize = 16 * 1024;
/// Calls of which who comes again is told one by one.
const MISSED_MAX: usize = 1000;

/// The number of a change. Between two of one epoch nothing is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeId {
    /// When following began. What changed before, or between two epochs, nobody was told.
    epoch: TimeUs,
    /// From 1; 0 is before the first.
    number: u64,
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch.micros(), self.number)
    }
}

impl FromStr for ChangeId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let (epoch, number) = text.rsplit_once('-').unwrap_or_default();
        Ok(Self {
            epoch: TimeUs::from_micros(epoch.parse()?),
            number: number.parse()?,
        })
    }
}

/// A call after a change.
#[derive(Debug)]
pub struct LiveCall {
    /// What filters are held to.
    pub summary: CallSummary,
    /// What is told. It has a summary.
    pub record: CallRecord<Shown>,
}

/// What is known of a call that changed.
#[derive(Debug, Clone)]
pub enum Now {
    /// Nothing that could be told yet.
    Untold,
    /// It is so.
    Known(Arc<LiveCall>),
    /// It was erased, or has expired.
    Gone,
}

impl Now {
    /// Reads a call.
    ///
    /// # Errors
    /// As the store's.
    pub async fn read(
        store: &dyn Store,
        render: fn(&CallSummary) -> Option<Rendered>,
        call: CallRef,
    ) -> Result<Self> {
        let scope = Scope {
            account: call.account,
        };
        let record = match store.record(scope, call.sid).await? {
            Lookup::Found(record) => record,
            Lookup::Gone | Lookup::Unknown => return Ok(Self::Gone),
        };
        let Some(summary) = record.summary else {
            return Ok(Self::Untold);
        };
        let shown = match render(&summary) {
            Some(rendered) => Shown::Rendered(rendered.bytes),
            None => Shown::Summary(Box::new(summary.clone())),
        };
        let record = CallRecord {
            call: record.call,
            summary: Some(shown),
            processing_version: record.processing_version,
            annotation: record.annotation,
            annotation_revision: record.annotation_revision,
            advanced_features: record.advanced_features,
            placeholder: record.placeholder,
        };
        Ok(Self::Known(Arc::new(LiveCall { summary, record })))
    }
}

/// A change, as watchers are told.
#[derive(Debug, Clone)]
pub struct Update {
    /// Its number.
    pub id: ChangeId,
    /// The call.
    pub call: CallRef,
    /// What is known of it.
    pub now: Now,
}

/// Where a watcher begins.
#[derive(Debug)]
pub struct Start {
    /// The change before those that he will be told.
    pub last: ChangeId,
    /// The calls that changed since the one that he has seen, each with its last change and in that
    /// order. `None`: that is not known any more, or they are too many.
    pub missed: Option<Vec<(ChangeId, CallRef)>>,
}

/// What a watcher gets.
#[derive(Debug)]
pub enum Told {
    /// A change.
    Update(Update),
    /// Changes went by that he is not told. What follows comes after this number.
    Missed(ChangeId),
    /// There will be no more: the server ends.
    Over,
}

/// What watchers and the worker that reads for them share.
#[derive(Debug, Clone, Default)]
pub struct Live(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    wanted: Notify,
    /// Counts the epochs; for those who wait for one.
    begun: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// `None`: nobody follows.
    feed: Option<Feed>,
    /// How many watch each account.
    watchers: HashMap<AccountSid, usize>,
    /// The last one.
    epoch: Option<TimeUs>,
    is_over: bool,
}

#[derive(Debug)]
struct Feed {
    last: ChangeId,
    sender: Sender<Update>,
    /// The calls of the last changes, the latest at the end.
    calls: VecDeque<CallRef>,
}

impl Live {
    /// Watches an account's calls, as soon as changes are followed. `None`: the server ends.
    pub async fn watch(
        &self,
        account: AccountSid,
        seen: Option<ChangeId>,
    ) -> Option<(Watcher, Start)> {
        let mut begun = self.0.begun.subscribe();
        *self.lock().watchers.entry(account).or_default() += 1;
        let mut watcher = Watcher {
            live: self.clone(),
            account,
            updates: closed(),
        };
        loop {
            self.0.wanted.notify_one();
            {
                let state = self.lock();
                if state.is_over {
                    return None;
                }
                if let Some(feed) = &state.feed {
                    watcher.updates = feed.sender.subscribe();
                    let start = Start {
                        last: feed.last,
                        missed: match seen {
                            Some(seen) => feed.since(seen, account),
                            None => Some(Vec::new()),
                        },
                    };
                    drop(state);
                    return Some((watcher, start));
                }
            }
            // Its other end is in `self`.
            let _ = begun.changed().await;
        }
    }

    /// Whether anybody watches.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        !self.lock().watchers.is_empty()
    }

    /// Whether anybody watches an account's calls.
    #[must_use]
    pub fn is_account_watched(&self, account: AccountSid) -> bool {
        self.lock().watchers.contains_key(&account)
    }

    /// Waits until somebody begins to watch.
    pub async fn wanted(&self) {
        self.0.wanted.notified().await;
    }

    /// Changes are followed from now on.
    pub fn begin(&self, now: TimeUs) {
        let mut state = self.lock();
        // Another than before, also where the clock was set back.
        let epoch = state.epoch.map_or(now, |last| now.max(last.plus_us(1)));
        state.epoch = Some(epoch);
        state.feed = Some(Feed {
            last: ChangeId { epoch, number: 0 },
            sender: Sender::new(WAITING_MAX),
            calls: VecDeque::new(),
        });
        drop(state);
        self.0.begun.send_modify(|count| *count += 1);
    }

    /// Changes are not followed any more.
    pub fn end(&self) {
        self.lock().feed = None;
    }

    /// There will be no more changes.
    pub fn close(&self) {
        let mut state = self.lock();
        state.is_over = true;
        state.feed = None;
        drop(state);
        self.0.begun.send_modify(|count| *count += 1);
    }

    /// Tells watchers of a change.
    pub fn tell(&self, call: CallRef, now: Now) {
        let mut state = self.lock();
        let Some(feed) = &mut state.feed else { return };
        feed.last.number += 1;
        if feed.calls.len() >= REMEMBERED {
            feed.calls.pop_front();
        }
        feed.calls.push_back(call);
        let id = feed.last;
        // Where all watchers have gone meanwhile, nobody needs to be told.
        let _ = feed.sender.send(Update { id, call, now });
    }

    /// A panic elsewhere leaves the maps as good as they were.
    fn lock(&self) -> MutexGuard<'_, State> {
        let state = &self.0.state;
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Feed {
    /// An account's calls that changed after a change, in the order of their last changes. `None`:
    /// that is not known any more, or they are too many.
    fn since(&self, seen: ChangeId, account: AccountSid) -> Option<Vec<(ChangeId, CallRef)>> {
        let after = self.last.number.checked_sub(seen.number)?;
        let after = usize::try_from(after).ok()?;
        if seen.epoch != self.last.epoch || after > self.calls.len() {
            return None;
        }
        let mut known = HashSet::new();
        let mut missed = Vec::new();
        for (back, call) in self.calls.iter().rev().take(after).enumerate() {
            if call.account == account && known.insert(call.sid) {
                let number = self.last.number.saturating_sub(back as u64);
                missed.push((ChangeId { number, ..seen }, *call));
            }
        }
        missed.reverse();
        (missed.len() <= MISSED_MAX).then_some(missed)
    }
}

/// Somebody who watches an account's calls, until this is dropped.
#[derive(Debug)]
pub struct Watcher {
    live: Live,
    account: AccountSid,
    updates: Receiver<Update>,
}

impl Watcher {
    /// What comes next.
    pub async fn next(&mut self) -> Told {
        loop {
            match self.updates.recv().await {
                Ok(update) if update.call.account == self.account => return Told::Update(update),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {
                    if let Some(missed) = self.skip() {
                        return missed;
                    }
                }
                Err(RecvError::Closed) => {
                    // It begins to watch before it ends, so that somebody is there all the time.
                    let again = self.live.watch(self.account, None).await;
                    let Some((watcher, start)) = again else {
                        return Told::Over;
                    };
                    *self = watcher;
                    return Told::Missed(start.last);
                }
            }
        }
    }

    /// What has come already.
    pub fn next_at_once(&mut self) -> Option<Told> {
        loop {
            match self.updates.try_recv() {
                Ok(update) if update.call.account == self.account => {
                    return Some(Told::Update(update));
                }
                Ok(_) => {}
                Err(TryRecvError::Lagged(_)) => return self.skip(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }

    /// Goes on with what comes from now on. `None`: changes are not followed any more.
    fn skip(&mut self) -> Option<Told> {
        let state = self.live.lock();
        match &state.feed {
            Some(feed) => {
                self.updates = feed.sender.subscribe();
                Some(Told::Missed(feed.last))
            }
            None => {
                self.updates = closed();
                None
            }
        }
    }
}

/// Where nothing comes from.
fn closed() -> Receiver<Update> {
    broadcast::channel(1).1
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut state = self.live.lock();
        if let Some(of_account) = state.watchers.get_mut(&self.account) {
            *of_account -= 1;
            if *of_account == 0 {
                state.watchers.remove(&self.account);
            }
        }
    }
}
