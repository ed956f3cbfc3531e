//! One scheduled tick: ingest what is new, make the workbooks that are due, remove those that were kept long enough.
//!
//! The next tick makes up for a tick that was killed: everything it does is either committed or done again.

pub mod range;
pub mod plan;
mod find;
pub mod groups;
pub mod unknown;
mod setting;
mod step;
mod due;
mod retire;
pub mod metrics;

use crate::delivery::intake::Intake;
use crate::delivery::retain::{self, Retained};
use crate::delivery::taking::Taking;
use crate::delivery::{Delivered, Delivery, deliver, keep_off_store, leave_out_store};
use crate::error::Result;
use crate::events::{of_phase, timed};
use crate::output::{folder, make_folder, scratch_folder};
use crate::source::{ORIGINS, Source};
use crate::store::{self, Lock, Reader};
use crate::task::TaskProgress;
use crate::task::batch::side_by_side;
use crate::task::registered::{Ran, Running, hold, run_registered};
use crate::task::registry::{Registry, TaskRecord};
use crate::time::TimeRange;
use due::{Judged, judge_all};
use find::{FoundLogs, find};
use groups::{Unbilled, may_be_unbilled, unbilled_in};
use plan::{Plan, TaskRule};
use retire::retire;
pub use retire::{LeftAlone, Retired};
pub use setting::Tick;
use std::path::{Path, PathBuf};
pub use step::{Step, StepEnd, Why};
use unknown::{Unknown, unknown_in};

/// What is done by others who wait.
const WORK: &str = "flowbook run";

/// What a tick did.
pub struct Ticked {
    /// What became of the logs.
    pub taking: Taking,
    /// Files that were changed a moment ago, and are left for the next tick.
    pub young: Vec<String>,
    /// Arguments of sources that no file was found for.
    pub unmatched: Vec<PathBuf>,
    /// Why no log was stored: too many rejected lines. Then no workbook was made, either.
    pub refused: Option<String>,
    /// What became of the tasks, in the order of the plan.
    pub steps: Vec<Step>,
    /// Workbooks that were kept long enough.
    pub retired: Retired,
    /// Domains with usage in the present ranges that are outside the account, in no group, or in several.
    pub unbilled: Unbilled,
    /// Domains of the plan that no log names.
    pub unknown: Vec<Unknown>,
    /// Usage that was removed, if any was due.
    pub let_go: Option<Retained>,
}

/// Runs a tick.
///
/// # Errors
/// When another tick does not end, logs cannot be read to their end (unless the plan says to go on), or the store
/// fails. What fails in a task is that task's own.
pub fn tick(tick: &Tick<'_>, progress: &TaskProgress) -> Result<Ticked> {
    let Plan { store, lock_timeout, .. } = tick.plan;
    if tick.dry_run {
        // What would become of the store becomes of a copy.
        let scratch = scratch_folder()?;
        let copy = scratch.path().join("usage.db");
        if store.exists() {
            store::copy(store, &copy, *lock_timeout)?;
        }
        let plan = Plan { store: copy, ..tick.plan.clone() };
        return work(&Tick { plan: &plan, ..*tick }, store, progress);
    }
    make_folder(folder(store))?;
    let _lock = Lock::of_ticks(store, *lock_timeout, WORK)?;
    work(tick, store, progress)
}

/// Does the work of a tick. `store` is the file of the store, whatever is worked on: neither is it read as a log, nor does
/// a result take its place.
fn work(tick: &Tick<'_>, store: &Path, progress: &TaskProgress) -> Result<Ticked> {
    let FoundLogs { mut sources, young, unmatched } = timed("finding logs", || find(tick.plan))?;
    of_phase!("{} logs to look at, {} too young", sources.len(), young.len());
    leave_out_store(&mut sources, store);
    let Delivered { taking, refused } = take_in(tick, sources, progress)?;
    let mut ticked = Ticked {
        taking,
        young,
        unmatched,
        refused,
        steps: Vec::new(),
        retired: Retired::default(),
        unbilled: Unbilled::default(),
        unknown: Vec::new(),
        let_go: None,
    };
    if ticked.refused.is_none() {
        let _lock = hold(&tick.plan.store, tick.plan.lock_timeout, WORK)?;
        let judged = judge_all(tick)?;
        of_phase!("{} workbooks looked at", judged.len());
        ticked.steps = timed("making workbooks", || {
            if tick.dry_run { foretell(judged, store) } else { make(tick, judged, progress) }
        });
        ticked.retired = retire(tick, &ticked.steps)?;
        ticked.unbilled = unbilled(tick)?;
        ticked.unknown = unknown_in(&Reader::open(&tick.plan.store, tick.plan.lock_timeout)?, tick.plan)?;
        ticked.let_go = let_go(tick)?;
    }
    Ok(ticked)
}

