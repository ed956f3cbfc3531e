//! One export task over logs: read, judge the rejects, write the workbook. The same run serves every face.

pub mod coverage;
pub mod form;
mod own;
pub mod pattern;
mod remains;
pub mod stale;
pub mod registry;
pub mod needs;
pub mod registered;
pub mod batch;

use crate::delivery::collision::{IS_A_LOG, is_known_log, keep_apart, keep_two};
use crate::delivery::keep_off_store;
use form::Target;

use crate::contract::code::{Code, Refusal};
use crate::contract::request::{DetailRows, ExportSpec};
use crate::domain::{Domain, DomainSet, Folds, Selection, widest};
use crate::error::{Error, Result};
use crate::events::{of_phase, timed};
use crate::export::columns::readable_bytes;
use crate::export::completeness::Completeness;
use crate::export::{self, Exported, Series, hours_with_log, kept_rows, series};
use crate::hours::HOUR_SECONDS;
use crate::ingest::limit::too_many_rejected;
use crate::ingest::{self, Ingested, Job, Rejects, ingest};
use crate::output::{self, Output, Seal, folder};
use crate::region::Region;
use crate::report::{Counts, NotOpened, RejectLimit, Report, Spans};
use crate::source::{NameFilter, ORIGINS, Search, Source, no_log, remove_out_of_scope};
use crate::store::Reader;
use crate::time::iso;
use crate::usage::Row;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What to run.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    /// What is exported.
    pub spec: &'a ExportSpec,
    /// Files, folders, globs, or `-`.
    pub logs: &'a [PathBuf],
    /// How folders and globs are searched for logs.
    pub search: &'a Search,
    /// How much earlier or later than the hours that its name tells a log may have lines, in seconds: what lies further
    /// from the range is not opened, nor what its name tells to be another domain's. All logs are read where it is none.
    pub lateness: Option<i64>,
    /// The region of every line.
    pub region: Region,
    /// Worker threads; 0 is one per core.
    pub threads: usize,
    /// Go on when a source cannot be read to its end.
    pub keep_going: bool,
    /// How many lines may be rejected.
    pub max_rejects: RejectLimit,
    /// Make nothing unless every domain has a log in every hour of the range.
    pub require_complete: bool,
    /// Where every rejected line goes, if anywhere.
    pub rejects: Option<&'a Path>,
    /// Where the workbook goes.
    pub output: &'a Path,
    /// Replace files that are there.
    pub force: bool,
    /// Creation time of the document, unix seconds.
    pub created: i64,
}

/// How far a task is, and what it says on its way.
#[derive(Debug, Default)]
pub struct Progress {
    /// Is told what a user should know before rows are written.
    pub warn: Option<fn(&str)>,
    /// Reading, in bytes.
    pub reading: ingest::Progress,
    /// Rows to be written; 0 while reading.
    pub rows_total: AtomicU64,
    /// Rows written.
    pub rows: AtomicU64,
}

/// What came of a task.
#[derive(Debug)]
pub struct Outcome {
    /// What was read.
    pub report: Report,
    /// The workbook, or why there is none: too many rejected lines, or missing logs.
    pub result: Result<Exported, String>,
    /// Logs that need not be opened, and were not.
    pub not_opened: NotOpened,
    /// Domains in the logs, as far as they are known where one that was asked for is not: one of them may have been meant.
    pub found: BTreeSet<Domain>,
}

/// Runs a task. The workbook stands under its name only when it is complete; rejected lines are written
/// whether it is made or not.
///
/// # Errors
/// When there is no log, a source cannot be read to its end (unless the task keeps going), or a result cannot be written.
pub fn run(task: &Task<'_>, progress: &Progress) -> Result<Outcome> {
    let mut sources = ORIGINS.list(task.logs, task.search)?;
    if sources.is_empty() {
        return Err(no_log(task.logs, task.search));
    }
    apart(task, &sources)?;
    let folds = task.spec.folds();
    let own_hosts = own_hosts(&sources, &folds);
    let Narrowed { not_opened, spans, named } = narrow(task, &mut sources);
    // Begun before the reading: what cannot be written is said at once.
    let output = Target::begin(task.output, task.force)?;
    let rejects_file = task.rejects.map(|path| Output::create(path, task.force)).transpose()?;
    let job = Job {
        origins: ORIGINS,
        range: task.spec.range,
        selection: &task.spec.selection,
        folds: Some(&folds),
        own_hosts: Some(&own_hosts),
        threads: task.threads,
        keep_going: task.keep_going,
        max_rejects: task.max_rejects,
        empty_is_delivered: false,
        keep_rejects: task.rejects.map(folder),
        progress: &progress.reading,
    };
    let Ingested { table, mut report, rejects, mut others, mistrusted } =
        timed("reading logs", || ingest(sources, &job))?;
    others.extend(named);
    report.add_spans(spans);
    let selection = &task.spec.selection;
    task.spec.samples.apply(&mut report, selection);
    if let (Some(rejects), Some(mut file), Some(path)) = (rejects, rejects_file, task.rejects) {
        Rejects::write_csv(vec![rejects], &mut file, path, Some(selection))?;
        file.commit()?;
    }
    let judged = if task.keep_going { report.judged() } else { report.totals() };
    if task.max_rejects.exceeded(&judged) {
        let result = Err(too_many(task, &report, &judged));
        return Ok(Outcome { report, result, not_opened, found: others });
    }
    if let Some((name, fault)) = mistrusted.filter(|_| !task.keep_going) {
        return Err(Error::damaged(fault).at(name));
    }
    let series = series(task.spec, table.keys(), task.region);
    let result = pour(task, &report, &series, || table.rows().map(Ok), output, progress)?;
    others.extend(table.keys().map(|(domain, _)| domain.clone()));
    Ok(Outcome { report, result, not_opened, found: others })
}

