//! The single row of values of the whole store.

use super::value::of;
use rusqlite::Connection;

/// A number that every change of usage raises.
pub(super) fn generation(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT generation FROM state")?.query_row([], |row| of("state", row).get(0))
}

/// The first window whose usage is kept.
pub(super) fn kept_from(db: &Connection) -> rusqlite::Result<u32> {
    db.prepare_cached("SELECT kept_from FROM state")?.query_row([], |row| of("state", row).get(0))
}

/// Whether sources without a line deliver their hours.
pub(super) fn empty_is_delivered(db: &Connection) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT empty_is_delivered FROM state")?.query_row([], |row| of("state", row).get(0))
}
