//! Failed logins: each costs its address something, and is told in the log.
//!
//! Whoever has valid credentials is never kept out by others behind the same address: what is
//! refused are wrong ones, sooner and for longer the more there were. To keep an address out
//! altogether is for the firewall: the line in the log is made for `fail2ban`
//! (docs/configuration.md).
//!
//! People's passwords can be guessed. So there guesses are refused, right ones too: after many from
//! one address, and after some by one name, wherever they come from. Who is signed in goes on.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::address::household;

/// How long it takes until one failure is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(2);
/// Failures that cost nothing: a wrong password is entered again, and one address may be that of
/// many.
const FREE: u32 = 100;
/// More than so many are not counted.
const MOST: u32 = 120;
/// Longest time that is to be waited.
const WAIT_MAX_S: u64 = 60;
/// The same of a name: ten in a row, then two a minute.
const FORGOTTEN_OF_NAME: Duration = Duration::from_secs(30);
const FREE_OF_NAME: u32 = 10;
/// Names are counted by their hashes, in so many places: whoever makes names up takes no memory by
/// it, and does not learn which are somebody's.
const PLACES: usize = 4096;
/// Addresses that are remembered.
const ADDRESSES_MAX: usize = 10_000;
/// Lines in the log in one second, of an address that has to wait and of all.
const LINES_OF_ONE: u32 = 1;
const LINES_OF_ALL: u32 = 100;

/// Who failed to log in lately.
#[derive(Debug, Default)]
pub struct Logins {
    failures: Mutex<Failures>,
    names: Names,
}

/// When the failures of names are forgotten.
#[derive(Debug)]
struct Names {
    hashes: RandomState,
    forgotten_at: Mutex<Vec<Duration>>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            hashes: RandomState::new(),
            forgotten_at: Mutex::new(vec![Duration::ZERO; PLACES]),
        }
    }
}

#[derive(Debug, Default)]
struct Failures {
    by_address: HashMap<IpAddr, Failed>,
    lines: Lines,
}

#[derive(Debug, Default)]
struct Failed {
    /// When all of them are forgotten.
    forgotten_at: Duration,
    lines: Lines,
}

/// Lines in the log within a second.
#[derive(Debug, Default)]
struct Lines {
    second: u64,
    said: u32,
    swallowed: u64,
}

/// What a failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// Seconds until the next try. `None`: at once.
    pub wait_s: Option<u64>,
    /// Whether to say so in the log, and how many were not said since the last time.
    pub say: Option<u64>,
}

impl Names {
    fn with<T>(&self, name: &str, count: impl FnOnce(&mut Duration) -> T) -> T {
        let hash = usize::try_from(self.hashes.hash_one(name)).unwrap_or_default();
        let mut all = self
            .forgotten_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        count(&mut all[hash % PLACES])
    }
}

impl Lines {
    fn may_log(&mut self, now: Duration, most: u32) -> bool {
        if self.second != now.as_secs() {
            self.second = now.as_secs();
            self.said = 0;
        }
        self.said += 1;
        self.said <= most
    }
}

impl Failed {
    /// Seconds until the next try. `None`: at once.
    fn wait_s(&self, now: Duration) -> Option<u64> {
        let left = self.forgotten_at.saturating_sub(now).as_secs();
        let left = left.div_ceil(FORGOTTEN.as_secs());
        let beyond = left.saturating_sub(u64::from(FREE));
        (beyond > 0).then(|| (1 << beyond.min(6)).min(WAIT_MAX_S))
    }
}

