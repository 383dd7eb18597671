//! A limit of connections: bounded in all and for each address, and a silent connection makes room
//! for another.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::address::household;
use crate::config::Networks;

/// Since when a connection is silent that is being served.
const NOT_SILENT: u64 = u64::MAX;
/// The least that one address may have.
const OF_ONE_MIN: usize = 64;

/// The connections there are.
#[derive(Debug)]
pub struct ConnectionLimit {
    most: usize,
    of_one: usize,
    /// Proxies, which speak for many.
    exempt: Networks,
    /// How long a connection is silent at least that has said something sensible before, until
    /// another may have its permit.
    idle_min: Duration,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    by_number: HashMap<u64, Arc<Connection>>,
    /// Connections and requests of each address.
    by_address: HashMap<IpAddr, Of>,
    requests: usize,
    last_number: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Of {
    connections: usize,
    requests: usize,
}

#[derive(Debug)]
struct Connection {
    /// That of the household.
    address: IpAddr,
    is_exempt: bool,
    /// Milliseconds of the time that has passed.
    silent_since_ms: AtomicU64,
    /// Whether it has said something sensible.
    is_known: AtomicBool,
    displaced: Notify,
}

/// A connection's permit, given back when it is dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    limit: Arc<ConnectionLimit>,
    number: u64,
    connection: Arc<Connection>,
}

/// A permit that was found.
#[derive(Debug)]
pub struct Found {
    /// It.
    pub permit: ConnectionPermit,
    /// Whether a silent connection had it.
    pub displaces: bool,
}

/// A request of a connection that may have many at once, over when it is dropped.
#[derive(Debug)]
pub struct Request {
    limit: Arc<ConnectionLimit>,
    address: IpAddr,
}

impl ConnectionLimit {
    /// So many connections; for one address a quarter of them, unless it is exempt.
    #[must_use]
    pub fn new(most: usize, exempt: Networks, idle_min: Duration) -> Arc<Self> {
        Arc::new(Self {
            most,
            of_one: (most / 4).max(OF_ONE_MIN),
            exempt,
            idle_min,
            taken: Mutex::default(),
        })
    }

    /// A permit for a connection that begins now. When all are taken, or all that its address may
    /// have, it displaces a connection that is silent (of the same address, in the latter case):
    /// first those that have never said anything sensible, those that have been silent longest
    /// first of all.
    #[must_use]
    pub fn take(self: &Arc<Self>, address: IpAddr, now: Duration) -> Option<Found> {
        let is_exempt = self.exempt.contains(address.to_canonical());
        let address = household(address);
        let mut taken = self.lock();
        let of_one = taken
            .by_address
            .get(&address)
            .map_or(0, |it| it.connections);
        let displaces = if !is_exempt && of_one >= self.of_one {
            taken.displace(now, self.idle_min, Some(address))?;
            true
        } else if taken.by_number.len() >= self.most {
            taken.displace(now, self.idle_min, None)?;
            true
        } else {
            false
        };
        let connection = Arc::new(Connection {
            address,
            is_exempt,
            silent_since_ms: AtomicU64::new(as_ms(now)),
            is_known: AtomicBool::new(false),
            displaced: Notify::new(),
        });
        taken.last_number += 1;
        let number = taken.last_number;
        taken.by_number.insert(number, connection.clone());
        taken.by_address.entry(address).or_default().connections += 1;
        let permit = ConnectionPermit {
            limit: self.clone(),
            number,
            connection,
        };
        Some(Found { permit, displaces })
    }

    /// A panic elsewhere leaves the maps as good as they were.
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Takes the permit of a silent connection, of this address if one is given; `None` when there
    /// is none.
    fn displace(&mut self, now: Duration, idle_min: Duration, of: Option<IpAddr>) -> Option<()> {
        let now_ms = as_ms(now);
        let silent = |(number, it): (&u64, &Arc<Connection>)| {
            let since_ms = it.silent_since_ms.load(Ordering::Relaxed);
            let is_known = it.is_known.load(Ordering::Relaxed);
            let wanted = of.is_none_or(|address| address == it.address);
            let silent_ms = now_ms.checked_sub(since_ms)?;
            let is_over = !is_known || silent_ms >= as_ms(idle_min);
            (wanted && is_over).then_some((is_known, since_ms, *number))
        };
        let (.., number) = self.by_number.iter().filter_map(silent).min()?;
        self.remove(number)?.displaced.notify_one();
        Some(())
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Connection>> {
        let connection = self.by_number.remove(&number)?;
        self.change(connection.address, |of| {
            of.connections = of.connections.saturating_sub(1);
        });
        Some(connection)
    }

    fn change(&mut self, address: IpAddr, how: impl FnOnce(&mut Of)) {
        let of = self.by_address.entry(address).or_default();
        how(of);
        if *of == Of::default() {
            self.by_address.remove(&address);
        }
    }
}

impl ConnectionPermit {
    /// Notes that the connection waits for its peer from now on.
    pub fn listens(&self, now: Duration) {
        let since = &self.connection.silent_since_ms;
        since.store(as_ms(now), Ordering::Relaxed);
    }

