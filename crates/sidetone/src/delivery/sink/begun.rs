//! Requests to sinks as they are remembered for people who look.

use std::time::Duration;

use sidetone_core::id::CallSid;
use sidetone_core::time::TimeUs;
use sidetone_store::delivery::Delivery;

use crate::app::App;
use crate::delivery::sending::{Undelivered, retry_at};
use crate::streams::attempts::{Attempt, AttemptResult, AttemptedEvent, EVENTS_MAX};
use crate::streams::event_type::EventType;
use crate::streams::outlets::Outlet;

/// A request that was taken.
pub(super) struct Arrived {
    /// What it was answered.
    pub(super) status: u16,
    /// What of it was not taken all the same, for people.
    pub(super) but: Option<String>,
}

/// A request that has begun.
pub(super) struct Begun {
    at: TimeUs,
    passed: Duration,
    bytes: usize,
}

impl Begun {
    pub(super) fn now(app: &App, bytes: usize) -> Self {
        Self {
            at: app.clock.now(),
            passed: app.clock.passed(),
            bytes,
        }
    }

    /// Remembers how it ended.
    pub(super) fn end(
        self,
        app: &App,
        outlet: &Outlet,
        deliveries: &[Delivery],
        arrived: Result<&Arrived, &Undelivered>,
    ) {
        let now = app.clock.now();
        let (result, status) = match arrived {
            Ok(arrived) => (AttemptResult::Delivered, Some(arrived.status)),
            Err(failure) => {
                let pause = failure.pause(now);
                let is_dead = |it: &Delivery| retry_at(it, it.id, failure, pause, now).is_none();
                let result = match deliveries.iter().any(is_dead) {
                    true => AttemptResult::Dead,
                    false => AttemptResult::Failed,
                };
                (result, failure.status())
            }
        };
        let events = deliveries.iter().take(EVENTS_MAX).map(|it| AttemptedEvent {
            id: it.id,
            kind: it.kind.clone(),
            call: EventType::of_kind(&it.kind)
                .filter(|kind| kind.schema().is_of_call())
                .and(it.subject)
                .map(CallSid::from_bytes),
            attempt: it.attempts.saturating_add(1),
        });
        let attempt = Attempt {
            at: self.at,
            took: app.clock.passed().saturating_sub(self.passed),
            result,
            status,
            error: match arrived {
                Ok(arrived) => arrived.but.clone(),
                Err(failure) => Some(failure.to_string()),
            },
            bytes: self.bytes,
            event_count: deliveries.len(),
            events: events.collect(),
        };
        app.streams.attempts.note(outlet.sink, attempt);
    }
}
