//! Tasks: their requests, their results, and what has changed since.
//!
//! Every change is a short transaction of its own. Knows nothing of the rules of requests: parameters are names with
//! values, and what they mean is stored with them.

mod needs;
mod rows;
mod removal;
mod waiting;
mod made;
#[cfg(test)]
mod tests;

use super::account::AccountId;
use super::failure::{failed, signed, unsigned};
use super::kept_out::Kept;
use super::lock::busy;
use super::older::{OlderCopy, open, open_to_read};
use super::open::{keep_log, prepare};
use super::watch::{Change, changes, prune};
use crate::digest::Hash;
use crate::domain::{Domain, Selection};
use crate::error::Result;
use crate::language::Language;
use crate::output::Spot;
use crate::output::paths::{as_path, path_bytes, real_or_same};
use crate::region::Region;
use crate::time::TimeRange;
pub use needs::{Logged, Needs};
use needs::{set_hours, set_logged};
use removal::displace;
pub(super) use rows::domain_set;
use rows::{insert, insert_running, select};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use waiting::Waiting;

/// A task in the store; never the number of another one, not even of one that was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(i64);

impl TaskId {
    /// Reads what it is displayed as: decimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        text.parse().ok().filter(|_| is_plain).map(Self)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far a task is. Every run ends in success or failure ([`End`]), the first one and each that follows; nothing
/// leads back to the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was asked for.
    Created,
    /// Its workbook was made.
    Success,
    /// The last attempt made no workbook; one that was made before still stands.
    Failed,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Created, Self::Success, Self::Failed];

    /// The word for it in the store; responses have their own.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// What is to be exported, with all that it meant when it was asked for. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The task's name.
    pub name: Option<String>,
    /// The parameters of the request, by name, as they were given.
    pub parameters: BTreeMap<String, String>,
    /// Start and end as asked, in unix seconds.
    pub asked: (i64, i64),
    /// The windows.
    pub range: TimeRange,
    /// Whose usage.
    pub selection: Selection,
    /// The workbook's language.
    pub language: Language,
    /// The region of domains without usage.
    pub region: Region,
    /// The absolute path of the workbook.
    pub output: PathBuf,
    /// The task of a configuration that it was made for.
    pub plan: Option<String>,
}

/// A workbook, as it was when its task had made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workbook {
    /// Bytes.
    pub size: u64,
    /// When it was changed, in nanoseconds since 1970.
    pub modified: i64,
}

/// A task that is in the store.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Which task.
    pub id: TaskId,
    /// What was asked for.
    pub order: Order,
    /// How far it is.
    pub status: Status,
    /// Why it failed, what became of its workbook, or who makes it.
    pub reason: Option<String>,
    /// Whether a run was broken off that was allowed to take the place of what stood at the output.
    pub is_claimed: bool,
    /// When it was asked for, in unix seconds.
    pub created: i64,
    /// When it was changed last.
    pub updated: i64,
    /// The generation of the store from which on changes are kept for it; its workbook's, when it has one.
    pub generation: Option<i64>,
    /// The workbook that it made, while no other task has put its own there.
    pub workbook: Option<Workbook>,
    /// The hash of its bytes, where that was put down.
    pub digest: Option<Hash>,
    /// The hash of the workbook that a run was about to give its name.
    pub sealed: Option<Hash>,
    /// What must be there before its workbook is made.
    pub needs: Option<Needs>,
    /// How much of its range had a log when its workbook was made.
    pub logged: Option<Logged>,
}

impl Registered {
    /// Whether it waits for its first run, and not for the process that registered it.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.status == Status::Created && self.reason.is_none()
    }
}

/// What is known of a workbook that was made from a store.
#[derive(Clone, Debug)]
pub struct Made {
    /// The generation of the store.
    pub generation: i64,
    /// The file.
    pub workbook: Workbook,
    /// The hash of its bytes, where it is known.
    pub digest: Option<Hash>,
    /// How much of its range had a log.
    pub logged: Logged,
    /// How many hours with a log each domain had.
    pub hours: BTreeMap<Domain, u64>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum End {
    /// With a workbook.
    Success(Made),
    /// Without one, and why.
    Failed(String),
}

/// What tasks are that wait for their first run: see [`Registered::is_waiting`].
const IS_WAITING: &str = "status = 'created' AND reason IS NULL";

/// The tasks of an account in a store.
pub struct Tasks {
    db: Connection,
    /// Whose tasks they are.
    account: AccountId,
    path: PathBuf,
    wait: Duration,
    /// What is looked at in the place of a store of an older version.
    _older: Option<OlderCopy>,
    waiting: Waiting,
}

impl Tasks {
    /// Opens the tasks of a store that is there; every change waits so long for other processes.
    ///
    /// # Errors
    /// When there is no store, or it is damaged or newer than this program.
    pub fn open(path: &Path, wait: Duration) -> Result<Self> {
        let (db, kept) = open(path, wait)?;
        if kept == Kept::Beside {
            keep_log(&db).map_err(|e| e.at(path))?;
        }
        let mut tasks = Self {
            db,
            account: AccountId::DEFAULT,
            path: path.to_owned(),
            wait,
            _older: None,
            waiting: Waiting::default(),
        };
        tasks.at(prepare)?;
        Ok(tasks)
    }

