//! Workbooks that were kept long enough, and their removal.
//!
//! A clock that is far ahead removes nothing: days count back from the newest workbook and the newest usage where these
//! are older, and a workbook of a range that no usage reaches displaces none that shows some.

use super::plan::{Plan, TaskRule};
use super::setting::Tick;
use super::step::{Step, StepEnd};
use crate::error::Result;
use crate::store::Reader;
use crate::task::registry::{Registry, Remains, Status, TaskId, TaskRecord};
use crate::time::DAY_SECONDS;
use std::cmp::Reverse;
use std::path::PathBuf;

/// A workbook of a task of the plan, or a task without one.
struct KeptWorkbook {
    asked: (i64, i64),
    output: PathBuf,
    /// When it was made.
    time: i64,
    has_workbook: bool,
    /// Its task; none of a workbook that a dry run does not make.
    task: Option<TaskRecord>,
}

/// A workbook that was kept long enough and is not removed: its task stays with it.
pub struct LeftAlone {
    /// Its task.
    pub id: TaskId,
    /// Its path.
    pub path: PathBuf,
    /// Why it is not removed.
    pub why: String,
    /// Whether this was not reported before.
    pub is_new: bool,
}

/// What became of workbooks that were kept long enough.
#[derive(Default)]
pub struct Retired {
    /// Those that are gone.
    pub removed: Vec<PathBuf>,
    /// The files that are still there.
    pub left_alone: Vec<LeftAlone>,
}

/// Removes workbooks that were kept long enough, each with its task; never one that the plan asks for now, nor what is not
/// provably the workbook: that is told, once in a message and in each tick to who asks for all. A dry run says what a run
/// that makes what is due would do.
///
/// # Errors
/// When the store fails.
pub(super) fn retire(tick: &Tick<'_>, steps: &[Step]) -> Result<Retired> {
    let Plan { store, lock_timeout, tasks, .. } = tick.plan;
    let usage_end = Reader::open(store, *lock_timeout)?.usage_end()?;
    let mut registry = Registry::open(tick.plan.at())?;
    let now = tick.now;
    let kept = tasks.iter().map(|rule| Ok(kept(tick, rule, steps, registry.of_plan(&rule.name)?, now)));
    let kept: Vec<Vec<KeptWorkbook>> = kept.collect::<Result<_>>()?;
    let limits = KeepLimits::of(tick, kept.iter().flatten(), usage_end);
    let mut retired = Retired::default();
    for (rule, kept) in tasks.iter().zip(kept) {
        let asked = rule.range_at(now.saturating_sub_unsigned(rule.settle.as_secs()));
        for old in limits.old(kept).into_iter().filter(|old| old.asked != asked) {
            let Some(task) = &old.task else {
                retired.removed.push(old.output);
                continue;
            };
            let remains =
                if tick.dry_run { registry.foretell(task.id)? } else { registry.retire(task.id)? };
            match remains {
                Remains::Nothing => {}
                Remains::Removed => retired.removed.push(old.output),
                Remains::LeftAlone(why) => {
                    let is_new = tick.dry_run || registry.remark(task.id, &format!("{LEFT_ALONE}: {why}"))?;
                    retired.left_alone.push(LeftAlone { id: task.id, path: old.output, why, is_new });
                }
            }
        }
    }
    Ok(retired)
}

/// What the reason of a task begins with whose workbook is left alone.
const LEFT_ALONE: &str = "its workbook is due for removal but was left alone";

/// What there is of a rule when all that is due is made, the newest range first.
fn kept(
    tick: &Tick<'_>,
    rule: &TaskRule,
    steps: &[Step],
    tasks: Vec<TaskRecord>,
    now: i64,
) -> Vec<KeptWorkbook> {
    let is_due = |step: &&Step| step.name == rule.name && matches!(step.end, StepEnd::Due(..));
    let due: Vec<&Step> = steps.iter().filter(is_due).filter(|_| tick.dry_run).collect();
    // The workbooks of these would take the place of those that stand there.
    let stays = |task: &TaskRecord| due.iter().all(|step| step.output != task.order.output);
    let mut kept: Vec<KeptWorkbook> =
        tasks.into_iter().filter(stays).map(|task| KeptWorkbook::of(task, now)).collect();
    kept.extend(due.iter().map(|step| KeptWorkbook {
        asked: step.asked,
        output: step.output.clone(),
        time: now,
        has_workbook: true,
        task: None,
    }));
    kept.sort_by_key(|one| (Reverse(one.asked), one.task.as_ref().map(|task| task.id)));
    kept
}

impl KeptWorkbook {
    fn of(task: TaskRecord, now: i64) -> Self {
        let (asked, output, has_workbook) =
            (task.order.asked, task.order.output.clone(), task.workbook.is_some());
        // What a clock that was ahead put down tells nothing.
        let time = if task.updated <= now { task.updated } else { task.order.asked.1.min(now) };
        Self { asked, output, time, has_workbook, task: Some(task) }
    }

    /// Whether the workbook of a later range took the place of its own.
    fn is_displaced(&self) -> bool {
        self.task.as_ref().is_some_and(|task| task.status == Status::Success) && !self.has_workbook
    }
}

/// How long workbooks are kept.
struct KeepLimits {
    /// Those made before are old.
    oldest: i64,
    /// So many of a task stay.
    most: usize,
    /// Where the usage of the store ends.
    usage_end: i64,
}

impl KeepLimits {
    fn of<'a>(tick: &Tick<'_>, kept: impl Iterator<Item = &'a KeptWorkbook>, usage_end: Option<i64>) -> Self {
        let rule = &tick.plan.output;
        let newest = kept.filter(|one| one.has_workbook).map(|one| one.time).max();
        let from = [newest, usage_end].into_iter().flatten().fold(tick.now, i64::min);
        Self {
            oldest: rule.keep_days.map_or(i64::MIN, |days| from - i64::from(days) * DAY_SECONDS),
            most: rule.keep_last.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX)),
            usage_end: usage_end.unwrap_or(i64::MIN),
        }
    }

    /// Those of a rule that were kept long enough.
    fn old(&self, kept: Vec<KeptWorkbook>) -> Vec<KeptWorkbook> {
        let mut later = 0;
        let is_old = |one: &KeptWorkbook| {
            if one.is_displaced() {
                return true;
            }
            // What can show no usage takes the place of no other.
            if one.asked.0 >= self.usage_end {
                return false;
            }
            let at = later;
            later += usize::from(one.has_workbook);
            at >= self.most || one.time < self.oldest
        };
        kept.into_iter().filter(is_old).collect()
    }
}
