//! Numbers that look random and are the same in every run.

/// A generator (SplitMix64): small, fast, and good enough to draw test data.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The generator of a thing: the same seed, stream and number always give the same sequence.
    pub fn of(seed: u64, stream: u64, number: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_mul(0xd6e8_feb8_6659_fd93));
        let start = random.next_u64() ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(start)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number from 0 to below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.next_u64()) * u128::from(limit);
        (wide >> 64) as u64
    }

    /// A number from `low` to below `high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low)
    }

    /// From 0 to below 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True for so many of a thousand.
    pub fn per_mille(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }

    /// One of some values, which are not none.
    pub fn pick<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[self.below(values.len() as u64) as usize]
    }

    /// One of some values by weight.
    pub fn weighted<T: Copy>(&mut self, values: &[(T, u64)]) -> T {
        let mut left = self.below(values.iter().map(|(_, weight)| weight).sum());
        for (value, weight) in values {
            if left < *weight {
                return *value;
            }
            left -= weight;
        }
        values[0].0
    }

    /// A place among `count` where the first are by far the most frequent, as with carriers and
    /// countries (Zipf's law).
    pub fn zipf(&mut self, count: u64) -> u64 {
        let place = ((count + 1) as f64).powf(self.unit()) as u64;
        place.clamp(1, count) - 1
    }

    /// 128 bits.
    pub fn bytes(&mut self) -> [u8; 16] {
        let (high, low) = (self.next_u64(), self.next_u64());
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        bytes
    }
}
