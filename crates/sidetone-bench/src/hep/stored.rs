//! Keeping: the events of datagrams, appended through the store's own door.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use sidetone::ingest::hep::batch::{Kind, PacketBatch};
use sidetone::telemetry::labels::Transport;
use sidetone_store::Appended;
use sidetone_store::prelude::*;
use sidetone_store_sqlite::{Options, SqliteStore};

use super::decode::Events;
use super::traffic::Traffic;
use crate::data;

/// Events in one transaction: as many as of the floor.
const BATCH: usize = 1_000;

/// Prints events a second.
#[allow(clippy::disallowed_methods, reason = "it measures")]
pub async fn run(dir: &Path, number: usize, mut traffic: Traffic) -> anyhow::Result<()> {
    let account = data::facts(dir)?.account_sid;
    let store = SqliteStore::open(&data::database(dir), Options::default())?;
    let (mut events, mut batch) = (Events::new(account), PacketBatch::new(Transport::Udp));
    let (mut time, mut datagram) = (Duration::ZERO, Vec::new());
    let peer = SocketAddr::from(([127, 0, 0, 1], 9060));
    for _ in 0..number / BATCH {
        for _ in 0..BATCH {
            traffic.next(&mut datagram);
            batch.push(peer, Kind::Hep, &datagram);
        }
        let mut new = Vec::with_capacity(BATCH);
        events.take(&batch, |event| new.push(event));
        batch.clear();
        let begin = Instant::now();
        let fates = store.append(new).await?;
        time += begin.elapsed();
        ensure!(
            fates.len() == BATCH && fates.iter().all(|fate| *fate == Appended::New),
            "not all events were kept"
        );
    }
    println!("{:.0}", number as f64 / time.as_secs_f64());
    Ok(())
}
