//! Tasks that lose their workbooks: to another task, or because they are removed.

use super::rows::select;
use super::{Registered, TaskId, Tasks, prune};
use crate::digest::Hash;
use crate::error::Result;
use crate::output::paths::{path_bytes, real_or_same};
use rusqlite::{Connection, params};
use std::path::Path;

/// The reason of a task whose workbook is about to be removed.
const REMOVING: &str = "its workbook is being removed, or its removal was interrupted";

impl Tasks {
    /// Removes a task. False if there is none.
    ///
    /// # Errors
    /// See [`Tasks::create`].
    pub fn delete(&mut self, id: TaskId) -> Result<bool> {
        let account = self.account;
        self.change(|db| {
            let Some(task) = select(db, account, "id = ?", [id.0])?.pop() else { return Ok(false) };
            db.execute("DELETE FROM task WHERE id = ?", [id.0])?;
            let range = task.order.range;
            prune(db, i64::from(range.start().index())..i64::from(range.end().index()))?;
            Ok(true)
        })
    }

    /// Stores that the workbook of a task is about to be removed: the task no longer has one, and a file that is still
    /// at its output is known by its `hash`. False if the task was changed since it was found, or is gone.
    ///
    /// # Errors
    /// See [`Tasks::create`].
    pub fn give_up_workbook(&mut self, found: &Registered, hash: &Hash) -> Result<bool> {
        let account = self.account;
        self.change(|db| {
            let task = select(db, account, "id = ?", [found.id.0])?.pop();
            let file = |task: &Registered| (task.workbook, task.digest, task.sealed);
            if task.map(|task| file(&task)) != Some(file(found)) {
                return Ok(false);
            }
            let sql = "UPDATE task SET size = NULL, modified = NULL, digest = NULL, sealed = ?, reason = ? WHERE id = ?";
            db.execute(sql, params![hash, REMOVING, found.id.0])?;
            Ok(true)
        })
    }

    /// The workbook of a task could not be removed: it is the task's again.
    ///
    /// # Errors
    /// See [`Tasks::create`].
    pub fn keep_workbook(&mut self, found: &Registered) -> Result<()> {
        let workbook = found.workbook;
        let size = workbook.map(|workbook| super::signed(workbook.size)).transpose()?;
        let values = params![
            size,
            workbook.map(|workbook| workbook.modified),
            found.digest,
            found.sealed,
            found.reason,
            found.id.0,
            REMOVING
        ];
        let sql = "UPDATE task SET size = ?, modified = ?, digest = ?, sealed = ?, reason = ? WHERE id = ? AND reason = ?";
        self.change(|db| db.execute(sql, values).map(drop))
    }

    /// Stores a remark on a task. False if the task has this remark already, or is gone.
    ///
    /// # Errors
    /// See [`Tasks::create`].
    pub fn remark(&mut self, id: TaskId, reason: &str) -> Result<bool> {
        let sql = "UPDATE task SET reason = ?1 WHERE id = ?2 AND reason IS NOT ?1";
        self.change(|db| Ok(db.execute(sql, params![reason, id.0])? > 0))
    }
}

/// The workbook of `id` has taken the place of others.
pub(super) fn displace(db: &Connection, id: TaskId, output: &Path) -> rusqlite::Result<()> {
    let sql = "UPDATE task SET size = NULL, modified = NULL, digest = NULL, sealed = NULL, generation = NULL,
               reason = 'the workbook of task ' || ?1 || ' has taken the place of this one'
               WHERE output IN (?2, ?3) AND id <> ?1 AND size IS NOT NULL RETURNING first_window, end_window";
    let mut others = db.prepare_cached(sql)?;
    let behind = real_or_same(output);
    let values = params![id.0, path_bytes(output), path_bytes(&behind)];
    let others = others.query_map(values, |row| Ok(row.get(0)?..row.get(1)?))?;
    others.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().try_for_each(|windows| prune(db, windows))
}
