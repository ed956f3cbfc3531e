//! One scheduled tick: take in what is new, make the workbooks that are due, remove those that were kept long enough.
//!
//! A tick that is killed is made up for by the next one: everything it does is either committed or done again.

use super::coverage::coverage;
use super::delivery::{Delivered, Delivery, deliver};
use super::intake::{Intake, Taking};
use super::many::side_by_side;
use super::plan::{Plan, SourceRule, TaskRule};
use super::registered::{Running, hold, run_registered};
use super::registry::{NewTask, Registry, Remains, Status, TaskRecord, absolute};
use super::{Outcome, Progress};
use crate::error::{Error, Result};
use crate::export::request::{ExportSpec, retention};
use crate::ingest::source::{NO_MATCH, Source, discover};
use crate::locale::Language;
use crate::log::Format;
use crate::output::{self, scratch_folder};
use crate::region::Region;
use crate::store::{self, Lock, Reader};
use crate::time::{DAY_SECONDS, iso};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What is done by others who wait.
const WORK: &str = "flowbook run";

/// A tick.
pub struct Tick<'a> {
    /// What there is to do.
    pub plan: &'a Plan,
    /// How tasks are run.
    pub running: Running<'a>,
    /// The language of workbooks that name none.
    pub language: Language,
    /// Only find out what would be done.
    pub dry_run: bool,
}

/// What a tick did.
pub struct Ticked {
    /// What became of the logs.
    pub taking: Taking,
    /// Why no log was stored: too many rejected lines. Then no workbook was made, either.
    pub refused: Option<String>,
    /// What became of the tasks, in the order of the plan.
    pub steps: Vec<Step>,
    /// Workbooks that were kept long enough.
    pub removed: Vec<PathBuf>,
}

/// What became of a task in a tick.
pub struct Step {
    /// The task's name in the plan.
    pub name: String,
    /// Its range, in unix seconds.
    pub asked: (i64, i64),
    /// Its workbook.
    pub output: PathBuf,
    /// What became of it.
    pub end: StepEnd,
}

/// How a step ended.
pub enum StepEnd {
    /// Its workbook is there, and nothing has changed.
    UpToDate,
    /// It is not due yet.
    Waits(String),
    /// It would be made, and why.
    Due(Why),
    /// Its workbook was made, and why.
    Made(Why, Box<Outcome>),
    /// No workbook was made.
    Failed(String),
}

/// Why a task is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was never made.
    New,
    /// The last attempt failed, or was cut short.
    Again,
    /// Its workbook is not where it was put.
    Missing,
    /// Its data has changed.
    Stale,
}

impl Why {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Again => "again",
            Self::Missing => "missing",
            Self::Stale => "stale",
        }
    }
}

/// Runs a tick.
///
/// # Errors
/// When another tick does not end, logs cannot be read to their end (unless the plan says to go on), or the store
/// fails. What fails in a task is that task's own.
pub fn tick(tick: &Tick<'_>, progress: &Progress) -> Result<Ticked> {
    let Plan { store, lock_timeout, .. } = tick.plan;
    if tick.dry_run {
        // What would become of the store becomes of a copy.
        let scratch = scratch_folder()?;
        let copy = scratch.path().join("usage.db");
        if store.exists() {
            store::copy(store, &copy, *lock_timeout)?;
        }
        let plan = Plan { store: copy, ..tick.plan.clone() };
        return work(&Tick { plan: &plan, ..*tick }, progress);
    }
    let _lock = Lock::of_ticks(store, *lock_timeout, WORK)?;
    work(tick, progress)
}

fn work(tick: &Tick<'_>, progress: &Progress) -> Result<Ticked> {
    let Delivered { taking, refused } = take_in(tick, progress)?;
    let mut ticked = Ticked { taking, refused, steps: Vec::new(), removed: Vec::new() };
    if ticked.refused.is_none() {
        let _lock = hold(&tick.plan.store, tick.plan.lock_timeout, WORK)?;
        let jobs = judge_all(tick)?;
        ticked.steps = make(tick, jobs, progress)?;
        ticked.removed = retire(tick)?;
    }
    Ok(ticked)
}

fn take_in(tick: &Tick<'_>, progress: &Progress) -> Result<Delivered> {
    let Plan { store, lock_timeout, keep_going, max_rejects, sources, .. } = tick.plan;
    let delivery = Delivery {
        store,
        wait: *lock_timeout,
        work: WORK,
        intake: Intake {
            format: Format::default(),
            threads: tick.running.threads,
            keep_going: *keep_going,
            keep_rejects: None,
            rejects_of: None,
            verify: false,
            now: (tick.running.now)(),
            progress: &progress.reading,
        },
        max_rejects: *max_rejects,
        rejects: None,
        results: &[],
        is_scratch: tick.dry_run,
        force: false,
        dry_run: false,
    };
    deliver(discover_all(sources)?, &delivery)
}

