//! `flowbook task`: tasks that a store remembers, with what they asked for and what came of them.

pub(super) mod words;

use super::environment::{self, ACCOUNT, creation_time, now};
use super::flags::{self, StoreFlags, TellingFlags, reject_limit};
use super::request::RequestArguments;
use super::{Ending, config, missing, output_path, progress, show};
use crate::contract::page::{LISTED, Page};
use crate::contract::request::retention;
use crate::delivery::collision::keep_off;
use crate::error::{Error, Result};
use crate::region::Region;
use crate::report::RejectLimit;
use crate::store::Reader;
use crate::task::TaskProgress;
use crate::task::form::{self, Form};
use crate::task::needs::Tolerance;
use crate::task::registered::{Ran, Running, hold, run_registered};
use crate::task::registry::{AccountStore, NewTask, Registry, TaskRecord};
use clap::{Args, Subcommand, ValueHint};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Create, list, show, delete and run the tasks of a store.
///
/// A task remembers its request and what it meant at the time, even if the configuration changes. A task is stale if
/// usage that its workbook shows has changed since.
#[derive(Debug, Args)]
pub(super) struct TaskArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(Box<CreateArguments>),
    List(ListArguments),
    Show(ShowArguments),
    Delete(DeleteArguments),
    Run(RunArguments),
}

/// Register a task to be run later, and print its id.
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
struct CreateArguments {
    #[command(flatten)]
    store: StoreFlags,

    /// The workbook (.xlsx), or the Detail rows as CSV (.csv, .csv.gz, .csv.zst)
    /// [default: <task name or type>_<start>_<end>.xlsx in the current folder].
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    output: Option<PathBuf>,

    /// Account and groups of domains (TOML).
    #[arg(long, env = environment::CONFIG, hide_env_values = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,

    /// Billing region of domains without usage: CN, NA, EU, AP1, AP2, AP3, MEAA or SA.
    #[arg(long, value_name = "REGION", value_parser = flags::region)]
    region: Option<Region>,

    /// Print one JSON object: the response of CreateUsageDetailDataExportTask.
    #[arg(long)]
    json: bool,

    // Last, because its heading holds for all that follows.
    #[command(flatten)]
    request: RequestArguments,
}

/// List the tasks of the last three months, the newest first.
#[derive(Debug, Args)]
struct ListArguments {
    #[command(flatten)]
    store: StoreFlags,

    /// Also list older tasks.
    #[arg(long)]
    all: bool,

    /// Tasks on a page: 1 to 50 [default: 20].
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    page_size: Option<String>,

    /// Which page: 1 to 100000 [default: 1].
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    page_number: Option<String>,

    /// Print one JSON object: the response of DescribeUserUsageDetailDataExportTask.
    #[arg(long)]
    json: bool,
}

/// Show a task, and what has changed since its workbook was made.
#[derive(Debug, Args)]
struct ShowArguments {
    /// The id of the task, as task list prints it.
    id: String,

    #[command(flatten)]
    store: StoreFlags,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Delete tasks, with the workbooks that they made.
#[derive(Debug, Args)]
struct DeleteArguments {
    /// The ids of the tasks.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,

    #[command(flatten)]
    store: StoreFlags,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Make the workbooks of tasks that were never run, or of the tasks that you name.
///
/// A task replaces only the workbook that it made. One task's failure does not stop the others. A task that needs every
/// hour waits while hours are missing, and no workbook is replaced by one with fewer hours; the exit code is then 3.
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
struct RunArguments {
    /// The ids of the tasks [default: all that were never run].
    #[arg(value_name = "ID")]
    ids: Vec<String>,

    #[command(flatten)]
    store: StoreFlags,

    /// Also make the workbooks of stale tasks again.
    #[arg(long)]
    refresh: bool,

    /// Replace files that the tasks did not make. A task that you name is made even if hours are missing.
    #[arg(long)]
    force: bool,

    /// Fail a task if more lines are rejected: a number, or a percentage of all lines.
    #[arg(long, value_name = "N|P%", default_value_t = RejectLimit::DEFAULT, value_parser = reject_limit)]
    max_rejects: RejectLimit,

