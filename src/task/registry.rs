//! Registered tasks: created, listed, run again, deleted. Their requests are stored with what they meant at the time,
//! so that a task means the same after the configuration has changed.

use super::own::{Proof, is_own, workbook_at};
use super::remains;
pub use super::remains::Remains;
use super::stale::Stale;
use crate::contract::code::Refusal;
use crate::contract::page::Page;
use crate::contract::request::{ExportRequest, ExportSpec, restore};
use crate::contract::response;
use crate::digest::Hash;
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::export::completeness::Completeness;
use crate::output::Spot;
use crate::output::paths::absolute;
use crate::region::Region;
use crate::store::{AccountId, End, Made, Order, Registered, Tasks, Workbook};
pub use crate::store::{Logged, Needs, PastTick, Status, TaskId};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What a task is asked to do.
#[derive(Clone, Copy, Debug)]
pub struct NewTask<'a> {
    /// The parameters as they were given.
    pub request: &'a ExportRequest,
    /// What they mean.
    pub spec: &'a ExportSpec,
    /// The region of domains without usage.
    pub region: Region,
    /// Where the workbook goes.
    pub output: &'a Path,
    /// The task of a configuration that it is made for.
    pub plan: Option<&'a str>,
}

impl NewTask<'_> {
    fn order(&self) -> Order {
        let spec = self.spec;
        Order {
            name: spec.name.clone(),
            parameters: self.request.parameters(),
            asked: spec.asked,
            range: spec.range,
            selection: spec.selection.clone(),
            language: spec.language,
            region: self.region,
            output: absolute(self.output),
            plan: self.plan.map(String::from),
        }
    }
}

/// A task that is registered.
#[derive(Clone, Debug)]
pub struct TaskRecord {
    /// Its number, never that of another task.
    pub id: TaskId,
    /// Its request, and what that meant at the time; of its parameters, those that are known.
    pub order: Order,
    /// How far it is.
    pub status: Status,
    /// Why it failed, or what became of its workbook.
    pub reason: Option<String>,
    /// Whether a run was interrupted that was allowed to replace the file at the output.
    pub is_claimed: bool,
    /// When it was created, in unix seconds.
    pub created: i64,
    /// When it was changed last.
    pub updated: i64,
    /// The generation of the store that its workbook was made from; `None` when it has none.
    pub generation: Option<i64>,
    /// The workbook that it made, as it was then; `None` if another task has put its own there.
    pub workbook: Option<Workbook>,
    /// The hash of its bytes, if that was stored.
    pub digest: Option<Hash>,
    /// The hash of the workbook that a run was about to give its name when it was broken off.
    pub sealed: Option<Hash>,
    /// What must be there before its workbook is made.
    pub needs: Option<Needs>,
    /// How much of its range had a log when its workbook was made.
    pub logged: Option<Logged>,
}

impl TaskRecord {
    /// What it exports.
    ///
    /// # Errors
    /// If the request was not valid when it was registered.
    pub fn spec(&self) -> Result<ExportSpec, Refusal> {
        let request = ExportRequest::from_parameters(&self.order.parameters);
        let spec = restore(&request, self.order.selection.clone(), self.order.language)?;
        Ok(ExportSpec { id: Some(self.id.to_string()), ..spec })
    }

    /// Whether it is asked to do just this.
    #[must_use]
    pub fn is_for(&self, new: &NewTask<'_>) -> bool {
        self.order == new.order()
    }

    /// Whether the workbook of another task has taken the place of the one that it made.
    #[must_use]
    pub fn is_displaced(&self) -> bool {
        self.status == Status::Success && self.workbook.is_none()
    }

    /// Whether the file at its output is the workbook that it made, unchanged.
    #[must_use]
    pub fn is_own(&self) -> bool {
        is_own(&self.order.output, &Proof { made: self.workbook, digest: self.digest, sealed: self.sealed })
    }
}

