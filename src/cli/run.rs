//! `flowbook run`: one scheduled tick over a configuration file.

pub(super) mod words;

use super::environment::{self, creation_time, now};
use super::flags::TellingFlags;
use super::{Ending, config, exit_code, notes, progress, show};
use crate::contract::request::Overlaps;
use crate::error::{Error, Result};
use crate::output::{Output, folder, make_folder};
use crate::schedule::metrics::{self, TickFigures};
use crate::schedule::plan::Plan;
use crate::schedule::{StepEnd, Tick, Ticked, tick};
use crate::store::Reader;
use crate::task::TaskProgress;
use crate::task::needs::{Tolerance, WaitCause};
use crate::task::registered::Running;
use crate::task::registry::{PastTick, Registry};
use clap::{Args, ValueHint};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Run one scheduled tick: ingest new logs, make the workbooks that are due, remove old ones.
///
/// Run it as often as you like: a tick does what is left to do. One tick runs at a time. A log that cannot be read to its
/// end is named and does not stop the others, unless the configuration says so. A task waits for what it needs and says
/// so; no workbook is replaced by one with fewer hours. `flowbook history` lists ticks.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct RunArguments {
    /// The configuration (TOML): store, sources, output, tasks, and the account with its groups.
    #[arg(env = environment::CONFIG, hide_env_values = true, value_hint = ValueHint::FilePath)]
    config: PathBuf,

    /// Say what would be done, and change nothing.
    #[arg(long)]
    dry_run: bool,

    /// Replace files at the path of a workbook that its task did not make.
    #[arg(long)]
    force: bool,

    /// Worker threads [default: one per core].
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = super::threads)]
    threads: usize,

    #[command(flatten)]
    pub(super) telling: TellingFlags,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done, or nothing to do, or a task waits
  1  a task failed, the disk is full, the store is damaged or held by another process, ...
  2  wrong configuration or arguments
  3  incomplete: a log could not be read to its end (it is named); or wait_at_most passed
     and a workbook was made with hours missing (they are named); or a task refuses
     overlaps, and files may count twice; or more lines than max_rejects were rejected,
     and nothing was stored";

pub(super) fn run(arguments: &RunArguments) -> Result<Ending> {
    let begun = Begun { time: now(), clock: Instant::now() };
    attempt(arguments, begun).inspect_err(|error| {
        if arguments.telling.json {
            // Whoever reads the lines of many ticks finds the same keys in each.
            let mut object = words::Frame::of(begun, exit_code(error)).object();
            for (key, value) in show::response(&show::error_object(error)).as_object().into_iter().flatten() {
                object[key] = value.clone();
            }
            // Where that cannot be written, the exit code and standard error still tell it.
            let _ = show::object(&object);
        }
    })
}

/// When a tick began.
#[derive(Clone, Copy)]
struct Begun {
    time: i64,
    clock: Instant,
}

