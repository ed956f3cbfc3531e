//! What a writer has added, beside the sources that may have the same requests: looked up before it is committed.

use super::failure::failed;
use super::source::{Names, SourceId};
use super::value::{damage, of};
use super::writer::Writer;
use crate::error::Result;
use crate::report::NamedHours;
use crate::sketch::Sketch;
use rusqlite::{CachedStatement, Connection, Row, params};
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
    /// The sources that got lines from this writer, with those that are named for the same hours, and those that have
    /// usage of the same domain at the same time and any line that a new one seems to have; in the order of names. How
    /// long that takes depends on what was added, not on the size of the store. A source that cannot be compared, because
    /// its row is damaged, is left out: what was added is no worse for it.
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
    let mut sources = Sources { one: db.prepare_cached(ONE)?, names: Names::default(), found: Vec::new() };
    for id in new {
        sources.add(id.0, true, |_| true)?;
    }
    let mut hashes: Vec<u32> = sources.found.iter().flat_map(|(_, one)| one.sketch.hashes()).collect();
    hashes.sort_unstable();
    hashes.dedup();
    let is_known = |id: &i64| !new.contains(&SourceId(*id));
    let of_the_hours = of_the_hours(db, new)?;
    for id in of_the_hours.iter().copied().filter(is_known) {
        sources.add(id, false, |_| true)?;
    }
    // Of all that lies between two lines that are far apart, only what shares a line is kept in memory.
    let shares = |sketch: &Sketch| sketch.hashes().any(|hash| hashes.binary_search(&hash).is_ok());
    for id in at_the_time(db, new)?.difference(&of_the_hours).copied().filter(is_known) {
        sources.add(id, false, shares)?;
    }
    let mut found = sources.found;
    // They mostly came in this order.
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found.into_iter().map(|(_, source)| source).collect())
}

/// Sources as they are looked up, each behind what it is sorted by.
struct Sources<'a> {
    one: CachedStatement<'a>,
    names: Names,
    found: Vec<(Vec<u8>, MaybeAlike)>,
}

