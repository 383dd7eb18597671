//! Makes calls of what voice SDKs told of calls that got no `CallSid`.

use std::time::Duration;

use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_store::Result;

use crate::app::App;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::WorkerName;

/// How long after its last event a call has no name yet. The gateway names a call within a second or
/// two; somebody who is asked whether the page may use the microphone takes longer.
const QUIET_US: i64 = 120 * SECOND_US;
/// As many in a transaction.
const CALLS_AT_ONCE: usize = 50;

/// Gives calls the name that they have.
pub struct NameSdkCalls(pub App);

impl Worker for NameSdkCalls {
    const NAME: WorkerName = WorkerName::SdkCalls;

    fn idle(&self) -> Duration {
        Duration::from_secs(10)
    }

    async fn round(&mut self, now: TimeUs) -> Result<Next> {
        let Self(app) = self;
        let quiet_since = now.plus_us(-QUIET_US);
        let named = app.store.name_sdk_calls(quiet_since, CALLS_AT_ONCE).await?;
        Ok(if named == CALLS_AT_ONCE as u64 {
            Next::After(Duration::ZERO)
        } else {
            Next::Idle
        })
    }
}
