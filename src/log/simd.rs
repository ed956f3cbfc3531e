//! Many bytes at once: fixed-width loads, and bit masks of the bytes that have a value.
//!
//! Knows nothing of lines. On x86-64 the compares are SSE2, which every such processor has; elsewhere they
//! are plain code that gives the same.
#![expect(clippy::inline_always, reason = "what is compiled for newer processors must be inlined there")]

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
use plain as half;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use sse2 as half;

/// Bytes in [`Vector`].
pub(super) const WIDTH: usize = 32;

/// `N` bytes of `text` at `at`, if they are all there.
#[inline(always)]
pub(super) fn bytes<const N: usize>(text: &[u8], at: usize) -> Option<&[u8; N]> {
    text.get(at..)?.first_chunk()
}

/// Eight bytes at `at`, the first one lowest.
#[inline(always)]
pub(super) fn word(text: &[u8], at: usize) -> Option<u64> {
    bytes(text, at).map(|word| u64::from_le_bytes(*word))
}

/// Bytes that are fetched at a time: as many as most lines have.
const PREFETCHED: usize = 384;
/// Bytes that a processor fetches at once.
const CACHE_LINE: usize = 64;

/// Has the processor fetch the bytes from `at` on, which may lie behind the end of `text`: a text of which more
/// follows.
#[inline(always)]
pub(super) fn prefetch(text: &[u8], at: usize) {
    for offset in (0..PREFETCHED).step_by(CACHE_LINE) {
        half::prefetch(text.as_ptr().wrapping_add(at + offset));
    }
}

/// Thirty-two bytes of text.
#[derive(Clone, Copy)]
pub(super) struct Vector([half::Half; 2]);

impl Vector {
    #[inline(always)]
    pub(super) fn new(bytes: &[u8; WIDTH]) -> Self {
        let (halves, _) = bytes.as_chunks();
        Self([half::load(&halves[0]), half::load(&halves[1])])
    }

    /// The bytes at `at`, if they are all there.
    #[inline(always)]
    pub(super) fn at(text: &[u8], at: usize) -> Option<Self> {
        bytes(text, at).map(Self::new)
    }

    /// A bit for each byte that is `wanted`, the first byte lowest.
    #[inline(always)]
    pub(super) fn equal(self, wanted: u8) -> u32 {
        let (low, high) = (half::equal(self.0[0], wanted), half::equal(self.0[1], wanted));
        u32::from(low) | u32::from(high) << 16
    }

    /// A bit for each byte that is `a` or `b`.
    #[inline(always)]
    pub(super) fn either(self, a: u8, b: u8) -> u32 {
        let (low, high) = (half::either(self.0[0], a, b), half::either(self.0[1], a, b));
        u32::from(low) | u32::from(high) << 16
    }

    /// The same bytes, each with these bits set.
    #[inline(always)]
    pub(super) fn with_bits(self, bits: u8) -> Self {
        Self([half::with_bits(self.0[0], bits), half::with_bits(self.0[1], bits)])
    }
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod sse2;

#[cfg(any(test, not(all(target_arch = "x86_64", target_feature = "sse2"))))]
mod plain {
    pub(super) type Half = [u8; 16];

    #[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
    #[inline(always)]
    pub(super) fn prefetch(_: *const u8) {}

    #[inline(always)]
    pub(super) fn load(bytes: &[u8; 16]) -> Half {
        *bytes
    }

    #[inline(always)]
    pub(super) fn equal(half: Half, wanted: u8) -> u16 {
        either(half, wanted, wanted)
    }

    #[inline(always)]
    pub(super) fn either(half: Half, a: u8, b: u8) -> u16 {
        half.iter().rev().fold(0, |mask, byte| mask << 1 | u16::from(*byte == a || *byte == b))
    }

    #[inline(always)]
    pub(super) fn with_bits(half: Half, bits: u8) -> Half {
        half.map(|byte| byte | bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of every value in every place, by the processor and by plain code.
    #[test]
    fn masks_have_a_bit_for_each_byte() {
        for first in 0..=u8::MAX {
            let mut next = first.wrapping_sub(7);
            let bytes = std::array::from_fn(|_| {
                next = next.wrapping_add(7);
                next
            });
            let lanes = Vector::new(&bytes);
            let expected = |found: &dyn Fn(u8) -> bool| {
                bytes.iter().enumerate().fold(0, |mask, (n, byte)| mask | u32::from(found(*byte)) << n)
            };
            assert_eq!(lanes.equal(b'"'), expected(&|b| b == b'"'));
            assert_eq!(lanes.either(b'"', b'\n'), expected(&|b| b == b'"' || b == b'\n'));
            assert_eq!(lanes.with_bits(0x10).equal(b'?'), expected(&|b| b == b'/' || b == b'?'));
            let half = plain::load(bytes.first_chunk().unwrap());
            let low = lanes.either(b'q', 0xff) & 0xffff;
            assert_eq!(u32::from(plain::either(half, b'q', 0xff)), low);
            let half = plain::with_bits(half, 0x20);
            assert_eq!(u32::from(plain::equal(half, b'q')), lanes.with_bits(0x20).equal(b'q') & 0xffff);
        }
    }
}
