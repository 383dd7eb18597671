//! The tables that the file may have.

use std::path::PathBuf;

use serde::Deserialize;
use sidetone_core::id::AccountSid;

use super::lists::Networks;
use super::values::Secret;

/// An agent that may send, as a table `[[agent]]` of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentEntry {
    /// The number it puts into its packets.
    pub capture_id: u32,
    /// What it must show.
    #[serde(default)]
    pub key: Option<Secret>,
    /// Where it must send from.
    #[serde(default)]
    pub sources: Option<Networks>,
    /// Whose calls it sees. `None`: those of the default account.
    #[serde(default)]
    pub account: Option<AccountSid>,
}

/// A certificate that callers' identities may be signed with, as a table `[[signer]]` of the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignerEntry {
    /// Where its signatures say that it is. Compared, never called.
    pub url: String,
    /// The file it is in (PEM).
    pub certificate: PathBuf,
}
