//! The usage store: one `SQLite` file with the usage of every source that was read, each counted once.
//!
//! Never sees a log line: usage and identities in ([`Writer`]), sorted rows and reports out ([`Reader`]). Usage
//! and the identity of its source are committed in one transaction. Only this room names rusqlite and holds SQL.

mod lock;
mod schema;
mod value;
mod counters;
mod foreign;
mod objects;
mod source;
mod familiar;
mod total;
mod watch;
mod account;
mod tasks;
mod read;
mod check;
mod history;
mod describe;
mod first;
mod retain;
mod info;
mod write;
mod maintenance;
mod grow;
mod lookup;
mod shared;
mod report;
mod survey;
mod coverage;

pub use account::AccountId;
pub use check::Violation;
pub use history::{KEPT_TICKS, PastTick};
pub use info::{Info, Outline, Size, State, size};
pub use lock::Lock;
pub use lookup::{Kin, Shorter};
pub use maintenance::{Contribution, Vacuumed};
pub use read::{Reader, Rows};
pub use retain::LetGo;
pub use source::{Arrival, Known, NAMED, NOTE, Place, Seen, SourceId, Spot, Way};
pub use survey::{Passed, Surveyed};
pub use tasks::{End, Logged, Made, Needs, Order, Registered, Status, TaskId, Tasks, Workbook};
pub use watch::Change;
pub use write::Writer;

use crate::error::{Error, ErrorKind, Result};
use crate::output::beside::WAL;
use crate::output::{Scratch, in_address, scratch_folder};
use foreign::unopened;
use rusqlite::config::DbConfig;
use rusqlite::ffi::{SQLITE_IOERR_SHMMAP, SQLITE_IOERR_SHMOPEN, SQLITE_IOERR_SHMSIZE, SQLITE_READONLY};
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};
use schema::{APPLICATION_ID, MIGRATIONS, VERSION};
use std::ffi::OsString;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::Duration;
use value::damage;

/// Statements that a connection keeps: all there are.
const STATEMENTS: usize = 64;
/// Kilobytes of pages that a connection keeps.
const CACHE_KIB: i32 = 16 << 10;
/// And one that writes: pages that do not fit are written twice, and hashes lie everywhere.
const WRITER_CACHE_KIB: i32 = 96 << 10;

/// Bytes of the longest value that is read: the domains of a large account are some millions.
const MAX_VALUE: i32 = 64 << 20;

/// Opens a store to write, of this program's version; says whether it is open without the files that the database keeps
/// beside it. An older one is brought to this version first.
fn open(path: &Path, wait: Duration) -> Result<(Connection, bool)> {
    let (db, is_frozen) = open_as_is(path, wait, true)?;
    let version = version(&db, path)?;
    if version >= VERSION {
        return Ok((db, is_frozen));
    }
    drop(db);
    Writer::open(path, wait, "flowbook, bringing the store to a new version").map_err(|error| {
        let text = format!(
            "is a store of version {version}; this flowbook reads version {VERSION}, and could not bring it there: \
             {error}; run flowbook store vacuum as somebody who may write it"
        );
        Error::new(ErrorKind::Store(text)).caused_by(error).at(path)
    })?;
    open_as_is(path, wait, true)
}

/// What is looked at in the place of a store of an older version: a copy of it, brought to this program's. Looking changes
/// nothing, also not that an older flowbook reads the store; it is brought to this version by who writes to it.
pub struct OlderCopy {
    folder: Scratch,
    /// The version of the store.
    version: u32,
}

impl OlderCopy {
    /// Makes a copy of a store, if it is of an older version.
    ///
    /// # Errors
    /// When it cannot be read, or the copy cannot be written.
    pub fn of(path: &Path, wait: Duration) -> Result<Option<Self>> {
        let (db, _) = open_as_is(path, wait, false)?;
        let version = version(&db, path)?;
        if version >= VERSION {
            return Ok(None);
        }
        drop(db);
        let older = Self { folder: scratch_folder()?, version };
        copy(path, &older.path(), wait)?;
        open_or_make(&older.path(), wait).map_err(|error| {
            let text = format!(
                "is a store of version {version}; this flowbook reads version {VERSION}, and could not bring a copy of it \
                 there: {}",
                error.message()
            );
            Error::new(ErrorKind::Store(text)).caused_by(error).at(path)
        })?;
        Ok(Some(older))
    }

