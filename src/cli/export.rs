//! `flowbook export`: logs in, workbook out.

use super::flags::{ReadingFlags, TellingFlags, WaitingFlags, duration, now};
use super::times::{valid, zone_text};
use super::{Ending, config, missing, notes, progress, show, tasks, tasks_csv};
use crate::contract::bill::BillType;
use crate::contract::code::{Code, Refusal};
use crate::contract::request::{Account, DetailRows, ExportRequest, ExportSpec, Kind};
use crate::delivery::collision::keep_off;
use crate::delivery::intake::Intake;
use crate::delivery::{Delivered, Delivery, deliver};
use crate::error::{Error, ErrorKind, Result};
use crate::export::name::file_name;
use crate::locale::Language;
use crate::log::Format;
use crate::output::{folder, make_folder};
use crate::report::Scope;
use crate::report::samples::Samples;
use crate::schedule::range::RangeRule;
use crate::source::Search;
use crate::store::Reader;
use crate::task::needs::Tolerance;
use crate::task::registered::{Kept, Running, hold, run_and_register};
use crate::task::registry::Registry;
use crate::task::{self, Progress, Task, form, run_stored};
use crate::visible;
use clap::builder::{NonEmptyStringValueParser, PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Command, ValueHint};
use std::collections::HashSet;
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Export five-minute usage from logs to an Excel workbook.
///
/// The request has the parameters of CreateUsageDetailDataExportTask; a wrong one is answered with the
/// error code of that operation.
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct ExportArguments {
    /// Logs: files, folders (with all below, except hidden files, workbooks and stores), globs, or - for standard
    /// input. Plain, gzip and zstd are told apart by content.
    /// Times in file names (`DOMAIN_YYYY_MM_DD_HHMMSS_HHMMSS.gz`) are those of UTC+8, the vendor's clock.
    #[arg(value_name = "LOGS")]
    pub(super) logs: Vec<PathBuf>,

    /// The workbook (.xlsx; also a pattern, as usage-{start:%Y-%m}.xlsx), or the Detail rows as CSV (.csv, .csv.gz,
    /// .csv.zst; - for standard output), or the folder of a workbook with the usual name [default: <task name or type>_<start>_<end>.xlsx in the current folder].
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(super) output: Option<PathBuf>,

    #[command(flatten)]
    pub(super) reading: ReadingFlags,

    #[command(flatten)]
    pub(super) telling: TellingFlags,

    /// Export what this store holds; LOGS, if any, are ingested first.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) store: Option<PathBuf>,

    #[command(flatten)]
    pub(super) waiting: WaitingFlags,

    /// How much earlier or later than the hours in its name a log may have lines: logs further from the range are not
    /// opened, nor those whose names tell other domains than the ones asked for.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration, allow_hyphen_values = true)]
    lateness: Duration,

    /// Open every log, whatever its name tells.
    #[arg(long, conflicts_with = "lateness")]
    read_all: bool,

    /// Make a workbook for each row of a CSV file, whose headings are the parameters of the request; --output names
    /// their folder.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = REQUEST)]
    tasks: Option<PathBuf>,

    /// Make a workbook for each of these months, from one pass over the logs: 2026-01..2026-03. --output names their
    /// folder, or a pattern of their names, as usage-{start:%Y-%m}.xlsx.
    #[arg(long, value_name = "MONTHS", conflicts_with_all = ["tasks", "start_time", "end_time", "month", "range"])]
    months: Option<String>,

    /// Make nothing, and end with exit code 3, unless every domain has a log in every hour of the range.
    #[arg(long, conflicts_with = "refresh")]
    require_complete: bool,

    /// Export again what has changed in the store since its workbook was made: every stale task, as it was asked for.
    #[arg(long, requires = "store", conflicts_with_all = ["output", "tasks", "months"], conflicts_with_all = REQUEST)]
    refresh: bool,

    // Last, because its heading holds for all that follows.
    #[command(flatten)]
    pub(super) request: RequestArguments,
}

/// The fields of [`RequestArguments`]: named one by one, so that a conflict names the one that was given.
const REQUEST: [&str; 20] = [
    "start_time",
    "end_time",
    "month",
    "range",
    "kind",
    "group",
    "domain_names",
    "task_name",
    "language",
    "time_zone",
    "traffic_factor",
    "rows",
    "samples",
    "fold",
    "max_rows",
    "bill_type",
    "product",
    "dimension",
    "aliuid",
    "operator",
];

