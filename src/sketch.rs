//! Finds out whether texts have the same lines: a [`Sketch`] of a text is a few hashes of some of its lines.
//!
//! Which lines these are depends on nothing but the lines, so that the same ones are chosen of every text: in whatever
//! order, and in whatever parts it is read. Knows nothing of formats and files.

mod rank;
mod draft;

pub use draft::Draft;

use rank::{ALL, Hash};

/// Hashes that are kept of the longest texts.
const MOST: usize = 4096;
/// Lines that must be the same before anything is said.
const LEAST: u64 = 8;
/// Hashes that must be the same where they stand for more lines: one or two may be chance.
const LEAST_CHOSEN: usize = 3;

/// The first byte of what is kept: older sketches began with 0 or 1, and were of other lines.
const VERSION: u8 = 2;

/// The hashes of the lines of lowest rank, sorted, each once: see [`Draft`].
///
/// Two texts that share lines share the lowest hashes of these, however different the rest is. So a few of them show
/// whether most of a text is also in another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    hashes: Vec<Hash>,
    /// The lines below this rank are known; of others nothing is.
    below: u8,
}

/// That of a text without a line.
impl Default for Sketch {
    fn default() -> Self {
        Self { hashes: Vec::new(), below: ALL }
    }
}

/// How many of the chosen lines of a text are in others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// These.
    pub shared: usize,
    /// And these would be if every line were there.
    pub judged: usize,
    below: u8,
}

impl Share {
    /// Whether most lines are, for all that is known. Where only some were looked at, it is more of these than half, and
    /// the more so the fewer they are.
    #[must_use]
    pub fn is_most(self) -> bool {
        let Self { shared, judged, below } = self;
        let is_more = 2 * shared > judged;
        if below == ALL {
            return is_more && shared as u64 >= LEAST;
        }
        // Of lines that were drawn by chance, one and a half times the deviation.
        let excess = (2 * shared).saturating_sub(judged);
        is_more
            && shared >= LEAST_CHOSEN
            && rank::lines(shared, below) >= LEAST
            && 4 * excess * excess > 9 * judged
    }
}

impl Sketch {
    /// Adds the sketch of what follows the text.
    pub fn merge(&mut self, other: Self) {
        self.below = self.below.min(other.below);
        self.hashes.extend(other.hashes);
        self.hashes.sort_unstable();
        // What is in both was there before.
        self.hashes.dedup_by(|next, one| {
            let is_same = next.is_same(*one);
            if is_same {
                *one = one.repeated();
            }
            is_same
        });
        if let Some(beyond) = self.hashes.get(MOST) {
            self.below = self.below.min(beyond.rank());
        }
        self.hashes.truncate(self.known(self.below));
    }

    /// How many of the hashes are below a rank.
    fn known(&self, below: u8) -> usize {
        self.hashes.partition_point(|hash| hash.rank() < below)
    }

    /// The hashes, sorted.
    pub fn hashes(&self) -> impl Iterator<Item = u32> {
        self.hashes.iter().map(|hash| hash.of_line())
    }

    fn has(&self, hash: Hash) -> bool {
        self.hashes.binary_search_by_key(&hash.of_line(), |hash| hash.of_line()).is_ok()
    }

    /// How many of the hashes are in another sketch.
    #[must_use]
    pub fn shared_with(&self, other: &Self) -> Share {
        self.shared_with_any(&[other])
    }

    /// How many of the hashes are in one of other sketches at least.
    #[must_use]
    pub fn shared_with_any(&self, others: &[&Self]) -> Share {
        let below = others.iter().map(|other| other.below).fold(self.below, u8::min);
        let judged = &self.hashes[..self.known(below)];
        let is_shared = |hash: &&Hash| others.iter().any(|other| other.has(**hash));
        Share { shared: judged.iter().filter(is_shared).count(), judged: judged.len(), below }
    }

    /// Whether nearly every line of the text is there several times.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        let repeated = self.hashes.iter().filter(|hash| hash.is_repeated()).count();
        rank::lines(repeated, self.below) >= LEAST && is_nearly_all(repeated, self.hashes.len())
    }

    /// As bytes, to be kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = [VERSION, self.below];
        head.into_iter().chain(self.hashes.iter().flat_map(|hash| hash.to_bytes())).collect()
    }

    /// What [`Sketch::to_bytes`] gave; from anything else, such as what an older version kept, one that has nothing in
    /// common with any other.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let [VERSION, below, hashes @ ..] = bytes else { return Self { hashes: Vec::new(), below: 0 } };
        let mut hashes: Vec<Hash> = hashes.as_chunks().0.iter().copied().map(Hash::from_bytes).collect();
        hashes.sort_unstable();
        hashes.dedup_by_key(|hash| hash.of_line());
        let mut sketch = Self { hashes, below: (*below).min(ALL) };
        sketch.hashes.truncate(sketch.known(sketch.below));
        sketch
    }
}

fn is_nearly_all(some: usize, all: usize) -> bool {
    10 * some >= 9 * all
}

#[cfg(test)]
mod tests;
