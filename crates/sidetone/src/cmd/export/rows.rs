//! Where exported rows come from.

use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use sidetone_core::filter::{ProcessingFilter, SummaryFilter};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store::feedback::Judgement;
use sidetone_store::page::{Page, PageRequest, RowKey, Start};
use sidetone_store::{CallRecord, Cursor, Lookup, Scope, Shown, Store, StoreError};
use sidetone_wire::spelling::nearest;
use tokio::task::JoinHandle;

use super::what::What;
use crate::api::page_token::PageToken;
use crate::api::v1::export::cell::Cell;
use crate::api::v1::export::{Cursors, cells, digest};
use crate::api::v1::filter::{self, alias};
use crate::api::v1::render::annotation::ChangeItem;
use crate::api::v1::render::template;
use crate::web::form::Params;

/// Rows read at a time.
const ROWS: usize = 500;

/// A row, and where to go on behind it. No cursor: the next row belongs to it.
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    pub(super) cursor: Option<String>,
}

/// Takes the rows.
pub(super) trait Output: Send {
    /// Takes some rows.
    fn write(&mut self, rows: Vec<Row>) -> anyhow::Result<()>;
    /// Takes it that there are no more.
    fn finish(&mut self) -> anyhow::Result<()>;
}

/// The rows of an export, from the first or from where another one was interrupted.
pub(super) struct Rows {
    store: Arc<dyn Store>,
    what: What,
    account: AccountSid,
    filters: Params,
    filter: SummaryFilter,
    cursors: Cursors,
    next: Next,
    /// Calls that cannot be read.
    pub(super) damaged: usize,
}

type CallPage = Page<(RowKey, CallRecord<Shown>)>;

/// What is to be read next.
enum Next {
    Calls(Start),
    /// They are being read, while those before them are made rows of.
    Reading(JoinHandle<Result<CallPage, StoreError>>),
    /// Calls that something was said of, behind this one.
    Judged(Option<Cursor>),
    End,
}

/// Refuses the name of no filter.
pub(super) fn expect_known(name: &str) -> anyhow::Result<()> {
    let known = || {
        let names = filter::NAMES.iter().chain(alias::OLDER_NAMES);
        // Whose calls they are is said by --account; how many, by the file.
        let names = names.copied().filter(|it| *it != "IncludeTotal");
        names.filter(|it| !it.starts_with("Subaccount"))
    };
    if known().any(|it| it == name) {
        return Ok(());
    }
    match nearest(name, known()) {
        Some(near) => bail!("there is no filter {name}; did you mean {near}?"),
        None => bail!("there is no filter {name}; GET /v1/Voice/Summaries has them all"),
    }
}

impl Rows {
    pub(super) fn new(
        store: Arc<dyn Store>,
        what: What,
        account: AccountSid,
        filters: Params,
        now: TimeUs,
    ) -> Self {
        let digest = digest(what.as_str(), account.as_bytes(), &filters);
        Self {
            store,
            what,
            account,
            filters,
            filter: SummaryFilter::all(account),
            cursors: Cursors { digest, now },
            next: Next::End,
            damaged: 0,
        }
    }

    /// Begins behind a cursor; `None`: with the first row.
    ///
    /// # Errors
    /// When it is of another export, or a filter is malformed.
    pub(super) fn begin(&mut self, cursor: Option<&str>) -> anyhow::Result<()> {
        let other = "it holds other rows: of another account, of other filters, or of something else. Give the options it was begun with, or another --output";
        self.next = match (self.what, cursor) {
            (What::Summaries, None) => Next::Calls(Start::First { skip: 0 }),
            (What::Summaries, Some(cursor)) => {
                let token = PageToken::decode(cursor, &self.cursors.digest).context(other)?;
                self.cursors.now = token.now;
                Next::Calls(token.start)
            }
            (_, None) => Next::Judged(None),
            (_, Some(cursor)) => {
                let position = self.cursors.digest.position(cursor).context(other)?;
                let (now, behind) = position.split_first_chunk().context(other)?;
                self.cursors.now = TimeUs::from_micros(i64::from_be_bytes(*now));
                Next::Judged(Some(Cursor::new(behind)))
            }
        };
        self.filter = self.asked()?;
        Ok(())
    }

    /// The filters, without the defaults that the API has for pages: a file is of all calls.
    fn asked(&self) -> anyhow::Result<SummaryFilter> {
        let told = |invalid: crate::web::form::Invalid| anyhow::anyhow!("{}", invalid.message);
        let params = alias::canonical(&self.filters).map_err(told)?;
        let asked = filter::read(&params, self.account, self.cursors.now).map_err(told)?;
        let all = SummaryFilter::all(self.account);
        let mut filter = asked.filter;
        if asked.start_by_default {
            filter.started_from = all.started_from;
        }
        if params.filled("EndTime").is_none() {
            filter.ended_until = all.ended_until;
        }
        if asked.processing_by_default {
            filter.processing = ProcessingFilter::All;
        }
        Ok(filter)
    }

