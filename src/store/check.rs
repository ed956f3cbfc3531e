//! Whether a store is sound: its file, its references, and the law of conservation.

mod ranges;
mod cells;

use super::failure::failed;
use super::open::open_as_is;
use super::read::Reader;
use crate::error::{Error, Result};
use crate::threads::{self, joined};
use crate::time::{WINDOW_SECONDS, iso};
use cells::{Cells, Sum, odd_figures};
use ranges::ranges;
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

/// A law of the store that is violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The source that violates it, if it is a source.
    pub source: Option<String>,
    /// What was checked.
    pub what: String,
    /// The expected value.
    pub expected: String,
    /// The value found.
    pub found: String,
}

impl Reader {
    /// Every violation of a law of the store, in the order of the laws:
    ///
    /// 1. The file is what `SQLite` wrote; when it is not, nothing else is looked at.
    /// 2. Every value is one that may be written; when any is not, nothing is added up.
    /// 3. Every row refers to rows that are there.
    /// 4. Of each source, lines = accepted + unplaced + blank + skipped + rejected.
    /// 5. Of each source, accepted = the requests of its parts + what was let go.
    /// 6. Each part is the sum of its cells, and no cell is without a part.
    /// 7. When all of these hold, the sums over all sources are those of the sources, and each slice is the sum of its cells.
    ///
    /// The indexes, which are about half of the work, are checked in parallel with the rest. `wait` is how long to wait
    /// for another process.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn check(&self, wait: Duration) -> Result<Vec<Violation>> {
        // The file itself also where a copy of it is looked at, which has indexes of its own.
        let (other, _) = open_as_is(&self.path, wait, false)?;
        let path = &self.path;
        let (indexes, rest) = thread::scope(|scope| {
            let indexes =
                threads::start(scope, move || indexes(&other).map_err(failed).map_err(|e| e.at(path)))?;
            let rest = self.at(file).map(|found| {
                let laws = if found.is_empty() { self.at(laws) } else { Ok(Vec::new()) };
                (found, laws)
            });
            Ok::<_, Error>((joined(indexes), rest))
        })?;
        let (mut found, laws) = rest?;
        // In a file that is none, indexes may fail to be read at all.
        let indexes = if found.is_empty() { indexes? } else { indexes.unwrap_or_default() };
        let new: Vec<String> = indexes.into_iter().filter(|text| !found.contains(text)).collect();
        found.extend(new);
        if found.is_empty() {
            return laws;
        }
        let violation =
            |found| Violation { source: None, what: "the file".into(), expected: "ok".into(), found };
        Ok(found.into_iter().map(violation).collect())
    }
}

/// What is not as `SQLite` writes it: everything but what indexes hold.
fn file(db: &Connection) -> rusqlite::Result<Vec<String>> {
    unsound(db, "PRAGMA quick_check")
}

/// What indexes hold that is not what their tables hold.
fn indexes(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT DISTINCT tbl_name FROM sqlite_schema WHERE type = 'index' ORDER BY rootpage";
    let tables: Vec<String> =
        db.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::new();
    for table in tables {
        found.extend(unsound(db, &format!("PRAGMA integrity_check('{table}')"))?);
    }
    found.extend(entries(db)?);
    Ok(found)
}

/// Reads every index as those do who look something up in it: of one that lists some rows only, integrity checks do not
/// say that it lists others, nor of an empty one that its first page is that of a table.
fn entries(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut indexes = db.prepare("SELECT tbl_name, name, sql FROM sqlite_schema WHERE type = 'index'")?;
    let mut rows = indexes.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (table, index): (String, String) = (row.get(0)?, row.get(1)?);
        let sql: Option<String> = row.get(2)?;
        let count = |way: &str, holds: &str| {
            let sql = format!("SELECT count(*) FROM {table} {way} WHERE {holds}");
            db.query_row(&sql, [], |row| row.get::<_, i64>(0))
        };
        let by_index = format!("INDEXED BY {index}");
        match sql.as_deref().and_then(|sql| sql.split_once("WHERE")) {
            Some((_, holds)) if count(&by_index, holds)? != count("NOT INDEXED", holds)? => {
                found.push(format!("wrong # of entries in index {index}"));
            }
            Some(_) => {}
            None => {
                let sql = format!("SELECT 1 FROM {table} {by_index} LIMIT 1");
                db.query_row(&sql, [], |_| Ok(())).optional()?;
            }
        }
    }
    Ok(found)
}

