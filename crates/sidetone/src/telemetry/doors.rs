//! What came in last by each door, and what it has refused: for whoever sets up a source and looks
//! whether something comes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sidetone_core::time::{SECOND_US, TimeUs};

use super::labels::Source;

/// A message that is kept is no longer.
const MESSAGE_MAX_CHARS: usize = 300;

/// What came in by a door since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Came {
    /// What was kept, or was there already.
    pub accepted: u64,
    /// When the last of it came.
    pub last_accepted: Option<TimeUs>,
    /// What was refused, by the words of the reasons.
    pub refused: BTreeMap<String, Refused>,
}

/// What was refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// How often.
    pub count: u64,
    /// When last, to the second.
    pub last: TimeUs,
    /// What is wrong, or what to do about it; of one of them.
    pub message: String,
}

/// All doors.
#[derive(Debug, Default)]
pub struct Doors(Mutex<HashMap<Source, Came>>);

impl Doors {
    /// Notes what was accepted.
    pub fn accept(&self, door: Source, number: u64, now: TimeUs) {
        if number > 0 {
            let mut doors = self.lock();
            let came = doors.entry(door).or_default();
            came.accepted += number;
            came.last_accepted = Some(now);
        }
    }

    /// Notes something that was refused, and what is wrong with it, or what to do about it: that is
    /// asked for once a second.
    pub fn refuse(
        &self,
        door: Source,
        reason: &str,
        now: TimeUs,
        message: impl FnOnce() -> String,
    ) {
        let mut doors = self.lock();
        let refused = &mut doors.entry(door).or_default().refused;
        let Some(refused) = refused.get_mut(reason) else {
            let first = Refused {
                count: 1,
                last: now,
                message: cut(message()),
            };
            refused.insert(reason.to_owned(), first);
            return;
        };
        refused.count += 1;
        // A clock that was set back does not keep an older one.
        if !(0..SECOND_US).contains(&now.since_us(refused.last)) {
            refused.message = cut(message());
            refused.last = now;
        }
    }

    /// What came in by a door.
    #[must_use]
    pub fn of(&self, door: Source) -> Came {
        self.lock().get(&door).cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Source, Came>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cut(message: String) -> String {
    match message.char_indices().nth(MESSAGE_MAX_CHARS) {
        Some((at, _)) => format!("{}…", &message[..at]),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors_tell_what_came_last_and_what_is_wrong_with_the_rest() {
        let doors = Doors::default();
        let at = |ms: i64| TimeUs::from_micros(ms * 1000);
        let refuse = |ms, message: &str| {
            doors.refuse(Source::Native, "invalid", at(ms), || message.to_owned());
        };
        doors.accept(Source::Native, 3, at(1));
        doors.accept(Source::Native, 0, at(9));
        refuse(10, "first");
        refuse(1009, "too soon");
        refuse(1010, "second");
        let came = doors.of(Source::Native);
        assert_eq!((came.accepted, came.last_accepted), (3, Some(at(1))));
        let refused = &came.refused["invalid"];
        assert_eq!((refused.count, refused.last), (3, at(1010)));
        assert_eq!(refused.message, "second");
        refuse(2010, &"\u{e9}".repeat(301));
        assert_eq!(
            doors.of(Source::Native).refused["invalid"]
                .message
                .chars()
                .count(),
            301
        );
        assert_eq!(doors.of(Source::Hep), Came::default());
    }
}
