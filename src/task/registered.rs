//! Runs of registered tasks. Each is watched from before its snapshot is taken, and ends in success or failure.

use super::coverage::coverage;
use super::needs::{STAYS, Standing, Tolerance, Verdict, WaitCause, Waiting, Wanted};
use super::registry::{AccountStore, MadeFrom, NewTask, Registration, Registry, TaskId, TaskRecord};
use super::{Outcome, Task, TaskProgress, run_sealed};
use crate::contract::request::{ExportRequest, Overlaps};
use crate::delivery::retain::what_was_let_go;
use crate::digest::Hash;
use crate::domain::Domain;
use crate::error::{Error, ErrorKind, Result};
use crate::output::Seal;
use crate::report::RejectLimit;
use crate::store::{Lock, Reader, is_read_only};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How registered tasks are run.
#[derive(Clone, Copy, Debug)]
pub struct Running<'a> {
    /// The store, and the account of the tasks.
    pub at: AccountStore<'a>,
    /// Worker threads; 0 is one per core.
    pub threads: usize,
    /// How many lines may be rejected.
    pub max_rejects: RejectLimit,
    /// Replace files that the tasks did not make.
    pub force: bool,
    /// How much may be missing of what a workbook needs.
    pub tolerance: Tolerance,
    /// Creation time of the documents, unix seconds.
    pub created: i64,
    /// Returns the time, in unix seconds.
    pub now: fn() -> i64,
}

/// Waits for the right to make workbooks from a store and to store the results. `None` if there is no lock and the
/// store is open only for reading: then no result can be stored, either.
///
/// # Errors
/// If another process still holds it after `wait`, or there is no lock for a store that is written: without a lock,
/// several processes would make the same workbooks.
pub fn hold(store: &Path, wait: Duration, work: &str) -> Result<Option<Lock>> {
    match Lock::of_tasks(store, wait, work) {
        Err(error) if matches!(error.kind(), ErrorKind::Io(..)) => {
            if is_read_only(store, wait)? {
                Ok(None)
            } else {
                Err(error)
            }
        }
        lock => lock.map(Some),
    }
}

/// The result of running a registered task.
pub enum Ran {
    /// It ran.
    Done {
        /// What came of the run.
        outcome: Box<Outcome>,
        /// What was missing of what its workbook needs.
        missing: Option<String>,
    },
    /// The store does not have what its workbook needs, and why. Nothing was changed.
    Waits(Waiting),
    /// Another process made its workbook since it was looked up, and nothing has changed since then.
    Meanwhile,
}

/// Runs a registered task, unless it waits, and stores the result. Its own workbook is replaced. The caller holds what
/// [`hold`] returns.
///
/// # Errors
/// If the run failed, which is stored, too, or if the result cannot be stored.
pub fn run_registered(
    registry: &mut Registry,
    task: &TaskRecord,
    how: &Running<'_>,
    progress: &TaskProgress,
) -> Result<Ran> {
    let before = task;
    let task = &registry.get(&task.id.to_string())?;
    if task.workbook != before.workbook && task.is_own() && registry.changes(task)?.is_none() {
        return Ok(Ran::Meanwhile);
    }
    let standing = Standing::of(registry, &task.order.output, task.order.asked)?;
    let owners = owners(registry, task)?;
    let may_replace = how.force || is_own(&owners);
    registry.begin(task.id, may_replace || !task.order.output.exists())?;
    // Asked once more of what stands there when the new one is finished.
    let owners = if how.force { Vec::new() } else { owners };
    let attempt = attempt(task, &standing, owners, &Running { force: may_replace, ..*how }, progress);
    let stored = put_down(registry, task, &attempt, (how.now)());
    // Why there is no workbook is said also where it cannot be stored.
    match attempt {
        Err(error) => Err(error.then(stored)),
        Ok(Attempt { ran: Ran::Done { mut outcome, missing }, .. }) if outcome.result.is_err() => {
            outcome.then(stored);
            Ok(Ran::Done { outcome, missing })
        }
        Ok(attempt) => stored.map(|()| attempt.ran),
    }
}

/// Those whose workbook a task may take the place of: it itself, and the others of the task of a configuration that it is
/// made for, whose form may have been another one.
fn owners(registry: &mut Registry, task: &TaskRecord) -> Result<Vec<TaskRecord>> {
    let others =
        if task.order.plan.is_some() { registry.with_output(&task.order.output)? } else { Vec::new() };
    let others =
        others.into_iter().filter(|other| other.order.plan == task.order.plan && other.id != task.id);
    Ok(std::iter::once(task.clone()).chain(others).collect())
}

