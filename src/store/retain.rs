//! Removes old usage: its sources stay known, so they are not ingested again, and no task becomes stale.

use super::counters::requests;
use super::failure::{failed, unsigned};
use super::read::Reader;
use super::state::kept_from;
use super::value::of;
use super::writer::Writer;
use crate::error::Result;
use crate::time::{WINDOW_SECONDS, Window};
use rusqlite::{Connection, params};

/// Usage that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LetGo {
    /// From this window on, usage is kept.
    pub kept_from: Window,
    /// Triples of series, window and source that are gone.
    pub cells: u64,
    /// Their requests.
    pub requests: u64,
    /// Samples of rejected lines that are gone.
    pub samples: u64,
}

/// What finds the requests of parts that go, of one series: all of a part, or what lies before the first window kept.
const GOING: &str = concat!(
    "SELECT source, requests FROM part WHERE series = ?1 AND last_window < ?2
     UNION ALL
     SELECT source, (SELECT coalesce(sum(",
    requests!(),
    "), 0) FROM cell
                     WHERE cell.series = part.series AND window >= part.first_window AND window < ?2
                         AND cell.source = part.source)
     FROM part WHERE series = ?1 AND last_window >= ?2 AND first_window < ?2"
);

/// What finds the series of which anything goes: most often none, or few, of very many.
const LOSING: &str = "SELECT DISTINCT series FROM part WHERE first_window < ?";

impl Writer {
    /// Lets go the usage of all windows before one, and samples of lines that were read with it. What comes later of
    /// such a window is not kept, either. No task becomes stale by it.
    ///
    /// # Errors
    /// If the database fails.
    pub fn let_go(&mut self, before: Window) -> Result<LetGo> {
        let gone = self.change(|writer| {
            writer.pending.write(&writer.db)?;
            let_go(&writer.db, before).map_err(failed)
        })?;
        self.kept_from = self.kept_from.max(before.index());
        Ok(gone)
    }

    /// Whether so much of the file is empty that it is worth packing.
    ///
    /// # Errors
    /// If the database fails.
    pub fn is_worth_packing(&mut self) -> Result<bool> {
        self.at(|writer| {
            let count = |name| super::connect::mark(&writer.db, name).map_err(failed);
            Ok(count("freelist_count")? > count("page_count")? / 4)
        })
    }
}

impl Reader {
    /// The first slice whose usage is kept; the usage before it was removed.
    ///
    /// # Errors
    /// If the database fails.
    pub fn kept_from(&self) -> Result<Window> {
        self.at(kept_from).map(Window::from_index)
    }

    /// The end of the last slice with usage, in unix seconds; `None` if there is no usage.
    ///
    /// # Errors
    /// If the database fails.
    pub fn usage_end(&self) -> Result<Option<i64>> {
        let sql = "SELECT max(window) AS window FROM slice";
        let last: Option<i64> = self.at(|db| db.query_row(sql, [], |row| of("slice", row).get(0)))?;
        Ok(last.map(|window| window.saturating_add(1).saturating_mul(WINDOW_SECONDS)))
    }
}

fn let_go(db: &Connection, before: Window) -> rusqlite::Result<LetGo> {
    let window = before.index();
    let mut gone = LetGo { kept_from: before, cells: 0, requests: 0, samples: 0 };
    let series: Vec<i64> =
        db.prepare(LOSING)?.query_map([window], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for series in series {
        let (cells, requests) = of_series(db, series, window)?;
        gone.cells += cells;
        gone.requests += requests;
    }
    db.execute("DELETE FROM slice WHERE window < ?", [window])?;
    db.execute("DELETE FROM change WHERE window < ?", [window])?;
    // Raw lines go with the usage of their source, or with the hours that its name tells.
    let sql = "DELETE FROM sample WHERE EXISTS (
                   SELECT 1 FROM source WHERE id = sample.source AND (named_end <= ? OR let_go > 0
                       AND NOT EXISTS (SELECT 1 FROM part WHERE part.source = sample.source)))";
    gone.samples = db.execute(sql, [before.start()])? as u64;
    db.execute("UPDATE state SET kept_from = max(kept_from, ?)", [window])?;
    Ok(gone)
}

/// Lets go what a series has before a window; gives how many cells, with how many requests.
fn of_series(db: &Connection, series: i64, window: u32) -> rusqlite::Result<(u64, u64)> {
    let values = params![series, window];
    let requests = format!("SELECT coalesce(sum(requests), 0) FROM ({GOING})");
    let requests: i64 = db.prepare_cached(&requests)?.query_row(values, |row| row.get(0))?;
    let counted = format!(
        "UPDATE source SET let_go = let_go + going.requests
         FROM (SELECT source, sum(requests) AS requests FROM ({GOING}) GROUP BY source) AS going
         WHERE source.id = going.source"
    );
    db.prepare_cached(&counted)?.execute(values)?;
    let cut = concat!(
        "UPDATE part SET (first_window, bytes, requests) = (
                   SELECT min(window), sum(bytes), sum(",
        requests!(),
        ") FROM cell
                   WHERE cell.series = part.series AND window >= ?2 AND window <= part.last_window
                       AND cell.source = part.source)
               WHERE series = ?1 AND last_window >= ?2 AND first_window < ?2"
    );
    db.prepare_cached(cut)?.execute(values)?;
    db.prepare_cached("DELETE FROM part WHERE series = ? AND last_window < ?")?.execute(values)?;
    let cells = db.prepare_cached("DELETE FROM cell WHERE series = ? AND window < ?")?.execute(values)?;
    Ok((cells as u64, unsigned(requests)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema::MIGRATIONS;

    /// However many series there are, those of which nothing goes are not looked at one by one.
    #[test]
    fn what_goes_is_found_in_one_walk_of_an_index() {
        let db = Connection::open_in_memory().unwrap();
        for step in MIGRATIONS {
            db.execute_batch(step).unwrap();
        }
        let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {LOSING}")).unwrap();
        let steps: Vec<String> =
            plan.raw_query().mapped(|row| row.get(3)).collect::<rusqlite::Result<_>>().unwrap();
        assert_eq!(steps, ["SCAN part USING COVERING INDEX part_span"]);
    }
}
