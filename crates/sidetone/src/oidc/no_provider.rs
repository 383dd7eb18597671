//! A program that was built without OpenID Connect knows no provider.

use anyhow::bail;
use sidetone_core::id::AccountSid;

use super::identity::{Answer, Identity, Refusal};
use super::transaction::Transaction;
use crate::clock::Clock;
use crate::config::Oidc;

/// There is none.
#[derive(Debug)]
pub enum Provider {}

impl Provider {
    /// Refuses.
    ///
    /// # Errors
    /// Always.
    pub fn new(_: Oidc, _: Option<AccountSid>, _: Option<&str>) -> anyhow::Result<Self> {
        bail!(
            "[oidc]: this sidetone was built without OpenID Connect. Build it with `cargo build --release --features oidc`, or take the table out of the configuration"
        )
    }

    /// None.
    #[must_use]
    pub const fn label(&self) -> &str {
        match *self {}
    }

    /// None.
    #[must_use]
    pub const fn account(&self) -> Option<AccountSid> {
        match *self {}
    }

    /// Never.
    ///
    /// # Errors
    /// Never.
    pub async fn begin(&self, _: &Clock) -> Result<(String, Transaction), Refusal> {
        match *self {}
    }

    /// Never.
    ///
    /// # Errors
    /// Never.
    pub async fn finish(
        &self,
        _: Transaction,
        _: Answer<'_>,
        _: &Clock,
    ) -> Result<Identity, Refusal> {
        match *self {}
    }
}
