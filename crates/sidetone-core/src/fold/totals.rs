//! Whole-stream figures, settled field by field like the facts of a call.
#![expect(
    unreachable_pub,
    dead_code,
    reason = "the macro makes public records, and the fold needs but a part of this one"
)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::facts::{Claim, Rank, facts};
use crate::media::Stat;
use crate::vocabulary::MosMethod;

facts! {
    /// What the latest reports say of the whole stream.
    Totals, TotalsClaims {
        /// RTP payload type.
        codec: u8,
        /// Codec name.
        codec_name: String,
        /// How the MOS was come by.
        mos_method: MosMethod,
        /// Packets received.
        packets_received: u64,
        /// Packets sent.
        packets_sent: u64,
        /// Packets lost.
        packets_lost: i64,
        /// Share lost, 0–100.
        loss_percent: f64,
        /// Octets received.
        bytes_received: u64,
        /// Octets sent.
        bytes_sent: u64,
        /// Jitter, ms.
        jitter_ms: Stat,
        /// Latency, ms.
        latency_ms: Stat,
        /// Round-trip time, ms.
        rtt_ms: Stat,
        /// Mean opinion score.
        mos: Stat,
        /// Microphone level.
        audio_in: Stat,
        /// Speaker level.
        audio_out: Stat,
        /// Packets later than so many ms.
        delayed_packets: BTreeMap<u16, u64>,
    }
    nested {}
    maps {}
}
