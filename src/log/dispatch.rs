//! The hot loop compiled twice: for every processor of the target, and for newer ones.
//!
//! The one `unsafe` in here calls a function that asks for instructions of newer processors, right behind the
//! question whether this processor has every one of them.
#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "a third of the time of the hot loop"))]

use super::interface::LineParser;
use crate::record::Parsed;

/// [`LineParser::lines`] with the newest instructions that this processor has.
///
/// # Errors
/// The first one of `each`.
#[inline]
pub(super) fn lines<E>(
    parser: &mut impl LineParser,
    block: &[u8],
    each: impl FnMut(&[u8], Parsed<'_>) -> Result<(), E>,
) -> Result<(), E> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
    {
        // SAFETY: the processor has what `lines_avx2` enables: asked above, feature by feature.
        return unsafe { lines_avx2(parser, block, each) };
    }
    parser.lines(block, each)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn lines_avx2<E>(
    parser: &mut impl LineParser,
    block: &[u8],
    each: impl FnMut(&[u8], Parsed<'_>) -> Result<(), E>,
) -> Result<(), E> {
    parser.lines(block, each)
}
