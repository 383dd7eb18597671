//! Deliveries: what is owed to other people's servers until it has arrived.

mod headers;

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use sidetone_core::closed_set;
use sidetone_core::id::{AccountSid, SinkSid};
use sidetone_core::time::TimeUs;
use uuid::Uuid;

use crate::error::Result;
use crate::page::{Page, PageRequest};

pub use self::headers::{HEADERS_MAX, HEADERS_MAX_BYTES, Headers};

/// The identity of a delivery: chosen by whoever makes it, the same at every attempt. Random, or
/// made of where it goes and what it tells, so that what is told again is the same there. Written as
/// a UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId([u8; 16]);

impl DeliveryId {
    /// Makes the identity from its 128 bits.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 128 bits.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).fmt(f)
    }
}

impl fmt::Debug for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DeliveryId {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        Uuid::try_parse(text)
            .map(|uuid| Self(uuid.into_bytes()))
            .map_err(|_| format!("'{text}' is not an id like 0f8fad5b-d9cb-469f-a165-70867728950e"))
    }
}

/// Where deliveries go: one origin (scheme, host and port) of one account, or a sink. What is slow or
/// dead at one endpoint delays no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointId(i64);

impl EndpointId {
    /// The endpoint of an account's URL: a digest, so that endpoints need not be listed anywhere.
    /// Were two ever the same, they would share a queue and nothing worse.
    #[must_use]
    pub fn of(account: AccountSid, url: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(account.as_bytes());
        hash.update(origin(url).to_ascii_lowercase());
        Self::from_digest(&hash.finalize().into())
    }

    /// The endpoint of a sink, whatever else goes to the same server.
    #[must_use]
    pub fn of_sink(sink: SinkSid) -> Self {
        Self::from_digest(&Sha256::digest(sink.as_bytes()).into())
    }

    fn from_digest(digest: &[u8; 32]) -> Self {
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        // 63 bits: not negative.
        Self(i64::from_be_bytes(first) & i64::MAX)
    }

    /// The identity that a store keeps as this number.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The number that it is stored as.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// Scheme, host and port of a URL, as they stand there.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']);
    end.map_or(url, |at| &url[..host + at])
}

/// How something is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// What there is to say is in the URL.
    Get,
    /// It is in the body.
    Post,
}

/// What is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A request that is sent as it is.
    Request(DeliveryRequest),
    /// An event of the call that the delivery is about, for a sink: written out when it is sent, of
    /// what is then known.
    Event(StreamEvent),
}

impl Content {
    /// Where it goes, when it is of an account.
    #[must_use]
    pub fn endpoint(&self, account: AccountSid) -> EndpointId {
        match self {
            Self::Request(request) => EndpointId::of(account, &request.url),
            Self::Event(event) => EndpointId::of_sink(event.sink),
        }
    }
}

closed_set!(
    /// What becomes of personal data: the telephone numbers, names and addresses of parties.
    PersonalData {
        /// It is sent.
        Keep = "keep",
        /// A digest is sent instead, the same for the same party.
        Hash = "hash",
        /// It is left out.
        Omit = "omit",
    }
);

/// Which event of a call is streamed: named, not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamEvent {
    /// Where to; of the delivery's account.
    pub sink: SinkSid,
    /// Whose the call is: the delivery's account, or a subaccount of it.
    pub account: AccountSid,
    /// What becomes of personal data when it is sent, whatever its sink is subscribed to by then.
    pub personal_data: PersonalData,
    /// When what it tells of happened.
    pub at: TimeUs,
    /// Which event of the call's log, from 1. `None`: it tells of the call's summary.
    pub position: Option<u64>,
    /// The version of the summary that it told of first, from 1; 0: it tells of none.
    pub version: u32,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRequest {
    /// How.
    pub method: Method,
    /// Where to; absolute.
    pub url: String,
    /// Headers of its own.
    pub headers: Headers,
    /// Content type and bytes.
    pub body: Option<(String, Vec<u8>)>,
}

/// How a request shows who sends it. What goes to a sink is signed as the sink says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// As Twilio does (`X-Twilio-Signature`), with the auth token that the account has when it is
    /// sent.
    Twilio,
    /// Not at all.
    None,
}

/// A delivery on its way into the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its identity.
    pub id: DeliveryId,
    /// Whose it is. The account must exist.
    pub account: AccountSid,
    /// The call or thing it is about: deliveries of one endpoint and subject leave in the order
    /// they came in.
    pub subject: Option<[u8; 16]>,
    /// What it tells, as a word of the wire: of an event its type, without what all types begin with.
    pub kind: String,
    /// What is to be said.
    pub content: Content,
    /// How it is signed; of an event [`Signature::None`].
    pub signature: Signature,
    /// When it was made, by our clock.
    pub created_at: TimeUs,
}

/// A delivery in the hands of whoever sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// As [`NewDelivery::id`].
    pub id: DeliveryId,
    /// As [`NewDelivery::account`].
    pub account: AccountSid,
    /// Where it goes.
    pub endpoint: EndpointId,
    /// As [`NewDelivery::subject`].
    pub subject: Option<[u8; 16]>,
    /// As [`NewDelivery::kind`].
    pub kind: String,
    /// As [`NewDelivery::content`].
    pub content: Content,
    /// As [`NewDelivery::signature`].
    pub signature: Signature,
    /// As [`NewDelivery::created_at`].
    pub created_at: TimeUs,
    /// When it was made or replayed; once it has failed, when it did so first. How long it is tried
    /// is counted from there.
    pub queued_at: TimeUs,
    /// How often it has failed since.
    pub attempts: u32,
}

