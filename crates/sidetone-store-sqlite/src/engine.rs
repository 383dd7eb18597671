//! The database: its connections, the thread that writes, and what its handles share.

pub(crate) mod claims;
pub(crate) mod connection;
pub(crate) mod held;
pub(crate) mod leader;
pub(crate) mod leases;
#[cfg(feature = "testing")]
pub(crate) mod noted;
pub(crate) mod readers;
pub(crate) mod shared;
pub(crate) mod write_tx;
pub(crate) mod writer;
pub(crate) mod writer_stats;
