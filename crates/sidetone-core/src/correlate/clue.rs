//! What a packet tells about which call it belongs to.

use std::net::SocketAddr;

use crate::id::{AccountSid, CallSid};
use crate::time::{SECOND_US, TimeUs};

/// How far the clocks of agents may be apart, and from ours, and still be right.
pub(super) const CLOCKS_OFF_US: i64 = 2 * SECOND_US;

/// What a SIP message does to its dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialogStep {
    /// It asks for it.
    Begins,
    /// It accepts it.
    Accepts,
    /// It refuses an INVITE: that for the dialog, or one within it.
    Refuses,
    /// It ends it.
    Ends,
    /// None of these.
    Other,
}

/// When a packet was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// By its agent's clock.
    pub at: TimeUs,
    /// When it came; the same as `at` where it did not come as it was seen.
    pub received_at: TimeUs,
}

impl Seen {
    /// Whether the agent's clock may be wrong.
    pub(super) const fn is_off(self) -> bool {
        self.at.since_us(self.received_at).saturating_abs() > CLOCKS_OFF_US
    }
}

/// What a SIP message tells about which call it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct SipClue<'a> {
    /// Whose network it was seen in.
    pub account: AccountSid,
    /// Call-ID.
    pub call_id: &'a str,
    /// The call a trusted header names.
    pub sid: Option<CallSid>,
    /// What it does to its dialog.
    pub step: DialogStep,
    /// When it was seen.
    pub seen: Seen,
    /// Where its sender wants RTCP.
    pub rtcp: &'a [SocketAddr],
    /// Sources its sender announces.
    pub ssrcs: &'a [u32],
}

/// What an RTCP packet, or a phone's report, tells about which call it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct MediaClue<'a> {
    /// Whose network it was seen in.
    pub account: AccountSid,
    /// The Call-ID its agent gives it, or whatever else that agent calls it.
    pub correlation_id: Option<&'a str>,
    /// Where it came from and where it went.
    pub addresses: &'a [SocketAddr],
    /// Its sender, and the sources it is about.
    pub ssrcs: &'a [u32],
    /// When it was seen.
    pub seen: Seen,
    /// What may tell.
    pub evidence: Evidence,
}

/// What may tell whose a report is, when its name is no Call-ID that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing: messages that were seen before it may still come, and tell otherwise.
    CallId,
    /// Addresses and sources, unless its name may be the Call-ID of a call that will begin.
    Known,
    /// Addresses and sources: nothing better will come.
    All,
}
