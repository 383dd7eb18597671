//! Memory that work under way may take together: who finds no room waits for a while, or is told to
//! come again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one permit stands for, in bytes.
const UNIT: usize = 1024;
/// Longest wait for budget. Whoever has some gives it back when it is written or sent, for which
/// there are limits as well.
const WAIT: Duration = Duration::from_secs(10);

/// So many bytes, for all.
#[derive(Debug)]
pub struct Budget {
    units: Arc<Semaphore>,
    most: u32,
    /// Of those who hold some and find no room for more, one may go on without: else all might wait
    /// for each other.
    beyond: Arc<Semaphore>,
}

/// Some of them, given back when dropped.
#[derive(Debug)]
pub struct Share {
    units: OwnedSemaphorePermit,
    beyond: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let most = units(bytes);
        Self {
            units: Arc::new(Semaphore::new(most as usize)),
            most,
            beyond: Arc::new(Semaphore::new(1)),
        }
    }

    /// Makes a share one of so many bytes at least. `None`: others had all of the room for too
    /// long, and another one grows beyond it; the share is what it was.
    pub async fn grow(&self, share: &mut Share, bytes: usize) -> Option<()> {
        if share.beyond.is_some() || self.try_grow(share, bytes) {
            return Some(());
        }
        let more = self.missing(share, bytes);
        let grown = async {
            // Never closed: acquiring does not fail.
            tokio::select! {
                biased;
                Ok(more) = Arc::clone(&self.units).acquire_many_owned(more) => share.units.merge(more),
                Ok(beyond) = Arc::clone(&self.beyond).acquire_owned() => share.beyond = Some(beyond),
            }
        };
        tokio::time::timeout(WAIT, grown).await.ok()
    }

    /// Makes a share one of so many bytes at least if there is room now.
    pub fn try_grow(&self, share: &mut Share, bytes: usize) -> bool {
        let more = self.missing(share, bytes);
        let more = Arc::clone(&self.units).try_acquire_many_owned(more);
        more.map(|more| share.units.merge(more)).is_ok()
    }

    fn missing(&self, share: &Share, bytes: usize) -> u32 {
        let held = u32::try_from(share.units.num_permits()).unwrap_or(u32::MAX);
        units(bytes).min(self.most).saturating_sub(held)
    }

    /// A share of so many bytes, or all there are when that is less. First come, first served;
    /// `None`: others had all of it for too long.
    pub async fn take(&self, bytes: usize) -> Option<Share> {
        let wanted = units(bytes).min(self.most);
        let units = Arc::clone(&self.units).acquire_many_owned(wanted);
        let units = tokio::time::timeout(WAIT, units).await;
        // Never closed: acquiring it does not fail.
        let units = units.ok()?.ok()?;
        Some(Share {
            units,
            beyond: None,
        })
    }
}

impl Share {
    /// Gives back what is more than so many bytes.
    pub fn shrink_to(&mut self, bytes: usize) {
        let held = self.units.num_permits();
        let excess = held.saturating_sub(units(bytes) as usize);
        drop(self.units.split(excess));
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
        let budget = Budget::new(10 * UNIT);
        let waits = async |bytes| {
            let take = budget.take(bytes);
            let taken = tokio::time::timeout(Duration::from_millis(20), take).await;
            taken.is_err()
        };
        let mut large = budget.take(100 * UNIT).await.unwrap();
        assert!(waits(1).await);
        large.shrink_to(4 * UNIT);
        let other = budget.take(6 * UNIT).await.unwrap();
        assert!(waits(1).await);
        drop((large, other));
        assert!(!waits(10 * UNIT).await);
    }

    #[tokio::test]
    async fn of_those_who_need_more_one_goes_on() {
        let budget = Budget::new(10 * UNIT);
        let mut one = budget.take(UNIT).await.unwrap();
        assert!(budget.try_grow(&mut one, 5 * UNIT));
        let mut other = budget.take(5 * UNIT).await.unwrap();
        assert!(!budget.try_grow(&mut one, 6 * UNIT));
        budget.grow(&mut one, 6 * UNIT).await.unwrap();
        budget.grow(&mut one, 9 * UNIT).await.unwrap();
        let grown = budget.grow(&mut other, 6 * UNIT);
        let grown = tokio::time::timeout(Duration::from_millis(20), grown).await;
        assert!(grown.is_err());
        // Or as soon as there is room again, whoever is beyond it.
        one.shrink_to(4 * UNIT);
        budget.grow(&mut other, 6 * UNIT).await.unwrap();
        drop(one);
        assert!(budget.try_grow(&mut other, 10 * UNIT));
    }
}
