//! Looking for damage: deliveries that would never leave, or leave too early.

use rusqlite::Connection;
use sidetone_core::id::AccountSid;

use super::check::find;
use crate::Result;
use crate::delivery::{DeliveryId, EndpointId};

/// Waiting deliveries, and whether an earlier one of their endpoint and subject waits too.
const WAITING: &str = "select o.sid, a.sid, o.url, o.endpoint, o.due_us is null, exists (
    select 1 from outbox e where e.endpoint = o.endpoint and e.subject = o.subject and e.dead_us is null and e.id < o.id
  ) from outbox o join account a on a.id = o.account where o.dead_us is null";

pub(super) fn check_outbox(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let mut statement = conn.prepare(WAITING)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = DeliveryId::from_bytes(row.get(0)?);
        let account = AccountSid::from_bytes(row.get(1)?);
        let url: String = row.get(2)?;
        let (waits, has_earlier): (bool, bool) = (row.get(4)?, row.get(5)?);
        let mut say = |what: &str| find(findings, || format!("delivery {id} of {account}: {what}"));
        if waits && !has_earlier {
            say("it waits for an earlier one that is not there");
        }
        if !waits && has_earlier {
            say("it is due before an earlier one of its subject");
        }
        if EndpointId::of(account, &url).number() != row.get::<_, i64>(3)? {
            say("its endpoint is not that of its URL");
        }
    }
    Ok(())
}
