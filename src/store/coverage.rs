//! Which hours have a log: by sources that were read to their end, and by usage if names name nothing.

use super::mixed_sources::{MixedSources, WINDOWS_PER_HOUR};
use super::read::{Reader, all_series};
use super::report::file_name;
use super::source::named_span;
use super::state::empty_is_delivered;
use super::value::of;
use crate::domain::Selection;
use crate::error::Result;
use crate::hours::{HOUR_SECONDS, Hours, of_range, touched};
use crate::time::TimeRange;
use rusqlite::{Row, params};
use std::collections::BTreeSet;
use std::ops::Range;

/// Hours that sources of a domain deliver, as [`delivers`](crate::report::delivers) has it: answered by an index alone.
pub(super) const DELIVERED: &str = "SELECT DISTINCT named_start, named_end FROM source
     WHERE named_domain = ? AND named_end > ? AND named_start < ? AND fault IS NULL AND (? OR lines > blank + skipped)";

impl Reader {
    /// The hours of a range that any source delivers, whatever its domain: see
    /// [`delivers`](crate::report::delivers).
    ///
    /// # Errors
    /// When the database fails, as for all that follow.
    pub fn delivered_hours(&self, range: TimeRange) -> Result<BTreeSet<i64>> {
        let (asked, mut hours) = (of_range(range), BTreeSet::new());
        let domains = self.named_domains()?;
        self.at(|db| {
            let mut delivered = db.prepare_cached(DELIVERED)?;
            let (start, end) = (asked.start * HOUR_SECONDS, asked.end * HOUR_SECONDS);
            let may_be_empty = empty_is_delivered(db)?;
            for domain in &domains {
                let mut rows = delivered.query(params![domain.as_str(), start, end, may_be_empty])?;
                while let Some(row) = rows.next()? {
                    let (start, end) = named_span(of("source", row), 0)?;
                    hours.extend(touched(start, end));
                }
            }
            Ok(hours)
        })
    }

    /// The hours of the usage of sources whose names name nothing, from the first to the last one.
    ///
    /// # Errors
    /// See [`Reader::delivered_hours`].
    pub fn unnamed_extent(&self) -> Result<Option<Range<i64>>> {
        let sql = "SELECT min(first_window) AS first_window, max(last_window) AS last_window FROM part
                   WHERE source IN (SELECT id FROM source WHERE named_domain IS NULL)";
        let ends = |row: &Row<'_>| {
            let part = of("part", row);
            Ok((part.get::<Option<i64>>(0)?, part.get::<Option<i64>>(1)?))
        };
        let (first, last) = self.at(|db| db.query_row(sql, [], ends))?;
        Ok(first.zip(last).map(|(first, last)| first / WINDOWS_PER_HOUR..last / WINDOWS_PER_HOUR + 1))
    }

    /// Adds the hours in which domains of a selection have usage that is evidence of a log, from sources that are not
    /// certain to be of one domain. A domain is added also when it has none in the range.
    ///
    /// # Errors
    /// See [`Reader::delivered_hours`].
    pub fn add_by_lines(&self, range: TimeRange, selection: &Selection, known: &mut Hours) -> Result<()> {
        self.at(|db| {
            let shared = MixedSources::all(db)?;
            let theirs = shared.series(db)?;
            let mut series = all_series(db)?;
            series.retain(|one| theirs.contains(&one.id) && selection.contains(one.domain.as_str()));
            for one in series {
                known.add(&one.domain, shared.hours(db, one.id, range)?.0);
            }
            Ok(())
        })
    }

    /// Sources whose names name nothing and that were not read to their end, with the reasons: those with usage of the
    /// selection around the range, and those of which nothing is known and whose names may be of the selection.
    ///
    /// # Errors
    /// See [`Reader::delivered_hours`].
    pub fn unnamed_faults(&self, range: TimeRange, selection: &Selection) -> Result<Vec<(String, String)>> {
        self.at(|db| {
            let sql = "SELECT source.name, source.fault, series.domain, source.id, source.sort FROM source
                       LEFT JOIN part ON part.source = source.id LEFT JOIN series ON series.id = part.series
                       WHERE source.fault IS NOT NULL AND source.named_domain IS NULL
                           AND (part.source IS NULL OR (part.last_window >= ? AND part.first_window < ?))
                       ORDER BY source.sort, source.id";
            let mut statement = db.prepare(sql)?;
            let mut rows = statement.query(params![range.start().index(), range.end().index()])?;
            let (mut faults, mut last) = (Vec::new(), None);
            while let Some(row) = rows.next()? {
                let (source, domain) = (of("source", row), of("series", row).text_or_null(2)?);
                let id: i64 = source.get(3)?;
                let told = file_name(source.blob(4)?);
                // A wildcard of others is none of the selection's business.
                let is_others = told.is_some_and(|told| !told.may_hold(selection));
                let may_concern = domain.map_or(!is_others, |domain| selection.contains(domain));
                if may_concern && last != Some(id) {
                    faults.push((source.get(0)?, source.get(1)?));
                    last = Some(id);
                }
            }
            Ok(faults)
        })
    }
}