/// The sources of all rules, sorted; what several rules find belongs to the first of them.
fn discover_all(rules: &[SourceRule]) -> Result<Vec<Source>> {
    let (mut all, mut seen, mut folders) = (Vec::new(), HashSet::new(), HashMap::new());
    for rule in rules {
        for source in discover(&rule.arguments)? {
            // Between two deliveries there may be nothing.
            if source.fault.as_deref() == Some(NO_MATCH) {
                continue;
            }
            // Rules may spell one folder in several ways.
            let real = source.path.as_ref().filter(|_| rules.len() > 1).map(|path| {
                let folder = output::folder(path);
                let real = folders.entry(folder.to_owned());
                let real =
                    real.or_insert_with(|| fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()));
                real.join(path.file_name().unwrap_or_default())
            });
            if real.is_none_or(|path| seen.insert(path)) {
                let region = Some(rule.region).filter(|region| *region != Region::Unspecified);
                all.push(Source { region, domain: rule.domain.clone(), ..source });
            }
        }
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

/// A task as it stands before it is run.
struct Job {
    step: Step,
    /// What is to be run, when it is due and registered.
    task: Option<TaskRecord>,
    /// The file that stands there is of an older form of the task.
    replaces: bool,
}

fn judge_all(tick: &Tick<'_>) -> Result<Vec<Job>> {
    let store = &tick.plan.store;
    let mut registry = Registry::open(store, tick.plan.lock_timeout)?;
    let reader = Reader::open(store, tick.plan.lock_timeout)?;
    let mut jobs = Vec::new();
    for rule in &tick.plan.tasks {
        let now = (tick.running.now)();
        // What settles is looked at when it has: the range of the day, or month, in which it does.
        let asked = rule.range_at(now.saturating_sub_unsigned(rule.settle.as_secs()));
        let made = registry.of_plan(&rule.name)?;
        match wanted(tick, rule, asked, now) {
            Ok((spec, output)) => {
                let rated = Rated { tick, rule, spec: &spec, output: &output, made: &made, now };
                jobs.push(rated.judge(&mut registry, &reader)?);
                // Of those with the same file the newest counts: its workbook takes the place of the others.
                let mut outputs = HashSet::from([output.clone()]);
                for task in made.iter().rev().filter(|task| task.asked != asked) {
                    if outputs.insert(task.output.clone()) {
                        jobs.extend(judge_other(tick, rule, task, &mut registry, &reader)?);
                    }
                }
            }
            Err(error) => {
                let end = StepEnd::Failed(error.to_string());
                let step = Step { name: rule.name.clone(), asked, output: PathBuf::new(), end };
                jobs.push(Job { step, task: None, replaces: false });
            }
        }
    }
    Ok(jobs)
}

/// What a rule asks for now, and where it goes.
fn wanted(tick: &Tick<'_>, rule: &TaskRule, asked: (i64, i64), now: i64) -> Result<(ExportSpec, PathBuf)> {
    let spec = rule.spec(asked, &tick.plan.account, tick.language)?;
    retention(asked.0, now, tick.plan.history_days)?;
    let name = rule.pattern.fill(&spec)?;
    Ok((spec, absolute(&tick.plan.output.folder.join(name))))
}

/// A task of another range of a rule: due when its data has changed, or when it waited and what it waited for is there.
fn judge_other(
    tick: &Tick<'_>,
    rule: &TaskRule,
    task: &TaskRecord,
    registry: &mut Registry,
    reader: &Reader,
) -> Result<Option<Job>> {
    let end = match task.status {
        Status::Success if !rule.refresh || registry.changes(task)?.is_none() => return Ok(None),
        Status::Success => StepEnd::Due(Why::Stale),
        Status::Created | Status::Failed => {
            let spec = task.spec()?;
            match waits_for(rule, &spec, (tick.running.now)(), reader)? {
                Some(why) => StepEnd::Waits(why),
                None => StepEnd::Due(Why::Again),
            }
        }
    };
    let (name, asked, output) = (rule.name.clone(), task.asked, task.output.clone());
    let step = Step { name, asked, output, end };
    Ok(Some(Job { step, task: Some(task.clone()), replaces: false }))
}

/// What a task still waits for.
fn waits_for(rule: &TaskRule, spec: &ExportSpec, now: i64, reader: &Reader) -> Result<Option<String>> {
    let settled = spec.asked.1.saturating_add_unsigned(rule.settle.as_secs());
    if !rule.settle.is_zero() && now < settled {
        return Ok(Some(format!("it settles at {}", iso(settled))));
    }
    if !rule.require_complete {
        return Ok(None);
    }
    Ok(coverage(reader, &spec.selection, Some(spec.range))?.missing())
}

/// A rule, what it asks for, and what was made of it before.
struct Rated<'a> {
    tick: &'a Tick<'a>,
    rule: &'a TaskRule,
    spec: &'a ExportSpec,
    output: &'a Path,
    made: &'a [TaskRecord],
    now: i64,
}

