//! Folding calls from their first event, to see what would come of it, or to write that.

use sidetone_core::id::CallRef;
use sidetone_core::summary::CallSummary;
use sidetone_store::{DirtyCall, Result};

use super::call::{self, Folded};
use super::catch_up::CatchUp;
use super::rules::DayRules;
use crate::app::App;

/// What becomes of a call.
pub enum Refolded {
    /// This summary.
    Summary(Box<CallSummary>),
    /// Events of it cannot be read, so many: what it tells would be less than is known.
    Unreadable(u64),
    /// It cannot be folded, and why.
    Impossible(String),
}

/// Folds calls and writes nothing.
pub struct Preview {
    app: App,
    rules: DayRules,
}

impl Preview {
    /// Nothing is folded yet.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self {
            rules: DayRules::frozen(&app),
            app,
        }
    }

    /// Folds a log.
    ///
    /// # Errors
    /// As the store's.
    pub async fn fold(&mut self, log: DirtyCall) -> Result<Refolded> {
        let unreadable = unreadable(&log, &self.app).await?;
        if unreadable > 0 {
            return Ok(Refolded::Unreadable(unreadable));
        }
        let now = self.app.clock.now();
        Ok(
            match call::fold(log, true, &mut self.rules, now, &self.app).await? {
                Folded::Summary(put) => Refolded::Summary(Box::new(put.summary)),
                Folded::Impossible(reason) => Refolded::Impossible(reason),
                Folded::Unreadable => {
                    Refolded::Impossible("another version wrote its state".into())
                }
            },
        )
    }
}

/// How many events of a log cannot be read.
///
/// # Errors
/// As the store's.
pub async fn unreadable(log: &DirtyCall, app: &App) -> Result<u64> {
    let (mut unreadable, mut rest) = (log.unreadable, log.rest.clone());
    while let Some(next) = rest {
        let piece = app.store.read_on(log.call, &next).await?;
        unreadable += piece.unreadable;
        rest = piece.rest;
    }
    Ok(unreadable)
}

/// Folds calls anew and writes their summaries, where no server does.
///
/// # Errors
/// As the store's.
pub async fn refold(calls: Vec<CallRef>, app: &App) -> Result<()> {
    app.store.refold(calls).await?;
    CatchUp::new(app.clone()).fold().await
}
