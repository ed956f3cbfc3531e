//! Logs in, usage out: [`ingest`] reads sources in parallel and merges what they hold.
//!
//! The result does not depend on threads, on where files are cut, or on the order of sources: parts are
//! folded into one table per thread, tables merge by sums, and everything with an order (samples, line
//! numbers, rejected lines) is put in order at the end.

pub mod again;
mod ahead;
mod fold;
mod lines;
mod part;
mod rejects;
pub mod source;

pub use lines::{Block, Chunk, Lines, Text};
pub use rejects::Rejects;

use crate::codec::Codec;
use crate::digest::{Stretch, TextId, identify};
use crate::domain::Selection;
use crate::error::{Error, ErrorKind, Result};
use crate::log::Format;
use crate::region::Region;
use crate::report::{Counts, Report, Sample, SourceReport};
use crate::time::TimeRange;
use crate::usage::table::UsageTable;
use fold::Fold;
use part::{Desk, Input, Opened, Part, Way};
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

/// What came of one source, apart from all others.
pub struct Taken {
    /// The source.
    pub source: Source,
    /// Its usage within range and selection.
    pub table: UsageTable,
    /// What was read and what was not counted.
    pub report: SourceReport,
    /// Its first rejected lines of each reason, in the order of lines.
    pub samples: Vec<Sample>,
    /// What its text is, as far as it could be read.
    pub text: TextId,
}

/// Reads sources, each into a table of its own, duplicates among them included.
///
/// # Errors
/// As [`ingest`].
pub fn ingest_each(mut sources: Vec<Source>, job: &Job<'_>) -> Result<(Vec<Taken>, Option<Rejects>)> {
    let allowed = part::allowed_threads(job.threads);
    let pool = pool(part::useful_threads(&mut sources, allowed))?;
    job.progress.total.fetch_add(sources.iter().filter_map(|s| s.size).sum(), Relaxed);
    let spill = job.keep_rejects.map(Spill::new).transpose()?;
    let parts = part::cut(&sources);
    let work = Work { is_each: true, ..Work::new(job, &sources, &parts, spill.as_ref(), allowed) };
    pool.broadcast(|_| work.run()).into_iter().try_for_each(|done| done.map(drop))?;
    let mut outcomes = work.outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_unstable_by_key(|(at, _)| *at);

    let mut outcomes = outcomes.into_iter().peekable();
    let (mut taken, mut pieces) = (Vec::with_capacity(sources.len()), Vec::new());
    for (at, source) in sources.into_iter().enumerate() {
        let mut own = Own::default();
        while let Some((_, outcome)) = outcomes.next_if(|(part, _)| parts[*part].source == at) {
            own.add(outcome)?;
        }
        pieces.extend(own.gather.pieces.drain(..).map(|(lines_before, extents)| Piece {
            name: source.name.clone(),
            lines_before,
            extents,
        }));
        taken.push(own.taken(source, at));
    }
    for one in &taken {
        check(&one.report, job.keep_going)?;
    }
    Ok((taken, spill.map(|spill| Rejects { spill, pieces })))
}

/// What came out of the parts of one source so far.
#[derive(Default)]
struct Own {
    gather: Gather,
    table: UsageTable,
    stretches: Vec<Stretch>,
}

impl Own {
    fn add(&mut self, mut outcome: Outcome) -> Result<()> {
        let table = outcome.table.take().unwrap_or_default();
        self.table.merge(table).map_err(|(_, domain, window)| fold::overflow(&domain, window))?;
        self.stretches.extend(outcome.hashed.take());
        self.gather.add(outcome);
        Ok(())
    }

    fn taken(self, source: Source, at: usize) -> Taken {
        let report = self.gather.report(&source);
        let before = source.tail.as_ref().map(|tail| tail.before.clone());
        let text = identify(before, self.stretches);
        let text = if report.fault.is_some() { text.damaged() } else { text };
        let samples = self.gather.samples.into_iter().map(|sample| sample.of(at)).collect();
        let samples = crate::report::first_of_each_reason(samples);
        Taken { source, table: self.table, report, samples, text }
    }
}

/// Reads all sources.
///
/// # Errors
/// When a source cannot be read to its end, unless the job keeps going; when a sum overflows.
pub fn ingest(mut sources: Vec<Source>, job: &Job<'_>) -> Result<Ingested> {
    let allowed = part::allowed_threads(job.threads);
    let pool = pool(part::useful_threads(&mut sources, allowed))?;
    let (mut sources, mut duplicates) = pool.install(|| source::without_duplicates(sources));
    let (mut done, lengths) = read(&sources, job, &pool, allowed)?;
    let same = again::same_texts(&sources, &done.report, &lengths);
    if !same.is_empty() {
        // The same text in two compressions: rare enough to read everything once more without it.
        duplicates = source::leave_out(&mut sources, duplicates, &same);
        done = read(&sources, job, &pool, allowed)?.0;
    }
    done.report.duplicates = duplicates;
    done.report.sources.iter().try_for_each(|source| check(source, job.keep_going))?;
    Ok(done)
}

