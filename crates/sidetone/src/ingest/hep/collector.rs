//! From packets to events: read, put to their calls, appended.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use sidetone_core::correlate::{
    Content, Correlator, Fate, Limits, Mirrored, Owned, WAIT_US, sip_call_sid,
};
use sidetone_core::event::{CallEvent, Observation, Timer};
use sidetone_core::id::{AccountSid, CallRef};
use sidetone_core::sip::StartLine;
use sidetone_core::time::TimeUs;
use sidetone_store::{Appended, NewEvent, StoreError};
use sidetone_wire::hep::SIP;
use sidetone_wire::malformed::Malformed;
use sidetone_wire::translate::mirrored::{self, Skipped};
use sidetone_wire::translate::trusted_headers::TrustedHeaders;

use super::admission::Admission;
use super::batch::{Kind, PacketBatch, Received};
use crate::app::App;
use crate::ingest::outcome::Outcome;
use crate::ingest::writing::Writing;
use crate::tables::locations::Locations;
use crate::telemetry::labels::{PacketReason, PacketResult, Source, Transport};

/// Events that may wait for the transaction before theirs: beyond, nothing more is read.
const PENDING_MAX: usize = 4_000;
/// About how much memory they may take.
const PENDING_MAX_BYTES: usize = 16 << 20;
/// How many bytes of packets of a body may wait for what explains them: each body has its own.
const WAITING_OF_BODY_BYTES: usize = 16 << 20;
/// Calls looked up in the store in one round: of packets whose call nobody saw begin, because it
/// began before we did.
const LOOKUPS_MAX: usize = 1_000;
/// Most ended calls that are remembered to be settled; those beyond settle by their timers.
const SETTLED_MAX: usize = 100_000;

/// What becomes of packets. While events are being written, the next packets are read.
pub struct Collector {
    app: App,
    admission: Admission,
    headers: TrustedHeaders,
    locations: Arc<Locations>,
    correlator: Correlator,
    /// What the packet at hand holds.
    found: Vec<Result<Mirrored, Skipped>>,
    pending: Vec<NewEvent>,
    pending_bytes: usize,
    /// How each of them came.
    came_by: Vec<Transport>,
    writing: Writing,
    outcome: Outcome,
    /// Calls whose end was seen. `None`: more of them may come, so nobody will want them settled.
    ended: Option<BTreeSet<CallRef>>,
}

impl Collector {
    /// A collector of its own: what waits for its call in one is not known to another.
    #[must_use]
    pub fn new(app: App) -> Self {
        let hep = &app.config.hep;
        let headers = TrustedHeaders {
            call_sid: hep.call_sid_headers.clone(),
            parent: hep.parent_headers.clone(),
            sources: hep.call_sid_sources.ranges().to_vec(),
            verstat_sources: hep.verstat_sources.as_ref().map(|it| it.ranges().to_vec()),
        };
        Self {
            admission: Admission::new(app.clone()),
            headers,
            locations: app.locations.clone(),
            correlator: Correlator::new(limits(&app)),
            found: Vec::new(),
            pending: Vec::new(),
            pending_bytes: 0,
            came_by: Vec::new(),
            writing: Writing::default(),
            outcome: Outcome::default(),
            ended: None,
            app,
        }
    }

    /// A collector of what may be all there is of its calls: a file, the body of a request.
    #[must_use]
    pub fn of_whole(app: App) -> Self {
        let limits = Limits {
            waiting_bytes: WAITING_OF_BODY_BYTES,
            ..limits(&app)
        };
        Self {
            correlator: Correlator::of_whole(limits),
            ended: Some(BTreeSet::new()),
            ..Self::new(app)
        }
    }

    /// Takes packets.
    ///
    /// # Errors
    /// As the store's: events of this batch or of the one before could not be kept. They are
    /// counted.
    pub async fn take(&mut self, batch: &PacketBatch) -> Result<(), StoreError> {
        for received in batch.iter() {
            self.take_packet(batch, received);
        }
        self.write().await
    }

    /// How many packets were refused so far for what they are.
    #[must_use]
    pub fn malformed(&self) -> u64 {
        self.outcome.malformed()
    }

