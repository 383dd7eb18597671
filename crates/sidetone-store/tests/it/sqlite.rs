//! `SQLite` keeps the contract.

use std::sync::Arc;

use sidetone_store::Store;
use sidetone_store::sqlite::SqliteStore;

async fn open() -> Arc<dyn Store> {
    Arc::new(SqliteStore::open_temporary().unwrap())
}

sidetone_store::conformance!(crate::sqlite::open);
