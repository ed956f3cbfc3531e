//! Whether a store is sound: its file, its references, and the law of conservation.

use super::read::Reader;
use crate::error::Result;
use crate::time::{WINDOW_SECONDS, iso};
use rusqlite::{Connection, Row};

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The source that breaks it, where it is one.
    pub source: Option<String>,
    /// What was looked at.
    pub what: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl Reader {
    /// Every violation of a law of the store, in the order of the laws:
    ///
    /// 1. The file is what `SQLite` wrote; when it is not, nothing else is looked at.
    /// 2. Every row refers to rows that are there.
    /// 3. Of each source, lines = accepted + unplaced + blank + rejected.
    /// 4. Of each source, accepted = the requests of its parts + what was let go.
    /// 5. Each part is the sum of its cells, and no cell is without a part.
    /// 6. When all of these hold, the sums over all sources are those of the sources, and each slice is the sum of its cells.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn check(&self) -> Result<Vec<Violation>> {
        self.at(|db| {
            let mut violations = integrity(db)?;
            if violations.is_empty() {
                for law in [places, references, lines, accepted, parts] {
                    violations.extend(law(db)?);
                }
            }
            // Of what is wrong already, the sums would only tell once more.
            if violations.is_empty() {
                violations = totals(db)?;
                violations.extend(slices(db)?);
            }
            Ok(violations)
        })
    }
}

fn all(
    db: &Connection,
    sql: &str,
    violation: impl FnMut(&Row<'_>) -> rusqlite::Result<Violation>,
) -> rusqlite::Result<Vec<Violation>> {
    db.prepare(sql)?.query_map([], violation)?.collect()
}

fn integrity(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    let mut found: Vec<String> =
        db.prepare("PRAGMA integrity_check")?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    found.retain(|text| text != "ok");
    let violation = |found| Violation { source: None, what: "the file".into(), expected: "ok".into(), found };
    Ok(found.into_iter().map(violation).collect())
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
fn references(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    let mut counts = Vec::new();
    for table in ["reject", "sample", "part", "cell"] {
        counts.push((table, "source"));
    }
    counts.extend(["part", "cell", "change"].map(|table| (table, "series")));
    let mut violations = Vec::new();
    for (table, parent) in counts {
        let sql = format!("SELECT count(*) FROM {table} WHERE {parent} NOT IN (SELECT id FROM {parent})");
        let rows: i64 = db.query_row(&sql, [], |row| row.get(0))?;
        if rows > 0 {
            violations.push(Violation {
                source: None,
                what: format!("rows of {table} whose {parent} is not there"),
                expected: "0".into(),
                found: rows.to_string(),
            });
        }
    }
    Ok(violations)
}

fn lines(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    let sql = "SELECT * FROM (
                   SELECT name, accepted + unplaced + blank
                       + (SELECT coalesce(sum(reject.lines), 0) FROM reject WHERE reject.source = source.id) AS expected, lines
                   FROM source ORDER BY sort, id)
               WHERE lines <> expected";
    all(db, sql, |row| numbers(row, "lines, as accepted + unplaced + blank + rejected"))
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

fn parts(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    // Cells lead to their parts by key, and parts to their first cells: either way no other table is searched.
    let sql = "SELECT source.name, found.source, series.domain, bytes, requests, first_window, last_window,
                   part_bytes, part_requests, part_first, part_last
               FROM (
                   SELECT cells.*, part.bytes AS part_bytes, part.requests AS part_requests,
                       part.first_window AS part_first, part.last_window AS part_last
                   FROM (SELECT source, series, sum(bytes) AS bytes, sum(http + https + quic + other) AS requests,
                             min(window) AS first_window, max(window) AS last_window
                         FROM cell GROUP BY series, source) AS cells
                   LEFT JOIN part ON part.source = cells.source AND part.series = cells.series
                   WHERE (part.bytes, part.requests, part.first_window, part.last_window)
                         IS NOT (cells.bytes, cells.requests, cells.first_window, cells.last_window)
                   UNION ALL
                   SELECT source, series, NULL, NULL, NULL, NULL, bytes, requests, first_window, last_window FROM part
                   WHERE NOT (EXISTS (SELECT 1 FROM cell WHERE series = part.series
                                      AND window = part.first_window AND source = part.source)
                              OR EXISTS (SELECT 1 FROM cell WHERE series = part.series AND source = part.source))
               ) AS found
               LEFT JOIN source ON source.id = found.source LEFT JOIN series ON series.id = found.series
               ORDER BY source.sort, found.source, series.domain, series.region";
    all(db, sql, |row| {
        let name: Option<String> = row.get(0)?;
        let id: i64 = row.get(1)?;
        let domain: Option<String> = row.get(2)?;
        Ok(Violation {
            source: Some(name.unwrap_or_else(|| format!("source {id}, which is not there"))),
            what: format!(
                "the part of {}, as the sum of its cells",
                domain.as_deref().unwrap_or("no series")
            ),
            expected: sum(row, 3)?,
            found: sum(row, 7)?,
        })
    })
}

fn totals(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    let sql = "SELECT * FROM (
                   SELECT 'sources' AS what, (SELECT count(*) FROM source) AS expected, sources AS found FROM total
                   UNION ALL SELECT 'lines', (SELECT coalesce(sum(lines), 0) FROM source), lines FROM total
                   UNION ALL SELECT 'accepted', (SELECT coalesce(sum(accepted), 0) FROM source), accepted FROM total
                   UNION ALL SELECT 'unplaced', (SELECT coalesce(sum(unplaced), 0) FROM source), unplaced FROM total
                   UNION ALL SELECT 'blank', (SELECT coalesce(sum(blank), 0) FROM source), blank FROM total
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

fn slices(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    // Cells lie by series: their sums are gathered by window first.
    let sql = "SELECT window, sum(expected), sum(found) FROM (
                   SELECT window, sum(http + https + quic + other) AS expected, 0 AS found FROM cell GROUP BY window
                   UNION ALL SELECT window, 0, requests FROM slice)
               GROUP BY window HAVING sum(expected) <> sum(found) ORDER BY window";
    all(db, sql, |row| {
        let number = |at| row.get(at).map(|number: i64| number.to_string());
        let time = iso(row.get::<_, i64>(0)?.saturating_mul(WINDOW_SECONDS));
        let what = format!("requests of all domains at {time}");
        Ok(Violation { source: None, what, expected: number(1)?, found: number(2)? })
    })
}

/// What four columns say together, in words.
fn sum(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    let Some(bytes) = row.get::<_, Option<i64>>(at)? else { return Ok("none".into()) };
    let (requests, first, last): (i64, i64, i64) = (row.get(at + 1)?, row.get(at + 2)?, row.get(at + 3)?);
    let [first, last] = [first, last].map(|window| iso(window.saturating_mul(WINDOW_SECONDS)));
    Ok(format!("{bytes} bytes of {requests} requests from {first} to {last}"))
}
