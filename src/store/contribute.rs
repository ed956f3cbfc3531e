//! What a source contributes to a store: rejected lines, samples and usage; adding and removing it.

use super::cells::{cells_of, not_added, part_overflow, parts_of};
use super::failure::{failed, signed};
use super::source::{Arrival, SourceId};
use super::writer::Writer;
use crate::domain::Domain;
use crate::error::Result;
use crate::record::Reason;
use crate::region::Region;
use crate::report::{SAMPLES_PER_REASON, Sample};
use crate::time::Window;
use crate::usage::Usage;
use crate::usage::table::UsageTable;
use rusqlite::params;

impl Writer {
    /// Adds rejects, samples and usage to a source that had so many lines before.
    pub(super) fn contribute(&mut self, id: SourceId, before: i64, arrival: &Arrival<'_>) -> Result<()> {
        self.is_changed = true;
        self.contributed.insert(id);
        let counts = &arrival.report.counts;
        for reason in Reason::ALL.into_iter().filter(|reason| counts.rejected[*reason as usize] > 0) {
            let sql = "INSERT INTO reject VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET lines = lines + excluded.lines";
            let lines = signed(counts.rejected[reason as usize])?;
            self.totals.rejected[reason as usize] += lines;
            let values = params![id.0, reason.key(), lines];
            self.db.prepare_cached(sql).and_then(|mut insert| insert.execute(values)).map_err(failed)?;
        }
        self.add_samples(id, before, arrival.samples)?;
        self.add_usage(id, arrival.table)
    }

    fn add_samples(&mut self, id: SourceId, before: i64, samples: &[Sample]) -> Result<()> {
        for sample in samples {
            let sql = "INSERT INTO sample SELECT ?1, ?2, ?3, ?4 WHERE
                       (SELECT count(*) FROM sample WHERE source = ?1 AND reason = ?3) < ?5";
            let line = before + signed(sample.line)?;
            let most = signed(SAMPLES_PER_REASON as u64)?;
            let values = params![id.0, line, sample.reason.key(), sample.text, most];
            self.db.prepare_cached(sql).and_then(|mut insert| insert.execute(values)).map_err(failed)?;
        }
        Ok(())
    }

    fn add_usage(&mut self, id: SourceId, table: &UsageTable) -> Result<()> {
        let mut part: Option<(i64, Window, Window, Usage)> = None;
        let mut last: Option<(&Domain, Region)> = None;
        let mut let_go = 0;
        for row in table.rows() {
            if row.window.index() < self.kept_from {
                let_go += row.usage.total_requests().cast_signed();
                continue;
            }
            if last != Some((row.domain, row.region)) {
                self.add_part(id, part.take())?;
                last = Some((row.domain, row.region));
                let series = self.series(row.domain, row.region)?;
                part = Some((series, row.window, row.window, Usage::default()));
            }
            let Some((series, _, last, sum)) = &mut part else { continue };
            *last = row.window;
            sum.merge(&row.usage).map_err(|_| part_overflow(row.domain.as_str()))?;
            let series = *series;
            self.watch.note(series, row.window, &row.usage, 1);
            self.totals.add_requests(row.window, row.usage.total_requests().cast_signed());
            self.pending.push(series, row.window, id, row.usage);
        }
        self.add_part(id, part)?;
        self.note_let_go(id, let_go)?;
        if self.pending.is_full() { self.pending.write(&self.db) } else { Ok(()) }
    }

    /// Counts lines of windows that are not kept any more.
    fn note_let_go(&mut self, id: SourceId, lines: i64) -> Result<()> {
        if lines > 0 {
            self.not_kept += lines.unsigned_abs();
            let sql = "UPDATE source SET let_go = let_go + ? WHERE id = ?";
            self.db.prepare_cached(sql).and_then(|mut note| note.execute([lines, id.0])).map_err(failed)?;
        }
        Ok(())
    }

    fn add_part(&mut self, id: SourceId, part: Option<(i64, Window, Window, Usage)>) -> Result<()> {
        let Some((series, first, last, sum)) = part else { return Ok(()) };
        let sql = "INSERT INTO part VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
                   first_window = min(first_window, excluded.first_window),
                   last_window = max(last_window, excluded.last_window),
                   bytes = bytes + excluded.bytes, requests = requests + excluded.requests";
        let (bytes, requests) = (signed(sum.bytes)?, signed(sum.total_requests())?);
        let values = params![id.0, series, first.index(), last.index(), bytes, requests];
        let added = self.db.prepare_cached(sql).and_then(|mut insert| insert.execute(values));
        added.map(drop).map_err(|error| not_added(&self.db, series, error))
    }

    fn series(&mut self, domain: &Domain, region: Region) -> Result<i64> {
        let known = self.series.entry(region).or_default();
        if let Some(id) = known.get(domain) {
            return Ok(*id);
        }
        let sql = "INSERT INTO series (domain, region) VALUES (?, ?) ON CONFLICT DO UPDATE SET domain = domain RETURNING id";
        let values = params![domain.as_str(), region.code().unwrap_or_default()];
        let id = self.db.prepare_cached(sql).and_then(|mut add| add.query_row(values, |row| row.get(0)));
        let id = id.map_err(failed)?;
        known.insert(domain.clone(), id);
        Ok(id)
    }

    /// Takes out all that a source contributed.
    pub(super) fn remove_contribution(&mut self, id: SourceId) -> Result<()> {
        self.pending.write(&self.db)?;
        self.is_changed = true;
        self.totals.subtract_source(&self.db, id).map_err(failed)?;
        for (series, windows) in parts_of(&self.db, id).map_err(failed)? {
            for (window, usage) in cells_of(&self.db, id, series, &windows).map_err(failed)? {
                self.watch.note(series, window, &usage, -1);
                self.totals.add_requests(window, -usage.total_requests().cast_signed());
            }
            let sql = "DELETE FROM cell WHERE series = ? AND window BETWEEN ? AND ? AND source = ?";
            let values = params![series, windows.start, windows.end, id.0];
            self.db.prepare_cached(sql).and_then(|mut delete| delete.execute(values)).map_err(failed)?;
        }
        for sql in [
            "DELETE FROM part WHERE source = ?",
            "DELETE FROM reject WHERE source = ?",
            "DELETE FROM sample WHERE source = ?",
            "UPDATE source SET let_go = 0 WHERE id = ?",
        ] {
            self.db.prepare_cached(sql).and_then(|mut delete| delete.execute([id.0])).map_err(failed)?;
        }
        Ok(())
    }
}
