//! Tasks as rows of their tables, in and out.

use super::{Logged, Needs, Order, Registered, Status, TaskId, Workbook};
use crate::domain::{DomainSet, Selection};
use crate::store::account::AccountId;
use crate::store::source::region;
use crate::store::unsigned;
use crate::time::{TimeRange, WINDOW_SECONDS};
use rusqlite::{Connection, Params, Row, params};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
        order.language,
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
    let reason = "its workbook is being made, or that was broken off";
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
        let pairs = parameters.query_map([task.id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        task.order.parameters = pairs.collect::<rusqlite::Result<_>>()?;
    }
    Ok(tasks)
}

fn registered(row: &Row<'_>) -> rusqlite::Result<Registered> {
    let time = |at| row.get(at).map(|window: u32| i64::from(window) * WINDOW_SECONDS);
    let range = TimeRange::covering(time(6)?, time(7)?);
    let size: Option<i64> = row.get(13)?;
    let order = Order {
        name: row.get(1)?,
        parameters: BTreeMap::new(),
        asked: (row.get(4)?, row.get(5)?),
        range: range.ok_or(rusqlite::Error::InvalidQuery)?,
        selection: Selection { account: domains(row, 8)?, wanted: domains(row, 9)? },
        language: row.get(10)?,
        region: region(&row.get::<_, String>(11)?),
        output: as_path(row.get(12)?),
        plan: row.get(15)?,
    };
    Ok(Registered {
        id: TaskId(row.get(0)?),
        order,
        status: Status::from_name(&row.get::<_, String>(2)?)?,
        reason: row.get(3)?,
        is_claimed: row.get(19)?,
        created: row.get(16)?,
        updated: row.get(17)?,
        generation: row.get(18)?,
        workbook: size
            .map(unsigned)
            .transpose()?
            .zip(row.get(14)?)
            .map(|(size, modified)| Workbook { size, modified }),
        digest: row.get(25)?,
        sealed: row.get(26)?,
        needs: needs(row.get(20)?)?,
        logged: logged(row)?,
    })
}

fn domains(row: &Row<'_>, at: usize) -> rusqlite::Result<DomainSet> {
    domain_set(&row.get::<_, String>(at)?).ok_or(rusqlite::Error::InvalidQuery)
}

/// The set of domains that a text of the store means.
pub(in crate::store) fn domain_set(texts: &str) -> Option<DomainSet> {
    DomainSet::from_texts(texts.split_ascii_whitespace())
}

fn logged(row: &Row<'_>) -> rusqlite::Result<Option<Logged>> {
    let Some(hours_with_log) = row.get(21)? else { return Ok(None) };
    Ok(Some(Logged {
        hours_with_log: unsigned(hours_with_log)?,
        hours: unsigned(row.get(22)?)?,
        domain_hours_with_log: unsigned(row.get(23)?)?,
        domain_hours: unsigned(row.get(24)?)?,
    }))
}

fn needs(quiet: Option<String>) -> rusqlite::Result<Option<Needs>> {
    let read = |texts: String| domain_set(&texts).map(|quiet| Needs { quiet });
    quiet.map(|texts| read(texts).ok_or(rusqlite::Error::InvalidQuery)).transpose()
}

/// The bytes of a path, as they stand in the store.
pub(super) fn path_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// The path whose bytes these are.
#[cfg(unix)]
pub(super) fn as_path(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

/// The path whose bytes these are.
#[cfg(not(unix))]
pub(super) fn as_path(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}
