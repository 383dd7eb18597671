//! Sinks and subscriptions: where events of calls are streamed to, and which.

use async_trait::async_trait;
use sidetone_core::closed_set;
use sidetone_core::id::{AccountSid, SinkSid, SubscriptionSid};
use sidetone_core::time::TimeUs;

use crate::error::Result;
use crate::page::{Page, PageRequest};

/// Sinks that an account may have.
pub const SINKS_MAX: usize = 100;
/// Types that a subscription may have.
pub const TYPES_MAX: usize = 100;

closed_set!(
    /// What kind of receiver a sink is.
    SinkKind {
        /// A web server that takes CloudEvents.
        Webhook = "webhook",
        /// Segment's HTTP API.
        Segment = "segment",
        /// Alertmanager's HTTP API: a receiver of alerts, as all that follow.
        Alertmanager = "alertmanager",
        /// A web server that takes what Alertmanager or Grafana post.
        AlertWebhook = "alert-webhook",
        /// An incoming webhook of Slack.
        Slack = "slack",
        /// The Events API of `PagerDuty`.
        PagerDuty = "pagerduty",
        /// A workflow of Teams.
        Teams = "teams",
        /// Addresses that mail is sent to.
        Email = "email",
        /// What takes logs by OTLP: events are streamed there, as to the first two.
        Otlp = "otlp",
        /// A bucket of S3, or of what takes the same: likewise.
        S3 = "s3",
    }
);

impl SinkKind {
    /// Those that events of calls are streamed to.
    pub const STREAMS: &'static [Self] = &[Self::Webhook, Self::Segment, Self::Otlp, Self::S3];
    /// Those that are told of alerts.
    pub const RECEIVERS: &'static [Self] = &[
        Self::Alertmanager,
        Self::AlertWebhook,
        Self::Slack,
        Self::PagerDuty,
        Self::Teams,
        Self::Email,
    ];
}

closed_set!(
    /// How far a sink is.
    SinkStatus {
        /// It was made, and has not been tested.
        Initialized = "initialized",
        /// A test was sent and is not confirmed.
        Validating = "validating",
        /// It may be subscribed.
        Active = "active",
        /// Its test failed.
        Failed = "failed",
    }
);

/// A receiver of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sink {
    /// Which one.
    pub sid: SinkSid,
    /// Whose it is.
    pub account: AccountSid,
    /// What its owner calls it.
    pub description: String,
    /// What it is.
    pub kind: SinkKind,
    /// Where it is and what opens it, sealed by whoever made it.
    pub configuration: Vec<u8>,
    /// How far it is.
    pub status: SinkStatus,
    /// What the last test was called, while it is not confirmed.
    pub test: Option<String>,
    /// When it was made.
    pub created_at: TimeUs,
    /// When it was changed last.
    pub updated_at: TimeUs,
}

/// What is to be different about a sink.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SinkChange {
    /// Another description.
    pub description: Option<String>,
    /// Where it is and what opens it, of the same kind.
    pub configuration: Option<Vec<u8>>,
    /// How far it is now.
    pub status: Option<SinkStatus>,
    /// The name of a test that was sent; `Some(None)`: none is under way.
    pub test: Option<Option<String>>,
}

/// Which sinks are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SinkFilter {
    /// Only those of these kinds; empty: of any.
    pub kinds: &'static [SinkKind],
    /// Only those that are subscribed, or only those that are not.
    pub is_used: Option<bool>,
    /// Only those that are so far.
    pub status: Option<SinkStatus>,
}

/// A type of events, in a version of its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribedType {
    /// The type, as the wire has it.
    pub name: String,
    /// The version of its schema.
    pub schema_version: u32,
}

/// What a sink is sent. A sink has one subscription at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Which one.
    pub sid: SubscriptionSid,
    /// Whose it is.
    pub account: AccountSid,
    /// Where to; of the same account.
    pub sink: SinkSid,
    /// What its owner calls it.
    pub description: String,
    /// Which calls, and what of them is left out, in words that the store does not know. Empty: all
    /// of all calls.
    pub selection: String,
    /// Which events, by name, each once.
    pub types: Vec<SubscribedType>,
    /// When it was made.
    pub created_at: TimeUs,
    /// When it was changed last.
    pub updated_at: TimeUs,
}

