//! Which calls have ended and fallen silent: their summaries are expected to change no more.

use std::collections::HashMap;
use std::time::Duration;

use sidetone_core::id::CallRef;

/// A call of which nothing came for so long after its end is expected to stay as it is.
const SILENCE: Duration = Duration::from_secs(10);
/// Whether a call was told is remembered for so long, of so many calls. What comes of it later is told
/// as complete alone.
const REMEMBERED: Duration = Duration::from_secs(600);
const TOLD_MAX: usize = 500_000;
/// How often all that are waiting are looked through, and all that were told.
const LOOK: Duration = Duration::from_secs(1);
const CLEAR: Duration = Duration::from_secs(60);

/// Calls that are not complete and have ended, and those that were told. By time that passed.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    /// When each is due, and the version of its summary.
    waiting: HashMap<CallRef, (Duration, u32)>,
    told: HashMap<CallRef, Duration>,
    look_at: Duration,
    clear_at: Duration,
}

impl Quiet {
    /// A summary that is not complete was written.
    pub(super) fn changed(&mut self, call: CallRef, version: u32, has_ended: bool, now: Duration) {
        if has_ended && !self.told.contains_key(&call) {
            self.waiting.insert(call, (now + SILENCE, version));
        } else {
            self.waiting.remove(&call);
        }
    }

    /// The calls that are quiet by now and were not told.
    pub(super) fn due(&mut self, now: Duration) -> Vec<(CallRef, u32)> {
        if now >= self.clear_at {
            self.clear_at = now + CLEAR;
            self.told.retain(|_, at| now < *at + REMEMBERED);
        }
        if now < self.look_at {
            return Vec::new();
        }
        self.look_at = now + LOOK;
        let waiting = self.waiting.iter();
        let due = waiting.filter(|(_, (at, _))| *at <= now);
        due.map(|(call, (_, version))| (*call, *version)).collect()
    }

    /// A call was told.
    pub(super) fn told(&mut self, call: CallRef, now: Duration) {
        self.waiting.remove(&call);
        if self.told.len() < TOLD_MAX {
            self.told.insert(call, now);
        }
    }

    /// A call is complete, so long after its end: whether it is still to be told that this was
    /// expected. Of one that is not remembered, because another process followed it, it is told
    /// again rather than not, unless that is long ago.
    pub(super) fn is_to_be_told(&self, call: CallRef, since_end_us: i64) -> bool {
        is_recent(since_end_us) && !self.told.contains_key(&call)
    }

    /// It was told that a call is complete.
    pub(super) fn complete(&mut self, call: CallRef, since_end_us: i64, now: Duration) {
        if is_recent(since_end_us) {
            self.told(call, now);
        } else {
            self.forget(call);
        }
    }

    /// A call is no more.
    pub(super) fn forget(&mut self, call: CallRef) {
        self.waiting.remove(&call);
        self.told.remove(&call);
    }
}

fn is_recent(since_end_us: i64) -> bool {
    Duration::from_micros(u64::try_from(since_end_us).unwrap_or(0)) < REMEMBERED
}

#[cfg(test)]
mod tests {
    use sidetone_core::id::{AccountSid, CallSid};

    use super::*;

    const SECOND_US: i64 = 1_000_000;

    fn call(n: u8) -> CallRef {
        CallRef {
            account: AccountSid::from_bytes([1; 16]),
            sid: CallSid::from_bytes([n; 16]),
        }
    }

    /// What is due is told.
    fn told(quiet: &mut Quiet, second: u64) -> Vec<(CallRef, u32)> {
        let now = Duration::from_secs(second);
        let due = quiet.due(now);
        for (call, _) in &due {
            quiet.told(*call, now);
        }
        due
    }

    #[test]
    fn a_call_is_told_once_it_was_quiet_for_ten_seconds() {
        let mut quiet = Quiet::default();
        let at = Duration::from_secs;
        quiet.changed(call(1), 1, false, at(0));
        assert_eq!(told(&mut quiet, 60), []);
        quiet.changed(call(1), 2, true, at(61));
        quiet.changed(call(1), 3, true, at(65));
        assert_eq!(told(&mut quiet, 74), []);
        assert_eq!(quiet.due(at(75)), [(call(1), 3)]);
        // That could not be told.
        assert_eq!(told(&mut quiet, 76), [(call(1), 3)]);
        // Something late.
        quiet.changed(call(1), 4, true, at(77));
        assert_eq!(told(&mut quiet, 90), []);
        for since_end in [60, 90] {
            assert!(!quiet.is_to_be_told(call(1), since_end * SECOND_US));
            quiet.complete(call(1), since_end * SECOND_US, at(120));
        }
    }

    #[test]
    fn who_settles_sooner_is_told_before_it_is_complete() {
        let mut quiet = Quiet::default();
        let at = Duration::from_secs;
        quiet.changed(call(1), 2, true, at(0));
        assert!(quiet.is_to_be_told(call(1), 2 * SECOND_US));
        quiet.complete(call(1), 2 * SECOND_US, at(2));
        assert!(!quiet.is_to_be_told(call(1), 3 * SECOND_US));
        assert_eq!(told(&mut quiet, 20), []);
        // Nothing was seen of it but that it is complete: after a start, or of long ago.
        assert!(quiet.is_to_be_told(call(2), 60 * SECOND_US));
        assert!(!quiet.is_to_be_told(call(3), 86_400 * SECOND_US));
        quiet.changed(call(4), 1, true, at(20));
        quiet.forget(call(4));
        assert_eq!(told(&mut quiet, 60), []);
    }

    #[test]
    fn what_was_told_is_forgotten_in_time() {
        let mut quiet = Quiet::default();
        let at = Duration::from_secs;
        quiet.changed(call(1), 1, true, at(0));
        assert_eq!(told(&mut quiet, 10).len(), 1);
        // A summary of years ago leaves nothing.
        quiet.complete(call(2), 86_400 * SECOND_US, at(11));
        assert_eq!(quiet.told.len(), 1);
        assert_eq!(told(&mut quiet, 4000), []);
        assert!(quiet.told.is_empty());
    }
}
