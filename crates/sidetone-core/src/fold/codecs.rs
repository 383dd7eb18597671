//! The codecs that were agreed on at an edge, each from its answer on: a re-INVITE can change it.

use std::collections::BTreeMap;

use super::clock::Clock;
use super::legs::Leg;
use crate::sip::{Codec, Media, SipMessage};
use crate::time::TimeUs;

/// The codecs of one leg.
#[derive(Debug)]
pub(super) struct Codecs {
    clock: Clock,
    /// In the order of time; none when no answer was seen.
    agreed: Vec<(TimeUs, Codec)>,
    /// The first one that anybody named.
    offered: Option<Codec>,
}

impl Codecs {
    pub(super) fn of(leg: &Leg<'_>) -> Self {
        let agreed = leg.messages.iter().filter(|seen| seen.message.answers());
        Self {
            clock: leg.clock.clone(),
            agreed: agreed
                .filter_map(|seen| Some((seen.at, codec(seen.message)?)))
                .collect(),
            offered: leg.messages.iter().find_map(|seen| codec(seen.message)),
        }
    }

    /// The one in force at a time of the leg: that of the last answer by then. What was received
    /// before the first answer is early media, of the codec that is agreed on next.
    pub(super) fn at(&self, at: TimeUs) -> Option<&Codec> {
        let by_then = self.agreed.iter().rev().find(|(since, _)| *since <= at);
        let agreed = by_then.or_else(|| self.agreed.first());
        agreed.map(|(_, codec)| codec).or(self.offered.as_ref())
    }

    /// The one in force when a report was made that these agents saw.
    pub(super) fn when_seen(&self, seen: &BTreeMap<u32, TimeUs>) -> Option<&Codec> {
        self.at(self.clock.time(seen)?)
    }
}

fn codec(message: &SipMessage) -> Option<Codec> {
    let of = |media: &Media| media.codec.clone().filter(|_| media.kind == "audio");
    message.media.iter().find_map(of)
}
