//! How an alert begins, fires and ends.

use sidetone_core::time::{HOUR_US, SECOND_US, TimeUs};

use super::definition::Definition;
use super::rule::Verdict;

/// What becomes of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// It begins to be bad, not yet for long enough.
    Begin,
    /// It is bad for long enough.
    Fire,
    /// It was not bad for long enough.
    Forget,
    /// It is good again.
    Resolve,
}

/// How an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    Well,
    /// It is bad since.
    Pending(TimeUs),
    /// It fires.
    Firing,
}

/// How far back is looked how often an alert has fired, µs.
pub const FLAPPING_US: i64 = HOUR_US;
/// How long an alert must be good before it ends, by how often it has fired within the last hour: once,
/// twice, or more often, s. So one that flaps is told of a few times and not each minute.
const CALM_S: [i64; 3] = [0, 300, 900];

/// What follows from what is thought of a value now. `calm_since`: since when a firing alert is good,
/// kept between calls. `fired`: how often it fired within [`FLAPPING_US`], this time included.
pub fn next(
    definition: &Definition,
    standing: Standing,
    verdict: Verdict,
    now: TimeUs,
    calm_since: &mut Option<TimeUs>,
    fired: usize,
) -> Option<Move> {
    let for_us = i64::from(definition.for_s) * SECOND_US;
    match (standing, verdict) {
        (Standing::Well, Verdict::Bad) if for_us > 0 => Some(Move::Begin),
        (Standing::Well, Verdict::Bad) => Some(Move::Fire),
        (Standing::Well, _) => None,
        (Standing::Pending(since), Verdict::Bad) => {
            // The clock may have been set back.
            let bad_us = now.since_us(since);
            (bad_us >= for_us || bad_us < 0).then_some(Move::Fire)
        }
        (Standing::Pending(_), _) => Some(Move::Forget),
        (Standing::Firing, Verdict::Bad | Verdict::Between) => {
            *calm_since = None;
            None
        }
        (Standing::Firing, Verdict::Good | Verdict::Unknown) => {
            // The clock may have been set back.
            let since = calm_since.filter(|since| *since <= now).unwrap_or(now);
            *calm_since = Some(since);
            let calm_s = CALM_S[fired.saturating_sub(1).min(CALM_S.len() - 1)];
            // Too few calls are no good news: it takes a window of them.
            let least_s = match verdict {
                Verdict::Unknown => calm_s.max(definition.window_s.into()),
                _ => calm_s,
            };
            (now.since_us(since) >= least_s * SECOND_US).then_some(Move::Resolve)
        }
    }
}
