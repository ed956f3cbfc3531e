//! The outputs of tasks that wait: each path is looked up once, however many tasks there are.

use super::{IS_WAITING, TaskId};
use crate::output::Spot;
use crate::output::paths::{as_path, path_bytes};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::path::Path;

/// The spots of tasks that were seen waiting. None of them comes to wait once more, and no output changes.
#[derive(Default)]
pub(super) struct Waiting {
    spots: HashMap<Spot, Vec<i64>>,
    /// The last task that was looked at.
    last: i64,
}

impl Waiting {
    /// Looks up the outputs of tasks that came to wait since the last time.
    pub(super) fn add_new(
        &mut self,
        db: &Connection,
        spot_of: impl Fn(&Path) -> Spot,
    ) -> rusqlite::Result<()> {
        let sql = format!("SELECT id, output FROM task WHERE id > ? AND {IS_WAITING} ORDER BY id");
        let mut new = db.prepare_cached(&sql)?;
        let mut new = new.query([self.last])?;
        while let Some(row) = new.next()? {
            let output = as_path(&row.get::<_, Vec<u8>>(1)?);
            self.add(TaskId(row.get(0)?), spot_of(&output));
        }
        Ok(())
    }

    /// Takes note of a task that waits now.
    pub(super) fn add(&mut self, id: TaskId, spot: Spot) {
        self.spots.entry(spot).or_default().push(id.0);
        self.last = self.last.max(id.0);
    }

    /// A task that waits still, and is to write this file. The way to it may lead to another spot since it was looked up,
    /// when a folder was made: the same path is the same file in any case.
    pub(super) fn at(&self, db: &Connection, spot: &Spot, output: &Path) -> rusqlite::Result<Option<TaskId>> {
        let mut is_waiting =
            db.prepare_cached(&format!("SELECT EXISTS (SELECT 1 FROM task WHERE id = ? AND {IS_WAITING})"))?;
        for id in self.spots.get(spot).into_iter().flatten() {
            if is_waiting.query_row([id], |row| row.get(0))? {
                return Ok(Some(TaskId(*id)));
            }
        }
        let sql = format!("SELECT id FROM task WHERE output = ? AND {IS_WAITING} ORDER BY id");
        db.prepare_cached(&sql)?
            .query_row(params![path_bytes(output)], |row| row.get(0).map(TaskId))
            .optional()
    }
}
