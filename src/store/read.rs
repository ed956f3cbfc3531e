//! Usage out: the report and the sorted rows of an export, as of one moment.

use super::source::{hours, region};
use super::{failed, open, unsigned};
use crate::domain::{Domain, Selection};
use crate::error::{Error, ErrorKind, Result};
use crate::record::Reason;
use crate::region::Region;
use crate::report::{Counts, Duplicate, Report, SAMPLES_PER_REASON, Sample, SourceReport};
use crate::time::{TimeRange, WINDOW_SECONDS, Window};
use crate::usage::{self, Usage};
use rusqlite::{Connection, Row, params};
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A store that is read: everything is as it was when it was opened, whatever is written meanwhile.
pub struct Reader {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
}

/// A domain and region of the store.
#[derive(Clone, Debug)]
struct Series {
    id: i64,
    domain: Domain,
    region: Region,
}

impl Reader {
    /// Opens the store; waits so long when it is being recovered or changed in its shape.
    ///
    /// # Errors
    /// When there is none, or it is damaged or newer than this program.
    pub fn open(path: &Path, wait: Duration) -> Result<Self> {
        let db = open(path, wait, false)?;
        let reader = Self { db, path: path.to_owned() };
        reader.at(|db| {
            // The first read takes the snapshot.
            db.execute_batch("BEGIN")?;
            db.query_row("SELECT generation FROM state", [], |row| row.get::<_, i64>(0))
        })?;
        Ok(reader)
    }

    /// Runs some work on the database; its errors name the store.
    pub(super) fn at<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&self.db).map_err(failed).map_err(|e| e.at(&self.path))
    }

    /// A number that every change of usage raises.
    ///
    /// # Errors
    /// When the database fails, as for all that follow.
    pub fn generation(&self) -> Result<i64> {
        self.at(|db| db.query_row("SELECT generation FROM state", [], |row| row.get(0)))
    }

    /// Domains and regions of the selection that have usage in a range, sorted.
    ///
    /// # Errors
    /// See [`Reader::generation`].
    pub fn keys(&self, range: TimeRange, selection: &Selection) -> Result<Vec<(Domain, Region)>> {
        let series = self.at(|db| selected(db, range, selection))?;
        Ok(series.into_iter().map(|series| (series.domain, series.region)).collect())
    }

    /// The rows of a selection in a range, sorted by (domain, region, window).
    ///
    /// # Errors
    /// See [`Reader::generation`].
    pub fn rows(&self, range: TimeRange, selection: &Selection) -> Result<Rows<'_>> {
        let series = self.at(|db| selected(db, range, selection))?;
        Ok(Rows { reader: self, range, series })
    }

    /// What was read, as far as an export of a selection in a range is concerned.
    ///
    /// # Errors
    /// See [`Reader::generation`].
    pub fn report(&self, range: TimeRange, selection: &Selection) -> Result<Report> {
        self.at(|db| report(db, range, selection))
    }
}

/// The rows of an export, read series by series.
pub struct Rows<'a> {
    reader: &'a Reader,
    range: TimeRange,
    series: Vec<Series>,
}

impl Rows<'_> {
    /// The rows.
    pub fn iter(&self) -> impl Iterator<Item = Result<usage::Row<'_>>> {
        let mut failed = false;
        let rows = self.series.iter().flat_map(move |series| {
            let cells = self.reader.at(|db| cells(db, series.id, self.range));
            let (cells, error) = match cells.and_then(|cells| merged(series, cells)) {
                Ok(cells) => (cells, None),
                Err(error) => (Vec::new(), Some(error)),
            };
            let row = move |(window, usage)| {
                Ok(usage::Row { domain: &series.domain, region: series.region, window, usage })
            };
            cells.into_iter().map(row).chain(error.map(Err))
        });
        rows.take_while(move |row| !std::mem::replace(&mut failed, row.is_err()))
    }
}

/// One cell of a window for all sources together.
fn merged(series: &Series, mut cells: Vec<(Window, Usage)>) -> Result<Vec<(Window, Usage)>> {
    let mut is_overflow = false;
    cells.dedup_by(|(window, usage), (kept, sum)| {
        let same = window == kept;
        is_overflow |= same && sum.merge(usage).is_err();
        same
    });
    if is_overflow {
        let text = format!("the traffic of {} in five minutes exceeds 2^63 - 1 bytes", series.domain);
        return Err(Error::new(ErrorKind::Overflow(text)));
    }
    Ok(cells)
}

