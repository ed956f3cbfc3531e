//! Reads all sources in one pass, with their parts: what is needed of every source is not looked up one by one.

use super::parts::Part;
use super::read::{Reader, all_series};
use super::report::Question;
use super::source::{NAMED_DOMAINS, Names, SourceId};
use super::state::empty_is_delivered;
use super::value::of;
use crate::domain::Domain;
use crate::error::Result;
use crate::hours::HOUR_SECONDS;
use crate::report::{NamedHours, Scope, delivers};
use crate::sketch::Sketch;
use crate::time::Window;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Rows, params};
use std::collections::HashSet;
use std::ops::Range;

/// A source, lent while all of them are passed.
#[derive(Clone, Copy, Debug)]
pub struct Passed<'a> {
    /// Which source.
    pub id: SourceId,
    /// The first of its names.
    pub name: &'a str,
    /// The domain and hours in that name.
    pub hours: Option<&'a NamedHours>,
    /// Unix seconds of its first reading.
    pub arrived: i64,
    /// Its lines.
    pub lines: u64,
    /// Why reading ended early, or why the source was not accepted as a log.
    pub fault: Option<&'a str>,
    /// Whether its hours are there: see [`SourceReport::delivered`](crate::report::SourceReport::delivered).
    pub is_delivered: bool,
}

/// A source in scope.
#[derive(Clone, Debug)]
pub struct Surveyed {
    /// The first of its names.
    pub name: String,
    /// The domain and hours in that name.
    pub hours: Option<NamedHours>,
    /// Unix seconds of its first reading.
    pub arrived: i64,
    /// Its lines.
    pub lines: u64,
    /// Lines in scope that are before its hours, with the first slice of any; `None` if there are none.
    pub late: Option<(u64, Window)>,
    /// Hashes of some of its lines.
    pub sketch: Sketch,
}

