//! Looking for damage: deliveries that would never leave, or leave too early.

use rusqlite::Connection;
use sidetone_core::bucket::bucket;
use sidetone_core::id::{AccountSid, CallSid};

use super::finding::find;
use crate::error::Result;
use crate::rows::shard;
use sidetone_store::delivery::{DeliveryId, EndpointId};

/// Waiting deliveries, whether anything of their endpoint and subject came before them, and whether
/// any of that lets the next one go when it has arrived. By one pass in order: there is no index
/// over all subjects.
const WAITING: &str = "select o.sid, a.sid, o.url, o.endpoint, o.state,
    o.subject is not null and count(*) over earlier > 0,
    o.subject is not null and count(*) filter (where o.state <> 2) over earlier > 0,
    coalesce(o.subject, o.sid), a.buckets, o.bucket
  from outbox o join account a on a.id = o.account where o.state <> 3
  window earlier as (
    partition by o.endpoint, o.subject order by o.id rows between unbounded preceding and 1 preceding)";

pub(crate) fn check_outbox(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let mut statement = conn.prepare(WAITING)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = DeliveryId::from_bytes(row.get(0)?);
        let account = AccountSid::from_bytes(row.get(1)?);
        let url: String = row.get(2)?;
        let state: i64 = row.get(4)?;
        let (has_earlier, is_let_go): (bool, bool) = (row.get(5)?, row.get(6)?);
        let mut say = |what: &str| find(findings, || format!("delivery {id} of {account}: {what}"));
        if state == 2 && !is_let_go {
            say("it waits for an earlier one that is not there");
        }
        if state == 1 && has_earlier {
            say("it was sent before an earlier one of its subject");
        }
        let subject = CallSid::from_bytes(row.get(7)?);
        if bucket(subject, shard::buckets(row, 8)?) != row.get::<_, u16>(9)? {
            say("it is in another bucket than its own");
        }
        if EndpointId::of(account, &url).number() != row.get::<_, i64>(3)? {
            say("its endpoint is not that of its URL");
        }
    }
    Ok(())
}
