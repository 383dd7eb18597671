//! Which call an observation is of.
//!
//! Most sources name the call, each in its own way: [`call_sid`] and [`sip_call_sid`] tell which it
//! is. They are functions of the name, so that any node, and the user's own application, computes
//! the same.
//!
//! Packets of a mirrored network often name no call, or by a name of their agent's own. The
//! [`Correlator`] tells which it is by the packets before: **it keeps state** between one packet
//! and the next, the only thing here that does. It remembers calls and where their media goes
//! ([`Tracker`]), and lets packets wait for what explains them; both are bounded, and both pass
//! with the time that it is told.

mod calls;
mod clue;
mod correlator;
mod holders;
mod keys;
mod limits;
mod mirrored;
mod name;
mod tracker;
mod waiting;

pub use clue::{DialogStep, Evidence, MediaClue, Seen, SipClue};
pub use correlator::{Correlator, Fate, Found, Owned};
pub use limits::{Limits, WAIT_US};
pub use mirrored::{Content, Mirrored};
pub use name::{CallKey, call_sid, sdk_call_sid, sip_call_sid};
pub use tracker::Tracker;
