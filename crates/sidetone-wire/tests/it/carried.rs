//! What agents carried in HEP in the captures of real calls, beside what happened in them.

use std::fs;

use serde_json::Value;
use sidetone_wire::hep::{Packet, Payload};

use crate::captures::captures;
use crate::doors::root;

/// A capture and what happened in it.
pub(crate) struct Call {
    pub(crate) name: String,
    /// The packets' payloads and their types.
    pub(crate) payloads: Vec<(u8, Vec<u8>)>,
    /// What the endpoints saw, from `NAME.json`.
    pub(crate) truth: Value,
}

/// Every capture, by name.
pub(crate) fn calls() -> Vec<Call> {
    let call = |(name, packets): (String, Vec<Vec<u8>>)| {
        let truth = fs::read(root().join(format!("fixtures/hep/{name}.json"))).unwrap();
        Call {
            payloads: packets.iter().map(|packet| payload(packet)).collect(),
            truth: serde_json::from_slice(&truth).unwrap(),
            name,
        }
    };
    captures().into_iter().map(call).collect()
}

fn payload(packet: &[u8]) -> (u8, Vec<u8>) {
    let packet = Packet::decode(packet).unwrap();
    match packet.payload {
        Payload::Plain(payload) => (packet.payload_type, payload.to_vec()),
        other => panic!("{other:?}"),
    }
}
