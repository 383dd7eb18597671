//! Who of several addressees still waits for a mail.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sidetone_store::delivery::DeliveryId;

/// The most mails of which is known who has them. Of others all are sent them again.
const MOST: usize = 10_000;

/// What became of a mail.
#[derive(Debug, Default)]
pub(super) struct Posted {
    /// Whether somebody is sent it.
    pub(super) is_taken: bool,
    /// Whom it was not taken for now, and why.
    pub(super) later: Vec<String>,
    pub(super) why: Option<String>,
    /// Why it will never be taken for somebody.
    pub(super) refused: Option<String>,
}

/// What that comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// It has arrived.
    ToAll,
    /// It is to be sent again.
    Late(String),
    /// It never will be taken, for anybody.
    Refused(String),
}

/// Mails that some of their addressees have, or never will, and others do not have yet. In memory: after a
/// restart they go to all again.
#[derive(Debug, Default)]
pub(super) struct Addressees(Mutex<HashMap<DeliveryId, Rest>>);

#[derive(Debug)]
struct Rest {
    to: Vec<String>,
    is_taken: bool,
    attempts: u32,
}

impl Addressees {
    /// Who of all is to be sent a mail now.
    pub(super) fn rest(&self, mail: DeliveryId, all: &[String]) -> Vec<String> {
        let there = self.lock();
        there
            .get(&mail)
            .map_or_else(|| all.to_vec(), |rest| rest.to.clone())
    }

    /// Notes what became of a mail. It has arrived when nobody waits for it, and somebody was sent it, at
    /// whichever attempt.
    pub(super) fn note(&self, mail: DeliveryId, posted: Posted) -> Came {
        let mut there = self.lock();
        let before = there.remove(&mail);
        let is_taken = posted.is_taken || before.as_ref().is_some_and(|rest| rest.is_taken);
        if posted.later.is_empty() {
            return match posted.refused {
                Some(why) if !is_taken => Came::Refused(why),
                _ => Came::ToAll,
            };
        }
        // Of the most tried the least is to be gained.
        if there.len() >= MOST
            && let Some(most) = there.iter().max_by_key(|(_, rest)| rest.attempts)
        {
            let most = *most.0;
            there.remove(&most);
        }
        let rest = Rest {
            to: posted.later,
            is_taken,
            attempts: before.map_or(0, |rest| rest.attempts) + 1,
        };
        there.insert(mail, rest);
        Came::Late(posted.why.unwrap_or_default())
    }

    /// A panic elsewhere leaves the map as good as it was.
    fn lock(&self) -> MutexGuard<'_, HashMap<DeliveryId, Rest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(to: &[&str]) -> Posted {
        Posted {
            later: to.iter().map(|it| (*it).to_owned()).collect(),
            why: Some("450 busy".to_owned()),
            ..Posted::default()
        }
    }

    #[test]
    fn only_who_waits_is_sent_it_again() {
        let addressees = Addressees::default();
        let mail = DeliveryId::from_bytes([1; 16]);
        let all = ["a@x".to_owned(), "b@x".to_owned(), "c@x".to_owned()];
        assert_eq!(addressees.rest(mail, &all), all);
        let some = Posted {
            is_taken: true,
            refused: Some("550 no".to_owned()),
            ..later(&["b@x"])
        };
        let late = || Came::Late("450 busy".to_owned());
        assert_eq!(addressees.note(mail, some), late());
        assert_eq!(addressees.rest(mail, &all), ["b@x"]);
        assert_eq!(addressees.note(mail, later(&["b@x"])), late());
        // The others have it, so that it has arrived, whatever becomes of this one.
        let refused = Posted {
            refused: Some("550 no".to_owned()),
            ..Posted::default()
        };
        assert_eq!(addressees.note(mail, refused), Came::ToAll);
        assert_eq!(addressees.rest(mail, &all), all);
        let nobody = Posted {
            refused: Some("550 no".to_owned()),
            ..Posted::default()
        };
        let refused = Came::Refused("550 no".to_owned());
        assert_eq!(addressees.note(mail, nobody), refused);
    }

    #[test]
    fn so_many_are_known_and_no_more() {
        let addressees = Addressees::default();
        for number in 0..MOST as u128 + 5 {
            let mail = DeliveryId::from_bytes(number.to_be_bytes());
            addressees.note(mail, later(&["b@x"]));
        }
        assert_eq!(addressees.lock().len(), MOST);
    }
}
