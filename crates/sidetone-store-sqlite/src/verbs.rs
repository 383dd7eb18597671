//! The contract, topic by topic: each verb is given to the thread that writes or to a connection
//! that reads.

mod account;
mod alerts;
mod care;
mod erasure;
mod event_log;
mod feed;
mod feedback;
mod judgement;
mod outbox;
mod people;
mod report;
mod retention;
mod rules;
mod sdk_calls;
mod sinks;
mod statistics;
mod summary;
mod views;

use sidetone_store::{Store, Topic, Wakeups};
use tokio::sync::watch;

use crate::SqliteStore;

impl Store for SqliteStore {}

impl Wakeups for SqliteStore {
    fn wakeups(&self, topic: Topic) -> watch::Receiver<u64> {
        self.shared.listen(topic)
    }
}
