//! Sums over all sources, which every change of them keeps: so that a small question need not read all of them.

use super::failure::unsigned;
use super::source::SourceId;
use super::value::{Values, of};
use crate::record::Reason;
use crate::report::Counts;
use crate::time::{WINDOW_SECONDS, Window};
use rusqlite::{Connection, params, params_from_iter};
use std::collections::HashMap;
use std::ops::Range;

/// Lines of sources: all of them, accepted, unplaced, blank and skipped ones.
pub(super) type LineCounts = [i64; 5];

/// Sums over all sources, or what is to be added to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// How many sources.
    pub(super) sources: i64,
    /// Lines, accepted, unplaced, blank and skipped ones.
    pub(super) lines: LineCounts,
    /// Rejected lines by reason.
    pub(super) rejected: [i64; Reason::ALL.len()],
    /// Requests by window: only what is to be added.
    pub(super) requests: HashMap<i64, i64>,
}

impl Totals {
    /// All lines, where so many requests lie in the range, none of which was asked for.
    pub(super) fn counts(&self, in_range: u64) -> rusqlite::Result<Counts> {
        let [lines, accepted, unplaced, blank, skipped] = self.lines;
        let mut counts = Counts {
            lines: unsigned(lines)?,
            outside_range: unsigned(accepted)?.saturating_add(unsigned(unplaced)?).saturating_sub(in_range),
            other_domains: in_range,
            blank: unsigned(blank)?,
            skipped: unsigned(skipped)?,
            ..Counts::default()
        };
        for (count, lines) in counts.rejected.iter_mut().zip(self.rejected) {
            *count = unsigned(lines)?;
        }
        Ok(counts)
    }

    /// Adds what a source has of lines, or takes it away.
    pub(super) fn add(&mut self, lines: LineCounts, sign: i64) {
        for (sum, more) in self.lines.iter_mut().zip(lines) {
            *sum = sum.saturating_add(sign.saturating_mul(more));
        }
    }

    /// Takes away what a source contributed, before it is taken out.
    pub(super) fn subtract_source(&mut self, db: &Connection, id: SourceId) -> rusqlite::Result<()> {
        let sql = "SELECT lines, accepted, unplaced, blank, skipped FROM source WHERE id = ?";
        self.add(db.prepare_cached(sql)?.query_row([id.0], |row| line_counts(of("source", row), 0))?, -1);
        let mut rejects = db.prepare_cached("SELECT reason, lines FROM reject WHERE source = ?")?;
        let mut rows = rejects.query([id.0])?;
        while let Some(row) = rows.next()? {
            let reject = of("reject", row);
            let sum = &mut self.rejected[reject.parsed(0, reason)? as usize];
            *sum = sum.saturating_sub(reject.get(1)?);
        }
        Ok(())
    }

    /// Adds requests of a window; below zero, takes them away.
    pub(super) fn add_requests(&mut self, window: Window, requests: i64) {
        let sum = self.requests.entry(window.index().into()).or_default();
        *sum = sum.saturating_add(requests);
    }

    /// Writes what is to be added.
    pub(super) fn write(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let Self { sources, lines, rejected, requests } = std::mem::take(self);
        let sql = "UPDATE total SET sources = sources + ?, lines = lines + ?, accepted = accepted + ?,
                   unplaced = unplaced + ?, blank = blank + ?, skipped = skipped + ?";
        db.prepare_cached(sql)?.execute(params_from_iter([sources].into_iter().chain(lines)))?;
        let sql =
            "INSERT INTO total_reject VALUES (?, ?) ON CONFLICT DO UPDATE SET lines = lines + excluded.lines";
        let mut add = db.prepare_cached(sql)?;
        for reason in Reason::ALL.into_iter().filter(|reason| rejected[*reason as usize] != 0) {
            add.execute(params![reason.key(), rejected[reason as usize]])?;
        }
        let sql = "INSERT INTO slice VALUES (?1, strftime('%Y-%m-%dT%H:%M:%SZ', ?2, 'unixepoch'), ?2, ?3)
                   ON CONFLICT DO UPDATE SET requests = requests + excluded.requests";
        let mut add = db.prepare_cached(sql)?;
        let mut requests: Vec<(i64, i64)> = requests.into_iter().filter(|(_, more)| *more != 0).collect();
        requests.sort_unstable();
        let is_less = requests.iter().any(|(_, more)| *more < 0);
        for (window, more) in requests {
            add.execute(params![window, window * WINDOW_SECONDS, more])?;
        }
        if is_less {
            db.prepare_cached("DELETE FROM slice WHERE requests = 0")?.execute([])?;
        }
        Ok(())
    }
}

/// The sums, without requests by window.
pub(super) fn read(db: &Connection) -> rusqlite::Result<Totals> {
    let sql = "SELECT sources, lines, accepted, unplaced, blank, skipped FROM total";
    let mut totals = db.prepare_cached(sql)?.query_row([], |row| {
        let total = of("total", row);
        Ok(Totals { sources: total.get(0)?, lines: line_counts(total, 1)?, ..Totals::default() })
    })?;
    let mut rejects = db.prepare_cached("SELECT reason, lines FROM total_reject")?;
    let mut rows = rejects.query([])?;
    while let Some(row) = rows.next()? {
        let reject = of("total_reject", row);
        totals.rejected[reject.parsed(0, reason)? as usize] = reject.count(1)?.cast_signed();
    }
    Ok(totals)
}

/// Counts of lines, from this column on.
fn line_counts(values: Values<'_, '_>, first: usize) -> rusqlite::Result<LineCounts> {
    let mut counts = LineCounts::default();
    for (at, count) in (first..).zip(&mut counts) {
        *count = values.count(at)?.cast_signed();
    }
    Ok(counts)
}

/// The requests of all domains in some windows.
pub(super) fn requests(db: &Connection, windows: &Range<i64>) -> rusqlite::Result<u64> {
    let sql = "SELECT coalesce(sum(requests), 0) AS requests FROM slice WHERE window >= ? AND window < ?";
    db.prepare_cached(sql)?.query_row([windows.start, windows.end], |row| of("slice", row).count(0))
}

/// The reason of a key.
pub(super) fn reason(key: &str) -> Option<Reason> {
    Reason::ALL.into_iter().find(|reason| reason.key() == key)
}
