//! Random numbers of our own, so that generated logs never change with a crate's version.
//!
//! Everything here is integer arithmetic, or floating point as IEEE 754 defines it to the last bit: the
//! same numbers come out on every machine. Functions like `powf`, `ln` and `exp` promise no such thing.

/// `SplitMix64` by Steele, Lea and Flood (2014): passes the usual test batteries, and any state will do.
#[derive(Clone, Debug)]
pub(super) struct Rng(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mix(mut n: u64) -> u64 {
    n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

impl Rng {
    /// A generator for what these numbers name; every part and their order matters.
    pub(super) fn seeded(parts: &[u64]) -> Self {
        Self(parts.iter().fold(0, |state: u64, part| mix(state.wrapping_add(STEP) ^ part)))
    }

    /// Any number.
    #[inline]
    pub(super) const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number in `0..end`; `end` is small against 2^64, so no number is noticeably more likely.
    #[inline]
    pub(super) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(end)) >> 64) as u64
    }

    /// True in so many of 10,000 cases.
    #[inline]
    pub(super) fn chance(&mut self, of_10_000: u64) -> bool {
        self.below(10_000) < of_10_000
    }

    /// A number in `0.0..1.0`.
    #[inline]
    pub(super) fn unit(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
        (self.draw() >> 11) as f64 * SCALE
    }

    /// An index into something of this length, which is not empty.
    #[inline]
    pub(super) fn index(&mut self, len: usize) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "less than the length")]
        let index = self.below(len as u64) as usize;
        index
    }

    /// One of `all`, which is not empty.
    #[inline]
    pub(super) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.index(all.len())]
    }

    /// A number around `median`, nearly log-normal: half of them within a factor of 1.8, none beyond 16.
    #[inline]
    pub(super) fn around(&mut self, median: u64) -> u64 {
        let bits = self.draw();
        // Four uniform numbers add up to nearly a normal one; here in 1/256 octaves.
        let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
        let (octaves, part) = (sum >> 15, sum >> 7 & 0xff);
        // Eight octaves, of which the middle is the median; within an octave a straight line will do.
        ((median * (256 + part)) << octaves) >> 12
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut rng = Rng(1_234_567);
        assert_eq!([rng.draw(), rng.draw()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn numbers_around_a_median_stay_around_it() {
        let mut rng = Rng::seeded(&[1]);
        let mut drawn: Vec<u64> = (0..10_001).map(|_| rng.around(1_000_000)).collect();
        drawn.sort_unstable();
        assert!((950_000..1_050_000).contains(&drawn[5000]), "{}", drawn[5000]);
        assert!((1_700_000..1_900_000).contains(&drawn[7500]), "{}", drawn[7500]);
        assert!(drawn[0] >= 62_500 && drawn[10_000] <= 16_000_000);
    }

    #[test]
    fn shares_hold() {
        let mut rng = Rng::seeded(&[2]);
        let hits = (0..100_000).filter(|_| rng.chance(2500)).count();
        assert!((24_000..26_000).contains(&hits), "{hits}");
        assert!((0..1000).all(|_| rng.below(7) < 7 && (0.0..1.0).contains(&rng.unit())));
    }
}
