//! `flowbook export`: logs in, workbook out.

mod tasks_csv;
mod tasks;

use super::environment::{self, ACCOUNT, creation_time, now};
use super::flags::{self, ReadingFlags, TellingFlags, WaitingFlags};
use super::request::{RequestArguments, options};
use super::{Ending, config, duration, missing, notes, output_path, progress, show};
use crate::contract::request::{ExportRequest, ExportSpec};
use crate::delivery::collision::keep_off;
use crate::delivery::intake::Intake;
use crate::delivery::{Delivered, Delivery, deliver};
use crate::error::{Error, ErrorKind, Result};
use crate::fault::Fault;
use crate::output::folder;
use crate::report::Scope;
use crate::source::{Search, refuse_idle_domain};
use crate::store::Reader;
use crate::task::needs::Tolerance;
use crate::task::registered::{Finished, Running, hold, run_and_register};
use crate::task::registry::{AccountStore, Registry};
use crate::task::{self, Logs, Task, TaskProgress, form, run_stored};
use clap::{Args, ValueHint};
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Export five-minute usage from logs or a store to an Excel workbook, or to CSV.
///
/// The request has the parameters of the operation CreateUsageDetailDataExportTask. A wrong request is answered with
/// the error code of that operation.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct ExportArguments {
    /// Logs: files, folders (recursively, except hidden files, workbooks and stores), globs, or - for standard input.
    /// Plain, gzip and zstd are recognised by content. Times in file names (`DOMAIN_YYYY_MM_DD_HHMMSS_HHMMSS.gz`) are in
    /// UTC+8, the vendor's clock.
    #[arg(value_name = "LOGS")]
    pub(super) logs: Vec<PathBuf>,

    /// The workbook (.xlsx, or a pattern like usage-{start:%Y-%m}.xlsx), the Detail rows as CSV (.csv, .csv.gz, .csv.zst;
    /// - for standard output), or a folder for a workbook with the default name [default: <task name or
    /// type>_<start>_<end>.xlsx in the current folder].
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(super) output: Option<PathBuf>,

    /// Account and groups of domains (TOML).
    #[arg(long, env = environment::CONFIG, hide_env_values = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,

    /// Replace output files that exist: the workbook and the file of rejected lines.
    #[arg(long)]
    pub(super) force: bool,

    #[command(flatten)]
    pub(super) reading: ReadingFlags,

    #[command(flatten)]
    pub(super) telling: TellingFlags,

    /// Export the usage in this store; LOGS, if any, are ingested first.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) store: Option<PathBuf>,

    #[command(flatten)]
    pub(super) waiting: WaitingFlags,

    /// How late or early lines of a log may be, by the hours in its name. For example, with 24h an export of 2 March also
    /// opens the logs of 1 and 3 March, as lines of 2 March may be in them, and no others. A log that is named for a domain
    /// that you did not ask for is not opened either.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration::option, allow_hyphen_values = true)]
    lateness: Duration,

    /// Open every log, whatever its name.
    #[arg(long, conflicts_with = "lateness")]
    read_all: bool,

    /// Make one workbook per row of a CSV file. Its columns are the parameters of a request; --output names the folder
    /// of the workbooks.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = options())]
    tasks: Option<PathBuf>,

    /// Make one workbook per month, from one pass over the logs: 2026-01..2026-03. --output names their folder, or a
    /// pattern like usage-{start:%Y-%m}.xlsx.
    #[arg(long, value_name = "MONTHS", conflicts_with_all = ["tasks", "start_time", "end_time", "month", "range"])]
    months: Option<String>,

    /// Make nothing, and end with exit code 3, unless every domain has a log in every hour of the range.
    #[arg(long, conflicts_with = "refresh")]
    require_complete: bool,

    /// Make the workbook of every stale task again: of every task whose usage has changed since its workbook was made.
    #[arg(long, requires = "store", conflicts_with_all = ["output", "tasks", "months"], conflicts_with_all = options())]
    refresh: bool,

    // Last, because its heading holds for all that follows.
    #[command(flatten)]
    pub(super) request: RequestArguments,
}

