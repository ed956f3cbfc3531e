//! Logs in, usage out: [`ingest`] reads sources in parallel and merges what they hold.
//!
//! The result does not depend on threads, on where files are cut, or on the order of sources: parts are
//! folded into one table per thread, tables merge by sums, and everything with an order (samples, line
//! numbers, rejected lines) is put in order at the end.

mod ahead;
mod fold;
mod lines;
mod part;
mod rejects;
pub mod source;

pub use lines::{Block, Chunk, Lines, Text};
pub use rejects::Rejects;

use crate::codec::Codec;
use crate::domain::Selection;
use crate::error::{Error, ErrorKind, Result};
use crate::log::Format;
use crate::region::Region;
use crate::report::{Counts, Report, Sample, SourceReport};
use crate::time::TimeRange;
use crate::usage::table::UsageTable;
use fold::Fold;
use part::{Desk, Input, Opened, Part};
use rejects::{Extent, PartSample, Piece, Sink, Spill};
use source::Source;
use std::cmp::Reverse;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Mutex, PoisonError};

/// What to read, and what of it counts.
pub struct Job<'a> {
    /// The format of every source.
    pub format: Format,
    /// The region of every line, unless the format tells it.
    pub region: Region,
    /// Windows that count.
    pub range: TimeRange,
    /// Domains that count.
    pub selection: &'a Selection,
    /// Worker threads; 0 is one per core.
    pub threads: usize,
    /// Go on when a source cannot be read to its end, and say so in the report.
    pub keep_going: bool,
    /// Keep every rejected line, in a scratch file in this folder.
    pub keep_rejects: Option<&'a Path>,
    /// Told how far the work is.
    pub progress: &'a Progress,
}

/// How far the reading is, in bytes on disk; for whoever shows it, on another thread.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes of all sources whose size is known.
    pub total: AtomicU64,
    /// Bytes read so far.
    pub read: AtomicU64,
}

/// What came out of the sources.
pub struct Ingested {
    /// Usage within range and selection.
    pub table: UsageTable,
    /// What was read and what was not counted.
    pub report: Report,
    /// Every rejected line, if the job kept them.
    pub rejects: Option<Rejects>,
}

/// Reads all sources.
///
/// # Errors
/// When a source cannot be read to its end, unless the job keeps going; when a sum overflows.
pub fn ingest(mut sources: Vec<Source>, job: &Job<'_>) -> Result<Ingested> {
    let allowed = part::allowed_threads(job.threads);
    let threads = part::useful_threads(&mut sources, allowed);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|e| Error::usage(format!("cannot start {threads} threads: {e}")))?;
    let (sources, duplicates) = pool.install(|| source::without_duplicates(sources));
    job.progress.total.store(sources.iter().filter_map(|s| s.size).sum(), Relaxed);
    let spill = job.keep_rejects.map(Spill::new).transpose()?;
    let parts = part::cut(&sources);

    let work = Work::new(job, &sources, &parts, spill.as_ref(), allowed);
    let tables = pool.broadcast(|_| work.run());
    let outcomes = work.outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);

    let mut table = UsageTable::new();
    for part in tables {
        table.merge(part?).map_err(|(_, domain, window)| fold::overflow(&domain, window))?;
    }
    let (mut report, pieces) = assemble(sources, &parts, outcomes);
    report.duplicates = duplicates;
    check(&report, job.keep_going)?;
    Ok(Ingested { table, report, rejects: spill.map(|spill| Rejects { spill, pieces }) })
}

/// Sources of fewer bytes on disk than this are read sooner than a thread starts. Pipes have no size.
const AHEAD_ABOVE: u64 = 1 << 20;

/// What came out of a part.
#[derive(Default)]
struct Outcome {
    counts: Counts,
    samples: Vec<PartSample>,
    extents: Vec<Extent>,
    fault: Option<String>,
}

/// The parts, handed out to threads one by one.
struct Work<'a> {
    job: &'a Job<'a>,
    sources: &'a [Source],
    parts: &'a [Part],
    spill: Option<&'a Spill>,
    /// Positions of parts, the largest first, so that no large one is left for the end.
    order: Vec<usize>,
    next: AtomicUsize,
    /// The first source known to fail the job: what comes after it need not be read.
    failed: AtomicUsize,
    /// Threads that have no part of their own, and may read ahead for those who have.
    spare: AtomicUsize,
    outcomes: Mutex<Vec<(usize, Outcome)>>,
}

impl<'a> Work<'a> {
    fn new(
        job: &'a Job<'a>,
        sources: &'a [Source],
        parts: &'a [Part],
        spill: Option<&'a Spill>,
        allowed: usize,
    ) -> Self {
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_key(|at| Reverse(parts[*at].size));
        let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
        let spare = AtomicUsize::new(allowed.saturating_sub(parts.len()));
        Self { job, sources, parts, spill, order, next, failed, spare, outcomes: Mutex::default() }
    }

