//! Sources that are not certain to be of one domain: their lines are evidence of hours with a log.

use super::source::{NAMED_DOMAINS, Names};
use super::value::of;
use crate::hours::HOUR_SECONDS;
use crate::names::evidence;
use crate::report::NamedHours;
use crate::time::{TimeRange, WINDOW_SECONDS};
use rusqlite::{Connection, Row, params};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

pub(super) const WINDOWS_PER_HOUR: i64 = HOUR_SECONDS / WINDOW_SECONDS;

/// Each source with the hours in which its lines are evidence: see [`evidence`].
#[derive(Default)]
pub(super) struct MixedSources(BTreeMap<i64, Range<i64>>);

impl MixedSources {
    /// All of a store.
    pub(super) fn all(db: &Connection) -> rusqlite::Result<Self> {
        let mut shared = Self::default();
        let mut unnamed = db.prepare_cached("SELECT id, sort FROM source WHERE named_domain IS NULL")?;
        let mut rows = unnamed.query([])?;
        while let Some(row) = rows.next()? {
            let source = of("source", row);
            shared.add(source.get(0)?, source.blob(1)?, None);
        }
        let sql = "SELECT id, named_domain, named_start, named_end FROM source WHERE named_domain = ?";
        let mut named = db.prepare_cached(sql)?;
        let domains = |row: &Row<'_>| of("source", row).get(0);
        let domains: Vec<String> =
            db.prepare_cached(NAMED_DOMAINS)?.query_map([], domains)?.collect::<Result<_, _>>()?;
        let mut last = Names::default();
        for domain in domains {
            let mut rows = named.query([domain])?;
            while let Some(row) = rows.next()? {
                // Of one domain, all sources are so or none is.
                if !shared.add(row.get(0)?, &[], last.hours(row, 1)?) {
                    break;
                }
            }
        }
        Ok(shared)
    }

    /// Adds a source, by what it is sorted by and what its name tells, if it is one of these.
    pub(super) fn add(&mut self, id: i64, sort: &[u8], hours: Option<&NamedHours>) -> bool {
        let name = str::from_utf8(sort).ok().and_then(|path| Path::new(path).file_name()?.to_str());
        let evidence = evidence(hours, name);
        let is_one = evidence.is_some();
        self.0.extend(evidence.map(|hours| (id, hours)));
        is_one
    }

    /// The series that have a part in any of these sources.
    pub(super) fn series(&self, db: &Connection) -> rusqlite::Result<BTreeSet<i64>> {
        let mut parts = db.prepare_cached("SELECT series FROM part WHERE source = ?")?;
        let mut series = BTreeSet::new();
        for source in self.0.keys() {
            for one in parts.query_map([source], |row| row.get(0))? {
                series.insert(one?);
            }
        }
        Ok(series)
    }

    /// The hours of a range in which a series has evidence, and whether any of these sources has a line of it there.
    pub(super) fn hours(
        &self,
        db: &Connection,
        series: i64,
        range: TimeRange,
    ) -> rusqlite::Result<(BTreeSet<i64>, bool)> {
        let sql = "SELECT window, source FROM cell WHERE series = ? AND window >= ? AND window < ?";
        let mut cells = db.prepare_cached(sql)?;
        let mut rows = cells.query(params![series, range.start().index(), range.end().index()])?;
        let (mut hours, mut has_line) = (BTreeSet::new(), false);
        while let Some(row) = rows.next()? {
            let hour = of("cell", row).get::<i64>(0)? / WINDOWS_PER_HOUR;
            if let Some(evidence) = self.0.get(&row.get(1)?) {
                has_line = true;
                hours.extend(Some(hour).filter(|hour| evidence.contains(hour)));
            }
        }
        Ok((hours, has_line))
    }
}