/// Whether what stands at the output of tasks is the workbook that one of them made.
fn is_own(owners: &[TaskRecord]) -> bool {
    owners.iter().any(TaskRecord::is_own)
}

fn put_down(registry: &mut Registry, task: &TaskRecord, attempt: &Result<Attempt>, now: i64) -> Result<()> {
    match attempt {
        Ok(Attempt { ran: Ran::Waits(_) | Ran::Meanwhile, .. }) => registry.begin(task.id, task.is_claimed),
        Ok(Attempt { ran: Ran::Done { outcome, .. }, generation, digest, hours }) => match &outcome.result {
            Ok(exported) => {
                let (generation, digest, found) = (*generation, *digest, &exported.completeness);
                let from = MadeFrom { generation, digest, found, hours };
                registry.succeed(task.id, &task.order.output, &from, now)
            }
            Err(why) => registry.fail(task.id, why, now),
        },
        Err(error) => registry.fail(task.id, &error.to_string(), now),
    }
}

/// What came of one attempt.
struct Attempt {
    ran: Ran,
    /// The generation of the store that it saw.
    generation: i64,
    /// The hash of the workbook.
    digest: Option<Hash>,
    /// How many hours with a log each domain has in it.
    hours: BTreeMap<Domain, u64>,
}

fn attempt(
    task: &TaskRecord,
    standing: &Standing,
    owners: Vec<TaskRecord>,
    how: &Running<'_>,
    progress: &TaskProgress,
) -> Result<Attempt> {
    let mut spec = task.spec()?;
    if how.tolerance == Tolerance::Anything {
        spec.overlaps = Overlaps::Report;
    }
    let run = Task {
        spec: &spec,
        region: task.order.region,
        threads: how.threads,
        max_rejects: how.max_rejects,
        require_complete: false,
        output: &task.order.output,
        force: how.force,
        created: how.created,
    };
    let reader = Reader::open(how.at.path, how.at.wait)?;
    let generation = reader.generation()?;
    let hours = coverage(&reader, &task.order.selection, Some(task.order.range))?.hours();
    let missing = match Wanted::of(task, standing, how.tolerance).judge(&reader)? {
        Verdict::Ready => None,
        Verdict::Incomplete(missing) => Some(missing),
        Verdict::Waits(waiting) => {
            return Ok(Attempt { ran: Ran::Waits(waiting), generation, digest: None, hours });
        }
    };
    // What was delivered stays what it is, also when nobody can make it again.
    if let Some(why) = what_was_let_go(&reader, task.order.range)?.filter(|_| task.workbook.is_some()) {
        let waiting = Waiting { cause: WaitCause::Removed, why: format!("{why}: {STAYS}") };
        return Ok(Attempt { ran: Ran::Waits(waiting), generation, digest: None, hours });
    }
    let told = Arc::default();
    let sealed = seal(how.at, task.id, &told);
    let output = task.order.output.clone();
    let seal: Seal = Box::new(move |hash| {
        if owners.is_empty() || is_own(&owners) || !output.exists() {
            return sealed(hash);
        }
        Err(Error::usage("is not the workbook that the task made, so it was kept; nothing was written"))
    });
    let outcome = Box::new(run_sealed(&run, &reader, progress, Some(seal))?);
    Ok(Attempt { ran: Ran::Done { outcome, missing }, generation, digest: told.get().copied(), hours })
}

/// Puts the hash of the workbook of a task down before it gets its name: if it is all that comes of the run, the next one
/// knows the file. The hash is `told` also where it cannot be put down.
fn seal(at: AccountStore<'_>, id: TaskId, told: &Arc<OnceLock<Hash>>) -> Seal {
    let AccountStore { path, wait, account } = at;
    let (path, told) = (path.to_owned(), told.clone());
    Box::new(move |hash| {
        told.get_or_init(|| hash);
        Registry::open(AccountStore { path: &path, wait, account })?.seal(id, &hash)
    })
}

/// The result of an export that was to be registered.
pub struct Finished {
    /// The result of the export.
    pub outcome: Outcome,
    /// The task that it is registered as, or why it is not; `None` if there is no workbook.
    pub task: Option<Result<TaskId>>,
}

