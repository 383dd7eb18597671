//! Being woken when there is something to do.

use tokio::sync::watch;

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Calls that are to be folded.
    Calls,
    /// Summaries of feedback that are to be made.
    FeedbackSummaries,
    /// Deliveries that are to be sent.
    Deliveries,
    /// Changes that somebody follows.
    Changes,
    /// The operator's rules that were published.
    Rules,
    /// What is streamed: sinks and subscriptions.
    Streams,
    /// Rules of alerts.
    Alerts,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Calls,
        Self::FeedbackSummaries,
        Self::Deliveries,
        Self::Changes,
        Self::Rules,
        Self::Streams,
        Self::Alerts,
    ];
}

/// Wake-ups.
pub trait Wakeups: Send + Sync {
    /// Changes after something was committed, by whatever handle of this process at least, because
    /// of which there may be work of this topic. A hint: what others wrote, and what becomes due
    /// because time passes, is found by looking now and then.
    fn wakeups(&self, topic: Topic) -> watch::Receiver<u64>;
}
