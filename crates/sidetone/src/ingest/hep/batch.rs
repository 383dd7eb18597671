//! Packets on their way from a listener to the collector.

use std::net::SocketAddr;

use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;

use crate::telemetry::labels::Transport;

/// What the bytes of a packet are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What claims to be a HEP packet: nothing was looked at yet.
    Hep,
    /// A SIP request that a phone sent to us and we have answered; its sender was admitted.
    Sip,
}

/// One packet of a [`PacketBatch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received<'a> {
    /// Who sent it to us: an agent or a phone, not who sent what the agent captured.
    pub peer: SocketAddr,
    /// What its bytes are.
    pub kind: Kind,
    /// Its number in the body or the file it came in, from 1.
    pub number: u64,
    /// The packet, whole.
    pub bytes: &'a [u8],
}

/// Packets that came together, in the order they came. Its buffers are used again after
/// [`PacketBatch::clear`].
#[derive(Debug)]
pub struct PacketBatch {
    /// When the last of them was received.
    pub received_at: TimeUs,
    /// How they came.
    pub transport: Transport,
    /// Whose they are when their sender has shown credentials; then no agent needs to be admitted.
    pub account: Option<AccountSid>,
    /// [`Received::number`] of the next packet; each one counts on.
    pub next_number: u64,
    buffer: Vec<u8>,
    packets: Vec<Extent>,
}

/// Where a packet is in the buffer.
#[derive(Debug, Clone, Copy)]
struct Extent {
    peer: SocketAddr,
    kind: Kind,
    number: u64,
    start: usize,
    len: usize,
}

impl PacketBatch {
    /// An empty batch.
    #[must_use]
    pub fn new(transport: Transport) -> Self {
        Self {
            received_at: TimeUs::from_micros(0),
            transport,
            account: None,
            next_number: 1,
            buffer: Vec::new(),
            packets: Vec::new(),
        }
    }

    /// Adds a packet.
    pub fn push(&mut self, peer: SocketAddr, kind: Kind, bytes: &[u8]) {
        self.packets.push(Extent {
            peer,
            kind,
            number: self.next_number,
            start: self.buffer.len(),
            len: bytes.len(),
        });
        self.next_number = self.next_number.saturating_add(1);
        self.buffer.extend_from_slice(bytes);
    }

    /// The packets.
    pub fn iter(&self) -> impl Iterator<Item = Received<'_>> {
        self.packets.iter().map(|extent| Received {
            peer: extent.peer,
            kind: extent.kind,
            number: extent.number,
            bytes: &self.buffer[extent.start..extent.start + extent.len],
        })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// How many bytes they have in all.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Drops the packets; keeps the buffers, and counts on.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.packets.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_put_in() {
        let peer = SocketAddr::from(([192, 0, 2, 1], 9060));
        let mut batch = PacketBatch::new(Transport::Udp);
        for round in 0..2 {
            batch.push(peer, Kind::Hep, b"HEP3");
            batch.push(peer, Kind::Sip, b"");
            batch.push(peer, Kind::Hep, b"x");
            let packets: Vec<_> = batch
                .iter()
                .map(|packet| (packet.number - 3 * round, packet.kind, packet.bytes))
                .collect();
            assert_eq!(
                packets,
                [
                    (1, Kind::Hep, &b"HEP3"[..]),
                    (2, Kind::Sip, b""),
                    (3, Kind::Hep, b"x")
                ]
            );
            assert_eq!((batch.len(), batch.bytes()), (3, 5));
            batch.clear();
            assert!(batch.is_empty());
        }
    }
}
