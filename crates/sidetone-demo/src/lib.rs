//! Made-up calls that look like real ones: the same for the same seed and time, on every machine.
//!
//! Nothing here is random, reads a clock or knows a server: [`history`] tells what has happened
//! until a time, [`live`] what happens after it, and [`site`] what agents mirror of a SIP network.
//! Whoever has a server brings it there.
//!
//! A story is one call or several that belong together; chance is drawn for each story apart, then
//! for each matter of a call apart (its reports, its SDK, what is said of it), so that the data
//! change little when the generator does.

mod agents;
mod casting;
mod chance;
mod judge;
mod log;
mod media;
mod places;
mod plan;
mod progress;
mod routes;
mod scenes;
mod schedule;
mod sdk;
pub mod site;
#[cfg(test)]
mod tests;
mod trust;
mod words;

use sidetone_core::event::CallEvent;
use sidetone_core::id::{AccountSid, CallRef};
use sidetone_core::time::TimeUs;

use chance::Dice;
use log::Log;
use plan::Plan;

pub use judge::Judgement;

/// A call: all that is observed of it, and all that is said of it.
#[derive(Debug, Clone)]
pub struct DemoCall {
    /// The call.
    pub call: CallRef,
    /// When it is asked for.
    pub created_at: TimeUs,
    /// When its signalling begins.
    pub started_at: TimeUs,
    /// When it ends, or is last heard of.
    pub ended_at: TimeUs,
    /// What is observed, by time. Those of a running call go on after now.
    pub events: Vec<CallEvent>,
    /// What is said of it, by time.
    pub judgements: Vec<Judgement>,
}

/// The account a seed's calls belong to, unless another one is given.
#[must_use]
pub fn account(seed: u64) -> AccountSid {
    AccountSid::from_bytes(Dice::new(seed, u64::MAX).bytes())
}

/// Calls of the stories that began before now, earliest first: about eight days, most of them in
/// the last two. Some still run, and a few, which belong to one that runs, are yet to come.
pub fn history(seed: u64, account: AccountSid, now: TimeUs) -> impl Iterator<Item = DemoCall> {
    let mut plans: Vec<Plan> = schedule::past(seed, now)
        .flat_map(|(story, at)| scenes::play(seed, story, at))
        .collect();
    plans.sort_by_key(|plan| (plan.created_at, plan.sid));
    plans.into_iter().map(move |plan| tell(&plan, account, now))
}

/// Stories that begin from now on, one every nine seconds or so, earliest first: when, and its calls.
/// There is no last one.
pub fn live(
    seed: u64,
    account: AccountSid,
    now: TimeUs,
) -> impl Iterator<Item = (TimeUs, Vec<DemoCall>)> {
    schedule::future(seed, now).map(move |(story, at)| {
        let plans = scenes::play(seed, story, at);
        (
            at,
            plans.iter().map(|plan| tell(plan, account, now)).collect(),
        )
    })
}

/// All events of a planned call. Timers that ran out before now are among them; later ones are the
/// worker's business.
fn tell(plan: &Plan, account: AccountSid, now: TimeUs) -> DemoCall {
    let call = CallRef {
        account,
        sid: plan.sid,
    };
    let place = plan
        .edges
        .iter()
        .find_map(|edge| edge.facts.edge_location.as_deref());
    let mut log = Log::new(call, place.unwrap_or("gateway"));
    progress::report(plan, &mut log);
    media::report(plan, &mut log);
    sdk::report(plan, &mut log);
    progress::settle(plan, now, &mut log);
    DemoCall {
        call,
        created_at: plan.created_at,
        started_at: plan.initiated_at(),
        ended_at: plan.ended_at(),
        events: log.finish(),
        judgements: judge::judgements(plan),
    }
}
