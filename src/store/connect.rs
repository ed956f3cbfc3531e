//! Connections to a database that is not trusted.

use crate::regular;
use rusqlite::config::DbConfig;
use rusqlite::ffi::SQLITE_READONLY;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Statements that a connection keeps: all there are.
const STATEMENTS: usize = 64;

/// Kilobytes of pages that a connection keeps.
const CACHE_KIB: i32 = 16 << 10;

/// Bytes of the longest value that is read: the domains of a large account are some millions.
pub(super) const MAX_VALUE: i32 = 64 << 20;

/// How a database is opened. There is no way to open one that this process may only read as the database does that by
/// itself: it would make files beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// To write, also for who only reads: only who may write removes what the database keeps beside a file.
    Write,
    /// To write; made where there is none.
    Make,
    /// To read, by an address that says that nothing is made beside the file.
    Fixed,
}

impl Access {
    fn flags(self) -> OpenFlags {
        match self {
            Self::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Self::Make => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Self::Fixed => OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
        }
    }
}

/// Connects to a database. Who may not write what is to be opened to write is refused, before anything is read of it.
pub(super) fn connect(
    place: impl AsRef<Path>,
    wait: Duration,
    access: Access,
) -> rusqlite::Result<Connection> {
    let place = place.as_ref();
    let number = || place.metadata().ok().and_then(|meta| regular::number(&meta));
    loop {
        let before = number();
        let db = prepared(open(place, access)?, wait)?;
        // From the first reading on, who would take an empty store away leaves it. Before, another one may be in its place.
        if access != Access::Write || number() == before {
            return Ok(db);
        }
    }
}

/// Opens the file of a database, and reads nothing of it yet.
fn open(place: &Path, access: Access) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(place, access.flags() | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    if access != Access::Fixed && db.is_readonly(rusqlite::MAIN_DB)? {
        // Its files beside the store would be this user's, who may not remove them: whoever may write could do so no more.
        return Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(SQLITE_READONLY), None));
    }
    Ok(db)
}

fn prepared(db: Connection, wait: Duration) -> rusqlite::Result<Connection> {
    // More milliseconds than the database counts are as good as without end.
    db.busy_timeout(wait.min(Duration::from_millis(i32::MAX as u64)))?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without this guarantee a plan may depend on values, and many a look-up is planned anew for every one.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    distrust(&db)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // The first reading, so that what cannot be read is found out here.
    mark(&db, "application_id")?;
    Ok(db)
}

/// What `SQLite` advises for files that somebody else may have written: nothing that stands in one is carried out, nor
/// taken to be sound before it was looked at, nor larger than anything that is written here.
fn distrust(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    db.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE)?;
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update_and_check(None, "mmap_size", 0, |_| Ok(()))
}

/// A name that `SQLite` takes for a file, whatever it looks like: `:memory:` and `file:x` are none of its own here.
pub(super) fn plain(path: &Path) -> PathBuf {
    Path::new(".").join(path)
}

/// The file of that ending that belongs to a store.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

pub(super) fn mark(db: &Connection, name: &str) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, name, |row| row.get(0))
}

/// Whether a database holds nothing, as a new one does, and one that was just being made when its process was
/// killed.
pub(super) fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0 && mark(db, "application_id")? == 0)
}
