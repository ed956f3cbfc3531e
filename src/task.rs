//! One export task over logs: read, judge the rejects, write the workbook. The same run serves every face.

pub mod coverage;
pub mod form;
mod limits;
mod own;
pub mod pattern;
mod remains;
pub mod stale;
pub mod registry;
mod verdict;
pub mod needs;
pub mod registered;
pub mod batch;

use crate::delivery::collision::{IS_A_LOG, is_known_log, keep_apart, keep_two};
use crate::delivery::keep_off_store;
use form::Target;
use limits::{many_rows, most_rows, too_many_domains, too_many_rows};

use crate::contract::request::{DetailRows, ExportSpec, Overlaps};
use crate::domain::{Domain, DomainSet, Folds, Selection};
use crate::error::{Error, Result};
use crate::events::{of_phase, timed};
use crate::export::completeness::Completeness;
use crate::export::{self, Exported, Series, hours_with_log, kept_rows, series};
use crate::ingest::limit::too_many_rejected;
use crate::ingest::{self, Ingested, Job, Rejects, ingest};
use crate::log::Choice;
use crate::output::{self, Output, Seal, folder};
use crate::region::Region;
use crate::report::overlap;
use crate::report::{Counts, NotOpened, RejectLimit, Report, Spans};
use crate::source::{NameFilter, ORIGINS, Search, Source, no_log, refuse_idle_domain, remove_out_of_scope};
use crate::store::Reader;
use crate::usage::Row;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What to make, from any source of usage.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    /// What to export.
    pub spec: &'a ExportSpec,
    /// The region of domains without usage.
    pub region: Region,
    /// Worker threads; 0 is one per core.
    pub threads: usize,
    /// How many lines may be rejected.
    pub max_rejects: RejectLimit,
    /// Make nothing unless every domain has a log in every hour of the range.
    pub require_complete: bool,
    /// Where the workbook goes.
    pub output: &'a Path,
    /// Replace files that are there.
    pub force: bool,
    /// Creation time of the document, unix seconds.
    pub created: i64,
}

/// The logs that a task is run over, and how they are read.
#[derive(Clone, Copy, Debug)]
pub struct Logs<'a> {
    /// Files, folders, globs, or `-`.
    pub arguments: &'a [PathBuf],
    /// How folders and globs are searched for logs, and how these are read.
    pub search: &'a Search,
    /// How far lines of a log may be from the hours in its name, in seconds: a log that is further from the range is
    /// not opened, nor one that is named for another domain. `None` reads all logs.
    pub lateness: Option<i64>,
    /// Go on when a source cannot be read to its end.
    pub keep_going: bool,
    /// Where every rejected line goes, if anywhere.
    pub rejects: Option<&'a Path>,
}

/// The progress of a task, and its warnings.
#[derive(Debug, Default)]
pub struct TaskProgress {
    /// Called with what a user should know before rows are written.
    pub warn: Option<fn(&str)>,
    /// Reading, in bytes.
    pub reading: ingest::Progress,
    /// Rows to be written; 0 while reading.
    pub rows_total: AtomicU64,
    /// Rows written.
    pub rows: AtomicU64,
}

/// The result of a task.
#[derive(Debug)]
pub struct Outcome {
    /// What was read.
    pub report: Report,
    /// The workbook, or why there is none: too many rejected lines, or missing logs.
    pub result: Result<Exported, String>,
    /// Logs that need not be opened, and were not.
    pub not_opened: NotOpened,
    /// Domains in the logs, as far as they are known, if a domain of the request is not among them: one of these may
    /// have been meant.
    pub found: BTreeSet<Domain>,
}

impl Outcome {
    /// Says, besides why there is no workbook, what failed when that was dealt with.
    fn then(&mut self, next: Result<()>) {
        if let (Err(why), Err(next)) = (&mut self.result, next) {
            *why = format!("{why}; then {next}");
        }
    }
}