impl From<Registered> for TaskRecord {
    fn from(task: Registered) -> Self {
        let request = ExportRequest::from_parameters(&task.order.parameters);
        Self {
            id: task.id,
            order: Order { parameters: request.parameters(), ..task.order },
            status: task.status,
            reason: task.reason,
            is_claimed: task.is_claimed,
            created: task.created,
            updated: task.updated,
            generation: task.generation.filter(|_| task.workbook.is_some()),
            workbook: task.workbook,
            digest: task.digest,
            sealed: task.sealed,
            needs: task.needs,
            logged: task.logged,
        }
    }
}

/// A task that is about to be run by the process that registered it.
#[derive(Clone, Copy, Debug)]
pub struct Registration {
    /// The task.
    pub id: TaskId,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// What a workbook was made from.
#[derive(Clone, Copy, Debug)]
pub struct MadeFrom<'a> {
    /// The generation of the store.
    pub generation: i64,
    /// The hash of the workbook.
    pub digest: Option<Hash>,
    /// How much of its range had a log.
    pub found: &'a Completeness,
    /// How many hours with a log each domain had.
    pub hours: &'a BTreeMap<Domain, u64>,
}

/// A store, and the account that it is opened for, whose tasks are listed and created.
#[derive(Clone, Copy, Debug)]
pub struct AccountStore<'a> {
    /// The store's file.
    pub path: &'a Path,
    /// How long to wait for other processes.
    pub wait: Duration,
    /// The account.
    pub account: AccountId,
}

/// The tasks of an account in a store.
pub struct Registry {
    tasks: Tasks,
}

impl Registry {
    /// The tasks of an existing store.
    ///
    /// # Errors
    /// If there is no store, or it is damaged or newer than this program.
    pub fn open(at: AccountStore<'_>) -> Result<Self> {
        Tasks::open(at.path, at.wait).map(|tasks| Self::of(tasks, at))
    }

    /// The tasks of a store that is there, to look at them: nothing is changed.
    ///
    /// # Errors
    /// See [`Registry::open`].
    pub fn look(at: AccountStore<'_>) -> Result<Self> {
        Tasks::open_to_read(at.path, at.wait).map(|tasks| Self::of(tasks, at))
    }

    /// The tasks of a store, which is created if there is none; `work` tells other processes what is being done.
    ///
    /// # Errors
    /// See [`Registry::open`]; also if the store cannot be created.
    pub fn open_or_make(at: AccountStore<'_>, work: &str) -> Result<Self> {
        Tasks::open_or_make(at.path, at.wait, work).map(|tasks| Self::of(tasks, at))
    }

    fn of(tasks: Tasks, at: AccountStore<'_>) -> Self {
        Self { tasks: tasks.for_account(at.account) }
    }

    /// Registers a task to be run later.
    ///
    /// # Errors
    /// If the store is held by another process or cannot be written, as for all methods below; also if a task that was
    /// never run has the same output.
    pub fn create(&mut self, new: &NewTask<'_>, now: i64) -> Result<TaskId> {
        self.create_unless_waiting(new, now)?.map_err(|other| {
            let text = format!("is the workbook of task {other}, which has not run yet; name another file");
            Error::usage(text).at(absolute(new.output))
        })
    }

    /// Registers a task to be run later, or gives the one with the same output that was never run.
    ///
    /// # Errors
    /// If the store is held by another process or cannot be written.
    pub fn create_unless_waiting(
        &mut self,
        new: &NewTask<'_>,
        now: i64,
    ) -> Result<std::result::Result<TaskId, TaskId>> {
        self.tasks.create(&new.order(), now, Spot::of)
    }

    /// Registers a task that this process is about to run, before its snapshot is taken, so that later changes are
    /// noticed. If there is a task with the same request, meaning and output, that one is run again.
    ///
    /// # Errors
    /// See [`Registry::create`].
    pub fn register(&mut self, new: &NewTask<'_>, now: i64) -> Result<Registration> {
        let (id, is_new) = self.tasks.register_running(&new.order(), now)?;
        Ok(Registration { id, is_new })
    }

