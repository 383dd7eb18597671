//! Where calls are kept: the contract that every engine honours.
//!
//! The contract is the [`Store`] trait, word for word; `conformance` is the same contract as tests.
//! A store knows events, summaries and judgements. It does not fold and knows no HTTP.
#![warn(missing_docs)]

pub mod account;
pub mod alerts;
pub mod audit;
pub mod care;
#[cfg(feature = "testing")]
pub mod conformance;
pub mod cursor;
pub mod delivery;
pub mod erasure;
pub mod error;
pub mod facets;
pub mod feed;
pub mod feedback;
pub mod judgement;
pub mod log;
pub mod lookup;
pub mod page;
pub mod people;
pub mod report;
pub mod retention;
pub mod rules;
pub mod sdk_calls;
pub mod sinks;
pub mod statistics;
pub mod summary;
pub mod views;
pub mod wakeups;

pub use crate::account::AccountStore;
pub use crate::alerts::AlertStore;
pub use crate::audit::AuditStore;
pub use crate::care::{Care, CheckedCalls, StoreStats};
pub use crate::cursor::Cursor;
pub use crate::delivery::Outbox;
pub use crate::erasure::ErasureStore;
pub use crate::error::{Conflict, Result, StoreError};
pub use crate::feed::ChangeFeed;
pub use crate::feedback::FeedbackStore;
pub use crate::judgement::{Annotate, AnnotationChange, AnnotationRecord, JudgementStore};
pub use crate::log::{
    Appended, DIRTY_DELAY_MAX_US, DirtyCall, DueTimer, EVENTS_PER_CALL_MAX, EventFilter, EventLog,
    FoldedCall, FoldedCalls, LogPart, NewEvent, dirty_from,
};
pub use crate::lookup::{Lookup, Scope};
pub use crate::people::PeopleStore;
pub use crate::report::ReportStore;
pub use crate::retention::Retention;
pub use crate::rules::RuleStore;
pub use crate::sdk_calls::SdkCallStore;
pub use crate::sinks::SinkStore;
pub use crate::statistics::StatisticsStore;
pub use crate::summary::{CallRecord, Count, Put, PutSummary, Rendered, Shown, SummaryStore};
pub use crate::views::ViewStore;
pub use crate::wakeups::{Topic, Wakeups};

/// A store of calls: all topics on one database.
///
/// Every writing verb is one transaction and returns after it is durable. Verbs may be called from
/// any task; each sees everything that returned before it was called.
///
/// A value of this type is a node's handle; several may be open on one database. What a handle has
/// leased (calls to fold, summaries of feedback to make, deliveries to send) is leased by nobody
/// else until its lease is over, it is given back, or the handle is no more: a node that dies keeps
/// nothing.
pub trait Store:
    AccountStore
    + PeopleStore
    + AuditStore
    + EventLog
    + SummaryStore
    + StatisticsStore
    + JudgementStore
    + FeedbackStore
    + Outbox
    + RuleStore
    + SdkCallStore
    + ReportStore
    + ViewStore
    + SinkStore
    + AlertStore
    + ErasureStore
    + Retention
    + Care
    + ChangeFeed
    + Wakeups
    + 'static
{
}

/// The traits, for whoever calls an engine by its own type.
pub mod prelude {
    pub use crate::{
        AccountStore, AlertStore, AuditStore, Care, ChangeFeed, ErasureStore, EventLog,
        FeedbackStore, JudgementStore, Outbox, PeopleStore, ReportStore, Retention, RuleStore,
        SdkCallStore, SinkStore, StatisticsStore, Store, SummaryStore, ViewStore, Wakeups,
    };
}
