//! Deliveries: where they stand, and which of them wait for others. What they say is left alone.

use rusqlite::{Connection, params};

use crate::check::outbox::{Fault, faults};
use crate::error::Result;

pub(super) fn repair(conn: &Connection, told: &mut Vec<String>) -> Result<()> {
    for (row, delivery, fault) in faults(conn)? {
        let made = match fault {
            Fault::WaitsForNothing => {
                conn.execute("update outbox set state = 0 where id = ?1", [row])?;
                "queued: nothing is before it"
            }
            Fault::BeforeEarlier => {
                conn.execute(
                    "update outbox set state = 2, due_us = null where id = ?1",
                    [row],
                )?;
                "put behind the earlier ones of its subject"
            }
            Fault::OtherBucket(bucket) => {
                conn.execute(
                    "update outbox set bucket = ?2 where id = ?1",
                    params![row, bucket],
                )?;
                "put into its bucket, which follows from its subject"
            }
            // It is covered by the checksum, as the URL and the sink are: one of them is damaged.
            Fault::OtherEndpoint => continue,
            // The sink is lost, and nothing tells it again.
            Fault::NoSink => continue,
        };
        told.push(format!("{delivery}: {made}"));
    }
    Ok(())
}
