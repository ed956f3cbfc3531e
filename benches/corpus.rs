//! The logs that all stages read: generated once per codec, always the same.

use flowbook::codec::Codec;
use flowbook::domain::{DomainSet, Selection};
use flowbook::generate::{Made, Recipe, generate};
use flowbook::time::{TimeRange, parse_iso};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

/// Generated logs on disk, and what is in them.
pub(crate) struct Corpus {
    dir: tempfile::TempDir,
    pub(crate) made: Made,
}

impl Corpus {
    /// 8 domains x 24 hours x 2000 lines: about 118 MB of text.
    pub(crate) fn new(codec: Codec) -> Self {
        Self::of(codec, 8, 2000)
    }

    /// 200 domains x 24 hours x 20 lines.
    pub(crate) fn small_files() -> Self {
        Self::of(Codec::Gzip, 200, 20)
    }

    fn of(codec: Codec, domains: usize, lines_per_file: usize) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let recipe = Recipe {
            domains,
            hours: 24,
            lines_per_file,
            seed: 1,
            start: parse_iso("2026-03-01T00:00:00Z").expect("a time"),
            codec,
            dirty: 0.0,
            threads: 0,
        };
        let logs = dir.path().join("logs");
        let made = generate(&logs, &recipe, &AtomicU64::new(0)).expect("logs can be generated");
        Self { dir, made }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("logs")
    }

    /// All plain files, one after the other.
    pub(crate) fn text(&self) -> Vec<u8> {
        let entries = fs::read_dir(self.path()).expect("the logs");
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
        files.retain(|path| !path.ends_with(Path::new("expected.csv")));
        files.sort();
        files.iter().flat_map(|path| fs::read(path).expect("a file")).collect()
    }
}

/// Every domain.
pub(crate) fn everything() -> Selection {
    Selection { account: DomainSet::all(), wanted: DomainSet::all() }
}

/// The days around the generated one, so that late lines are in.
pub(crate) fn range() -> TimeRange {
    let time = |text| parse_iso(text).expect("a time");
    TimeRange::covering(time("2026-02-28T00:00:00Z"), time("2026-03-03T00:00:00Z")).expect("a range")
}
