//! Rules that calls are held to: what is watched, over which time, and what became of it. No I/O.

pub mod notice;
pub mod severity;
