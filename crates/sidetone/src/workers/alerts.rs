//! Holds calls to rules: counts calls as they end, and writes alerts when a rule is broken, with what is
//! to be delivered because of it.
//!
//! One node does it for all. What is counted is in memory, and read from the store anew after a start;
//! how each alert stands is in the store.

mod alertmanagers;
mod calls;
mod compared;
mod health;
mod led;
mod moves;
mod streamed;
mod written;

use std::time::Duration;

use sidetone_core::time::TimeUs;
use sidetone_store::{Result, Topic};
use tokio::sync::watch;

use self::alertmanagers::Alertmanagers;
use self::led::Led;
use crate::app::App;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::WorkerName;

/// How often rules are evaluated.
const EVALUATED: Duration = Duration::from_secs(1);
/// How often while changes of calls wait to be counted.
const BEHIND: Duration = Duration::from_secs(5);
/// How long this node is the one that evaluates, once it is, without saying so again.
const LEAD_US: i64 = 15_000_000;
/// What comes so soon after one another is taken together.
const GATHERED: Duration = Duration::from_millis(100);

/// Holds calls to rules.
pub struct HoldToRules {
    app: App,
    /// Rings when rules change.
    changed: watch::Receiver<u64>,
    /// `None`: another node evaluates, or nobody is known to.
    led: Option<Led>,
    evaluated_at: Option<Duration>,
    alertmanagers: Alertmanagers,
}

impl Worker for HoldToRules {
    const NAME: WorkerName = WorkerName::Alerts;
    const TOPIC: Option<Topic> = Some(Topic::Changes);
    // It reads calls, and counts them.
    const IS_HEAVY: bool = true;

    fn idle(&self) -> Duration {
        EVALUATED
    }

    fn debounce(&self) -> Duration {
        GATHERED
    }

    async fn round(&mut self, now: TimeUs) -> Result<Next> {
        if !self
            .app
            .store
            .lead_alerts(now, now.plus_us(LEAD_US))
            .await?
        {
            self.led = None;
            return Ok(Next::Idle);
        }
        let app = self.app.clone();
        // While calls keep coming, nothing else wakes this worker.
        if self.changed.has_changed().unwrap_or(false) {
            self.changed.mark_unchanged();
            if let Some(led) = &mut self.led {
                led.are_rules_read = false;
            }
        }
        let led = self
            .led
            .get_or_insert_with(|| Led::new(self.app.config.lifecycle.settle_us));
        led.read(&app, now).await?;
        if led.rules.is_empty() && led.open.is_empty() {
            led.calls.stop(&app).await?;
            return Ok(Next::Idle);
        }
        let is_behind = led.calls.follow(&app, &mut led.watches, now).await?;
        if std::mem::take(&mut led.calls.has_erased) {
            led.are_alerts_read = false;
        }
        let passed = app.clock.passed();
        // Of what is not counted yet nothing is concluded, as long as that is soon.
        let pause = if is_behind { BEHIND } else { EVALUATED };
        if self.evaluated_at.is_none_or(|at| passed >= at + pause) {
            self.evaluated_at = Some(passed);
            led.compare(&app, now).await?;
            led.evaluate(&app, now).await?;
            self.alertmanagers.tell(&app, led, now);
        }
        Ok(if is_behind {
            Next::After(Duration::ZERO)
        } else {
            Next::Idle
        })
    }

    async fn woken(&mut self) {
        // Its other end lives as long as the store.
        let _ = self.changed.changed().await;
        if let Some(led) = &mut self.led {
            led.are_rules_read = false;
        }
    }
}

impl HoldToRules {
    /// A worker that knows no rules yet.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self {
            changed: app.store.wakeups(Topic::Alerts),
            app,
            led: None,
            evaluated_at: None,
            alertmanagers: Alertmanagers::default(),
        }
    }
}
