//! The order in which lines are chosen: by a rank that is a hash of a line, and costs next to nothing to tell from that of
//! most lines.

use crate::hash;

/// Above every rank.
pub(super) const ALL: u8 = 128;

/// Of the lines that come first this share is found by less than the whole line: its time, bytes and length. Among those the
/// whole line decides, so that many lines that are alike in this are no more than others.
const COARSE: u32 = u32::MAX >> COARSE_BITS;
const COARSE_BITS: u32 = 9;

/// The bytes of a line that hold its time stamp.
const STAMP: usize = 32;

/// The hash of a line: its rank, some bits of the whole line, and whether it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hash(u32);

/// Bits below the rank.
const BELOW_RANK: u32 = 25;

impl Hash {
    /// Its rank.
    pub(super) const fn rank(self) -> u8 {
        (self.0 >> BELOW_RANK) as u8
    }

    /// What is the same for the same lines.
    pub(super) const fn of_line(self) -> u32 {
        self.0 >> 1
    }

    pub(super) const fn is_same(self, other: Self) -> bool {
        self.of_line() == other.of_line()
    }

    pub(super) const fn is_repeated(self) -> bool {
        self.0 & 1 != 0
    }

    pub(super) const fn repeated(self) -> Self {
        Self(self.0 | 1)
    }

    pub(super) const fn to_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    pub(super) const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(u32::from_le_bytes(bytes))
    }
}

/// What is known of a line before it is read as a whole: below a [bar] if it may be chosen.
#[inline]
pub(super) const fn quick(time: i64, bytes: u64, len: usize) -> u64 {
    // Sums that are the same of different lines do no harm: see `COARSE`.
    let all =
        time.cast_unsigned().wrapping_mul(64).wrapping_add(bytes.wrapping_mul(8)).wrapping_add(len as u64);
    all.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// What [`quick`] gives of lines below a rank, at most.
pub(super) const fn bar(below: u8) -> u64 {
    let greatest = match below.checked_sub(1) {
        Some(rank) => greatest(rank),
        None => 0,
    };
    let greatest = if greatest > COARSE as u64 { greatest } else { COARSE as u64 };
    greatest << 32 | u32::MAX as u64
}

/// The hash of a line of this [`quick`] one, and what it has in common with lines that differ in time only. `outside` is that
/// of what the line does not tell, or 0.
#[expect(clippy::cast_possible_truncation, reason = "parts of hashes")]
pub(super) fn hash(quick: u64, line: &[u8], outside: u64) -> (Hash, u16) {
    let (stamp, rest) = line.split_at(line.len().min(STAMP));
    let rest = hash::many(rest);
    let mut all = hash::all(rest, stamp);
    if outside != 0 {
        all = hash::all(outside, &all.to_le_bytes());
    }
    let coarse = (quick >> 32) as u32;
    let fine = if coarse > COARSE { coarse } else { (all >> 32) as u32 >> COARSE_BITS };
    let some_bits = all as u32 & ((1 << (BELOW_RANK - 1)) - 1);
    (Hash(u32::from(rank(fine)) << BELOW_RANK | some_bits << 1), rest as u16)
}

/// The rank of a number: four for each doubling.
#[expect(clippy::cast_possible_truncation, reason = "two bits, and less than 32")]
const fn rank(number: u32) -> u8 {
    let number = if number == 0 { 1 } else { number };
    let zeros = number.leading_zeros();
    let two_bits = (number << zeros) >> 29 & 3;
    (4 * (31 - zeros) + two_bits) as u8
}

/// The greatest number of a rank.
const fn greatest(rank: u8) -> u64 {
    ((5 + rank as u64 % 4) << (rank / 4)).div_ceil(4) - 1
}

/// How many halvings a rank is from that of most lines.
pub(super) const fn halvings(rank: u8) -> u8 {
    (ALL - 1).saturating_sub(rank) / 4
}

/// How many lines so many of those stand for that are below a rank.
pub(super) const fn lines(chosen: usize, below: u8) -> u64 {
    match below.checked_sub(1) {
        Some(rank) => ((chosen as u64) << 32) / (greatest(rank) + 1),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_in_the_order_of_numbers() {
        let numbers = (0..32).flat_map(|bit| {
            let one = 1u32 << bit;
            [one - 1, one, one + 1, one | one >> 1, one | one >> 2, one | one >> 1 | one >> 2]
        });
        let mut numbers: Vec<u32> = numbers.chain([u32::MAX]).collect();
        numbers.sort_unstable();
        assert!(numbers.is_sorted_by_key(|number| rank(*number)));
        assert_eq!((rank(0), rank(u32::MAX)), (0, ALL - 1));
        for number in numbers {
            assert!(u64::from(number) <= greatest(rank(number)), "{number}");
            let next = u32::try_from(greatest(rank(number)) + 1);
            assert!(next.is_ok_and(|next| rank(next) > rank(number)) == next.is_ok(), "{number}");
        }
        assert_eq!((greatest(ALL - 1), greatest(ALL - 5)), (u32::MAX.into(), (u32::MAX / 2).into()));
        assert_eq!((lines(5, ALL), lines(5, ALL - 4), lines(5, ALL - 8)), (5, 10, 20));
    }

    #[test]
    fn nothing_below_a_rank_is_above_its_bar() {
        for n in 0..100_000u64 {
            let quick = quick(1_772_323_200 + (n / 7).cast_signed(), n % 1000, 200);
            let hash = hash(quick, &n.to_le_bytes(), 0).0;
            for below in 0..=ALL {
                assert!(hash.rank() >= below || quick <= bar(below), "{n} {below}");
            }
        }
    }
}