pub(super) fn run(arguments: &ExportArguments) -> Result<Ending> {
    show::with_json_errors(arguments.telling.json, || match (&arguments.tasks, &arguments.months) {
        _ if arguments.logs.is_empty() && arguments.store.is_none() => Err(Error::usage(
            "no logs are given: name LOGS (files, folders or globs, or - for standard input), or the store that holds \
             their usage with --store",
        )),
        (Some(list), _) => tasks::run(list, arguments),
        (None, Some(months)) => tasks::run_months(months, arguments),
        (None, None) if arguments.refresh => refresh(arguments),
        (None, None) => attempt(arguments),
    })
}

impl ExportArguments {
    /// What to make for a request.
    pub(super) fn task<'a>(&self, spec: &'a ExportSpec, output: &'a Path, created: i64) -> Task<'a> {
        let reading = &self.reading;
        Task {
            spec,
            region: reading.region.unwrap_or_default(),
            threads: reading.threads,
            max_rejects: reading.max_rejects,
            require_complete: self.require_complete,
            output,
            force: self.force,
            created,
        }
    }

    /// What to read for it.
    fn logs<'a>(&'a self, search: &'a Search) -> Logs<'a> {
        let reading = &self.reading;
        Logs {
            arguments: &self.logs,
            search,
            lateness: self.lateness(),
            keep_going: reading.keep_going,
            rejects: reading.rejects.as_deref(),
        }
    }

    /// How many seconds a log may be off the hours of its name; none where all logs are read.
    pub(super) fn lateness(&self) -> Option<i64> {
        (!self.read_all).then(|| i64::try_from(self.lateness.as_secs()).unwrap_or(i64::MAX))
    }
}

/// What to do where --domain was taken for a filter.
pub(super) const CHOOSE: &str = "; to choose domains give --domain-names";

fn attempt(arguments: &ExportArguments) -> Result<Ending> {
    let ExportArguments { reading, telling, .. } = arguments;
    let account = config::account(arguments.config.as_deref())?;
    let (request, spec) = arguments.request.valid(&account)?;
    let output = output_path::asked_for(arguments.output.as_deref(), &spec)?;
    let is_stream = output == Path::new("-");
    if is_stream && telling.json {
        return Err(Error::usage("--json and --output - both write to standard output; name a file"));
    }
    keep_off([&*output].into_iter().chain(reading.rejects.as_deref()), arguments.config.as_deref())?;
    let search = reading.search()?;
    let task = arguments.task(&spec, &output, creation_time()?);
    let progress = TaskProgress { warn: Some(show::message), ..TaskProgress::default() };
    let done = progress::beside(telling.has_bar(), &progress, || match &arguments.store {
        None => {
            let outcome = task::run(&task, &arguments.logs(&search), &progress);
            outcome.map(|outcome| Some((Finished { outcome, task: None }, Vec::new())))
        }
        Some(store) => from_store(arguments, store, &task, &request, &progress),
    });
    let is_searched = !matches!(&done, Err(error) if !matches!(error.kind(), ErrorKind::NoLog(_)));
    if is_searched && arguments.store.is_none() {
        show::messages(&notes::of_search(&search));
    }
    let Some((Finished { outcome, task: registered }, unread)) = done? else {
        return Ok(Ending::WithRejects);
    };
    show::faults(&outcome.report, spec.overlaps);
    if let Some(store) = &arguments.store {
        show::how_to_forget(&outcome.report, store);
    }
    reading.tell_unused_domain(&progress.reading, CHOOSE);
    // What could not be read now need not be in the store, nor of this export.
    let in_report: HashSet<&str> = outcome.report.faults().map(|(name, _)| name).collect();
    let unread: Vec<_> = unread.into_iter().filter(|(name, _)| !in_report.contains(&**name)).collect();
    let not_read = show::unread(&unread, &spec.selection);
    let id = registered.and_then(|registered| registered.inspect_err(unregistered).ok());
    if telling.json {
        show::json(&task, &outcome, id, not_read)?;
    } else if !telling.quiet {
        show::table(&task, &outcome, is_stream)?;
    }
    show::messages(&missing::lacks(&outcome, &spec));
    if let Err(why) = &outcome.result {
        show::explain(why);
    }
    let is_of_nothing = missing::is_of_nothing(&outcome);
    let complete =
        outcome.result.is_ok() && !outcome.report.has_faults() && unread.is_empty() && !is_of_nothing;
    Ok(if complete { Ending::Done } else { Ending::WithRejects })
}