/// Lets go usage that was kept long enough: once a day there is some. Days count back from the newest usage where that is
/// older than the clock: one that is far ahead lets go nothing, for nothing comes back.
fn let_go(tick: &Tick<'_>) -> Result<Option<Retained>> {
    let Plan { store, lock_timeout, keep_days, .. } = tick.plan;
    let Some(days) = *keep_days else { return Ok(None) };
    let reader = Reader::open(store, *lock_timeout)?;
    let now = reader.usage_end()?.map(|end| end.min(tick.now));
    let before = now.and_then(|now| retain::kept_from(now, days));
    let Some(before) = before else { return Ok(None) };
    if reader.kept_from()? >= before {
        return Ok(None);
    }
    drop(reader);
    retain::let_go(store, before, *lock_timeout, WORK, (false, tick.dry_run)).map(Some)
}

fn take_in(tick: &Tick<'_>, sources: Vec<Source>, progress: &TaskProgress) -> Result<Delivered> {
    let Plan { store, lock_timeout, keep_going, max_rejects, empty_is_delivered, .. } = tick.plan;
    let delivery = Delivery {
        store,
        wait: *lock_timeout,
        account: tick.plan.account_id,
        work: WORK,
        intake: Intake {
            origins: ORIGINS,
            formats: tick.plan.formats,
            threads: tick.running.threads,
            keep_going: *keep_going,
            max_rejects: *max_rejects,
            empty_is_delivered: Some(*empty_is_delivered),
            keep_rejects: None,
            rejects_of: None,
            verify: false,
            now: tick.now,
            progress: &progress.reading,
        },
        max_rejects: *max_rejects,
        rejects: None,
        results: &[],
        is_scratch: tick.dry_run,
        force: false,
        dry_run: false,
    };
    deliver(sources, &delivery)
}

/// What would become of tasks.
fn foretell(judged: Vec<Judged>, store: &Path) -> Vec<Step> {
    let mut steps: Vec<Step> = judged.into_iter().map(|one| one.step).collect();
    for step in steps.iter_mut().filter(|step| matches!(step.end, StepEnd::Due(..))) {
        if let Err(error) = keep_off_store(&step.output, store) {
            step.end = StepEnd::Failed(error.to_string());
        }
    }
    steps
}

/// Runs what is due.
fn make(tick: &Tick<'_>, judged: Vec<Judged>, progress: &TaskProgress) -> Vec<Step> {
    side_by_side(tick.running.threads, judged, |one, threads| {
        let Judged { mut step, task, tolerance } = one;
        if let (StepEnd::Due(why, _), Some(task)) = (&step.end, task) {
            let how = Running { threads, tolerance, ..tick.running };
            step.end = make_one(&task, *why, &how, progress);
        }
        step
    })
}

fn make_one(task: &TaskRecord, why: Why, how: &Running<'_>, progress: &TaskProgress) -> StepEnd {
    let made = make_folder(folder(&task.order.output)).and_then(|()| {
        let mut registry = Registry::open(how.at)?;
        run_registered(&mut registry, task, how, progress)
    });
    match made {
        Ok(Ran::Waits(waiting)) => StepEnd::Waits(waiting),
        Ok(Ran::Meanwhile) => StepEnd::UpToDate(None),
        Ok(Ran::Done { outcome, missing }) => match outcome.result {
            Err(why) => StepEnd::Failed(why),
            Ok(_) => StepEnd::Made(why, outcome, missing),
        },
        Err(error) => StepEnd::Failed(error.to_string()),
    }
}

/// Domains that are none of the account, or that no group holds, or several do, with usage in the ranges that the tasks of groups ask for now; without such
/// tasks, in those of all tasks.
fn unbilled(tick: &Tick<'_>) -> Result<Unbilled> {
    let Plan { account, tasks, store, lock_timeout, .. } = tick.plan;
    if !may_be_unbilled(account) {
        return Ok(Unbilled::default());
    }
    let of_groups: Vec<&TaskRule> = tasks.iter().filter(|task| task.request.group.is_some()).collect();
    let tasks = if of_groups.is_empty() { tasks.iter().collect() } else { of_groups };
    let now = tick.now;
    let asked = tasks.iter().map(|task| task.range_at(now.saturating_sub_unsigned(task.settle.as_secs())));
    let hull = asked.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let Some(range) = hull.and_then(|(start, end)| TimeRange::covering(start, end)) else {
        return Ok(Unbilled::default());
    };
    unbilled_in(&Reader::open(store, *lock_timeout)?, range, account)
}