    /// Opens the tasks of a store that is there to look at them: nothing is changed.
    ///
    /// # Errors
    /// See [`Tasks::open`].
    pub fn open_to_read(path: &Path, wait: Duration) -> Result<Self> {
        let (db, _, older) = open_to_read(path, wait)?;
        Ok(Self {
            db,
            account: AccountId::DEFAULT,
            path: path.to_owned(),
            wait,
            _older: older,
            waiting: Waiting::default(),
        })
    }

    /// The tasks of an account in their place.
    #[must_use]
    pub fn for_account(self, account: AccountId) -> Self {
        Self { account, ..self }
    }

    /// The account of a name, added where there is none.
    ///
    /// # Errors
    /// See [`Tasks::create`].
    pub fn account(&mut self, name: &str) -> Result<AccountId> {
        self.change(|db| {
            let known = db.query_row("SELECT id FROM account WHERE name = ?", [name], |row| row.get(0));
            let id = known.optional()?.map_or_else(
                || {
                    db.execute("INSERT INTO account (name) VALUES (?)", [name])?;
                    Ok(db.last_insert_rowid())
                },
                Ok::<_, rusqlite::Error>,
            )?;
            Ok(AccountId(id))
        })
    }

    /// Runs some work on the database; its errors name the store and, when it is held, by whom.
    fn at<T>(&mut self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T> {
        let error = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => busy(&self.path, self.wait),
            _ => failed(error),
        };
        work(&mut self.db).map_err(error).map_err(|e| e.at(&self.path))
    }

    /// Changes the store at once or not at all.
    pub(super) fn change<T>(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        self.at(|db| {
            let begun = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&begun)?;
            begun.commit()?;
            Ok(done)
        })
    }

    /// Puts a task down in status created; where another one waits that is to write the same file, gives that one in its
    /// place. `spot_of` tells where a path leads.
    ///
    /// # Errors
    /// When the store is held by another process or cannot be written, as for all that follow.
    pub fn create(
        &mut self,
        order: &Order,
        now: i64,
        spot_of: impl Fn(&Path) -> Spot,
    ) -> Result<Result<TaskId, TaskId>> {
        let spot = spot_of(&order.output);
        // Of what is not put down in the end, nothing stays known.
        let mut waiting = std::mem::take(&mut self.waiting);
        // Before others are kept from the store: paths may be long to look up.
        self.at(|db| waiting.add_new(db, &spot_of))?;
        let account = self.account;
        let created = self.change(|db| {
            // What came meanwhile.
            waiting.add_new(db, &spot_of)?;
            match waiting.at(db, &spot, &order.output)? {
                Some(other) => Ok(Err(other)),
                None => insert(db, account, order, now).map(Ok),
            }
        })?;
        if let Ok(id) = created {
            waiting.add(id, spot);
        }
        self.waiting = waiting;
        Ok(created)
    }

    /// The task with just this order, or a new one, about to be run (see [`Tasks::begin`]); and whether it is new.
    ///
    /// # Errors
    /// See [`Tasks::create`].
    pub fn register_running(&mut self, order: &Order, now: i64) -> Result<(TaskId, bool)> {
        let account = self.account;
        self.change(|db| {
            let known = select(db, account, "output = ? ORDER BY id DESC", [path_bytes(&order.output)])?;
            let known = known.into_iter().find(|task| task.order == *order).map(|task| task.id);
            let id = known.map_or_else(|| insert_running(db, account, order, now), Ok)?;
            begin(db, id)?;
            Ok((id, known.is_none()))
        })
    }

    /// From now on, what changes the usage of a task is kept: to be called before its snapshot is taken. False when
    /// there is no such task. The run `claims` its output when it may take the place of what stands there: if it is broken
    /// off, the next one is told to make the workbook again. What stands there must prove itself all the same.
    ///
    /// # Errors
    /// See [`Tasks::create`].
    pub fn begin(&mut self, id: TaskId, claims: bool) -> Result<bool> {
        self.change(|db| {
            db.execute("UPDATE task SET claimed = ? WHERE id = ?", params![claims, id.0])?;
            begin(db, id)
        })
    }

    /// Puts down the hash of the workbook that a run is about to give its name. False when the task is gone.
    ///
    /// # Errors
    /// See [`Tasks::create`].
    pub fn seal(&mut self, id: TaskId, digest: &Hash) -> Result<bool> {
        self.change(
            |db| Ok(db.execute("UPDATE task SET sealed = ? WHERE id = ?", params![digest, id.0])? > 0),
        )
    }

