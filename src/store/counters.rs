//! The counters of usage as columns: their names are here and in the schema, nowhere else.

use super::value::of;
use crate::time::Window;
use crate::usage::Usage;
use rusqlite::Row;

/// Requests of a window that no log has.
const MOST_REQUESTS: u64 = 1 << 60;

macro_rules! columns {
    ($first:literal $(, $more:literal)*) => {
        /// The columns of the counters, in the order of [`Usage::fields`].
        pub(super) const COUNTERS: [&str; Usage::FIELDS] = [$first $(, $more)*];
        /// The same, as a list.
        pub(super) const LISTED: &str = concat!($first $(, ", ", $more)*);
        /// What adds the counters of a row that could not be inserted to those of the row that is there.
        pub(super) const ADDED: &str =
            concat!($first, " = ", $first, " + excluded.", $first $(, ", ", $more, " = ", $more, " + excluded.", $more)*);
    };
}

columns!("bytes", "http", "https", "quic", "other", "hits", "hit_bytes", "client_errors", "server_errors");

/// The requests of a row: those of every protocol.
macro_rules! requests {
    () => {
        "http + https + quic + other"
    };
}
pub(super) use requests;

/// The window and the usage of a row, from the columns window and [`LISTED`].
pub(super) fn cell(row: &Row<'_>) -> rusqlite::Result<(Window, Usage)> {
    let (cell, mut fields) = (of("cell", row), [0; Usage::FIELDS]);
    for (at, field) in fields.iter_mut().enumerate() {
        *field = cell.count(at + 1)?;
    }
    // Of a number that no lines give, four would not add up.
    if let Some(at) = (1..5).find(|at| fields[*at] > MOST_REQUESTS) {
        return cell.damaged(at + 1);
    }
    Ok((Window::from_index(cell.get(0)?), Usage::from_fields(fields)))
}