/// Runs a task over logs. The workbook appears under its name only when it is complete; rejected lines are written
/// whether it is made or not.
///
/// # Errors
/// If there is no log, a source cannot be read to its end (unless the task keeps going), or a result cannot be written.
pub fn run(task: &Task<'_>, logs: &Logs<'_>, progress: &TaskProgress) -> Result<Outcome> {
    let mut sources = ORIGINS.list(logs.arguments, logs.search)?;
    if sources.is_empty() {
        return Err(no_log(logs.arguments, logs.search));
    }
    refuse_idle_domain(logs.search.reading.domain.as_ref(), &sources)?;
    apart(task, logs.rejects, &sources)?;
    let folds = task.spec.folds();
    let own_hosts = own_hosts(&sources, &folds);
    let Narrowed { not_opened, spans, named } = narrow(task, logs.lateness, &mut sources);
    // Begun before the reading: what cannot be written is said at once.
    let output = Target::begin(task.output, task.force)?;
    let rejects_file = logs.rejects.map(|path| Output::create(path, task.force)).transpose()?;
    let job = Job {
        origins: ORIGINS,
        range: task.spec.range,
        selection: &task.spec.selection,
        folds: Some(&folds),
        own_hosts: Some(&own_hosts),
        threads: task.threads,
        keep_going: logs.keep_going,
        max_rejects: task.max_rejects,
        empty_is_delivered: false,
        keep_rejects: logs.rejects.map(folder),
        progress: &progress.reading,
    };
    let Ingested { table, mut report, rejects, mut others, mistrusted } =
        timed("reading logs", || ingest(sources, &job))?;
    others.extend(named);
    report.add_spans(spans);
    let selection = &task.spec.selection;
    task.spec.samples.apply(&mut report, selection);
    if let (Some(rejects), Some(mut file), Some(path)) = (rejects, rejects_file, logs.rejects) {
        Rejects::write_csv(vec![rejects], &mut file, path, Some(selection))?;
        file.commit()?;
    }
    let judged = if logs.keep_going { report.judged() } else { report.totals() };
    if task.max_rejects.exceeded(&judged) {
        let result = Err(too_many(task, logs.search.reading.format, &report, &judged));
        return Ok(Outcome { report, result, not_opened, found: others });
    }
    if let Some((name, fault)) = mistrusted.filter(|_| !logs.keep_going) {
        return Err(Error::damaged(fault).at(name));
    }
    let series = series(task.spec, table.keys(), task.region);
    let result = pour(task, &report, &series, || table.rows().map(Ok), output, progress)?;
    others.extend(table.keys().map(|(domain, _)| domain.clone()));
    Ok(Outcome { report, result, not_opened, found: others })
}

/// Runs a task over the usage in a store, instead of logs.
///
/// # Errors
/// If the store cannot be read, or the workbook cannot be written.
pub fn run_stored(task: &Task<'_>, reader: &Reader, progress: &TaskProgress) -> Result<Outcome> {
    run_sealed(task, reader, progress, None)
}

/// As [`run_stored`]; the hash of the file is told before it gets its name.
fn run_sealed(
    task: &Task<'_>,
    reader: &Reader,
    progress: &TaskProgress,
    seal: Option<Seal>,
) -> Result<Outcome> {
    if let Some(place) = form::check(task.output, task.force)? {
        keep_off_store(&place, reader.path())?;
        if is_known_log(&place, reader)? {
            return Err(Error::usage(IS_A_LOG).at(task.output));
        }
    }
    let (range, selection) = (task.spec.range, &task.spec.selection);
    crate::delivery::retain::keep_to_kept(reader, range)?;
    let output = Target::begin(task.output, task.force)?.seal(seal);
    let mut report = reader.report(range, selection)?;
    task.spec.samples.apply(&mut report, selection);
    let not_opened = NotOpened::default();
    // What was taken in for others was judged then.
    if task.max_rejects.exceeded(&report.judged_in_scope()) {
        let result = Err(too_many(task, Choice::default(), &report, &report.judged_in_scope()));
        return Ok(Outcome { report, result, not_opened, found: BTreeSet::new() });
    }
    let folds = task.spec.folds();
    let keys = reader.folded_keys(range, selection, &folds)?;
    let series = series(task.spec, keys.iter().map(|(domain, region)| (domain, *region)), task.region);
    let rows = reader.rows(range, selection, &folds)?;
    let result = pour(task, &report, &series, || rows.iter(), output, progress)?;
    // Others are looked up only where a name may be misspelt.
    let all = Selection { account: selection.account.clone(), wanted: DomainSet::all() };
    let has_silent =
        result.as_ref().is_ok_and(|exported| !exported.silent.is_empty() || !exported.idle_folds.is_empty());
    let found = if has_silent { reader.keys(range, &all)? } else { Vec::new() };
    let found = found.into_iter().map(|(domain, _)| domain).collect();
    Ok(Outcome { report, result, not_opened, found })
}

impl Task<'_> {
    /// Which logs may have a line that counts, if lines may be `lateness` seconds from the hours in the names.
    #[must_use]
    pub const fn scope(&self, lateness: i64) -> NameFilter<'_> {
        NameFilter { selection: &self.spec.selection, range: self.spec.range, lateness }
    }
}

/// What is known of logs by their names alone.
struct Narrowed {
    not_opened: NotOpened,
    /// Hours of the domains of the export that names of logs tell that are not opened.
    spans: Spans,
    /// The other domains that names tell.
    named: BTreeSet<Domain>,
}

/// The hosts that count as another domain and that names of logs tell for certain, also of logs that are not opened.
fn own_hosts(sources: &[Source], folds: &Folds) -> BTreeSet<Domain> {
    let domains = sources.iter().filter_map(|source| source.named.as_ref()).map(|hours| &hours.domain);
    domains.filter(|domain| folds.is_own_host(domain)).cloned().collect()
}

