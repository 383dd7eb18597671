//! From the events of one call to its summary.
//!
//! [`FoldState`] is what has been learnt so far. Every part of it is joined by taking the greater
//! of two, the earlier of two, or the union of two: operations that do not care for order,
//! duplicates or how the events were split. What must be summed (packets of a report, events of an
//! SDK) is kept by the event's key and summed when the summary is made, in the order of the keys,
//! so even sums of fractions come out the same to the bit.

mod assemble;
mod attempts;
mod cap;
mod cause;
mod clock;
mod codecs;
mod combine;
mod derived;
mod dialog;
mod disposition;
mod figures;
mod hearing;
mod hops;
mod imported;
pub mod ladder;
mod leg;
mod legs;
mod mean;
mod media;
mod media_ends;
mod outcome;
mod pairs;
mod parties;
mod plausible;
mod progress;
mod proof;
mod received;
mod receivers;
mod reports;
mod route;
mod rtp;
mod sdk;
mod sent;
mod series;
mod side;
mod sip;
mod source;
mod sources;
mod state;
mod steps;
#[cfg(test)]
mod tests;
mod timeline;
mod totals;
mod transactions;
mod trips;
mod trust;
pub mod warnings;
mod ways;

use crate::event::CallEvent;
use crate::id::CallRef;
use crate::rules::Rules;
use crate::summary::CallSummary;
pub use assemble::Findings;
pub use derived::Derived;
pub use route::{LegName, Route};
pub use state::{FOLD_VERSION, FoldState};

/// The summary of a call whose events are all at hand, in whatever order.
#[must_use]
pub fn fold<'a>(
    call: CallRef,
    events: impl IntoIterator<Item = &'a CallEvent>,
    rules: &Rules,
) -> CallSummary {
    let mut state = FoldState::default();
    for event in events {
        state.add(event);
    }
    state.summary(call, rules)
}
