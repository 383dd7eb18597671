//! What is streamed, as this node knows it: subscribed sinks, opened.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use sidetone_core::event::EventKind;
use sidetone_core::id::{AccountSid, SinkSid};
use sidetone_core::time::TimeUs;
use sidetone_store::delivery::{DeliveryId, StreamEvent};
use sidetone_store::feed::Follower;
use sidetone_store::sinks::{Sink, Stream};
use sidetone_store::{Result, Store};
use tokio::sync::Mutex;

use super::attempts::Attempts;
use super::backlogs::Backlogs;
use super::configuration::{Configuration, Sealed};
use super::event_type::{EventType, Schema};
use super::selection::Selection;
use crate::secrets::Vault;

/// A sink, with what it is sent.
pub struct Outlet {
    /// Which one.
    pub sink: SinkSid,
    /// Whose it is.
    pub account: AccountSid,
    /// How it is reached.
    pub configuration: Configuration,
    /// Of which calls.
    pub selection: Selection,
    /// Which events, each in a version of its schema.
    pub types: BTreeMap<EventType, u32>,
}

impl Outlet {
    /// A sink with its subscription; without one it is only sent what waits for it. `None`: what is
    /// stored of it cannot be read.
    #[must_use]
    pub fn open(vault: &Vault, sink: &Sink, stream: Option<&Stream>) -> Option<Self> {
        let configuration = Configuration::open(vault, sink.sid, &sink.configuration)?;
        let (mut types, mut selection) = (BTreeMap::new(), Selection::default());
        if let Some(Stream { subscription, .. }) = stream {
            selection = subscription.selection.parse().ok()?;
            for subscribed in &subscription.types {
                // A later release may know more.
                if let Ok(known) = subscribed.name.parse() {
                    types.insert(known, subscribed.schema_version);
                }
            }
        }
        Some(Self {
            sink: sink.sid,
            account: sink.account,
            configuration,
            selection,
            types,
        })
    }

    /// The version of a type's schema that it is sent.
    #[must_use]
    pub fn version_of(&self, kind: EventType) -> u32 {
        let subscribed = self.types.get(&kind).copied();
        subscribed.unwrap_or_else(|| kind.schema().latest())
    }
}

/// An event that is to be written out.
#[derive(Clone)]
pub struct Told {
    /// Of what: a call, or an alert, of the sink's account or its subaccounts.
    pub subject: [u8; 16],
    /// What it is.
    pub kind: EventType,
    /// What it names.
    pub event: StreamEvent,
    /// The delivery that it is for.
    pub id: DeliveryId,
    /// Whom it is for.
    pub outlet: Arc<Outlet>,
}

/// An event that was written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its identity.
    pub id: String,
    /// When what it tells of happened.
    pub at: TimeUs,
    /// Its data, as JSON.
    pub data: Vec<u8>,
}

/// The sinks that are subscribed, by whose they are.
#[derive(Default)]
pub struct Outlets(HashMap<AccountSid, Vec<Arc<Outlet>>>);

impl Outlets {
    /// Whether nothing is streamed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Outlet>> {
        self.0.values().flatten()
    }

    /// The kinds of events that they are told of.
    fn kinds(&self) -> BTreeSet<EventKind> {
        let types = self.all().flat_map(|outlet| outlet.types.keys());
        let kinds = types.flat_map(|kind| match kind.schema() {
            Schema::CallSummary | Schema::Alert => &[][..],
            Schema::CallEvent => &[EventKind::Progress, EventKind::Edge],
            Schema::CallMetric => &[EventKind::Media],
        });
        kinds.copied().collect()
    }

    /// Those that calls of an account are told to. `parent`: of the account.
    pub fn of(
        &self,
        account: AccountSid,
        parent: Option<AccountSid>,
    ) -> impl Iterator<Item = &Arc<Outlet>> {
        let own = self.0.get(&account).into_iter().flatten();
        let above = parent.and_then(|parent| self.0.get(&parent));
        let above = above.into_iter().flatten();
        own.chain(above.filter(|outlet| outlet.selection.with_subaccounts))
    }
}

/// Who follows the change feed for them, of all nodes together.
pub const FOLLOWER: &str = "streams";

/// What is streamed now.
#[derive(Default)]
pub struct Current {
    outlets: RwLock<Arc<Outlets>>,
    /// What they were sent last.
    pub attempts: Attempts,
    /// How much waits for them.
    pub backlogs: Backlogs,
    /// Those that could not be read the last time.
    unread: Mutex<Vec<SinkSid>>,
    /// Which kinds of events are followed, or that nothing is. `None`: it is not known what a server
    /// before has left. Held while that changes.
    followed: Mutex<Option<Option<BTreeSet<EventKind>>>>,
}

impl Current {
    /// As it was read last.
    #[must_use]
    pub fn get(&self) -> Arc<Outlets> {
        let outlets = self.outlets.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&outlets)
    }

    /// A subscribed sink.
    #[must_use]
    pub fn sink(&self, sid: SinkSid) -> Option<Arc<Outlet>> {
        let outlets = self.get();
        outlets.all().find(|outlet| outlet.sink == sid).cloned()
    }

    /// Reads what is streamed, and follows what that takes: what changes from then on is told. A sink
    /// that does not open is left out, and logged.
    ///
    /// # Errors
    /// As the store's; then all stays as it was, or is read and not followed yet.
    pub async fn refresh(&self, store: &dyn Store, vault: &Vault) -> Result<()> {
        let mut followed = self.followed.lock().await;
        let mut outlets = Outlets::default();
        let mut unread = Vec::new();
        for stream in store.streams().await? {
            match Outlet::open(vault, &stream.sink, Some(&stream)) {
                Some(outlet) => {
                    let of_account = outlets.0.entry(outlet.account).or_default();
                    of_account.push(Arc::new(outlet));
                }
                None => unread.push(stream.sink.sid),
            }
        }
        {
            let mut known = self.unread.lock().await;
            for sink in unread.iter().filter(|sink| !known.contains(sink)) {
                tracing::error!(
                    sink.sid = %sink,
                    "a sink cannot be read: it was sealed with another key, or is damaged; nothing is streamed to it"
                );
            }
            *known = unread;
        }
        let wanted = (!outlets.is_empty()).then(|| outlets.kinds());
        *self.outlets.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(outlets);
        if followed.as_ref() != Some(&wanted) {
            match &wanted {
                Some(kinds) => {
                    let follower = Follower {
                        name: FOLLOWER.to_owned(),
                        events: kinds.iter().copied().collect(),
                    };
                    let begins = store.follow(follower).await?;
                    if begins && matches!(&*followed, Some(Some(_))) {
                        missed();
                    }
                }
                // Then changes leave no trace.
                None => {
                    store.unfollow(FOLLOWER).await?;
                }
            }
            *followed = Some(wanted);
        }
        Ok(())
    }

    /// The follower was dropped, because too much waited for it.
    pub async fn is_dropped(&self) {
        missed();
        *self.followed.lock().await = None;
    }
}

/// What was dropped is not known any more.
fn missed() {
    tracing::error!(
        "changes of calls were dropped before sinks were told of them: events are missing there"
    );
}