    /// The version of the store itself.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Where it stands until it is dropped.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("usage.db")
    }
}

/// Opens a store to look at it; says whether it is open without the files that the database keeps beside it, and what is
/// looked at in its place.
fn open_to_look(path: &Path, wait: Duration) -> Result<(Connection, bool, Option<OlderCopy>)> {
    let (db, is_frozen) = open_as_is(path, wait, false)?;
    if version(&db, path)? >= VERSION {
        return Ok((db, is_frozen, None));
    }
    drop(db);
    let older = OlderCopy::of(path, wait)?;
    let (db, is_frozen) =
        open_as_is(&older.as_ref().map_or_else(|| path.to_owned(), OlderCopy::path), wait, false)?;
    Ok((db, is_frozen, older))
}

fn version(db: &Connection, path: &Path) -> Result<u32> {
    let version = mark(db, "user_version").map_err(failed).map_err(|e| e.at(path))?;
    Ok(u32::try_from(version).unwrap_or(0))
}

/// Opens a store as it is; says whether it is open without the files that the database keeps beside it.
fn open_as_is(path: &Path, wait: Duration, is_writer: bool) -> Result<(Connection, bool)> {
    if !path.exists() {
        return Err(
            Error::usage("there is no store here; flowbook ingest and flowbook run make one").at(path)
        );
    }
    refuse_what_is_no_file(path)?;
    if !foreign::is_marked(path) {
        // Who opens a database to write may change it, and this may be another program's.
        let db = connect(plain(path), wait, OpenFlags::SQLITE_OPEN_READ_ONLY);
        check(&db.map_err(|error| unopened(path, error))?).map_err(|e| e.at(path))?;
    }
    let mut is_frozen = false;
    // Also to read: only who may write removes what the database keeps beside a store while anybody has it open.
    let opened = connect(plain(path), wait, OpenFlags::SQLITE_OPEN_READ_WRITE);
    let opened = opened.or_else(|error| match frozen(path, &error) {
        Some(address) => {
            is_frozen = true;
            connect(address, wait, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
        }
        // Somebody else writes, and keeps these files.
        None if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
            connect(plain(path), wait, OpenFlags::SQLITE_OPEN_READ_ONLY)
        }
        None => Err(error),
    });
    let db = opened.map_err(|error| unopened(path, error))?;
    check(&db).map_err(|e| e.at(path))?;
    db.pragma_update(None, "query_only", !is_writer).map_err(failed).map_err(|e| e.at(path))?;
    Ok((db, is_frozen))
}

/// Copies a store as it is at this moment.
///
/// # Errors
/// When it cannot be read, or the copy cannot be written.
pub fn copy(path: &Path, to: &Path, wait: Duration) -> Result<()> {
    // Not to write to it: a connection that only asks may not write another file either.
    let (db, _) = open_as_is(path, wait, true)?;
    // Any bytes are a path, and the database takes the text for what it is.
    let to = ToSqlOutput::Borrowed(ValueRef::Text(to.as_os_str().as_encoded_bytes()));
    let copied = db.execute("VACUUM INTO ?", [to]).map_err(failed);
    copied.map(drop).map_err(|e| e.at(path))
}

/// Whether this process can only read a store, as on a disk that takes no changes.
///
/// # Errors
/// When it cannot be read, either.
pub fn is_read_only(path: &Path, wait: Duration) -> Result<bool> {
    let (db, _) = open_as_is(path, wait, false)?;
    db.is_readonly(MAIN_DB).map_err(failed).map_err(|e| e.at(path))
}

