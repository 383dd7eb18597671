//! What became of a call, by whatever proves it. A message that no agent mirrored is missed, and
//! mostly not what it said: what came after it shows that it was there.

use std::cmp::Reverse;

use super::clock::Heard;
use super::legs::{End, Leg, Legs};
use super::media_ends::MediaEnds;
use super::reports::Reports;
use crate::summary::OtherDialog;
use crate::time::TimeUs;
use crate::vocabulary::CallState;

/// What became of a call.
pub(super) struct Disposition {
    pub(super) state: CallState,
    /// `None` of a call that was answered: nobody saw when.
    pub(super) answered_at: Option<TimeUs>,
    pub(super) ended_at: Option<TimeUs>,
    /// The last response that the caller was given. `None`: none, or an answer that nobody saw.
    pub(super) last_response: Option<u16>,
    pub(super) disconnected_by: Option<&'static str>,
}

/// How the attempt that decides went.
enum Fate {
    Answered(Option<TimeUs>),
    /// With which status, as far as known, and when.
    Refused(Option<u16>, TimeUs),
    /// Given up by the caller; no final response was seen.
    Canceled(TimeUs),
    Ringing,
    Undialed,
}

impl Disposition {
    pub(super) fn of(legs: &Legs<'_>, reports: &Reports) -> Self {
        let caller = &legs.caller;
        let told = caller.final_response();
        let ending = ending(legs);
        let fate = fate(legs, reports);
        let last = || caller.all_responses().last().map(|(status, _)| status);
        let last_response = match (told, &fate) {
            (Some((status, _)), _) => Some(status),
            (None, Fate::Answered(_)) => {
                let response = legs.callee().final_response();
                response.map(|(status, _)| status)
            }
            (None, Fate::Refused(status, _)) => *status,
            (None, Fate::Canceled(_) | Fate::Ringing | Fate::Undialed) => last(),
        };
        let is_answered = matches!(fate, Fate::Answered(_));
        let (state, answered_at, ended_at) = match fate {
            Fate::Answered(at) => {
                let end = ending.as_ref().map(|it| it.at);
                match end.or_else(|| answered_for_nothing(legs)) {
                    Some(end) => (CallState::Completed, at, Some(end)),
                    None => (CallState::Answered, at, None),
                }
            }
            Fate::Refused(status, at) => (refused_state(status), None, Some(at)),
            Fate::Canceled(at) => (CallState::Canceled, None, Some(at)),
            Fate::Ringing => (CallState::Ringing, None, None),
            Fate::Undialed => (CallState::Undialed, None, None),
        };
        Self {
            state,
            answered_at,
            ended_at,
            last_response,
            disconnected_by: ending.filter(|_| is_answered).and_then(|it| it.by),
        }
    }
}

/// When the caller was refused although somebody answered; not where that was a later attempt, of
/// which the caller's leg shows nothing.
fn answered_for_nothing(legs: &Legs<'_>) -> Option<TimeUs> {
    let (status, heard) = legs.caller.final_response()?;
    let (near, far) = (
        legs.caller.attempt().request(),
        legs.callee().attempt().request(),
    );
    let is_later = far.is_of_side(near) && far.cseq > near.cseq;
    (status >= 300 && !is_later).then_some(heard.at)
}

const fn refused_state(status: Option<u16>) -> CallState {
    match status {
        Some(486 | 600) => CallState::Busy,
        Some(487) => CallState::Canceled,
        Some(408 | 480) => CallState::NoAnswer,
        Some(_) | None => CallState::Fail,
    }
}

