//! Annotations.

use async_trait::async_trait;
use sidetone_core::id::{CallRef, CallSid};
use sidetone_store::page::{Page, PageRequest};
use sidetone_store::{
    Annotate, AnnotationChange, AnnotationRecord, JudgementStore, Lookup, Result, Scope,
};

use crate::judgement::history;
use crate::{SqliteStore, judgement, record};

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
            .run(1, move |work| judgement::annotate(work, scope, sid, change))
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
}
