//! One thing that is made again.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::{Error, Result};
use sidetone_store::StoreError;

/// Does one thing in a transaction, and says whether it could be done. What damage keeps from being done
/// leaves no trace, and keeps nothing else: `check` tells what is still wrong.
pub(super) fn step(
    conn: &Connection,
    told: &mut Vec<String>,
    make: impl FnOnce(&Connection, &mut Vec<String>) -> Result<()>,
) -> Result<bool> {
    let before = told.len();
    let transaction = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    match make(&transaction, told) {
        Ok(()) => {
            transaction.commit()?;
            Ok(true)
        }
        Err(error @ Error(StoreError::Unavailable(_))) => Err(error),
        Err(_) => {
            told.truncate(before);
            transaction.rollback()?;
            Ok(false)
        }
    }
}
