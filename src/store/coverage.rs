//! Which hours sources stand for, when they arrived, and which of their lines are late.

use super::read::Reader;
use super::source::{SourceId, hours};
use super::unsigned;
use crate::domain::{Domain, Selection};
use crate::error::Result;
use crate::hours::{Hours, touched};
use crate::report::NamedHours;
use crate::time::{TimeRange, WINDOW_SECONDS, Window};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeSet;
use std::ops::Range;

/// A source whose name tells its hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSource {
    /// Which source.
    pub id: SourceId,
    /// What its first name tells.
    pub hours: NamedHours,
    /// Unix seconds of its first reading.
    pub arrived: i64,
    /// Its lines.
    pub lines: u64,
    /// Why reading ended early, or why what was read is not to be trusted.
    pub fault: Option<String>,
    /// Whether its hours are there: see [`SourceReport::delivered`](crate::report::SourceReport::delivered).
    pub is_delivered: bool,
}

/// The late lines of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateLines {
    /// The first name of the source.
    pub name: String,
    /// What that name tells.
    pub hours: NamedHours,
    /// How many lines lie before these hours.
    pub lines: u64,
    /// The first window of any.
    pub first: Window,
}

impl LateLines {
    /// By how many seconds the first of their windows begins before the first window of the hours.
    #[must_use]
    pub fn by(&self) -> i64 {
        self.hours.first_window_start() - self.first.start()
    }
}

const WINDOWS_PER_HOUR: i64 = crate::hours::HOUR_SECONDS / WINDOW_SECONDS;

impl Reader {
    /// Shows every source whose name tells its hours, in the order of domains. All of it is in an index.
    ///
    /// # Errors
    /// When the database fails, as for all that follow.
    pub fn each_named(&self, mut show: impl FnMut(NamedSource)) -> Result<()> {
        self.at(|db| {
            let sql = "SELECT named_domain, named_start, named_end, id, arrived, lines, fault,
                           fault IS NULL AND ((SELECT empty_is_delivered FROM state)
                               OR lines > (SELECT own.blank FROM source AS own WHERE own.id = source.id))
                       FROM source
                       WHERE named_domain >= '' ORDER BY named_domain, named_end, named_start";
            let mut sources = db.prepare(sql)?;
            let mut rows = sources.query([])?;
            while let Some(row) = rows.next()? {
                let (arrived, lines, fault) = (row.get(4)?, unsigned(row.get(5)?), row.get(6)?);
                if let Some(hours) = hours(row, 0)? {
                    let (id, is_delivered) = (SourceId(row.get(3)?), row.get(7)?);
                    show(NamedSource { id, hours, arrived, lines, fault, is_delivered });
                }
            }
            Ok(())
        })
    }

    /// The hours of a range that any source tells that was read to its end, whatever its domain.
    ///
    /// # Errors
    /// See [`Reader::each_named`].
    pub fn delivered_hours(&self, range: TimeRange) -> Result<BTreeSet<i64>> {
        let sql = "SELECT DISTINCT named_start, named_end FROM source
                   WHERE named_domain IS NOT NULL AND fault IS NULL AND lines > 0 AND named_start < ? AND named_end > ?";
        self.at(|db| {
            let mut sources = db.prepare(sql)?;
            let mut rows = sources.query([range.end().start(), range.start().start()])?;
            let mut hours = BTreeSet::new();
            while let Some(row) = rows.next()? {
                hours.extend(touched(row.get(0)?, row.get(1)?));
            }
            Ok(hours)
        })
    }

    /// The first of the names of a source, behind what it is sorted by.
    ///
    /// # Errors
    /// See [`Reader::each_named`].
    pub fn called(&self, id: SourceId) -> Result<(Vec<u8>, String)> {
        self.at(|db| {
            let mut name = db.prepare_cached("SELECT sort, name FROM source WHERE id = ?")?;
            name.query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
        })
    }

    /// The hours of the usage that comes from sources whose names tell nothing, from the first to the last one.
    ///
    /// # Errors
    /// See [`Reader::each_named`].
    pub fn unnamed_extent(&self) -> Result<Option<Range<i64>>> {
        let sql = "SELECT min(first_window), max(last_window) FROM part
                   WHERE source IN (SELECT id FROM source WHERE named_domain IS NULL)";
        let ends = |row: &Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
        let (first, last) = self.at(|db| db.query_row(sql, [], ends))?;
        Ok(first.zip(last).map(|(first, last)| first / WINDOWS_PER_HOUR..last / WINDOWS_PER_HOUR + 1))
    }

