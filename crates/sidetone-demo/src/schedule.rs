//! When stories begin.

use sidetone_core::time::{HOUR_US, SECOND_US, TimeUs};

use super::chance::Dice;
use super::routes::busyness;

/// Stretches of the past: hours ago, from and to, and how many stories begin in them. A story is
/// 1.4 calls or so.
///
/// The long one comes first and fills the countries' usual delays; the last minutes are as busy as
/// the demo goes on, which is a few times as busy as the days before: somebody watches, and after
/// an hour those days are still to be seen beside it.
const STRETCHES: &[(f64, f64, u64)] = &[
    (192.0, 48.0, 1_300),
    (48.0, 4.0, 560),
    (4.0, 0.05, 200),
    (0.05, 0.0, 20),
];
/// Mean pause between two stories while the demo runs, µs.
const PAUSE_US: f64 = 9.0 * SECOND_US as f64;
/// Live stories are counted from here, so that there may be more past ones in another version.
const FIRST_LIVE: u64 = 1_000_000;

/// Stories of the past, with their beginnings.
pub(super) fn past(seed: u64, now: TimeUs) -> impl Iterator<Item = (u64, TimeUs)> {
    let ranges = STRETCHES.iter().scan(0, |first, (from, to, count)| {
        let story = *first;
        *first += count;
        Some((story, *from, *to, *count))
    });
    ranges.flat_map(move |(first, from, to, count)| {
        (first..first + count).map(move |story| (story, beginning(seed, story, now, from, to)))
    })
}

/// Stories of the future, with their beginnings.
pub(super) fn future(seed: u64, now: TimeUs) -> impl Iterator<Item = (u64, TimeUs)> {
    (FIRST_LIVE..).scan(now, move |at, story| {
        let pause = Dice::new(seed ^ SCHEDULE, story).within(0.2, 1.8) * PAUSE_US;
        *at = at.plus_us(pause as i64);
        Some((story, *at))
    })
}

/// Keeps the dice of beginnings apart from those of the stories.
const SCHEDULE: u64 = 0x5eed_0f71_3e5a_11b5;

/// A time in a stretch, more likely in a busy hour.
fn beginning(seed: u64, story: u64, now: TimeUs, from_hours: f64, to_hours: f64) -> TimeUs {
    let mut dice = Dice::new(seed ^ SCHEDULE, story);
    loop {
        let hours = dice.within(to_hours, from_hours);
        let at = now.plus_us(-((hours * HOUR_US as f64) as i64));
        // Nobody waits long: the quietest hour is a tenth as busy as the busiest.
        if dice.happens(busyness(at)) {
            return at;
        }
    }
}