impl Sources<'_> {
    /// Adds a source, if its sketch is `wanted`.
    fn add(&mut self, id: i64, is_new: bool, wanted: impl Fn(&Sketch) -> bool) -> rusqlite::Result<()> {
        let names = &mut self.names;
        match self.one.query_row([id], |row| of_row(row, names, is_new)) {
            Ok((sort, source)) if wanted(&source.sketch) => self.found.push((sort, source)),
            // What was added and taken out again is gone.
            Ok(_) | Err(rusqlite::Error::QueryReturnedNoRows) => {}
            // The check of a store names it.
            Err(error) if damage(&error).is_some() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// The sources that are named for the same hours as any of some.
fn of_the_hours(db: &Connection, ids: &BTreeSet<SourceId>) -> rusqlite::Result<BTreeSet<i64>> {
    let mut others = db.prepare_cached(OF_THE_HOURS)?;
    let mut found = BTreeSet::new();
    for id in ids {
        let mut rows = others.query([id.0])?;
        while let Some(row) = rows.next()? {
            found.insert(row.get(0)?);
        }
    }
    Ok(found)
}

/// The sources that have usage of the same domain as any of some, in any region, between its first and its last window.
fn at_the_time(db: &Connection, ids: &BTreeSet<SourceId>) -> rusqlite::Result<BTreeSet<i64>> {
    let mut others = db.prepare_cached(AT_THE_TIME)?;
    let mut found = BTreeSet::new();
    for (series, spans) in spans(db, ids)? {
        let (Some((first, _)), Some((_, last))) = (spans.first(), spans.last()) else { continue };
        let mut rows = others.query(params![series, first, last])?;
        while let Some(row) = rows.next()? {
            let (first, last): (i64, i64) = (row.get(1)?, row.get(2)?);
            // The first span that does not end before it.
            let at = spans.partition_point(|span| span.1 < first);
            if spans.get(at).is_some_and(|span| span.0 <= last) {
                found.insert(row.get(0)?);
            }
        }
    }
    Ok(found)
}

/// Of each series of some sources, from which window to which one each of them has usage: in order, and those that meet as
/// one.
fn spans(db: &Connection, ids: &BTreeSet<SourceId>) -> rusqlite::Result<BTreeMap<i64, Vec<(i64, i64)>>> {
    let mut parts =
        db.prepare_cached("SELECT series, first_window, last_window FROM part WHERE source = ?")?;
    let mut spans: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
    for id in ids {
        let mut rows = parts.query([id.0])?;
        while let Some(row) = rows.next()? {
            spans.entry(row.get(0)?).or_default().push((row.get(1)?, row.get(2)?));
        }
    }
    for spans in spans.values_mut() {
        spans.sort_unstable();
        spans.dedup_by(|next, span| {
            let is_met = next.0 <= span.1;
            if is_met {
                span.1 = span.1.max(next.1);
            }
            is_met
        });
    }
    Ok(spans)
}

const AT_THE_TIME: &str = "SELECT part.source, part.first_window, part.last_window
     FROM series JOIN series AS alike ON alike.domain = series.domain JOIN part ON part.series = alike.id
     WHERE series.id = ? AND part.last_window >= ? AND part.first_window <= ?";

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
    use crate::sketch::Draft;
    use crate::store::schema::MIGRATIONS;

    fn store() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        for step in MIGRATIONS {
            db.execute_batch(step).unwrap();
        }
        db
    }

    /// Adds a source with two lines, the second of which another one has only if it has the same `line`.
    fn add(db: &Connection, id: i64, line: i64, parts: &[(i64, i64, i64)]) {
        let mut sketch = Draft::default();
        sketch.note(0, 0, format!("its own {id}").as_bytes(), || Some(0));
        sketch.note(0, 0, format!("line {line}").as_bytes(), || Some(0));
        let sketch = sketch.finish().to_bytes();
        let sql = "INSERT INTO source (id, name, sort, chain, text_bytes, format, region, lines, accepted, unplaced,
                       blank, arrived, changed, sketch)
                   VALUES (?1, 's' || ?1, CAST('s' || ?1 AS BLOB), x'', 9, 'x', '', 2, 2, 0, 0, 0, 0, ?2)";
        db.execute(sql, params![id, sketch]).unwrap();
        for (series, first, last) in parts {
            db.execute("INSERT INTO part VALUES (?, ?, ?, ?, 1, 1)", [id, *series, *first, *last]).unwrap();
        }
    }

    fn found(db: &Connection, new: &[i64]) -> Vec<String> {
        let new = new.iter().copied().map(SourceId).collect();
        let found = maybe_alike(db, &new).unwrap().into_iter();
        found.map(|one| one.name + if one.is_new { " new" } else { "" }).collect()
    }

    #[test]
    fn what_shares_a_domain_a_time_and_a_line_is_alike() {
        let db = store();
        let series = "INSERT INTO series VALUES (1, 'a.com', 'CN'), (2, 'a.com', 'NA'), (3, 'b.com', 'CN')";
        db.execute_batch(series).unwrap();
        add(&db, 1, 1, &[(1, 100, 111)]);
        add(&db, 2, 1, &[(1, 200, 211)]);
        add(&db, 3, 1, &[(2, 300, 311)]);
        add(&db, 4, 2, &[(1, 300, 311)]);
        add(&db, 5, 1, &[(3, 300, 311)]);
        // Two that are far apart have nothing to do with what lies between them.
        add(&db, 6, 1, &[(1, 90, 100)]);
        add(&db, 7, 1, &[(1, 305, 305), (2, 305, 400)]);
        assert_eq!(found(&db, &[6, 7]), ["s1", "s3", "s6 new", "s7 new"]);
        assert_eq!(found(&db, &[6]), ["s1", "s6 new"]);
        // But what lies within one is held against it: who has none of its lines is not kept.
        add(&db, 8, 1, &[(2, 90, 310)]);
        assert_eq!(found(&db, &[8]), ["s1", "s2", "s3", "s6", "s7", "s8 new"]);
        // Who cannot be compared is left out, and who is gone.
        let forged =
            "UPDATE source SET named_domain = 'a.com', named_start = 0, named_end = 1000000 WHERE id = 2";
        db.execute_batch(forged).unwrap();
        db.execute_batch("UPDATE source SET lines = -1 WHERE id = 3").unwrap();
        assert_eq!(found(&db, &[8, 9]), ["s1", "s6", "s7", "s8 new"]);
    }

    /// However many sources a store has, those beside a few new ones are found by indexes.
    #[test]
    fn what_is_alike_is_found_by_indexes() {
        let db = store();
        for sql in [AT_THE_TIME, OF_THE_HOURS, ONE] {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps =
                plan.raw_query().mapped(|row| row.get(3)).collect::<rusqlite::Result<Vec<String>>>().unwrap();
            assert!(steps.iter().all(|step| step.starts_with("SEARCH ")), "{sql}: {steps:?}");
        }
    }
}
