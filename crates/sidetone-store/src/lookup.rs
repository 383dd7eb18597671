//! Looking calls up: by whom, and what comes of it.

use sidetone_core::id::AccountSid;

/// Whose calls a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The reader's own account.
    pub account: AccountSid,
}

/// A call looked up.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup<T> {
    /// There is no such call in scope.
    Unknown,
    /// There was one; it was erased or has expired.
    Gone,
    /// Here it is.
    Found(T),
}