    /// Tries what waits for its call again. To be called a few times a second.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub async fn tick(&mut self) -> Result<(), StoreError> {
        let now = self.app.clock.now();
        self.retry(now).await?;
        self.write().await
    }

    /// Remembers calls that began before, by messages that were kept of them.
    pub fn remember(&mut self, messages: &[CallEvent]) {
        let now = self.app.clock.now();
        for event in messages {
            self.correlator.remember(event, now);
        }
    }

    /// Takes it that nothing more comes: what waits is tried a last time, everything is written.
    /// Tells what became of it.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub async fn finish(&mut self) -> Result<Outcome, StoreError> {
        let end_of_waiting = self.app.clock.now().plus_us(WAIT_US);
        self.retry(end_of_waiting).await?;
        self.write_all().await?;
        Ok(std::mem::take(&mut self.outcome))
    }

    /// As [`Self::finish`]; what was taken is all there is of its calls, so that those that ended
    /// are complete.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub async fn finish_settled(&mut self) -> Result<Outcome, StoreError> {
        let outcome = self.finish().await?;
        let now = self.app.clock.now();
        let settled: Vec<NewEvent> = std::mem::take(&mut self.ended)
            .into_iter()
            .flatten()
            .map(|call| NewEvent {
                event: CallEvent::timer(call, Timer::Settled, now),
                received_at: now,
            })
            .collect();
        for some in settled.chunks(PENDING_MAX) {
            self.app.store.append(some.to_vec()).await?;
        }
        Ok(outcome)
    }

    /// Reads what a packet holds into `self.found`. Tells whose it is.
    fn read(&mut self, batch: &PacketBatch, received: Received<'_>) -> Option<AccountSid> {
        match received.kind {
            Kind::Hep => match self.admission.pass(batch, received) {
                Ok((account, packet)) => {
                    let found = &mut self.found;
                    let repairs =
                        mirrored::hep(&packet, account, &self.headers, |it| found.push(it));
                    let source = if packet.payload_type == SIP {
                        Source::Sip
                    } else {
                        Source::Rtcp
                    };
                    self.app.counters.count_repairs(source, repairs);
                    self.outcome.note(repairs);
                    Some(account)
                }
                Err(why) => {
                    self.refuse(received, why);
                    None
                }
            },
            Kind::Sip => {
                let Some(account) = batch.account.or_else(|| self.admission.default_account())
                else {
                    self.ignore(batch.transport, PacketResult::NoAccount);
                    return None;
                };
                let read = mirrored::report_to_us(received.bytes, batch.received_at, received.peer);
                self.found.push(read);
                Some(account)
            }
        }
    }

    /// Takes what a packet holds.
    fn take_packet(&mut self, batch: &PacketBatch, received: Received<'_>) {
        let came_by = batch.transport;
        let Some(account) = self.read(batch, received) else {
            return;
        };
        let mut found = std::mem::take(&mut self.found);
        let mut captured_at = None;
        for (place, read) in (0_i64..).zip(found.drain(..)) {
            match read {
                Ok(mut packet) => {
                    let first = *captured_at.get_or_insert_with(|| {
                        let first = packet.at.plus_us(-place);
                        let admission = &self.admission;
                        admission.believable_time(batch, received, packet.agent, first)
                    });
                    packet.at = first.plus_us(place);
                    if let Content::Sip(message) = &mut packet.content {
                        self.app.tables.get().signers.check(message, packet.at);
                        self.locations.note(message);
                    }
                    let owned = Owned {
                        account,
                        came_by: came_by.as_str(),
                        packet,
                    };
                    self.place(owned, batch.received_at);
                }
                Err(Skipped::KeepAlive) => self.ignore(came_by, PacketResult::KeepAlive),
                Err(Skipped::OtherKind) => self.ignore(came_by, PacketResult::OtherKind),
                Err(Skipped::Malformed(error)) => {
                    self.refuse(received, Some(error));
                    let (result, reason) =
                        (PacketResult::Malformed, PacketReason::Bytes(error.what));
                    self.admission
                        .turn_away(batch, received, None, result, reason);
                }
            }
        }
        self.found = found;
    }

    fn place(&mut self, owned: Owned, now: TimeUs) {
        let came_by = came_by(&owned);
        match self.correlator.take(owned, now) {
            Fate::Event(event) => self.keep(*event, came_by, now),
            Fate::Waits => {}
            Fate::NotACall => self.ignore(came_by, PacketResult::NotACall),
            Fate::Crowded(owned) => self.make_room(*owned, now),
            Fate::Unexplained => self.ignore(came_by, PacketResult::Uncorrelated),
        }
    }

    fn make_room(&mut self, owned: Owned, now: TimeUs) {
        let found = self.correlator.relieve(now);
        if found.is_empty() {
            return self.ignore(came_by(&owned), PacketResult::Uncorrelated);
        }
        for (event, came_by) in found {
            self.keep(event, transport(came_by), now);
        }
        self.place(owned, now);
    }

    fn keep(&mut self, event: CallEvent, came_by: Transport, received_at: TimeUs) {
        if let Some(ended) = &mut self.ended
            && ended.len() < SETTLED_MAX
            && ends_call(&event)
        {
            ended.insert(event.call);
        }
        let text_bytes = match &event.observation {
            Observation::Sip { sip } => sip.text.len(),
            _ => 0,
        };
        self.pending_bytes += event.memory_bytes(text_bytes);
        self.pending.push(NewEvent { event, received_at });
        self.came_by.push(came_by);
    }

    async fn retry(&mut self, now: TimeUs) -> Result<(), StoreError> {
        let (found, given_up) = self.correlator.retry(now);
        for (event, came_by) in found {
            self.keep(event, transport(came_by), now);
        }
        let mut given_up = given_up.into_iter();
        let mut looked_up = HashMap::new();
        while let Some(owned) = given_up.next() {
            match self.known_to_store(&owned, &mut looked_up).await {
                Ok(Some(call)) => {
                    let came_by = came_by(&owned);
                    let event = self.correlator.recall(owned, call, now);
                    self.keep(event, came_by, now);
                }
                Ok(None) => {
                    self.correlator.give_up(&owned, now);
                    self.ignore(came_by(&owned), PacketResult::Uncorrelated);
                }
                Err(error) => {
                    // Nobody can say any more whose the rest are.
                    for lost in std::iter::once(owned).chain(given_up) {
                        count(&self.app, came_by(&lost), PacketResult::NotKept);
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The call of that name, if the store has it: it began before we did. Many packets may be of
    /// one call: what was `looked_up` is known.
    async fn known_to_store(
        &self,
        owned: &Owned,
        looked_up: &mut HashMap<CallRef, Option<CallRef>>,
    ) -> Result<Option<CallRef>, StoreError> {
        let Some(name) = owned.packet.call_name() else {
            return Ok(None);
        };
        let account = owned.account;
        let sid = sip_call_sid(account, name);
        let named = CallRef { account, sid };
        if let Some(known) = looked_up.get(&named) {
            return Ok(*known);
        }
        if looked_up.len() >= LOOKUPS_MAX {
            return Ok(None);
        }
        let call = self
            .app
            .store
            .sip_call(account, sid, owned.packet.at)
            .await?;
        looked_up.insert(named, call);
        Ok(call)
    }

    /// Begins to write what is pending, unless something is being written and there is room to read
    /// on.
    async fn write(&mut self) -> Result<(), StoreError> {
        let is_busy = self.writing.goes_on();
        let has_room = self.pending.len() < PENDING_MAX && self.pending_bytes < PENDING_MAX_BYTES;
        if is_busy && has_room {
            return Ok(());
        }
        self.writing.end(&mut self.outcome).await?;
        self.begin_to_write();
        Ok(())
    }

    fn begin_to_write(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let events = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        let came_by = std::mem::take(&mut self.came_by);
        let app = self.app.clone();
        self.writing.begin(async move {
            let size = i64::try_from(events.len()).unwrap_or(i64::MAX);
            app.counters.hep_writing.inc_by(size);
            let fates = app.store.append(events).await;
            app.counters.hep_writing.dec_by(size);
            let fates = match fates {
                Ok(fates) => fates,
                Err(error) => {
                    for way in came_by {
                        count(&app, way, PacketResult::NotKept);
                    }
                    return Err(error);
                }
            };
            for (way, fate) in came_by.into_iter().zip(&fates) {
                count(&app, way, result_of(*fate));
            }
            let mut written = Outcome::default();
            written.count(&fates);
            Ok(written)
        });
    }

    async fn write_all(&mut self) -> Result<(), StoreError> {
        while !self.pending.is_empty() || self.writing.is_begun() {
            self.writing.end(&mut self.outcome).await?;
            self.begin_to_write();
        }
        Ok(())
    }

    /// Counts what is not taken, and names it where somebody waits for the outcome.
    fn refuse(&mut self, received: Received<'_>, why: Option<Malformed>) {
        match why {
            Some(why) if self.ended.is_some() => self.outcome.refuse_packet(received.number, why),
            _ => self.outcome.rejected += 1,
        }
    }

    /// Counts what is well-formed and yet no observation of a call.
    fn ignore(&mut self, came_by: Transport, result: PacketResult) {
        self.outcome.ignored += 1;
        count(&self.app, came_by, result);
    }
}

fn limits(app: &App) -> Limits {
    Limits {
        idle_us: app.config.lifecycle.call_idle_us,
        ..Limits::default()
    }
}

fn count(app: &App, came_by: Transport, result: PacketResult) {
    let counters = &app.counters;
    counters.count_packets(came_by, result, PacketReason::None, 1);
    if matches!(result, PacketResult::Accepted | PacketResult::Duplicate) {
        counters.doors.accept(Source::Hep, 1, app.clock.now());
    }
}

const fn result_of(fate: Appended) -> PacketResult {
    match fate {
        Appended::New => PacketResult::Accepted,
        Appended::Duplicate => PacketResult::Duplicate,
        Appended::NoAccount => PacketResult::NoAccount,
        Appended::Gone => PacketResult::Erased,
        Appended::Expired => PacketResult::Expired,
        Appended::Full => PacketResult::Full,
    }
}

/// How a packet came that was put to a call, or waited for one: it was handed over with the word
/// for it.
fn came_by(owned: &Owned) -> Transport {
    transport(owned.came_by)
}

fn transport(word: &str) -> Transport {
    let mut all = Transport::ALL.iter().copied();
    all.find(|it| it.as_str() == word).unwrap_or(Transport::Udp)
}

/// Whether a message ends its call: somebody hung up, or the caller was told that it will not be.
fn ends_call(event: &CallEvent) -> bool {
    let Observation::Sip { sip } = &event.observation else {
        return false;
    };
    match sip.start {
        StartLine::Request(_) => sip.method == "BYE",
        StartLine::Response(401 | 407) => false,
        StartLine::Response(status) => status >= 300 && sip.method == "INVITE" && sip.hops <= 1,
    }
}
