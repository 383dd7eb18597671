//! Who works on what, and since when there is more to do.
//!
//! In memory: a database has one server, which holds the lock of its directory, so whoever worked
//! on something is gone with its process. A claim costs no commit, and nothing has to run out at
//! the next start.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sidetone_core::time::TimeUs;

/// Which handle of the database works on each.
#[derive(Debug)]
pub(crate) struct Claims<K>(Mutex<HashMap<K, Claim>>);

#[derive(Debug, Clone, Copy)]
struct Claim {
    /// The handle.
    owner: u64,
    until: TimeUs,
    /// From when on there is more to do because of what came meanwhile.
    again_us: Option<i64>,
    /// What it began with is no more: what comes of it is not wanted.
    is_void: bool,
}

impl<K> Default for Claims<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Copy + Eq + Hash> Claims<K> {
    /// Claims what nobody has. Says whether it is ours now.
    pub(crate) fn take(&self, key: K, owner: u64, now: TimeUs, until: TimeUs) -> bool {
        let mut claims = self.lock();
        if claims.get(&key).is_some_and(|claim| now < claim.until) {
            return false;
        }
        let claim = Claim {
            owner,
            until,
            again_us: None,
            is_void: false,
        };
        claims.insert(key, claim);
        true
    }

    /// Notes that something came while somebody works on it.
    pub(crate) fn note(&self, key: K, again_us: i64) {
        if let Some(claim) = self.lock().get_mut(&key) {
            let earlier = claim.again_us.map_or(again_us, |held| held.min(again_us));
            claim.again_us = Some(earlier);
        }
    }

    /// From when on there is more to do, as far as that was noted.
    pub(crate) fn again_us(&self, key: K) -> Option<i64> {
        self.lock().get(&key)?.again_us
    }

    /// Whoever works on it began with something that is no more.
    pub(crate) fn make_void(&self, key: K) {
        if let Some(claim) = self.lock().get_mut(&key) {
            claim.is_void = true;
        }
    }

    /// Whether what comes of the work is not wanted.
    pub(crate) fn is_void(&self, key: K) -> bool {
        self.lock().get(&key).is_some_and(|claim| claim.is_void)
    }

    /// The work is done, or will not be.
    pub(crate) fn release(&self, keys: impl IntoIterator<Item = K>) {
        let mut claims = self.lock();
        for key in keys {
            claims.remove(&key);
        }
    }

    /// The handle is gone.
    pub(crate) fn release_all_of(&self, owner: u64) {
        self.lock().retain(|_, claim| claim.owner != owner);
    }

    /// No claim lasts longer than until then.
    pub(crate) fn end_by(&self, latest: TimeUs) {
        self.lock().retain(|_, claim| claim.until <= latest);
    }

    /// A panic elsewhere leaves the map as good as it was.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Claim>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
