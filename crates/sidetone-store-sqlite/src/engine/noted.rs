//! For tests: the statements that connections execute, as text.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use crate::error::Result;

static NOTED: Mutex<Option<BTreeSet<String>>> = Mutex::new(None);

/// Notes the text of whatever is executed by connections that are opened from now on.
pub fn note_statements() {
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    noted.get_or_insert_default();
}

/// What was noted.
#[must_use]
pub fn noted_statements() -> BTreeSet<String> {
    let noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    noted.clone().unwrap_or_default()
}

/// A connection of which is noted what it executes, if that was asked for.
pub(crate) fn noting(mut conn: Connection) -> Result<Connection> {
    let noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    if noted.is_some() {
        conn.trace_v2(
            TraceEventCodes::SQLITE_TRACE_STMT,
            Some(|event: TraceEvent<'_>| {
                let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
                if let (TraceEvent::Stmt(_, sql), Some(noted)) = (event, noted.as_mut())
                    && !noted.contains(sql)
                {
                    noted.insert(sql.to_owned());
                }
            }),
        )?;
    }
    Ok(conn)
}