impl Begun {
    fn milliseconds(self) -> u64 {
        u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn attempt(arguments: &RunArguments, begun: Begun) -> Result<Ending> {
    let plan = config::plan(&arguments.config)?;
    let running = Running {
        at: plan.at(),
        threads: arguments.threads,
        max_rejects: plan.max_rejects,
        force: arguments.force,
        tolerance: Tolerance::Nothing,
        created: creation_time()?,
        now,
    };
    let (language, dry_run) = (environment::language(), arguments.dry_run);
    let one = Tick { plan: &plan, now: begun.time, running, language, dry_run };
    let progress = TaskProgress { warn: Some(show::message), ..TaskProgress::default() };
    let ticked = progress::beside(arguments.telling.has_bar(), &progress, || tick(&one, &progress));
    match ticked {
        Ok(ticked) => tell(arguments, &plan, &ticked, begun),
        Err(error) => {
            if !arguments.dry_run {
                broken_off(&plan, &error, begun);
            }
            Err(error)
        }
    }
}

/// Tells what a tick did, to everyone who wants to know.
fn tell(arguments: &RunArguments, plan: &Plan, ticked: &Ticked, begun: Begun) -> Result<Ending> {
    let mut object = words::as_json(ticked, plan, arguments.dry_run);
    let is_asked = arguments.dry_run || arguments.telling.verbose > 0;
    let said = if is_asked { words::Said::default() } else { words::Said::by(&last_ticks(plan), &object) };
    words::messages(ticked, plan, begun.time, arguments.dry_run, said);
    let refuses =
        plan.tasks.iter().any(|task| task.request.overlaps.as_deref() == Some(Overlaps::Refuse.name()));
    show::messages(&notes::of_taking(&ticked.taking, refuses));
    let mut ending = ending(ticked);
    if !arguments.dry_run
        && let Err(error) = metrics(plan, Some(ticked), begun, ending.code())
    {
        ending = Ending::Failed;
        words::add_error(&mut object, &no_figures(&error));
    }
    words::Frame::of(begun, ending.code()).put_into(&mut object);
    if !arguments.dry_run {
        let line = words::kept(object.clone()).to_string();
        put_down(plan, &PastTick { time: begun.time, exit_code: ending.code(), line });
    }
    if arguments.telling.json {
        show::object(&object)?;
    } else if !arguments.telling.quiet {
        show::rows(&words::as_rows(ticked, arguments.dry_run))?;
    }
    Ok(ending)
}

fn ending(ticked: &Ticked) -> Ending {
    let failed = ticked.steps.iter().any(|step| matches!(step.end, StepEnd::Failed(_)));
    let is_incomplete = |end: &StepEnd| matches!(end, StepEnd::Made(_, _, Some(_)));
    // Time does not heal it, so that somebody must look.
    let is_refused =
        |end: &StepEnd| matches!(end, StepEnd::Waits(waiting) if waiting.cause == WaitCause::Twice);
    let lacks = ticked.refused.is_some()
        || !ticked.taking.faults.is_empty()
        || ticked.steps.iter().any(|step| is_incomplete(&step.end) || is_refused(&step.end));
    match (failed, lacks) {
        (true, _) => Ending::Failed,
        (false, true) => Ending::WithRejects,
        (false, false) => Ending::Done,
    }
}

/// Tells those who look at ticks later that one was broken off.
fn broken_off(plan: &Plan, error: &Error, begun: Begun) {
    let exit_code = exit_code(error);
    let mut object = words::Frame::of(begun, exit_code).object();
    words::add_error(&mut object, &error.to_string());
    if let Err(error) = metrics(plan, None, begun, exit_code) {
        words::add_error(&mut object, &no_figures(&error));
    }
    put_down(plan, &PastTick { time: begun.time, exit_code, line: object.to_string() });
}

/// Says that the figures for Prometheus are not there.
fn no_figures(error: &Error) -> String {
    let text = format!("the figures for Prometheus could not be written: {error}");
    show::explain(&text);
    text
}

/// Ticks that are looked at for what was said before: those that were broken off said nothing of it.
const LOOKED_AT: u64 = 20;

/// The last ticks, the newest first. Where these cannot be read, all is said once more.
fn last_ticks(plan: &Plan) -> Vec<PastTick> {
    let reader = Reader::open(&plan.store, plan.lock_timeout);
    reader.and_then(|reader| reader.ticks(LOOKED_AT)).unwrap_or_default()
}

/// Puts a tick down in the store, where there is one.
fn put_down(plan: &Plan, tick: &PastTick) {
    if !plan.store.exists() {
        return;
    }
    let done = Registry::open(plan.at()).and_then(|mut registry| registry.add_tick(tick));
    if let Err(error) = done {
        show::explain(&format!("this tick could not be stored for flowbook history: {error}"));
    }
}

/// Writes the figures for Prometheus, if the plan wants them: the file is complete at every moment.
fn metrics(plan: &Plan, ticked: Option<&Ticked>, begun: Begun, exit_code: u8) -> Result<()> {
    let Some(path) = &plan.output.metrics else { return Ok(()) };
    let tasks: Vec<&str> = plan.tasks.iter().map(|task| task.name.as_str()).collect();
    let facts = TickFigures {
        begun: begun.time,
        milliseconds: begun.milliseconds(),
        exit_code,
        last_success: if exit_code == 0 { Some(begun.time) } else { last_success(plan) },
        store_bytes: plan.store.metadata().ok().map(|meta| meta.len()),
        tasks: &tasks,
        ticked,
    };
    write(path, metrics::text(&facts).as_bytes())
}

/// What cannot be found out is left out.
fn last_success(plan: &Plan) -> Option<i64> {
    let reader = Reader::open(&plan.store, plan.lock_timeout).ok()?;
    reader.last_tick(0).ok().flatten()
}

fn write(path: &Path, text: &[u8]) -> Result<()> {
    make_folder(folder(path))?;
    let mut output = Output::create(path, true)?;
    output.file().write_all(text).map_err(Error::io("cannot write")).map_err(|e| e.at(path))?;
    output.commit()
}