fn unsound(db: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut found: Vec<String> =
        db.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    found.retain(|text| text != "ok");
    Ok(found)
}

/// The laws but the first.
fn laws(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    // Sums over what is out of range may be none.
    let out_of_range = ranges(db)?;
    if !out_of_range.is_empty() {
        return Ok(out_of_range);
    }
    let cells = Cells::read(db)?;
    if cells.wrong.0 > 0 {
        return wrong(db, &cells);
    }
    let mut violations = places(db)?;
    violations.extend(references(db, &cells)?);
    violations.extend(lines(db)?);
    violations.extend(accepted(db)?);
    violations.extend(parts(db, &cells)?);
    // Of what is wrong already, the sums would only tell once more.
    if violations.is_empty() {
        violations = totals(db)?;
        violations.extend(slices(db, &cells)?);
    }
    Ok(violations)
}

fn all(
    db: &Connection,
    sql: &str,
    violation: impl FnMut(&Row<'_>) -> rusqlite::Result<Violation>,
) -> rusqlite::Result<Vec<Violation>> {
    db.prepare(sql)?.query_map([], violation)?.collect()
}

/// Cells that no requests have, as far as they are named.
fn wrong(db: &Connection, cells: &Cells) -> rusqlite::Result<Vec<Violation>> {
    let mut name = db.prepare("SELECT name FROM source WHERE id = ?")?;
    let mut domain = db.prepare("SELECT domain FROM series WHERE id = ?")?;
    let mut odd = db.prepare(&odd_figures())?;
    let (count, first) = &cells.wrong;
    let mut found = Vec::with_capacity(first.len());
    for cell in first {
        let domain: Option<String> = domain.query_row([cell.series], |row| row.get(0)).optional()?;
        found.push(Violation {
            source: name.query_row([cell.source], |row| row.get(0)).optional()?,
            what: format!("a cell of {} at {}", domain.as_deref().unwrap_or("no series"), start(cell.window)),
            expected: "counters that requests can have, within the calendar".into(),
            found: odd.query_row([cell.series, cell.window, cell.source], |row| row.get(0))?,
        });
    }
    if let more @ 1.. = count - first.len() {
        let what = "more cells".to_owned();
        found.push(Violation {
            source: None,
            what,
            expected: "likewise".into(),
            found: format!("{more} others"),
        });
    }
    Ok(found)
}

/// Places are named, one by one.
fn places(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    let sql = "SELECT name, source FROM place WHERE source NOT IN (SELECT id FROM source) ORDER BY sort";
    all(db, sql, |row| {
        Ok(Violation {
            source: row.get(0)?,
            what: "the source of this place".into(),
            expected: format!("source {}", row.get::<_, i64>(1)?),
            found: "not there".into(),
        })
    })
}

/// Rows of other tables are counted by what they refer to.
fn references(db: &Connection, cells: &Cells) -> rusqlite::Result<Vec<Violation>> {
    let count = |table: &str, parent: &str| {
        let sql = format!("SELECT count(*) FROM {table} WHERE {parent} NOT IN (SELECT id FROM {parent})");
        db.query_row(&sql, [], |row| row.get::<_, i64>(0))
    };
    let of_account = |table: &str| {
        let sql = format!("SELECT count(*) FROM {table} WHERE account_id NOT IN (SELECT id FROM account)");
        db.query_row(&sql, [], |row| row.get::<_, i64>(0))
    };
    let counts = [
        ("reject", "source", count("reject", "source")?),
        ("sample", "source", count("sample", "source")?),
        ("part", "source", count("part", "source")?),
        ("cell", "source", cells.without_source),
        ("part", "series", count("part", "series")?),
        ("cell", "series", cells.without_series),
        ("change", "series", count("change", "series")?),
        ("parameter", "task", count("parameter", "task")?),
        ("task_hours", "task", count("task_hours", "task")?),
        ("source", "account", of_account("source")?),
        ("task", "account", of_account("task")?),
    ];
    let violation = |(table, parent, rows): (&str, &str, i64)| Violation {
        source: None,
        what: format!("rows of {table} whose {parent} is missing"),
        expected: "0".into(),
        found: rows.to_string(),
    };
    Ok(counts.into_iter().filter(|(_, _, rows)| *rows > 0).map(violation).collect())
}

fn lines(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    let sql = "SELECT * FROM (
                   SELECT name, accepted + unplaced + blank + skipped
                       + (SELECT coalesce(sum(reject.lines), 0) FROM reject WHERE reject.source = source.id) AS expected, lines
                   FROM source ORDER BY sort, id)
               WHERE lines <> expected";
    all(db, sql, |row| numbers(row, "lines, as accepted + unplaced + blank + skipped + rejected"))
}