    /// Puts down how a run ended, with all that is known of its workbook: at once, so that no task is told half anew. A
    /// workbook takes the place of that of any other task with the same output. False when the task is gone.
    ///
    /// # Errors
    /// See [`Tasks::create`].
    pub fn finish(&mut self, id: TaskId, end: &End, now: i64) -> Result<bool> {
        match end {
            End::Success(made) => self.succeed(id, made, now),
            End::Failed(reason) => {
                // What was sealed stays: a run before this one may have been broken off with its file in place.
                let sql =
                    "UPDATE task SET status = 'failed', reason = ?, updated = ?, claimed = 0 WHERE id = ?";
                self.change(|db| Ok(db.execute(sql, params![reason, now, id.0])? > 0))
            }
        }
    }

    fn succeed(&mut self, id: TaskId, made: &Made, now: i64) -> Result<bool> {
        let Made { generation, workbook, digest, logged, hours } = made;
        let size = signed(workbook.size)?;
        self.change(|db| {
            let sql = "UPDATE task SET status = 'success', reason = NULL, claimed = 0, updated = ?, generation = ?, size = ?, modified = ?,
                       digest = ?, sealed = NULL WHERE id = ? RETURNING output, first_window, end_window";
            let values = params![now, generation, size, workbook.modified, digest, id.0];
            let done = db.query_row(sql, values, |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get(2)?)));
            let Some((output, first, end)) = done.optional()? else { return Ok(false) };
            set_logged(db, id, logged)?;
            set_hours(db, id, hours)?;
            displace(db, id, &as_path(&output))?;
            prune(db, first..end)?;
            Ok(true)
        })
    }

    /// A task.
    ///
    /// # Errors
    /// When the database fails, as for all that follow.
    pub fn get(&mut self, id: TaskId) -> Result<Option<Registered>> {
        let account = self.account;
        self.at(|db| Ok(select(db, account, "id = ?", [id.0])?.pop()))
    }

    /// Tasks created at a time or later, the newest first: so many behind the first `skipped` ones; and how many
    /// there are in all.
    ///
    /// # Errors
    /// See [`Tasks::get`].
    pub fn page(&mut self, since: i64, skipped: u64, most: u64) -> Result<(Vec<Registered>, u64)> {
        let (skipped, most) = (signed(skipped)?, signed(most)?);
        let account = self.account;
        self.at(|db| {
            let count = db.query_row(
                "SELECT count(*) FROM task WHERE account_id = ? AND created >= ?",
                [account.0, since],
                |row| row.get(0),
            )?;
            let page = "created >= ? ORDER BY id DESC LIMIT ? OFFSET ?";
            Ok((select(db, account, page, params![since, most, skipped])?, unsigned(count)?))
        })
    }

    /// Tasks that wait for their first run, in the order in which they were asked for; see
    /// [`Registered::is_waiting`].
    ///
    /// # Errors
    /// See [`Tasks::get`].
    pub fn waiting(&mut self) -> Result<Vec<Registered>> {
        let account = self.account;
        self.at(|db| select(db, account, &format!("{IS_WAITING} ORDER BY id"), []))
    }

    /// Tasks that have a workbook, in the order in which they were asked for.
    ///
    /// # Errors
    /// See [`Tasks::get`].
    pub fn with_workbook(&mut self) -> Result<Vec<Registered>> {
        let account = self.account;
        self.at(|db| select(db, account, "size IS NOT NULL ORDER BY id", []))
    }

    /// Tasks made for a task of a configuration, in the order in which they were asked for.
    ///
    /// # Errors
    /// See [`Tasks::get`].
    pub fn of_plan(&mut self, plan: &str) -> Result<Vec<Registered>> {
        let account = self.account;
        self.at(|db| select(db, account, "plan = ? ORDER BY id", [plan]))
    }

    /// Tasks whose workbook has this path, or the one that this leads to, in the order in which they were asked for.
    ///
    /// # Errors
    /// See [`Tasks::get`].
    pub fn with_output(&mut self, output: &Path) -> Result<Vec<Registered>> {
        let behind = real_or_same(output);
        let paths = [path_bytes(output), path_bytes(&behind)];
        let account = self.account;
        self.at(|db| select(db, account, "output IN (?, ?) ORDER BY id", paths))
    }

    /// What has changed in the usage of a selection behind a generation that a task was made from, and was not
    /// changed back; sorted by (domain, window).
    ///
    /// # Errors
    /// See [`Tasks::get`].
    pub fn changes(
        &mut self,
        range: TimeRange,
        selection: &Selection,
        generation: i64,
    ) -> Result<Vec<Change>> {
        self.at(|db| changes(db, range, selection, generation))
    }
}

fn begin(db: &Connection, id: TaskId) -> rusqlite::Result<bool> {
    let sql =
        "UPDATE task SET generation = coalesce(generation, (SELECT generation FROM state)) WHERE id = ?";
    Ok(db.execute(sql, [id.0])? > 0)
}
