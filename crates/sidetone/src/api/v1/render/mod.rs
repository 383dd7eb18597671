//! The JSON of Insights v1, apart from what a call is: names, nulls and shapes are the wire's.
//!
//! Everything here borrows: the summary and annotation of a call are written without being copied.

pub mod annotation;
pub mod counters;
pub mod edge;
pub mod event;
pub mod imported;
pub mod ladder;
pub mod metric;
pub mod party;
pub mod sip_event;
pub mod summary;
pub mod tag_reasons;
pub mod template;
pub mod trust;

use std::fmt;

use serde::{Serialize, Serializer};
use sidetone_core::id::CallSid;
use sidetone_core::time::TimeUs;

/// A time as v1 writes it: whole seconds, UTC. A fraction would make the Python library hand out
/// text.
#[derive(Debug, Clone, Copy)]
pub struct Seconds(pub TimeUs);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_seconds_text())
    }
}

/// The absolute URL of a call or of something of it.
#[derive(Debug, Clone, Copy)]
pub struct CallUrl<'a> {
    /// Where clients reach us.
    pub base: &'a str,
    /// The call.
    pub sid: CallSid,
    /// What of it: `/Annotation`; empty for the call itself.
    pub part: &'static str,
}

impl fmt::Display for CallUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, sid, part } = self;
        write!(f, "{base}/v1/Voice/{sid}{part}")
    }
}

impl Serialize for CallUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The URL that a summary carries.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub enum SummaryUrl<'a> {
    /// Its own.
    Own(CallUrl<'a>),
    /// That of the list it is an item of.
    List(&'a str),
}

#[cfg(test)]
mod tests;
