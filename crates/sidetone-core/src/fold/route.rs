//! Which leg and which edge of a call a packet belongs to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use super::legs::{End, Leg, Legs};
use super::media_ends::{MediaEnd, MediaEnds, PartyEdge};
use super::parties::kind_of;
use crate::capture::Capture;
use crate::rtcp::RtcpReport;
use crate::time::TimeUs;
use crate::vocabulary::EdgeKind;
use crate::vq::VqReport;

closed_set!(
    /// A leg, by the party at its end.
    LegName {
        /// Between the caller and the platform; all there is when only one leg was seen.
        Caller = "caller",
        /// Between the platform and a callee.
        Callee = "callee",
    }
);

/// The legs of a call, with the addresses that packets are known by.
#[derive(Debug)]
pub struct Route {
    hops: Vec<Hop>,
    media_ends: MediaEnds,
    kinds: (EdgeKind, EdgeKind),
}

/// Where a packet belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The leg it was on.
    pub leg: LegName,
    /// The edge that leg is at.
    pub edge: EdgeKind,
}

/// The signalling of one leg.
#[derive(Debug)]
pub struct Hop {
    /// What it is.
    pub spot: Spot,
    /// The agent whose clock its times are of.
    pub agent: u32,
    /// The party's end.
    pub party: SocketAddr,
    /// The platform's end.
    pub platform: SocketAddr,
    call_id: String,
    /// Of the transactions that were seen on its leg.
    branches: Arc<BTreeSet<String>>,
}

impl Route {
    pub(super) fn of(legs: &Legs<'_>, media_ends: MediaEnds, kinds: (EdgeKind, EdgeKind)) -> Self {
        let callees = legs.callees.iter().chain(&legs.elsewhere);
        let callees = callees.flat_map(|leg| hops(leg, LegName::Callee, End::Server, kinds.1));
        let mut all = hops(&legs.caller, LegName::Caller, End::Client, kinds.0);
        all.extend(callees);
        Self {
            hops: all,
            media_ends,
            kinds,
        }
    }

    /// The signalling of the legs that end at a party, the caller's first.
    #[must_use]
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// The leg a SIP message was on: that of its transaction, else that of its addresses, else the
    /// only one between these hosts. `None`: it was seen between parts of the platform.
    #[must_use]
    pub fn of_sip(&self, call_id: &str, branch: Option<&str>, capture: &Capture) -> Option<&Hop> {
        let of_dialog = || self.hops.iter().filter(|hop| hop.call_id == call_id);
        let is_exact = |hop: &&Hop| hop.carries(capture, |one, other| one == other);
        let of_transaction = || {
            let branch = branch?;
            let own = || of_dialog().filter(|hop| hop.branches.contains(branch));
            own().find(is_exact).or_else(|| own().next())
        };
        of_transaction()
            .or_else(|| of_dialog().find(is_exact))
            .or_else(|| {
                let same_host = |one: SocketAddr, other: SocketAddr| one.ip() == other.ip();
                let mut near = of_dialog().filter(|hop| hop.carries(capture, same_host));
                near.next().filter(|_| near.next().is_none())
            })
    }

    /// The signalling of a leg between two addresses, for a call that was tried at several.
    #[must_use]
    pub fn hop(&self, spot: Spot, one: SocketAddr, other: SocketAddr) -> Option<&Hop> {
        let between = |hop: &&Hop| [one.ip(), other.ip()].contains(&hop.party.ip());
        let mut of_leg = self.hops.iter().filter(|hop| hop.spot == spot);
        of_leg.find(between)
    }

    /// The leg whose media an RTCP report is about, at the end that its sender is at.
    #[must_use]
    pub fn of_rtcp(&self, report: &RtcpReport) -> Option<Spot> {
        let media_end = self.media_ends.of_report(report.ssrc, &report.capture);
        media_end.map(|media_end| self.spot(media_end))
    }

    /// The leg of a phone.
    #[must_use]
    pub fn of_phone(&self, report: &VqReport) -> Option<Spot> {
        let media_end = self.media_ends.of_phone(report.local_ssrc, report.local_ip);
        media_end.map(|media_end| self.spot(media_end))
    }

    /// Ticks in a millisecond of the clock that jitter at an edge is told in when an agent sees it
    /// told, when the codec is known.
    #[must_use]
    pub fn clock_khz(&self, spot: Spot, agent: u32, at: TimeUs) -> Option<f64> {
        let codecs = self.media_ends.codecs(spot.leg.into());
        let codec = codecs.when_seen(&BTreeMap::from([(agent, at)]))?;
        (codec.clock_hz > 0).then(|| f64::from(codec.clock_hz) / 1_000.0)
    }

    /// The agent whose clock times of a leg are of.
    #[must_use]
    pub fn clock(&self, spot: Spot) -> Option<u32> {
        let mut hops = self.hops.iter();
        hops.find(|hop| hop.spot == spot).map(|hop| hop.agent)
    }

    const fn spot(&self, media_end: MediaEnd) -> Spot {
        Spot {
            leg: match media_end.edge {
                PartyEdge::Caller => LegName::Caller,
                PartyEdge::Callee => LegName::Callee,
            },
            edge: kind_of(self.kinds, media_end.edge),
        }
    }
}

impl From<LegName> for PartyEdge {
    fn from(leg: LegName) -> Self {
        match leg {
            LegName::Caller => Self::Caller,
            LegName::Callee => Self::Callee,
        }
    }
}

impl Hop {
    fn carries(&self, capture: &Capture, same: impl Fn(SocketAddr, SocketAddr) -> bool) -> bool {
        let (one, other) = (capture.source, capture.destination);
        (same(self.party, one) && same(self.platform, other))
            || (same(self.party, other) && same(self.platform, one))
    }
}

/// The ways a leg was tried, that which decides first.
fn hops(leg: &Leg<'_>, name: LegName, party: End, edge: EdgeKind) -> Vec<Hop> {
    let mut ways: Vec<(SocketAddr, SocketAddr)> = Vec::new();
    for way in leg.ways() {
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    let branches = Arc::new(leg.branches().map(str::to_owned).collect());
    let hop = |(client, server)| {
        let (party, platform) = match party {
            End::Client => (client, server),
            End::Server => (server, client),
        };
        Hop {
            spot: Spot { leg: name, edge },
            agent: leg.clock.agent,
            party,
            platform,
            call_id: leg.attempt().request().call_id.to_owned(),
            branches: Arc::clone(&branches),
        }
    };
    ways.into_iter().map(hop).collect()
}
