//! Where the quotes and newlines of a text stand, found in one pass without branches on them.
//!
//! Knows nothing of what stands between them.
#![expect(clippy::inline_always, reason = "what is compiled for newer processors must be inlined there")]

use super::simd::{Vector, WIDTH};

/// Bytes of text whose delimiters are found at a time: stays in a core's first-level cache until it is read.
pub(super) const BATCH: usize = 16 << 10;

/// Bytes of text that one mask stands for.
const BLOCK: usize = 2 * WIDTH;

/// Most blocks hold no more delimiters than this.
const FEW: usize = 4;

/// Positions of quotes and newlines, ascending.
#[derive(Clone, Debug, Default)]
pub(super) struct Delimiters {
    /// The first `len` count; what follows is room for a block.
    at: Vec<u16>,
    len: usize,
}

impl Delimiters {
    /// The positions.
    #[inline(always)]
    pub(super) fn positions(&self) -> &[u16] {
        &self.at[..self.len]
    }

    /// Finds the delimiters of `text`, of which the first [`BATCH`] bytes count.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "a batch is short")]
    pub(super) fn find(&mut self, text: &[u8]) {
        // A file of a few lines should not pay for a long one.
        let room = text.len().min(BATCH) + BLOCK;
        if self.at.len() < room {
            self.at.resize(room, 0);
        }
        self.len = 0;
        let (blocks, rest) = text[..text.len().min(BATCH)].as_chunks::<BLOCK>();
        let mut base = 0;
        for block in blocks {
            self.take(base, mask(block));
            base += BLOCK as u16;
        }
        let mut last = [0; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        self.take(base, mask(&last));
    }

    /// Writes a few delimiters whether there are as many or not: that costs less than guessing wrong.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "at most 64")]
    fn take(&mut self, base: u16, mut mask: u64) {
        let count = mask.count_ones() as usize;
        let Some(room) = self.at.get_mut(self.len..self.len + BLOCK) else { return };
        for mark in &mut room[..FEW] {
            *mark = base + mask.trailing_zeros() as u16;
            mask &= mask.wrapping_sub(1);
        }
        if count > FEW {
            for mark in &mut room[FEW..count] {
                *mark = base + mask.trailing_zeros() as u16;
                mask &= mask.wrapping_sub(1);
            }
        }
        self.len += count;
    }
}

/// A bit for each quote or newline.
#[inline(always)]
fn mask(block: &[u8; BLOCK]) -> u64 {
    let (halves, _) = block.as_chunks::<WIDTH>();
    let low = Vector::new(&halves[0]).either(b'"', b'\n');
    let high = Vector::new(&halves[1]).either(b'"', b'\n');
    u64::from(low) | u64::from(high) << WIDTH
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &[u8]) {
        let mut delimiters = Delimiters::default();
        // What was found before must not matter.
        delimiters.find(&[b'"'; 100]);
        delimiters.find(text);
        let found: Vec<usize> = delimiters.positions().iter().map(|at| usize::from(*at)).collect();
        let all = text.iter().take(BATCH).enumerate();
        let expected: Vec<usize> = all.filter(|(_, b)| matches!(b, b'"' | b'\n')).map(|(at, _)| at).collect();
        assert_eq!(found, expected);
    }

    proptest! {
        #[test]
        fn every_quote_and_newline_is_found(text in "[\"\n ab]{0,300}") {
            check(text.as_bytes());
        }
    }

    #[test]
    fn the_batch_ends_where_it_says() {
        for len in [0, 1, 63, 64, 65, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH] {
            check(&vec![b'"'; len]);
            check(&vec![b'x'; len]);
        }
    }
}