/// Runs a task over the usage in a store, and registers it. If it cannot be registered, it is made anyway. The caller
/// holds what [`hold`] returns.
///
/// # Errors
/// If the store cannot be read, or the workbook cannot be written; then nothing is registered.
pub fn run_and_register(
    task: &Task<'_>,
    request: &ExportRequest,
    at: AccountStore<'_>,
    now: fn() -> i64,
    progress: &TaskProgress,
) -> Result<Finished> {
    let new = NewTask { request, spec: task.spec, region: task.region, output: task.output, plan: None };
    let registered = Registry::open(at).and_then(|mut registry| {
        let registration = registry.register(&new, now())?;
        Ok((registry, registration))
    });
    let told = Arc::default();
    let seal = registered.as_ref().ok().map(|(_, registration)| seal(at, registration.id, &told));
    // That its hash cannot be put down keeps nobody from making it, either.
    let seal = seal.map(|seal| -> Seal { Box::new(|hash| seal(hash).or(Ok(()))) });
    let made = Reader::open(at.path, at.wait).and_then(|reader| {
        let hours = coverage(&reader, &task.spec.selection, Some(task.spec.range))?.hours();
        let from = (reader.generation()?, hours);
        Ok((from, run_sealed(task, &reader, progress, seal)?))
    });
    let ((generation, hours), mut outcome) = match made {
        Ok(made) => made,
        Err(error) => return Err(error.then(withdraw(registered))),
    };
    let Ok(exported) = &outcome.result else {
        outcome.then(withdraw(registered));
        return Ok(Finished { outcome, task: None });
    };
    let digest = told.get().copied();
    let from = MadeFrom { generation, digest, found: &exported.completeness, hours: &hours };
    let task = registered.and_then(|(mut registry, Registration { id, .. })| {
        registry.succeed(id, task.output, &from, now()).map(|()| id)
    });
    Ok(Finished { outcome, task: Some(task) })
}

/// Undoes a registration, if there is one: no workbook was made.
fn withdraw(registered: Result<(Registry, Registration)>) -> Result<()> {
    registered.map_or(Ok(()), |(mut registry, registration)| registry.withdraw(registration))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::request::{Account, validate};
    use crate::locale::Language;
    use crate::region::Region;
    use crate::store::{AccountId, Writer};
    use std::cell::RefCell;
    use std::path::PathBuf;

    thread_local! {
        /// The store, and who holds it from the first look at the clock on.
        static HELD: RefCell<(PathBuf, Option<Writer>)> = const { RefCell::new((PathBuf::new(), None)) };
    }

    /// Holds the store, so that nothing can be stored after.
    fn hold_store() -> i64 {
        HELD.with_borrow_mut(|(path, holder)| {
            let mut writer = Writer::open(path, Duration::ZERO, "a test").unwrap();
            writer.set_empty_is_delivered(true).unwrap();
            *holder = Some(writer);
        });
        0
    }

    #[test]
    fn why_a_run_failed_is_said_also_where_it_cannot_be_stored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("u.db");
        let at = AccountStore { path: &path, wait: Duration::ZERO, account: AccountId::DEFAULT };
        let mut registry = Registry::open_or_make(at, "a test").unwrap();
        let [start, end] = ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"].map(|time| Some(time.to_owned()));
        let request = ExportRequest {
            start_time: start,
            end_time: end,
            kind: Some("flow".into()),
            ..ExportRequest::default()
        };
        let spec = validate(&request, &Account::default(), Language::EnUs).unwrap();
        let output = folder.path().join("no folder").join("x.xlsx");
        let new = NewTask {
            request: &request,
            spec: &spec,
            region: Region::Unspecified,
            output: &output,
            plan: None,
        };
        let id = registry.create(&new, 0).unwrap();
        let task = registry.get(&id.to_string()).unwrap();
        HELD.with_borrow_mut(|held| held.0.clone_from(&path));
        let how = Running {
            at,
            threads: 1,
            max_rejects: RejectLimit::DEFAULT,
            force: false,
            tolerance: Tolerance::Anything,
            created: 0,
            now: hold_store,
        };
        let done = run_registered(&mut registry, &task, &how, &TaskProgress::default());
        let error = done.err().unwrap().to_string();
        assert!(error.contains("create its folder first"), "{error}");
        assert!(error.contains("; then ") && error.contains("the store is held by"), "{error}");
    }
}
