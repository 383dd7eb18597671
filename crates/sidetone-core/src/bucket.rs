//! The bucket of a call: which part of an account's calls it is kept with, where they are kept in
//! parts.
//!
//! What is kept is found by it, so it may never change: another function would be another name and
//! stand beside this one.

use std::num::NonZeroU16;

use crate::id::CallSid;

/// The most buckets that an account's calls are divided into.
pub const BUCKETS_MAX: u16 = 1024;

/// The bucket of a call among so many, 1 to [`BUCKETS_MAX`], counted from 0.
///
/// `mix(mix(high) ^ low) mod buckets`, where `high` and `low` are the two halves of the `CallSid`'s
/// 128 bits. Calls spread evenly, even where whoever names them counts them or begins with the time
/// (UUID version 7), and the two buckets that one becomes when there are twice as many are that one
/// and that one plus their former number.
#[must_use]
pub fn bucket(sid: CallSid, buckets: NonZeroU16) -> u16 {
    let bits = u128::from_be_bytes(*sid.as_bytes());
    let [high, low] = [bits >> 64, bits & u128::from(u64::MAX)].map(low_half);
    let rest = mix(mix(high) ^ low) % u64::from(buckets.get());
    // Less than the number of buckets.
    u16::try_from(rest).unwrap_or_default()
}

/// The low 64 bits.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the other bits are what is left out"
)]
const fn low_half(bits: u128) -> u64 {
    bits as u64
}

/// One step of `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
/// 2014): each bit of what goes in turns each bit of what comes out in half the cases.
const fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: [u8; 16], buckets: u16) -> u16 {
        bucket(
            CallSid::from_bytes(bytes),
            NonZeroU16::new(buckets).unwrap(),
        )
    }

    /// What is stored depends on these: they may never change.
    #[test]
    fn buckets_stay_what_they_are() {
        for (sid, expected) in [
            ("CA00000000000000000000000000000000", [0, 1, 0, 15, 55, 623]),
            (
                "CAffffffffffffffffffffffffffffffff",
                [0, 0, 2, 22, 622, 310],
            ),
            (
                "CA00000000000000000000000000000001",
                [0, 0, 1, 14, 430, 270],
            ),
            ("CA10000000000000000000000000000000", [0, 0, 0, 16, 56, 272]),
            ("CA00112233445566778899aabbccddeeff", [0, 0, 1, 26, 50, 602]),
            ("CA2e4da7ce0b353a20b924831b99fc8fb7", [0, 1, 0, 9, 217, 905]),
            (
                "CA123e4567e89b12d3a456426614174000",
                [0, 1, 0, 31, 31, 1023],
            ),
            (
                "CA0198c0de0000700080000000000000ab",
                [0, 0, 0, 20, 492, 468],
            ),
        ] {
            let sid: CallSid = sid.parse().unwrap();
            let found =
                [1, 2, 3, 32, 1000, BUCKETS_MAX].map(|buckets| of(*sid.as_bytes(), buckets));
            assert_eq!(found, expected, "{sid}");
        }
    }

    /// Pearson's χ² of 100 calls a bucket and more, whoever names them: it is about the number of
    /// buckets, and five standard deviations above only if they are not even.
    #[test]
    fn calls_spread_evenly() {
        type Naming = fn(u64) -> [u8; 16];
        const CALLS: u64 = 102_400;
        let namings: [(&str, Naming); 4] = [
            ("counted", |number| u128::from(number).to_be_bytes()),
            ("counted in front", |number| {
                (u128::from(number) << 96).to_be_bytes()
            }),
            ("counted in both halves", |number| {
                (u128::from(number) << 64 | u128::from(number)).to_be_bytes()
            }),
            ("by time, as UUID version 7", |number| {
                let ms = 1_795_163_000_000 + number * 7;
                (u128::from(ms) << 80 | 7 << 76 | 2 << 62).to_be_bytes()
            }),
        ];
        for (naming, name) in namings {
            for buckets in [2, 3, 32, 1000, BUCKETS_MAX] {
                let mut calls = vec![0.0; usize::from(buckets)];
                for number in 0..CALLS {
                    calls[usize::from(of(name(number), buckets))] += 1.0;
                }
                let expected = 102_400.0 / f64::from(buckets);
                let off = |calls: &f64| (calls - expected).powi(2) / expected;
                let (chi_squared, free): (f64, f64) =
                    (calls.iter().map(off).sum(), f64::from(buckets - 1));
                let most = free + 5.0 * (2.0 * free).sqrt();
                assert!(chi_squared < most, "{naming} {buckets}: {chi_squared}");
            }
        }
    }
}
