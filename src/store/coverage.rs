//! Which hours are there: by sources that were read to their end, and by usage where names tell nothing.

use super::read::{Reader, all_series};
use crate::domain::{Domain, Selection};
use crate::error::Result;
use crate::hours::{Hours, of_range, touched};
use crate::time::{TimeRange, WINDOW_SECONDS};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeSet;
use std::ops::Range;

const WINDOWS_PER_HOUR: i64 = crate::hours::HOUR_SECONDS / WINDOW_SECONDS;

impl Reader {
    /// The hours of a range that any source delivers, whatever its domain: see [`delivers`].
    ///
    /// # Errors
    /// When the database fails, as for all that follow.
    pub fn delivered_hours(&self, range: TimeRange) -> Result<BTreeSet<i64>> {
        let mut hours = BTreeSet::new();
        for domain in self.named_domains()? {
            self.pass_named(&domain, &of_range(range), |source| {
                let told = source.hours.filter(|_| source.is_delivered);
                hours.extend(told.into_iter().flat_map(|told| touched(told.start, told.end)));
            })?;
        }
        Ok(hours)
    }

    /// The hours of the usage that comes from sources whose names tell nothing, from the first to the last one.
    ///
    /// # Errors
    /// See [`Reader::delivered_hours`].
    pub fn unnamed_extent(&self) -> Result<Option<Range<i64>>> {
        let sql = "SELECT min(first_window), max(last_window) FROM part
                   WHERE source IN (SELECT id FROM source WHERE named_domain IS NULL)";
        let ends = |row: &Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
        let (first, last) = self.at(|db| db.query_row(sql, [], ends))?;
        Ok(first.zip(last).map(|(first, last)| first / WINDOWS_PER_HOUR..last / WINDOWS_PER_HOUR + 1))
    }

    /// Adds the hours in which domains of a selection have usage that is a sign of a log: from sources whose names tell
    /// nothing, and from any where no name tells the domain, so that it is not among those that are `known` by names. Such
    /// a domain is added also when it has no usage in the range.
    ///
    /// # Errors
    /// See [`Reader::delivered_hours`].
    pub fn add_by_lines(&self, range: TimeRange, selection: &Selection, known: &mut Hours) -> Result<()> {
        self.at(|db| {
            let mut untold = all_series(db)?;
            untold.retain(|one| selection.contains(one.domain.as_str()) && !known.has(&one.domain));
            for (series, domain) in unnamed_series(db)? {
                if selection.contains(domain.as_str()) && known.has(&domain) {
                    known.add(&domain, unnamed_hours(db, series, range)?);
                }
            }
            for series in untold {
                known.add(&series.domain, hours_of(db, series.id, range)?);
            }
            Ok(())
        })
    }

    /// Sources whose names tell nothing and that were not read to their end, with the reasons: those with usage of
    /// the selection around the range, and those of which nothing is known.
    ///
    /// # Errors
    /// See [`Reader::delivered_hours`].
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

/// The hours of a range in which a series has usage.
fn hours_of(db: &Connection, series: i64, range: TimeRange) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT DISTINCT window / ? FROM cell WHERE series = ? AND window >= ? AND window < ?";
    let mut hours = db.prepare_cached(sql)?;
    let values = params![WINDOWS_PER_HOUR, series, range.start().index(), range.end().index()];
    hours.query_map(values, |row| row.get(0))?.collect()
}

/// The hours of a range in which a series has usage from sources whose names tell nothing.
pub(super) fn unnamed_hours(db: &Connection, series: i64, range: TimeRange) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT DISTINCT cell.window / ? FROM cell CROSS JOIN source ON source.id = cell.source
               WHERE cell.series = ? AND cell.window >= ? AND cell.window < ? AND source.named_domain IS NULL";
    let mut hours = db.prepare_cached(sql)?;
    let values = params![WINDOWS_PER_HOUR, series, range.start().index(), range.end().index()];
    hours.query_map(values, |row| row.get(0))?.collect()
}
