//! Where an event stands in the log: in its call's range, at a slot that follows from its key.

use std::ops::RangeInclusive;

/// Bits of a slot; erase.rs and check.rs count on them too. What is left of 64 bits holds 34 thousand million calls.
const BITS: u32 = 28;
const SLOTS: i64 = 1 << BITS;

/// The rows of a call's events.
pub(super) fn range(call: i64) -> RangeInclusive<i64> {
    let first = call << BITS;
    first..=first + (SLOTS - 1)
}

/// The rows where an event may stand, the likeliest first: it stands at the first that no other key has taken. Of a call
/// with 100,000 events, some twenty do not stand at their first.
pub(super) fn candidates(call: i64, key: &[u8; 16]) -> impl Iterator<Item = i64> + use<> {
    let [a, b, c, d, ..] = *key;
    let slot = i64::from(u32::from_be_bytes([a, b, c, d]) >> (32 - BITS));
    (0..SLOTS).map(move |step| (call << BITS) | ((slot + step) % SLOTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_at_the_key_and_stays_within_the_call() {
        let mut key = [0xff; 16];
        let rows: Vec<i64> = candidates(5, &key).take(2).collect();
        assert_eq!(rows, [*range(5).end(), *range(5).start()]);
        assert_eq!(range(5).end() + 1, *range(6).start());
        key[..4].copy_from_slice(&[0, 0, 0, 0x1f]);
        assert_eq!(candidates(1, &key).next(), Some((1 << 28) + 1));
    }
}