/// What the caller was told decides; a leg further on can say otherwise (a proxy that stops waiting
/// cancels there). Where the caller's final response was not seen, what can only be said after one
/// tells of it, then what it was made of.
fn fate(legs: &Legs<'_>, reports: &Reports) -> Fate {
    let caller = &legs.caller;
    let far_answer = far_answer(legs);
    match caller.final_response() {
        Some((..300, heard)) => return Fate::Answered(Some(heard.at)),
        Some((status, heard)) => {
            return match (refused_state(Some(status)), far_answer) {
                (CallState::Fail, Some(answer)) => Fate::Answered(Some(answer.at)),
                _ => Fate::Refused(Some(status), heard.at),
            };
        }
        None => {}
    }
    if let Some(answer) = far_answer {
        return Fate::Answered(Some(answer.at));
    }
    let confirmed = legs.all().find_map(|leg| {
        // What a leg that saw a refusal confirms is the refusal, whatever the branch of its ACK.
        let heard = leg
            .confirmation()
            .filter(|_| leg.final_response().is_none())?;
        Some(legs.on_callers_clock(leg, heard).at)
    });
    let canceled = caller.cancel();
    let refusal = best_refusal(legs);
    if let Some(ack) = caller.confirmed_refusal() {
        let status = refusal.map(|(status, _)| status);
        // A BYE before the answer is refused like a CANCEL (§15.1.2).
        let is_given_up = canceled.is_some() || caller.proves_answer();
        return Fate::Refused(status.or(is_given_up.then_some(487)), ack.at);
    }
    if legs.all().any(Leg::proves_answer) {
        return Fate::Answered(confirmed);
    }
    if let Some((status, at)) = refusal {
        return Fate::Refused(Some(status), at);
    }
    // 64*T1 after it the INVITE counts as canceled (§9.1). If nothing else comes, the caller hung
    // up when it was sent.
    if let Some(cancel) = canceled {
        return Fate::Canceled(cancel.at);
    }
    let mut responses = legs.all().flat_map(Leg::invite_responses);
    let has_early_media =
        responses.any(|(status, heard)| status < 200 && !heard.message.media.is_empty());
    if confirmed.is_some() || (!has_early_media && is_in_use(legs, reports)) {
        return Fate::Answered(confirmed);
    }
    let is_alerted = |leg: &Leg<'_>| {
        leg.invite_responses()
            .any(|(status, _)| (180..200).contains(&status))
    };
    if legs.all().any(is_alerted) {
        Fate::Ringing
    } else {
        Fate::Undialed
    }
}

fn far_answer<'a>(legs: &Legs<'a>) -> Option<Heard<'a>> {
    let callee = legs.callee();
    let answer = callee.answer().filter(|_| !legs.is_direct())?;
    Some(legs.on_callers_clock(callee, answer))
}

/// What a proxy tells the caller when all it tried have refused, and when the last of them did
/// (§16.7: a 6xx, else one of the lowest class). `None` while one may still answer.
fn best_refusal(legs: &Legs<'_>) -> Option<(u16, TimeUs)> {
    let mut refusals: Vec<(u16, TimeUs)> = Vec::new();
    for leg in &legs.callees {
        for (status, heard) in leg.refusals()? {
            refusals.push((status, legs.on_callers_clock(leg, heard).at));
        }
    }
    let last = refusals.iter().map(|(_, at)| *at).max()?;
    let weight = |(status, at): &(u16, TimeUs)| {
        let class = if *status >= 600 { 0 } else { *status / 100 };
        let says_how_to_go_on = matches!(status, 401 | 407 | 415 | 420 | 484);
        (class, !says_how_to_go_on, Reverse(*at))
    };
    let (status, _) = refusals.into_iter().min_by_key(weight)?;
    Some((status, last))
}

/// Whether the session is there: a side says something within it, or both report of its media.
/// Before an answer that is early media, which a response describes.
fn is_in_use(legs: &Legs<'_>, reports: &Reports) -> bool {
    if legs.all().any(Leg::is_used) {
        return true;
    }
    let media_ends = MediaEnds::of(legs);
    let reporting = reports.by_path.iter().filter(|(_, path)| {
        let mut reports = path.reports.values();
        reports.any(|it| it.sender.is_some() || !it.blocks.is_empty())
    });
    let mut ends: Vec<_> = reporting
        .filter_map(|((ssrc, capture), _)| media_ends.of_report(*ssrc, capture))
        .collect();
    ends.sort_unstable();
    ends.dedup();
    ends.len() > 1
}

/// How an answered call ended.
struct Ending {
    at: TimeUs,
    by: Option<&'static str>,
}

