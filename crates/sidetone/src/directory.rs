//! Accounts and their credentials, in memory.

use sidetone_core::id::AccountSid;

/// All accounts and credentials, kept up to date with the store.
#[derive(Debug, Default)]
pub struct Directory;

impl Directory {
    /// Whether `child` is a subaccount of `parent`.
    #[must_use]
    pub fn is_subaccount(&self, _child: AccountSid, _parent: AccountSid) -> bool {
        false
    }
}
