//! What all that is under way may take together.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::budget::{Budget, Share};
use crate::logins::Logins;
use crate::rates::RateLimits;

/// Memory of answers that are being made and sent.
const ANSWERS_BYTES: usize = 64 << 20;
/// Memory of bodies that are held whole until they are read.
const BODIES_BYTES: usize = 32 << 20;
/// Memory of those whose sender is not known before they are read: he can keep only others like him
/// waiting.
const UNVERIFIED_BYTES: usize = 8 << 20;
/// Memory of events that were read and are not written yet.
const EVENTS_BYTES: usize = 64 << 20;
/// The most of it that one body may ask for: who asks for all of it waits until all others are
/// gone, and so do those behind.
pub const EVENTS_OF_BODY_BYTES: usize = EVENTS_BYTES / 4;
/// The most memory that a page of a list takes: its rows once as they are stored, once as they are
/// told, and as text.
const PAGE_BYTES: usize = 16 << 20;
/// The most memory that one of its rows takes likewise.
const ROW_BYTES: usize = 256 << 10;
/// What is so short is read at once: that takes less than waiting for a turn.
const SHORT_BYTES: usize = 16 << 10;

/// Passwords that wait to be hashed: some seconds' worth.
const PASSWORDS_MAX: usize = 16;

/// Exports at once, of all accounts and of one: a client may take its time with each.
const EXPORTS_MAX: usize = 32;
const EXPORTS_OF_ACCOUNT_MAX: usize = 4;
/// Streams of calls as they change likewise.
const STREAMS_MAX: usize = 1024;
const STREAMS_OF_ACCOUNT_MAX: usize = 256;
/// Sign-ins that ask the provider of identities at once, of all addresses and of one: a company may
/// be behind one, and a stranger must not have them all.
const SIGN_INS_MAX: usize = 64;
const SIGN_INS_OF_ADDRESS_MAX: usize = 16;

/// Why work for a request was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// Others had all the room for too long.
    NoRoom,
    /// It panicked.
    Panicked,
}

/// The bounds of a process.
#[derive(Debug)]
pub struct Bounds {
    /// Memory for answers.
    pub answers: Budget,
    /// Memory for bodies.
    pub bodies: Budget,
    /// Memory for bodies of senders that show no credentials.
    pub unverified: Budget,
    /// Memory for events.
    pub events: Budget,
    /// Failed logins.
    pub logins: Logins,
    /// Requests of voice SDKs: of each token, and of each address.
    pub sdk_tokens: RateLimits<[u8; 16]>,
    /// See there.
    pub sdk_addresses: RateLimits<IpAddr>,
    /// Exports under way.
    pub exports: Turns<[u8; 16]>,
    /// Streams of calls as they change.
    pub streams: Turns<[u8; 16]>,
    /// Sign-ins that ask the provider of identities, of each address.
    pub sign_ins: Turns<IpAddr>,
    /// Turns to read what others sent: half of the processors, the others answer meanwhile.
    reading: Arc<Semaphore>,
    /// As many to make pages, which take longer: who brings events does not wait behind them.
    pages: Arc<Semaphore>,
    /// As many to hash passwords, which takes long on purpose.
    hashing: Arc<Semaphore>,
    /// Passwords that are hashed, or wait for that.
    passwords: Arc<Semaphore>,
}

impl Default for Bounds {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let turns = || Arc::new(Semaphore::new((processors / 2).max(1)));
        Self {
            answers: Budget::new(ANSWERS_BYTES),
            bodies: Budget::new(BODIES_BYTES),
            unverified: Budget::new(UNVERIFIED_BYTES),
            events: Budget::new(EVENTS_BYTES),
            logins: Logins::default(),
            sdk_tokens: RateLimits::default(),
            sdk_addresses: RateLimits::default(),
            exports: Turns::new(EXPORTS_MAX, EXPORTS_OF_ACCOUNT_MAX),
            streams: Turns::new(STREAMS_MAX, STREAMS_OF_ACCOUNT_MAX),
            sign_ins: Turns::new(SIGN_INS_MAX, SIGN_INS_OF_ADDRESS_MAX),
            reading: turns(),
            pages: turns(),
            hashing: turns(),
            passwords: Arc::new(Semaphore::new(PASSWORDS_MAX)),
        }
    }
}

impl Bounds {
    /// Memory for a page of so many rows, until it is sent.
    ///
    /// # Errors
    /// When there is none for too long.
    pub async fn page(&self, rows: u64) -> Result<Share, Undone> {
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let bytes = rows.saturating_mul(ROW_BYTES).min(PAGE_BYTES);
        self.answers.take(bytes).await.ok_or(Undone::NoRoom)
    }

