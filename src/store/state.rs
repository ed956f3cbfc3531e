//! The single row of values of the whole store.

use super::value::of;
use rusqlite::Connection;

/// A number that every change of usage raises.
pub(super) fn generation(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT generation FROM state")?.query_row([], |row| of("state", row).get(0))
}

/// The last number that rows and generations have: far more than were ever given, and as many are left.
pub(super) const LAST_NUMBER: i64 = i64::MAX / 2;

/// Raises the generation, and gives the new one.
pub(super) fn next_generation(db: &Connection) -> rusqlite::Result<i64> {
    let next = db.prepare_cached("SELECT generation FROM state")?.query_row([], |row| {
        let state = of("state", row);
        let last = state.get(0)?;
        if (0..LAST_NUMBER).contains(&last) { Ok(last + 1) } else { state.damaged(0) }
    })?;
    db.execute("UPDATE state SET generation = ?", [next])?;
    Ok(next)
}

/// The first window whose usage is kept.
pub(super) fn kept_from(db: &Connection) -> rusqlite::Result<u32> {
    db.prepare_cached("SELECT kept_from FROM state")?.query_row([], |row| of("state", row).get(0))
}

/// Whether sources without a line deliver their hours.
pub(super) fn empty_is_delivered(db: &Connection) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT empty_is_delivered FROM state")?.query_row([], |row| of("state", row).get(0))
}
