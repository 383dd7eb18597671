//! The messages of a leg by one clock: what several agents saw of it, put together.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::dialog::{Said, Seen};
use crate::sip::SipMessage;
use crate::time::TimeUs;

/// Agents that saw the same sending of a message saw it within so long. It is sent again after half
/// a second (T1 of RFC 3261) at the earliest.
const SENT_AGAIN_US: i64 = 100_000;

/// One agent's clock, and how far it is ahead of those of others.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// Whose it is.
    pub(super) agent: u32,
    /// Of each other agent that saw the call and is known to compare with: how far this clock is
    /// ahead, in microseconds.
    pub(super) ahead_us: BTreeMap<u32, i64>,
}

/// How far the clock of each agent is ahead of those of others, in microseconds.
pub(super) type Apart = BTreeMap<u32, BTreeMap<u32, i64>>;

/// A message of a leg.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard<'a> {
    /// When: by the clock of the leg's agent if [`Self::is_timed`], else by that of whoever saw it.
    pub(super) at: TimeUs,
    /// Whether the leg's agent saw it too, or how far its clock is from that of whoever did is
    /// known.
    pub(super) is_timed: bool,
    pub(super) message: &'a SipMessage,
}

impl Clock {
    /// When something happened that these agents saw. By this clock if any of them tells it, else
    /// by that of the first of them; `None` when nobody saw it.
    pub(super) fn time(&self, seen: &BTreeMap<u32, TimeUs>) -> Option<TimeUs> {
        let own = seen.get(&self.agent).copied();
        own.or_else(|| {
            let mut others = seen.iter();
            others.find_map(|(agent, at)| Some(at.plus_us(*self.ahead_us.get(agent)?)))
        })
        .or_else(|| seen.values().next().copied())
    }

    /// A message of a leg of another clock, by this one as far as the two are known to compare.
    pub(super) fn heard<'a>(&self, by: &Self, heard: Heard<'a>) -> Heard<'a> {
        let ahead_us = if by.agent == self.agent {
            Some(0)
        } else {
            self.ahead_us.get(&by.agent).copied()
        };
        Heard {
            at: heard.at.plus_us(ahead_us.unwrap_or(0)),
            is_timed: heard.is_timed && ahead_us.is_some(),
            ..heard
        }
    }
}

/// What was seen of a hop, each once, in order of time, by the clock of the agent that saw most of
/// it; of several, of the one of the lowest number.
pub(super) fn by_one_clock<'a>(seen: &[&'a Seen], apart: &Apart) -> (Clock, Vec<Heard<'a>>) {
    let mut by_agent: BTreeMap<u32, Vec<&'a Seen>> = BTreeMap::new();
    for it in seen {
        let agent = it.message.capture.agent;
        by_agent.entry(agent).or_default().push(it);
    }
    let most = by_agent
        .iter()
        .max_by_key(|(agent, seen)| (seen.len(), Reverse(**agent)));
    let agent = most.map_or(0, |(agent, _)| *agent);
    let clock = Clock {
        agent,
        ahead_us: apart.get(&agent).cloned().unwrap_or_default(),
    };
    let own = by_agent.remove(&agent).unwrap_or_default();
    let others = by_agent
        .into_iter()
        .map(|(other, seen)| (clock.ahead_us.get(&other).copied(), seen));
    let mut views: Vec<(Option<i64>, Vec<&'a Seen>)> = others.collect();
    views.sort_by_key(|(ahead_us, seen)| (ahead_us.is_none(), Reverse(seen.len())));
    views.insert(0, (Some(0), own));
    let mut messages: Vec<Heard<'a>> = Vec::new();
    let mut places: BTreeMap<Said<'_>, usize> = BTreeMap::new();
    for (number, (ahead_us, seen)) in views.into_iter().enumerate() {
        // What the leg's agent saw was sent again: it missed the first sending.
        let within_us = if number == 0 { 0 } else { SENT_AGAIN_US };
        for it in seen {
            let heard = it.heard(ahead_us);
            let held = places.get(&it.said()).copied();
            match held.and_then(|place| messages.get_mut(place)) {
                Some(held) if heard.is_timed && held.at.since_us(heard.at) > within_us => {
                    held.at = heard.at;
                }
                Some(_) => {}
                None => {
                    places.insert(it.said(), messages.len());
                    messages.push(heard);
                }
            }
        }
    }
    messages.sort_by_key(|heard| (heard.at, place_in_transaction(heard.message)));
    (clock, messages)
}

/// How far the clocks of agents are apart: the median over the messages of all hops of a call that
/// both saw.
pub(super) fn apart(hops: &[Vec<&Seen>]) -> Apart {
    let mut differences: BTreeMap<(u32, u32), Vec<i64>> = BTreeMap::new();
    for first_seen in hops.iter().flat_map(|hop| first_seen(hop).into_values()) {
        for (one, at) in &first_seen {
            for (other, other_at) in first_seen.iter().filter(|(other, _)| *other != one) {
                let of_both = differences.entry((*one, *other)).or_default();
                of_both.push(at.since_us(*other_at));
            }
        }
    }
    let mut apart = Apart::new();
    for ((one, other), mut differences) in differences {
        differences.sort_unstable();
        let median = differences[(differences.len() - 1) / 2];
        apart.entry(one).or_default().insert(other, median);
    }
    apart
}

/// When each agent first saw each message of a hop.
fn first_seen<'a>(hop: &[&'a Seen]) -> BTreeMap<Said<'a>, BTreeMap<u32, TimeUs>> {
    let mut first: BTreeMap<Said<'a>, BTreeMap<u32, TimeUs>> = BTreeMap::new();
    for it in hop {
        let by_agent = first.entry(it.said()).or_default();
        let held = by_agent.entry(it.message.capture.agent).or_insert(it.at);
        *held = it.at.min(*held);
    }
    first
}

impl Seen {
    /// As of the leg's agent, whose clock is so far ahead.
    const fn heard(&self, ahead_us: Option<i64>) -> Heard<'_> {
        Heard {
            at: match ahead_us {
                Some(us) => self.at.plus_us(us),
                None => self.at,
            },
            is_timed: ahead_us.is_some(),
            message: &self.message,
        }
    }
}

/// Of messages seen at the same moment, requests come before their answers and those in the order
/// of their status.
fn place_in_transaction(message: &SipMessage) -> (u32, u16) {
    (message.cseq, message.status().unwrap_or(0))
}
