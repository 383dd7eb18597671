//! A batch of events that is written while the next is read.

use tokio::task::JoinHandle;

use sidetone_store::StoreError;

use super::outcome::Outcome;

/// The batch that is being written, if any is.
#[derive(Default)]
pub(super) struct Writing(Option<JoinHandle<Result<Outcome, StoreError>>>);

impl Writing {
    /// Begins to write a batch. The one before was waited for.
    pub(super) fn begin(
        &mut self,
        batch: impl Future<Output = Result<Outcome, StoreError>> + Send + 'static,
    ) {
        self.0 = Some(tokio::spawn(batch));
    }

    /// Whether a batch has begun whose end was not waited for.
    pub(super) const fn is_begun(&self) -> bool {
        self.0.is_some()
    }

    /// Whether waiting for it would take time.
    pub(super) fn goes_on(&self) -> bool {
        self.0.as_ref().is_some_and(|batch| !batch.is_finished())
    }

    /// Waits for the end of the batch and adds what became of it.
    pub(super) async fn end(&mut self, outcome: &mut Outcome) -> Result<(), StoreError> {
        let Some(batch) = self.0.take() else {
            return Ok(());
        };
        let written = batch.await.map_err(|error| {
            StoreError::Unavailable(format!("writing was cut short: {error}"))
        })??;
        outcome.add(written);
        Ok(())
    }
}
