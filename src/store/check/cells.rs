//! Adds up cells in one pass: by part and by slice. Also finds cells that refer to nothing.

use super::ranges::WINDOWS;
use crate::store::counters::{COUNTERS, requests};
use crate::store::value::MOST_LINES;
use rusqlite::{Connection, Row, Statement};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What cells say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) bytes: i64,
    pub(super) requests: i64,
    /// The first and the last of the windows.
    pub(super) windows: (i64, i64),
}

/// A part that is not the sum of its cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Odd {
    pub(super) source: i64,
    pub(super) series: i64,
    /// The sum of the cells, where there are any.
    pub(super) expected: Option<Sum>,
    /// The part, where there is one.
    pub(super) found: Option<Sum>,
}

/// A cell with figures that no requests have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrong {
    pub(super) source: i64,
    pub(super) series: i64,
    pub(super) window: i64,
}

const REQUESTS: &str = requests!();

/// Cells that are named.
const NAMED: usize = 100;

/// What cells add up to.
#[derive(Default)]
pub(super) struct Cells {
    pub(super) without_source: i64,
    pub(super) without_series: i64,
    pub(super) odd: Vec<Odd>,
    /// Cells with figures that no requests have, or at no time: how many, and the first of them. They are not added up.
    pub(super) wrong: (usize, Vec<Wrong>),
    /// Requests by window.
    pub(super) windows: HashMap<i64, i64>,
}

/// The sums of a series by source, with the numbers of cells.
type BySource = HashMap<i64, (Sum, i64)>;

impl Cells {
    pub(super) fn read(db: &Connection) -> rusqlite::Result<Self> {
        let (sources, series) = (ids(db, "SELECT id FROM source")?, ids(db, "SELECT id FROM series")?);
        let mut parts = db.prepare(
            "SELECT source, bytes, requests, first_window, last_window FROM part WHERE series = ?",
        )?;
        let mut without_cells: BTreeSet<i64> =
            ids(db, "SELECT DISTINCT series FROM part")?.into_iter().collect();
        let mut cells = Self::default();
        let mut settle = |cells: &mut Self, one: i64, own: &mut BySource| {
            without_cells.remove(&one);
            let gone = |source: &i64| !sources.contains(source);
            cells.without_source +=
                own.iter().filter(|(source, _)| gone(source)).map(|(_, (_, cells))| cells).sum::<i64>();
            if !series.contains(&one) {
                cells.without_series += own.values().map(|(_, cells)| cells).sum::<i64>();
            }
            cells.compare(one, own, &mut parts)
        };
        // In the order of the key: series by series.
        let sql = format!(
            "SELECT series, window, source, bytes, requests,
                 signs < 0 OR requests > {MOST_LINES} OR hits > requests OR hit_bytes > bytes
                     OR client_errors + server_errors > requests OR window NOT BETWEEN 0 AND {}
             FROM (SELECT *, {REQUESTS} AS requests, {} AS signs FROM cell) ORDER BY series, window, source",
            WINDOWS - 1,
            COUNTERS.join(" | ")
        );
        let mut statement = db.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let (mut last, mut own) = (None, BySource::new());
        while let Some(row) = rows.next()? {
            let one: i64 = row.get(0)?;
            if let Some(before) = last.replace(one).filter(|before| *before != one) {
                settle(&mut cells, before, &mut own)?;
            }
            if row.get(5)? {
                cells.note(Wrong { source: row.get(2)?, series: one, window: row.get(1)? });
            } else {
                cells.add(row, &mut own)?;
            }
        }
        if let Some(last) = last {
            settle(&mut cells, last, &mut own)?;
        }
        for one in without_cells {
            cells.compare(one, &mut own, &mut parts)?;
        }
        Ok(cells)
    }

    fn note(&mut self, wrong: Wrong) {
        let (count, first) = &mut self.wrong;
        *count += 1;
        first.extend(Some(wrong).filter(|_| *count <= NAMED));
    }

    fn add(&mut self, row: &Row<'_>, own: &mut BySource) -> rusqlite::Result<()> {
        let (window, bytes, requests) = (row.get(1)?, row.get(3)?, row.get(4)?);
        let none = (Sum { bytes: 0, requests: 0, windows: (window, window) }, 0);
        let (sum, cells) = own.entry(row.get(2)?).or_insert(none);
        sum.bytes = sum.bytes.saturating_add(bytes);
        sum.requests = sum.requests.saturating_add(requests);
        sum.windows.1 = window;
        *cells += 1;
        let of_all = self.windows.entry(window).or_default();
        *of_all = of_all.saturating_add(requests);
        Ok(())
    }

    /// Holds the parts of a series against what its cells add up to, which are used up.
    fn compare(
        &mut self,
        series: i64,
        own: &mut BySource,
        parts: &mut Statement<'_>,
    ) -> rusqlite::Result<()> {
        let mut rows = parts.query([series])?;
        while let Some(row) = rows.next()? {
            let (source, found) = (row.get(0)?, Some(part(row)?));
            let expected = own.remove(&source).map(|(sum, _)| sum);
            if expected != found {
                self.odd.push(Odd { source, series, expected, found });
            }
        }
        let rest = own.drain().map(|(source, (sum, _))| (source, Some(sum)));
        self.odd.extend(rest.map(|(source, expected)| Odd { source, series, expected, found: None }));
        Ok(())
    }
}

/// Finds what is wrong with the figures of a cell, by series, window and source, as `cell.hits = 9` for each that no
/// requests have.
pub(super) fn odd_figures() -> String {
    let most = |column| if REQUESTS.contains(column) { MOST_LINES } else { i64::MAX };
    let below = COUNTERS.map(|column| (column, format!("{column} NOT BETWEEN 0 AND {}", most(column))));
    let beyond = [
        ("requests", format!("requests > {MOST_LINES}")),
        ("hits", "hits > requests".into()),
        ("hit_bytes", "hit_bytes > bytes".into()),
        ("client_errors", "client_errors + server_errors > requests".into()),
        ("window", format!("window NOT BETWEEN 0 AND {}", WINDOWS - 1)),
    ];
    let all = below.into_iter().chain(beyond);
    let each = all.map(|(column, odd)| format!("iif({odd}, 'cell.{column} = ' || {column}, NULL)"));
    format!(
        "SELECT concat_ws(', ', {}) FROM (SELECT *, {REQUESTS} AS requests FROM cell)
         WHERE series = ? AND window = ? AND source = ?",
        each.collect::<Vec<String>>().join(", ")
    )
}

fn part(row: &Row<'_>) -> rusqlite::Result<Sum> {
    Ok(Sum { bytes: row.get(1)?, requests: row.get(2)?, windows: (row.get(3)?, row.get(4)?) })
}

fn ids(db: &Connection, sql: &str) -> rusqlite::Result<HashSet<i64>> {
    db.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}
