//! The contract, topic by topic: each verb is given to the thread that writes or to a connection that reads.

mod account;
mod care;
mod event_log;
mod feedback;
mod judgement;
mod outbox;
mod rules;
mod summary;

use sidetone_store::Store;

use crate::SqliteStore;

impl Store for SqliteStore {}
