//! Usage out: the report and the sorted rows of an export, as of one moment.

use super::counters::{LISTED, cell};
use super::failure::failed;
use super::kept_out::Kept;
use super::older::{OlderCopy, open_to_read};
use super::source::SourceId;
use super::state::generation;
use super::value::of;
use crate::domain::{Domain, Folds, Selection};
use crate::error::{Error, ErrorKind, Result};
use crate::events::of_phase;
use crate::region::Region;
use crate::time::{TimeRange, Window};
use crate::usage::{self, Usage};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;
use std::iter;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// A store that is open for reading: a snapshot of when it was opened, whatever is written meanwhile.
pub struct Reader {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    /// The file as it was when it was opened, where nothing keeps others from writing to it.
    frozen: Option<Stamp>,
    /// What is looked at in the place of a store of an older version.
    pub(super) older: Option<OlderCopy>,
}

/// Length of a file, and when it was changed.
type Stamp = Option<(u64, SystemTime)>;

fn stamp(path: &Path) -> Stamp {
    let meta = path.metadata().ok()?;
    Some((meta.len(), meta.modified().ok()?))
}

/// A domain and region of the store.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) id: i64,
    pub(super) domain: Domain,
    region: Region,
}

impl Reader {
    /// Opens the store; `wait` is how long to wait while it is being recovered or upgraded.
    ///
    /// # Errors
    /// If there is none, or it is damaged or newer than this program.
    pub fn open(path: &Path, wait: Duration) -> Result<Self> {
        let begun = Instant::now();
        loop {
            match Self::open_now(path, wait) {
                Err((_, true)) if begun.elapsed() < wait => {}
                opened => return opened.map_err(|(error, _)| error),
            }
        }
    }

    /// Opens the store as it is at this moment; an error comes with whether others wrote to it meanwhile, and it is to be
    /// tried again.
    fn open_now(path: &Path, wait: Duration) -> Result<Self, (Error, bool)> {
        let begun = stamp(path);
        let (db, kept, older) = open_to_read(path, wait).map_err(|error| (error, false))?;
        let frozen = (kept == Kept::Unkept).then_some(begun);
        let reader = Self { db, path: path.to_owned(), frozen, older };
        let generation = reader.at(|db| {
            // The first read takes the snapshot.
            db.execute_batch("BEGIN")?;
            generation(db)
        });
        let generation = generation.map_err(|error| (error, reader.still().is_err()))?;
        of_phase!("{}: store opened to read, generation {generation}", path.display());
        Ok(reader)
    }

    /// Whether a source of the store is at a path.
    ///
    /// # Errors
    /// See [`Reader::generation`].
    pub fn stands_at(&self, path: &Path) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM place WHERE path = ?)";
        self.at(|db| db.query_row(sql, [path.as_os_str().as_encoded_bytes()], |row| row.get(0)))
    }

    /// The paths, when they were last looked at, of the sources that were read from the file with this device and
    /// number: absolute paths, as bytes.
    ///
    /// # Errors
    /// When the database fails.
    pub fn paths_of_file(&self, number: &str) -> Result<Vec<Vec<u8>>> {
        let sql =
            "SELECT place.path FROM source JOIN place ON place.source = source.id WHERE source.file = ?";
        self.at(|db| db.prepare_cached(sql)?.query_map([number], |row| row.get(0))?.collect())
    }

    /// The paths of a source, when they were last looked at: absolute paths, as bytes.
    ///
    /// # Errors
    /// When the database fails.
    pub fn paths(&self, id: SourceId) -> Result<Vec<Vec<u8>>> {
        let sql = "SELECT path FROM place WHERE source = ?";
        self.at(|db| db.prepare_cached(sql)?.query_map([id.0], |row| row.get(0))?.collect())
    }

    /// The store's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs some work on the database; its errors name the store.
    pub(super) fn at<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let done = work(&self.db).map_err(failed).map_err(|e| e.at(&self.path));
        self.still()?;
        done
    }

    /// Makes sure that all was read from one state of the store. The database does so itself, but where this process
    /// cannot write beside the store, nothing keeps others from writing to its file meanwhile.
    fn still(&self) -> Result<()> {
        match self.frozen {
            Some(begun) if begun.is_none() || stamp(&self.path) != begun => {
                let text = "the store was changed while it was read; try again when nothing writes to it, or read a \
                            copy of the store";
                Err(Error::new(ErrorKind::Store(text.into())).at(&self.path))
            }
            _ => Ok(()),
        }
    }

    /// A number that every change of usage raises.
    ///
    /// # Errors
    /// When the database fails, as for all that follow.
    pub fn generation(&self) -> Result<i64> {
        self.at(generation)
    }

    /// Domains and regions of the selection that have usage in a range, sorted.
    ///
    /// # Errors
    /// See [`Reader::generation`].
    pub fn keys(&self, range: TimeRange, selection: &Selection) -> Result<Vec<(Domain, Region)>> {
        let series = self.at(|db| selected(db, range, selection))?;
        Ok(series.into_iter().map(|series| (series.domain, series.region)).collect())
    }

    /// The same, with the domains that they count as instead.
    ///
    /// # Errors
    /// See [`Reader::generation`].
    pub fn folded_keys(
        &self,
        range: TimeRange,
        selection: &Selection,
        folds: &Folds,
    ) -> Result<Vec<(Domain, Region)>> {
        let mut keys = self.keys(range, selection)?;
        if !folds.is_empty() {
            for (domain, _) in &mut keys {
                *domain = folds.folded(domain).clone();
            }
            keys.sort();
            keys.dedup();
        }
        Ok(keys)
    }

    /// The rows of a selection in a range, each with the domain that it counts as, sorted by (domain, region, slice).
    ///
    /// # Errors
    /// See [`Reader::generation`].
    pub fn rows(&self, range: TimeRange, selection: &Selection, folds: &Folds) -> Result<Rows<'_>> {
        let mut rows: Vec<Counted> = Vec::new();
        let mut series = self.at(|db| selected(db, range, selection))?;
        if !folds.is_empty() {
            for one in &mut series {
                one.domain = folds.folded(&one.domain).clone();
            }
            series.sort_by(|a, b| (&a.domain, a.region).cmp(&(&b.domain, b.region)));
        }
        for Series { id, domain, region } in series {
            match rows.last_mut() {
                Some(last) if last.region == region && last.domain == domain => last.ids.push(id),
                _ => rows.push(Counted { domain, region, ids: vec![id] }),
            }
        }
        Ok(Rows { reader: self, range, series: rows })
    }
}

