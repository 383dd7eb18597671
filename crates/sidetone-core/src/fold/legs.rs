//! The legs of a call: the way its INVITEs took, from the caller's to the callee's.
//!
//! A proxy keeps the dialog's name, so one call is seen on several hops. What the caller was told
//! is on the caller's leg, why is on the callee's. What happened on a leg is told by all agents
//! that saw it, when it did by the clock of one.

use super::attempts::Attempt;
use super::clock::{self, Heard};
use super::dialog::{Dialogs, Seen};
use super::hops::{Hop, hops};
pub(super) use super::leg::{End, Leg};
use super::transactions::Request;
use crate::sip::SipMessage;

/// The legs of a call.
#[derive(Debug)]
pub(super) struct Legs<'a> {
    /// The first one.
    pub(super) caller: Leg<'a>,
    /// The last ones: several when the call forked or was tried elsewhere. None when the caller's
    /// leg is all there is.
    pub(super) callees: Vec<Leg<'a>>,
    /// The last ones of other attempts of the caller.
    pub(super) elsewhere: Vec<Leg<'a>>,
}

impl<'a> Legs<'a> {
    /// The legs, by the INVITEs that were seen. `None` without any.
    pub(super) fn of(dialogs: &'a Dialogs) -> Option<Self> {
        let hops = hops(dialogs)?;
        let seen: Vec<Vec<&'a Seen>> = hops.iter().map(Hop::seen).collect();
        let apart = clock::apart(&seen);
        let mut legs = hops.into_iter().zip(&seen).map(|(hop, own)| {
            let origin = hop.origin;
            (origin, Leg::of(hop.attempts, own, &apart))
        });
        let (_, mut caller) = legs.next()?;
        let further: Vec<(Option<usize>, Leg<'a>)> = legs.collect();
        // The first that was answered; else the last.
        let was_answered = |place: &usize| match caller.final_of(*place) {
            Some((status, _)) => status < 300,
            None => {
                let mut came_of = further.iter().filter(|(from, _)| *from == Some(*place));
                caller.proves_answer_of(*place) || came_of.any(|(_, leg)| leg.answer().is_some())
            }
        };
        if let Some(place) = (0..caller.attempts.len()).find(was_answered) {
            caller.decide(place);
        }
        let is_elsewhere = |from: Option<usize>| from.is_some_and(|from| from != caller.place);
        let (elsewhere, callees): (Vec<_>, Vec<_>) = further
            .into_iter()
            .partition(|(from, _)| is_elsewhere(*from));
        Some(Self {
            callees: last(callees),
            elsewhere: last(elsewhere),
            caller,
        })
    }

    /// The leg towards whoever answered, else the one that was tried last; the caller's when there
    /// is no other.
    pub(super) fn callee(&self) -> &Leg<'a> {
        self.callees
            .iter()
            .max_by_key(|leg| (leg.answered_at().is_some(), leg.started_at()))
            .unwrap_or(&self.caller)
    }

    /// Whether both sides were seen on one leg only.
    pub(super) fn is_direct(&self) -> bool {
        self.callees.is_empty()
    }

    /// What was heard on a leg, by the clock of the caller's.
    pub(super) fn on_callers_clock(&self, leg: &Leg<'a>, heard: Heard<'a>) -> Heard<'a> {
        self.caller.clock.heard(&leg.clock, heard)
    }

    /// The caller's first INVITE; where that was not seen, what was seen first of what came of it.
    pub(super) fn started(&self) -> Option<Heard<'a>> {
        let caller = &self.caller;
        let mut of_first = caller.of_attempt(0);
        of_first
            .find(|heard| heard.message.is_initial_invite())
            .or_else(|| {
                let own = (0..caller.tries()).flat_map(|place| caller.of_attempt(place));
                let further = self.callees.iter().chain(&self.elsewhere);
                let further =
                    further.filter_map(|leg| Some(self.on_callers_clock(leg, leg.started()?)));
                let all = own.chain(further);
                all.min_by_key(|heard| (!heard.is_timed, heard.at))
            })
    }

    /// Whether a message is of an attempt that the caller made after the one that decides: of
    /// another call.
    pub(super) fn is_of_another_call(&self, message: &SipMessage) -> bool {
        let later = self.caller.attempts.iter().skip(self.caller.tries());
        let mut requests = later.map(Attempt::request);
        requests.any(|request| request == Request::of(message))
            && Request::of(message) != self.caller.attempt().request()
    }

    /// Each leg that ends at a party, callers first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Leg<'a>> {
        std::iter::once(&self.caller).chain(&self.callees)
    }
}

/// Those furthest from the caller. A branch that went further without an answer does not hide the
/// one that answered.
fn last<'a>(legs: Vec<(Option<usize>, Leg<'a>)>) -> Vec<Leg<'a>> {
    let mut legs: Vec<Leg<'a>> = legs.into_iter().map(|(_, leg)| leg).collect();
    let how_far = |leg: &&Leg<'_>| (leg.answered_at().is_some(), leg.attempt().hops);
    let last = legs
        .iter()
        .max_by_key(how_far)
        .map(|leg| leg.attempt().hops);
    legs.retain(|leg| Some(leg.attempt().hops) == last);
    legs.sort_by_key(|leg| (leg.started_at(), leg.client, leg.server));
    legs
}
