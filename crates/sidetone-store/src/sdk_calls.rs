//! Calls that voice SDKs tell of: who speaks for each, and what is told before it has a `CallSid`.
//!
//! An SDK names an outgoing call by itself until the gateway has named it. What it tells until then
//! waits, durably, and joins the call that the name turns out to be. One that never gets a
//! `CallSid`, because it failed before, becomes a call under the `CallSid` that its temporary name
//! makes. What is in the log of a call stays there.

use async_trait::async_trait;
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::time::TimeUs;

use crate::error::Result;
use crate::log::{Appended, NewEvent};

/// Most events that wait for the name of one call.
pub const WAITING_MAX: usize = 200;
/// Most calls of one opener that wait for their names.
pub const UNNAMED_MAX: usize = 20;

/// Who speaks for a call: a digest of whose token it is and of who holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opener(pub [u8; 16]);

/// Events of a call as its SDK names it.
#[derive(Debug, Clone)]
pub struct SdkEvents {
    /// Whose call it is.
    pub account: AccountSid,
    /// Who tells of it.
    pub opener: Opener,
    /// The `CallSid` that its temporary name makes, if the SDK says that name.
    pub temporary: Option<CallSid>,
    /// Its `CallSid`, if the SDK knows it. One of the two is there.
    pub sid: Option<CallSid>,
    /// The events. What call they name does not count.
    pub events: Vec<NewEvent>,
    /// Now, by our clock.
    pub now: TimeUs,
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SdkAppended {
    /// They are of this call.
    ToCall(CallSid, Vec<Appended>),
    /// They wait until the call's name is known.
    Waiting,
    /// Somebody else speaks for the call, or the temporary name is that of another call.
    Foreign,
    /// As much as may waits already; the events were refused.
    Crowded,
}

/// Events of SDKs.
#[async_trait]
pub trait SdkCallStore: Send + Sync {
    /// Appends events to the call they are of, or lets them wait for its name.
    ///
    /// Who is the first to tell of a call, by either name, speaks for it from then on. Once both
    /// names are told together, what waits joins the call, and the temporary name stands for it.
    async fn append_of_sdk(&self, events: SdkEvents) -> Result<SdkAppended>;
    /// Who speaks for a call that has this `CallSid`. `None`: nobody does yet.
    async fn sdk_opener(&self, account: AccountSid, sid: CallSid) -> Result<Option<Opener>>;
    /// Makes calls of up to `limit` temporary names that nothing was told of since a time, and that
    /// have got no other name. Says how many.
    async fn name_sdk_calls(&self, quiet_since: TimeUs, limit: usize) -> Result<u64>;
}
