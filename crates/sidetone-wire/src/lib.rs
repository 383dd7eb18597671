//! Decoders and translators: bytes of other systems to call events.
//!
//! Everything here is pure and total: the same bytes give the same result, no input panics, nothing
//! opens a file or a socket, or reads a clock or the environment. The time of receipt comes in as
//! an argument.
#![warn(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
// A test that panics fails, which is what it is for.
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::arithmetic_side_effects
    )
)]

pub mod access_token;
pub mod batch;
pub mod cdr;
pub mod error;
pub mod form;
pub mod hep;
pub mod identity;
mod json;
pub mod json_array;
mod loose;
pub mod malformed;
pub mod ndjson;
pub mod observed;
pub mod pcap;
pub mod repairs;
pub mod rtcp;
mod scan;
pub mod sdp;
pub mod signature;
pub mod sip;
pub mod spelling;
pub mod time;
pub mod translate;
pub mod vq_report;