fn accepted(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    let sql = "SELECT * FROM (
                   SELECT name, let_go + (SELECT coalesce(sum(requests), 0) FROM part WHERE part.source = source.id)
                       AS expected, accepted
                   FROM source ORDER BY sort, id)
               WHERE accepted <> expected";
    all(db, sql, |row| numbers(row, "accepted lines, as requests of its parts"))
}

/// A violation from the columns name, expected, found.
fn numbers(row: &Row<'_>, what: &str) -> rusqlite::Result<Violation> {
    let number = |at| row.get(at).map(|number: i64| number.to_string());
    Ok(Violation { source: row.get(0)?, what: what.into(), expected: number(1)?, found: number(2)? })
}

fn parts(db: &Connection, cells: &Cells) -> rusqlite::Result<Vec<Violation>> {
    let mut source = db.prepare("SELECT sort, name FROM source WHERE id = ?")?;
    let mut series = db.prepare("SELECT domain, region FROM series WHERE id = ?")?;
    let mut found = Vec::with_capacity(cells.odd.len());
    for odd in &cells.odd {
        let both = |row: &Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?));
        let (sort, name) = source.query_row([odd.source], both).optional()?.unzip();
        let both = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let (domain, region) = series.query_row([odd.series], both).optional()?.unzip();
        let violation = Violation {
            source: Some(name.unwrap_or_else(|| format!("source {}, which does not exist", odd.source))),
            what: format!(
                "the part of {}, as the sum of its cells",
                domain.as_deref().unwrap_or("no series")
            ),
            expected: in_words(odd.expected),
            found: in_words(odd.found),
        };
        found.push(((sort, odd.source, domain, region, odd.series), violation));
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found.into_iter().map(|(_, violation)| violation).collect())
}

fn totals(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    let sql = "SELECT * FROM (
                   SELECT 'sources' AS what, (SELECT count(*) FROM source) AS expected, sources AS found FROM total
                   UNION ALL SELECT 'lines', (SELECT coalesce(sum(lines), 0) FROM source), lines FROM total
                   UNION ALL SELECT 'accepted', (SELECT coalesce(sum(accepted), 0) FROM source), accepted FROM total
                   UNION ALL SELECT 'unplaced', (SELECT coalesce(sum(unplaced), 0) FROM source), unplaced FROM total
                   UNION ALL SELECT 'blank', (SELECT coalesce(sum(blank), 0) FROM source), blank FROM total
                   UNION ALL SELECT 'skipped', (SELECT coalesce(sum(skipped), 0) FROM source), skipped FROM total
                   UNION ALL SELECT reason, max(expected), max(found) FROM (
                       SELECT reason, sum(lines) AS expected, 0 AS found FROM reject GROUP BY reason
                       UNION ALL SELECT reason, 0, lines FROM total_reject) GROUP BY reason)
               WHERE expected <> found";
    all(db, sql, |row| {
        let number = |at| row.get(at).map(|number: i64| number.to_string());
        let what = format!("{} of all sources together", row.get::<_, String>(0)?);
        Ok(Violation { source: None, what, expected: number(1)?, found: number(2)? })
    })
}

fn slices(db: &Connection, cells: &Cells) -> rusqlite::Result<Vec<Violation>> {
    let mut windows: BTreeMap<i64, (i64, i64)> =
        cells.windows.iter().map(|(window, expected)| (*window, (*expected, 0))).collect();
    let mut statement = db.prepare("SELECT window, requests FROM slice")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        windows.entry(row.get(0)?).or_default().1 = row.get(1)?;
    }
    let odd = windows.into_iter().filter(|(_, (expected, found))| expected != found);
    let violation = |(window, (expected, found)): (i64, (i64, i64))| {
        let what = format!("requests of all domains at {}", start(window));
        Violation { source: None, what, expected: expected.to_string(), found: found.to_string() }
    };
    Ok(odd.map(violation).collect())
}

/// When a window begins.
fn start(window: i64) -> String {
    iso(window.saturating_mul(WINDOW_SECONDS))
}

/// What cells say together, in words.
fn in_words(sum: Option<Sum>) -> String {
    let Some(Sum { bytes, requests, windows: (first, last) }) = sum else { return "none".into() };
    format!("{bytes} bytes of {requests} requests from {} to {}", start(first), start(last))
}
