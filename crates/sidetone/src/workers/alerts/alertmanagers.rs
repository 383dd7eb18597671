//! Tells Alertmanagers each minute how alerts are: there, one that is not told again is over.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use sidetone_core::id::{AccountSid, SinkSid};
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_store::alerts::Alert;
use tokio::task::JoinSet;

use super::led::Led;
use super::written::said;
use crate::app::App;
use crate::delivery::receiver::tell_alertmanager;
use crate::outgoing::client::Client;

/// How often they are told.
const EVERY: Duration = Duration::from_secs(60);
/// How long they are told that an alert is over, µs.
const OVER_US: i64 = 300 * SECOND_US;
/// How long one may take to answer.
const TIME_OUT: Duration = Duration::from_secs(15);
/// So many are told at once.
const AT_ONCE: usize = 256;

/// Who was told when.
#[derive(Default)]
pub(super) struct Alertmanagers {
    told_at: Option<Duration>,
    telling: JoinSet<(SinkSid, bool)>,
    busy: HashSet<SinkSid>,
    /// Receivers that are none.
    others: HashSet<SinkSid>,
}

impl Alertmanagers {
    /// Tells them, if it is time. Receivers of other kinds are told by the outbox alone.
    pub(super) fn tell(&mut self, app: &App, led: &mut Led, now: TimeUs) {
        while let Some(ended) = self.telling.try_join_next() {
            match ended {
                Ok((sink, is_one)) => {
                    self.busy.remove(&sink);
                    if !is_one {
                        self.others.insert(sink);
                    }
                }
                // One that panicked is not known by name.
                Err(_) => self.busy.clear(),
            }
        }
        let passed = app.clock.passed();
        if self.told_at.is_some_and(|at| passed < at + EVERY) {
            return;
        }
        self.told_at = Some(passed);
        let is_recent = |it: &Alert| it.resolved_at.is_some_and(|at| now.since_us(at) < OVER_US);
        led.over.retain(is_recent);
        let mut by_receiver: HashMap<(AccountSid, SinkSid), Vec<Alert>> = HashMap::new();
        let open = led.open.values().flat_map(HashMap::values);
        for alert in open.map(|open| &open.alert).chain(&led.over) {
            for receiver in said(alert).map_or_else(Vec::new, |about| match about.is_told {
                true => about.receivers,
                false => Vec::new(),
            }) {
                let told = by_receiver.entry((alert.account, receiver)).or_default();
                told.push(alert.clone());
            }
        }
        for ((account, sink), alerts) in by_receiver {
            let is_other = self.others.contains(&sink);
            if !is_other && self.busy.len() < AT_ONCE && self.busy.insert(sink) {
                self.telling.spawn(tell(app.clone(), account, sink, alerts));
            }
        }
    }
}

/// Tells a receiver. Says which, and whether it is an Alertmanager.
async fn tell(app: App, account: AccountSid, sink: SinkSid, alerts: Vec<Alert>) -> (SinkSid, bool) {
    let client = Client::new(app.config.webhook_allow_private, TIME_OUT);
    let told = tell_alertmanager(&app, &client, account, sink, &alerts).await;
    let is_one = told.unwrap_or_else(|error| {
        tracing::warn!(
            sink.sid = %sink, %error,
            "an Alertmanager was not told how alerts are; it will be in a minute"
        );
        true
    });
    (sink, is_one)
}