/// The parameters of the request, as they are spelt in the contract.
#[derive(Debug, Args)]
#[command(next_help_heading = "Request")]
pub(super) struct RequestArguments {
    /// Start of the range: a date (2026-03-01), or a time with its offset (2026-03-01T00:00:00Z, 2026-03-01T00:00+08:00)
    /// or without. Dates, and times without an offset, are those of --time-zone.
    #[arg(long, value_name = "TIME")]
    start_time: Option<String>,
    /// End of the range, at most 31 days after the start. A date is the last day of the range; a time is exclusive.
    #[arg(long, value_name = "TIME")]
    end_time: Option<String>,
    /// A calendar month of --time-zone, in the place of start and end: 2026-03.
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["start_time", "end_time"])]
    month: Option<String>,
    /// A range in the place of start and end, in days of --time-zone: yesterday, today, last-7-days (1 to 31),
    /// this-month, last-month, 2026-03, or START/END.
    #[arg(long, value_name = "RANGE", conflicts_with_all = ["start_time", "end_time", "month"])]
    range: Option<String>,
    /// What is exported: flow (traffic and bandwidth) or vas (request counts).
    #[arg(long = "type", value_name = "TYPE", value_parser = Suggested(types))]
    kind: Option<String>,
    /// A group of domains from the configuration; overrides --domain-names.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    group: Option<String>,
    /// Domains, separated by commas: www.example.com, or *.example.com for all its subdomains; may be repeated
    /// [default: all domains of the account].
    #[arg(long, value_name = "NAMES", value_parser = NonEmptyStringValueParser::new())]
    domain_names: Vec<String>,
    /// Name of the task, at most 256 bytes.
    #[arg(long, value_name = "NAME")]
    task_name: Option<String>,
    /// Language of the workbook [default: that of the environment].
    #[arg(long, value_name = "LANGUAGE", value_parser = Suggested(languages))]
    language: Option<String>,
    /// Zone in which times are shown and days are cut: +08:00, Asia/Shanghai [default: that of
    /// the variable `FLOWBOOK_TIME_ZONE`, else UTC].
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    time_zone: Option<String>,
    /// Multiply traffic and bandwidth, e.g. by 1.1 for what a log does not count [default: 1].
    #[arg(long, value_name = "FACTOR", allow_hyphen_values = true)]
    traffic_factor: Option<String>,
    /// Which rows of Detail are written: dense (a row for every five minutes) or sparse (only those with a request; no
    /// other figure changes) [default: dense].
    #[arg(long, value_name = "ROWS", value_parser = Suggested(rows))]
    rows: Option<String>,
    /// Rejected lines in the workbook: full, masked (without network addresses) or none [default: masked].
    #[arg(long, value_name = "HOW", value_parser = Suggested(samples))]
    samples: Option<String>,
    /// Count all hosts of a wildcard as one domain, called *.img.example.com; separated by commas, may be repeated. Hosts
    /// that --domain-names names stay what they are.
    #[arg(long, value_name = "WILDCARDS", value_parser = NonEmptyStringValueParser::new())]
    fold: Vec<String>,
    /// Refuse to write more rows of Detail than this [default: 10000000; of a CSV file without limit].
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    max_rows: Option<String>,
    /// How the usage is billed: that figure is marked. Each also with _overseas.
    #[arg(long, value_name = "BILLTYPE", value_parser = Suggested(bill_types))]
    bill_type: Option<String>,
    /// The product: cdn.
    #[arg(long, value_name = "PRODUCT")]
    product: Option<String>,
    /// The same as the type.
    #[arg(long, value_name = "DIMENSION")]
    dimension: Option<String>,
    /// The account's id.
    #[arg(long, value_name = "ID")]
    aliuid: Option<String>,
    /// Who asks: 1 to 64 letters, digits, dots, underscores, @ or hyphens.
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
}

impl RequestArguments {
    /// The request and what it asks for.
    pub(super) fn valid(&self, account: &Account) -> Result<(ExportRequest, ExportSpec)> {
        if let Some(month) = self.month.as_deref().filter(|month| !RangeRule::is_month(month)) {
            let text = format!("--month is {month:?}; give a month like 2026-03.");
            return Err(Refusal::new(Code::InvalidStartTime, text).into());
        }
        self.valid_over(self.month.as_deref().or(self.range.as_deref()), account)
    }

    /// The request over another range.
    pub(super) fn valid_over(
        &self,
        range: Option<&str>,
        account: &Account,
    ) -> Result<(ExportRequest, ExportSpec)> {
        Ok(valid(self.request(), range, now(), account, environment_language())?)
    }

