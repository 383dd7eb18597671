//! Which calls have ended and fallen silent: their summaries are expected to change no more.

use std::collections::HashMap;
use std::time::Duration;

use sidetone_core::id::CallRef;

/// A call of which nothing came for so long after its end is expected to stay as it is.
const SILENCE: Duration = Duration::from_secs(10);
/// Whether a call was told is remembered for so long. What comes of it later is told as complete
/// alone.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// Calls that are not complete and have ended, and those that were told. By time that passed.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    /// When each is due, and the version of its summary.
    waiting: HashMap<CallRef, (Duration, u32)>,
    told: HashMap<CallRef, Duration>,
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

    /// The calls that are quiet by now, each once.
    pub(super) fn due(&mut self, now: Duration) -> Vec<(CallRef, u32)> {
        self.told.retain(|_, at| now < *at + REMEMBERED);
        let waiting = self.waiting.iter();
        let due = waiting.filter(|(_, (at, _))| *at <= now);
        let due: Vec<_> = due.map(|(call, (_, version))| (*call, *version)).collect();
        for (call, _) in &due {
            self.waiting.remove(call);
            self.told.insert(*call, now);
        }
        due
    }

    /// A call is complete: whether it is still to be told that this was expected. Of one that is
    /// not remembered, because another process followed it, it is told again rather than not.
    pub(super) fn is_to_be_told(
        &mut self,
        call: CallRef,
        since_end_us: i64,
        now: Duration,
    ) -> bool {
        self.waiting.remove(&call);
        let since_end = Duration::from_micros(u64::try_from(since_end_us).unwrap_or(0));
        self.told.insert(call, now).is_none() && since_end < REMEMBERED
    }

    /// A call is no more.
    pub(super) fn forget(&mut self, call: CallRef) {
        self.waiting.remove(&call);
        self.told.remove(&call);
    }
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

    #[test]
    fn a_call_is_told_once_it_was_quiet_for_ten_seconds() {
        let mut quiet = Quiet::default();
        let at = Duration::from_secs;
        quiet.changed(call(1), 1, false, at(0));
        assert_eq!(quiet.due(at(60)), []);
        quiet.changed(call(1), 2, true, at(60));
        quiet.changed(call(1), 3, true, at(65));
        assert_eq!(quiet.due(at(74)), []);
        assert_eq!(quiet.due(at(75)), [(call(1), 3)]);
        // Something late.
        quiet.changed(call(1), 4, true, at(76));
        assert_eq!(quiet.due(at(90)), []);
        assert!(!quiet.is_to_be_told(call(1), 60 * SECOND_US, at(120)));
        assert!(!quiet.is_to_be_told(call(1), 90 * SECOND_US, at(150)));
    }

    #[test]
    fn who_settles_sooner_is_told_before_it_is_complete() {
        let mut quiet = Quiet::default();
        let at = Duration::from_secs;
        quiet.changed(call(1), 2, true, at(0));
        assert!(quiet.is_to_be_told(call(1), 2 * SECOND_US, at(2)));
        assert!(!quiet.is_to_be_told(call(1), 3 * SECOND_US, at(3)));
        assert_eq!(quiet.due(at(20)), []);
        // Nothing was seen of it but that it is complete: after a start, or of long ago.
        assert!(quiet.is_to_be_told(call(2), 60 * SECOND_US, at(20)));
        assert!(!quiet.is_to_be_told(call(3), 86_400 * SECOND_US, at(20)));
        quiet.changed(call(4), 1, true, at(20));
        quiet.forget(call(4));
        assert_eq!(quiet.due(at(60)), []);
    }

    #[test]
    fn what_was_told_is_forgotten_in_time() {
        let mut quiet = Quiet::default();
        let at = Duration::from_secs;
        quiet.changed(call(1), 1, true, at(0));
        assert_eq!(quiet.due(at(10)).len(), 1);
        assert_eq!(quiet.due(at(4000)), []);
        assert!(quiet.told.is_empty());
    }
}