impl Rated<'_> {
    /// Decides whether the task is due, and registers it if so.
    fn judge(&self, registry: &mut Registry, reader: &Reader) -> Result<Job> {
        let request = self.rule.request_over(self.spec.asked);
        let new = NewTask {
            request: &request,
            spec: self.spec,
            region: Region::Unspecified,
            output: self.output,
            plan: Some(&self.rule.name),
        };
        let current = self.made.iter().find(|task| task.is_for(&new));
        let why = self.why(current, registry)?;
        let end = match why {
            None => StepEnd::UpToDate,
            Some(Why::Stale) => StepEnd::Due(Why::Stale),
            Some(why) => {
                waits_for(self.rule, self.spec, self.now, reader)?.map_or(StepEnd::Due(why), StepEnd::Waits)
            }
        };
        let mut task = None;
        match &end {
            _ if self.tick.dry_run => {}
            StepEnd::Due(_) => {
                let id = registry.register(&new, self.now)?.id;
                task = Some(registry.get(&id.to_string())?);
            }
            // What waits is remembered, so that it is made when its range has moved on. Where its workbook would be that
            // of another that waits, there is one to come already.
            StepEnd::Waits(_) if current.is_none() => drop(registry.create(&new, self.now)),
            _ => {}
        }
        let replaces = self.made.iter().any(|task| task.output == self.output && task.is_own());
        let (name, asked, output) = (self.rule.name.clone(), self.spec.asked, self.output.to_owned());
        Ok(Job { step: Step { name, asked, output, end }, task, replaces })
    }

    fn why(&self, current: Option<&TaskRecord>, registry: &mut Registry) -> Result<Option<Why>> {
        let Some(task) = current else { return Ok(Some(Why::New)) };
        if task.status != Status::Success {
            return Ok(Some(Why::Again));
        }
        if !self.output.exists() || (self.tick.running.force && !task.is_own()) {
            return Ok(Some(Why::Missing));
        }
        let is_stale = self.rule.refresh && registry.changes(task)?.is_some();
        Ok(is_stale.then_some(Why::Stale))
    }
}

/// Runs what is due.
fn make(tick: &Tick<'_>, jobs: Vec<Job>, progress: &Progress) -> Result<Vec<Step>> {
    if tick.dry_run {
        return Ok(jobs.into_iter().map(|job| job.step).collect());
    }
    side_by_side(tick.running.threads, jobs, |job, threads| {
        let Job { mut step, task, replaces } = job;
        if let (StepEnd::Due(why), Some(task)) = (&step.end, task) {
            let how = Running { threads, force: tick.running.force || replaces, ..tick.running };
            step.end = make_one(&task, *why, &how, progress);
        }
        step
    })
}

fn make_one(task: &TaskRecord, why: Why, how: &Running<'_>, progress: &Progress) -> StepEnd {
    let folder = output::folder(&task.output);
    let made = fs::create_dir_all(folder).map_err(Error::io("cannot make this folder"));
    let made = made.map_err(|e| e.at(folder)).and_then(|()| {
        let mut registry = Registry::open(how.store, how.wait)?;
        run_registered(&mut registry, task, how, progress)
    });
    match made {
        Ok(Outcome { result: Err(why), .. }) => StepEnd::Failed(why),
        Ok(outcome) => StepEnd::Made(why, Box::new(outcome)),
        Err(error) => StepEnd::Failed(error.to_string()),
    }
}

/// Removes workbooks that were kept long enough, each with its task; never one that the plan asks for now.
fn retire(tick: &Tick<'_>) -> Result<Vec<PathBuf>> {
    let rule = &tick.plan.output;
    let now = (tick.running.now)();
    let oldest = rule.keep_days.map_or(i64::MIN, |days| now - i64::from(days) * DAY_SECONDS);
    let most = rule.keep_last.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    let mut removed = Vec::new();
    let mut registry = Registry::open(&tick.plan.store, tick.plan.lock_timeout)?;
    for task in &tick.plan.tasks {
        let asked = task.range_at(now.saturating_sub_unsigned(task.settle.as_secs()));
        let mut made = registry.of_plan(&task.name)?;
        made.sort_by_key(|task| (std::cmp::Reverse(task.asked), task.id));
        // The workbook of a later range took the place of theirs.
        let is_displaced = |task: &TaskRecord| task.status == Status::Success && task.workbook.is_none();
        for (at, record) in made.into_iter().enumerate() {
            let is_old = at >= most || record.updated < oldest || is_displaced(&record);
            if record.asked == asked || !is_old {
                continue;
            }
            let is_removed =
                if tick.dry_run { record.is_own() } else { registry.delete(record.id)? == Remains::Removed };
            removed.extend(Some(record.output).filter(|_| is_removed));
        }
    }
    Ok(removed)
}