/// Runs a task over what a store holds, in the place of logs.
///
/// # Errors
/// When the store cannot be read, or the workbook cannot be written.
pub fn run_stored(task: &Task<'_>, reader: &Reader, progress: &Progress) -> Result<Outcome> {
    run_sealed(task, reader, progress, None)
}

/// As [`run_stored`]; the hash of the file is told before it gets its name.
fn run_sealed(task: &Task<'_>, reader: &Reader, progress: &Progress, seal: Option<Seal>) -> Result<Outcome> {
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
        let result = Err(too_many(task, &report, &report.judged_in_scope()));
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
    /// Which logs may hold a line that counts, when these may be so many seconds off the hours of their names.
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
fn narrow(task: &Task<'_>, sources: &mut Vec<Source>) -> Narrowed {
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
    let scope = task.lateness.map(|lateness| task.scope(lateness));
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
    progress: &Progress,
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

/// More rows than this are hardly what somebody wants to open.
const MANY_ROWS: u64 = 10_000_000;
/// Bytes of a row in a workbook, about.
const ROW_BYTES: u64 = 23;

/// The most rows of Detail: where nothing was given, a workbook has a limit, and CSV, which is read by programs, has none.
fn most_rows(task: &Task<'_>) -> Option<u64> {
    task.spec.max_rows.or_else(|| form::is_workbook(task.output).then_some(MANY_ROWS))
}

/// Refuses to write more rows than allowed, and says how many there would be and how there are fewer.
fn too_many_rows(task: &Task<'_>, rows: u64, most: u64, series: &[Series], kept: Option<&[u64]>) -> Refusal {
    let domains = counted(domains(series), "domain");
    let size = form::is_workbook(task.output).then(|| {
        let sheets = export::count_sheets(series, task.spec.range.len() as u64, kept);
        format!(" on {}, about {}", counted(sheets, "sheet"), readable_bytes((rows * ROW_BYTES).into()))
    });
    let size = size.unwrap_or_default();
    let mut text = format!(
        "{rows} rows of Detail are to be written, more than the limit of {most} (--max-rows): {domains}{size}. Nothing was \
         written."
    );
    if kept.is_none() {
        text.push_str("\n  --rows sparse writes only rows with a request");
    }
    text.push_str(&fewer_domains(task, series));
    let _ = write!(text, "\n  --max-rows {rows} writes them all the same");
    Refusal::new(Code::InvalidParameter, text)
}

/// Refuses to write more domains than the sheet of domains has rows, and says how there are fewer.
fn too_many_domains(task: &Task<'_>, series: &[Series], most: u64) -> Option<Refusal> {
    let count = domains(series) as u64;
    (count > most && form::is_workbook(task.output)).then(|| {
        let text = format!(
            "{count} domains are to be written, more than the {most} that the sheet Domains of a workbook has rows for. \
             Nothing was written.{}\n  --output FILE.csv writes the rows of Detail alone",
            fewer_domains(task, series)
        );
        Refusal::new(Code::InvalidParameter, text)
    })
}

/// The options with which an export has fewer domains, a line each.
fn fewer_domains(task: &Task<'_>, series: &[Series]) -> String {
    let mut text = String::new();
    if domains(series) > 1 {
        text.push_str("\n  --domain-names or --group asks for fewer domains");
    }
    let named: BTreeSet<&Domain> = task.spec.selection.wanted.named().collect();
    let hosts = series.chunk_by(|a, b| a.0 == b.0).map(|one| &one[0].0).filter(|host| !named.contains(host));
    if let Some((wildcard, hosts)) = widest(hosts.map(Domain::as_str)) {
        let _ = write!(text, "\n  --fold '{wildcard}' counts {hosts} domains as one");
    }
    text
}

fn domains(series: &[Series]) -> usize {
    series.chunk_by(|a, b| a.0 == b.0).count()
}

/// A number of things, as `1 sheet` and `2 sheets`.
fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// What is said before very many rows are written.
fn many_rows(rows: u64, series: &[Series], is_sparse: bool) -> Option<String> {
    let domains = counted(domains(series), "domain");
    let sparse = if is_sparse { "" } else { "--rows sparse writes only rows with a request; " };
    (rows > MANY_ROWS).then(|| {
        let (whole, tenths) = (rows / 1_000_000, rows / 100_000 % 10);
        format!(
            "{whole}.{tenths} million rows of Detail are to be written, of {domains}: this takes long, and few \
             programs open so large a file; {sparse}--domain-names writes fewer domains"
        )
    })
}

/// Domains that are named one by one in a message.
const NAMED: usize = 10;
/// And gaps of each.
const NAMED_GAPS: usize = 3;

/// Says which logs are missing.
fn incomplete(found: &Completeness) -> String {
    let mut text = format!("logs are missing: hours with a log: {found}; no workbook was written");
    for (domain, hours) in found.lacking.iter().take(NAMED) {
        let _ = write!(text, "\n  {domain} has {hours} of {}", found.hours);
        let mut gaps = found.gaps.iter().filter(|(of, _)| of == domain).map(|(_, gap)| gap);
        for (n, gap) in gaps.by_ref().take(NAMED_GAPS).enumerate() {
            let (from, until) = (iso(gap.start * HOUR_SECONDS), iso(gap.end * HOUR_SECONDS));
            let _ = write!(text, "{} {from} to {until}", if n == 0 { ", none from" } else { ", from" });
        }
        if gaps.next().is_some() {
            text.push_str(", ...");
        }
    }
    if let more @ 1.. = found.lacking.len().saturating_sub(NAMED) {
        let _ = write!(text, "\n  and {more} more domains");
    }
    text.push_str("\n  flowbook store coverage lists every hour that a store lacks");
    text
}

/// Refuses to write over a log, or both results into one file.
fn apart(task: &Task<'_>, sources: &[Source]) -> Result<()> {
    let output = form::check(task.output, task.force)?;
    let rejects = task.rejects.map(|path| output::check(path, task.force)).transpose()?;
    if let Some(output) = &output {
        keep_two(rejects.as_deref(), output)?;
    }
    keep_apart(rejects.iter().chain(&output).map(PathBuf::as_path), sources)
}

/// Says how many lines were rejected, what was expected, and shows the first of them.
fn too_many(task: &Task<'_>, report: &Report, counts: &Counts) -> String {
    let first = report.samples.iter().min_by_key(|sample| (sample.source, sample.line));
    let first = first.map(|first| (report.sources[first.source].name.as_str(), first));
    too_many_rejected(
        counts,
        task.max_rejects,
        task.search.reading.format.expected(),
        first,
        "no workbook was written",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::request::{Account, ExportRequest, validate};
    use crate::locale::Language;

    #[test]
    fn more_domains_than_a_sheet_holds_are_refused_with_what_helps() {
        let request = ExportRequest {
            start_time: Some("2026-03-01T00:00:00Z".into()),
            end_time: Some("2026-03-02T00:00:00Z".into()),
            kind: Some("flow".into()),
            ..ExportRequest::default()
        };
        let spec = validate(&request, &Account::default(), Language::EnUs).unwrap();
        let search = Search::default();
        let task = |output: &'static str| Task {
            spec: &spec,
            logs: &[],
            search: &search,
            lateness: None,
            region: Region::Unspecified,
            threads: 1,
            keep_going: false,
            max_rejects: RejectLimit::DEFAULT,
            require_complete: false,
            rejects: None,
            output: Path::new(output),
            force: false,
            created: 0,
        };
        let domain = |n: usize| Domain::new(format!("h{n}.img.example.com").as_bytes()).unwrap();
        let series: Vec<Series> = (0..3).map(|n| (domain(n), Region::Cn)).collect();
        assert_eq!(too_many_domains(&task("a.xlsx"), &series, 3), None);
        assert_eq!(too_many_domains(&task("a.csv"), &series, 2), None);
        let text = too_many_domains(&task("a.xlsx"), &series, 2).unwrap().detail;
        for part in [
            "3 domains are to be written, more than the 2 that the sheet Domains",
            "--fold '*.img.example.com' counts 3 domains as one",
            "--group",
            "--output FILE.csv",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn very_many_rows_are_said_with_their_domains_and_what_helps() {
        let domain = |name: &str| Domain::new(name.as_bytes()).unwrap();
        let series = [
            (domain("a.com"), Region::Cn),
            (domain("a.com"), Region::default()),
            (domain("b.com"), Region::Cn),
        ];
        assert_eq!(many_rows(MANY_ROWS, &series, false), None);
        let text = many_rows(12_399_999, &series, false).unwrap();
        for part in ["12.3 million rows", "of 2 domains", "--rows sparse", "--domain-names"] {
            assert!(text.contains(part), "{text}");
        }
        let text = many_rows(MANY_ROWS + 1, &series, true).unwrap();
        assert!(text.contains("10.0 million rows") && !text.contains("--rows sparse"), "{text}");
    }
}