fn cells(db: &Connection, series: i64, range: TimeRange) -> rusqlite::Result<Vec<(Window, Usage)>> {
    let sql = "SELECT window, bytes, http, https, quic, other, hits, hit_bytes, client_errors, server_errors
               FROM cell WHERE series = ? AND window >= ? AND window < ? ORDER BY window";
    let mut statement = db.prepare_cached(sql)?;
    let (first, end) = (range.start().index(), range.end().index());
    statement.query_map(params![series, first, end], cell)?.collect()
}

pub(super) fn cell(row: &Row<'_>) -> rusqlite::Result<(Window, Usage)> {
    let mut fields = [0; Usage::FIELDS];
    for (at, field) in fields.iter_mut().enumerate() {
        *field = unsigned(row.get(at + 1)?);
    }
    Ok((Window::from_index(row.get(0)?), Usage::from_fields(fields)))
}

fn all_series(db: &Connection) -> rusqlite::Result<Vec<Series>> {
    let mut all = db.prepare_cached("SELECT id, domain, region FROM series")?;
    let one = |row: &Row<'_>| {
        let domain: String = row.get(1)?;
        let domain = Domain::new(domain.as_bytes()).ok_or(rusqlite::Error::InvalidQuery)?;
        Ok(Series { id: row.get(0)?, domain, region: region(&row.get::<_, String>(2)?) })
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

/// What a report of a range and selection is made with.
struct Scope<'a> {
    db: &'a Connection,
    windows: Range<i64>,
    /// Whether a series was asked for, by its number.
    wanted: HashMap<i64, bool>,
}

fn report(db: &Connection, range: TimeRange, selection: &Selection) -> rusqlite::Result<Report> {
    let wanted = all_series(db)?.into_iter().map(|s| (s.id, selection.contains(s.domain.as_str())));
    let windows = i64::from(range.start().index())..i64::from(range.end().index());
    let scope = Scope { db, windows, wanted: wanted.collect() };
    let mut sources = db.prepare(
        "SELECT id, name, size, named_domain, named_start, named_end, fault, lines, accepted, unplaced, blank
         FROM source ORDER BY sort, id",
    )?;
    let mut report = Report::default();
    let mut rows = sources.query([])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let mut source = SourceReport {
            name: row.get(1)?,
            size: row.get::<_, Option<i64>>(2)?.map(unsigned),
            hours: hours(row, 3)?,
            fault: row.get(6)?,
            counts: Counts {
                lines: unsigned(row.get(7)?),
                blank: unsigned(row.get(10)?),
                rejected: rejected(db, id)?,
                ..Counts::default()
            },
        };
        let placed = unsigned(row.get(8)?);
        let in_range = scope.count(id, &mut source)?;
        source.counts.outside_range = placed + unsigned(row.get(9)?) - in_range;
        source.counts.other_domains = in_range - source.counts.accepted;
        add_samples(db, id, &mut report, &source)?;
        report.sources.push(source);
    }
    report.duplicates = duplicates(db)?;
    Ok(report)
}

