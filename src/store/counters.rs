//! The counters of usage as columns: their names stand here and in the schema, nowhere else.

use crate::usage::Usage;

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
