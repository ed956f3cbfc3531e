//! The totals of a source by series, and its rejected lines.

use super::total;
use super::value::of;
use crate::record::Reason;
use rusqlite::{Connection, Row};
use std::ops::Range;

/// What a source says of a series, in short.
pub(super) struct Part {
    pub(super) source: i64,
    pub(super) series: i64,
    pub(super) windows: Range<i64>,
    /// Bytes and requests.
    pub(super) sum: (u64, u64),
}

impl Part {
    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let part = of("part", row);
        Ok(Self {
            source: part.get(0)?,
            series: part.get(1)?,
            windows: part.get::<u32>(2)?.into()..i64::from(part.get::<u32>(3)?) + 1,
            sum: (part.count(4)?, part.lines(5)?),
        })
    }
}

/// What a source says of all of its series.
pub(super) fn parts(db: &Connection, source: i64) -> rusqlite::Result<Vec<Part>> {
    let sql = "SELECT source, series, first_window, last_window, bytes, requests FROM part WHERE source = ?";
    db.prepare_cached(sql)?.query_map([source], Part::of)?.collect()
}

/// The rejected lines of a source, by reason.
pub(super) fn rejects(db: &Connection, source: i64) -> rusqlite::Result<Vec<(Reason, u64)>> {
    let mut rejects = db.prepare_cached("SELECT reason, lines FROM reject WHERE source = ?")?;
    let mut rows = rejects.query([source])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let reject = of("reject", row);
        found.push((reject.parsed(0, total::reason)?, reject.lines(1)?));
    }
    Ok(found)
}