/// Takes the logs in, if there are any, and exports what the store holds then; nothing when the logs were refused.
fn from_store(
    arguments: &ExportArguments,
    store: &Path,
    task: &Task<'_>,
    request: &ExportRequest,
    progress: &TaskProgress,
) -> Result<Option<(Finished, Faults)>> {
    let wait = arguments.waiting.lock_timeout;
    // What cannot be written is said before anything is stored.
    let place = form::check(task.output, task.force)?;
    if place.as_deref().is_some_and(|place| !folder(place).exists()) {
        let error = Error::io("create its folder first; cannot create a file here");
        return Err(error(io::ErrorKind::NotFound.into()).at(task.output));
    }
    let scope = Scope { selection: &task.spec.selection, range: task.spec.range };
    let Some(faults) = take(arguments, store, Some(scope), place.as_slice(), progress)? else {
        return Ok(None);
    };
    if place.is_none() {
        // What went by on standard output can be neither listed nor made again.
        let outcome = run_stored(task, &Reader::open(store, wait)?, progress)?;
        return Ok(Some((Finished { outcome, task: None }, faults)));
    }
    let _lock = hold(store, wait, "flowbook export")?;
    run_and_register(task, request, AccountStore { path: store, wait, account: ACCOUNT }, now, progress)
        .map(|kept| Some((kept, faults)))
}

/// Names of logs that could not be read to their end, and why.
type Faults = Vec<(String, Fault)>;

/// Takes the logs in, if there are any; gives those that could not be read, and nothing when they were refused.
/// Only the rejected lines of sources that concern the export are kept.
fn take(
    arguments: &ExportArguments,
    store: &Path,
    rejects_of: Option<Scope<'_>>,
    results: &[PathBuf],
    progress: &TaskProgress,
) -> Result<Option<Faults>> {
    if arguments.logs.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let wait = arguments.waiting.lock_timeout;
    let search = arguments.reading.search()?;
    let sources = flags::sources(&arguments.logs, &search, false)?;
    refuse_idle_domain(arguments.reading.domain.as_ref(), &sources)?;
    let usual = arguments.reading.delivery(
        (store, wait),
        "flowbook export",
        arguments.force,
        &progress.reading,
        search.reading.format.formats(),
    );
    let intake = Intake { rejects_of, ..usual.intake };
    let delivery = Delivery { intake, results, ..usual };
    let Delivered { mut taking, refused } = deliver(sources, &delivery)?;
    let Some(why) = refused else { return Ok(Some(taking.faults)) };
    show::explain(&why);
    if arguments.telling.json {
        // What was read is of the whole store, and its names may be those of others.
        if rejects_of.is_some_and(|scope| !scope.selection.is_everything()) {
            taking.leave_out_names();
        }
        show::taking_json(&taking, Some(&why))?;
    }
    Ok(None)
}

fn unregistered(error: &Error) {
    show::explain(&format!("the workbook is complete, but it could not be registered as a task: {error}"));
}

/// Takes the logs in, if there are any, and exports every stale task again.
fn refresh(arguments: &ExportArguments) -> Result<Ending> {
    let ExportArguments { reading, telling, waiting, .. } = arguments;
    let Some(store) = arguments.store.as_deref() else { return Ok(Ending::Done) };
    let progress = TaskProgress { warn: Some(show::message), ..TaskProgress::default() };
    let taken =
        progress::beside(telling.has_bar(), &progress, || take(arguments, store, None, &[], &progress))?;
    let Some(faults) = taken else { return Ok(Ending::WithRejects) };
    for (name, fault) in &faults {
        show::message(&format!("{name}: {fault}"));
    }
    let at = AccountStore { path: store, wait: waiting.lock_timeout, account: ACCOUNT };
    let mut registry = Registry::open(at)?;
    let running = Running {
        at,
        threads: reading.threads,
        max_rejects: reading.max_rejects,
        force: arguments.force,
        tolerance: Tolerance::Nothing,
        created: creation_time()?,
        now,
    };
    Ok(match super::task::run_all(&mut registry, Registry::stale, &running, telling)? {
        Ending::Done if !faults.is_empty() => Ending::WithRejects,
        ending => ending,
    })
}
