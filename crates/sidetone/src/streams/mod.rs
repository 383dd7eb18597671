//! What can be streamed to sinks, and how sinks and subscriptions are set up. No I/O.

pub mod attempts;
pub mod backlogs;
pub mod cloud_event;
pub mod configuration;
pub mod event_type;
pub mod otlp;
pub mod outlets;
pub mod selection;

/// What a test of a sink is called in the outbox.
pub const TEST: &str = "test-event";
