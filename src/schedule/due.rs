//! Which tasks of a plan are due, and what the others wait for.
//!
//! Makes no workbook. What is due or waits is registered, what its tasks need is stored, and those that wait in a form
//! that the plan had before are deleted, unless only foretold.

use super::plan::TaskRule;
use super::setting::Tick;
use super::step::{Step, StepEnd, Why};
use crate::contract::request::{ExportSpec, Overlaps, retention};
use crate::error::{Error, Result};
use crate::output::Spot;
use crate::output::paths::absolute;
use crate::region::Region;
use crate::store::Reader;
use crate::task::needs::{Standing, Tolerance, Verdict, Waiting, Wanted};
use crate::task::registry::{NewTask, Registry, Status, TaskRecord};
use crate::time::iso;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// A task as it stands before it is run.
pub(super) struct Judged {
    pub(super) step: Step,
    /// What is to be run, when it is due and registered.
    pub(super) task: Option<TaskRecord>,
    /// How much may be missing.
    pub(super) tolerance: Tolerance,
}

/// Judges the tasks of a plan, and what is left to do of their other ranges.
///
/// # Errors
/// When the store fails.
pub(super) fn judge_all(tick: &Tick<'_>) -> Result<Vec<Judged>> {
    let registry = Registry::open(tick.plan.at())?;
    let reader = Reader::open(&tick.plan.store, tick.plan.lock_timeout)?;
    let mut taken = BTreeMap::new();
    let wishes: Vec<Wish<'_>> = tick.plan.tasks.iter().map(|rule| Wish::of(tick, rule, &mut taken)).collect();
    let mut judge = Judge { tick, registry, reader, taken, judged: Vec::new() };
    wishes.into_iter().try_for_each(|wish| judge.rule(wish))?;
    Ok(judge.judged)
}

struct Judge<'a> {
    tick: &'a Tick<'a>,
    registry: Registry,
    reader: Reader,
    /// The places of the files of this tick, with the task that each is of.
    taken: BTreeMap<Spot, &'a str>,
    judged: Vec<Judged>,
}

/// What a rule asks for at a time, and where it goes, or why it cannot be made.
struct Wish<'a> {
    rule: &'a TaskRule,
    asked: (i64, i64),
    wanted: Result<(ExportSpec, PathBuf)>,
}

impl<'a> Wish<'a> {
    /// What a rule asks for now. Of several tasks with one file, the first of the plan has it: the times of their ranges tell
    /// only now that they meet.
    fn of(tick: &Tick<'a>, rule: &'a TaskRule, taken: &mut BTreeMap<Spot, &'a str>) -> Self {
        let now = tick.now;
        // What settles is looked at when it has: the range of the day, or month, in which it does.
        let asked = rule.range_at(now.saturating_sub_unsigned(rule.settle.as_secs()));
        let wanted = wanted(tick, rule, asked, now).and_then(|(spec, output)| {
            match *taken.entry(Spot::of(&output)).or_insert(&rule.name) {
                owner if owner == rule.name => Ok((spec, output)),
                owner => Err(Error::usage(rule.same_file(owner))),
            }
        });
        Self { rule, asked, wanted }
    }
}

/// What a rule asks for at a time, and what was made of it before.
struct Rated<'a> {
    rule: &'a TaskRule,
    spec: &'a ExportSpec,
    output: &'a Path,
    made: &'a [TaskRecord],
    now: i64,
}

