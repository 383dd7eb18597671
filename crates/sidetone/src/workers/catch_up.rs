//! Folding without a server, or ahead of one: for commands and tests.

use sidetone_store::{DIRTY_DELAY_MAX_US, Result};

use super::fold::Fold;
use super::timers::Timers;
use crate::app::App;

/// Does what [`Timers`] and [`Fold`] do, in turns.
pub struct CatchUp {
    app: App,
    timers: Timers,
    fold: Fold,
}

impl CatchUp {
    /// Nothing has been done yet.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self {
            timers: Timers::new(app.clone()),
            fold: Fold::new(app.clone()),
            app,
        }
    }

    /// Works until nothing is dirty and no timer is due, without waiting for more events to gather.
    ///
    /// # Errors
    /// As the store's.
    pub async fn drain(&mut self) -> Result<()> {
        loop {
            let fired = self.timers.fire(self.app.clock.now()).await?;
            let folded = self.fold.fold_dirty(-DIRTY_DELAY_MAX_US).await?;
            if fired + folded == 0 {
                return Ok(());
            }
        }
    }

    /// Folds what is dirty, whatever timers are due.
    ///
    /// # Errors
    /// As the store's.
    pub async fn fold(&mut self) -> Result<()> {
        while self.fold.fold_dirty(-DIRTY_DELAY_MAX_US).await? > 0 {}
        Ok(())
    }
}
