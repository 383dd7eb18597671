//! Where each call counts, and whose they are: room is shared among accounts.

use std::collections::{BTreeSet, HashMap};

use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::TimeUs;

/// The most times that calls count for rules, all together: some 150 MB.
pub(super) const COUNTED_MAX: usize = 2_000_000;

/// When a call ended, and the rules and groups that it counts for, by their places.
pub(super) struct Counted {
    pub(super) ended_us: i64,
    pub(super) places: Box<[(u32, u32)]>,
}

/// Where calls count.
#[derive(Default)]
pub(super) struct Room {
    counts: usize,
    accounts: HashMap<AccountSid, Share>,
}

/// Those of an account.
#[derive(Default)]
struct Share {
    counts: usize,
    calls: HashMap<CallSid, Counted>,
    by_end: BTreeSet<(i64, CallSid)>,
}

impl Room {
    /// How often calls count, of all accounts.
    pub(super) const fn counts(&self) -> usize {
        self.counts
    }

    /// How often those of an account do.
    pub(super) fn counts_of(&self, account: AccountSid) -> usize {
        self.accounts.get(&account).map_or(0, |share| share.counts)
    }

    /// Notes where a call counts that counts nowhere yet.
    pub(super) fn keep(&mut self, call: CallRef, counted: Counted) {
        let share = self.accounts.entry(call.account).or_default();
        share.counts += counted.places.len();
        self.counts += counted.places.len();
        share.by_end.insert((counted.ended_us, call.sid));
        share.calls.insert(call.sid, counted);
    }

    /// Forgets where a call counts, and says it.
    pub(super) fn take(&mut self, call: CallRef) -> Option<Counted> {
        let share = self.accounts.get_mut(&call.account)?;
        let counted = share.calls.remove(&call.sid)?;
        share.by_end.remove(&(counted.ended_us, call.sid));
        share.counts -= counted.places.len();
        self.counts -= counted.places.len();
        Some(counted)
    }

    /// The call that ended first, of the account whose calls count most often.
    pub(super) fn first_of_the_largest(&self) -> Option<CallRef> {
        let largest = self.accounts.iter().max_by_key(|(_, share)| share.counts);
        let (account, share) = largest?;
        let (_, sid) = *share.by_end.first()?;
        Some(CallRef {
            account: *account,
            sid,
        })
    }

    /// Forgets where calls counted that ended before a time: they have left all windows.
    pub(super) fn forget(&mut self, before: TimeUs) {
        for share in self.accounts.values_mut() {
            while let Some((ended_us, call)) = share.by_end.first().copied()
                && ended_us < before.micros()
            {
                share.by_end.pop_first();
                let gone = share.calls.remove(&call);
                let gone = gone.map_or(0, |counted| counted.places.len());
                share.counts -= gone;
                self.counts -= gone;
            }
        }
        self.accounts.retain(|_, share| !share.calls.is_empty());
    }
}