/// What became of a delivery that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived, and is forgotten.
    Delivered,
    /// It did not.
    Failed {
        /// Why, for people.
        error: String,
        /// When it is tried again. `None`: never, it becomes a dead letter.
        retry_at: Option<TimeUs>,
    },
    /// It was not tried, and is given back as it was.
    Untried,
}

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// As [`NewDelivery::id`].
    pub id: DeliveryId,
    /// As [`NewDelivery::account`].
    pub account: AccountSid,
    /// As [`NewDelivery::kind`].
    pub kind: String,
    /// Where it should have gone. `None`: to a sink.
    pub url: Option<String>,
    /// The sink that it was for. `None`: a request.
    pub sink: Option<SinkSid>,
    /// As [`NewDelivery::created_at`].
    pub created_at: TimeUs,
    /// When it was given up.
    pub died_at: TimeUs,
    /// How often it had been tried.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: String,
}

/// A delivery that has not arrived yet and is still tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingDelivery {
    /// As [`NewDelivery::id`].
    pub id: DeliveryId,
    /// As [`NewDelivery::account`].
    pub account: AccountSid,
    /// As [`NewDelivery::kind`].
    pub kind: String,
    /// Where it goes. `None`: to a sink.
    pub url: Option<String>,
    /// The sink that it is for. `None`: a request.
    pub sink: Option<SinkSid>,
    /// As [`NewDelivery::created_at`].
    pub created_at: TimeUs,
    /// When it is tried again. `None`: as soon as it is its turn.
    pub retry_at: Option<TimeUs>,
    /// As [`Delivery::attempts`].
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// Whose deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// All there are.
    All,
    /// Those of an account.
    Of(AccountSid),
    /// Those for a sink, if it is the account's.
    To(AccountSid, SinkSid),
}

/// What is owed to a sink.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many deliveries wait.
    pub waiting: u64,
    /// How many were given up.
    pub dead: u64,
    /// When the first that waits was made.
    pub oldest_at: Option<TimeUs>,
    /// When the next that failed is tried again.
    pub retry_at: Option<TimeUs>,
}

/// The most requests of an account that wait.
pub const WAITING_MAX: usize = 100_000;

/// The most dead letters of an account that are kept, but for those of sinks.
pub const DEAD_MAX: usize = 100_000;

/// What was beyond these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// Deliveries that were given up.
    pub given_up: u64,
    /// Dead letters that were forgotten.
    pub forgotten: u64,
}

/// Deliveries to other servers.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Adds deliveries to the outbox. [`StoreError::NotFound`](crate::StoreError::NotFound), and
    /// nothing added, when an account does not exist. What is for a sink that the account does not
    /// have is left out: it was deleted meanwhile.
    async fn deliver(&self, deliveries: Vec<NewDelivery>) -> Result<()>;
    /// Endpoints that have a delivery that is due and not leased, longest waiting first.
    async fn due_endpoints(&self, now: TimeUs, limit: usize) -> Result<Vec<EndpointId>>;
    /// Settles what was taken before, then leases up to `limit` deliveries that are due at an
    /// endpoint, longest due first; fewer when they are large. A delivery is given to nobody else
    /// until it is settled or `lease_until` has passed `now`. Of those about one subject only the
    /// first that has neither arrived nor been given up is ever due. Settling is idempotent: what
    /// is not leased any more is left out. What is settled is not taken in the same call.
    async fn take_deliveries(
        &self,
        endpoint: EndpointId,
        settled: Vec<(DeliveryId, Outcome)>,
        limit: usize,
        now: TimeUs,
        lease_until: TimeUs,
    ) -> Result<Vec<Delivery>>;
    /// Deliveries that have not arrived and are still tried, in the order in which they came.
    async fn waiting_deliveries(
        &self,
        owed: Owed,
        page: &PageRequest,
    ) -> Result<Page<WaitingDelivery>>;
    /// Deliveries that were given up: of all, longest dead first; of an account or a sink, in the
    /// order in which they came.
    async fn dead_letters(&self, owed: Owed, page: &PageRequest) -> Result<Page<DeadLetter>>;
    /// Gives up the oldest requests of an account of which more than so many wait, and forgets its
    /// oldest dead letters beyond so many. What is for sinks is neither counted nor touched.
    async fn trim_outbox(
        &self,
        waiting_max: usize,
        dead_max: usize,
        now: TimeUs,
    ) -> Result<Trimmed>;
    /// What is owed to each sink there is, in the order of their identifiers; neither what waits nor
    /// what was given up is counted beyond `most`. Each is looked at. What is for a sink always has
    /// a subject.
    async fn sink_backlog(&self, most: u64) -> Result<Vec<(SinkSid, Backlog)>>;
    /// What is owed to a sink, likewise; nothing where there is no such sink.
    async fn backlog_of(&self, sink: SinkSid, most: u64) -> Result<Backlog>;
    /// Queues dead letters of one account or of all anew, in this order and behind what waits
    /// already. [`StoreError::NotFound`](crate::StoreError::NotFound), and nothing queued, when one
    /// of them is none, or none of the account's.
    async fn replay(
        &self,
        account: Option<AccountSid>,
        letters: Vec<DeliveryId>,
        now: TimeUs,
    ) -> Result<()>;
    /// Queues what was given up at a sink of an account anew, up to so many, in the order in which
    /// they came and behind what waits already. Says how many they were. In pieces: what was queued
    /// stays so when it fails.
    async fn replay_sink(
        &self,
        account: AccountSid,
        sink: SinkSid,
        most: usize,
        now: TimeUs,
    ) -> Result<u64>;
}

#[cfg(test)]
mod tests;
