//! The last ticks of `flowbook run`, each as one line of JSON: knows nothing of what the lines say.

use super::failure::signed;
use super::read::Reader;
use super::tasks::Tasks;
use super::value::of;
use crate::error::Result;
use rusqlite::{OptionalExtension, params};

/// Ticks that are kept: those of six weeks at one an hour.
pub const KEPT_TICKS: u64 = 1000;

/// A tick that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastTick {
    /// Unix seconds of its beginning.
    pub time: i64,
    /// The exit code that it ended with.
    pub exit_code: u8,
    /// What it printed, as JSON.
    pub line: String,
}

impl Tasks {
    /// Stores a tick, and removes the oldest ones beyond the limit.
    ///
    /// # Errors
    /// See [`Tasks::create`].
    pub fn add_tick(&mut self, tick: &PastTick) -> Result<()> {
        let kept = signed(KEPT_TICKS)?;
        self.change(|db| {
            let sql = "INSERT INTO tick (time, exit_code, line) VALUES (?, ?, ?)";
            db.execute(sql, params![tick.time, tick.exit_code, tick.line])?;
            db.execute("DELETE FROM tick WHERE id <= (SELECT max(id) FROM tick) - ?", [kept]).map(drop)
        })
    }
}

impl Reader {
    /// The last ticks, the newest first, at most `most` of them.
    ///
    /// # Errors
    /// If the database fails.
    pub fn ticks(&self, most: u64) -> Result<Vec<PastTick>> {
        let most = signed(most)?;
        self.at(|db| {
            let mut ticks = db.prepare("SELECT time, exit_code, line FROM tick ORDER BY id DESC LIMIT ?")?;
            let tick = |row: &rusqlite::Row<'_>| {
                let tick = of("tick", row);
                Ok(PastTick { time: tick.get(0)?, exit_code: tick.get(1)?, line: tick.get(2)? })
            };
            ticks.query_map([most], tick)?.collect()
        })
    }

    /// When the last tick began that ended with this exit code, in unix seconds; nothing when none is known.
    ///
    /// # Errors
    /// See [`Reader::ticks`].
    pub fn last_tick(&self, exit_code: u8) -> Result<Option<i64>> {
        let sql = "SELECT time FROM tick WHERE exit_code = ? ORDER BY id DESC LIMIT 1";
        self.at(|db| db.query_row(sql, [exit_code], |row| of("tick", row).get(0)).optional())
    }
}