impl Reader {
    /// Shows every source, in the order in which they came.
    ///
    /// # Errors
    /// If the database fails.
    pub fn pass(&self, mut show: impl FnMut(&Passed<'_>)) -> Result<()> {
        self.at(|db| {
            each_source(db, |_, passed| {
                show(passed);
                Ok(())
            })
        })
    }

    /// The domains in the names of sources, in order. Each is looked up after the one before, so the number of sources
    /// of a domain does not matter.
    ///
    /// # Errors
    /// If the database fails.
    pub fn named_domains(&self) -> Result<Vec<Domain>> {
        self.at(|db| {
            let mut domains = db.prepare_cached(NAMED_DOMAINS)?;
            domains.query_map([], |row| of("source", row).domain(0))?.collect()
        })
    }

    /// Passes the sources whose names have this domain and any of these hours; little is read of other sources of the
    /// domain.
    ///
    /// # Errors
    /// If the database fails.
    pub fn pass_named(
        &self,
        domain: &Domain,
        hours: &Range<i64>,
        mut show: impl FnMut(&Passed<'_>),
    ) -> Result<()> {
        self.at(|db| {
            let mut sources = db.prepare_cached(NAMED)?;
            let (start, end) = (hours.start * HOUR_SECONDS, hours.end * HOUR_SECONDS);
            let rows = sources.query(params![domain.as_str(), start, end])?;
            each_row(db, rows, |_, passed| {
                show(passed);
                Ok(())
            })
        })
    }

    /// Shows every source as [`Reader::pass`] does; gives those in scope in the order of names: those that
    /// [`Reader::report`] shows by name.
    ///
    /// # Errors
    /// If the database fails.
    pub fn survey(&self, scope: Scope<'_>, mut show: impl FnMut(&Passed<'_>)) -> Result<Vec<Surveyed>> {
        self.at(|db| {
            let question = Question::of(db, scope);
            let mut parts = db.prepare(ALL_PARTS)?;
            let mut parts = Beside::new(parts.query([])?)?;
            let wanted = all_series(db)?.into_iter();
            let wanted = wanted.filter(|series| scope.selection.contains(series.domain.as_str()));
            let wanted: HashSet<i64> = wanted.map(|series| series.id).collect();
            let mut found = Vec::new();
            each_source(db, |row, passed| {
                show(passed);
                let own = parts.of(passed.id.0)?;
                own.retain(|part| wanted.contains(&part.series));
                if question.concerns(row, passed, own)? {
                    found.push((
                        (of("source", row).get::<Vec<u8>>(SORT)?, passed.id),
                        question.surveyed(row, passed, own)?,
                    ));
                }
                Ok(())
            })?;
            // They mostly came in this order.
            found.sort_by(|(a, _), (b, _)| a.cmp(b));
            Ok(found.into_iter().map(|(_, source)| source).collect())
        })
    }
}

const ALL_PARTS: &str =
    "SELECT source, series, first_window, last_window, bytes, requests FROM part ORDER BY source, series";

/// Where a source is sorted stands in this column of [`each_source`]; then its sketch, its good lines, and whether any was
/// rejected.
const SORT: usize = 9;

/// The first columns of [`each_source`], of sources whose names tell a domain and hours.
const NAMED: &str =
    "SELECT id, name, named_domain, named_start, named_end, arrived, lines, fault, blank + skipped FROM source
     WHERE named_domain = ? AND named_end > ? AND named_start < ?";

fn each_source(
    db: &Connection,
    show: impl FnMut(&Row<'_>, &Passed<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let sql =
        "SELECT id, name, named_domain, named_start, named_end, arrived, lines, fault, blank + skipped, sort, sketch,
                   accepted + unplaced, lines > accepted + unplaced + blank + skipped FROM source ORDER BY id";
    each_row(db, db.prepare(sql)?.query([])?, show)
}

fn each_row(
    db: &Connection,
    mut rows: Rows<'_>,
    mut show: impl FnMut(&Row<'_>, &Passed<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let may_be_empty = empty_is_delivered(db)?;
    let mut names = Names::default();
    while let Some(row) = rows.next()? {
        let source = of("source", row);
        let (lines, empty) = (source.count(6)?, source.count(8)?);
        let fault = source.text_or_null(7)?;
        let passed = Passed {
            id: SourceId(source.get(0)?),
            name: source.text(1)?,
            hours: names.hours(row, 2)?,
            arrived: source.get(5)?,
            lines,
            fault,
            is_delivered: delivers(fault.is_some(), may_be_empty, lines, empty),
        };
        show(row, &passed)?;
    }
    Ok(())
}

/// Parts by source, beside their sources, both in order.
struct Beside<'a> {
    rows: Rows<'a>,
    next: Option<Part>,
    own: Vec<Part>,
}

impl<'a> Beside<'a> {
    fn new(rows: Rows<'a>) -> rusqlite::Result<Self> {
        let mut beside = Self { rows, next: None, own: Vec::new() };
        beside.step()?;
        Ok(beside)
    }

    fn step(&mut self) -> rusqlite::Result<()> {
        self.next = self.rows.next()?.map(Part::of).transpose()?;
        Ok(())
    }

    /// The parts of a source, which comes behind those asked for before.
    fn of(&mut self, source: i64) -> rusqlite::Result<&mut Vec<Part>> {
        self.own.clear();
        while let Some(part) = self.next.take_if(|part| part.source <= source) {
            self.own.extend(Some(part).filter(|part| part.source == source));
            self.step()?;
        }
        Ok(&mut self.own)
    }
}

impl Question<'_> {
    /// Whether a source with these parts is in scope: see [`Scope::holds`].
    fn concerns(&self, row: &Row<'_>, passed: &Passed<'_>, parts: &[Part]) -> rusqlite::Result<bool> {
        if passed.hours.is_some_and(|hours| self.scope.is_named(hours)) {
            return Ok(true);
        }
        let source = of("source", row);
        let (good, has_rejects): (i64, bool) = (source.get(SORT + 2)?, source.get(SORT + 3)?);
        let (has_fault, is_unnamed) = (passed.fault.is_some(), row.get_ref(2)? == ValueRef::Null);
        let is_odd = has_fault || has_rejects || (is_unnamed && good == 0);
        let selection = self.scope.selection;
        let is_unread = has_fault && is_unnamed && selection.wanted.is_all();
        if (is_odd && selection.is_everything()) || (is_unread && self.may_concern(source.blob(SORT)?)) {
            return Ok(true);
        }
        for part in parts {
            if self.sum(part, &self.windows)?.1 > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn surveyed(&self, row: &Row<'_>, passed: &Passed<'_>, parts: &[Part]) -> rusqlite::Result<Surveyed> {
        let sketch = of("source", row).blob_or_null(SORT + 1)?;
        Ok(Surveyed {
            name: passed.name.to_owned(),
            hours: passed.hours.cloned(),
            arrived: passed.arrived,
            lines: passed.lines,
            late: self.late(passed.hours, parts)?,
            sketch: sketch.map(Sketch::from_bytes).unwrap_or_default(),
        })
    }

    /// How many lines of parts lie before these hours, and the first window of any.
    fn late(&self, hours: Option<&NamedHours>, parts: &[Part]) -> rusqlite::Result<Option<(u64, Window)>> {
        let Some(hours) = hours else { return Ok(None) };
        let before = self.before(Some(hours));
        let mut late: Option<(u64, Window)> = None;
        for part in parts.iter().filter(|part| part.windows.start < before.end) {
            let lines = self.sum(part, &before)?.1;
            if lines > 0 {
                let first = self.first(part, &before)?;
                late = Some(late.map_or((lines, first), |(sum, least)| (sum + lines, least.min(first))));
            }
        }
        Ok(late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::coverage::DELIVERED;
    use crate::store::schema::MIGRATIONS;

    /// However many sources a store has, a task is judged by those of its domains and hours.
    #[test]
    fn what_tasks_are_judged_by_is_found_by_indexes() {
        let db = Connection::open_in_memory().unwrap();
        for step in MIGRATIONS {
            db.execute_batch(step).unwrap();
        }
        for sql in [NAMED_DOMAINS, NAMED, DELIVERED] {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps =
                plan.raw_query().mapped(|row| row.get(3)).collect::<rusqlite::Result<Vec<String>>>().unwrap();
            let of_sources: Vec<&String> = steps.iter().filter(|step| step.contains("source")).collect();
            assert!(!of_sources.is_empty(), "{sql}: {steps:?}");
            let is_found = |step: &&String| step.starts_with("SEARCH source USING");
            assert!(of_sources.iter().all(is_found), "{sql}: {steps:?}");
            let is_covered = of_sources.iter().all(|step| step.contains("COVERING INDEX"));
            assert!(is_covered || sql == NAMED, "{sql}: {steps:?}");
        }
    }
}
