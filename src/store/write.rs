//! Usage in: sources are added, extended, replaced and forgotten, with everything that changes by it.

use super::account::AccountId;
use super::counters::{ADDED, LISTED};
use super::describe::{joined_of, line_counts};
use super::familiar::Familiar;
use super::first::Firsts;
use super::lock::Lock;
use super::retain::kept_from;
use super::source::{Arrival, Place, SourceId};
use super::total::Totals;
use super::value::of;
use super::watch::Watch;
use super::{failed, open_or_make, signed};
use crate::domain::Domain;
use crate::error::{Error, ErrorKind, Result};
use crate::record::Reason;
use crate::region::Region;
use crate::report::{SAMPLES_PER_REASON, Sample};
use crate::time::Window;
use crate::usage::Usage;
use crate::usage::table::UsageTable;
use rusqlite::ffi::SQLITE_CONSTRAINT_DATATYPE;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Cells that wait to be written in the order of the table.
const PENDING: usize = 1 << 18;

/// A store that is written to. Nothing is changed before [`Writer::commit`].
pub struct Writer {
    pub(super) db: Connection,
    /// Whose logs are added.
    pub(super) account: AccountId,
    path: PathBuf,
    series: BTreeMap<Region, HashMap<Domain, i64>>,
    pending: Vec<(i64, Window, i64, Usage)>,
    watch: Watch,
    /// The first window whose usage is kept.
    pub(super) kept_from: u32,
    /// Lines that came of windows before it.
    not_kept: u64,
    /// What is to be added to the sums over all sources.
    pub(super) totals: Totals,
    pub(super) familiar: Familiar,
    pub(super) firsts: Firsts,
    /// See [`Writer::has_older`].
    pub(super) has_older: Option<bool>,
    is_changed: bool,
    pub(super) is_looking: bool,
    /// Let go last.
    lock: Lock,
}

impl Writer {
    /// Opens the store, made where there is none; waits so long for another writer to end. `work` says to others
    /// what is done.
    ///
    /// # Errors
    /// When another process holds it, it is damaged, or it cannot be made or written.
    pub fn open(path: &Path, wait: Duration, work: &str) -> Result<Self> {
        let lock = Lock::take(path, wait, work)?;
        let db = open_or_make(path, wait)?;
        // References hold by what is written here; looking each of them up would cost more than the writing, and there
        // is no index from sources to cells. `flowbook store check` looks at all of them.
        db.pragma_update(None, "foreign_keys", false).map_err(failed).map_err(|e| e.at(path))?;
        Ok(Self {
            db,
            account: AccountId::DEFAULT,
            path: path.to_owned(),
            series: BTreeMap::new(),
            pending: Vec::new(),
            watch: Watch::default(),
            kept_from: 0,
            not_kept: 0,
            totals: Totals::default(),
            familiar: Familiar::default(),
            firsts: Firsts::default(),
            has_older: None,
            is_changed: false,
            is_looking: false,
            lock,
        })
    }

    /// The same, to add logs of an account.
    #[must_use]
    pub fn for_account(self, account: AccountId) -> Self {
        Self { account, ..self }
    }