    /// Worker threads [default: one per core].
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = super::threads)]
    threads: usize,

    #[command(flatten)]
    telling: TellingFlags,
}

impl TaskArguments {
    /// How much is asked for of what is done.
    pub(super) fn verbose(&self) -> u8 {
        match &self.action {
            Action::Run(arguments) => arguments.telling.verbose,
            _ => 0,
        }
    }

    /// Whether workbooks are made.
    pub(super) fn needs_threads(&self) -> bool {
        matches!(self.action, Action::Run(_))
    }
}

impl StoreFlags {
    fn registry(&self) -> Result<Registry> {
        Registry::open(self.at())
    }

    fn at(&self) -> AccountStore<'_> {
        AccountStore { path: &self.store, wait: self.waiting.lock_timeout, account: ACCOUNT }
    }

    /// The tasks, to look at them only.
    fn look(&self) -> Result<Registry> {
        Registry::look(self.at())
    }
}

pub(super) fn run(arguments: &TaskArguments) -> Result<Ending> {
    match &arguments.action {
        Action::Create(arguments) => show::with_json_errors(arguments.json, || create(arguments)),
        Action::List(arguments) => show::with_json_errors(arguments.json, || list(arguments)),
        Action::Show(arguments) => show::with_json_errors(arguments.json, || show_one(arguments)),
        Action::Delete(arguments) => show::with_json_errors(arguments.json, || delete(arguments)),
        Action::Run(arguments) => show::with_json_errors(arguments.telling.json, || run_some(arguments)),
    }
}

fn create(arguments: &CreateArguments) -> Result<Ending> {
    let CreateArguments { store, config, .. } = arguments;
    let account = config::account(config.as_deref())?;
    let (request, spec) = arguments.request.valid(&account)?;
    let now = now();
    retention(spec.asked.0, now, config::history_days(config.as_deref())?)?;
    let output = output_path::asked_for(arguments.output.as_deref(), &spec)?;
    keep_off([&*output], config.as_deref())?;
    to_be_made(&output)?;
    let region = arguments.region.unwrap_or_default();
    let new = NewTask { request: &request, spec: &spec, region, output: &output, plan: None };
    let mut registry = Registry::open_or_make(store.at(), "flowbook task create")?;
    let id = registry.create(&new, now)?;
    words::created(id, &spec, arguments.json)?;
    let AccountStore { path, wait, .. } = store.at();
    // What is registered is not undone for what cannot be looked up: a run says it, too.
    let misspelt = Reader::open(path, wait).and_then(|reader| missing::misspelt(&spec.selection, &reader));
    for text in misspelt.unwrap_or_default() {
        show::message(&format!("task {id}: {text}"));
    }
    Ok(Ending::Done)
}

/// Refuses what a task that is put down cannot write later: it replaces nothing but what it made.
fn to_be_made(output: &Path) -> Result<()> {
    if output == Path::new("-") {
        return Err(Error::usage("a task needs a file; name one with --output"));
    }
    if output.is_file() {
        let text = "exists already, and a task replaces only its own workbook; name another file, or remove this one";
        return Err(Error::usage(text).at(output));
    }
    if Form::of(output).is_err() && !output.exists() {
        let text = "has no known ending: end it in .xlsx for a workbook, in .csv, .csv.gz or .csv.zst for the Detail rows";
        return Err(Error::usage(text).at(output));
    }
    form::check(output, false).map(drop)
}

fn list(arguments: &ListArguments) -> Result<Ending> {
    let page = Page::new(arguments.page_size.as_deref(), arguments.page_number.as_deref())?;
    let since = if arguments.all { i64::MIN } else { now() - LISTED };
    let mut registry = arguments.store.look()?;
    let (tasks, count) = registry.page(page, since)?;
    let mut listed = Vec::with_capacity(tasks.len());
    for task in tasks {
        let stale = registry.changes(&task)?;
        listed.push((task, stale));
    }
    words::list(&listed, page, count, arguments.json)?;
    Ok(Ending::Done)
}

