//! Memory that work under way may take together: who finds no room waits for a while, or is told to come again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one permit stands for, in bytes.
const UNIT: usize = 1024;
/// Longest wait for room. Whoever has some gives it back when it is written or sent, for which there are limits as well.
const WAIT: Duration = Duration::from_secs(10);

/// So many bytes, for all.
#[derive(Debug)]
pub struct Room {
    units: Arc<Semaphore>,
    most: u32,
}

/// Some of them, given back when dropped.
#[derive(Debug)]
pub struct Share(OwnedSemaphorePermit);

impl Room {
    /// Room for so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let most = units(bytes);
        Self {
            units: Arc::new(Semaphore::new(most as usize)),
            most,
        }
    }

    /// Makes a share one of so many bytes at least, as [`Self::take`]; `None` leaves it as it was.
    pub async fn grow(&self, share: &mut Share, bytes: usize) -> Option<()> {
        let held = share.0.num_permits() * UNIT;
        if bytes > held {
            share.0.merge(self.take(bytes - held).await?.0);
        }
        Some(())
    }

    /// A share of so many bytes, or all there are when that is less. First come, first served; `None`: others had all of it
    /// for too long.
    pub async fn take(&self, bytes: usize) -> Option<Share> {
        let wanted = units(bytes).min(self.most);
        let share = Arc::clone(&self.units).acquire_many_owned(wanted);
        let share = tokio::time::timeout(WAIT, share).await;
        // Never closed: acquiring it does not fail.
        share.ok()?.ok().map(Share)
    }
}

impl Share {
    /// Gives back what is more than so many bytes.
    pub fn shrink_to(&mut self, bytes: usize) {
        let held = self.0.num_permits();
        let excess = held.saturating_sub(units(bytes) as usize);
        drop(self.0.split(excess));
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_finds_no_room_waits() {
        let room = Room::new(10 * UNIT);
        let waits = async |bytes| {
            let take = room.take(bytes);
            let taken = tokio::time::timeout(Duration::from_millis(20), take).await;
            taken.is_err()
        };
        let mut large = room.take(100 * UNIT).await.unwrap();
        assert!(waits(1).await);
        large.shrink_to(4 * UNIT);
        let other = room.take(6 * UNIT).await.unwrap();
        assert!(waits(1).await);
        drop((large, other));
        assert!(!waits(10 * UNIT).await);
        let mut growing = room.take(0).await.unwrap();
        for bytes in 1..=6 * UNIT {
            room.grow(&mut growing, bytes).await.unwrap();
        }
        assert!(!waits(4 * UNIT).await);
        assert!(waits(5 * UNIT).await);
    }
}