    /// Makes a store that only this run needs: what it holds need not outlive a power failure.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(path: &Path) -> Result<Self> {
        let mut writer = Self::open(path, Duration::ZERO, "flowbook")?;
        writer.at(|writer| writer.db.pragma_update(None, "synchronous", "OFF").map_err(failed))?;
        Ok(writer)
    }

    /// Runs some work on the database; its errors name the store.
    pub(super) fn at<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        work(self).map_err(|e| e.at(&self.path))
    }

    /// Removes a store that nothing was committed to.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(self) -> Result<()> {
        let Self { db, path, lock, .. } = self;
        db.close().map_err(|(_, error)| failed(error)).map_err(|e| e.at(&path))?;
        let removed = std::fs::remove_file(&path).map_err(Error::io("cannot remove the empty store"));
        drop(lock);
        removed.map_err(|e| e.at(&path))
    }

    /// Runs some work that changes the store. Other processes may write until the first of it; the lock keeps
    /// out all who would add or take out sources.
    pub(super) fn change<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.at(|writer| {
            if writer.db.is_autocommit() {
                writer.db.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
                writer.watch.begin(&writer.db).map_err(failed)?;
                writer.totals = Totals::default();
                writer.kept_from = kept_from(&writer.db).map_err(failed)?;
            }
            work(writer)
        })
    }

    /// Looks series up anew from now on.
    pub(super) fn forget_series(&mut self) {
        self.series.clear();
    }

    /// Makes everything since the last commit durable at once.
    ///
    /// # Errors
    /// When the disk fails; then nothing of it happened.
    pub fn commit(&mut self) -> Result<()> {
        self.at(|writer| {
            if writer.db.is_autocommit() {
                return Ok(());
            }
            writer.flush()?;
            writer.totals.write(&writer.db).map_err(failed)?;
            writer.record_changes().map_err(failed)?;
            writer.db.execute_batch("COMMIT").map_err(failed)
        })
    }

    /// Lines that came so far of windows that are not kept, if any, and the first window that is.
    #[must_use]
    pub fn not_kept(&self) -> Option<(u64, Window)> {
        (self.not_kept > 0).then(|| (self.not_kept, Window::from_index(self.kept_from)))
    }

    /// Whether files without a line deliver their hours.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn empty_is_delivered(&mut self) -> Result<bool> {
        let sql = "SELECT empty_is_delivered FROM state";
        self.at(|writer| writer.db.query_row(sql, [], |row| row.get(0)).map_err(failed))
    }

    /// Says whether files without a line deliver their hours.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn set_empty_is_delivered(&mut self, is_delivered: bool) -> Result<()> {
        if self.empty_is_delivered()? == is_delivered {
            return Ok(());
        }
        self.change(|writer| {
            let set = writer.db.execute("UPDATE state SET empty_is_delivered = ?", [is_delivered]);
            set.map(drop).map_err(failed)
        })
    }

    /// Raises the generation, and keeps what changed under the eyes of tasks.
    fn record_changes(&mut self) -> rusqlite::Result<()> {
        if !std::mem::take(&mut self.is_changed) {
            return Ok(());
        }
        let generation: i64 = self.db.query_row(
            "UPDATE state SET generation = generation + 1 RETURNING generation",
            [],
            |r| r.get(0),
        )?;
        self.watch.record(&self.db, generation)
    }

    /// Adds a source.
    ///
    /// # Errors
    /// See [`Writer::at_path`]; also when a sum exceeds 2^63 - 1.
    pub fn add(&mut self, arrival: &Arrival<'_>) -> Result<SourceId> {
        self.change(|writer| {
            let id = writer.describe(None, arrival)?;
            writer.contribute(id, 0, arrival)?;
            writer.put(id, arrival.place)?;
            Ok(id)
        })
    }

    /// Puts what was found in a source in the place of what was found in it before.
    ///
    /// # Errors
    /// See [`Writer::add`].
    pub fn replace(&mut self, id: SourceId, arrival: &Arrival<'_>) -> Result<()> {
        self.change(|writer| {
            writer.take_out(id)?;
            writer.describe(Some(id), arrival)?;
            writer.contribute(id, 0, arrival)?;
            writer.put(id, arrival.place)?;
            writer.rename(id)
        })
    }

    /// Adds what was found behind the end of a source; the arrival's text is what it is as a whole.
    ///
    /// # Errors
    /// See [`Writer::add`].
    pub fn extend(&mut self, id: SourceId, arrival: &Arrival<'_>) -> Result<()> {
        self.change(|writer| {
            let text = arrival.text;
            let counts = line_counts(arrival.report)?;
            let [lines, accepted, unplaced, blank, skipped] = counts;
            let sketch = writer.grown_sketch(id, &arrival.report.sketch)?;
            let sql = "UPDATE source SET whole = ?, chain = ?, head = ?, text_bytes = ?, open = ?, first = coalesce(first, ?), text = ?,
                       sketch = ?, changed = ?, lines = lines + ?, accepted = accepted + ?, unplaced = unplaced + ?, blank = blank + ?,
                       skipped = skipped + ?
                       WHERE id = ? RETURNING lines";
            let values = params![
                text.whole,
                text.chain,
                text.head(),
                signed(text.len)?,
                text.open,
                text.first(),
                joined_of(text),
                sketch.to_bytes(),
                arrival.now,
                lines,
                accepted,
                unplaced,
                blank,
                skipped,
                id.0
            ];
            let after = writer
                .db
                .prepare_cached(sql)
                .and_then(|mut update| update.query_row(values, |row| row.get(0)));
            let after: i64 = after.map_err(failed)?;
            writer.familiar.note_text(text);
            writer.totals.add(counts, 1);
            writer.contribute(id, after - lines, arrival)?;
            writer.set_beginnings(id)?;
            writer.put(id, arrival.place)?;
            writer.rename(id)
        })
    }

    /// Takes a source out, with its places.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn forget(&mut self, id: SourceId) -> Result<()> {
        self.change(|writer| {
            writer.take_out(id)?;
            writer.firsts.forget(id);
            writer.totals.sources -= 1;
            for sql in ["DELETE FROM place WHERE source = ?", "DELETE FROM source WHERE id = ?"] {
                writer
                    .db
                    .prepare_cached(sql)
                    .and_then(|mut delete| delete.execute([id.0]))
                    .map_err(failed)?;
            }
            Ok(())
        })
    }

    /// Notes that a source stands at a place.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn set_place(&mut self, id: SourceId, place: &Place) -> Result<()> {
        self.change(|writer| {
            writer.put(id, place)?;
            writer.rename(id)
        })
    }

    /// Notes that a source stands at a place no more.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn drop_place(&mut self, id: SourceId, path: &[u8]) -> Result<()> {
        self.change(|writer| {
            let sql = "DELETE FROM place WHERE path = ?";
            writer.db.prepare_cached(sql).and_then(|mut delete| delete.execute([path])).map_err(failed)?;
            writer.firsts.forget_at(id, path);
            writer.rename(id)
        })
    }

    /// Notes the place of a source. It may be the first of its names now: see [`Writer::rename`].
    fn put(&mut self, id: SourceId, place: &Place) -> Result<()> {
        let before: Option<i64> = if self.familiar.may_have_place(&place.path) {
            let before = self.db.prepare_cached("SELECT source FROM place WHERE path = ?");
            let before =
                before.and_then(|mut find| find.query_row([&place.path], |row| row.get(0)).optional());
            before.map_err(failed)?
        } else {
            None
        };
        self.familiar.note_place(&place.path);
        let Place { path, name, sort, size, modified, is_named, is_beginning, .. } = place;
        let size = size.map(signed).transpose()?;
        let sql = "INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let put = self.db.prepare_cached(sql);
        let put = put.and_then(|mut put| {
            put.execute(params![path, id.0, name, sort, size, modified, is_named, is_beginning])
        });
        put.map_err(failed)?;
        self.note_place_of(id, place)?;
        match before.filter(|before| *before != id.0).map(SourceId) {
            Some(before) => {
                self.firsts.forget_at(before, path);
                self.rename(before)
            }
            None => Ok(()),
        }
    }

    /// Adds rejects, samples and usage to a source that had so many lines before.
    fn contribute(&mut self, id: SourceId, before: i64, arrival: &Arrival<'_>) -> Result<()> {
        self.is_changed = true;
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
            self.totals.note(row.window, row.usage.total_requests().cast_signed());
            self.pending.push((series, row.window, id.0, row.usage));
        }
        self.add_part(id, part)?;
        self.note_let_go(id, let_go)?;
        if self.pending.len() >= PENDING { self.flush() } else { Ok(()) }
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
        added.map(drop).map_err(|error| self.not_added(series, error))
    }

    /// Why figures could not be added to those of a series: a sum that no column of whole numbers holds names it.
    fn not_added(&self, series: i64, error: rusqlite::Error) -> Error {
        let code = error.sqlite_error().map(|error| error.extended_code);
        let name = || {
            let sql = "SELECT domain FROM series WHERE id = ?";
            self.db.query_row(sql, [series], |row| row.get::<_, String>(0)).ok()
        };
        match Some(SQLITE_CONSTRAINT_DATATYPE).filter(|datatype| code == Some(*datatype)).and_then(|_| name())
        {
            Some(domain) => part_overflow(&domain),
            None => failed(error),
        }
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

    /// Writes the cells that wait, in the order of their table.
    pub(super) fn flush(&mut self) -> Result<()> {
        let mut cells = std::mem::take(&mut self.pending);
        cells.sort_unstable_by_key(|(series, window, source, _)| (*series, *window, *source));
        let insert = |at: &mut i64| -> rusqlite::Result<()> {
            let sql = format!(
                "INSERT INTO cell (series, window, source, {LISTED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET {ADDED}"
            );
            let mut insert = self.db.prepare_cached(&sql)?;
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
        insert(&mut at).map_err(|error| self.not_added(at, error))?;
        cells.clear();
        self.pending = cells;
        Ok(())
    }

    /// Takes out all that a source contributed.
    fn take_out(&mut self, id: SourceId) -> Result<()> {
        self.flush()?;
        self.is_changed = true;
        self.totals.take_away(&self.db, id).map_err(failed)?;
        for (series, windows) in self.parts(id).map_err(failed)? {
            for (window, usage) in self.cells(id, series, &windows).map_err(failed)? {
                self.watch.note(series, window, &usage, -1);
                self.totals.note(window, -usage.total_requests().cast_signed());
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

    /// The series of a source, each with its first and last window.
    fn parts(&self, id: SourceId) -> rusqlite::Result<Vec<(i64, Range<i64>)>> {
        let sql = "SELECT series, first_window, last_window FROM part WHERE source = ?";
        let mut parts = self.db.prepare_cached(sql)?;
        parts
            .query_map([id.0], |row| {
                let part = of("part", row);
                Ok((part.get(0)?, part.get(1)?..part.get(2)?))
            })?
            .collect()
    }

    fn cells(
        &self,
        id: SourceId,
        series: i64,
        windows: &Range<i64>,
    ) -> rusqlite::Result<Vec<(Window, Usage)>> {
        let sql = format!(
            "SELECT window, {LISTED} FROM cell WHERE series = ? AND window BETWEEN ? AND ? AND source = ?"
        );
        let mut cells = self.db.prepare_cached(&sql)?;
        cells.query_map(params![series, windows.start, windows.end, id.0], super::read::cell)?.collect()
    }
}

fn part_overflow(domain: &str) -> Error {
    Error::new(ErrorKind::Overflow(format!("the traffic of {domain} in one source exceeds 2^63 - 1 bytes")))
}
