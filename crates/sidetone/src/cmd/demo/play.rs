//! Brings made-up calls to a server: the past at once, the present as it comes.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use sidetone_core::event::CallEvent;
use sidetone_core::id::{AccountSid, CallRef};
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_demo::site::SiteCall;
use sidetone_demo::{DemoCall, Judgement};
use sidetone_store::{Annotate, NewEvent, Result, Scope};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::ingest::hep::batch::{Kind, PacketBatch};
use crate::ingest::hep::collector::Collector;
use crate::ingest::hep::queue::BATCH_PACKETS;
use crate::telemetry::labels::Transport;
use crate::workers::catch_up::CatchUp;

/// Events appended in one transaction, or a few more: calls are not split.
const BATCH: usize = 8_000;
/// Calls whose judgements are written at once, so that they share transactions.
const JUDGED_AT_ONCE: usize = 64;
/// How often the present is looked at.
const TICK: Duration = Duration::from_millis(100);

/// Since when the SIP site is listened to: some of its calls have ended when the first reader
/// comes.
const SITE_US: i64 = 15 * 60 * SECOND_US;
/// Where its packets come from, as far as a log is concerned: this machine.
const SITE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9060);

/// What is still to come of calls that have begun, by time.
#[derive(Debug, Default)]
pub struct Ahead {
    happenings: BTreeMap<(TimeUs, u64), Happening>,
    count: u64,
}

#[derive(Debug)]
enum Happening {
    Seen(Box<CallEvent>),
    Said(CallRef, Judgement),
}

/// What has been loaded.
#[derive(Debug, Default)]
pub struct Loaded {
    /// How many calls have begun.
    pub calls: usize,
    /// How many events.
    pub events: usize,
    /// A long enough call of late of which nothing has been said yet.
    pub unjudged: Option<CallRef>,
    /// The rest of the calls that still run.
    pub ahead: Ahead,
}

impl Ahead {
    fn add(&mut self, at: TimeUs, happening: Happening) {
        self.happenings.insert((at, self.count), happening);
        self.count += 1;
    }

    /// Adds what is to come of a call.
    fn begin(&mut self, call: DemoCall) {
        for event in call.events {
            self.add(event.at, Happening::Seen(Box::new(event)));
        }
        for judgement in call.judgements {
            self.add(judgement.at, Happening::Said(call.call, judgement));
        }
    }

    /// Takes what has happened by now.
    fn take_until(&mut self, now: TimeUs) -> Vec<Happening> {
        let later = self.happenings.split_off(&(now.plus_us(1), 0));
        std::mem::replace(&mut self.happenings, later)
            .into_values()
            .collect()
    }
}

/// Loads calls day by day, folding each before the next, so that a day is held to what was usual
/// before it, as it would have been on a server that had been there all the time. Nobody else
/// should fold meanwhile.
///
/// # Errors
/// As the store's.
pub async fn load(app: &App, calls: impl Iterator<Item = DemoCall>) -> Result<Loaded> {
    let now = app.clock.now();
    let mut worker = CatchUp::new(app.clone());
    let mut loaded = Loaded::default();
    let mut day = i64::MIN;
    let mut batch = Vec::with_capacity(BATCH);
    let mut said: Vec<(CallRef, Vec<Judgement>)> = Vec::new();
    for call in calls {
        let is_new_day = call.started_at.day() > day;
        if is_new_day || batch.len() >= BATCH {
            app.store.append(std::mem::take(&mut batch)).await?;
        }
        if is_new_day {
            worker.drain().await?;
            day = call.started_at.day();
        }
        if call.created_at < now {
            loaded.calls += 1;
        }
        let is_settled = call.ended_at.plus_us(120 * SECOND_US) < now;
        let is_long = call.ended_at.since_us(call.started_at) > 60 * SECOND_US;
        if is_settled && is_long && call.judgements.is_empty() {
            loaded.unjudged = Some(call.call);
        }
        let (seen, to_see): (Vec<_>, Vec<_>) =
            call.events.into_iter().partition(|event| event.at < now);
        let (spoken, to_say): (Vec<_>, Vec<_>) = call
            .judgements
            .into_iter()
            .partition(|judgement| judgement.at < now);
        loaded.events += seen.len();
        batch.extend(seen.into_iter().map(|event| NewEvent {
            received_at: event.at,
            event,
        }));
        said.push((call.call, spoken));
        loaded.ahead.begin(DemoCall {
            events: to_see,
            judgements: to_say,
            ..call
        });
    }
    app.store.append(batch).await?;
    worker.drain().await?;
    say(app, &said).await?;
    Ok(loaded)
}

