//! Places of connections that may be silent for long: bounded, and a silent one makes room for who has something to say.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sidetone_core::time::{SECOND_US, TimeUs};
use tokio::sync::Notify;

/// How long a connection is silent at least before another may have its place.
const SILENT_US: i64 = 60 * SECOND_US;
/// Since when a connection is silent that is being served.
const NOT_SILENT: i64 = i64::MAX;

/// All places.
#[derive(Debug)]
pub struct Places {
    most: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    by_number: HashMap<u64, Arc<Connection>>,
    last_number: u64,
}

#[derive(Debug)]
struct Connection {
    /// Microseconds since 1970, by our clock.
    silent_since_us: AtomicI64,
    displaced: Notify,
}

/// A connection's place, free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    number: u64,
    connection: Arc<Connection>,
}

/// A place that was found.
#[derive(Debug)]
pub struct Found {
    /// It.
    pub place: Place,
    /// Whether a silent connection had it.
    pub displaces: bool,
}

impl Places {
    /// So many places.
    #[must_use]
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            taken: Mutex::default(),
        })
    }

    /// A place for a connection that begins now. When all are taken, that of the connection which has been silent longest, if
    /// that is over a minute.
    #[must_use]
    pub fn take(self: &Arc<Self>, now: TimeUs) -> Option<Found> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let displaces = taken.by_number.len() >= self.most;
        if displaces {
            taken.displace(now)?;
        }
        let connection = Arc::new(Connection {
            silent_since_us: AtomicI64::new(now.micros()),
            displaced: Notify::new(),
        });
        taken.last_number += 1;
        let number = taken.last_number;
        taken.by_number.insert(number, connection.clone());
        let place = Place {
            places: self.clone(),
            number,
            connection,
        };
        Some(Found { place, displaces })
    }
}

impl Taken {
    /// Takes the place of the connection that has been silent longest; `None` when none has been for long.
    fn displace(&mut self, now: TimeUs) -> Option<()> {
        let since = |it: &Connection| it.silent_since_us.load(Ordering::Relaxed);
        let (number, connection) = self.by_number.iter().min_by_key(|(_, it)| since(it))?;
        if now.micros().saturating_sub(since(connection)) < SILENT_US {
            return None;
        }
        connection.displaced.notify_one();
        let number = *number;
        self.by_number.remove(&number);
        Some(())
    }
}

impl Place {
    /// Notes that the connection waits for its peer from now on.
    pub fn listens(&self, now: TimeUs) {
        let since = &self.connection.silent_since_us;
        since.store(now.micros(), Ordering::Relaxed);
    }

    /// Notes that something came, which takes its time.
    pub fn works(&self) {
        let since = &self.connection.silent_since_us;
        since.store(NOT_SILENT, Ordering::Relaxed);
    }

    /// Waits until another connection has the place.
    pub async fn lost(&self) {
        self.connection.displaced.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self
            .places
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        taken.by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: i64) -> TimeUs {
        TimeUs::from_micros(1_000_000_000 + seconds * SECOND_US)
    }

    #[tokio::test]
    async fn who_has_been_silent_longest_makes_room() {
        let places = Places::new(3);
        let take = |seconds| places.take(at(seconds));
        let first = take(0).unwrap();
        let second = take(10).unwrap();
        let third = take(20).unwrap();
        assert!(!first.displaces && !third.displaces);
        assert!(take(59).is_none());
        first.place.listens(at(59));
        second.place.works();
        // The first was heard, the second is being served: the third.
        assert!(take(79).is_none());
        let fourth = take(80).unwrap();
        assert!(fourth.displaces);
        third.place.lost().await;
        drop(third);
        assert!(take(81).is_none(), "who lost its place gives none up");
        drop(second);
        assert!(!take(81).unwrap().displaces);
        // A clock that was set back displaces nobody.
        first.place.listens(at(1_000));
        let _fifth = take(82).unwrap();
        assert!(take(90).is_none());
    }
}