/// The rows of an export, read series by series.
pub struct Rows<'a> {
    reader: &'a Reader,
    range: TimeRange,
    series: Vec<Counted>,
}

/// What rows are given of: the series of all domains that count as one.
struct Counted {
    domain: Domain,
    region: Region,
    ids: Vec<i64>,
}

impl Rows<'_> {
    /// The rows.
    pub fn iter(&self) -> impl Iterator<Item = Result<usage::Row<'_>>> {
        let mut failed = false;
        let rows = self.series.iter().flat_map(move |series| {
            let (cells, error) = match self.cells(series) {
                Ok(cells) => (cells, None),
                Err(error) => (Vec::new(), Some(error)),
            };
            let row = move |(window, usage)| {
                Ok(usage::Row { domain: &series.domain, region: series.region, window, usage })
            };
            cells.into_iter().map(row).chain(error.map(Err))
        });
        let last = iter::once_with(|| self.reader.still().err()).flatten().map(Err);
        rows.chain(last).take_while(move |row| !std::mem::replace(&mut failed, row.is_err()))
    }
}

impl Rows<'_> {
    /// One cell of a window, for all sources and all that counts as one together.
    fn cells(&self, series: &Counted) -> Result<Vec<(Window, Usage)>> {
        let of_one = |id: i64| self.reader.at(|db| cells(db, id, self.range));
        if let [id] = series.ids[..] {
            let mut cells = of_one(id)?;
            let mut is_overflow = false;
            cells.dedup_by(|(window, usage), (kept, sum)| {
                let same = window == kept;
                is_overflow |= same && sum.merge(usage).is_err();
                same
            });
            return if is_overflow { Err(overflow(&series.domain)) } else { Ok(cells) };
        }
        // However many there are, no more is held than a range has windows.
        let mut sums: BTreeMap<Window, Usage> = BTreeMap::new();
        for id in &series.ids {
            for (window, usage) in of_one(*id)? {
                sums.entry(window).or_default().merge(&usage).map_err(|_| overflow(&series.domain))?;
            }
        }
        Ok(sums.into_iter().collect())
    }
}

fn overflow(domain: &Domain) -> Error {
    Error::new(ErrorKind::Overflow(format!("the traffic of {domain} in five minutes exceeds 2^63 - 1 bytes")))
}

fn cells(db: &Connection, series: i64, range: TimeRange) -> rusqlite::Result<Vec<(Window, Usage)>> {
    let sql = format!(
        "SELECT window, {LISTED} FROM cell WHERE series = ? AND window >= ? AND window < ? ORDER BY window"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let (first, end) = (range.start().index(), range.end().index());
    statement.query_map(params![series, first, end], cell)?.collect()
}

pub(super) fn all_series(db: &Connection) -> rusqlite::Result<Vec<Series>> {
    let mut all = db.prepare_cached("SELECT id, domain, region FROM series")?;
    let one = |row: &Row<'_>| {
        let series = of("series", row);
        Ok(Series { id: series.get(0)?, domain: series.domain(1)?, region: series.region(2)? })
    };
    all.query_map([], one)?.collect()
}

fn selected(db: &Connection, range: TimeRange, selection: &Selection) -> rusqlite::Result<Vec<Series>> {
    let mut series = all_series(db)?;
    series.retain(|series| selection.contains(series.domain.as_str()));
    series.sort_unstable_by(|a, b| (&a.domain, a.region).cmp(&(&b.domain, b.region)));
    let sql = "SELECT EXISTS (SELECT 1 FROM cell WHERE series = ? AND window >= ? AND window < ?)";
    let mut exists = db.prepare_cached(sql)?;
    let (first, end) = (range.start().index(), range.end().index());
    let mut kept = Vec::with_capacity(series.len());
    for series in series {
        if exists.query_row(params![series.id, first, end], |row| row.get(0))? {
            kept.push(series);
        }
    }
    Ok(kept)
}