/// A subscription with its sink, for whoever streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Where to.
    pub sink: Sink,
    /// What.
    pub subscription: Subscription,
}

/// Sinks and subscriptions. `by`: whom the log of what was done names; it has the sink that was made,
/// deleted, subscribed or is no longer.
///
/// What changes them wakes whoever waits for [`Topic::Streams`](crate::Topic::Streams).
#[async_trait]
pub trait SinkStore: Send + Sync {
    /// Keeps a sink. [`StoreError::NotFound`](crate::StoreError::NotFound) when there is no such
    /// account, [`StoreError::Invalid`](crate::StoreError::Invalid) when it has [`SINKS_MAX`].
    async fn create_sink(&self, sink: Sink, by: &str) -> Result<()>;
    /// Changes a sink of an account and returns it.
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when the account has none of that sid.
    async fn change_sink(
        &self,
        account: AccountSid,
        sid: SinkSid,
        change: SinkChange,
        now: TimeUs,
    ) -> Result<Sink>;
    /// Forgets a sink of an account, and then what waits for it and what was given up there; whether
    /// there was one. [`StoreError::Conflict`](crate::StoreError::Conflict) (`SinkInUse`) while it is
    /// subscribed. When the forgetting is cut short, some may still be handed out.
    async fn delete_sink(
        &self,
        account: AccountSid,
        sid: SinkSid,
        by: &str,
        now: TimeUs,
    ) -> Result<bool>;
    /// A sink of an account.
    async fn sink(&self, account: AccountSid, sid: SinkSid) -> Result<Option<Sink>>;
    /// An account's sinks, latest first.
    async fn sinks(
        &self,
        account: AccountSid,
        filter: SinkFilter,
        page: &PageRequest,
    ) -> Result<Page<Sink>>;
    /// Keeps a subscription. [`StoreError::NotFound`](crate::StoreError::NotFound) when the account
    /// has no such sink, [`StoreError::Conflict`](crate::StoreError::Conflict) (`SinkInUse`) when
    /// the sink has a subscription, [`StoreError::Invalid`](crate::StoreError::Invalid) when it is
    /// not active, or more than [`TYPES_MAX`] types are named or one of them twice.
    async fn create_subscription(&self, subscription: Subscription, by: &str) -> Result<()>;
    /// Gives a subscription of an account another description and returns it.
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when the account has none of that sid.
    async fn describe_subscription(
        &self,
        account: AccountSid,
        sid: SubscriptionSid,
        description: String,
        now: TimeUs,
    ) -> Result<Subscription>;
    /// Forgets a subscription of an account; whether there was one. What waits for its sink is
    /// still sent.
    async fn delete_subscription(
        &self,
        account: AccountSid,
        sid: SubscriptionSid,
        by: &str,
        now: TimeUs,
    ) -> Result<bool>;
    /// Adds a type to a subscription, or gives the type another version.
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when the account has no such
    /// subscription, [`StoreError::Invalid`](crate::StoreError::Invalid) when it has [`TYPES_MAX`].
    async fn subscribe(
        &self,
        account: AccountSid,
        sid: SubscriptionSid,
        subscribed: SubscribedType,
        by: &str,
        now: TimeUs,
    ) -> Result<()>;
    /// Takes a type out of a subscription; whether it was there.
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when the account has no such
    /// subscription.
    async fn unsubscribe(
        &self,
        account: AccountSid,
        sid: SubscriptionSid,
        name: &str,
        by: &str,
        now: TimeUs,
    ) -> Result<bool>;
    /// A subscription of an account.
    async fn subscription(
        &self,
        account: AccountSid,
        sid: SubscriptionSid,
    ) -> Result<Option<Subscription>>;
    /// An account's subscriptions, or those of one sink, latest first.
    async fn subscriptions(
        &self,
        account: AccountSid,
        sink: Option<SinkSid>,
        page: &PageRequest,
    ) -> Result<Page<Subscription>>;
    /// All that is streamed, of every account, in the order in which it was subscribed. Whatever is
    /// damaged is left out, and told by `check`.
    async fn streams(&self) -> Result<Vec<Stream>>;
}
