//! When a delivery that failed is tried again.

use std::time::Duration;

use sidetone_core::time::{DAY_US, HOUR_US, SECOND_US, TimeUs};
use sidetone_store::delivery::DeliveryId;

/// Pause after the first failure.
const FIRST_US: i64 = 5 * SECOND_US;
/// Longest pause: each is twice the one before until then.
const LONGEST_US: i64 = 6 * HOUR_US;
/// How long a delivery is tried, from when it was queued.
const TRIED_US: i64 = 3 * DAY_US;

/// When the next attempt is due after so many failures, the latest of them now. `None`: no more,
/// three days are over. `asked`: the pause that who did not take it asked for, which is held then.
///
/// Other pauses vary by a quarter to both sides, so that what failed together does not come back
/// together. The last attempt is made when the three days end.
#[must_use]
pub fn next(
    id: DeliveryId,
    failures: u32,
    asked: Option<Duration>,
    queued_at: TimeUs,
    now: TimeUs,
) -> Option<TimeUs> {
    let end = queued_at.plus_us(TRIED_US);
    if now >= end {
        return None;
    }
    if let Some(asked) = asked {
        let asked = i64::try_from(asked.as_micros()).unwrap_or(LONGEST_US);
        return Some(now.plus_us(asked).min(end));
    }
    let doublings = failures.saturating_sub(1).min(20);
    let pause = (FIRST_US << doublings).min(LONGEST_US);
    let varied = pause - pause / 4 + chance(id, failures) % (pause / 2);
    Some(now.plus_us(varied).min(end))
}

/// A number that differs by delivery and attempt. Identities are random: nothing else needs to be.
fn chance(id: DeliveryId, failures: u32) -> i64 {
    let bits = u128::from_be_bytes(*id.as_bytes()) as u64 ^ u64::from(failures);
    // The finish of SplitMix64 mixes every bit into every other.
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: TimeUs = TimeUs::from_micros(1_780_272_000 * SECOND_US);

    fn id(n: u8) -> DeliveryId {
        DeliveryId::from_bytes([n; 16])
    }

    #[test]
    fn pauses_double_from_five_seconds_to_six_hours_give_or_take_a_quarter() {
        for (failures, seconds) in [
            (1, 5),
            (2, 10),
            (3, 20),
            (4, 40),
            (5, 80),
            (8, 640),
            (12, 10_240),
            (13, 20_480),
            (14, 21_600),
            (15, 21_600),
            (u32::MAX, 21_600),
        ] {
            let pauses: Vec<i64> = (0..200)
                .filter_map(|n| next(id(n), failures, None, START, START))
                .map(|due| due.since_us(START))
                .collect();
            let (shortest, longest) = (pauses.iter().min(), pauses.iter().max());
            let of = |share: i64| seconds * SECOND_US * share / 100;
            assert!((of(75)..of(80)).contains(shortest.unwrap()), "{failures}");
            assert!((of(120)..of(126)).contains(longest.unwrap()), "{failures}");
        }
    }

    #[test]
    fn the_last_attempt_is_three_days_after_the_first() {
        for n in 0..50 {
            let (mut now, mut failures) = (START, 1);
            while let Some(due) = next(id(n), failures, None, START, now) {
                assert!(due > now);
                (now, failures) = (due, failures + 1);
            }
            assert_eq!(now.since_us(START), TRIED_US);
            assert!((20..32).contains(&failures), "{failures}");
        }
        let late = START.plus_us(TRIED_US + 1);
        assert_eq!(next(id(1), 1, None, START, late), None);
    }

    #[test]
    fn a_pause_that_is_asked_for_is_held_but_not_beyond_three_days() {
        let asked = Some(Duration::from_secs(7));
        let due = next(id(1), 14, asked, START, START.plus_us(1));
        assert_eq!(due, Some(START.plus_us(1 + 7 * SECOND_US)));
        let end = START.plus_us(TRIED_US);
        let due = next(id(1), 14, asked, START, end.plus_us(-1));
        assert_eq!(due, Some(end));
        assert_eq!(next(id(1), 14, asked, START, end), None);
    }
}