/// Takes the logs out that need not be opened.
fn narrow(task: &Task<'_>, lateness: Option<i64>, sources: &mut Vec<Source>) -> Narrowed {
    let selection = &task.spec.selection;
    let hours = sources.iter().filter_map(|source| source.named.as_ref());
    let others = hours.map(|hours| &hours.domain).filter(|domain| !selection.contains(domain.as_str()));
    // The names of one domain mostly follow each other.
    let mut named: Vec<&Domain> = others.collect();
    named.dedup();
    let named = named.into_iter().cloned().collect();
    let mut spans = Spans::default();
    let note = |source: &Source| {
        let hours = source.named.iter().filter(|hours| selection.contains(hours.domain.as_str()));
        hours.for_each(|hours| spans.add(hours));
    };
    let scope = lateness.map(|lateness| task.scope(lateness));
    let not_opened = scope.map(|scope| remove_out_of_scope(sources, &scope, note)).unwrap_or_default();
    let NotOpened { other_hours, other_domains } = not_opened;
    of_phase!(
        "{} logs to read; not opened by their names: {other_hours} of other hours, {other_domains} of other domains",
        sources.len()
    );
    Narrowed { not_opened, spans, named }
}

fn pour<'a, I: Iterator<Item = Result<Row<'a>>>>(
    task: &Task<'_>,
    report: &Report,
    series: &[Series],
    rows: impl Fn() -> I,
    target: Target,
    progress: &TaskProgress,
) -> Result<Result<Exported, String>> {
    let spec = task.spec;
    let is_sparse = spec.rows == DetailRows::Sparse;
    let kept = is_sparse.then(|| kept_rows(rows(), series, spec.range)).transpose()?;
    let all = (series.len() * spec.range.len()) as u64;
    let count = kept.as_ref().map_or(all, |kept| kept.iter().sum());
    if let Some(most) = most_rows(task).filter(|most| count > *most) {
        return Err(too_many_rows(task, count, most, series, kept.as_deref()).into());
    }
    if let Some(refusal) = too_many_domains(task, series, export::sheets::DATA_ROWS) {
        return Err(refusal.into());
    }
    progress.rows_total.fetch_add(count, Ordering::Relaxed);
    let request = export::Request {
        spec,
        series,
        report,
        created: task.created,
        progress: &progress.rows,
        threads: task.threads,
        kept: kept.as_deref(),
    };
    if spec.overlaps == Overlaps::Refuse
        && let Some(twice) = overlap::in_words(report.overlaps())
    {
        return Ok(Err(twofold(&twice)));
    }
    if task.require_complete {
        let found = hours_with_log(rows(), &request)?;
        if !found.is_complete() {
            return Ok(Err(incomplete(&found)));
        }
    }
    if let (Some(warn), Some(text)) = (progress.warn, many_rows(count, series, is_sparse)) {
        warn(&text);
    }
    let exported = timed("making the file", || target.write(rows(), &request, task.output))?;
    let output = task.output.display();
    of_phase!("{output}: {} rows of Detail on {} sheets", exported.rows, exported.sheets);
    Ok(Ok(exported))
}

/// Domains that are named one by one in a message.
const NAMED: usize = 10;
/// And gaps of each.
const NAMED_GAPS: usize = 3;

/// Says which logs are missing.
fn incomplete(found: &Completeness) -> String {
    let mut text = format!("logs are missing: hours with a log: {found}; no workbook was written");
    for (domain, hours) in found.lacking.iter().take(NAMED) {
        let gaps = found.first_gaps(domain, NAMED_GAPS);
        let _ = write!(text, "\n  {domain} has {hours} of {}{gaps}", found.hours);
    }
    if let more @ 1.. = found.lacking.len().saturating_sub(NAMED) {
        let _ = write!(text, "\n  and {more} more domains");
    }
    text.push_str("\n  flowbook store coverage lists every hour that a store lacks");
    text
}

/// Says which files may count twice.
fn twofold(twice: &str) -> String {
    format!(
        "requests may count twice: {twice}; no workbook was written\n  leave out the files that are copies (--exclude; \
         flowbook store forget takes one out of a store), or count all with --overlaps report; a file that holds its \
         own lines several times is to be delivered again with each line once"
    )
}

/// Refuses to write over a log, or both results into one file.
fn apart(task: &Task<'_>, rejects: Option<&Path>, sources: &[Source]) -> Result<()> {
    let output = form::check(task.output, task.force)?;
    let rejects = rejects.map(|path| output::check(path, task.force)).transpose()?;
    if let Some(output) = &output {
        keep_two(rejects.as_deref(), output)?;
    }
    keep_apart(rejects.iter().chain(&output).map(PathBuf::as_path), sources)
}

/// Says how many lines were rejected, what was expected, and shows the first of them.
fn too_many(task: &Task<'_>, format: Choice, report: &Report, counts: &Counts) -> String {
    let first = report.samples.iter().min_by_key(|sample| (sample.source, sample.line));
    let read_in = first.and_then(|first| format.formats().of_name(&report.sources[first.source].format));
    let first = first.map(|first| (report.sources[first.source].name.as_str(), first));
    let format = read_in.unwrap_or_else(|| format.expected());
    too_many_rejected(counts, task.max_rejects, format, first, "no workbook was written")
}
