//! What follows from a call's packets beside its summary: made when somebody reads it, never
//! stored.

use super::media_ends::MediaEnds;
use super::parties::BothSides;
use super::route::Route;
use super::state::FoldState;
use super::{series, sip, steps, warnings};
use crate::event::CallEvent;
use crate::id::CallRef;
use crate::sides::Sides;

/// Events that nobody sent, and where packets belong.
#[derive(Debug)]
pub struct Derived {
    /// Steps of the call.
    pub steps: Vec<CallEvent>,
    /// Media reports, one for every ten seconds and side of an edge.
    pub series: Vec<CallEvent>,
    /// When streams became bad and when they were well again.
    pub warnings: Vec<CallEvent>,
    /// Which leg and edge a packet belongs to.
    pub route: Route,
}

impl FoldState {
    /// What follows from the packets that were seen, the same for any order of the events. `None`
    /// when no INVITE was.
    #[must_use]
    pub fn derived(&self, call: CallRef, sides: &Sides) -> Option<Derived> {
        let signalling = sip::signalling(&self.dialogs, &self.reports)?;
        let media_ends = MediaEnds::of(&signalling.legs);
        let kinds = BothSides::of(&signalling, sides).kinds;
        let samples = series::series(&self.reports, &signalling, &media_ends, kinds);
        Some(Derived {
            steps: steps::steps(call, &signalling),
            warnings: warnings::warnings(call, &samples),
            series: samples
                .into_iter()
                .map(|sample| series::event(call, sample))
                .collect(),
            route: Route::of(&signalling.legs, media_ends, kinds),
        })
    }
}
