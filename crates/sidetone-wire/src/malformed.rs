//! Why the bytes of a packet are no such packet. Small and copied, because floods of bad packets
//! are made into it.

/// What is wrong with some bytes, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct Malformed {
    /// What, in a few fixed words: it is counted by them.
    pub what: &'static str,
    /// Offset of the first byte that does not fit.
    pub at: usize,
}

impl Malformed {
    /// Something is wrong at an offset.
    #[must_use]
    pub const fn new(what: &'static str, at: usize) -> Self {
        Self { what, at }
    }
}
