//! Runs of registered tasks. Each is watched from before its snapshot is taken, and ends in success or failure.

use super::registry::{NewTask, Registration, Registry, TaskId, TaskRecord};
use super::{Outcome, Progress, Task, run_stored};
use crate::error::{ErrorKind, Result};
use crate::export::request::ExportRequest;
use crate::log::Format;
use crate::report::RejectLimit;
use crate::store::{Lock, Reader};
use std::path::Path;
use std::time::Duration;

/// How registered tasks are run.
#[derive(Clone, Copy, Debug)]
pub struct Running<'a> {
    /// The store.
    pub store: &'a Path,
    /// How long to wait for other processes.
    pub wait: Duration,
    /// Worker threads; 0 is one per core.
    pub threads: usize,
    /// How many lines may be rejected.
    pub max_rejects: RejectLimit,
    /// Replace files that the tasks did not make.
    pub force: bool,
    /// Creation time of the documents, unix seconds.
    pub created: i64,
    /// Tells the time, in unix seconds.
    pub now: fn() -> i64,
}

/// Waits for the right to make workbooks from a store and to put down what came of it; nothing where the store's folder
/// takes no lock: there, nothing can be put down, either.
///
/// # Errors
/// When another process still holds it after `wait`.
pub fn hold(store: &Path, wait: Duration, work: &str) -> Result<Option<Lock>> {
    match Lock::of_tasks(store, wait, work) {
        Err(error) if matches!(error.kind(), ErrorKind::Io(..)) => Ok(None),
        lock => lock.map(Some),
    }
}

/// Runs a registered task, and puts down what came of it. Its own workbook is replaced. The caller holds
/// what [`hold`] gives.
///
/// # Errors
/// When the run failed, which is put down too, or that cannot be done.
pub fn run_registered(
    registry: &mut Registry,
    task: &TaskRecord,
    how: &Running<'_>,
    progress: &Progress,
) -> Result<Outcome> {
    // Others may have run it since it was looked up.
    let task = &registry.get(&task.id.to_string())?;
    let may_replace = how.force || task.is_own() || task.is_claimed;
    registry.begin(task.id, may_replace || !task.output.exists())?;
    let result = attempt(task, &Running { force: may_replace, ..*how }, progress);
    let now = (how.now)();
    match &result {
        Ok((generation, Outcome { result: Ok(_), .. })) => {
            registry.succeed(task.id, &task.output, *generation, now)?;
        }
        Ok((_, Outcome { result: Err(why), .. })) => registry.fail(task.id, why, now)?,
        Err(error) => registry.fail(task.id, &error.to_string(), now)?,
    }
    result.map(|(_, outcome)| outcome)
}

fn attempt(task: &TaskRecord, how: &Running<'_>, progress: &Progress) -> Result<(i64, Outcome)> {
    let spec = task.spec()?;
    let run = Task {
        spec: &spec,
        logs: &[],
        format: Format::default(),
        region: task.region,
        threads: how.threads,
        keep_going: false,
        max_rejects: how.max_rejects,
        rejects: None,
        output: &task.output,
        force: how.force,
        created: how.created,
    };
    let reader = Reader::open(how.store, how.wait)?;
    Ok((reader.generation()?, run_stored(&run, &reader, progress)?))
}

/// What came of an export that was to be registered.
pub struct Kept {
    /// What came of the export.
    pub outcome: Outcome,
    /// The task that it is registered as, or why it is not; `None` when there is no workbook.
    pub task: Option<Result<TaskId>>,
}

/// Runs a task over what a store holds, and registers it. That it cannot be registered does not stop it. The caller
/// holds what [`hold`] gives.
///
/// # Errors
/// When the store cannot be read, or the workbook cannot be written; then nothing is registered.
pub fn run_and_register(
    task: &Task<'_>,
    request: &ExportRequest,
    store: &Path,
    wait: Duration,
    now: fn() -> i64,
    progress: &Progress,
) -> Result<Kept> {
    let new = NewTask { request, spec: task.spec, region: task.region, output: task.output, plan: None };
    let registered = Registry::open(store, wait).and_then(|mut registry| {
        let registration = registry.register(&new, now())?;
        Ok((registry, registration))
    });
    let made = Reader::open(store, wait).and_then(|reader| {
        let outcome = run_stored(task, &reader, progress)?;
        Ok((reader.generation()?, outcome))
    });
    let is_made = matches!(&made, Ok((_, Outcome { result: Ok(_), .. })));
    let generation = made.as_ref().ok().filter(|_| is_made).map(|(generation, _)| *generation);
    let settled = registered.and_then(|both| settle(both, task.output, generation, now()));
    let (_, outcome) = made?;
    Ok(Kept { outcome, task: is_made.then_some(settled) })
}

/// Puts down that a workbook was made, or that none was.
fn settle(
    (mut registry, registration): (Registry, Registration),
    output: &Path,
    generation: Option<i64>,
    now: i64,
) -> Result<TaskId> {
    match generation {
        Some(generation) => registry.succeed(registration.id, output, generation, now)?,
        None => registry.withdraw(registration)?,
    }
    Ok(registration.id)
}
