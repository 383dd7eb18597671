//! What receiving costs a core, alone and with what follows it: a socket's buffer is filled, then
//! the time counts until it is empty. So the sender takes nothing of the core that is measured, and
//! nothing is dropped.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use sidetone::ingest::hep::batch::{Kind, PacketBatch};
use sidetone::ingest::hep::udp::{self, Reader};
use sidetone::telemetry::labels::Transport;

use super::decode::{self, ACCOUNT, Events, Places};
use super::send::{BURST, Sender};
use super::traffic::Traffic;

/// Datagrams in the buffer at a time: they fit into 4 MiB, as the kernel counts.
const FILL: usize = 24 * BURST;
const BUFFER_BYTES: usize = 16 * 1024 * 1024;

/// Prints datagrams a second: received and discarded, put to their calls, and made events of calls.
pub fn run(datagrams: usize, open: usize) -> anyhow::Result<()> {
    let fills = datagrams / FILL;
    let mut times = [Duration::ZERO; 3];
    let (mut places, mut events) = (Places::new(), Events::new(ACCOUNT));
    let mut drain = Drain::new()?;
    // Each is sent the same.
    let traffic = || Traffic::new(open, 1);
    let mut traffic = [traffic()?, traffic()?, traffic()?];
    let warm_up = fills / 3;
    // In turns, so that all three are measured in the same moments. The first turns open the calls.
    for turn in 0..warm_up + fills {
        let taken = [
            drain.time(&mut traffic[0], |_| {})?,
            drain.time(&mut traffic[1], |batch| places.take(batch))?,
            drain.time(&mut traffic[2], |batch| {
                events.take(batch, |event| drop(std::hint::black_box(event)))
            })?,
        ];
        if turn >= warm_up {
            for (time, taken) in times.iter_mut().zip(taken) {
                *time += taken;
            }
        }
    }
    decode::check(&places, &events)?;
    let a_second = times.map(|time| (fills * FILL) as f64 / time.as_secs_f64());
    println!("{:.0} {:.0} {:.0}", a_second[0], a_second[1], a_second[2]);
    Ok(())
}

struct Drain {
    socket: UdpSocket,
    sender: Sender,
    reader: Reader,
    batch: PacketBatch,
}

impl Drain {
    fn new() -> anyhow::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        udp::enlarge(&socket, BUFFER_BYTES)?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        Ok(Self {
            sender: Sender::new(socket.local_addr()?)?,
            socket,
            reader: Reader::default(),
            batch: PacketBatch::new(Transport::Udp),
        })
    }

    /// Fills the buffer and empties it, and does with each batch what is to be done.
    #[allow(clippy::disallowed_methods, reason = "it measures")]
    fn time(
        &mut self,
        traffic: &mut Traffic,
        mut work: impl FnMut(&PacketBatch),
    ) -> anyhow::Result<Duration> {
        for _ in 0..FILL / BURST {
            self.sender.send(BURST, traffic)?;
        }
        let (begin, mut received) = (Instant::now(), 0);
        while received < FILL {
            let batch = &mut self.batch;
            self.reader
                .read(&self.socket, |peer, bytes| {
                    batch.push(peer, Kind::Hep, bytes)
                })
                .context("the buffer is too small for what was sent")?;
            received += batch.len();
            work(batch);
            batch.clear();
        }
        ensure!(received == FILL, "{received} datagrams came");
        Ok(begin.elapsed())
    }
}
