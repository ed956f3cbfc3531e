//! Sixteen bytes in a register of SSE2.
//!
//! Every `unsafe` in here calls an intrinsic that asks for nothing but SSE2 and works on values alone: it reads
//! and writes no memory. This file is compiled only where SSE2 is part of the target, so that every processor
//! which runs it has it.
#![expect(unsafe_code, reason = "the standard library offers these compares in no other way")]
#![expect(clippy::inline_always, reason = "what is compiled for newer processors must be inlined there")]

use std::arch::x86_64::{
    __m128i, _MM_HINT_T0, _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_prefetch, _mm_set_epi64x,
    _mm_set1_epi8,
};

pub(super) type Half = __m128i;

/// Compiles to one load.
#[inline(always)]
pub(super) fn load(bytes: &[u8; 16]) -> Half {
    let (words, _) = bytes.as_chunks();
    let (low, high) = (i64::from_le_bytes(words[0]), i64::from_le_bytes(words[1]));
    // SAFETY: SSE2 is there, as said above.
    unsafe { _mm_set_epi64x(high, low) }
}

/// A bit for each byte that is `wanted`, the first byte lowest.
#[inline(always)]
pub(super) fn equal(half: Half, wanted: u8) -> u16 {
    // SAFETY: SSE2 is there, as said above.
    mask(unsafe { _mm_cmpeq_epi8(half, all(wanted)) })
}

/// A bit for each byte that is `a` or `b`.
#[inline(always)]
pub(super) fn either(half: Half, a: u8, b: u8) -> u16 {
    // SAFETY: SSE2 is there, as said above.
    mask(unsafe { _mm_or_si128(_mm_cmpeq_epi8(half, all(a)), _mm_cmpeq_epi8(half, all(b))) })
}

/// The same bytes, each with these bits set.
#[inline(always)]
pub(super) fn with_bits(half: Half, bits: u8) -> Half {
    // SAFETY: SSE2 is there, as said above.
    unsafe { _mm_or_si128(half, all(bits)) }
}

/// Has the processor fetch what lies around `at` into its first-level cache.
#[inline(always)]
pub(super) fn prefetch(at: *const u8) {
    // SAFETY: SSE2 is there, as said above. A hint that reads nothing, whatever lies at the address: it never faults.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
}

#[inline(always)]
fn all(byte: u8) -> Half {
    // SAFETY: SSE2 is there, as said above.
    unsafe { _mm_set1_epi8(byte.cast_signed()) }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it has sixteen bits")]
fn mask(half: Half) -> u16 {
    // SAFETY: SSE2 is there, as said above.
    unsafe { _mm_movemask_epi8(half) as u16 }
}