/// The address by which a store is read that this process cannot write, after an attempt to open it as ever.
/// The database wants to make files beside a store even to read it; where nothing waits in them, it can do without.
/// Then nobody is kept from writing: see [`Reader::still`].
fn frozen(path: &Path, error: &rusqlite::Error) -> Option<String> {
    let is_kept_out = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::DiskFull)
    );
    let has_no_room = [SQLITE_IOERR_SHMOPEN, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_SHMMAP];
    let code = error.sqlite_error().map(|error| error.extended_code);
    if !is_kept_out && !code.is_some_and(|code| has_no_room.contains(&code)) {
        return None;
    }
    let log = beside(path, WAL);
    if log.metadata().is_ok_and(|meta| meta.len() > 0) {
        return None;
    }
    Some(format!("file:{}?immutable=1", in_address(path)))
}

/// The file of that ending that belongs to a store.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// Opens a store to write, made or brought to this program's version where need be. The caller holds the lock.
fn open_or_make(path: &Path, wait: Duration) -> Result<Connection> {
    refuse_second_names(path)?;
    let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let make = || {
        let mut db = connect(plain(path), wait, access)?;
        if is_empty(&db)? {
            make(&mut db)?;
        }
        Ok(db)
    };
    let mut db = make().map_err(|error| unopened(path, error))?;
    check(&db).map_err(|e| e.at(path))?;
    keep_log(&db).map_err(|e| e.at(path))?;
    prepare(&mut db).map_err(failed).map_err(|e| e.at(path))?;
    Ok(db)
}

/// Refuses what can never be a store, before anything is made beside it.
fn refuse_what_is_no_file(path: &Path) -> Result<()> {
    match path.metadata() {
        Ok(meta) if meta.is_dir() => Err(foreign::folder(path)),
        Ok(meta) if !meta.is_file() => {
            Err(Error::usage("is no regular file; name the file of a store, like usage.db").at(path))
        }
        Ok(meta) if meta.len() > 0 && !foreign::is_marked(path) => refuse_foreign(path),
        _ => Ok(()),
    }
}

/// Refuses a file that is not marked as a store, unless it is a database that holds nothing, as one that was just being
/// made. Who opens a database to write may change it, and this may be another program's.
fn refuse_foreign(path: &Path) -> Result<()> {
    let db = connect(plain(path), Duration::ZERO, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let db = match db {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Err(unopened(path, error));
        }
        // Who opens it anyway says what is wrong.
        Err(_) => return Ok(()),
        Ok(db) => db,
    };
    if is_empty(&db).unwrap_or(true) { Ok(()) } else { check(&db).map_err(|e| e.at(path)) }
}

/// By two hard links, a database has two logs of its changes, which ruins it.
fn refuse_second_names(path: &Path) -> Result<()> {
    if path.metadata().is_ok_and(|meta| meta.is_file() && has_second_name(&meta)) {
        return Err(Error::usage("has another name (a hard link); a store must have one only").at(path));
    }
    Ok(())
}

/// Whether a file has more than one name, as far as the system tells.
#[cfg(unix)]
fn has_second_name(meta: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(meta) > 1
}

/// Whether a file has more than one name, as far as the system tells.
#[cfg(not(unix))]
fn has_second_name(_: &Metadata) -> bool {
    false
}

fn connect(place: impl AsRef<Path>, wait: Duration, access: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(place, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    if access.contains(OpenFlags::SQLITE_OPEN_READ_WRITE) && db.is_readonly(rusqlite::MAIN_DB)? {
        // Its files beside the store would be this user's, who may not remove them: whoever may write could do so no more.
        return Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(SQLITE_READONLY), None));
    }
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
fn plain(path: &Path) -> PathBuf {
    Path::new(".").join(path)
}

/// Refuses what this program cannot read.
fn check(db: &Connection) -> Result<()> {
    let marks = || Ok((mark(db, "application_id")?, mark(db, "user_version")?));
    let (id, version) = marks().map_err(failed)?;
    if id != i64::from(APPLICATION_ID) {
        let is_empty = is_empty(db).map_err(failed)?;
        let text = if is_empty { "holds nothing yet; flowbook ingest makes a store of it" } else { FOREIGN };
        return Err(Error::usage(text));
    }
    if version > i64::from(VERSION) {
        return Err(Error::new(ErrorKind::Store(format!(
            "is a store of version {version}, made by a newer flowbook; this one knows versions up to {VERSION}: \
             use the newer flowbook"
        ))));
    }
    objects::check(db, u32::try_from(version).unwrap_or(0))
}

