//! RTCP: what senders and receivers of media tell each other about a stream (RFC 3550 §6, RFC 3611
//! §4.7).
//!
//! Capture agents pass it on as it was on the wire ([`binary`]) or told in JSON ([`json`]); both
//! become a [`Compound`].

pub mod binary;
mod compound;
pub mod json;
mod voip_metrics;

pub use compound::{BLOCKS_MAX, Compound, ReportBlock, SenderInfo};
pub use voip_metrics::VoipMetrics;

use crate::json::is_object;
use crate::malformed::Malformed;

/// Decodes RTCP, told in JSON or as on the wire: the first byte says which.
///
/// # Errors
/// When it is neither, or not whole.
pub fn decode(payload: &[u8]) -> Result<Compound, Malformed> {
    match payload.first() {
        Some(0x80..=0xBF) => binary::decode(payload),
        Some(_) if is_object(payload) => json::decode(payload),
        Some(_) => Err(Malformed::new("neither RTCP nor JSON", 0)),
        None => Err(Malformed::new("empty RTCP", 0)),
    }
}

#[cfg(test)]
mod tests;
