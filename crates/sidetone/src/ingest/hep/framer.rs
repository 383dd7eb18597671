//! Packets out of a stream of bytes.

use std::net::SocketAddr;

use sidetone_wire::hep::{Frame, frame};

use super::batch::{Kind, PacketBatch};

/// Finds packets in pieces of a stream. Keeps what is not a whole packet yet: less than one
/// packet's 65,535 bytes.
#[derive(Debug, Default)]
pub struct Framer {
    rest: Vec<u8>,
}

impl Framer {
    /// Adds the packets that the piece completes to the batch; says in how many places there was
    /// something else.
    pub fn feed(&mut self, peer: SocketAddr, piece: &[u8], batch: &mut PacketBatch) -> u64 {
        if self.rest.is_empty() {
            let (used, gaps) = walk(peer, piece, batch);
            self.rest.extend_from_slice(&piece[used..]);
            return gaps;
        }
        self.rest.extend_from_slice(piece);
        let (used, gaps) = walk(peer, &self.rest, batch);
        self.rest.drain(..used);
        gaps
    }

    /// Whether a packet has begun and not ended.
    #[must_use]
    pub fn is_within(&self) -> bool {
        !self.rest.is_empty()
    }
}

/// How many bytes were used, and how many stretches of them belonged to no packet.
fn walk(peer: SocketAddr, bytes: &[u8], batch: &mut PacketBatch) -> (usize, u64) {
    let (mut at, mut gaps, mut in_gap) = (0, 0, false);
    loop {
        match frame(&bytes[at..]) {
            Frame::Packet(length) => {
                batch.push(peer, Kind::Hep, &bytes[at..at + length]);
                at += length;
                in_gap = false;
            }
            Frame::Skip(length) => {
                gaps += u64::from(!in_gap);
                at += length;
                in_gap = true;
            }
            Frame::Incomplete(_) => return (at, gaps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::labels::Transport;

    fn packet(length: u16) -> Vec<u8> {
        let mut packet = b"HEP3".to_vec();
        packet.extend(length.to_be_bytes());
        packet.resize(length.into(), b'H');
        packet
    }

    #[test]
    fn finds_packets_however_the_stream_is_cut() {
        let stream = [
            packet(6),
            b"GET / HTTP/1.1\r\n".to_vec(),
            packet(700),
            b"HEP3\0\0".to_vec(),
            packet(65_535),
            packet(7),
            b"HEP".to_vec(),
        ]
        .concat();
        let peer = SocketAddr::from(([192, 0, 2, 1], 1));
        for size in [1, 2, 5, 6, 7, 700, 4_096, stream.len()] {
            let mut framer = Framer::default();
            let mut batch = PacketBatch::new(Transport::Tcp);
            let gaps: u64 = stream
                .chunks(size)
                .map(|piece| framer.feed(peer, piece, &mut batch))
                .sum();
            let lengths: Vec<_> = batch.iter().map(|packet| packet.bytes.len()).collect();
            assert_eq!(lengths, [6, 700, 65_535, 7], "pieces of {size}");
            assert!(gaps >= 2, "pieces of {size}");
            assert!(framer.is_within());
        }
    }
}
