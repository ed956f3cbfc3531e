//! Cells and parts as rows: those that wait to be written, and those of a source.

use super::counters::{ADDED, LISTED, cell};
use super::failure::failed;
use super::source::SourceId;
use super::value::of;
use crate::error::{Error, ErrorKind, Result};
use crate::time::Window;
use crate::usage::Usage;
use rusqlite::ffi::SQLITE_CONSTRAINT_DATATYPE;
use rusqlite::{Connection, params, params_from_iter};
use std::ops::Range;

/// Cells that wait to be written in the order of the table.
const MOST_PENDING: usize = 1 << 18;

/// Cells that wait: series, window, source and what is to be added.
#[derive(Default)]
pub(super) struct Pending(Vec<(i64, Window, i64, Usage)>);

impl Pending {
    /// Adds a cell.
    pub(super) fn push(&mut self, series: i64, window: Window, id: SourceId, usage: Usage) {
        self.0.push((series, window, id.0, usage));
    }

    /// Whether it is time to write them.
    pub(super) const fn is_full(&self) -> bool {
        self.0.len() >= MOST_PENDING
    }

    /// Writes the cells that wait, in the order of their table.
    pub(super) fn write(&mut self, db: &Connection) -> Result<()> {
        let mut cells = std::mem::take(&mut self.0);
        cells.sort_unstable_by_key(|(series, window, source, _)| (*series, *window, *source));
        let insert = |at: &mut i64| -> rusqlite::Result<()> {
            let sql = format!(
                "INSERT INTO cell (series, window, source, {LISTED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET {ADDED}"
            );
            let mut insert = db.prepare_cached(&sql)?;
            for (series, window, source, usage) in &cells {
                *at = *series;
                // Every counter stays within i64, by the law of their merge.
                let counters = usage.fields().map(u64::cast_signed);
                let key = [*series, window.index().into(), *source];
                insert.execute(params_from_iter(key.into_iter().chain(counters)))?;
            }
            Ok(())
        };
        let mut at = 0;
        insert(&mut at).map_err(|error| not_added(db, at, error))?;
        cells.clear();
        self.0 = cells;
        Ok(())
    }
}

/// Why figures could not be added to those of a series: a sum that no column of whole numbers holds names it.
pub(super) fn not_added(db: &Connection, series: i64, error: rusqlite::Error) -> Error {
    let code = error.sqlite_error().map(|error| error.extended_code);
    let name = || {
        let sql = "SELECT domain FROM series WHERE id = ?";
        db.query_row(sql, [series], |row| row.get::<_, String>(0)).ok()
    };
    match Some(SQLITE_CONSTRAINT_DATATYPE).filter(|datatype| code == Some(*datatype)).and_then(|_| name()) {
        Some(domain) => part_overflow(&domain),
        None => failed(error),
    }
}

/// The series of a source, each with its first and last window.
pub(super) fn parts_of(db: &Connection, id: SourceId) -> rusqlite::Result<Vec<(i64, Range<i64>)>> {
    let sql = "SELECT series, first_window, last_window FROM part WHERE source = ?";
    let mut parts = db.prepare_cached(sql)?;
    parts
        .query_map([id.0], |row| {
            let part = of("part", row);
            Ok((part.get(0)?, part.get(1)?..part.get(2)?))
        })?
        .collect()
}

/// The cells of a source in some windows of a series.
pub(super) fn cells_of(
    db: &Connection,
    id: SourceId,
    series: i64,
    windows: &Range<i64>,
) -> rusqlite::Result<Vec<(Window, Usage)>> {
    let sql = format!(
        "SELECT window, {LISTED} FROM cell WHERE series = ? AND window BETWEEN ? AND ? AND source = ?"
    );
    let mut cells = db.prepare_cached(&sql)?;
    cells.query_map(params![series, windows.start, windows.end, id.0], cell)?.collect()
}

pub(super) fn part_overflow(domain: &str) -> Error {
    Error::new(ErrorKind::Overflow(format!("the traffic of {domain} in one source exceeds 2^63 - 1 bytes")))
}