/// Writes what was said of calls; of each call in its order.
async fn say(app: &App, said: &[(CallRef, Vec<Judgement>)]) -> Result<()> {
    for some in said.chunks(JUDGED_AT_ONCE) {
        let mut tasks = JoinSet::<Result<()>>::new();
        for (call, judgements) in some.iter().cloned() {
            let app = app.clone();
            tasks.spawn(async move {
                for judgement in judgements {
                    judge(&app, call, judgement).await?;
                }
                Ok(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            // A task that panicked has said so itself.
            done.unwrap_or(Ok(()))?;
        }
    }
    Ok(())
}

/// Lets calls go on, and new ones begin, until a stop is asked for.
pub async fn play(
    app: App,
    mut ahead: Ahead,
    stories: impl Iterator<Item = (TimeUs, Vec<DemoCall>)>,
    mut stop: watch::Receiver<bool>,
) {
    let mut stories = stories.peekable();
    loop {
        let now = app.clock.now();
        while let Some((_, calls)) = stories.next_if(|(begins, _)| *begins <= now) {
            calls.into_iter().for_each(|call| ahead.begin(call));
        }
        if let Err(error) = happen(&app, ahead.take_until(now), now).await {
            tracing::error!(%error, "a made-up event was lost");
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
}

/// When the SIP site's calls of a demo that begins now begin.
#[must_use]
pub fn site_begins_at(now: TimeUs) -> TimeUs {
    now.plus_us(-SITE_US)
}

/// Gives the packets that a SIP site's agents mirror to the collector, as if they came over UDP,
/// until a stop is asked for.
pub async fn mirror(
    app: App,
    account: AccountSid,
    calls: impl Iterator<Item = SiteCall>,
    mut stop: watch::Receiver<bool>,
) {
    let mut calls = calls.peekable();
    let mut ahead: BTreeMap<(TimeUs, u64), Vec<u8>> = BTreeMap::new();
    let mut count = 0;
    let mut collector = Collector::new(app.clone());
    let mut batch = PacketBatch::new(Transport::Udp);
    batch.account = Some(account);
    loop {
        let now = app.clock.now();
        while let Some(call) = calls.next_if(|call| call.begins_at <= now) {
            for (at, packet) in call.packets {
                ahead.insert((at, count), packet);
                count += 1;
            }
        }
        let later = ahead.split_off(&(now.plus_us(1), 0));
        let captured: Vec<_> = std::mem::replace(&mut ahead, later).into_values().collect();
        for some in captured.chunks(BATCH_PACKETS) {
            batch.clear();
            batch.received_at = now;
            for packet in some {
                batch.push(SITE, Kind::Hep, packet);
            }
            if let Err(error) = collector.take(&batch).await {
                tracing::error!(%error, "made-up packets were lost");
            }
        }
        if let Err(error) = collector.tick().await {
            tracing::error!(%error, "made-up packets were lost");
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    if let Err(error) = collector.finish().await {
        tracing::error!(%error, "the last made-up packets were lost");
    }
}

async fn happen(app: &App, happenings: Vec<Happening>, now: TimeUs) -> Result<()> {
    let mut events = Vec::new();
    let mut said = Vec::new();
    for happening in happenings {
        match happening {
            Happening::Seen(event) => events.push(NewEvent {
                event: *event,
                received_at: now,
            }),
            Happening::Said(call, judgement) => said.push((call, judgement)),
        }
    }
    if !events.is_empty() {
        app.store.append(events).await?;
    }
    for (call, judgement) in said {
        judge(app, call, judgement).await?;
    }
    Ok(())
}

async fn judge(app: &App, call: CallRef, judgement: Judgement) -> Result<()> {
    let change = Annotate {
        author: judgement.author,
        by: call.account.to_string(),
        patch: Some(judgement.patch),
        if_revision: None,
        now: judgement.at,
        accept_unknown: false,
    };
    let scope = Scope {
        account: call.account,
    };
    app.store.annotate(scope, call.sid, change).await?;
    Ok(())
}
