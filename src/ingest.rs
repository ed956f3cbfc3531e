//! Logs in, usage out: [`ingest`] reads sources in parallel and merges their usage.
//!
//! The result does not depend on threads, on where files are cut, or on the order of sources: parts are
//! folded into one table per thread, tables merge by sums, and everything with an order (samples, line
//! numbers, rejected lines) is put in order at the end.

// Each file uses only those listed before it.
mod fingerprint;
mod lines;
mod ahead;
mod rejects;
pub mod limit;
mod packed;
pub mod resume;
mod stretch;
mod part;
mod fold;
mod outcome;
mod work;
mod crowd;
mod dedup;
mod count;

pub use lines::{Chunk, Lines, OwnedChunk, Text};
pub use rejects::Rejects;

use crate::digest::{Hash, TextId};
use crate::domain::{Domain, Folds, Selection};
use crate::error::{Error, ErrorKind, Result};
use crate::fault::Fault;
use crate::log::Format;
use crate::report::{Counts, RejectLimit, Report, Sample, SourceReport};
use crate::source::{Origins, Source};
use crate::threads;
use crate::time::TimeRange;
use crate::usage::table::UsageTable;
use count::{Counted, Counter};
use outcome::assemble;
use rayon::prelude::*;
use rejects::Spill;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use work::PartQueue;

/// What to read, and what of it counts.
pub struct Job<'a> {
    /// Who looks at sources and opens them.
    pub origins: &'a dyn Origins,
    /// Windows that count.
    pub range: TimeRange,
    /// Domains that count.
    pub selection: &'a Selection,
    /// Wildcards whose hosts count as one domain.
    pub folds: Option<&'a Folds>,
    /// Hosts that count as another domain and that are in the names of logs: each needs a log of its own.
    pub own_hosts: Option<&'a BTreeSet<Domain>>,
    /// Worker threads; 0 is one per core.
    pub threads: usize,
    /// Go on when a source cannot be read to its end, and say so in the report.
    pub keep_going: bool,
    /// How many lines may be rejected; here it is asked how many of a single source may.
    pub max_rejects: RejectLimit,
    /// Whether a source without a line delivers its hours.
    pub empty_is_delivered: bool,
    /// Keep every rejected line, in a scratch file in this folder.
    pub keep_rejects: Option<&'a Path>,
    /// Updated with the progress of the work.
    pub progress: &'a Progress,
}

/// How far the reading is, in bytes on disk; for whoever shows it, on another thread.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes of all sources of known size; 0 while not all sources are known.
    pub total: AtomicU64,
    /// Whether there are sources that are not known yet.
    pub has_more: AtomicBool,
    /// Bytes read so far.
    pub read: AtomicU64,
    /// Whether a line with only a path was met whose source has no domain but the one that was given for such lines.
    pub has_used_domain: AtomicBool,
}

/// The result of reading sources.
pub struct Ingested {
    /// Usage within range and selection.
    pub table: UsageTable,
    /// What was read and what was not counted, for the range and the selection.
    pub report: Report,
    /// Every rejected line of these sources, if the job kept them.
    pub rejects: Option<Rejects>,
    /// Domains of lines that are not in the selection, as far as they were remembered.
    pub others: BTreeSet<Domain>,
    /// The first source that has a fault, with it: where the job did not keep going, too much of it was rejected.
    pub mistrusted: Option<(String, Fault)>,
}

/// The result of one source, apart from all others.
pub struct Taken {
    /// The source.
    pub source: Source,
    /// Its usage within range and selection.
    pub table: UsageTable,
    /// What was read and what was not counted.
    pub report: SourceReport,
    /// Its first rejected lines of each reason, in the order of lines.
    pub samples: Vec<Sample>,
    /// The identity of its text, as far as it could be read.
    pub text: TextId,
    /// The hash of what could be read, which that of a whole text may be; with the domain that its lines take from outside, and
    /// without.
    pub readable: (Hash, Hash),
    /// The format that its lines were read in.
    pub format: Format,
    /// Whether it has a fault only because too much of it was rejected.
    pub is_mistrusted: bool,
    /// Whether it was changed while it was read, so that nothing of it is worth anything.
    pub is_changed: bool,
}