impl Judge<'_> {
    fn rule(&mut self, wish: Wish<'_>) -> Result<()> {
        let (Wish { rule, asked, wanted }, now) = (wish, self.tick.now);
        let made = self.made(rule)?;
        let (spec, output) = match wanted {
            Ok(wanted) => wanted,
            Err(error) => {
                let end = StepEnd::Failed(error.to_string());
                let name = rule.name.clone();
                let step = Step { name, asked, output: PathBuf::new(), task: None, is_judged: false, end };
                self.judged.push(Judged { step, task: None, tolerance: Tolerance::Nothing });
                return Ok(());
            }
        };
        let judged = self.current(&Rated { rule, spec: &spec, output: &output, made: &made, now })?;
        self.judged.push(judged);
        // Of those with the same file the newest counts: its workbook takes the place of the others.
        let mut outputs = HashSet::from([output.clone()]);
        for task in made.iter().rev().filter(|task| task.order.asked != asked && !task.is_displaced()) {
            if outputs.insert(task.order.output.clone()) {
                let judged = self.other(rule, task, now)?;
                self.judged.extend(judged);
            }
        }
        Ok(())
    }

    /// The tasks of a rule, which need what it needs now.
    fn made(&mut self, rule: &TaskRule) -> Result<Vec<TaskRecord>> {
        let mut made = self.registry.of_plan(&rule.name)?;
        for task in made.iter_mut().filter(|task| task.needs != rule.needs) {
            self.registry.set_needs(task.id, rule.needs.as_ref())?;
            task.needs.clone_from(&rule.needs);
        }
        Ok(made)
    }

    /// The task of a rule for the range of now: decides whether it is due, and registers it if so.
    fn current(&mut self, rated: &Rated<'_>) -> Result<Judged> {
        let Rated { rule, spec, output, now, .. } = *rated;
        let request = rule.request_over(spec.asked);
        let new =
            NewTask { request: &request, spec, region: Region::Unspecified, output, plan: Some(&rule.name) };
        let current = rated.made.iter().find(|task| task.is_for(&new));
        let end = match self.why(rated, current)? {
            None => StepEnd::UpToDate(self.missing(current)?),
            Some(why) => {
                let standing = Standing::of(&mut self.registry, output, spec.asked)?;
                let tolerance = tolerance(rule, spec.asked, now);
                let (range, selection, needs) = (spec.range, &spec.selection, rule.needs.as_ref());
                let standing = &standing;
                let wanted = Wanted {
                    range,
                    selection,
                    needs,
                    standing,
                    is_unattended: true,
                    tolerance,
                    output,
                    folds: spec.folds(),
                    overlaps: spec.overlaps,
                };
                self.end(rule, spec.asked, why, &wanted, now)?
            }
        };
        self.drop_older_forms(rated, current)?;
        let task = self.register_running(&end, &new, current, rule, now)?;
        let (name, asked, output) = (rule.name.clone(), spec.asked, output.to_owned());
        let tolerance = tolerance(rule, asked, now);
        let id = task.as_ref().or(current).map(|task| task.id);
        let step = Step { name, asked, output, task: id, is_judged: rule.needs.is_some(), end };
        Ok(Judged { step, task, tolerance })
    }

    /// What waits in a form that the rule had before is not made any more.
    fn drop_older_forms(&mut self, rated: &Rated<'_>, current: Option<&TaskRecord>) -> Result<()> {
        let is_older = |task: &&TaskRecord| {
            task.order.asked == rated.spec.asked
                && task.status == Status::Created
                && current.is_none_or(|current| current.id != task.id)
        };
        if self.tick.dry_run {
            return Ok(());
        }
        let older = rated.made.iter().filter(is_older);
        older.map(|task| task.id).try_for_each(|id| self.registry.delete(id).map(drop))
    }

    /// Registers what is due, or waits.
    fn register_running(
        &mut self,
        end: &StepEnd,
        new: &NewTask<'_>,
        current: Option<&TaskRecord>,
        rule: &TaskRule,
        now: i64,
    ) -> Result<Option<TaskRecord>> {
        let id = match end {
            _ if self.tick.dry_run => return Ok(None),
            StepEnd::Due(..) => self.registry.register(new, now)?.id,
            // What waits is remembered, so that it is made when its range has moved on. Where its workbook would be that
            // of another that waits, there is one to come already.
            StepEnd::Waits(_) if current.is_none() => match self.registry.create_unless_waiting(new, now)? {
                Ok(id) => id,
                Err(_) => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.registry.set_needs(id, rule.needs.as_ref())?;
        self.registry.get(&id.to_string()).map(Some)
    }

    /// A task of another range of a rule: due when its data has changed, or when it waited and what it waited for is
    /// there.
    fn other(&mut self, rule: &TaskRule, task: &TaskRecord, now: i64) -> Result<Option<Judged>> {
        let why = match task.status {
            Status::Success if !rule.refresh || self.registry.changes(task)?.is_none() => return Ok(None),
            Status::Success => Why::Stale,
            Status::Created | Status::Failed => unmade(task),
        };
        let standing = Standing::of(&mut self.registry, &task.order.output, task.order.asked)?;
        let tolerance = tolerance(rule, task.order.asked, now);
        let owner = self.taken.get(&Spot::of(&task.order.output)).filter(|owner| **owner != rule.name);
        let end = match owner {
            Some(owner) if !task.is_own() => StepEnd::Failed(rule.same_file(owner)),
            _ => self.end(rule, task.order.asked, why, &Wanted::of(task, &standing, tolerance), now)?,
        };
        let (name, asked, output) = (rule.name.clone(), task.order.asked, task.order.output.clone());
        let id = Some(task.id);
        let step = Step { name, asked, output, task: id, is_judged: task.needs.is_some(), end };
        Ok(Some(Judged { step, task: Some(task.clone()), tolerance }))
    }

    /// What becomes of a task that is due for a reason, unless it must wait.
    fn end(
        &self,
        rule: &TaskRule,
        asked: (i64, i64),
        why: Why,
        wanted: &Wanted<'_>,
        now: i64,
    ) -> Result<StepEnd> {
        let settled = asked.1.saturating_add_unsigned(rule.settle.as_secs());
        if !rule.settle.is_zero() && now < settled && why != Why::Stale {
            let why = format!("it waits until {} (settle)", iso(settled));
            return Ok(StepEnd::Waits(Waiting::coming(why)));
        }
        let verdict = wanted.judge(&self.reader)?;
        Ok(match verdict {
            Verdict::Ready => StepEnd::Due(why, None),
            Verdict::Incomplete(missing) => StepEnd::Due(why, Some(missing)),
            Verdict::Waits(waiting) => StepEnd::Waits(waiting),
        })
    }

    /// What is missing in a workbook that was made incomplete, as it was waited for long enough.
    fn missing(&mut self, current: Option<&TaskRecord>) -> Result<Option<String>> {
        let is_lacking = |task: &&TaskRecord| {
            task.needs.is_some() && task.logged.as_ref().is_some_and(|logged| !logged.is_complete())
        };
        let Some(task) = current.filter(is_lacking) else { return Ok(None) };
        // What is missing is missing also while a copy came in, of which the workbook knows nothing.
        let overlaps = Overlaps::Report;
        let wanted = Wanted { overlaps, ..Wanted::of(task, &Standing::Nothing, Tolerance::Missing) };
        Ok(match wanted.judge(&self.reader)? {
            Verdict::Incomplete(missing) => Some(missing),
            Verdict::Ready | Verdict::Waits(_) => None,
        })
    }

    fn why(&mut self, rated: &Rated<'_>, current: Option<&TaskRecord>) -> Result<Option<Why>> {
        let Some(task) = current else { return Ok(Some(Why::New)) };
        if task.status != Status::Success {
            return Ok(Some(unmade(task)));
        }
        // What stands there is of other settings, which were changed back since.
        if task.is_displaced() {
            return Ok(Some(Why::Displaced));
        }
        if !rated.output.exists() || (self.tick.running.force && !task.is_own()) {
            return Ok(Some(Why::Missing));
        }
        let is_stale = rated.rule.refresh && self.registry.changes(task)?.is_some();
        Ok(is_stale.then_some(Why::Stale))
    }
}

/// Why a task is due that is not made: it is made again only where it was made before, or may have been.
const fn unmade(task: &TaskRecord) -> Why {
    if task.workbook.is_none() && !task.is_claimed { Why::New } else { Why::Again }
}

/// How much may be missing of what a task needs, whose range has ended so long ago.
fn tolerance(rule: &TaskRule, asked: (i64, i64), now: i64) -> Tolerance {
    let end = rule.wait_at_most.map(|wait| asked.1.saturating_add_unsigned(wait.as_secs()));
    if end.is_some_and(|end| now >= end) { Tolerance::Missing } else { Tolerance::Nothing }
}

/// What a rule asks for now, and where it goes.
fn wanted(tick: &Tick<'_>, rule: &TaskRule, asked: (i64, i64), now: i64) -> Result<(ExportSpec, PathBuf)> {
    let spec = rule.spec(asked, &tick.plan.account, tick.language)?;
    retention(asked.0, now, tick.plan.history_days)?;
    let name = rule.pattern.fill(&spec)?;
    Ok((spec, absolute(&tick.plan.output.folder.join(name))))
}