    /// The parameters as they were given.
    fn request(&self) -> ExportRequest {
        ExportRequest {
            start_time: self.start_time.clone(),
            end_time: self.end_time.clone(),
            kind: self.kind.clone(),
            group: self.group.clone(),
            domain_names: Some(self.domain_names.join(",")).filter(|names| !names.is_empty()),
            task_name: self.task_name.clone(),
            language: self.language.clone(),
            product: self.product.clone(),
            dimension: self.dimension.clone(),
            bill_type: self.bill_type.clone(),
            aliuid: self.aliuid.clone(),
            operator: self.operator.clone(),
            time_zone: zone_text(self.time_zone.as_ref()),
            traffic_factor: self.traffic_factor.clone(),
            rows: self.rows.clone(),
            samples: self.samples.clone(),
            fold: Some(self.fold.join(",")).filter(|names| !names.is_empty()),
            max_rows: self.max_rows.clone(),
        }
    }
}

/// Takes any text, and suggests values to help and completion: what is wrong is answered with the contract's
/// codes, not with those of the command line.
#[derive(Clone, Copy)]
struct Suggested(fn() -> Vec<&'static str>);

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}

fn types() -> Vec<&'static str> {
    Kind::ALL.map(Kind::name).to_vec()
}

fn rows() -> Vec<&'static str> {
    DetailRows::ALL.map(DetailRows::name).to_vec()
}

fn languages() -> Vec<&'static str> {
    Language::ALL.map(Language::name).to_vec()
}

fn samples() -> Vec<&'static str> {
    Samples::ALL.map(Samples::name).to_vec()
}

fn bill_types() -> Vec<&'static str> {
    BillType::ALL.map(|bill_type| bill_type.name).to_vec()
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
    /// What to run for a request.
    pub(super) fn task<'a>(
        &'a self,
        spec: &'a ExportSpec,
        search: &'a Search,
        output: &'a Path,
        created: i64,
    ) -> Task<'a> {
        let reading = &self.reading;
        let lateness = i64::try_from(self.lateness.as_secs()).unwrap_or(i64::MAX);
        Task {
            spec,
            logs: &self.logs,
            search,
            lateness: (!self.read_all).then_some(lateness),
            format: Format::default(),
            region: reading.region.unwrap_or_default(),
            threads: reading.threads,
            keep_going: reading.keep_going,
            max_rejects: reading.max_rejects,
            require_complete: self.require_complete,
            rejects: reading.rejects.as_deref(),
            output,
            force: reading.force,
            created,
        }
    }
}

/// What to do where --domain was taken for a filter.
pub(super) const CHOOSE: &str = "; to choose domains give --domain-names";

fn attempt(arguments: &ExportArguments) -> Result<Ending> {
    let ExportArguments { reading, telling, .. } = arguments;
    let account = config::account(reading.config.as_deref())?;
    let (request, spec) = arguments.request.valid(&account)?;
    let output = output_path(arguments.output.as_deref(), &spec)?;
    let is_stream = output == Path::new("-");
    if is_stream && telling.json {
        return Err(Error::usage("--json and --output - both write to standard output; name a file"));
    }
    keep_off([&*output].into_iter().chain(reading.rejects.as_deref()), reading.config.as_deref())?;
    let search = reading.search()?;
    let task = arguments.task(&spec, &search, &output, creation_time()?);
    let progress = Progress { warn: Some(show::message), ..Progress::default() };
    let done = progress::beside(telling.quiet, &progress, || match &arguments.store {
        None => task::run(&task, &progress).map(|outcome| Some((Kept { outcome, task: None }, Vec::new()))),
        Some(store) => from_store(arguments, store, &task, &request, &progress),
    });
    let is_searched = !matches!(&done, Err(error) if !matches!(error.kind(), ErrorKind::NoLog(_)));
    if is_searched && arguments.store.is_none() {
        show::messages(&notes::of_search(&search));
    }
    let Some((Kept { outcome, task: registered }, unread)) = done? else { return Ok(Ending::WithRejects) };
    show::faults(&outcome.report);
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
    show::messages(&missing::lacks(&outcome, &spec.selection));
    if let Err(why) = &outcome.result {
        show::explain(why);
    }
    let complete = outcome.result.is_ok() && !outcome.report.has_faults() && unread.is_empty();
    Ok(if complete { Ending::Done } else { Ending::WithRejects })
}