    /// Begins a run of a task, before its snapshot is taken, so that later changes are noticed. The run `claims` its
    /// output if it may replace the file there: see [`Tasks::begin`].
    ///
    /// # Errors
    /// See [`Registry::create`]; also if the task is gone.
    pub fn begin(&mut self, id: TaskId, claims: bool) -> Result<()> {
        if self.tasks.begin(id, claims)? {
            Ok(())
        } else {
            Err(Refusal::unknown_task(&id.to_string()).into())
        }
    }

    /// Puts down the hash of the workbook that a run is about to give its name.
    ///
    /// # Errors
    /// See [`Registry::begin`].
    pub fn seal(&mut self, id: TaskId, hash: &Hash) -> Result<()> {
        if self.tasks.seal(id, hash)? { Ok(()) } else { Err(Refusal::unknown_task(&id.to_string()).into()) }
    }

    /// A run has made its workbook, at `output`.
    ///
    /// # Errors
    /// See [`Registry::begin`]; also if there is no file.
    pub fn succeed(&mut self, id: TaskId, output: &Path, from: &MadeFrom<'_>, now: i64) -> Result<()> {
        let workbook = workbook_at(output).ok_or_else(|| Error::usage("the workbook is gone").at(output))?;
        let (generation, logged) = (from.generation, Logged::from(from.found));
        let made = Made { generation, workbook, digest: from.digest, logged, hours: from.hours.clone() };
        self.finish(id, &End::Success(made), now)
    }

    /// A run made no workbook.
    ///
    /// # Errors
    /// See [`Registry::begin`].
    pub fn fail(&mut self, id: TaskId, reason: &str, now: i64) -> Result<()> {
        self.finish(id, &End::Failed(reason.into()), now)
    }

    /// Puts down what must be there before the workbook of a task is made.
    ///
    /// # Errors
    /// See [`Registry::create`].
    pub fn set_needs(&mut self, id: TaskId, needs: Option<&Needs>) -> Result<()> {
        self.tasks.set_needs(id, needs)
    }

    /// How many hours with a log each domain had when the workbook of a task was made, if that is known.
    ///
    /// # Errors
    /// See [`Registry::get`].
    pub fn hours(&mut self, id: TaskId) -> Result<BTreeMap<Domain, u64>> {
        self.tasks.hours(id)
    }

    /// Puts a tick down, to be listed later.
    ///
    /// # Errors
    /// See [`Registry::create`].
    pub fn add_tick(&mut self, tick: &PastTick) -> Result<()> {
        self.tasks.add_tick(tick)
    }

    fn finish(&mut self, id: TaskId, end: &End, now: i64) -> Result<()> {
        if self.tasks.finish(id, end, now)? {
            Ok(())
        } else {
            Err(Refusal::unknown_task(&id.to_string()).into())
        }
    }

    /// Undoes a registration: a new task is removed again, an existing one is left as it was.
    ///
    /// # Errors
    /// See [`Registry::create`].
    pub fn withdraw(&mut self, registration: Registration) -> Result<()> {
        if registration.is_new {
            self.tasks.delete(registration.id)?;
        }
        Ok(())
    }

    /// The task with this id.
    ///
    /// # Errors
    /// [`Refusal::unknown_task`] if there is none. Also if the database fails, as for all methods below.
    pub fn get(&mut self, id: &str) -> Result<TaskRecord> {
        let task = TaskId::parse(id).map(|id| self.tasks.get(id)).transpose()?.flatten();
        task.map(TaskRecord::from).ok_or_else(|| Refusal::unknown_task(id).into())
    }

