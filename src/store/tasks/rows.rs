//! Tasks as rows of their tables, in and out.

use super::{Logged, Needs, Order, Registered, Status, TaskId, Workbook};
use crate::domain::{DomainSet, Selection};
use crate::language::Language;
use crate::output::paths::{as_path, path_bytes};
use crate::store::account::AccountId;
use crate::store::value::{Values, of};
use crate::time::{TimeRange, WINDOW_SECONDS};
use rusqlite::{Connection, Params, Row, params};
use std::collections::BTreeMap;

/// A new task of an account in status created.
pub(super) fn insert(
    db: &Connection,
    account: AccountId,
    order: &Order,
    now: i64,
) -> rusqlite::Result<TaskId> {
    let Order { range, selection, .. } = order;
    let sql = "INSERT INTO task (name, status, start_time, end_time, first_window, end_window, account, wanted, language,
               region, output, plan, account_id, created, updated)
               VALUES (?, 'created', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?13, ?13)";
    let values = params![
        order.name,
        order.asked.0,
        order.asked.1,
        range.start().index(),
        range.end().index(),
        selection.account.texts().join(" "),
        selection.wanted.texts().join(" "),
        order.language.name(),
        order.region.code().unwrap_or_default(),
        path_bytes(&order.output),
        order.plan,
        account.0,
        // Numbered, as it stands in two places.
        now,
    ];
    db.execute(sql, values)?;
    let id = db.last_insert_rowid();
    let mut parameter = db.prepare_cached("INSERT INTO parameter VALUES (?, ?, ?)")?;
    for (name, value) in &order.parameters {
        parameter.execute(params![id, name, value])?;
    }
    Ok(TaskId(id))
}

/// A task that the process that puts it down runs itself.
pub(super) fn insert_running(
    db: &Connection,
    account: AccountId,
    order: &Order,
    now: i64,
) -> rusqlite::Result<TaskId> {
    let id = insert(db, account, order, now)?;
    let reason = "its workbook is being made, or its run was interrupted";
    db.execute("UPDATE task SET reason = ? WHERE id = ?", params![reason, id.0])?;
    Ok(id)
}

/// Tasks of an account by a condition, with their parameters.
pub(super) fn select(
    db: &Connection,
    account: AccountId,
    condition: &str,
    values: impl Params,
) -> rusqlite::Result<Vec<Registered>> {
    let sql = format!(
        "SELECT id, name, status, reason, start_time, end_time, first_window, end_window, account, wanted, language,
         region, output, size, modified, plan, created, updated, generation, claimed, quiet,
         hours_with_log, hours, domain_hours_with_log, domain_hours,
         digest, sealed FROM task WHERE account_id = {} AND {condition}",
        account.0
    );
    let mut tasks = db.prepare_cached(&sql)?;
    let mut tasks = tasks.query_map(values, registered)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut parameters = db.prepare_cached("SELECT name, value FROM parameter WHERE task = ?")?;
    for task in &mut tasks {
        let pairs = parameters.query_map([task.id.0], |row| {
            let parameter = of("parameter", row);
            Ok((parameter.get(0)?, parameter.get(1)?))
        })?;
        task.order.parameters = pairs.collect::<rusqlite::Result<_>>()?;
    }
    Ok(tasks)
}

fn registered(row: &Row<'_>) -> rusqlite::Result<Registered> {
    let task = of("task", row);
    let time = |at| task.get(at).map(|window: u32| i64::from(window) * WINDOW_SECONDS);
    let range = TimeRange::covering(time(6)?, time(7)?);
    let order = Order {
        name: task.get(1)?,
        parameters: BTreeMap::new(),
        asked: (task.get(4)?, task.get(5)?),
        range: range.map_or_else(|| task.damaged(7), Ok)?,
        selection: Selection { account: task.parsed(8, domain_set)?, wanted: task.parsed(9, domain_set)? },
        language: task.parsed(10, language)?,
        region: task.region(11)?,
        output: as_path(&task.get::<Vec<u8>>(12)?),
        plan: task.get(15)?,
    };
    Ok(Registered {
        id: TaskId(task.get(0)?),
        order,
        status: task.parsed(2, Status::from_name)?,
        reason: task.get(3)?,
        is_claimed: task.get(19)?,
        created: task.get(16)?,
        updated: task.get(17)?,
        generation: task.get(18)?,
        workbook: task
            .count_or_null(13)?
            .zip(task.get(14)?)
            .map(|(size, modified)| Workbook { size, modified }),
        digest: task.get(25)?,
        sealed: task.get(26)?,
        needs: task.parsed_or_null(20, domain_set)?.map(|quiet| Needs { quiet }),
        logged: logged(task)?,
    })
}

fn language(name: &str) -> Option<Language> {
    Language::ALL.into_iter().find(|language| language.name() == name)
}

/// The set of domains that a text of the store means.
pub(in crate::store) fn domain_set(texts: &str) -> Option<DomainSet> {
    DomainSet::from_texts(texts.split_ascii_whitespace())
}

fn logged(task: Values<'_, '_>) -> rusqlite::Result<Option<Logged>> {
    let Some(hours_with_log) = task.count_or_null(21)? else { return Ok(None) };
    Ok(Some(Logged {
        hours_with_log,
        hours: task.count(22)?,
        domain_hours_with_log: task.count(23)?,
        domain_hours: task.count(24)?,
    }))
}
