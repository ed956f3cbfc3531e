//! A sketch in the making: lines are offered, and those that come first by rank are kept.

use super::rank::{self, ALL, Hash};
use super::{MOST, Sketch, is_nearly_all};
use std::collections::BTreeMap;

/// Hashes that are kept of an hour, unless it has very many lines.
const OF_HOUR: usize = 20;
/// Halvings until an hour has twice as many, and how often it may have.
const UNTIL_MORE: u8 = 8;
const MORE: u8 = 3;

/// What a text held several times was held: others are products of these.
const TIMES: [u32; 4] = [2, 3, 5, 7];

/// Takes note of the lines of a text, in any order.
///
/// The rank below which lines are kept is the greatest one at which no hour has too many of them, nor all together. More
/// lines can only make it less: whatever is kept at the end was kept from its first line on.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Some may be there more than once.
    entries: Vec<Entry>,
    below: u8,
    /// What lines are not above that are below this rank.
    bar: u64,
    /// At so many entries they are tidied up.
    full: usize,
}

/// Some lines that are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    hash: Hash,
    /// Since 1970.
    hour: i32,
    /// A hash of the lines without their time.
    shape: u16,
    count: u32,
}

impl Default for Draft {
    fn default() -> Self {
        Self { entries: Vec::new(), below: ALL, bar: rank::bar(ALL), full: 2 * OF_HOUR }
    }
}

impl Draft {
    /// Takes note of a line: its time in unix seconds, its bytes, and the line as it is. `outside` gives a hash of what it
    /// counts for and does not tell, 0 if it tells all, and `None` if it does not count.
    #[inline]
    pub fn note(&mut self, time: i64, bytes: u64, line: &[u8], outside: impl FnOnce() -> Option<u64>) {
        let quick = rank::quick(time, bytes, line.len());
        if quick <= self.bar {
            self.keep(quick, time, line, outside);
        }
    }

    #[cold]
    #[inline(never)]
    fn keep(&mut self, quick: u64, time: i64, line: &[u8], outside: impl FnOnce() -> Option<u64>) {
        let Some(outside) = outside() else { return };
        let (hash, shape) = rank::hash(quick, line, outside);
        if hash.rank() < self.below {
            let hour = i32::try_from(time.div_euclid(3600)).unwrap_or(i32::MAX);
            if self.entries.is_empty() {
                self.entries.reserve(self.full);
            }
            self.entries.push(Entry { hash, hour, shape, count: 1 });
            if self.entries.len() >= self.full {
                self.tidy();
            }
        }
    }

    /// Adds the draft of another part of the text.
    pub fn merge(&mut self, other: Self) {
        self.below = self.below.min(other.below);
        self.entries.extend(other.entries);
        self.tidy();
    }

    /// Sorts, and keeps no more than there is room for.
    fn tidy(&mut self) {
        let entries = &mut self.entries;
        entries.sort_unstable();
        entries.dedup_by(|next, one| {
            let is_same = next.hash == one.hash;
            if is_same {
                one.count = one.count.saturating_add(next.count);
            }
            is_same
        });
        // So few are too many in no hour.
        if entries.len() > OF_HOUR {
            let mut hours: BTreeMap<i32, usize> = BTreeMap::new();
            let beyond = entries.iter().enumerate().find(|(at, entry)| {
                let of_hour = hours.entry(entry.hour).or_default();
                *of_hour += 1;
                *at >= MOST || *of_hour > room(entry.hash.rank())
            });
            if let Some((_, entry)) = beyond {
                self.below = self.below.min(entry.hash.rank());
            }
        }
        let known = entries.partition_point(|entry| entry.hash.rank() < self.below);
        entries.truncate(known);
        self.bar = rank::bar(self.below);
        self.full = (2 * known).max(2 * OF_HOUR);
    }

    /// The sketch of all that was noted.
    #[must_use]
    pub fn finish(mut self) -> Sketch {
        self.tidy();
        let times = self.times();
        let is_repeated = |entry: &Entry| times.is_some_and(|times| entry.count.is_multiple_of(times));
        let hash = |entry: &Entry| if is_repeated(entry) { entry.hash.repeated() } else { entry.hash };
        // There is one for each file: no more room than they need.
        let mut hashes = Vec::with_capacity(self.entries.len());
        hashes.extend(self.entries.iter().map(hash));
        Sketch { hashes, below: self.below }
    }

    /// How many times nearly every line is there. Not just several times: requests that are made again and again within a
    /// second are there so many times and so many. And the lines must be different ones: a log that has nothing but a
    /// health check may well have it twice in each second.
    fn times(&self) -> Option<u32> {
        let count =
            |times: u32| self.entries.iter().filter(|entry| entry.count.is_multiple_of(times)).count();
        let times = TIMES.into_iter().find(|times| is_nearly_all(count(*times), self.entries.len()))?;
        let mut shapes: Vec<u16> = self.entries.iter().map(|entry| entry.shape).collect();
        shapes.sort_unstable();
        let most = shapes.chunk_by(|one, next| one == next).map(<[u16]>::len).max()?;
        (2 * most <= shapes.len()).then_some(times)
    }
}

/// How many lines of an hour are kept at a rank: the more the rarer they are.
fn room(rank: u8) -> usize {
    OF_HOUR << (rank::halvings(rank).saturating_sub(UNTIL_MORE) / 2).min(MORE)
}
