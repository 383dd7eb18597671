//! Capture files with packets of agents in them, as `tcpdump -w calls.pcap udp port 9060` and
//! Wireshark make them.

use std::io::Read;

use anyhow::bail;
use sidetone_core::id::AccountSid;
use sidetone_wire::pcap::datagrams;

use super::batch::{Kind, PacketBatch};
use super::collector::Collector;
use super::queue::{BATCH_BYTES, BATCH_PACKETS};
use crate::app::App;
use crate::ingest::outcome::Outcome;
use crate::telemetry::labels::Transport;

/// Takes the packets of a file about an account's calls. It is all there is of them: those that
/// ended in it are complete.
///
/// # Errors
/// When it is no capture that can be read, there is no HEP in it, or the store fails.
pub async fn keep<R: Read>(app: &App, account: AccountSid, file: R) -> anyhow::Result<Outcome> {
    let mut collector = Collector::of_whole(app.clone());
    let mut batch = PacketBatch::new(Transport::File);
    batch.account = Some(account);
    batch.received_at = app.clock.now();
    let (mut read, mut others, mut damage) = (0, 0, None);
    let mut found = false;
    let mut captured = datagrams(file)?;
    while let Some(datagram) = captured.next() {
        read += 1;
        match datagram {
            Ok(datagram) if datagram.payload.starts_with(b"HEP3") => {
                found = true;
                // As capture programs number frames.
                batch.next_number = read + captured.skipped();
                batch.push(datagram.src, Kind::Hep, &datagram.payload);
            }
            Ok(_) => others += 1,
            Err(error) => damage = Some(error),
        }
        if batch.len() >= BATCH_PACKETS || batch.bytes() >= BATCH_BYTES {
            collector.take(&batch).await?;
            batch.clear();
        }
    }
    let damage = damage.map(|damage| match captured.failure() {
        Some(error) => format!("the {damage}: {error}"),
        None => format!("the {damage}"),
    });
    if !found {
        if let Some(damage) = damage {
            bail!(damage);
        }
        bail!(
            "there is no HEP in this capture; capture what an agent sends to port 9060, not SIP and RTP themselves"
        );
    }
    collector.take(&batch).await?;
    let mut outcome = collector.finish_settled().await?;
    outcome.ignored += others + captured.skipped();
    if let Some(damage) = damage {
        let rest = damage.trim_start_matches("the ");
        outcome.refuse_unnamed(&format!("The {rest}."));
    }
    Ok(outcome)
}