/// Reads sources into one table; gives also the lengths of their texts.
fn read(
    sources: &[Source],
    job: &Job<'_>,
    pool: &rayon::ThreadPool,
    allowed: usize,
) -> Result<(Ingested, Vec<u64>)> {
    job.progress.total.store(sources.iter().filter_map(|s| s.size).sum(), Relaxed);
    job.progress.read.store(0, Relaxed);
    let spill = job.keep_rejects.map(Spill::new).transpose()?;
    let parts = part::cut(sources);

    let work = Work::new(job, sources, &parts, spill.as_ref(), allowed);
    let tables = pool.broadcast(|_| work.run());
    let outcomes = work.outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);

    let mut table = UsageTable::new();
    for part in tables {
        table.merge(part?).map_err(|(_, domain, window)| fold::overflow(&domain, window))?;
    }
    let mut lengths = vec![0; sources.len()];
    for (at, outcome) in &outcomes {
        lengths[parts[*at].source] += outcome.len;
    }
    let (report, pieces) = assemble(sources, &parts, outcomes);
    Ok((Ingested { table, report, rejects: spill.map(|spill| Rejects { spill, pieces }) }, lengths))
}

fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|e| Error::usage(format!("cannot start {threads} threads: {e}")))
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
    /// Bytes of its text.
    len: u64,
    /// What only [`ingest_each`] asks for.
    table: Option<UsageTable>,
    hashed: Option<Stretch>,
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
    /// Whether each part has a table of its own, and is hashed.
    is_each: bool,
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
        Self {
            job,
            sources,
            parts,
            spill,
            order,
            next,
            failed,
            spare,
            is_each: false,
            outcomes: Mutex::default(),
        }
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
            let mut outcome = self.part(part, &mut table, &mut desk).map_err(|e| e.at(name))?;
            outcome.table = self.is_each.then(|| std::mem::take(&mut table));
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
        let mut fold = Fold::new(self.job, source, table, Sink::new(self.spill));
        let way = Way { read: &self.job.progress.read, is_hashed: self.is_each };
        let opened = match &source.fault {
            Some(fault) => Err(fault.clone()),
            None => part::open(source, part, way, desk).map_err(|e| format!("cannot read: {e}")),
        };
        let (fault, len, hashed) = match opened {
            Err(fault) => (Some(fault), 0, None),
            Ok(Opened::Text(text, hashed)) => {
                Text::new(text).try_for_each(|chunk| fold.chunk(&chunk))?;
                (None, text.len() as u64, hashed)
            }
            Ok(Opened::Lines(mut lines, codec)) => {
                let fault = self.read(&mut lines, part, codec, &mut fold)?;
                // What a stretch reads beyond its end is not its own.
                let len = part.stretch.map_or(lines.position(), |(start, end)| end - start);
                (fault, len, desk.keep(lines).hashed())
            }
        };
        let (counts, sink) = fold.finish();
        let (samples, extents) = sink.finish()?;
        Ok(Outcome { counts, samples, extents, fault, len, hashed, table: None })
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

/// The counts and rejected lines of one source, part by part.
#[derive(Default)]
struct Gather {
    counts: Counts,
    samples: Vec<PartSample>,
    fault: Option<String>,
    /// Lines before each part that spilled rejected lines, and where these lie.
    pieces: Vec<(u64, Vec<Extent>)>,
}

impl Gather {
    fn add(&mut self, outcome: Outcome) {
        let lines_before = self.counts.lines;
        self.counts.merge(&outcome.counts);
        self.fault = self.fault.take().or(outcome.fault);
        let numbered = |sample: PartSample| PartSample { line: lines_before + sample.line, ..sample };
        self.samples.extend(outcome.samples.into_iter().map(numbered));
        if !outcome.extents.is_empty() {
            self.pieces.push((lines_before, outcome.extents));
        }
    }

    fn report(&self, source: &Source) -> SourceReport {
        SourceReport {
            name: source.name.clone(),
            size: source.size,
            hours: source.hours.clone(),
            counts: self.counts.clone(),
            fault: self.fault.clone(),
        }
    }
}

impl PartSample {
    fn of(self, source: usize) -> Sample {
        Sample { source, line: self.line, reason: self.reason, text: self.text }
    }
}

/// Puts what came out of the parts in the order of sources and lines.
fn assemble(sources: &[Source], parts: &[Part], mut outcomes: Vec<(usize, Outcome)>) -> (Report, Vec<Piece>) {
    let (mut report, mut pieces) = (Report::default(), Vec::new());
    outcomes.sort_unstable_by_key(|(at, _)| *at);
    let mut outcomes = outcomes.into_iter().peekable();
    for (at, source) in sources.iter().enumerate() {
        let mut gather = Gather::default();
        while let Some((_, outcome)) = outcomes.next_if(|(part, _)| parts[*part].source == at) {
            gather.add(outcome);
        }
        report.sources.push(gather.report(source));
        report.add_samples(gather.samples.into_iter().map(|sample| sample.of(at)));
        let piece = |(lines_before, extents)| Piece { name: source.name.clone(), lines_before, extents };
        pieces.extend(gather.pieces.into_iter().map(piece));
    }
    (report, pieces)
}

/// Faults fail the job unless it keeps going; lines that do not add up always do.
fn check(source: &SourceReport, keep_going: bool) -> Result<()> {
    if let Some(fault) = source.fault.as_ref().filter(|_| !keep_going) {
        return Err(Error::damaged(fault).at(&source.name));
    }
    if !source.counts.balanced() {
        let text = format!("the lines do not add up: {:?}", source.counts);
        return Err(Error::new(ErrorKind::Defect(text)).at(&source.name));
    }
    Ok(())
}
