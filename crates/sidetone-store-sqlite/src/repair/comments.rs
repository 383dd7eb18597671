//! The search of comments: made again from annotations.

use rusqlite::Connection;

use crate::check::check_comments;
use crate::comments;
use crate::error::Result;

/// `is_damaged`: the engine has found that it is, or it began anew.
pub(super) fn repair(conn: &Connection, is_damaged: bool, told: &mut Vec<String>) -> Result<()> {
    let mut wrong = Vec::new();
    let checked = check_comments(conn, &mut wrong);
    if checked.is_ok() && wrong.is_empty() && !is_damaged {
        return Ok(());
    }
    comments::begin_anew(conn)?;
    told.push("the search of comments: made again from the annotations".to_owned());
    Ok(())
}
