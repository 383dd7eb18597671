//! What is counted by the hour, in the transaction that changes it.

pub(crate) mod cooccurrence;
pub(crate) mod deltas;
pub(crate) mod figures;
pub(crate) mod hourly;
pub(crate) mod judged;
pub(crate) mod judged_piece;
pub(crate) mod masked;
mod pdd;
pub(crate) mod posting;
pub(crate) mod stale;
