//! What was done with ingested sources.

use crate::fault::Fault;
use crate::ingest::Rejects;
use crate::log::Format;
use crate::report::overlap::Overlap;
use crate::report::{Counts, Sample};
use crate::time::Window;

/// What became of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Not known before; it counts now.
    Added,
    /// It grew; its new content replaces what was counted.
    Grown,
    /// Other content of the same hours under the same name, or the same content read in another way; it replaces what
    /// was counted.
    Replaced,
    /// Other content under the name of a log that it does not continue: both count.
    Rotated,
    /// Known: nothing changed.
    Known,
    /// Known at a path where it no longer is.
    Moved,
    /// Known at another path, where it still is.
    Duplicate,
    /// It cannot be read, or not to its end.
    Faulty,
}

impl Fate {
    /// Every fate.
    pub const ALL: [Self; 8] = [
        Self::Added,
        Self::Grown,
        Self::Replaced,
        Self::Rotated,
        Self::Known,
        Self::Moved,
        Self::Duplicate,
        Self::Faulty,
    ];

    /// Its name in results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Grown => "grown",
            Self::Replaced => "replaced",
            Self::Rotated => "rotated",
            Self::Known => "known",
            Self::Moved => "moved",
            Self::Duplicate => "duplicate",
            Self::Faulty => "faulty",
        }
    }
}

/// The result of ingesting sources.
#[derive(Default)]
pub struct Taking {
    /// How many sources had each fate, in the order of [`Fate::ALL`].
    pub fates: [u64; Fate::ALL.len()],
    /// Names of sources that were skipped, each with the name of the source that counts.
    pub duplicates: Vec<(String, String)>,
    /// Names of sources that could not be read to their end, and why.
    pub faults: Vec<(String, Fault)>,
    /// Names of sources that were read and have no line.
    pub empty: Vec<String>,
    /// Whether such a source delivers its hours.
    pub empty_is_delivered: bool,
    /// Names of sources that were read and have [`padding`](crate::report::SourceReport::padding), with its bytes.
    pub padded: Vec<(String, u64)>,
    /// Names of sources that took the place of longer ones, each with the lines that counted before and those that it has.
    pub shorter: Vec<(String, [u64; 2])>,
    /// The lines that were read and count now.
    pub counts: Counts,
    /// The names of the sources with the most rejected lines, and how many: the most first.
    pub most_rejected: Vec<(String, u64)>,
    /// The lines of logs that are faults because most of their lines were rejected.
    pub distrusted: Counts,
    /// Lines and rejected lines that were counted before of logs of which only the tail was read: their share is judged
    /// over the whole log.
    pub before: (u64, u64),
    /// Lines of windows that are not kept any more, and the first window that is: they are known, but do not count.
    pub not_kept: Option<(u64, Window)>,
    /// What may be counted twice of the sources that were added, be it among themselves or with known ones.
    pub overlaps: Vec<Overlap>,
    /// Formats of which sources were read by another description than there is now, and how many.
    pub read_otherwise: Vec<(String, u64)>,
    /// The first rejected line, with the name of its source and the format that it was read in.
    pub first_reject: Option<(String, Sample, Format)>,
    /// Rejected lines, if they were kept.
    pub rejects: Vec<Rejects>,
}

/// Sources that are named for their rejected lines.
const MOST_REJECTED: usize = 5;

impl Taking {
    /// Takes note of the rejected lines of a source.
    pub(super) fn note_rejected(&mut self, name: &str, lines: u64) {
        if lines > 0 {
            self.most_rejected.push((name.to_owned(), lines));
            self.most_rejected.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
            self.most_rejected.truncate(MOST_REJECTED);
        }
    }

    /// Leaves out every name: for an export of some domains.
    pub fn leave_out_names(&mut self) {
        self.duplicates.clear();
        self.faults.clear();
        self.empty.clear();
        self.padded.clear();
        self.shorter.clear();
        self.most_rejected.clear();
        self.overlaps.clear();
        self.first_reject = None;
    }

    /// The sources with padding.
    pub fn padded(&self) -> impl Iterator<Item = (&str, u64)> {
        self.padded.iter().map(|(name, bytes)| (name.as_str(), *bytes))
    }

    /// How many sources had a fate.
    #[must_use]
    pub const fn had(&self, fate: Fate) -> u64 {
        self.fates[fate as usize]
    }

    /// How many sources had each fate: `3 added, 20 known`.
    pub(super) fn fates_in_words(&self) -> String {
        let fates = Fate::ALL.into_iter().filter(|fate| self.had(*fate) > 0);
        fates.map(|fate| format!("{} {}", self.had(fate), fate.name())).collect::<Vec<_>>().join(", ")
    }

    /// The lines that the share of rejected lines is taken of; if faults do not stop the job, without the logs that are
    /// faults because most of their lines were rejected.
    #[must_use]
    pub fn judged(&self, keep_going: bool) -> Counts {
        let mut counts = self.counts.clone();
        if keep_going {
            counts = counts.without_lines(&self.distrusted);
        }
        counts.lines += self.before.0;
        counts.rejected[0] += self.before.1;
        counts
    }

    /// Whether anything that counts was changed.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        [Fate::Added, Fate::Grown, Fate::Replaced, Fate::Rotated].into_iter().any(|fate| self.had(fate) > 0)
    }
}