    /// Reads so many bytes that somebody sent: where they came when they are few, else aside.
    ///
    /// # Errors
    /// When it panics.
    pub async fn reading<T: Send + 'static>(
        &self,
        bytes: usize,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        if bytes <= SHORT_BYTES {
            return Ok(read());
        }
        aside(&self.reading, read).await
    }

    /// Room to hash a password.
    ///
    /// # Errors
    /// When too many wait already.
    pub fn hashing(&self) -> Result<Hashing, Undone> {
        let place = Arc::clone(&self.passwords).try_acquire_owned();
        Ok(Hashing {
            turns: Arc::clone(&self.hashing),
            place: place.map_err(|_| Undone::NoRoom)?,
        })
    }

    /// Makes a page, or what it is made of, aside.
    ///
    /// # Errors
    /// When it panics.
    pub async fn making<T: Send + 'static>(
        &self,
        make: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        aside(&self.pages, make).await
    }
}

/// Room to hash a password.
#[derive(Debug)]
pub struct Hashing {
    turns: Arc<Semaphore>,
    place: OwnedSemaphorePermit,
}

impl Hashing {
    /// Hashes it, aside.
    ///
    /// # Errors
    /// When it panics.
    pub async fn run<T: Send + 'static>(
        self,
        hash: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        let Self { turns, place } = self;
        aside(&turns, move || {
            let _place = place;
            hash()
        })
        .await
    }
}

/// What takes long and is under way, by whose it is: an account's, or an address's.
#[derive(Debug, Clone)]
pub struct Turns<K> {
    most: usize,
    most_of_one: usize,
    running: Arc<Mutex<HashMap<K, usize>>>,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct Turn<K: Copy + Eq + Hash> {
    whose: K,
    all: Turns<K>,
}

impl<K: Copy + Eq + Hash> Turns<K> {
    /// So many at once, of all and of one.
    fn new(most: usize, most_of_one: usize) -> Self {
        Self {
            most,
            most_of_one,
            running: Arc::default(),
        }
    }

    /// Begins one. `None`: there are as many as there may be.
    pub fn begin(&self, whose: K) -> Option<Turn<K>> {
        let mut running = self.lock();
        if running.values().sum::<usize>() >= self.most {
            return None;
        }
        let of_one = running.entry(whose).or_default();
        if *of_one >= self.most_of_one {
            return None;
        }
        *of_one += 1;
        Some(Turn {
            whose,
            all: self.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        let mut running = self.all.lock();
        if let Some(of_one) = running.get_mut(&self.whose) {
            *of_one -= 1;
            if *of_one == 0 {
                running.remove(&self.whose);
            }
        }
    }
}

/// Works on a thread that may take its time, a few at once: a thread that answers requests has
/// others to answer.
async fn aside<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Undone> {
    // Never closed: acquiring it does not fail.
    let turn = Arc::clone(turns).acquire_owned().await;
    let done = tokio::task::spawn_blocking(move || {
        // The turn goes where the work goes: whoever asked may leave while it is done.
        let _turn = turn;
        work()
    });
    done.await.map_err(|error| {
        tracing::error!(%error, "work for a request was cut short");
        Undone::Panicked
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_some_of_all_turns() {
        let turns = Turns::new(3, 2);
        let begun: Vec<_> = (0..3).filter_map(|_| turns.begin(1)).collect();
        assert_eq!(begun.len(), 2);
        let other = turns.begin(2);
        assert!(other.is_some() && turns.begin(3).is_none());
        drop(begun);
        assert!(turns.begin(3).is_some());
        drop(other);
        assert!(turns.lock().is_empty());
    }

    #[tokio::test]
    async fn who_brings_events_waits_for_no_page_and_with_few_bytes_for_nobody() {
        let bounds = Bounds::default();
        let all = |turns: &Arc<Semaphore>| {
            let permits = u32::try_from(turns.available_permits()).unwrap();
            Arc::clone(turns).try_acquire_many_owned(permits).unwrap()
        };
        let _pages = all(&bounds.pages);
        assert_eq!(bounds.reading(SHORT_BYTES + 1, || 1).await.unwrap(), 1);
        let _reading = all(&bounds.reading);
        assert_eq!(bounds.reading(SHORT_BYTES, || 2).await.unwrap(), 2);
    }
}