    /// A page of the tasks created at `since` or later, the newest first, and the number of all of them.
    ///
    /// # Errors
    /// See [`Registry::get`].
    pub fn page(&mut self, page: Page, since: i64) -> Result<(Vec<TaskRecord>, u64)> {
        let size = u64::from(page.size());
        let (tasks, count) = self.tasks.page(since, size * u64::from(page.number() - 1), size)?;
        Ok((records(tasks), count))
    }

    /// Tasks that were never run, in the order of their creation.
    ///
    /// # Errors
    /// See [`Registry::get`].
    pub fn waiting(&mut self) -> Result<Vec<TaskRecord>> {
        self.tasks.waiting().map(records)
    }

    /// Tasks made for a task of a configuration, in the order of their creation.
    ///
    /// # Errors
    /// See [`Registry::get`].
    pub fn of_plan(&mut self, plan: &str) -> Result<Vec<TaskRecord>> {
        self.tasks.of_plan(plan).map(records)
    }

    /// Tasks whose workbook has this path, in the order of their creation.
    ///
    /// # Errors
    /// See [`Registry::get`].
    pub fn with_output(&mut self, output: &Path) -> Result<Vec<TaskRecord>> {
        self.tasks.with_output(output).map(records)
    }

    /// Tasks whose workbook is stale, in the order of their creation; including those whose last run failed.
    ///
    /// # Errors
    /// See [`Registry::get`].
    pub fn stale(&mut self) -> Result<Vec<TaskRecord>> {
        let mut stale = Vec::new();
        for task in records(self.tasks.with_workbook()?) {
            if self.changes(&task)?.is_some() {
                stale.push(task);
            }
        }
        Ok(stale)
    }

    /// What has changed since a task's workbook was made, if anything has.
    ///
    /// # Errors
    /// See [`Registry::get`].
    pub fn changes(&mut self, task: &TaskRecord) -> Result<Option<Stale>> {
        let Some(generation) = task.generation else { return Ok(None) };
        self.tasks.changes(task.order.range, &task.order.selection, generation).map(Stale::new)
    }

    /// Deletes a task, and the workbook that it made; a file that is left alone stays without it.
    ///
    /// # Errors
    /// See [`Registry::begin`].
    pub fn delete(&mut self, id: TaskId) -> Result<Remains> {
        remains::delete(&mut self.tasks, id, false)?
            .ok_or_else(|| Refusal::unknown_task(&id.to_string()).into())
    }

    /// Deletes a task, and the workbook that it made; where a file is left alone, both stay.
    ///
    /// # Errors
    /// See [`Registry::begin`].
    pub fn retire(&mut self, id: TaskId) -> Result<Remains> {
        remains::delete(&mut self.tasks, id, true)?
            .ok_or_else(|| Refusal::unknown_task(&id.to_string()).into())
    }

    /// What [`Registry::retire`] would find.
    ///
    /// # Errors
    /// See [`Registry::get`].
    pub fn foretell(&mut self, id: TaskId) -> Result<Remains> {
        let task = self.tasks.get(id)?.ok_or_else(|| Refusal::unknown_task(&id.to_string()))?;
        Ok(remains::foretell(&task))
    }

    /// Stores a remark on a task. False if the task has this remark already.
    ///
    /// # Errors
    /// See [`Registry::create`].
    pub fn remark(&mut self, id: TaskId, text: &str) -> Result<bool> {
        self.tasks.remark(id, text)
    }
}

impl From<&Completeness> for Logged {
    fn from(found: &Completeness) -> Self {
        Self {
            hours_with_log: found.hours_with_log,
            hours: found.hours,
            domain_hours_with_log: found.with_log,
            domain_hours: found.expected,
        }
    }
}

impl From<Status> for response::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Created => Self::Created,
            Status::Success => Self::Success,
            Status::Failed => Self::Failed,
        }
    }
}

fn records(tasks: Vec<Registered>) -> Vec<TaskRecord> {
    tasks.into_iter().map(TaskRecord::from).collect()
}
