//! Finds out whether texts have the same lines: a [`Sketch`] of a text is a few hashes of some of its lines.
//!
//! Knows nothing of formats and files: the parser chooses which lines are offered. The choice must depend on the lines
//! only, so that the same line is offered in every text.

use crate::hash;

/// Hashes kept while a text is read, and of the longest texts.
const MOST: usize = 1024;
/// Texts with at most so many are those of an hour: there are many of them, and only [`LEAST`] hashes of each are kept.
const SHORT: usize = 16;
const LEAST: usize = 8;

/// The lowest hashes of the offered lines, sorted, each once.
///
/// Two texts that share lines share the lowest hashes of these, however different the rest is. So a few of them show
/// whether most of a text is also in another one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    hashes: Vec<u32>,
    /// Whether there were more hashes, all of them greater than those that are kept.
    is_cut: bool,
}

impl Sketch {
    /// Takes note of a line.
    pub fn note(&mut self, line: &[u8]) {
        #[expect(clippy::cast_possible_truncation, reason = "half of a hash")]
        self.hashes.push(hash::many(line) as u32);
        if self.hashes.len() >= 2 * MOST {
            self.tidy();
        }
    }

    /// Adds the sketch of another part of the text.
    pub fn merge(&mut self, other: Self) {
        if self.hashes.is_empty() && !self.is_cut {
            *self = other;
            return;
        }
        // Beyond the least of what was cut nothing is known.
        let known = self.limit().min(other.limit());
        self.hashes.extend(other.hashes);
        self.hashes.retain(|hash| *hash <= known);
        self.is_cut |= other.is_cut;
        self.tidy();
    }

    /// Takes the sketch, and leaves an empty one for what comes next.
    #[must_use]
    pub fn take(&mut self) -> Self {
        self.tidy();
        let taken = self.clone();
        self.hashes.clear();
        self.is_cut = false;
        taken
    }

    /// Sorts, and keeps no more than is kept while reading.
    fn tidy(&mut self) {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.cut(MOST);
    }

    /// What is kept of a text that was read to its end.
    #[must_use]
    pub fn of_whole(mut self) -> Self {
        self.tidy();
        if self.hashes.len() <= SHORT {
            self.cut(LEAST);
        }
        // There is one for each file: room for a few hashes more costs less than to move the others.
        if self.hashes.capacity() > 2 * self.hashes.len() {
            self.hashes.shrink_to_fit();
        }
        self
    }

    fn cut(&mut self, most: usize) {
        self.is_cut |= self.hashes.len() > most;
        self.hashes.truncate(most);
    }

    /// The hashes, sorted.
    #[must_use]
    pub fn hashes(&self) -> &[u32] {
        &self.hashes
    }

    /// The greatest hash that would be here if the text had it.
    fn limit(&self) -> u32 {
        self.hashes.last().copied().filter(|_| self.is_cut).unwrap_or(u32::MAX)
    }

    /// How many of the hashes are in another sketch, and how many would be if every line were in its text.
    #[must_use]
    pub fn shared_with(&self, other: &Self) -> (usize, usize) {
        let judged = self.hashes.partition_point(|hash| *hash <= other.limit());
        let is_shared = |hash: &&u32| other.hashes.binary_search(hash).is_ok();
        (self.hashes[..judged].iter().filter(is_shared).count(), judged)
    }

    /// As bytes, to be kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let cut = std::iter::once(u8::from(self.is_cut));
        cut.chain(self.hashes.iter().flat_map(|hash| hash.to_le_bytes())).collect()
    }

    /// What [`Sketch::to_bytes`] gave; an empty one from anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let Some((cut, hashes)) = bytes.split_first() else { return Self::default() };
        let mut hashes: Vec<u32> =
            hashes.as_chunks().0.iter().map(|hash| u32::from_le_bytes(*hash)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        Self { hashes, is_cut: *cut != 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sketch(lines: impl IntoIterator<Item = usize>) -> Sketch {
        let mut sketch = Sketch::default();
        lines.into_iter().for_each(|line| sketch.note(format!("line {line}").as_bytes()));
        sketch.of_whole()
    }

    proptest! {
        #[test]
        fn a_part_is_seen_in_the_whole(from in 0..3000usize, len in 1..3000usize, more in 0..9000usize) {
            let part = sketch(from..from + len);
            let whole = sketch(0..from + len + more);
            let (shared, judged) = part.shared_with(&whole);
            prop_assert_eq!(shared, judged);
            prop_assert_eq!(sketch(20_000..20_000 + len).shared_with(&whole).0, 0);
            prop_assert_eq!(Sketch::from_bytes(&whole.to_bytes()), whole);
        }

        #[test]
        fn parts_make_the_whole(cut in 0..3000usize, len in 3000..6000usize) {
            let part = |lines: std::ops::Range<usize>| {
                let mut sketch = Sketch::default();
                lines.for_each(|line| sketch.note(format!("line {line}").as_bytes()));
                sketch.take()
            };
            let mut both = part(0..cut);
            both.merge(part(cut..len));
            prop_assert_eq!(both.of_whole(), sketch(0..len));
        }
    }
}
