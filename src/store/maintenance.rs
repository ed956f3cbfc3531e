//! Maintenance of a store: finding sources by name, removing them, and packing the file.

use super::failure::failed;
use super::open::none;
use super::source::SourceId;
use super::value::of;
use super::writer::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::time::Window;
use rusqlite::{Connection, ErrorCode, Row};
use std::path::Path;
use std::time::Duration;

/// What a source contributes to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The first of its names.
    pub name: String,
    /// Lines read.
    pub lines: u64,
    /// Lines that count.
    pub accepted: u64,
    /// Their response bytes.
    pub bytes: u128,
    /// The first and the last window with usage.
    pub windows: Option<(Window, Window)>,
}

/// What was removed from a store because nothing refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vacuumed {
    /// Pairs of domain and region without usage.
    pub series: u64,
    /// Notes of changes that no task has to hear of.
    pub changes: u64,
}

/// Windows that a task exported before they changed.
const NEEDED: &str = "SELECT 1 FROM task WHERE task.generation < change.generation
     AND change.window >= task.first_window AND change.window < task.end_window";

impl Writer {
    /// Opens a store for maintenance, as [`Writer::open`] does, but never creates one.
    ///
    /// # Errors
    /// See [`Writer::open`]; also if there is no store.
    pub fn open_existing(path: &Path, wait: Duration, work: &str) -> Result<Self> {
        if !path.exists() {
            return Err(none(path));
        }
        Self::open(path, wait, work)
    }

    /// Sources that go or went by a name.
    ///
    /// # Errors
    /// When the database fails, as for all that follow.
    pub fn with_name(&mut self, name: &str) -> Result<Vec<SourceId>> {
        self.ids(name, "=")
    }

    /// Sources with a name that a glob matches; its `*` and `?` match slashes, too.
    ///
    /// # Errors
    /// See [`Writer::with_name`].
    pub fn with_names_like(&mut self, glob: &str) -> Result<Vec<SourceId>> {
        self.ids(glob, "GLOB")
    }

    fn ids(&mut self, name: &str, is: &str) -> Result<Vec<SourceId>> {
        let sql = format!(
            "SELECT id FROM source WHERE name {is} ?1 OR id IN (SELECT source FROM place WHERE name {is} ?1)
             ORDER BY sort, id"
        );
        self.at(|writer| {
            let mut sources = writer.db.prepare_cached(&sql).map_err(failed)?;
            let found = sources.query_map([name], |row| row.get(0).map(SourceId)).map_err(failed)?;
            found.collect::<Result<_, _>>().map_err(failed)
        })
    }

    /// Every name of a source.
    ///
    /// # Errors
    /// See [`Writer::with_name`].
    pub fn names(&mut self) -> Result<Vec<String>> {
        self.at(|writer| {
            let sql = "SELECT name FROM source UNION SELECT name FROM place";
            let mut names = writer.db.prepare(sql).map_err(failed)?;
            let names = names.query_map([], |row| row.get(0)).map_err(failed)?;
            names.collect::<Result<_, _>>().map_err(failed)
        })
    }

    /// What a source contributes.
    ///
    /// # Errors
    /// See [`Writer::with_name`].
    pub fn contribution(&mut self, id: SourceId) -> Result<Contribution> {
        self.at(|writer| contribution(&writer.db, id.0).map_err(failed))
    }

    /// Checks that nothing refers to what was removed.
    ///
    /// # Errors
    /// If something does: the store was damaged before.
    pub fn check_references(&mut self) -> Result<()> {
        let sql = "SELECT EXISTS (SELECT 1 FROM cell WHERE source NOT IN (SELECT id FROM source))
                   OR EXISTS (SELECT 1 FROM part WHERE source NOT IN (SELECT id FROM source))";
        self.at(|writer| {
            let is_left: bool = writer.db.query_row(sql, [], |row| row.get(0)).map_err(failed)?;
            let text = "usage would be left without a source; run flowbook store check";
            if is_left { Err(Error::new(ErrorKind::Store(text.into()))) } else { Ok(()) }
        })
    }

    /// Removes what nothing refers to, and packs the file. No figure changes.
    ///
    /// # Errors
    /// If the database fails, or the disk has no space for a second copy of the store.
    pub fn vacuum(&mut self) -> Result<Vacuumed> {
        let vacuumed = self.change(|writer| prune(&writer.db).map_err(failed))?;
        self.forget_series();
        self.commit()?;
        self.at(|writer| {
            let done = empty_log(&writer.db);
            let packed = done.and_then(|()| writer.db.execute_batch("VACUUM"));
            packed.and_then(|()| empty_log(&writer.db)).map_err(failed)
        })?;
        Ok(vacuumed)
    }
}

/// Puts what stands in the database's log into its file. What readers hold up is done by whoever writes next: while it
/// waits for them nobody can write, and a reader may be waiting for that.
fn empty_log(db: &Connection) -> rusqlite::Result<()> {
    let wait: u32 = db.pragma_query_value(None, "busy_timeout", |row| row.get(0))?;
    db.busy_timeout(Duration::ZERO)?;
    // The result is a row.
    let done = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    db.busy_timeout(Duration::from_millis(wait.into()))?;
    match done.as_ref().map_err(rusqlite::Error::sqlite_error_code) {
        Err(Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) => Ok(()),
        _ => done,
    }
}

fn prune(db: &Connection) -> rusqlite::Result<Vacuumed> {
    let changes = db.execute(&format!("DELETE FROM change WHERE NOT EXISTS ({NEEDED})"), [])?;
    let series = db.execute(
        "DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM cell WHERE cell.series = series.id)
             AND id NOT IN (SELECT series FROM part UNION SELECT series FROM change)",
        [],
    )?;
    Ok(Vacuumed { series: series as u64, changes: changes as u64 })
}

fn contribution(db: &Connection, id: i64) -> rusqlite::Result<Contribution> {
    let source = |row: &Row<'_>| {
        let source = of("source", row);
        let (lines, accepted) = (source.count(1)?, source.count(2)?);
        Ok(Contribution { name: source.get(0)?, lines, accepted, bytes: 0, windows: None })
    };
    let sql = "SELECT name, lines, accepted FROM source WHERE id = ?";
    let mut found = db.prepare_cached(sql)?.query_row([id], source)?;
    let mut parts =
        db.prepare_cached("SELECT bytes, first_window, last_window FROM part WHERE source = ?")?;
    let mut rows = parts.query([id])?;
    while let Some(row) = rows.next()? {
        let part = of("part", row);
        found.bytes += u128::from(part.count(0)?);
        let (from, to) = (Window::from_index(part.get(1)?), Window::from_index(part.get(2)?));
        let both = |(first, last): (Window, Window)| (first.min(from), last.max(to));
        found.windows = Some(found.windows.map_or((from, to), both));
    }
    Ok(found)
}
