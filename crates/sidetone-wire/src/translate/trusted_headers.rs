//! Headers that count by who sent the message: callers write what they like.

use std::net::IpAddr;

use sidetone_core::correlate::sip_call_sid;
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::network::Network;

use crate::sip::Message;

/// Headers that count by who sent the message.
#[derive(Debug, Clone, Default)]
pub struct TrustedHeaders {
    /// Headers that hold a call's CallSid.
    pub call_sid: Vec<String>,
    /// Headers that hold the Call-ID of the call on the other side of a back-to-back user agent.
    pub parent: Vec<String>,
    /// Senders of messages whose headers count. Nobody else's do: callers write what they like.
    pub sources: Vec<Network>,
    /// Senders of messages whose `verstat` counts; `None`: everybody.
    pub verstat_sources: Option<Vec<Network>>,
}

/// What the headers of a message name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Names {
    /// The call.
    pub call: Option<CallSid>,
    /// The call on the other side.
    pub parent: Option<CallSid>,
}

impl TrustedHeaders {
    /// What a message's headers name, if its sender is believed.
    #[must_use]
    pub fn read(&self, message: &Message<'_>, sender: IpAddr, account: AccountSid) -> Names {
        if !is_in(&self.sources, sender) {
            return Names::default();
        }
        let value = |names: &[String]| {
            let found = names.iter().find_map(|name| message.header(name));
            found.map(|value| crate::sip::text(value).trim().to_owned())
        };
        Names {
            call: value(&self.call_sid).and_then(|sid| sid.parse().ok()),
            parent: value(&self.parent)
                .filter(|name| !name.is_empty())
                .map(|name| sip_call_sid(account, &name)),
        }
    }

    /// Whether a sender's word about the verification of callers counts.
    #[must_use]
    pub fn believes_verstat_of(&self, sender: IpAddr) -> bool {
        let sources = self.verstat_sources.as_ref();
        sources.is_none_or(|sources| is_in(sources, sender))
    }
}

fn is_in(ranges: &[Network], sender: IpAddr) -> bool {
    ranges.iter().any(|range| range.contains(sender))
}

#[cfg(test)]
mod tests;
