//! Who mirrored a packet, and between which addresses it went.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Where a mirrored packet was on its way. When it was there is the time of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Capture {
    /// The capture agent, by its own number. Agents have a clock each.
    pub agent: u32,
    /// The sender of the packet.
    #[serde(rename = "src")]
    pub source: SocketAddr,
    /// The receiver of the packet.
    #[serde(rename = "dst")]
    pub destination: SocketAddr,
}
