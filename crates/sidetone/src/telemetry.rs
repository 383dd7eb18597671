//! Logs and counters.

/// Counters for `/metrics`.
#[derive(Debug, Default)]
pub struct Counters;