/// Takes the logs in, if there are any, and exports what the store holds then; nothing when the logs were refused.
fn from_store(
    arguments: &ExportArguments,
    store: &Path,
    task: &Task<'_>,
    request: &ExportRequest,
    progress: &Progress,
) -> Result<Option<(Kept, Faults)>> {
    let wait = arguments.waiting.lock_timeout;
    // What cannot be written is said before anything is stored.
    let place = form::check(task.output, task.force)?;
    let scope = Scope { selection: &task.spec.selection, range: task.spec.range };
    let Some(faults) = take(arguments, store, Some(scope), place.as_slice(), progress)? else {
        return Ok(None);
    };
    if place.is_none() {
        // What went by on standard output can be neither listed nor made again.
        let outcome = run_stored(task, &Reader::open(store, wait)?, progress)?;
        return Ok(Some((Kept { outcome, task: None }, faults)));
    }
    let _lock = hold(store, wait, "flowbook export")?;
    run_and_register(task, request, store, wait, now, progress).map(|kept| Some((kept, faults)))
}

/// Names of logs that could not be read to their end, and why.
type Faults = Vec<(String, String)>;

/// Takes the logs in, if there are any; gives those that could not be read, and nothing when they were refused.
/// Only the rejected lines of sources that concern the export are kept.
fn take(
    arguments: &ExportArguments,
    store: &Path,
    rejects_of: Option<Scope<'_>>,
    results: &[PathBuf],
    progress: &Progress,
) -> Result<Option<Faults>> {
    if arguments.logs.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let wait = arguments.waiting.lock_timeout;
    let sources = arguments.reading.sources(&arguments.logs, &arguments.reading.search()?, false)?;
    let usual = arguments.reading.delivery(store, wait, "flowbook export", &progress.reading);
    let intake = Intake { rejects_of, ..usual.intake };
    let delivery = Delivery { intake, results, ..usual };
    let Delivered { taking, refused } = deliver(sources, &delivery)?;
    let Some(why) = refused else { return Ok(Some(taking.faults)) };
    show::explain(&why);
    if arguments.telling.json {
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
    let progress = Progress { warn: Some(show::message), ..Progress::default() };
    let taken = progress::beside(telling.quiet, &progress, || take(arguments, store, None, &[], &progress))?;
    let Some(faults) = taken else { return Ok(Ending::WithRejects) };
    for (name, fault) in &faults {
        show::message(&format!("{name}: {fault}"));
    }
    let mut registry = Registry::open(store, waiting.lock_timeout)?;
    let running = Running {
        store,
        wait: waiting.lock_timeout,
        threads: reading.threads,
        max_rejects: reading.max_rejects,
        force: reading.force,
        tolerance: Tolerance::Nothing,
        created: creation_time()?,
        now,
    };
    Ok(match super::task::run_all(&mut registry, Registry::stale, &running, telling)? {
        Ending::Done if !faults.is_empty() => Ending::WithRejects,
        ending => ending,
    })
}

/// The file asked for: in a folder, the file of the usual name; of a pattern, what it gives for this export. A folder that
/// these name is made.
pub(super) fn output_path(output: Option<&Path>, spec: &ExportSpec) -> Result<PathBuf> {
    let Some(path) = output else { return Ok(file_name(spec).into()) };
    let file = if let Some((folder, pattern)) = pattern(path) {
        tasks_csv::output(folder, Some(pattern), spec)?
    } else if path.is_dir() || is_named_as_folder(path) {
        path.join(file_name(spec))
    } else {
        return Ok(path.into());
    };
    make_folder(folder(&file))?;
    Ok(file)
}

/// Whether a path can only be that of a folder.
pub(super) fn is_named_as_folder(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// The pattern of a file's name, with fields in braces, behind the folder that it stands in.
pub(super) fn pattern(path: &Path) -> Option<(&Path, &str)> {
    let text = path.to_str()?;
    let brace = text.find(['{', '}'])?;
    let (folder, pattern) = text.split_at(text[..brace].rfind('/').map_or(0, |slash| slash + 1));
    Some((Path::new(if folder.is_empty() { "." } else { folder }), pattern))
}

/// The language of the environment, as programs look it up.
pub(super) fn environment_language() -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| env::var(name).ok());
    Language::from_locale(&set.into_iter().find(|locale| !locale.is_empty()).unwrap_or_default())
}

/// The last second of the year 9999, where Excel's dates end.
const LAST_SECOND: i64 = 253_402_300_799;

/// `SOURCE_DATE_EPOCH` where it is set, so that the same task gives the same bytes; else now.
pub(super) fn creation_time() -> Result<i64> {
    let Some(text) = env::var_os("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) else {
        return Ok(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs().cast_signed()));
    };
    let seconds = text.to_str().and_then(|text| text.parse().ok());
    seconds.filter(|seconds| (0..=LAST_SECOND).contains(seconds)).ok_or_else(|| {
        Error::usage(format!(
            "SOURCE_DATE_EPOCH is {}; give seconds since 1970",
            visible::line(&text.to_string_lossy())
        ))
    })
}
