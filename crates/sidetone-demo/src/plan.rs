//! Everything that is decided about one call before a single event of it is made.

use sidetone_core::facts::{EdgeFacts, PartyFacts, TrustFacts};
use sidetone_core::id::CallSid;
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_core::vocabulary::{AnsweredBy, CallDirection, CallType, EdgeKind};

use super::agents::Agent;
use super::routes::Conditions;

/// A call as it will go.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) sid: CallSid,
    pub(super) parent: Option<CallSid>,
    pub(super) call_type: CallType,
    pub(super) direction: CallDirection,
    pub(super) from: PartyFacts,
    pub(super) to: PartyFacts,
    /// When it was asked for.
    pub(super) created_at: TimeUs,
    /// How long it waited to be dialled.
    pub(super) queue_us: i64,
    /// From the start to the first sign of life.
    pub(super) pdd_us: i64,
    pub(super) outcome: Outcome,
    /// Who detection takes the callee for, and how long after the answer it knows.
    pub(super) detection: Option<(AnsweredBy, i64)>,
    pub(super) conference: bool,
    pub(super) trust: TrustFacts,
    pub(super) edges: Vec<EdgePlan>,
    /// The agent at the SDK, if one takes part.
    pub(super) agent: Option<Agent>,
    /// ICE finds no path: the call is set up but stays mute.
    pub(super) ice_fails: bool,
}

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Talked.
    Completed {
        ring_us: i64,
        talk_us: i64,
        by: Side,
    },
    /// Talked, and then nothing more was heard of it.
    Lost { ring_us: i64, talk_us: i64 },
    /// 486.
    Busy,
    /// Rang out.
    NoAnswer { ring_us: i64 },
    /// The caller gave up.
    Canceled { ring_us: i64 },
    /// Refused on the way.
    Failed { sip: u16, q850: u8 },
}

/// One side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Caller,
    Callee,
}

/// One edge: what it is and how its streams fare.
#[derive(Debug, Clone)]
pub(super) struct EdgePlan {
    pub(super) edge: EdgeKind,
    pub(super) facts: EdgeFacts,
    pub(super) codec: Codec,
    pub(super) inbound: Conditions,
    pub(super) outbound: Conditions,
}

/// How sound is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Codec {
    pub(super) payload_type: u8,
    pub(super) name: &'static str,
    /// Octets of a packet of 20 ms, header of RTP included.
    pub(super) packet_bytes: u64,
}

pub(super) const PCMU: Codec = Codec {
    payload_type: 0,
    name: "pcmu",
    packet_bytes: 172,
};
pub(super) const PCMA: Codec = Codec {
    payload_type: 8,
    name: "pcma",
    packet_bytes: 172,
};
pub(super) const OPUS: Codec = Codec {
    payload_type: 111,
    name: "opus",
    packet_bytes: 92,
};

impl Plan {
    /// Signalling begins.
    pub(super) fn initiated_at(&self) -> TimeUs {
        self.created_at.plus_us(self.queue_us)
    }

    /// The first 18x; `None` when it came to none.
    pub(super) fn ringing_at(&self) -> Option<TimeUs> {
        match self.outcome {
            Outcome::Busy | Outcome::Failed { .. } => None,
            Outcome::Completed { .. }
            | Outcome::Lost { .. }
            | Outcome::NoAnswer { .. }
            | Outcome::Canceled { .. } => Some(self.initiated_at().plus_us(self.pdd_us)),
        }
    }

    /// The answer, if there is one.
    pub(super) fn answered_at(&self) -> Option<TimeUs> {
        match self.outcome {
            Outcome::Completed { ring_us, .. } | Outcome::Lost { ring_us, .. } => {
                Some(self.initiated_at().plus_us(self.pdd_us + ring_us))
            }
            Outcome::Busy
            | Outcome::NoAnswer { .. }
            | Outcome::Canceled { .. }
            | Outcome::Failed { .. } => None,
        }
    }

    /// The end, or the last sign of life of a call whose end is never seen.
    pub(super) fn ended_at(&self) -> TimeUs {
        let us = match self.outcome {
            Outcome::Completed {
                ring_us, talk_us, ..
            }
            | Outcome::Lost { ring_us, talk_us } => self.pdd_us + ring_us + talk_us,
            Outcome::NoAnswer { ring_us } | Outcome::Canceled { ring_us } => self.pdd_us + ring_us,
            Outcome::Busy | Outcome::Failed { .. } => self.pdd_us,
        };
        self.initiated_at().plus_us(us)
    }

    /// Answer to end, µs; 0 for a call nobody answered.
    pub(super) fn talk_us(&self) -> i64 {
        self.answered_at()
            .map_or(0, |answer| self.ended_at().since_us(answer))
    }

    /// Whether it looks like a machine with a recorded message: a stranger whom nobody vouches for, and
    /// whom people do not listen to for long.
    pub(super) fn seems_robocall(&self) -> bool {
        self.direction == CallDirection::Inbound
            && self.call_type == CallType::Carrier
            && self.trust.verified_caller != Some(true)
            && (1..16 * SECOND_US).contains(&self.talk_us())
    }

    /// Lets the call talk so that it ends at some time, if it was answered before.
    pub(super) fn end_at(&mut self, end: TimeUs) {
        let Some(answer) = self.answered_at() else {
            return;
        };
        if let Outcome::Completed { talk_us, .. } | Outcome::Lost { talk_us, .. } =
            &mut self.outcome
        {
            *talk_us = end.since_us(answer).max(SECOND_US);
        }
    }

    /// How a listener at this call's worst end finds it, 1–5.
    pub(super) fn pleasure(&self) -> f64 {
        self.edges
            .iter()
            .flat_map(|edge| [edge.inbound, edge.outbound])
            .map(Conditions::pleasure)
            .fold(5.0, f64::min)
    }
}
