//! Dear calls: folding one takes so much that the process may not survive it. That is noted before
//! it is tried, so that the call ends the process a few times at most.

use std::collections::HashSet;

use sidetone_core::fold::{FOLD_VERSION, FoldState};
use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;
use sidetone_store::{DirtyCall, Result, StoreError};

use crate::app::App;

/// From this length of its state on a call is dear; one whose events do not fit into a piece is as
/// well.
const DEAR_BYTES: usize = 1 << 20;
/// The longest state of a call, in bytes as it is stored: 100,000 reports of RTCP take some 12 MB.
/// Beyond it each fold of the call would cost everybody.
const STATE_MAX_BYTES: usize = 16 << 20;
/// How often folding a dear call may be cut short by the end of the process before it is not tried
/// again.
const TRIES_MAX: u32 = 3;

/// Dear calls that were begun and not written yet: the process did not end meanwhile.
#[derive(Default)]
pub(super) struct DearCalls(HashSet<CallRef>);

impl DearCalls {
    /// Notes that a call is about to be folded. Says why it is not to be, if it was tried too
    /// often.
    pub(super) async fn begin(
        &mut self,
        call: CallRef,
        now: TimeUs,
        app: &App,
    ) -> Result<Option<String>> {
        if !self.0.insert(call) {
            return Ok(None);
        }
        let tries = app.store.begin_dear(call, FOLD_VERSION, now).await?;
        Ok((tries >= TRIES_MAX)
            .then(|| format!("folding it was cut short by the end of the process {tries} times")))
    }

    /// Notes that a call was written or set aside, dear or not.
    pub(super) fn end(&mut self, call: CallRef) {
        self.0.remove(&call);
    }
}

/// Whether a call is dear.
pub(super) async fn is_dear(dirty: &mut DirtyCall, app: &App) -> Result<bool> {
    // Others may have left no room for it: what does not fit into a whole piece is long by itself.
    if let Some(rest) = dirty.rest.take() {
        match app.store.read_on(dirty.call, &rest).await {
            Ok(piece) => {
                dirty.events.extend(piece.events);
                dirty.unreadable += piece.unreadable;
                dirty.rest = piece.rest;
            }
            Err(StoreError::Corrupt(_)) => dirty.rest = Some(rest),
            Err(error) => return Err(error),
        }
    }
    let state_bytes = dirty.state.as_ref().map_or(0, Vec::len);
    Ok(dirty.rest.is_some() || state_bytes > DEAR_BYTES)
}

/// Why the state of a dear call is too long to go on with, if it is.
pub(super) fn too_long(state: &FoldState) -> Option<String> {
    (state.size_bytes() > STATE_MAX_BYTES)
        .then(|| format!("what its events tell takes more than {STATE_MAX_BYTES} bytes"))
}
