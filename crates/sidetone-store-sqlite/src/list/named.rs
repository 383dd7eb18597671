//! Finding the calls that SIP knows by a name.

use rusqlite::Connection;
use rusqlite::types::Value;
use sidetone_core::id::CallSid;

use super::condition::{self, Conditions};
use crate::error::Result;
use crate::rows::facet::Axis;
use crate::summary::alias;
use sidetone_store::page::RowKey;

/// The row keys of the calls of a name that meet the conditions, in ascending order.
pub(crate) fn row_keys(
    conn: &Connection,
    account: i64,
    sid: CallSid,
    axis: Axis,
    conditions: &Conditions,
) -> Result<Vec<RowKey>> {
    let mut sql = format!("select {} from call where account = ?", axis.column());
    let mut values: Vec<Value> = vec![account.into()];
    conditions.write(&mut sql, &mut values);
    sql.push_str(" and id = ?");
    let mut statement = conn.prepare_cached(&sql)?;
    condition::bind(&mut statement, &values)?;
    let mut row_keys = Vec::new();
    for id in alias::calls(conn, account, sid)? {
        statement.raw_bind_parameter(values.len() + 1, id)?;
        if let Some(row) = statement.raw_query().next()? {
            let key = row.get(0)?;
            row_keys.push(RowKey { key, id });
        }
    }
    row_keys.sort_unstable();
    Ok(row_keys)
}
