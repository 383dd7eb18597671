//! Views: selections of calls that people keep under a name.

use async_trait::async_trait;
use sidetone_core::id::{AccountSid, ViewSid};
use sidetone_core::time::TimeUs;

use crate::error::Result;

/// Views that one owner may have in an account.
pub const VIEWS_MAX: usize = 100;
/// Views of an account that everybody in it sees.
pub const SHARED_MAX: usize = 200;

/// A selection of calls under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Which one.
    pub sid: ViewSid,
    /// Whose calls it is about.
    pub account: AccountSid,
    /// Who keeps it: a person's name, or the credential that was shown, as histories name them.
    pub owner: String,
    /// What its owner calls it; no two of one owner are called the same.
    pub name: String,
    /// The filters, in words that the store does not know.
    pub query: String,
    /// Whether everybody of the account sees it.
    pub is_shared: bool,
    /// When it was made.
    pub created_at: TimeUs,
    /// When it was changed last.
    pub updated_at: TimeUs,
}

/// What is to be different about a view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ViewChange {
    /// Another name.
    pub name: Option<String>,
    /// Other filters.
    pub query: Option<String>,
    /// Whether everybody sees it from now on.
    pub is_shared: Option<bool>,
}

/// Views. `by` and `now`: whom the log of what was done names, and when; it has what is done to views
/// that others see.
#[async_trait]
pub trait ViewStore: Send + Sync {
    /// Keeps a view, by its owner. [`StoreError::Conflict`](crate::StoreError::Conflict) when the owner
    /// has one of that name, [`StoreError::Invalid`](crate::StoreError::Invalid) when there are
    /// [`VIEWS_MAX`] of the owner or [`SHARED_MAX`] shared ones already,
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when there is no such account.
    async fn create_view(&self, view: View) -> Result<()>;
    /// Changes a view of an account and returns it. Errors as [`Self::create_view`]'s;
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when the account has none of that sid.
    async fn change_view(
        &self,
        account: AccountSid,
        sid: ViewSid,
        change: ViewChange,
        by: &str,
        now: TimeUs,
    ) -> Result<View>;
    /// Forgets a view of an account; whether there was one.
    async fn delete_view(
        &self,
        account: AccountSid,
        sid: ViewSid,
        by: &str,
        now: TimeUs,
    ) -> Result<bool>;
    /// A view of an account.
    async fn view(&self, account: AccountSid, sid: ViewSid) -> Result<Option<View>>;
    /// An owner's own views and those that everybody of the account sees, by name; those that are
    /// damaged are left out.
    async fn views(&self, account: AccountSid, owner: &str) -> Result<Vec<View>>;
}
