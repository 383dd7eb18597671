//! Looking for damage: deliveries that would never leave, or leave too early.

use rusqlite::Connection;
use sidetone_core::bucket::bucket;
use sidetone_core::id::{AccountSid, CallSid};

use super::finding::find;
use crate::error::Result;
use crate::outbox::sink_of;
use crate::rows::shard;
use sidetone_store::delivery::{DeliveryId, EndpointId};

/// Waiting deliveries, whether anything of their endpoint and subject came before them, and whether
/// any of that lets the next one go when it has arrived. By one pass in order: there is no index
/// over all subjects.
const WAITING: &str = "select o.id, o.sid, a.sid, o.url, o.endpoint, o.state,
    o.subject is not null and count(*) over earlier > 0,
    o.subject is not null and count(*) filter (where o.state <> 2) over earlier > 0,
    coalesce(o.subject, o.sid), a.buckets, o.bucket, o.sink,
    o.sink is not null and not exists (select 1 from sink s where s.sid = o.sink and s.account = o.account)
  from outbox o join account a on a.id = o.account where o.state <> 3
  window earlier as (
    partition by o.endpoint, o.subject order by o.id rows between unbounded preceding and 1 preceding)";

/// What is wrong with where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    WaitsForNothing,
    BeforeEarlier,
    /// The one that is its own.
    OtherBucket(u16),
    OtherEndpoint,
    NoSink,
}

impl Fault {
    const fn text(self) -> &'static str {
        match self {
            Self::WaitsForNothing => "it waits for an earlier one that is not there",
            Self::BeforeEarlier => "it was sent before an earlier one of its subject",
            Self::OtherBucket(_) => "it is in another bucket than its own",
            Self::OtherEndpoint => "its endpoint is not that of its URL or sink",
            Self::NoSink => "it is for a sink that its account does not have",
        }
    }
}

pub(crate) fn check_outbox(conn: &Connection, findings: &mut Vec<String>) -> Result<()> {
    for (_, delivery, fault) in faults(conn)? {
        find(findings, || format!("{delivery}: {}", fault.text()));
    }
    Ok(())
}

/// What is wrong: the row, whose delivery it is, and how.
pub(crate) fn faults(conn: &Connection) -> Result<Vec<(i64, String, Fault)>> {
    let mut faults = Vec::new();
    let mut statement = conn.prepare(WAITING)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = DeliveryId::from_bytes(row.get(1)?);
        let account = AccountSid::from_bytes(row.get(2)?);
        let url: Option<String> = row.get(3)?;
        let endpoint = match sink_of(row, 11)? {
            Some(sink) => EndpointId::of_sink(sink),
            None => EndpointId::of(account, &url.unwrap_or_default()),
        };
        let state: i64 = row.get(5)?;
        let (has_earlier, is_let_go): (bool, bool) = (row.get(6)?, row.get(7)?);
        let subject = CallSid::from_bytes(row.get(8)?);
        let bucket = bucket(subject, shard::buckets(row, 9)?);
        let found = [
            (state == 2 && !is_let_go).then_some(Fault::WaitsForNothing),
            (state == 1 && has_earlier).then_some(Fault::BeforeEarlier),
            (bucket != row.get::<_, u16>(10)?).then_some(Fault::OtherBucket(bucket)),
            (endpoint.number() != row.get::<_, i64>(4)?).then_some(Fault::OtherEndpoint),
            row.get::<_, bool>(12)?.then_some(Fault::NoSink),
        ];
        for fault in found.into_iter().flatten() {
            let delivery = format!("delivery {id} of {account}");
            faults.push((row.get(0)?, delivery, fault));
        }
    }
    Ok(faults)
}