    /// Notes that something came, which takes its time.
    pub fn works(&self) {
        let since = &self.connection.silent_since_ms;
        since.store(NOT_SILENT, Ordering::Relaxed);
    }

    /// Notes that what came made sense.
    pub fn is_known(&self) {
        self.connection.is_known.store(true, Ordering::Relaxed);
    }

    /// Begins a request on a connection that may have many: as many as there are permits, and for
    /// one address as many as it may have connections. `None`: there are too many.
    #[must_use]
    pub fn begin_request(&self) -> Option<Request> {
        let address = self.connection.address;
        let is_exempt = self.connection.is_exempt;
        let mut taken = self.limit.lock();
        let of_one = taken.by_address.get(&address).map_or(0, |it| it.requests);
        if taken.requests >= self.limit.most || !is_exempt && of_one >= self.limit.of_one {
            return None;
        }
        taken.requests += 1;
        taken.change(address, |of| of.requests += 1);
        Some(Request {
            limit: self.limit.clone(),
            address,
        })
    }

    /// Waits until another connection has the permit.
    pub async fn lost(&self) {
        self.connection.displaced.notified().await;
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.limit.lock().remove(self.number);
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let mut taken = self.limit.lock();
        taken.requests = taken.requests.saturating_sub(1);
        taken.change(self.address, |of| {
            of.requests = of.requests.saturating_sub(1);
        });
    }
}

fn as_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(NOT_SILENT - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000 + seconds)
    }

    fn address(number: u8) -> IpAddr {
        [192, 0, 2, number].into()
    }

    #[tokio::test]
    async fn who_has_been_silent_longest_makes_room() {
        let limit = ConnectionLimit::new(3, Networks::default(), MINUTE);
        let take = |seconds| {
            let found = limit.take(address(1), at(seconds));
            found.inspect(|found| found.permit.is_known())
        };
        let first = take(0).unwrap();
        let second = take(10).unwrap();
        let third = take(20).unwrap();
        assert!(!first.displaces && !third.displaces);
        assert!(take(59).is_none());
        first.permit.listens(at(59));
        second.permit.works();
        // The first was heard, the second is being served: the third.
        assert!(take(79).is_none());
        let fourth = take(80).unwrap();
        assert!(fourth.displaces);
        third.permit.lost().await;
        drop(third);
        assert!(take(81).is_none(), "who lost its permit gives none up");
        drop(second);
        assert!(!take(81).unwrap().displaces);
    }

    #[tokio::test]
    async fn who_never_said_anything_makes_room_first_and_at_once() {
        let limit = ConnectionLimit::new(2, Networks::default(), MINUTE);
        let known = limit.take(address(1), at(0)).unwrap().permit;
        known.is_known();
        let stranger = limit.take(address(2), at(1)).unwrap().permit;
        assert!(limit.take(address(3), at(1)).unwrap().displaces);
        stranger.lost().await;
    }

    #[test]
    fn an_address_has_a_quarter_and_displaces_its_own() {
        let limit = ConnectionLimit::new(400, "192.0.2.9".parse().unwrap(), Duration::ZERO);
        let take = |number| limit.take(address(number), at(0)).unwrap();
        let other = take(2);
        let own: Vec<_> = (0..100).map(|_| take(1)).collect();
        assert!(own.iter().all(|found| !found.displaces));
        for found in &own {
            found.permit.works();
        }
        assert!(limit.take(address(1), at(0)).is_none());
        own[7].permit.listens(at(0));
        assert!(take(1).displaces);
        assert!(!take(2).displaces);
        let exempt: Vec<_> = (0..200).map(|_| take(9)).collect();
        assert!(exempt.iter().all(|found| !found.displaces));
        drop((own, other, exempt));
        assert_eq!(limit.lock().by_address.len(), 0, "all permits are free");
    }

    #[test]
    fn requests_are_counted_by_address_too() {
        let limit = ConnectionLimit::new(300, Networks::default(), Duration::ZERO);
        let permit = |number| limit.take(address(number), at(0)).unwrap().permit;
        let (one, other) = (permit(1), permit(2));
        let begun: Vec<_> = (0..80).map_while(|_| one.begin_request()).collect();
        assert_eq!(begun.len(), 75);
        assert!(other.begin_request().is_some());
        drop(begun);
        assert!(one.begin_request().is_some());
    }

    #[test]
    fn requests_of_a_proxy_are_exempt_by_its_whole_address() {
        let limit = ConnectionLimit::new(300, "2001:db8::9".parse().unwrap(), Duration::ZERO);
        for (address, expected) in [("2001:db8::9", 80), ("2001:db8::8", 75)] {
            let found = limit.take(address.parse().unwrap(), at(0)).unwrap();
            let begun: Vec<_> = (0..80)
                .map_while(|_| found.permit.begin_request())
                .collect();
            assert_eq!(begun.len(), expected, "{address}");
        }
    }
}
