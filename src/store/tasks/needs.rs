//! What a task needs before its workbook is made, and what was there when it was made.

use super::{TaskId, Tasks};
use crate::domain::{Domain, DomainSet};
use crate::error::Result;
use crate::store::value::of;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// What must be there before a workbook is made: a log of every hour of each domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Domains that get no log for an hour without a request: such an hour counts as present if another domain has a
    /// log of it.
    pub quiet: DomainSet,
}

/// How much of the range of a workbook had a log when it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// Hours of the range in which any domain had a log.
    pub hours_with_log: u64,
    /// Hours of the range.
    pub hours: u64,
    /// Pairs of domain and hour that had a log.
    pub domain_hours_with_log: u64,
    /// Pairs of domain and hour.
    pub domain_hours: u64,
}

impl Logged {
    /// Whether every domain had a log in every hour.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.domain_hours > 0 && self.domain_hours_with_log == self.domain_hours
    }
}

/// Puts down how much of the range of a task's workbook had a log when it was made.
pub(super) fn set_logged(db: &Connection, id: TaskId, logged: &Logged) -> rusqlite::Result<()> {
    let Logged { hours_with_log, hours, domain_hours_with_log, domain_hours } = *logged;
    let numbers = [hours_with_log, hours, domain_hours_with_log, domain_hours];
    let [a, b, c, d] = numbers.map(u64::cast_signed);
    let sql = "UPDATE task SET hours_with_log = ?, hours = ?, domain_hours_with_log = ?, domain_hours = ? WHERE id = ?";
    db.execute(sql, params![a, b, c, d, id.0]).map(drop)
}

/// Puts down how many hours with a log each domain had when the workbook of a task was made.
pub(super) fn set_hours(db: &Connection, id: TaskId, hours: &BTreeMap<Domain, u64>) -> rusqlite::Result<()> {
    db.execute("DELETE FROM task_hours WHERE task = ?", [id.0])?;
    let mut insert = db.prepare_cached("INSERT INTO task_hours VALUES (?, ?, ?)")?;
    let mut put = |(domain, hours): (&Domain, &u64)| {
        insert.execute(params![id.0, domain.as_str(), hours.cast_signed()]).map(drop)
    };
    hours.iter().try_for_each(&mut put)
}

impl Tasks {
    /// Puts down what must be there before the workbook of a task is made; nothing where hours may be missing.
    ///
    /// # Errors
    /// See [`Tasks::create`].
    pub fn set_needs(&mut self, id: TaskId, needs: Option<&Needs>) -> Result<()> {
        let quiet = needs.map(|needs| needs.quiet.texts().join(" "));
        self.change(|db| db.execute("UPDATE task SET quiet = ? WHERE id = ?", params![quiet, id.0]).map(drop))
    }

    /// How many hours with a log each domain had when the workbook of a task was made; empty if that was not stored.
    ///
    /// # Errors
    /// See [`Tasks::get`].
    pub fn hours(&mut self, id: TaskId) -> Result<BTreeMap<Domain, u64>> {
        self.at(|db| {
            let mut hours = db.prepare_cached("SELECT domain, hours FROM task_hours WHERE task = ?")?;
            let pairs = hours.query_map([id.0], |row| {
                let values = of("task_hours", row);
                Ok((values.domain(0)?, values.count(1)?))
            })?;
            pairs.collect()
        })
    }
}
