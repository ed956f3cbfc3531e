//! What a writer has added, beside the sources that may have the same requests: looked up before it is committed.

use super::failure::failed;
use super::source::{Names, SourceId};
use super::value::of;
use super::writer::Writer;
use crate::error::Result;
use crate::report::NamedHours;
use crate::sketch::Sketch;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::{BTreeMap, BTreeSet};

/// A source that was added, or one that may have the same requests.
#[derive(Clone, Debug)]
pub struct MaybeAlike {
    /// The first of its names.
    pub name: String,
    /// The domain and hours in that name.
    pub hours: Option<NamedHours>,
    /// Its lines.
    pub lines: u64,
    /// Hashes of some of its lines.
    pub sketch: Sketch,
    /// Whether this writer has added it, or lines to it.
    pub is_new: bool,
}

impl Writer {
    /// The sources that got lines from this writer, with all those that are named for the same hours, or have usage of
    /// the same series at the same time; in the order of names. How long that takes depends on what was added, not on
    /// the size of the store.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn maybe_alike(&mut self) -> Result<Vec<MaybeAlike>> {
        let new = std::mem::take(&mut self.contributed);
        let found = self.at(|writer| maybe_alike(&writer.db, &new).map_err(failed));
        self.contributed = new;
        found
    }
}

fn maybe_alike(db: &Connection, new: &BTreeSet<SourceId>) -> rusqlite::Result<Vec<MaybeAlike>> {
    let mut ids: BTreeSet<i64> = new.iter().map(|id| id.0).collect();
    let spans = spans(db, &ids)?;
    let mut beside = BTreeSet::new();
    let mut at_the_time = db.prepare_cached(AT_THE_TIME)?;
    for (series, (first, last)) in spans {
        let mut rows = at_the_time.query(params![series, first, last])?;
        while let Some(row) = rows.next()? {
            beside.insert(row.get(0)?);
        }
    }
    let mut of_the_hours = db.prepare_cached(OF_THE_HOURS)?;
    for id in &ids {
        let mut rows = of_the_hours.query([id])?;
        while let Some(row) = rows.next()? {
            beside.insert(row.get(0)?);
        }
    }
    ids.append(&mut beside);
    let mut one = db.prepare_cached(ONE)?;
    let (mut names, mut found) = (Names::default(), Vec::new());
    for id in ids {
        let is_new = new.contains(&SourceId(id));
        // What was added and taken out again is gone.
        found.extend(one.query_row([id], |row| of_row(row, &mut names, is_new)).optional()?);
    }
    // They mostly came in this order.
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found.into_iter().map(|(_, source)| source).collect())
}

/// Of each series of some sources, the first and the last window.
fn spans(db: &Connection, ids: &BTreeSet<i64>) -> rusqlite::Result<BTreeMap<i64, (i64, i64)>> {
    let mut parts =
        db.prepare_cached("SELECT series, first_window, last_window FROM part WHERE source = ?")?;
    let mut spans: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for id in ids {
        let mut rows = parts.query([id])?;
        while let Some(row) = rows.next()? {
            let (first, last) = (row.get(1)?, row.get(2)?);
            let span = spans.entry(row.get(0)?).or_insert((first, last));
            *span = (span.0.min(first), span.1.max(last));
        }
    }
    Ok(spans)
}

const AT_THE_TIME: &str =
    "SELECT source FROM part WHERE series = ? AND last_window >= ? AND first_window <= ?";

const OF_THE_HOURS: &str = "SELECT other.id FROM source JOIN source AS other
         ON other.named_domain = source.named_domain AND other.named_end = source.named_end
        AND other.named_start = source.named_start
     WHERE source.id = ?";

const ONE: &str =
    "SELECT sort, name, named_domain, named_start, named_end, lines, sketch FROM source WHERE id = ?";

/// A source, behind what it is sorted by.
fn of_row(row: &Row<'_>, names: &mut Names, is_new: bool) -> rusqlite::Result<(Vec<u8>, MaybeAlike)> {
    let source = of("source", row);
    let sketch = source.blob_or_null(6)?.map(Sketch::from_bytes).unwrap_or_default();
    let hours = names.hours(row, 2)?.cloned();
    let (sort, name, lines) = (source.get(0)?, source.get(1)?, source.count(5)?);
    Ok((sort, MaybeAlike { name, hours, lines, sketch, is_new }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema::MIGRATIONS;

    /// However many sources a store has, those beside a few new ones are found by indexes.
    #[test]
    fn what_is_alike_is_found_by_indexes() {
        let db = Connection::open_in_memory().unwrap();
        for step in MIGRATIONS {
            db.execute_batch(step).unwrap();
        }
        for sql in [AT_THE_TIME, OF_THE_HOURS, ONE] {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps =
                plan.raw_query().mapped(|row| row.get(3)).collect::<rusqlite::Result<Vec<String>>>().unwrap();
            assert!(steps.iter().all(|step| step.starts_with("SEARCH ")), "{sql}: {steps:?}");
        }
    }
}
