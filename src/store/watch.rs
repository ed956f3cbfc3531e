//! What changes under the eyes of tasks: windows that workbooks are made from are watched, and every change of
//! their usage is kept until no task needs it.
//!
//! A task is watched from before its snapshot is taken. So what changes its usage is either in the snapshot or
//! kept with a higher generation, whichever comes first.

use super::counters::LISTED;
use super::value::of;
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
    /// The change in requests.
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
            let task = of("task", row);
            let (first, end) = (task.get(0)?, task.get(1)?);
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
    let sql = format!(
        "SELECT domain, window, series, {LISTED} FROM change JOIN series ON series.id = change.series
         WHERE window >= ? AND window < ? AND generation > ?
         ORDER BY window, series"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![range.start().index(), range.end().index(), generation])?;
    let mut changes: Vec<Change> = Vec::new();
    // Summed here: what came and went again may be more than the database adds up.
    let mut sums: Option<(Change, i64, [i128; Usage::FIELDS])> = None;
    while let Some(row) = rows.next()? {
        let change = of("change", row);
        let (window, series) = (Window::from_index(change.get(1)?), change.get(2)?);
        if sums.as_ref().is_none_or(|(change, of, _)| (change.window, *of) != (window, series)) {
            changes.extend(sums.take().and_then(summed));
            let domain = of("series", row).domain(0)?;
            if !selection.contains(domain.as_str()) {
                continue;
            }
            sums = Some((Change { domain, window, bytes: 0, requests: 0 }, series, [0; Usage::FIELDS]));
        }
        for (at, sum) in (3..).zip(sums.iter_mut().flat_map(|(_, _, sums)| sums)) {
            *sum += i128::from(change.get::<i64>(at)?);
        }
    }
    changes.extend(sums.and_then(summed));
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

/// A change with its sums, unless it was changed back.
fn summed((change, _, sums): (Change, i64, [i128; Usage::FIELDS])) -> Option<Change> {
    let whole = |sum: i128| i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX });
    let [bytes, http, https, quic, other, ..] = sums;
    (sums != [0; Usage::FIELDS]).then(|| Change {
        bytes: whole(bytes),
        requests: whole(http + https + quic + other),
        ..change
    })
}

/// Drops the changes of some windows that no task needs any more.
pub(super) fn prune(db: &Connection, windows: Range<i64>) -> rusqlite::Result<()> {
    let sql = "SELECT first_window, end_window, generation FROM task
               WHERE generation IS NOT NULL AND first_window < ? AND end_window > ?";
    let mut tasks = db.prepare_cached(sql)?;
    let tasks = tasks.query_map(params![windows.end, windows.start], |row| {
        let task = of("task", row);
        Ok((task.get(0)?..task.get(1)?, task.get(2)?))
    })?;
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