const FOREIGN: &str = "is a database, but no store of flowbook; name another file";

fn mark(db: &Connection, name: &str) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, name, |row| row.get(0))
}

/// Whether a database holds nothing, as a new one does, and one that was just being made when its process was
/// killed.
fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0 && mark(db, "application_id")? == 0)
}

fn make(db: &mut Connection) -> rusqlite::Result<()> {
    let begun = db.transaction()?;
    begun.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(&begun)?;
    begun.commit()
}

/// Lets readers go on while somebody writes. The mode stands in the file, but a copy that a tool made of a store is not in
/// it: every writer would keep its own readers out.
fn keep_log(db: &Connection) -> Result<()> {
    let mode = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
    let mode: String = mode.map_err(failed)?;
    if mode == "wal" {
        return Ok(());
    }
    let text =
        "the disk does not let several processes work on a store (no write-ahead log); put it on a local one";
    Err(Error::new(ErrorKind::Store(text.into())))
}

/// Durable commits, and the tables of this version.
fn prepare(db: &mut Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    let version: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version < VERSION {
        let begun = db.transaction()?;
        migrate(&begun)?;
        begun.commit()?;
    }
    Ok(())
}

fn migrate(db: &Connection) -> rusqlite::Result<()> {
    let version: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    MIGRATIONS.iter().skip(version as usize).try_for_each(|step| db.execute_batch(step))?;
    db.pragma_update(None, "user_version", VERSION)
}

/// What is said of a store that holds what flowbook does not write.
const ALTERED: &str = "the store holds a value that flowbook does not write; flowbook store check may tell which: put back a \
                       copy of the store, or remove it and ingest the logs again";

/// Whether a value was read that does not stand in a store that flowbook wrote.
const fn is_no_value_of_ours(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, InvalidQuery, Utf8Error,
    };
    matches!(
        error,
        IntegralValueOutOfRange(..)
            | FromSqlConversionFailure(..)
            | InvalidColumnType(..)
            | InvalidQuery
            | Utf8Error(..)
    )
}

/// What is said of a file that is not, or no longer, what the database wrote.
const DAMAGED: &str = "the store is damaged; put back a copy of it, or remove it and ingest the logs again";

/// What the database says in words alone, without a code of its own, of a file that flowbook did not write so: of a format to
/// come, of rows that no table may have, of numbers that no sum holds.
const TOLD: [&str; 5] = [
    "unsupported file format",
    "NOT NULL constraint failed",
    "CHECK constraint failed",
    "type mismatch on DEFAULT",
    "integer overflow",
];

/// Whether the database tells that the file is damaged, or lacks a row that flowbook always writes.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{QueryReturnedNoRows, SqliteFailure};
    match error {
        QueryReturnedNoRows => true,
        SqliteFailure(_, Some(text)) => TOLD.contains(&text.as_str()),
        _ => false,
    }
}

/// What a failure of the database means to a user.
fn failed(error: rusqlite::Error) -> Error {
    if let Some(damaged) = damage(&error) {
        return damaged.caused_by(error);
    }
    let hint = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DAMAGED,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process holds the store; try again later, or give a longer --lock-timeout"
        }
        Some(ErrorCode::DiskFull) => "the disk is full; the store is as it was",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "the store, or the folder that holds it, cannot be opened or written"
        }
        Some(ErrorCode::SystemIoFailure) => "the disk failed; the store is as it was",
        Some(ErrorCode::TooBig | ErrorCode::ConstraintViolation) => ALTERED,
        _ if is_no_value_of_ours(&error) => ALTERED,
        _ if is_damage(&error) => DAMAGED,
        _ => "the store failed",
    };
    Error::new(ErrorKind::Store(format!("{hint} ({error})"))).caused_by(error)
}

/// A number that is never negative in a store that flowbook wrote.
fn unsigned(number: i64) -> rusqlite::Result<u64> {
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, number))
}

/// A number for the store, whose numbers have 63 bits.
fn signed(number: u64) -> Result<i64> {
    let text = || Error::new(ErrorKind::Overflow("a sum of a source exceeds 2^63 - 1".into()));
    i64::try_from(number).map_err(|_| text())
}
