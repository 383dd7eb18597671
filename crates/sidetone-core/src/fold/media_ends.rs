//! Which party of a call an RTCP report comes from, by the addresses and sources that the
//! signalling names.

use std::net::{IpAddr, SocketAddr};

use super::codecs::Codecs;
use super::legs::{End, Leg, Legs};
use crate::capture::Capture;
use crate::sip::Media;

/// One end of one leg: a party's telephone, or the platform between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MediaEnd {
    /// Which edge of the platform the leg is at.
    pub(super) edge: PartyEdge,
    /// Whether it is the party's end.
    pub(super) is_party: bool,
}

/// An edge of the platform, by the party it is towards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PartyEdge {
    Caller,
    Callee,
}

/// The ends of a call, with what is known of each.
#[derive(Debug)]
pub(super) struct MediaEnds {
    ends: Vec<KnownEnd>,
    caller_codecs: Codecs,
    callee_codecs: Codecs,
}

#[derive(Debug)]
struct KnownEnd {
    media_end: MediaEnd,
    signaling: IpAddr,
    rtcp: Vec<SocketAddr>,
    ssrcs: Vec<u32>,
}

impl MediaEnds {
    pub(super) fn of(legs: &Legs<'_>) -> Self {
        let mut ends = Vec::new();
        add_leg(&mut ends, &legs.caller, PartyEdge::Caller, End::Client);
        if !legs.is_direct() {
            add_leg(&mut ends, legs.callee(), PartyEdge::Callee, End::Server);
        }
        Self {
            ends,
            caller_codecs: Codecs::of(&legs.caller),
            callee_codecs: Codecs::of(legs.callee()),
        }
    }

    /// Whether a leg at an edge was seen.
    pub(super) fn has(&self, edge: PartyEdge) -> bool {
        self.ends.iter().any(|end| end.media_end.edge == edge)
    }

    /// The codecs that were agreed on at an edge.
    pub(super) const fn codecs(&self, edge: PartyEdge) -> &Codecs {
        match edge {
            PartyEdge::Caller => &self.caller_codecs,
            PartyEdge::Callee => &self.callee_codecs,
        }
    }

    /// Who sent a report: whoever asked for RTCP where it came from or sends it to whoever asked
    /// for it where it went; else who announced its source; else who signals from the same host, if
    /// only one does.
    pub(super) fn of_report(&self, ssrc: u32, capture: &Capture) -> Option<MediaEnd> {
        let by_address = |address: SocketAddr| self.only(|end| end.rtcp.contains(&address));
        by_address(capture.source)
            .or_else(|| by_address(capture.destination).map(MediaEnd::peer))
            .or_else(|| self.only(|end| end.ssrcs.contains(&ssrc)))
            .or_else(|| self.only(|end| end.signaling == capture.source.ip()))
    }

    /// Who has this address or announced this source, for a phone's own report.
    pub(super) fn of_phone(&self, ssrc: Option<u32>, ip: Option<IpAddr>) -> Option<MediaEnd> {
        let is_party = |end: &KnownEnd| end.media_end.is_party;
        self.only(|end| ssrc.is_some_and(|ssrc| end.ssrcs.contains(&ssrc)))
            .or_else(|| {
                self.only(|end| {
                    is_party(end)
                        && ip.is_some_and(|ip| {
                            end.signaling == ip || end.rtcp.iter().any(|rtcp| rtcp.ip() == ip)
                        })
                })
            })
    }

    fn only(&self, fits: impl Fn(&KnownEnd) -> bool) -> Option<MediaEnd> {
        let mut fitting = self.ends.iter().filter(|end| fits(end));
        let media_end = fitting.next()?.media_end;
        fitting
            .all(|end| end.media_end == media_end)
            .then_some(media_end)
    }
}

impl MediaEnd {
    /// The other end of the leg.
    const fn peer(self) -> Self {
        Self {
            is_party: !self.is_party,
            ..self
        }
    }
}

fn add_leg(ends: &mut Vec<KnownEnd>, leg: &Leg<'_>, edge: PartyEdge, party: End) {
    for end in [party, party.other()] {
        let media = || leg.media_of(end);
        ends.push(KnownEnd {
            media_end: MediaEnd {
                edge,
                is_party: end == party,
            },
            signaling: match end {
                End::Client => leg.client.ip(),
                End::Server => leg.server.ip(),
            },
            rtcp: media().flat_map(Media::rtcp_taken).collect(),
            ssrcs: media()
                .flat_map(|media| media.ssrcs.iter().copied())
                .collect(),
        });
    }
}
