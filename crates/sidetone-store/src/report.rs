//! Reports, as they were made.

use async_trait::async_trait;
use sidetone_core::id::{AccountSid, ReportId};
use sidetone_core::time::TimeUs;

use crate::error::Result;
use crate::lookup::Scope;

/// How many reports of an account are kept: of more that were begun, the oldest go.
pub const REPORTS_MAX: usize = 100;

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// All calls of the account together.
    Account,
    /// Its inbound calls, by number.
    Inbound,
    /// Its outbound calls, by number.
    Outbound,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which one.
    pub id: ReportId,
    /// Whose calls it is about.
    pub account: AccountSid,
    /// What it is about.
    pub kind: ReportKind,
    /// From then on it is not known any more.
    pub expires_at: TimeUs,
    /// What it says, in words that the store does not know.
    pub text: String,
}

/// Reports that were made, until they expire ([`Retention`](crate::Retention) deletes them).
///
/// Reports hold numbers, and nobody knows of which calls. So a call that is erased takes all reports of
/// its account with it, also those that are being made: they are begun before anything is counted.
#[async_trait]
pub trait ReportStore: Send + Sync {
    /// Begins a report, which nobody is shown yet, and keeps no more than [`REPORTS_MAX`] of its
    /// account, the latest.
    async fn begin_report(
        &self,
        id: ReportId,
        account: AccountSid,
        kind: ReportKind,
        expires_at: TimeUs,
    ) -> Result<()>;
    /// Keeps a report as it was begun. False: it is not kept, because meanwhile a call of its account
    /// was erased, or too many reports were begun.
    async fn put_report(&self, report: Report) -> Result<bool>;
    /// A report of the account or one of its subaccounts. `None`: there is none, or it expired by
    /// then.
    async fn report(&self, scope: Scope, id: ReportId, now: TimeUs) -> Result<Option<Report>>;
}
