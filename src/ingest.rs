//! Logs in, usage out: [`ingest`] reads sources in parallel and merges what they hold.
//!
//! The result does not depend on threads, on where files are cut, or on the order of sources: parts are
//! folded into one table per thread, tables merge by sums, and everything with an order (samples, line
//! numbers, rejected lines) is put in order at the end.

pub mod again;
mod ahead;
mod fold;
mod lines;
mod mix;
mod part;
mod rejects;
pub mod source;
mod twice;

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
use rayon::prelude::*;
use rejects::{Extent, PartSample, Piece, Spill};
use source::Source;
use std::cmp::Reverse;
use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};

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
    let outcomes = work.outcomes();

    let (mut taken, mut pieces) = (Vec::with_capacity(sources.len()), Vec::new());
    for (at, (source, mut outcome)) in sources.into_iter().zip(outcomes).enumerate() {
        pieces.extend(outcome.pieces(&source.name));
        taken.push(outcome.taken(source, at)?);
    }
    for one in &taken {
        check(&one.report, job.keep_going)?;
    }
    Ok((taken, spill.map(|spill| Rejects { spill, pieces })))
}

/// Reads all sources.
///
/// # Errors
/// When a source cannot be read to its end, unless the job keeps going; when a sum overflows.
pub fn ingest(mut sources: Vec<Source>, job: &Job<'_>) -> Result<Ingested> {
    let allowed = part::allowed_threads(job.threads);
    let pool = pool(part::useful_threads(&mut sources, allowed))?;
    pool.install(|| sources.par_iter_mut().for_each(Source::look));
    let mut duplicates = Vec::new();
    let same = pool.install(|| twice::before_reading(&sources));
    twice::take_out(&mut sources, &same, &mut duplicates);

    let (mut table, mut outcomes, mut spill) = read(&sources, job, &pool, allowed)?;
    let is_failed = !job.keep_going && outcomes.iter().any(|outcome| outcome.fault.is_some());
    if !is_failed {
        let same = pool.install(|| twice::after_reading(&sources, &outcomes));
        let twice = twice::take_out(&mut sources, &same, &mut duplicates);
        let counted = twice::taken_out(&mut outcomes, &same);
        if !twice.is_empty() && !take_away(&mut table, &twice, &counted, job, &pool, allowed)? {
            (table, outcomes, spill) = read(&sources, job, &pool, allowed)?;
        }
    }
    let (mut report, pieces) = assemble(sources, outcomes);
    report.duplicates = duplicates;
    report.sources.iter().try_for_each(|source| check(source, job.keep_going))?;
    Ok(Ingested { table, report, rejects: spill.map(|spill| Rejects { spill, pieces }) })
}

/// Reads sources into one table; gives also what came out of each, and where rejected lines are kept.
fn read(
    sources: &[Source],
    job: &Job<'_>,
    pool: &rayon::ThreadPool,
    allowed: usize,
) -> Result<(UsageTable, Vec<Outcome>, Option<Spill>)> {
    job.progress.total.store(sources.iter().filter_map(|s| s.size).sum(), Relaxed);
    job.progress.read.store(0, Relaxed);
    let spill = job.keep_rejects.map(Spill::new).transpose()?;
    let parts = part::cut(sources);

    let work = Work::new(job, sources, &parts, spill.as_ref(), allowed);
    let tables = pool.broadcast(|_| work.run());
    let outcomes = work.outcomes();

    let mut table = UsageTable::new();
    for part in tables {
        table.merge(part?).map_err(|(_, domain, window)| fold::overflow(&domain, window))?;
    }
    Ok((table, outcomes, spill))
}

/// Takes what sources counted out of a table, by reading them once more; `false`, and a table without meaning, when
/// they are not what they were.
fn take_away(
    table: &mut UsageTable,
    sources: &[Source],
    counted: &[Outcome],
    job: &Job<'_>,
    pool: &rayon::ThreadPool,
    allowed: usize,
) -> Result<bool> {
    let (theirs, outcomes, _) = read(sources, &Job { keep_rejects: None, ..*job }, pool, allowed)?;
    let same = |a: &Outcome, b: &Outcome| (a.len, &a.counts, &a.fault) == (b.len, &b.counts, &b.fault);
    Ok(outcomes.iter().zip(counted).all(|(now, then)| same(now, then)) && table.take_away(&theirs))
}

fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|e| Error::usage(format!("cannot start {threads} threads: {e}")))
}

/// Sources of fewer bytes on disk than this are read sooner than a thread starts. Pipes have no size.
const AHEAD_ABOVE: u64 = 1 << 20;

/// Parts of fewer bytes on disk than this are taken several at a time, together about as many.
const LOT: u64 = 64 << 10;

/// Positions of parts, in lots: the largest first, so that no large one is left for the end. Small ones stay in
/// their order, in which the next one most likely is of the same folder and the same domain.
fn lots(parts: &[Part]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|at| Reverse(parts[*at].size / LOT));
    let (mut lots, mut room) = (Vec::new(), 0);
    for at in order {
        // A pipe, whose size is not known, is waited for by itself.
        let size = if parts[at].size == 0 { LOT } else { parts[at].size };
        match lots.last_mut() {
            Some(lot) if size <= room => Vec::push(lot, at),
            _ => {
                lots.push(vec![at]);
                room = LOT;
            }
        }
        room = room.saturating_sub(size);
    }
    lots
}

/// What came out of a part, or of all parts of a source.
#[derive(Default)]
struct Outcome {
    counts: Counts,
    samples: Vec<PartSample>,
    fault: Option<String>,
    /// Bytes of the text.
    len: u64,
    /// What tells a small file from most others.
    fingerprint: Option<u64>,
    /// Lines before each part that spilled rejected lines, and where these lie.
    pieces: Vec<(u64, Vec<Extent>)>,
    /// What only [`ingest_each`] asks for: the table of each part, and what its text is.
    own: Vec<(UsageTable, Option<Stretch>)>,
}

impl Outcome {
    /// Adds what came out of the part that follows.
    fn add(&mut self, next: Self) {
        let lines_before = self.counts.lines;
        self.counts.merge(&next.counts);
        self.fault = self.fault.take().or(next.fault);
        self.len += next.len;
        let numbered = |sample: PartSample| PartSample { line: lines_before + sample.line, ..sample };
        self.samples.extend(next.samples.into_iter().map(numbered));
        self.pieces.extend(next.pieces.into_iter().map(|(before, extents)| (lines_before + before, extents)));
        self.own.extend(next.own);
    }

    /// Takes out the rejected lines of the source of this name.
    fn pieces(&mut self, name: &str) -> impl Iterator<Item = Piece> {
        let pieces = std::mem::take(&mut self.pieces).into_iter();
        pieces.map(|(lines_before, extents)| Piece { name: name.to_owned(), lines_before, extents })
    }

    fn taken(self, source: Source, at: usize) -> Result<Taken> {
        let (mut table, mut stretches) = (UsageTable::new(), Vec::new());
        for (own, stretch) in self.own {
            table.merge(own).map_err(|(_, domain, window)| fold::overflow(&domain, window))?;
            stretches.extend(stretch);
        }
        let text = identify(source.tail.as_ref().map(|tail| tail.before.clone()), stretches);
        let text = if self.fault.is_some() { text.damaged() } else { text };
        let samples = self.samples.into_iter().map(|sample| sample.of(at)).collect();
        let samples = crate::report::first_of_each_reason(samples);
        let report = SourceReport {
            name: source.name.clone(),
            size: source.size,
            hours: source.hours.clone(),
            counts: self.counts,
            fault: self.fault,
        };
        Ok(Taken { source, table, report, samples, text })
    }
}

/// The parts, handed out to threads one by one.
struct Work<'a> {
    job: &'a Job<'a>,
    sources: &'a [Source],
    parts: &'a [Part],
    spill: Option<&'a Spill>,
    /// What a thread takes at a time: positions of parts.
    lots: Vec<Vec<usize>>,
    next: AtomicUsize,
    /// The first source known to fail the job: what comes after it need not be read.
    failed: AtomicUsize,
    /// Threads that have no part of their own, and may read ahead for those who have.
    spare: AtomicUsize,
    /// Whether each part has a table of its own, and is hashed.
    is_each: bool,
    /// By part; none of parts that need not be read.
    outcomes: Vec<OnceLock<Outcome>>,
}

