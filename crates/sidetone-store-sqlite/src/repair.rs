//! Making again what follows from what is whole, where nobody serves.
//!
//! What is evidence (events, changes of annotations and feedback, deliveries, accounts) is read here and
//! never written. What follows from it is written as it always is, told in a line each, and what a
//! checksum covers is believed only when it agrees with that.

mod calls;
mod columns;
mod comments;
mod counts;
mod judged;
mod outbox;
mod quarters;
mod step;
mod trees;

use std::path::Path;

use self::step::step;
use super::engine::connection::{self, Role};
use super::error::Result;

/// Goes from the file to its rows, and from calls to what is counted of them. A line for each repair.
pub(super) fn repair(path: &Path) -> Result<Vec<String>> {
    let conn = connection::open(path, Role::Writer)?;
    // What is sorted may be larger than memory.
    conn.pragma_update(None, "temp_store", "file")?;
    let mut told = Vec::new();
    trees::make_missing(&conn, &mut told)?;
    let anew = trees::repair(&conn, &mut told)?;
    calls::repair(&conn, &mut told)?;
    step(&conn, &mut told, outbox::repair)?;
    step(&conn, &mut told, counts::repair)?;
    step(&conn, &mut told, |conn, told| {
        let is_damaged = anew
            .as_ref()
            .is_some_and(|anew| anew.contains(trees::COMMENT));
        comments::repair(conn, is_damaged, told)
    })?;
    step(&conn, &mut told, quarters::repair)?;
    if anew.is_some() {
        trees::give_back(&conn, &mut told)?;
    }
    Ok(told)
}
