//! How databases, and the files beside them that belong to them, are recognised everywhere.

use super::head;
use super::paths::as_path;
use std::ffi::OsStr;
use std::path::Path;

pub use crate::codec::DATABASE;

/// The log of a database, which is written ahead of it.
pub const WAL: &str = "-wal";
/// The index of that log, shared by all who have the database open.
pub const SHM: &str = "-shm";
/// What takes back a change that was not finished, of a database without such a log.
pub const JOURNAL: &str = "-journal";
/// The lock of the process that writes to a store.
pub const LOCK: &str = ".lock";
/// That of a tick over it.
pub const RUN_LOCK: &str = ".run.lock";
/// That of who makes its workbooks.
pub const TASKS_LOCK: &str = ".tasks.lock";

/// The endings of their names, after the name of the database. An ending that ends like another one is before it.
pub const BESIDE: [&str; 6] = [WAL, SHM, JOURNAL, RUN_LOCK, TASKS_LOCK, LOCK];

/// Whether a file begins as a database does.
pub(super) fn is_database(path: &Path) -> bool {
    head(path, DATABASE.len() as u64).is_ok_and(|head| head == DATABASE)
}

/// Whether a database stands where the name of a file says that the file belongs to it.
#[must_use]
pub fn is_beside_database(path: &Path) -> bool {
    let name = path.file_name().map(OsStr::as_encoded_bytes).unwrap_or_default();
    let stem = BESIDE.into_iter().find_map(|ending| name.strip_suffix(ending.as_bytes()));
    // Names need not be text.
    stem.is_some_and(|stem| is_database(&path.with_file_name(as_path(stem))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn names_of_databases_need_not_be_text() {
        let folder = tempfile::tempdir().unwrap();
        let named = |name: &[u8]| folder.path().join(as_path(name));
        std::fs::write(named(b"u\xff.db"), DATABASE).unwrap();
        std::fs::write(named(b"other"), b"text").unwrap();
        assert!(is_beside_database(&named(b"u\xff.db-wal")) && is_beside_database(&named(b"u\xff.db.lock")));
        assert!(!is_beside_database(&named(b"u\xff.db")) && !is_beside_database(&named(b"other-wal")));
    }
}
