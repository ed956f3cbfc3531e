//! What a store holds, in numbers and by source.

use super::connect::beside;
use super::failure::failed;
use super::read::Reader;
use super::source::IS_PLACE;
use super::state::{generation, kept_from};
use super::value::of;
use crate::error::{Error, Result};
use crate::output::beside::WAL;
use crate::time::Window;
use rusqlite::{Connection, Row};

use std::fs;
use std::path::Path;

/// What a store holds, in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The version of its tables.
    pub version: u32,
    /// A number that every change of usage raised.
    pub generation: u64,
    /// The number of sources by state, in the order of [`State::ALL`].
    pub sources: [u64; State::ALL.len()],
    /// Where sources were found, and still count as being.
    pub places: u64,
    /// Lines read of all sources: those that follow, together.
    pub lines: u64,
    /// Lines that count.
    pub accepted: u64,
    /// Good lines whose time is in no slice.
    pub unplaced: u64,
    /// Lines without meaning.
    pub rejected: u64,
    /// Empty lines.
    pub blank: u64,
    /// Lines that are not a request by the rules of their format.
    pub skipped: u64,
    /// Domains with usage or without it any more.
    pub domains: u64,
    /// Pairs of domain and region.
    pub series: u64,
    /// Triples of series, window and source.
    pub cells: u64,
    /// The first and the last window with usage.
    pub windows: Option<(Window, Window)>,
    /// The first slice whose usage is kept, if older usage was removed.
    pub kept_from: Option<Window>,
    /// Tasks by status, sorted.
    pub tasks: Vec<(String, u64)>,
}

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Read to its end, and at a place.
    Complete,
    /// Not read to its end.
    Faulty,
    /// Read to its end; its path has another text now. It counts.
    WithoutPlace,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Complete, Self::Faulty, Self::WithoutPlace];

    /// Its name in results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Faulty => "faulty",
            Self::WithoutPlace => "without_place",
        }
    }
}

/// A source in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The first of its names.
    pub name: String,
    /// Its state.
    pub state: State,
    /// Bytes on disk, if it has a size.
    pub size: Option<u64>,
    /// Lines read.
    pub lines: u64,
    /// Lines that count.
    pub accepted: u64,
    /// Lines without meaning.
    pub rejected: u64,
    /// Unix seconds of its first reading.
    pub arrived: i64,
    /// Why reading ended early.
    pub fault: Option<String>,
}

/// Bytes on disk of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Of its file.
    pub file: u64,
    /// Bytes of the write-ahead log beside it.
    pub wal: u64,
}

/// Finds out how large a store is.
///
/// # Errors
/// When it is not there.
pub fn size(path: &Path) -> Result<Size> {
    let meta = fs::metadata(path).map_err(Error::io("cannot look at the store")).map_err(|e| e.at(path))?;
    Ok(Size { file: meta.len(), wal: fs::metadata(beside(path, WAL)).map_or(0, |meta| meta.len()) })
}

/// Whether a source stands at a place.
fn state() -> String {
    format!(
        "CASE WHEN fault IS NOT NULL THEN 1
         WHEN EXISTS (SELECT 1 FROM place WHERE place.source = source.id AND {IS_PLACE}) THEN 0 ELSE 2 END"
    )
}

impl Reader {
    /// What the store holds, in numbers.
    ///
    /// # Errors
    /// If the database fails.
    pub fn info(&self) -> Result<Info> {
        let mut info = self.at(info)?;
        if let Some(older) = &self.older {
            info.version = older.version();
        }
        Ok(info)
    }

    /// Shows every source, in the order of their names.
    ///
    /// # Errors
    /// When the database fails, or `show` does.
    pub fn each_source(&self, mut show: impl FnMut(&Outline) -> Result<()>) -> Result<()> {
        let sql = format!(
            "SELECT name, {}, size, lines, accepted, arrived, fault,
                    (SELECT coalesce(sum(lines), 0) FROM reject WHERE reject.source = source.id) AS lines
             FROM source ORDER BY sort, id",
            state()
        );
        let fails = |error| failed(error).at(&self.path);
        let mut sources = self.db.prepare(&sql).map_err(fails)?;
        for source in sources.query_map([], outline).map_err(fails)? {
            show(&source.map_err(fails)?)?;
        }
        Ok(())
    }
}

fn info(db: &Connection) -> rusqlite::Result<Info> {
    let count = |table, sql: &str| db.query_row(sql, [], |row| of(table, row).count(0));
    let sum =
        |column: &str| count("source", &format!("SELECT coalesce(sum({column}), 0) AS {column} FROM source"));
    let ends = "SELECT min(first_window) AS first_window, max(last_window) AS last_window FROM part";
    let (first, last): (Option<u32>, Option<u32>) = db.query_row(ends, [], |row| {
        let part = of("part", row);
        Ok((part.get(0)?, part.get(1)?))
    })?;
    Ok(Info {
        version: db.pragma_query_value(None, "user_version", |row| row.get(0))?,
        generation: generation(db)?.cast_unsigned(),
        sources: states(db)?,
        places: count("place", &format!("SELECT count(*) FROM place WHERE {IS_PLACE}"))?,
        lines: sum("lines")?,
        accepted: sum("accepted")?,
        unplaced: sum("unplaced")?,
        rejected: count("reject", "SELECT coalesce(sum(lines), 0) AS lines FROM reject")?,
        blank: sum("blank")?,
        skipped: sum("skipped")?,
        domains: count("series", "SELECT count(DISTINCT domain) FROM series")?,
        series: count("series", "SELECT count(*) FROM series")?,
        cells: count("cell", "SELECT count(*) FROM cell")?,
        windows: first.zip(last).map(|(a, b)| (Window::from_index(a), Window::from_index(b))),
        kept_from: Some(kept_from(db)?).filter(|window| *window > 0).map(Window::from_index),
        tasks: tasks(db)?,
    })
}

fn states(db: &Connection) -> rusqlite::Result<[u64; State::ALL.len()]> {
    let mut states = db.prepare(&format!("SELECT {}, count(*) FROM source GROUP BY 1", state()))?;
    let mut counts = [0; State::ALL.len()];
    let mut rows = states.query([])?;
    while let Some(row) = rows.next()? {
        counts[usize::from(of("source", row).get::<u8>(0)?)] = of("source", row).count(1)?;
    }
    Ok(counts)
}

fn tasks(db: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    let mut tasks = db.prepare("SELECT status, count(*) FROM task GROUP BY status ORDER BY status")?;
    tasks.query_map([], |row| Ok((of("task", row).get(0)?, of("task", row).count(1)?)))?.collect()
}

fn outline(row: &Row<'_>) -> rusqlite::Result<Outline> {
    let source = of("source", row);
    Ok(Outline {
        name: source.get(0)?,
        state: State::ALL[usize::from(source.get::<u8>(1)?)],
        size: source.count_or_null(2)?,
        lines: source.count(3)?,
        accepted: source.count(4)?,
        arrived: source.get(5)?,
        fault: source.get(6)?,
        rejected: of("reject", row).count(7)?,
    })
}
