//! The report of an export: what was read of each source, as far as a range and a selection are concerned.
//!
//! Read table by table, in turn, and put together by the numbers of the sources: there may be many of them.

use super::read::all_series;
use super::source::hours;
use super::unsigned;
use crate::domain::Selection;
use crate::record::Reason;
use crate::report::{Counts, Duplicate, Report, Sample, SourceReport};
use crate::time::{TimeRange, WINDOW_SECONDS, Window};
use rusqlite::{Connection, Row, params};
use std::collections::HashMap;
use std::ops::Range;

/// What a report of a range and selection is made with.
struct Scope<'a> {
    db: &'a Connection,
    windows: Range<i64>,
    /// Whether a series was asked for, by its number.
    wanted: HashMap<i64, bool>,
}

/// The sources, and where each stands by its number.
#[derive(Default)]
struct Sources {
    at: HashMap<i64, usize>,
    reports: Vec<SourceReport>,
}

impl Sources {
    fn get(&mut self, id: i64) -> Option<&mut SourceReport> {
        self.at.get(&id).map(|at| &mut self.reports[*at])
    }
}

pub(super) fn report(db: &Connection, range: TimeRange, selection: &Selection) -> rusqlite::Result<Report> {
    let wanted = all_series(db)?.into_iter().map(|s| (s.id, selection.contains(s.domain.as_str())));
    let windows = i64::from(range.start().index())..i64::from(range.end().index());
    let scope = Scope { db, windows, wanted: wanted.collect() };
    let mut sources = sources(db)?;
    add_rejects(db, &mut sources)?;
    scope.count(&mut sources)?;
    let mut ids: Vec<(usize, i64)> = sources.at.into_iter().map(|(id, at)| (at, id)).collect();
    ids.sort_unstable();
    let mut report = Report { sources: sources.reports, ..Report::default() };
    for (at, id) in ids {
        add_samples(db, id, at, &mut report)?;
    }
    report.duplicates = duplicates(db)?;
    Ok(report.scoped(selection, range))
}

/// All sources, sorted; their good lines stand outside the range as long as nothing else is known.
fn sources(db: &Connection) -> rusqlite::Result<Sources> {
    let mut all = db.prepare(
        "SELECT id, name, size, named_domain, named_start, named_end, fault, lines, accepted, unplaced, blank
         FROM source ORDER BY sort, id",
    )?;
    let mut sources = Sources::default();
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        sources.at.insert(row.get(0)?, sources.reports.len());
        sources.reports.push(SourceReport {
            name: row.get(1)?,
            size: row.get::<_, Option<i64>>(2)?.map(unsigned),
            hours: hours(row, 3)?,
            fault: row.get(6)?,
            counts: Counts {
                lines: unsigned(row.get(7)?),
                outside_range: unsigned(row.get(8)?) + unsigned(row.get(9)?),
                blank: unsigned(row.get(10)?),
                ..Counts::default()
            },
        });
    }
    Ok(sources)
}

fn add_rejects(db: &Connection, sources: &mut Sources) -> rusqlite::Result<()> {
    let mut rejects = db.prepare("SELECT source, reason, lines FROM reject")?;
    let mut rows = rejects.query([])?;
    while let Some(row) = rows.next()? {
        if let (Some(source), Some(reason)) = (sources.get(row.get(0)?), reason(row.get_ref(1)?.as_str()?)) {
            source.counts.rejected[reason as usize] = unsigned(row.get(2)?);
        }
    }
    Ok(())
}

impl Scope<'_> {
    /// Counts the lines that are in range and selection.
    fn count(&self, sources: &mut Sources) -> rusqlite::Result<()> {
        let mut parts =
            self.db.prepare("SELECT source, series, first_window, last_window, bytes, requests FROM part")?;
        let mut rows = parts.query([])?;
        while let Some(row) = rows.next()? {
            let part = Part {
                source: row.get(0)?,
                series: row.get(1)?,
                windows: row.get(2)?..row.get::<_, i64>(3)? + 1,
                sum: (unsigned(row.get(4)?), unsigned(row.get(5)?)),
            };
            if let Some(source) = sources.get(part.source) {
                self.count_part(&part, source)?;
            }
        }
        Ok(())
    }

    fn count_part(&self, part: &Part, source: &mut SourceReport) -> rusqlite::Result<()> {
        let (bytes, requests) = self.sum(part, &self.windows)?;
        source.counts.outside_range = source.counts.outside_range.saturating_sub(requests);
        if !self.wanted.get(&part.series).is_some_and(|wanted| *wanted) {
            source.counts.other_domains += requests;
            return Ok(());
        }
        source.counts.accepted += requests;
        source.counts.traffic += u128::from(bytes);
        let hour = source.hours.as_ref().map(|hours| hours.first_window_start() / WINDOW_SECONDS);
        let before = self.windows.start..hour.unwrap_or(i64::MIN).min(self.windows.end);
        let late = self.sum(part, &before)?.1;
        if late > 0 {
            let first = self.first(part, &before)?;
            source.counts.merge(&Counts { late, first_late: Some(first), ..Counts::default() });
        }
        Ok(())
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

fn reason(key: &str) -> Option<Reason> {
    Reason::ALL.into_iter().find(|reason| reason.key() == key)
}

/// Adds the samples of a source.
fn add_samples(db: &Connection, id: i64, at: usize, report: &mut Report) -> rusqlite::Result<()> {
    if report.sources[at].counts.rejected_total() == 0 {
        return Ok(());
    }
    let mut samples =
        db.prepare_cached("SELECT line, reason, text FROM sample WHERE source = ? ORDER BY line")?;
    let mut rows = samples.query([id])?;
    while let Some(row) = rows.next()? {
        if let Some(reason) = reason(&row.get::<_, String>(1)?) {
            let sample = Sample { source: at, line: unsigned(row.get(0)?), reason, text: row.get(2)? };
            report.samples.push(sample);
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