impl Logins {
    fn lock(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds that an address has to wait that has failed too often. `None`: it need not.
    pub fn wait(&self, address: IpAddr, now: Duration) -> Option<u64> {
        let failures = self.lock();
        let failed = failures.by_address.get(&household(address))?;
        failed.wait_s(now)
    }

    /// Counts a try to sign in by a name, before it is looked at: of many at once no more are than
    /// of as many one after another.
    ///
    /// # Errors
    /// The seconds to wait, when there were too many.
    pub fn try_name(&self, name: &str, now: Duration) -> Result<(), u64> {
        self.names.with(name, |forgotten_at| {
            let after = (*forgotten_at).max(now) + FORGOTTEN_OF_NAME;
            let beyond = after.saturating_sub(now + FORGOTTEN_OF_NAME * FREE_OF_NAME);
            if beyond.is_zero() {
                *forgotten_at = after;
                Ok(())
            } else {
                Err(beyond.as_secs().max(1))
            }
        })
    }

    /// Takes back what was counted of a try that was right.
    pub fn succeeded(&self, name: &str) {
        self.names.with(name, |forgotten_at| {
            *forgotten_at = forgotten_at.saturating_sub(FORGOTTEN_OF_NAME);
        });
    }

    /// Counts a failed login. `now`: time that has passed, which nobody sets.
    pub fn fail(&self, address: IpAddr, now: Duration) -> Failure {
        let mut failures = self.lock();
        let Failures { by_address, lines } = &mut *failures;
        let household = household(address);
        if by_address.len() >= ADDRESSES_MAX && !by_address.contains_key(&household) {
            by_address.retain(|_, failed| now < failed.forgotten_at);
        }
        if by_address.len() >= ADDRESSES_MAX && !by_address.contains_key(&household) {
            let say = lines.may_log(now, LINES_OF_ALL).then_some(0);
            return Failure { wait_s: None, say };
        }
        let failed = by_address.entry(household).or_default();
        let most = now + FORGOTTEN * MOST;
        failed.forgotten_at = (failed.forgotten_at.max(now) + FORGOTTEN).min(most);
        let wait_s = failed.wait_s(now);
        let of_one = if wait_s.is_some() {
            LINES_OF_ONE
        } else {
            u32::MAX
        };
        let says = failed.lines.may_log(now, of_one) && lines.may_log(now, LINES_OF_ALL);
        let swallowed = &mut failed.lines.swallowed;
        let say = if says {
            Some(std::mem::take(swallowed))
        } else {
            *swallowed += 1;
            None
        };
        Failure { wait_s, say }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn failures_cost_more_and_more_and_are_forgotten() {
        let logins = Logins::default();
        let fail = |second| logins.fail(HERE, Duration::from_secs(second));
        for _ in 0..FREE {
            assert_eq!(
                fail(0),
                Failure {
                    wait_s: None,
                    say: Some(0)
                }
            );
        }
        let waits: Vec<_> = (0..8).map(|_| fail(0).wait_s.unwrap()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(fail(1).say, Some(8), "those of the second before");
        // Half of them are forgotten.
        assert_eq!(fail(111).wait_s, None);
        let other = logins.fail("192.0.2.2".parse().unwrap(), Duration::from_secs(1));
        assert_eq!(other.wait_s, None, "another address");
    }

    #[test]
    fn a_name_is_tried_so_often_and_others_are_not_kept_out() {
        let logins = Logins::default();
        let now = Duration::from_secs(1_000);
        for _ in 0..FREE_OF_NAME {
            assert_eq!(logins.try_name("anna", now), Ok(()));
        }
        assert_eq!(logins.try_name("anna", now), Err(30));
        let later = now + Duration::from_secs(29);
        assert_eq!(logins.try_name("anna", later), Err(1));
        let later = now + Duration::from_secs(30);
        assert_eq!(logins.try_name("anna", later), Ok(()));
        assert_eq!(logins.try_name("anna", later), Err(30));
        logins.succeeded("anna");
        assert_eq!(logins.try_name("anna", later), Ok(()));
        assert_eq!(logins.wait(HERE, later), None, "that is of addresses");
        for _ in 0..=FREE {
            logins.fail(HERE, later);
        }
        assert_eq!(logins.wait(HERE, later), Some(2));
    }

    #[test]
    fn an_ipv6_network_is_one_and_memory_is_bounded() {
        let logins = Logins::default();
        let fail = |address: Ipv6Addr| logins.fail(address.into(), Duration::ZERO);
        for host in 0..100 {
            fail(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host));
        }
        let last = fail(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 1, 1, 1, 1));
        assert_eq!(last.wait_s, Some(2));
        for network in 0..12_000 {
            fail(Ipv6Addr::new(0x2001, 0xdb8, 1, network, 0, 0, 0, 1));
        }
        let held = logins.lock().by_address.len();
        assert_eq!(held, ADDRESSES_MAX);
    }
}
