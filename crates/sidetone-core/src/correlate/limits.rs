//! How much is remembered, and for how long.

use crate::time::SECOND_US;

/// How long a packet waits for the one that explains it.
pub const WAIT_US: i64 = 5 * SECOND_US;

/// How much is remembered.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Calls at once.
    pub calls: usize,
    /// Packets that wait for their call. No account's may be more than what is left free: alone, an
    /// account has half of this, and however many flood, there is room for another.
    pub waiting: usize,
    /// Bytes of these, shared alike.
    pub waiting_bytes: usize,
    /// How long a call without an end is remembered after its last packet.
    pub idle_us: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 1_000_000,
            waiting: 40_000,
            waiting_bytes: 128 << 20,
            idle_us: 4 * 3600 * SECOND_US,
        }
    }
}