fn show_one(arguments: &ShowArguments) -> Result<Ending> {
    let mut registry = arguments.store.look()?;
    let task = registry.get(&arguments.id)?;
    let stale = registry.changes(&task)?;
    words::show(&task, stale.as_ref(), arguments.json)?;
    Ok(Ending::Done)
}

fn delete(arguments: &DeleteArguments) -> Result<Ending> {
    let mut registry = arguments.store.registry()?;
    // An id that is wrong is said before any task is gone, and before anybody is waited for.
    named(&mut registry, &arguments.ids)?;
    let StoreFlags { store, waiting } = &arguments.store;
    let _lock = hold(store, waiting.lock_timeout, "flowbook task delete")?;
    let tasks = named(&mut registry, &arguments.ids)?;
    let mut deleted = Vec::with_capacity(tasks.len());
    for task in tasks {
        let remains = registry.delete(task.id)?;
        deleted.push((task, remains));
    }
    words::deleted(&deleted, arguments.json)?;
    Ok(Ending::Done)
}

fn run_some(arguments: &RunArguments) -> Result<Ending> {
    let mut registry = arguments.store.registry()?;
    let named = named(&mut registry, &arguments.ids)?;
    let choose = |registry: &mut Registry| {
        let mut tasks = if arguments.ids.is_empty() { registry.waiting()? } else { named };
        if arguments.refresh {
            tasks.extend(registry.stale()?);
            keep_first(&mut tasks);
        }
        Ok(tasks)
    };
    let running = Running {
        at: arguments.store.at(),
        threads: arguments.threads,
        max_rejects: arguments.max_rejects,
        force: arguments.force,
        // Who names a task and says --force has looked at it.
        tolerance: if arguments.force && !arguments.ids.is_empty() && !arguments.refresh {
            Tolerance::Anything
        } else {
            Tolerance::Nothing
        },
        created: creation_time()?,
        now,
    };
    let ending = run_all(&mut registry, choose, &running, &arguments.telling)?;
    if arguments.ids.is_empty() && !arguments.refresh {
        // Who runs all mostly means these, too.
        if let stale @ 1.. = registry.stale()?.len() {
            let are = if stale == 1 { "task is" } else { "tasks are" };
            show::message(&format!("{stale} {are} stale; --refresh makes workbooks of stale tasks again"));
        }
    }
    Ok(ending)
}

/// The tasks with these ids, each once.
fn named(registry: &mut Registry, ids: &[String]) -> Result<Vec<TaskRecord>> {
    let mut tasks = ids.iter().map(|id| registry.get(id)).collect::<Result<Vec<_>>>()?;
    keep_first(&mut tasks);
    Ok(tasks)
}

fn keep_first(tasks: &mut Vec<TaskRecord>) {
    let mut known = HashSet::new();
    tasks.retain(|task| known.insert(task.id));
}

/// Runs tasks, whatever becomes of each, and tells what did. They are chosen when no other process makes workbooks: what
/// it made is made.
pub(super) fn run_all(
    registry: &mut Registry,
    choose: impl FnOnce(&mut Registry) -> Result<Vec<TaskRecord>>,
    running: &Running<'_>,
    telling: &TellingFlags,
) -> Result<Ending> {
    let _lock = hold(running.at.path, running.at.wait, "flowbook task run")?;
    let tasks = choose(registry)?;
    let mut ran = Vec::with_capacity(tasks.len());
    for task in &tasks {
        let progress = TaskProgress { warn: Some(show::message), ..TaskProgress::default() };
        let done = progress::beside(telling.has_bar(), &progress, || {
            run_registered(registry, task, running, &progress)
        });
        ran.push((task, done));
    }
    words::ran(&ran, running.at.path, telling)?;
    let is_short = |(_, done): &(&TaskRecord, Result<Ran>)| match done {
        Ok(Ran::Waits(_)) => true,
        Ok(Ran::Done { outcome, .. }) => outcome.report.has_faults() || missing::is_of_nothing(outcome),
        Ok(Ran::Meanwhile) | Err(_) => false,
    };
    Ok(match ran.iter().any(|(_, done)| words::failure(done).is_some()) {
        true => Ending::Failed,
        false if ran.iter().any(is_short) => Ending::WithRejects,
        false => Ending::Done,
    })
}
