//! The change feed: whatever changes a call is told to those who follow.

use async_trait::async_trait;
use sidetone_core::event::EventKind;
use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;

use crate::cursor::Cursor;
use crate::delivery::NewDelivery;
use crate::error::Result;

/// Somebody who is told of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    /// The same in every process: what one of them has taken, no other is told.
    pub name: String,
    /// Events of these kinds are told as well as what they lead to.
    pub events: Vec<EventKind>,
}

/// What changed of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// Its summary: this version was written.
    Summary {
        /// From 1.
        version: u32,
        /// Whether it was complete.
        is_complete: bool,
    },
    /// An author's annotation.
    Annotation {
        /// Empty for the view of the compatible API.
        author: String,
        /// The revision that the change made, from 1.
        revision: u64,
    },
    /// The feedback on it.
    Feedback,
    /// It was erased, or has expired.
    Erased,
    /// An event of a kind that is followed came to its log.
    Event {
        /// The kind.
        kind: EventKind,
        /// Its count in the call's log, from 1.
        position: u64,
    },
}

/// One change. It says what changed, not what to: that is read where it is needed, and may be
/// newer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The engine's own.
    pub id: Cursor,
    /// The call.
    pub call: CallRef,
    /// What of it.
    pub changed: Changed,
    /// By our clock.
    pub at: TimeUs,
}

/// What a follower takes, and what it has done with what it took before.
#[derive(Debug, Clone)]
pub struct TakeChanges {
    /// The follower's name.
    pub follower: String,
    /// Changes that were taken before and are done.
    pub settled: Vec<Change>,
    /// What is to be delivered because of those: added in the transaction that settles them.
    pub deliveries: Vec<NewDelivery>,
    /// At most so many.
    pub limit: usize,
    /// By our clock.
    pub now: TimeUs,
    /// Until when they are given to nobody else, unless they are settled.
    pub lease_until: TimeUs,
}

/// How many changes wait for a follower at most before it is [dropped](ChangeFeed::drop_behind).
/// Of ten calls a second, with five changes each, that is more than an hour; and some 40 MB,
/// which a follower that never comes back may take of a disk.
pub const WAITING_MAX: u64 = 250_000;

/// Changes of calls, written in the transaction that makes them and kept for each follower until it
/// has settled them, or is dropped because too many wait.
///
/// At least once, and of one call in order: while somebody has changes of a call, nobody is given
/// later ones. What nobody follows is not written.
#[async_trait]
pub trait ChangeFeed: Send + Sync {
    /// Begins to follow, from now on. A follower of that name that there is already follows these
    /// events from now on. Says whether it begins: then it is told of nothing that changed before,
    /// and who has followed under this name and not ended it has missed something.
    async fn follow(&self, follower: Follower) -> Result<bool>;
    /// Ends following. What was not settled is forgotten. Says whether there was such a follower.
    async fn unfollow(&self, name: &str) -> Result<bool>;
    /// Ends following, as [`Self::unfollow`] does, for those for whom more than `most` changes wait,
    /// and names them: who never takes what is his must not fill the disk. He sees it by
    /// [`Self::take_changes`], which does not know him any more, or by [`Self::follow`].
    async fn drop_behind(&self, most: u64) -> Result<Vec<String>>;
    /// Those who follow, by name.
    async fn followers(&self) -> Result<Vec<Follower>>;
    /// Settles and delivers, then leases changes, oldest first. Settling is idempotent: what is not
    /// leased any more is left out. [`StoreError::NotFound`](crate::StoreError::NotFound), and
    /// nothing settled, when there is no such follower, or a delivery is for an account that does
    /// not exist.
    async fn take_changes(&self, taking: TakeChanges) -> Result<Vec<Change>>;
    /// Gives back changes that were taken and are not done: somebody is given them at once.
    async fn give_back_changes(&self, changes: Vec<Change>) -> Result<()>;
}
