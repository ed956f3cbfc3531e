//! Log files in a temporary folder: written in every encoding, ingested, compared with the oracle.

use crate::oracle::{self, Table, Tally};
use flowbook::codec::{Codec, Encoder};
use flowbook::domain::{DomainSet, Selection};
use flowbook::ingest::{Ingested, Job, Progress, ingest};
use flowbook::record::Reason;
use flowbook::region::Region;
use flowbook::report::{Counts, RejectLimit, SAMPLES_PER_REASON};
use flowbook::source::{self, Source};
use flowbook::time::TimeRange;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use tempfile::TempDir;

/// A folder of log files, and what the oracle reads in them.
pub(crate) struct Logs {
    folder: TempDir,
    table: Table,
    /// By file name.
    tallies: BTreeMap<String, Tally>,
}

/// A name as the vendor gives it, or one that tells no domain.
pub(crate) fn file_name(domain: Option<&str>, number: usize, codec: Codec) -> String {
    match domain {
        Some(domain) => format!("{domain}_2016_03_01_080000_090000_{number}.{}", codec.extension()),
        None => format!("access-{number}.{}", codec.extension()),
    }
}

/// Compresses the pieces of a text one by one: members of gzip, frames of zstd.
pub(crate) fn encode<'a>(codec: Codec, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in pieces {
        let mut encoder = Encoder::new(codec, bytes).unwrap();
        encoder.write_all(piece).unwrap();
        bytes = encoder.finish().unwrap();
    }
    bytes
}

impl Logs {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), table: Table::new(), tallies: BTreeMap::new() }
    }

    /// Adds a file that holds `text`, encoded as `bytes`.
    pub(crate) fn add(&mut self, name: String, domain: Option<&str>, text: &[u8], bytes: &[u8]) {
        std::fs::write(self.folder.path().join(&name), bytes).unwrap();
        let (table, tally) = oracle::aggregate(text, domain);
        oracle::merge(&mut self.table, table);
        self.tallies.insert(name, tally);
    }

    /// Adds a file of one piece.
    pub(crate) fn add_whole(&mut self, domain: Option<&str>, codec: Codec, text: &[u8]) {
        let name = file_name(domain, self.tallies.len(), codec);
        self.add(name, domain, text, &encode(codec, [text]));
    }

    pub(crate) fn sources(&self) -> Vec<Source> {
        source::discover(&[self.folder.path().to_owned()]).unwrap()
    }

    /// Ingests everything and compares all that the oracle knows.
    pub(crate) fn check(&self, sources: Vec<Source>, threads: usize) {
        let Ingested { table, report, .. } = ingest_all(sources, threads);
        let rows = table.rows().map(|row| {
            assert_eq!(row.region, Region::Unspecified);
            ((row.domain.to_string(), row.window.index()), row.usage.fields())
        });
        assert_eq!(rows.collect::<Table>(), self.table);
        assert_eq!(table.rows().count(), self.table.len());
        assert_eq!(report.duplicates, []);
        assert_eq!(report.sources.len(), self.tallies.len());
        let mut rejects = Vec::new();
        for (at, source) in report.sources.iter().enumerate() {
            let tally = &self.tallies[base_name(&source.name)];
            let found = Counts { late: 0, first_late: None, ..source.counts.clone() };
            assert_eq!(found, counts(tally), "{}", source.name);
            rejects.extend(tally.rejects.iter().map(|(line, reason)| (at, *line, *reason)));
        }
        let samples: Vec<_> = report.samples.iter().map(|s| (s.source, s.line, s.reason)).collect();
        assert_eq!(samples, first_of_each_reason(&rejects));
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit(std::path::MAIN_SEPARATOR).next().unwrap()
}

/// The tally in the words of the library; it does not count late lines.
fn counts(tally: &Tally) -> Counts {
    let mut counts = Counts {
        lines: tally.lines,
        accepted: tally.accepted,
        outside_range: tally.before_1970,
        blank: tally.blank,
        skipped: tally.skipped,
        traffic: tally.traffic,
        ..Counts::default()
    };
    for (_, reason) in &tally.rejects {
        counts.rejected[*reason as usize] += 1;
    }
    counts
}

type Place = (usize, u64, Reason);

/// In the order of sources and lines.
fn first_of_each_reason(rejects: &[Place]) -> Vec<Place> {
    let of = |reason| rejects.iter().filter(move |r| r.2 == reason).take(SAMPLES_PER_REASON).copied();
    let mut first: Vec<Place> = Reason::ALL.into_iter().flat_map(of).collect();
    first.sort_unstable();
    first
}

/// Everything after 1970 counts.
fn ingest_all(sources: Vec<Source>, threads: usize) -> Ingested {
    everything(sources, threads, None)
}

/// As `ingest_all`; where rejected lines are kept it goes on behind damaged files, too.
pub(crate) fn everything(sources: Vec<Source>, threads: usize, keep_rejects: Option<&Path>) -> Ingested {
    let job = Job {
        origins: source::ORIGINS,
        range: TimeRange::covering(0, 260_000_000_000).unwrap(),
        selection: &Selection { account: DomainSet::all(), wanted: DomainSet::all() },
        folds: None,
        own_hosts: None,
        threads,
        keep_going: keep_rejects.is_some(),
        max_rejects: RejectLimit::Share(1_000_000),
        empty_is_delivered: false,
        keep_rejects,
        progress: &Progress::default(),
    };
    ingest(sources, &job).unwrap()
}
