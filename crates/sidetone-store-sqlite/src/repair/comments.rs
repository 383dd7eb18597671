//! The search of comments: made again from annotations.

use rusqlite::Connection;

use crate::check::check_comments;
use crate::comments;
use crate::error::Result;
use crate::record;

/// `is_damaged`: the engine has found that it is, or it began anew.
pub(super) fn repair(conn: &Connection, is_damaged: bool, told: &mut Vec<String>) -> Result<()> {
    let mut wrong = Vec::new();
    let checked = check_comments(conn, &mut wrong);
    if checked.is_ok() && wrong.is_empty() && !is_damaged {
        return Ok(());
    }
    comments::begin_anew(conn)?;
    let mut statement =
        conn.prepare("select id, annotation from call where commented order by id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        // One that cannot be read is told of its call.
        if let Ok(said) = record::read_annotation(row, 1) {
            comments::write(conn, row.get(0)?, None, said.comment.as_ref())?;
        }
    }
    told.push("the search of comments: made again from the annotations".to_owned());
    Ok(())
}