impl Taken {
    /// The domain of its lines whose URL has only a path, if that is certain. A wildcard says something only where there are
    /// such lines.
    #[must_use]
    pub fn read_for(&self) -> Option<&Domain> {
        self.source.outside().filter(|domain| self.text.outside.is_some() || !domain.is_wildcard())
    }
}

/// Reads sources, each into a table of its own, duplicates among them included.
///
/// # Errors
/// As [`ingest`].
pub fn ingest_each(mut sources: Vec<Source>, job: &Job<'_>) -> Result<(Vec<Taken>, Option<Rejects>)> {
    let allowed = part::allowed_threads(job.threads);
    let pool = threads::pool(part::useful_threads(&mut sources, job.origins, allowed))?;
    for source in &mut sources {
        source.look(job.origins);
    }
    if !job.progress.has_more.load(Relaxed) {
        job.progress.total.fetch_add(sources.iter().filter_map(Source::size).sum(), Relaxed);
    }
    let spill = job.keep_rejects.map(Spill::new).transpose()?;
    let parts = part::cut(&sources, job.origins);
    let work = PartQueue::new(job, &sources, &parts, spill.as_ref(), allowed).part_by_part();
    pool.broadcast(|_| work.run()).into_iter().try_for_each(|done| done.map(drop))?;
    let (outcomes, _) = work.outcomes();

    let (mut taken, mut pieces) = (Vec::with_capacity(sources.len()), Vec::new());
    for (source, outcome) in sources.iter().zip(&outcomes) {
        check(&source.name, &outcome.counts, outcome.fault.as_ref(), job.keep_going)?;
    }
    for (at, (source, mut outcome)) in sources.into_iter().zip(outcomes).enumerate() {
        pieces.extend(outcome.pieces(at, &source));
        taken.push(outcome.taken(source, at, job)?);
    }
    Ok((taken, spill.map(|spill| Rejects { spill, pieces })))
}

/// Reads all sources. Those of which too much was rejected have a fault in the report: whoever asked decides, once it
/// is known whether too much of everything was.
///
/// # Errors
/// When a source cannot be read to its end, unless the job keeps going; when a sum overflows.
pub fn ingest(mut sources: Vec<Source>, job: &Job<'_>) -> Result<Ingested> {
    let allowed = part::allowed_threads(job.threads);
    let pool = threads::pool(part::useful_threads(&mut sources, job.origins, allowed))?;
    pool.install(|| sources.par_iter_mut().for_each(|source| source.look(job.origins)));
    let Counted { sources, outcomes, table, spill, others, duplicates } =
        Counter { job, pool: &pool, allowed }.count(sources)?;
    for (source, outcome) in sources.iter().zip(&outcomes) {
        check(&source.name, &outcome.counts, outcome.fault.as_ref(), job.keep_going)?;
    }
    let (mut report, pieces) = assemble(sources, outcomes, job);
    report.duplicates = duplicates;
    let mistrusted = report.sources.iter().find_map(|s| Some((s.name.clone(), s.fault.clone()?)));
    for (domain, hour, is_evidence) in table.shared_hours() {
        report.add_shared(domain, is_evidence.then_some(hour));
    }
    let report = report.scoped(job.selection, job.folds, job.range);
    let mut rejects = spill.map(|spill| Rejects { spill, pieces });
    if let Some(rejects) = &mut rejects {
        let in_scope: HashSet<&str> = report.sources.iter().map(|source| source.name.as_str()).collect();
        rejects.leave_out(|_, name| !in_scope.contains(name));
    }
    Ok(Ingested { table, report, rejects, others, mistrusted })
}

/// Faults fail the job unless it keeps going; lines that do not add up always do.
fn check(name: &str, counts: &Counts, fault: Option<&Fault>, keep_going: bool) -> Result<()> {
    if let Some(fault) = fault.filter(|_| !keep_going) {
        return Err(Error::damaged(fault.clone()).at(name));
    }
    if !counts.balanced() {
        let text = format!("the lines do not add up: {counts:?}");
        return Err(Error::new(ErrorKind::Defect(text)).at(name));
    }
    Ok(())
}
