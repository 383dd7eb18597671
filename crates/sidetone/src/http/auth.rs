//! Who is asking.

use sidetone_core::id::AccountSid;

/// Whoever sent valid credentials with the request. An extractor: a handler without it looks bare.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account the credentials belong to.
    pub account: AccountSid,
    /// The credential itself: `AC…` or `SK…`; for the history of judgements.
    pub credential: String,
}