impl<'a> Work<'a> {
    fn new(
        job: &'a Job<'a>,
        sources: &'a [Source],
        parts: &'a [Part],
        spill: Option<&'a Spill>,
        allowed: usize,
    ) -> Self {
        let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
        let spare = AtomicUsize::new(allowed.saturating_sub(parts.len()));
        Self {
            job,
            sources,
            parts,
            spill,
            lots: lots(parts),
            next,
            failed,
            spare,
            is_each: false,
            outcomes: parts.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    /// What came out of the sources, in their order.
    fn outcomes(self) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(self.sources.len());
        for (part, outcome) in self.parts.iter().zip(self.outcomes) {
            let outcome = outcome.into_inner().unwrap_or_default();
            if outcomes.len() > part.source {
                outcomes[part.source].add(outcome);
            } else {
                outcomes.push(outcome);
            }
        }
        outcomes
    }

    /// One thread's share, in a table of its own.
    fn run(&self) -> Result<UsageTable> {
        let (mut fold, mut desk) = (Fold::new(self.job, self.spill), Desk::default());
        let take = || self.lots.get(self.next.fetch_add(1, Relaxed));
        for at in std::iter::from_fn(take).flatten() {
            let part = &self.parts[*at];
            if part.source > self.failed.load(Relaxed) {
                continue;
            }
            let name = &self.sources[part.source].name;
            let outcome = self.part(part, &mut fold, &mut desk).map_err(|e| e.at(name))?;
            if outcome.fault.is_some() && !self.job.keep_going {
                self.failed.fetch_min(part.source, Relaxed);
            }
            self.outcomes[*at].get_or_init(|| outcome);
        }
        Ok(fold.take_table())
    }

    /// Reads a part; what fails in reading is the part's fault, what fails in counting is the job's.
    fn part(&self, part: &Part, fold: &mut Fold<'_>, desk: &mut Desk) -> Result<Outcome> {
        let source = &self.sources[part.source];
        fold.begin(source);
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
                let fault = self.read(&mut lines, part, codec, fold)?;
                // What a stretch reads beyond its end is not its own.
                let len = part.stretch.map_or(lines.position(), |(start, end)| end - start);
                (fault, len, desk.keep(lines).hashed())
            }
        };
        let (counts, samples, extents) = fold.end()?;
        let pieces = if extents.is_empty() { Vec::new() } else { vec![(0, extents)] };
        let own = if self.is_each { vec![(fold.take_table(), hashed)] } else { Vec::new() };
        let fingerprint = desk.take_fingerprint();
        Ok(Outcome { counts, samples, fault, len, fingerprint, pieces, own })
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

impl PartSample {
    fn of(self, source: usize) -> Sample {
        Sample { source, line: self.line, reason: self.reason, text: self.text }
    }
}

/// Makes a report of what came out of the sources.
fn assemble(sources: Vec<Source>, outcomes: Vec<Outcome>) -> (Report, Vec<Piece>) {
    let (mut report, mut pieces) = (Report::default(), Vec::new());
    report.sources.reserve_exact(sources.len());
    for (at, (source, mut outcome)) in sources.into_iter().zip(outcomes).enumerate() {
        pieces.extend(outcome.pieces(&source.name));
        report.add_samples(outcome.samples.into_iter().map(|sample| sample.of(at)));
        let Source { name, size, hours, .. } = source;
        report.sources.push(SourceReport { name, size, hours, counts: outcome.counts, fault: outcome.fault });
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lots_hold_every_part_once_and_large_ones_come_first(
            sizes in prop::collection::vec(prop_oneof![0..3u64, 1..2 * LOT, LOT..100 * LOT], 0..60),
        ) {
            let part = |(source, size): (usize, &u64)| Part { source, stretch: None, size: *size };
            let parts: Vec<Part> = sizes.iter().enumerate().map(part).collect();
            let lots = lots(&parts);
            let sum = |lot: &Vec<usize>| lot.iter().map(|at| sizes[*at]).sum::<u64>();
            prop_assert!(lots.iter().all(|lot| lot.len() == 1 || sum(lot) <= LOT && lot.iter().all(|at| sizes[*at] > 0)));
            let order = lots.concat();
            prop_assert!(order.is_sorted_by_key(|at| Reverse(sizes[*at] / LOT)));
            let mut sorted = order;
            sorted.sort_unstable();
            prop_assert!(sorted.into_iter().eq(0..sizes.len()));
        }
    }
}