    /// Adds the hours in which domains of a selection have usage from sources whose names tell nothing; such a
    /// domain is added also when it has none of it in the range.
    ///
    /// # Errors
    /// See [`Reader::each_named`].
    pub fn add_unnamed(&self, range: TimeRange, selection: &Selection, known: &mut Hours) -> Result<()> {
        self.at(|db| {
            for (series, domain) in unnamed_series(db)? {
                if selection.contains(domain.as_str()) {
                    known.add(&domain, unnamed_hours(db, series, range)?);
                }
            }
            Ok(())
        })
    }

    /// Sources whose names tell nothing and that were not read to their end, with the reasons: those with usage of
    /// the selection around the range, and those of which nothing is known.
    ///
    /// # Errors
    /// See [`Reader::each_named`].
    pub fn unnamed_faults(&self, range: TimeRange, selection: &Selection) -> Result<Vec<(String, String)>> {
        self.at(|db| {
            let sql = "SELECT source.name, source.fault, series.domain, source.id FROM source
                       LEFT JOIN part ON part.source = source.id LEFT JOIN series ON series.id = part.series
                       WHERE source.fault IS NOT NULL AND source.named_domain IS NULL
                           AND (part.source IS NULL OR (part.last_window >= ? AND part.first_window < ?))
                       ORDER BY source.sort, source.id";
            let mut statement = db.prepare(sql)?;
            let mut rows = statement.query(params![range.start().index(), range.end().index()])?;
            let (mut faults, mut last) = (Vec::new(), None);
            while let Some(row) = rows.next()? {
                let domain: Option<String> = row.get(2)?;
                let id: i64 = row.get(3)?;
                if domain.is_none_or(|domain| selection.contains(&domain)) && last != Some(id) {
                    faults.push((row.get(0)?, row.get(1)?));
                    last = Some(id);
                }
            }
            Ok(faults)
        })
    }

    /// Lines of a selection in a range that lie before the hours of their sources, by source.
    ///
    /// # Errors
    /// See [`Reader::each_named`].
    pub fn late_lines(&self, range: TimeRange, selection: &Selection) -> Result<Vec<LateLines>> {
        self.at(|db| late_lines(db, range, selection))
    }
}

fn unnamed_series(db: &Connection) -> rusqlite::Result<Vec<(i64, Domain)>> {
    let sql = "SELECT id, domain FROM series WHERE id IN (
                   SELECT series FROM part WHERE source IN (SELECT id FROM source WHERE named_domain IS NULL))";
    let mut series = db.prepare(sql)?;
    let one = |row: &Row<'_>| {
        let domain: String = row.get(1)?;
        Ok((row.get(0)?, Domain::new(domain.as_bytes()).ok_or(rusqlite::Error::InvalidQuery)?))
    };
    series.query_map([], one)?.collect()
}

fn unnamed_hours(db: &Connection, series: i64, range: TimeRange) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT DISTINCT cell.window / ? FROM cell CROSS JOIN source ON source.id = cell.source
               WHERE cell.series = ? AND cell.window >= ? AND cell.window < ? AND source.named_domain IS NULL";
    let mut hours = db.prepare_cached(sql)?;
    let values = params![WINDOWS_PER_HOUR, series, range.start().index(), range.end().index()];
    hours.query_map(values, |row| row.get(0))?.collect()
}

fn late_lines(db: &Connection, range: TimeRange, selection: &Selection) -> rusqlite::Result<Vec<LateLines>> {
    // Few parts begin before the hours of their source: these lead to the cells.
    let sql = "SELECT source.id, source.name, source.named_domain, source.named_start, source.named_end, series.domain,
                   sum(cell.http + cell.https + cell.quic + cell.other), min(cell.window)
               FROM source
               CROSS JOIN part ON part.source = source.id AND part.first_window < source.named_start / ?1
               CROSS JOIN cell ON cell.series = part.series AND cell.source = part.source
                   AND cell.window >= max(part.first_window, ?2) AND cell.window < min(source.named_start / ?1, ?3)
               CROSS JOIN series ON series.id = part.series
               WHERE source.named_domain >= ''
               GROUP BY source.id, part.series ORDER BY source.sort, source.id";
    let mut statement = db.prepare(sql)?;
    let values = params![WINDOW_SECONDS, range.start().index(), range.end().index()];
    let mut rows = statement.query(values)?;
    let mut late: Vec<LateLines> = Vec::new();
    let mut last = None;
    while let Some(row) = rows.next()? {
        let domain: String = row.get(5)?;
        let Some(hours) = hours(row, 2)?.filter(|_| selection.contains(&domain)) else { continue };
        let (lines, first) = (unsigned(row.get(6)?), Window::from_index(row.get(7)?));
        let id: i64 = row.get(0)?;
        match late.last_mut().filter(|_| last == Some(id)) {
            Some(same) => (same.lines, same.first) = (same.lines + lines, same.first.min(first)),
            None => late.push(LateLines { name: row.get(1)?, hours, lines, first }),
        }
        last = Some(id);
    }
    Ok(late)
}
