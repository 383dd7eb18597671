//! Annotations.

use std::sync::Arc;

use async_trait::async_trait;
use sidetone_core::id::{CallRef, CallSid};
use sidetone_store::judgement::batch::{AnnotateBatch, LineFate, UndoBatch, Undone};
use sidetone_store::page::{Page, PageRequest};
use sidetone_store::{
    Annotate, AnnotationChange, AnnotationRecord, JudgementStore, Lookup, Result, Scope, StoreError,
};

use crate::judgement::{batch, history};
use crate::{SqliteStore, judgement, record};

impl SqliteStore {
    /// So that those are changed that can be, when they cannot all.
    async fn annotate_one_by_one(&self, batch: &Arc<AnnotateBatch>) -> Result<Vec<LineFate>> {
        let mut fates = Vec::with_capacity(batch.lines.len());
        for index in 0..batch.lines.len() {
            let batch = Arc::clone(batch);
            let one = self.writer.run(1, move |tx| {
                batch::annotate(tx, &batch, &batch.lines[index])
            });
            fates.push(match one.await {
                Err(error @ (StoreError::Unavailable(_) | StoreError::Conflict(_))) => {
                    return Err(error);
                }
                Err(error) => LineFate::Refused(error),
                Ok(fate) => fate,
            });
        }
        Ok(fates)
    }
}

#[async_trait]
impl JudgementStore for SqliteStore {
    async fn annotation(&self, scope: Scope, sid: CallSid) -> Result<Lookup<AnnotationRecord>> {
        self.readers
            .point(|conn| record::annotation(conn, scope, sid))
    }

    async fn annotate(
        &self,
        scope: Scope,
        sid: CallSid,
        change: Annotate,
    ) -> Result<Lookup<AnnotationRecord>> {
        self.writer
            .run(1, move |tx| judgement::annotate(tx, scope, sid, change))
            .await
    }

    async fn annotation_history(
        &self,
        call: CallRef,
        page: &PageRequest,
    ) -> Result<Page<AnnotationChange>> {
        let page = *page;
        self.readers
            .scan(move |conn| history::page(conn, call, &page))
            .await
    }

    async fn annotate_batch(&self, batch: AnnotateBatch) -> Result<Vec<LineFate>> {
        let all = Arc::new(batch);
        let together = Arc::clone(&all);
        let together = self.writer.run(all.lines.len(), move |tx| {
            together
                .lines
                .iter()
                .try_fold(Vec::new(), |mut fates, line| {
                    fates.push(batch::annotate(tx, &together, line)?);
                    Ok(fates)
                })
        });
        let done = together.await;
        let is_for_all = |error: &StoreError| {
            matches!(error, StoreError::Unavailable(_) | StoreError::Conflict(_))
        };
        match done {
            Err(error) if !is_for_all(&error) => self.annotate_one_by_one(&all).await,
            done => done,
        }
    }

    async fn undo_batch(&self, undo: UndoBatch) -> Result<Option<Undone>> {
        self.writer
            .run(undo.limit, move |tx| batch::undo(tx, &undo))
            .await
    }
}