    /// One thread's share, in a table of its own.
    fn run(&self) -> Result<UsageTable> {
        let (mut table, mut desk) = (UsageTable::new(), Desk::default());
        while let Some(at) = self.order.get(self.next.fetch_add(1, Relaxed)) {
            let part = &self.parts[*at];
            if part.source > self.failed.load(Relaxed) {
                continue;
            }
            let name = &self.sources[part.source].name;
            let outcome = self.part(part, &mut table, &mut desk).map_err(|e| e.at(name))?;
            if outcome.fault.is_some() && !self.job.keep_going {
                self.failed.fetch_min(part.source, Relaxed);
            }
            self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).push((*at, outcome));
        }
        Ok(table)
    }

    /// Reads a part; what fails in reading is the part's fault, what fails in counting is the job's.
    fn part(&self, part: &Part, table: &mut UsageTable, desk: &mut Desk) -> Result<Outcome> {
        let source = &self.sources[part.source];
        let mut fold = Fold::new(self.job, source.hours.as_ref(), table, Sink::new(self.spill));
        let opened = match &source.fault {
            Some(fault) => Err(fault.clone()),
            None => part::open(source, part, &self.job.progress.read, desk)
                .map_err(|e| format!("cannot read: {e}")),
        };
        let fault = match opened {
            Err(fault) => Some(fault),
            Ok(Opened::Text(text)) => {
                Text::new(text).try_for_each(|chunk| fold.chunk(&chunk))?;
                None
            }
            Ok(Opened::Lines(mut lines, codec)) => {
                let fault = self.read(&mut lines, part, codec, &mut fold)?;
                desk.keep(lines);
                fault
            }
        };
        let (counts, sink) = fold.finish();
        let (samples, extents) = sink.finish()?;
        Ok(Outcome { counts, samples, extents, fault })
    }

    /// Folds the lines of an open part; gives the fault that ended it early, if one did.
    fn read(
        &self,
        lines: &mut Lines<Input<'_>>,
        part: &Part,
        codec: Codec,
        fold: &mut Fold<'_>,
    ) -> Result<Option<String>> {
        let worth = part.stretch.is_none() && (part.size == 0 || part.size > AHEAD_ABOVE);
        let is_ahead = worth && self.spare.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1)).is_ok();
        let read = if is_ahead {
            let read = ahead::fold_ahead(lines, |chunk| fold.chunk(chunk));
            self.spare.fetch_add(1, Relaxed);
            read?
        } else {
            fold_all(lines, fold)?
        };
        if let Err(error) = read {
            return Ok(Some(fault(&error, codec, lines)));
        }
        let shorter = codec == Codec::Plain && part.stretch.is_none() && lines.position() < part.size;
        Ok(shorter.then(|| part::shrunk().to_string()))
    }
}

/// Folds lines on the thread that reads them; what ends the input early is the inner error.
fn fold_all(lines: &mut Lines<Input<'_>>, fold: &mut Fold<'_>) -> Result<io::Result<()>> {
    loop {
        match lines.next_chunk() {
            Ok(Some(chunk)) => fold.chunk(&chunk)?,
            Ok(None) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
        }
    }
}

fn fault(error: &io::Error, codec: Codec, lines: &Lines<Input<'_>>) -> String {
    let what = if codec == Codec::Plain || error.raw_os_error().is_some() {
        format!("cannot read on: {error}")
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        format!("the {} stream ends early: the file is truncated, or no log follows its end", codec.name())
    } else if codec == Codec::Zstd && error.to_string().contains("too much memory") {
        "the zstd stream needs a window above 128 MiB; compress it without --ultra --long".to_owned()
    } else {
        format!("the {} stream is damaged: {error}", codec.name())
    };
    match lines.left_over() {
        0 => format!("{what} (after {} bytes of text)", lines.position()),
        bytes => format!(
            "{what} (after {} bytes of text; an incomplete last line of {bytes} bytes does not count)",
            lines.position()
        ),
    }
}

/// Puts what came out of the parts in the order of sources and lines.
fn assemble(
    sources: Vec<Source>,
    parts: &[Part],
    mut outcomes: Vec<(usize, Outcome)>,
) -> (Report, Vec<Piece>) {
    let mut report = Report::default();
    report.sources.extend(sources.into_iter().map(|source| SourceReport {
        name: source.name,
        size: source.size,
        hours: source.hours,
        counts: Counts::default(),
        fault: None,
    }));
    let mut pieces = Vec::new();
    outcomes.sort_unstable_by_key(|(at, _)| *at);
    for (at, outcome) in outcomes {
        let source = parts[at].source;
        let whole = &mut report.sources[source];
        let lines_before = whole.counts.lines;
        whole.counts.merge(&outcome.counts);
        whole.fault = whole.fault.take().or(outcome.fault);
        report.add_samples(outcome.samples.into_iter().map(|sample| {
            let PartSample { line, reason, text } = sample;
            Sample { source, line: lines_before + line, reason, text }
        }));
        if !outcome.extents.is_empty() {
            pieces.push(Piece { source, lines_before, extents: outcome.extents });
        }
    }
    (report, pieces)
}

/// Faults fail the job unless it keeps going; lines that do not add up always do.
fn check(report: &Report, keep_going: bool) -> Result<()> {
    if let Some((name, fault)) = report.faults().next().filter(|_| !keep_going) {
        return Err(Error::damaged(fault).at(name));
    }
    match report.sources.iter().find(|s| !s.counts.balanced()) {
        Some(source) => {
            let text = format!("the lines do not add up: {:?}", source.counts);
            Err(Error::new(ErrorKind::Defect(text)).at(&source.name))
        }
        None => Ok(()),
    }
}
