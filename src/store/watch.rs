//! What changes under the eyes of tasks: windows that workbooks are made from are watched, and every change of
//! their usage is kept until no task needs it.
//!
//! A task is watched from before its snapshot is taken. So what changes its usage is either in the snapshot or
//! kept with a higher generation, whichever comes first.

use crate::domain::{Domain, Selection};
use crate::time::{TimeRange, Window};
use crate::usage::Usage;
use rusqlite::{Connection, params, params_from_iter};
use std::collections::HashMap;
use std::ops::Range;

/// How much the usage of a domain in a window has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The domain, all its regions together.
    pub domain: Domain,
    /// The five minutes.
    pub window: Window,
    /// Bytes that came; below zero, that went.
    pub bytes: i64,
    /// Requests, likewise.
    pub requests: i64,
}

/// Windows that tasks have exported, and what one transaction changes in them.
#[derive(Default)]
pub(super) struct Watch {
    /// Sorted, and apart from each other.
    ranges: Vec<Range<i64>>,
    changes: HashMap<(i64, i64), [i64; Usage::FIELDS]>,
}

impl Watch {
    /// Looks up what is watched; for the beginning of a transaction, when no task can come any more.
    pub(super) fn begin(&mut self, db: &Connection) -> rusqlite::Result<()> {
        self.ranges.clear();
        self.changes.clear();
        let sql =
            "SELECT DISTINCT first_window, end_window FROM task WHERE generation IS NOT NULL ORDER BY 1, 2";
        let mut tasks = db.prepare_cached(sql)?;
        let mut rows = tasks.query([])?;
        while let Some(row) = rows.next()? {
            let (first, end) = (row.get(0)?, row.get(1)?);
            match self.ranges.last_mut().filter(|last| first <= last.end) {
                Some(last) => last.end = last.end.max(end),
                None => self.ranges.push(first..end),
            }
        }
        Ok(())
    }

    /// Notes usage that comes (`sign` 1) or goes (-1).
    pub(super) fn note(&mut self, series: i64, window: Window, usage: &Usage, sign: i64) {
        let window = i64::from(window.index());
        let behind = self.ranges.partition_point(|range| range.end <= window);
        if self.ranges.get(behind).is_some_and(|range| range.start <= window) {
            let sums = self.changes.entry((window, series)).or_default();
            for (sum, figure) in sums.iter_mut().zip(usage.fields()) {
                *sum = sum.saturating_add(sign * figure.cast_signed());
            }
        }
    }

    /// Keeps what was noted.
    pub(super) fn record(&mut self, db: &Connection, generation: i64) -> rusqlite::Result<()> {
        let sql = "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let mut insert = db.prepare_cached(sql)?;
        for ((window, series), sums) in self.changes.drain() {
            if sums != [0; Usage::FIELDS] {
                let key = [window, series, generation];
                insert.execute(params_from_iter(key.into_iter().chain(sums)))?;
            }
        }
        Ok(())
    }
}

/// What has changed behind a generation and was not changed back, sorted by (domain, window).
pub(super) fn changes(
    db: &Connection,
    range: TimeRange,
    selection: &Selection,
    generation: i64,
) -> rusqlite::Result<Vec<Change>> {
    let sql = "SELECT domain, window, sum(bytes), sum(http + https + quic + other)
               FROM change JOIN series ON series.id = change.series
               WHERE window >= ? AND window < ? AND generation > ?
               GROUP BY window, series
               HAVING (sum(bytes), sum(http), sum(https), sum(quic), sum(other), sum(hits), sum(hit_bytes),
                       sum(client_errors), sum(server_errors)) <> (0, 0, 0, 0, 0, 0, 0, 0, 0)";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![range.start().index(), range.end().index(), generation])?;
    let mut changes: Vec<Change> = Vec::new();
    while let Some(row) = rows.next()? {
        let domain: String = row.get(0)?;
        if let Some(domain) = Domain::new(domain.as_bytes()).filter(|d| selection.contains(d.as_str())) {
            let window = Window::from_index(row.get(1)?);
            changes.push(Change { domain, window, bytes: row.get(2)?, requests: row.get(3)? });
        }
    }
    changes.sort_unstable_by(|a, b| (&a.domain, a.window).cmp(&(&b.domain, b.window)));
    changes.dedup_by(|region, sum| {
        let same = region.domain == sum.domain && region.window == sum.window;
        if same {
            sum.bytes = sum.bytes.saturating_add(region.bytes);
            sum.requests = sum.requests.saturating_add(region.requests);
        }
        same
    });
    Ok(changes)
}

/// Drops the changes of some windows that no task needs any more.
pub(super) fn prune(db: &Connection, windows: Range<i64>) -> rusqlite::Result<()> {
    let sql = "SELECT first_window, end_window, generation FROM task
               WHERE generation IS NOT NULL AND first_window < ? AND end_window > ?";
    let mut tasks = db.prepare_cached(sql)?;
    let tasks = tasks
        .query_map(params![windows.end, windows.start], |row| Ok((row.get(0)?..row.get(1)?, row.get(2)?)))?;
    let tasks = tasks.collect::<rusqlite::Result<Vec<(Range<i64>, i64)>>>()?;
    // Between two of these, all windows are wanted by the same tasks.
    let ends = tasks.iter().flat_map(|(range, _)| [range.start, range.end]);
    let mut cuts: Vec<i64> =
        ends.filter(|cut| windows.contains(cut)).chain([windows.start, windows.end]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut delete =
        db.prepare_cached("DELETE FROM change WHERE window >= ? AND window < ? AND generation <= ?")?;
    for part in cuts.windows(2) {
        let wanting = tasks.iter().filter(|(range, _)| range.contains(&part[0]));
        let seen = wanting.map(|(_, generation)| *generation).min().unwrap_or(i64::MAX);
        delete.execute(params![part[0], part[1], seen])?;
    }
    Ok(())
}