/// The BYE that ended the call. When several branches of a fork answered, the call lasts until the
/// last of these dialogs is ended; a BYE of any other dialog ends nothing. Where no answer was
/// seen, any BYE counts.
fn ending(legs: &Legs<'_>) -> Option<Ending> {
    let (caller, callee) = (&legs.caller, legs.callee());
    let is_proxied = |leg: &&Leg<'_>| {
        leg.attempt()
            .request()
            .is_of_side(caller.attempt().request())
    };
    let far = || legs.callees.iter().filter(is_proxied);
    // The other side of a back-to-back user agent has a dialog of its own.
    let beyond = || match is_proxied(&callee) {
        true => Vec::new(),
        false => heard_at(legs, callee, callee.byes()),
    };
    let mut dialogs = caller.dialogs();
    if dialogs.is_empty() {
        dialogs = far().flat_map(Leg::dialogs).collect();
    }
    let byes_of = |tag: &Option<&str>| Byes {
        near: caller.byes_of(*tag),
        far: far()
            .flat_map(|leg| heard_at(legs, leg, leg.byes_of(*tag)))
            .chain(beyond())
            .collect(),
    };
    if dialogs.is_empty() {
        let far = legs.callees.iter();
        let far = far.flat_map(|leg| heard_at(legs, leg, leg.byes()));
        let byes = Byes {
            near: caller.byes(),
            far: far.collect(),
        };
        return byes.ending();
    }
    let endings: Option<Vec<Ending>> = dialogs.iter().map(|tag| byes_of(tag).ending()).collect();
    endings?.into_iter().max_by_key(|ending| ending.at)
}

/// BYEs of a leg by the clock of the caller's.
fn heard_at<'a>(
    legs: &Legs<'a>,
    leg: &Leg<'a>,
    byes: Vec<(End, Heard<'a>)>,
) -> Vec<(End, Heard<'a>)> {
    let byes = byes.into_iter();
    byes.map(|(end, heard)| (end, legs.on_callers_clock(leg, heard)))
        .collect()
}

/// The BYEs of one dialog on the leg of each side, and who sent them.
struct Byes<'a> {
    near: Vec<(End, Heard<'a>)>,
    far: Vec<(End, Heard<'a>)>,
}

impl Byes<'_> {
    fn ending(&self) -> Option<Ending> {
        let mut all: Vec<&Heard<'_>> = self
            .near
            .iter()
            .chain(&self.far)
            .map(|(_, it)| it)
            .collect();
        // An answer shows that there was a BYE; one of a clock that nobody can compare tells no
        // duration.
        all.sort_by_key(|heard| (heard.message.status().is_some(), !heard.is_timed));
        Some(Ending {
            at: all.first()?.at,
            by: self.by(),
        })
    }

    /// Who hung up: a side whose own BYE was seen. A platform that ends a call itself sends one to
    /// each side.
    fn by(&self) -> Option<&'static str> {
        let first = |byes: &[(End, Heard<'_>)], by: End| {
            let mut byes = byes.iter().filter(|(end, _)| *end == by);
            byes.next().map(|(_, heard)| (heard.is_timed, heard.at))
        };
        let by_caller = first(&self.near, End::Client);
        let by_callee = first(&self.far, End::Server);
        Some(match (by_caller, by_callee) {
            // Of both whoever was first, where clocks can be compared.
            (Some((true, near)), Some((true, far))) if far < near => "callee",
            (Some(_), _) => "caller",
            (None, Some(_)) => "callee",
            (None, None) => match (self.near.is_empty(), self.far.is_empty()) {
                (false, false) => "platform",
                (false, true) => "callee",
                (true, false) => "caller",
                (true, true) => return None,
            },
        })
    }
}

/// The dialogs that were answered beside the one that decides, as the caller's leg shows them.
pub(super) fn other_dialogs(legs: &Legs<'_>) -> Vec<OtherDialog> {
    let mut others = legs.caller.answered_dialogs();
    let counted = legs.caller.dialogs();
    let ours = others
        .iter()
        .enumerate()
        .filter(|(_, (is_ours, dialog))| *is_ours && counted.contains(&dialog.to_tag.as_deref()));
    // The one that lasts longest.
    let main = ours.max_by_key(|(index, (_, dialog))| {
        let ended_at = dialog.ended_at;
        (ended_at.is_none(), ended_at, Reverse(*index))
    });
    if let Some((index, _)) = main {
        others.remove(index);
    }
    others.into_iter().map(|(_, dialog)| dialog).collect()
}