impl Scope<'_> {
    /// Counts the lines of a source that are in range and selection; gives those that are in the range.
    fn count(&self, id: i64, source: &mut SourceReport) -> rusqlite::Result<u64> {
        let mut parts = self.db.prepare_cached(
            "SELECT series, first_window, last_window, bytes, requests FROM part WHERE source = ?",
        )?;
        let hour = source.hours.as_ref().map(|hours| hours.first_window_start() / WINDOW_SECONDS);
        let mut in_range = 0;
        let mut rows = parts.query([id])?;
        while let Some(row) = rows.next()? {
            let part = Part {
                source: id,
                series: row.get(0)?,
                windows: row.get(1)?..row.get::<_, i64>(2)? + 1,
                sum: (unsigned(row.get(3)?), unsigned(row.get(4)?)),
            };
            let (bytes, requests) = self.sum(&part, &self.windows)?;
            in_range += requests;
            if self.wanted.get(&part.series).is_some_and(|wanted| *wanted) {
                source.counts.accepted += requests;
                source.counts.traffic += u128::from(bytes);
                let before = self.windows.start..hour.unwrap_or(i64::MIN).min(self.windows.end);
                let late = self.sum(&part, &before)?.1;
                if late > 0 {
                    let first = self.first(&part, &before)?;
                    source.counts.merge(&Counts { late, first_late: Some(first), ..Counts::default() });
                }
            }
        }
        Ok(in_range)
    }

    /// The first window of a part, among some in which it has any.
    fn first(&self, part: &Part, windows: &Range<i64>) -> rusqlite::Result<Window> {
        let mut first = self.db.prepare_cached(
            "SELECT min(window) FROM cell WHERE series = ? AND window >= ? AND window < ? AND source = ?",
        )?;
        let values = params![part.series, part.windows.start.max(windows.start), windows.end, part.source];
        first.query_row(values, |row| row.get(0).map(Window::from_index))
    }

    /// Bytes and requests of a part in some windows.
    fn sum(&self, part: &Part, windows: &Range<i64>) -> rusqlite::Result<(u64, u64)> {
        let both = part.windows.start.max(windows.start)..part.windows.end.min(windows.end);
        if both.is_empty() {
            return Ok((0, 0));
        }
        if both == part.windows {
            return Ok(part.sum);
        }
        let mut sum = self.db.prepare_cached(
            "SELECT coalesce(sum(bytes), 0), coalesce(sum(http + https + quic + other), 0) FROM cell
             WHERE series = ? AND window >= ? AND window < ? AND source = ?",
        )?;
        sum.query_row(params![part.series, both.start, both.end, part.source], |row| {
            Ok((unsigned(row.get(0)?), unsigned(row.get(1)?)))
        })
    }
}

/// What a source says of a series, in short.
struct Part {
    source: i64,
    series: i64,
    windows: Range<i64>,
    /// Bytes and requests.
    sum: (u64, u64),
}

fn rejected(db: &Connection, id: i64) -> rusqlite::Result<[u64; Reason::ALL.len()]> {
    let mut rejects = db.prepare_cached("SELECT reason, lines FROM reject WHERE source = ?")?;
    let mut counts = [0; Reason::ALL.len()];
    let mut rows = rejects.query([id])?;
    while let Some(row) = rows.next()? {
        if let Some(reason) = reason(&row.get::<_, String>(0)?) {
            counts[reason as usize] = unsigned(row.get(1)?);
        }
    }
    Ok(counts)
}

fn reason(key: &str) -> Option<Reason> {
    Reason::ALL.into_iter().find(|reason| reason.key() == key)
}

/// Adds the samples of a source that the report has room for.
fn add_samples(db: &Connection, id: i64, report: &mut Report, source: &SourceReport) -> rusqlite::Result<()> {
    let full = |reason: Reason| {
        report.samples.iter().filter(|sample| sample.reason == reason).count() >= SAMPLES_PER_REASON
    };
    let has_room =
        Reason::ALL.into_iter().any(|reason| source.counts.rejected[reason as usize] > 0 && !full(reason));
    if !has_room {
        return Ok(());
    }
    let mut samples =
        db.prepare_cached("SELECT line, reason, text FROM sample WHERE source = ? ORDER BY line")?;
    let at = report.sources.len();
    let mut rows = samples.query([id])?;
    while let Some(row) = rows.next()? {
        if let Some(reason) = reason(&row.get::<_, String>(1)?) {
            let sample = Sample { source: at, line: unsigned(row.get(0)?), reason, text: row.get(2)? };
            report.add_samples([sample]);
        }
    }
    Ok(())
}

fn duplicates(db: &Connection) -> rusqlite::Result<Vec<Duplicate>> {
    let mut duplicates = db.prepare(
        "SELECT place.name, source.name FROM place JOIN source ON source.id = place.source
         WHERE place.sort <> source.sort AND source.text_bytes > 0 ORDER BY place.name",
    )?;
    let duplicate = |row: &Row<'_>| Ok(Duplicate { name: row.get(0)?, same_as: row.get(1)? });
    duplicates.query_map([], duplicate)?.collect()
}
