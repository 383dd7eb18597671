//! Any datagram is a packet or none; a stream is walked to its end; what is inflated is bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_wire::hep::{self, Frame, Packet, Payload};

const MAX_BYTES: usize = 1 << 16;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(packet) = Packet::decode(bytes) {
        assert_eq!(hep::frame(bytes), Frame::Packet(bytes.len()));
        if let Payload::Compressed(compressed) = packet.payload {
            inflate(compressed);
        }
    }
    inflate(bytes);

    let mut rest = bytes;
    loop {
        rest = match hep::frame(rest) {
            Frame::Packet(length) => {
                let _ = Packet::decode(&rest[..length]);
                &rest[length..]
            }
            Frame::Skip(length) => {
                assert!(length > 0, "a walk must go on");
                &rest[length..]
            }
            Frame::Incomplete(length) => {
                assert!(length > rest.len(), "what is there is asked for");
                break;
            }
        };
    }
});

fn inflate(compressed: &[u8]) {
    if let Ok(plain) = hep::inflate(compressed, MAX_BYTES) {
        assert!(plain.len() <= MAX_BYTES);
    }
}
