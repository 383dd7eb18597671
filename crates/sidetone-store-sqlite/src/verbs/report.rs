//! Reports.

use async_trait::async_trait;
use sidetone_core::id::{AccountSid, ReportId};
use sidetone_core::time::TimeUs;
use sidetone_store::report::{Report, ReportKind};
use sidetone_store::{ReportStore, Result, Scope};

use crate::{SqliteStore, report};

#[async_trait]
impl ReportStore for SqliteStore {
    async fn begin_report(
        &self,
        id: ReportId,
        account: AccountSid,
        kind: ReportKind,
        expires_at: TimeUs,
    ) -> Result<()> {
        self.writer
            .run(1, move |tx| {
                report::begin(tx, id, account, kind, expires_at)
            })
            .await
    }

    async fn put_report(&self, report: Report) -> Result<bool> {
        let id = report.id;
        let body = self.readers.aside(move |_| report::pack(&report)).await?;
        self.writer
            .run(1, move |tx| report::put(tx, id, &body))
            .await
    }

    async fn report(&self, scope: Scope, id: ReportId, now: TimeUs) -> Result<Option<Report>> {
        self.readers
            .aside(move |conn| report::fetch(conn, scope, id, now))
            .await
    }
}
