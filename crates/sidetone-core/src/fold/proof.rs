//! What the messages of a leg prove: that a dialog was answered, confirmed, used and ended, or an
//! attempt given up.

use super::clock::Heard;
use super::dialog::shows_presence;
use super::leg::{End, Leg};
use super::transactions::Request;
use crate::sip::{Party, SipMessage};
use crate::summary::OtherDialog;

impl<'a> Leg<'a> {
    /// Whether a dialog was confirmed or ended: somebody uses it.
    pub(super) fn is_alive(&self, place: usize, server_tag: Option<&str>) -> bool {
        self.of_attempt(place).any(|heard| {
            let message = heard.message;
            let is_used = message.method == "BYE" || (self.confirms(place, message) != Some(false));
            is_used && message.tags().contains(&server_tag)
        })
    }

    /// Whether a message is an ACK to a 2xx (`true`) or to a refusal, as far as its branch tells.
    /// `None`: neither is known.
    fn confirms(&self, place: usize, message: &SipMessage) -> Option<bool> {
        if !message.is_request("ACK") {
            return Some(false);
        }
        let attempt = &self.attempts[place];
        if Request::of(message) != attempt.request() {
            return Some(false);
        }
        attempt.is_refused_by(message).map(|refused| !refused)
    }

    /// The first ACK that confirms a 2xx, or that may.
    pub(super) fn confirmation(&self) -> Option<Heard<'a>> {
        let mut messages = self.messages.iter();
        messages
            .find(|heard| self.confirms(self.place, heard.message) != Some(false))
            .copied()
    }

    /// The first ACK that confirms a refusal. One that somebody goes on talking after does not,
    /// although it goes by the branch of its INVITE: some know no better.
    pub(super) fn confirmed_refusal(&self) -> Option<Heard<'a>> {
        let is_own = |message: &SipMessage| {
            message.is_request("ACK") && self.attempt().is_refused_by(message) == Some(true)
        };
        let place = self.messages.iter().position(|it| is_own(it.message))?;
        let (before, after) = self.messages.split_at(place + 1);
        let goes_on = |it: &Heard<'_>| {
            let within = it.message.is_request("INVITE") && !it.message.is_initial_invite();
            within || it.message.is_request("BYE")
        };
        before
            .last()
            .copied()
            .filter(|_| !after.iter().any(goes_on))
    }

    /// The CANCEL of the INVITE that decides.
    pub(super) fn cancel(&self) -> Option<Heard<'a>> {
        let mut messages = self.messages.iter();
        messages
            .find(|heard| heard.message.method == "CANCEL")
            .copied()
    }

    /// Whether something was said in a dialog of an attempt that can only be said after a 2xx: it
    /// is ended or changed. (A caller may end an early one too, §15; then its INVITE is refused.)
    pub(super) fn proves_answer_of(&self, place: usize) -> bool {
        let asked = self.attempts[place].request();
        self.of_attempt(place)
            .any(|heard| match heard.message.method.as_str() {
                "BYE" => true,
                "INVITE" => Request::of(heard.message) != asked,
                _ => false,
            })
    }

    /// The same of the attempt that decides.
    pub(super) fn proves_answer(&self) -> bool {
        self.proves_answer_of(self.place)
    }

    /// Whether something was said that sessions say while they last.
    pub(super) fn is_used(&self) -> bool {
        let mut messages = self.messages.iter();
        messages.any(|heard| shows_presence(heard.message))
    }

    /// The refusals of all its attempts. `None` while one may still be answered.
    pub(super) fn refusals(&self) -> Option<Vec<(u16, Heard<'a>)>> {
        let places = 0..self.attempts.len();
        let refusal = |place| {
            let canceled = || {
                let mut heard = self.of_attempt(place);
                let cancel = heard.find(|heard| heard.message.method == "CANCEL")?;
                Some((487, cancel))
            };
            self.final_of(place).or_else(canceled)
        };
        places
            .map(|place| refusal(place).filter(|(status, _)| *status >= 300))
            .collect()
    }

    /// Dialogs that were answered, by the tags of the called side. Where some were confirmed or
    /// ended, another 2xx is stray.
    pub(super) fn dialogs(&self) -> Vec<Option<&'a str>> {
        let mut tags: Vec<Option<&'a str>> = Vec::new();
        for (status, heard) in self.invite_responses() {
            let tag = heard.message.to.tag.as_deref();
            if (200..300).contains(&status) && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        let alive: Vec<_> = tags
            .iter()
            .copied()
            .filter(|tag| self.is_alive(self.place, *tag))
            .collect();
        if alive.is_empty() { tags } else { alive }
    }

    /// The dialogs that were answered, in order, and whether each is of the attempt that decides.
    pub(super) fn answered_dialogs(&self) -> Vec<(bool, OtherDialog)> {
        let mut dialogs: Vec<(bool, OtherDialog)> = Vec::new();
        for place in 0..self.attempts.len() {
            let answers = self.responses_of(place);
            let answers = answers.filter(|(status, _)| (200..300).contains(status));
            for (_, heard) in answers {
                let Party { tag: from_tag, .. } = &heard.message.from;
                let Party { tag: to_tag, .. } = &heard.message.to;
                let is_same = |(_, it): &(bool, OtherDialog)| {
                    (&it.from_tag, &it.to_tag) == (from_tag, to_tag)
                };
                if dialogs.iter().any(is_same) {
                    continue;
                }
                let byes = self.of_attempt(place).filter(|it| {
                    it.message.method == "BYE" && it.message.tags().contains(&to_tag.as_deref())
                });
                let bye = byes.min_by_key(|it| (it.message.status().is_some(), it.at));
                let dialog = OtherDialog {
                    from_tag: from_tag.clone(),
                    to_tag: to_tag.clone(),
                    answered_at: heard.at,
                    ended_at: bye.map(|heard| heard.at),
                };
                dialogs.push((place == self.place, dialog));
            }
        }
        dialogs.sort_by_key(|(_, dialog)| dialog.answered_at);
        dialogs
    }

    /// The BYEs of a dialog and which side sent each, in order; then the answers to BYEs that were
    /// not seen. The tags are the same on every hop and for requests that come by another
    /// connection.
    pub(super) fn byes_of(&self, server_tag: Option<&str>) -> Vec<(End, Heard<'a>)> {
        let own = self.attempt().request().from_tag;
        let is = |said: Option<&str>, known: Option<&str>| {
            said.is_none() || known.is_none() || said == known
        };
        let mut byes = self.byes();
        byes.retain(|(_, heard)| {
            let [from, to] = heard.message.tags();
            (is(from, own) && is(to, server_tag)) || (is(from, server_tag) && is(to, own))
        });
        byes
    }

    /// Those of all dialogs.
    pub(super) fn byes(&self) -> Vec<(End, Heard<'a>)> {
        let byes = self.messages.iter();
        let byes = byes.filter(|heard| heard.message.method == "BYE");
        let mut byes: Vec<(End, Heard<'a>)> = byes
            .map(
                |heard| match (self.end_of(heard.message), heard.message.status()) {
                    (asking, None) => (asking, *heard),
                    (answering, Some(_)) => (answering.other(), *heard),
                },
            )
            .collect();
        byes.sort_by_key(|(_, heard)| (heard.message.status().is_some(), heard.at));
        byes
    }
}