    /// The next rows; `None` after the last.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Vec<Row>>> {
        match std::mem::replace(&mut self.next, Next::End) {
            Next::Calls(start) => self.calls(self.read(start)).await.map(Some),
            Next::Reading(reading) => self.calls(reading).await.map(Some),
            Next::Judged(after) => self.judged(after).await,
            Next::End => Ok(None),
        }
    }

    fn read(&self, start: Start) -> JoinHandle<Result<CallPage, StoreError>> {
        let (store, filter) = (self.store.clone(), self.filter.clone());
        let request = PageRequest { start, size: ROWS };
        tokio::spawn(async move { store.list_shown(&filter, &request, template::FORM).await })
    }

    async fn calls(
        &mut self,
        reading: JoinHandle<Result<CallPage, StoreError>>,
    ) -> anyhow::Result<Vec<Row>> {
        let page = reading.await??;
        self.damaged += page.damaged.len();
        if let Some(row_key) = page.after {
            self.next = Next::Reading(self.read(Start::After(row_key)));
        }
        let mut rows = Vec::with_capacity(page.rows.len());
        for (row_key, record) in &page.rows {
            if let Some(cells) = cells(record, false)? {
                let cursor = Some(self.cursors.after(*row_key));
                rows.push(Row { cells, cursor });
            }
        }
        Ok(rows)
    }

    async fn judged(&mut self, after: Option<Cursor>) -> anyhow::Result<Option<Vec<Row>>> {
        let judgements = self.store.judgements(after, ROWS).await?;
        let Some(last) = judgements.last() else {
            return Ok(None);
        };
        self.next = Next::Judged(Some(last.cursor.clone()));
        let mut rows = Vec::new();
        for judgement in &judgements {
            if judgement.call.account == self.account && self.is_wanted(judgement).await? {
                match self.what {
                    What::Annotations => self.changes(judgement, &mut rows).await?,
                    What::Feedback => rows.extend(self.feedback(judgement).await?),
                    What::Summaries => {}
                }
            }
        }
        Ok(Some(rows))
    }

    /// Whether a call matches. Without filters all do, those too that nothing was observed of.
    async fn is_wanted(&self, judgement: &Judgement) -> anyhow::Result<bool> {
        if self.filters.iter().next().is_none() {
            return Ok(true);
        }
        let scope = Scope {
            account: self.account,
        };
        let Lookup::Found(record) = self.store.record(scope, judgement.call.sid).await? else {
            return Ok(false);
        };
        let summary = record.summary.as_ref();
        Ok(summary.is_some_and(|it| self.filter.matches(it, &record.annotation)))
    }

    async fn changes(&self, judgement: &Judgement, rows: &mut Vec<Row>) -> anyhow::Result<()> {
        let mut request = PageRequest {
            start: Start::First { skip: 0 },
            size: ROWS,
        };
        let mut current_is_next = true;
        let begin = rows.len();
        loop {
            let page = self.store.annotation_history(judgement.call, &request);
            let page = page.await?;
            for change in &page.rows {
                let is_current = current_is_next && change.author.is_empty();
                current_is_next &= !is_current;
                let mut row = serde_json::to_value(ChangeItem::from(change))?;
                row["time"] = json!(change.at);
                row["is_current"] = json!(is_current);
                rows.push(self.row(judgement, row)?);
            }
            match page.after {
                Some(row_key) => request.start = Start::After(row_key),
                None => break,
            }
        }
        if let Some(last) = rows[begin..].last_mut() {
            last.cursor = Some(self.cursor_behind(judgement));
        }
        Ok(())
    }

    async fn feedback(&self, judgement: &Judgement) -> anyhow::Result<Option<Row>> {
        let Lookup::Found(Some(record)) = self.store.feedback(judgement.call).await? else {
            return Ok(None);
        };
        let issues: Vec<&str> = record
            .feedback
            .issues
            .iter()
            .map(|it| it.as_str())
            .collect();
        let row = json!({
            "quality_score": record.feedback.score,
            "issues": issues,
            "created_time": record.created_at,
            "updated_time": record.updated_at,
        });
        let cursor = Some(self.cursor_behind(judgement));
        let row = self.row(judgement, row)?;
        Ok(Some(Row { cursor, ..row }))
    }

    fn row(&self, judgement: &Judgement, mut row: Value) -> serde_json::Result<Row> {
        row["account_sid"] = json!(judgement.call.account);
        row["call_sid"] = json!(judgement.call.sid);
        Ok(Row {
            cells: self.what.columns().cells(row)?,
            cursor: None,
        })
    }

    fn cursor_behind(&self, judgement: &Judgement) -> String {
        let now = self.cursors.now.micros().to_be_bytes();
        let position = [&now, judgement.cursor.as_bytes()].concat();
        self.cursors.digest.token(&position)
    }
}
