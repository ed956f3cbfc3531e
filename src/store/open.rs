//! Opens or creates a store; refuses what is not a store.

use super::connect::{Access, beside, connect, is_empty, mark, plain};
use super::failure::failed;
use super::kept_out::{self, Kept, is_kept_out, is_refused};
use super::not_a_store::{self, unopened};
use super::objects;
use super::schema::{APPLICATION_ID, MIGRATIONS, VERSION};
use super::side_files::{has_second_name, refuse_strange};
use crate::error::{Error, ErrorKind, Result};
use crate::output::beside::{JOURNAL, is_beside_database};
use crate::output::paths::behind_links;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, MAIN_DB};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, io, thread};

/// And one that writes: pages that do not fit are written twice, and hashes lie everywhere.
const WRITER_CACHE_KIB: i32 = 96 << 10;

/// Opens a store as it is; says what keeps it so while others write.
pub(super) fn open_as_is(path: &Path, wait: Duration, is_writer: bool) -> Result<(Connection, Kept)> {
    if !path.exists() {
        return Err(none(path));
    }
    refuse_what_is_no_file(path)?;
    // Also to read: only who may write removes what the database keeps beside a store while anybody has it open.
    let (db, kept) = match reached(path, wait, Access::Write, is_writer) {
        Ok(db) => (db, Kept::Beside),
        // One that was made for nothing is taken away again.
        Err(_) if !path.exists() => return Err(none(path)),
        Err(error) if is_kept_out(path, &error) => kept_out::open(path, wait)?,
        Err(error) => return Err(unopened(path, error)),
    };
    check(&db).map_err(|e| e.at(path))?;
    db.pragma_update(None, "query_only", !is_writer).map_err(failed).map_err(|e| e.at(path))?;
    Ok((db, kept))
}

/// So long, and so often, a store is tried to be reached that another user makes the files beside it for.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(10);

/// Connects to a store. When another user is the first to open it, the files beside it are that user's for a moment, until
/// they get the owner and the mode of the store: who comes just then could only read, and tries again.
fn reached(path: &Path, wait: Duration, access: Access, is_writer: bool) -> rusqlite::Result<Connection> {
    let begun = Instant::now();
    loop {
        let db = connect(plain(path), wait, access)?;
        let may_write = || if is_writer { db.execute_batch("BEGIN IMMEDIATE; ROLLBACK") } else { Ok(()) };
        match is_empty(&db).and_then(|_| may_write()) {
            Err(error) if is_refused(&error) && begun.elapsed() < wait.min(PATIENCE) => thread::sleep(PAUSE),
            _ => return Ok(db),
        }
    }
}

/// Says that there is no store.
pub(super) fn none(path: &Path) -> Error {
    Error::usage("there is no store here; create one with flowbook ingest or flowbook run").at(path)
}

/// Opens a store to write, made or brought to this program's version where need be. The caller holds the lock.
pub(super) fn open_or_make(path: &Path, wait: Duration) -> Result<Connection> {
    refuse_second_names(path)?;
    // Once more: it was waited for the lock meanwhile.
    refuse_strange(path)?;
    let make = || {
        let mut db = reached(path, wait, Access::Make, true)?;
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

/// The same; says whether there was none before. What could not be made is taken away again. The caller holds the lock.
pub(super) fn opened_or_made(path: &Path, wait: Duration) -> Result<(Connection, bool)> {
    // Before the lock is held, another writer may make it.
    let is_made = !path.exists();
    match open_or_make(path, wait) {
        // Into an empty file, nobody writes without the lock; to lock it as a database takes room on its disk.
        Err(error) if is_made && path.metadata().is_ok_and(|meta| meta.len() == 0) => {
            Err(error.then(remove(&behind_links(path))))
        }
        Err(error) if is_made => Err(match connect(plain(path), Duration::ZERO, Access::Write) {
            Ok(db) => error.then(remove_unused(&db, path)),
            Err(_) => error,
        }),
        opened => Ok((opened?, is_made)),
    }
}

/// Removes a store in which nothing is. Tasks and accounts come without the lock that the caller holds, at any moment: so it
/// is asked and removed while nobody else can open the store, and who has it open, or just comes, keeps it.
///
/// # Errors
/// When the file cannot be removed.
pub(super) fn remove_unused(db: &Connection, path: &Path) -> Result<()> {
    // Elsewhere than on Unix, a file that is open cannot be removed.
    if !cfg!(unix) || !is_alone(db).unwrap_or(false) {
        return Ok(());
    }
    if is_in_use(db).unwrap_or(true) {
        // As it was; where that fails, whoever writes to it next does it.
        let _ = db.pragma_update_and_check(None, "locking_mode", "NORMAL", |_| Ok(()));
        let _ = keep_log(db);
        return Ok(());
    }
    let real = behind_links(path);
    // Of this connection: it undid nothing.
    let files = [beside(&real, JOURNAL), real];
    // The lock of the database holds until the file is gone; who waited for it sees that (`connect`).
    files.iter().try_for_each(|file| remove(file))
}

/// Locks a database as a whole, until it is closed, if nobody else has it open.
fn is_alone(db: &Connection) -> rusqlite::Result<bool> {
    db.busy_timeout(Duration::ZERO)?;
    db.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(()))?;
    // Only without a log is it the file that is locked.
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))?;
    db.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    Ok(mode == "delete")
}

/// Whether anything is in a store.
fn is_in_use(db: &Connection) -> rusqlite::Result<bool> {
    Ok(!is_empty(db)? && db.query_row(IS_IN_USE, [], |row| row.get(0))?)
}

const IS_IN_USE: &str = "SELECT EXISTS (SELECT 1 FROM source) OR EXISTS (SELECT 1 FROM task)
                             OR EXISTS (SELECT 1 FROM tick) OR (SELECT count(*) FROM account) > 1";

/// Removes a file, if it is there.
fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("cannot remove the empty store")(error).at(file))
        }
        _ => Ok(()),
    }
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

/// Refuses what can never be a store, before anything is made beside it.
pub(super) fn refuse_what_is_no_file(path: &Path) -> Result<()> {
    match path.metadata() {
        Ok(meta) if meta.is_dir() => Err(not_a_store::folder(path)),
        Ok(meta) if !meta.is_file() => {
            Err(Error::usage("is not a regular file; name the file of a store, like usage.db").at(path))
        }
        Ok(meta) => {
            refuse_strange(path)?;
            match meta.len() {
                0 => refuse_taken_name(path),
                _ if !not_a_store::is_marked(path) => refuse_foreign(path),
                _ => Ok(()),
            }
        }
        // It may be made, and what is to be beside it may be there before it.
        Err(_) => refuse_taken_name(path).and_then(|()| refuse_strange(path)),
    }
}

/// Refuses a store that is yet to be made under the name of a file that belongs to another one, which would overwrite it.
fn refuse_taken_name(path: &Path) -> Result<()> {
    if is_beside_database(&behind_links(path)) {
        let text = "is the name of a file that belongs to the database beside it; name the store otherwise";
        return Err(Error::usage(text).at(path));
    }
    Ok(())
}

/// Refuses a file that is not marked as a store, unless it is a database that holds nothing, as one that was just being
/// made. Who opens a database to write may change it, and this may be another program's: its file is looked at alone.
fn refuse_foreign(path: &Path) -> Result<()> {
    let looked_at = kept_out::alone(path, Duration::ZERO).and_then(|db| Ok((is_empty(&db)?, db)));
    // It may just have been made a store.
    let is_marked = || not_a_store::is_marked(path);
    match looked_at {
        // All that it holds may wait in its log.
        Ok((true, _)) => match kept_out::open(path, Duration::ZERO) {
            Ok((db, _)) if !is_empty(&db).unwrap_or(true) => check(&db),
            _ => Ok(()),
        },
        Ok((false, db)) => check(&db),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return if is_marked() { Ok(()) } else { Err(unopened(path, error)) };
        }
        // Who opens it anyway says what is wrong.
        Err(_) => Ok(()),
    }
    .or_else(|error| if is_marked() { Ok(()) } else { Err(error.at(path)) })
}

/// By two hard links, a database has two logs of its changes, which ruins it.
fn refuse_second_names(path: &Path) -> Result<()> {
    if path.metadata().is_ok_and(|meta| meta.is_file() && has_second_name(&meta)) {
        return Err(Error::usage("has another name (a hard link); a store must have only one").at(path));
    }
    Ok(())
}

/// Refuses what this program cannot read.
fn check(db: &Connection) -> Result<()> {
    let marks = || Ok((mark(db, "application_id")?, mark(db, "user_version")?));
    let (id, version) = marks().map_err(failed)?;
    if id != i64::from(APPLICATION_ID) {
        let is_empty = is_empty(db).map_err(failed)?;
        let text = if is_empty { "is empty; flowbook ingest makes a store of it" } else { FOREIGN };
        return Err(Error::usage(text));
    }
    if version > i64::from(VERSION) {
        return Err(Error::new(ErrorKind::Store(format!(
            "is a store of version {version}, made by a newer flowbook; this one reads versions up to {VERSION}: \
             use the newer flowbook"
        ))));
    }
    objects::check(db, u32::try_from(version).unwrap_or(0))
}

const FOREIGN: &str = "is a database, but not a flowbook store; name another file";

fn make(db: &mut Connection) -> rusqlite::Result<()> {
    let begun = db.transaction()?;
    begun.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(&begun)?;
    begun.commit()
}

/// Lets readers go on while somebody writes. The mode stands in the file, but a copy that a tool made of a store is not in
/// it: every writer would keep its own readers out.
pub(super) fn keep_log(db: &Connection) -> Result<()> {
    let mode = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
    let mode: String = mode.map_err(failed)?;
    if mode == "wal" {
        return Ok(());
    }
    let text = "this disk does not support the write-ahead log of SQLite; put the store on a local disk";
    Err(Error::new(ErrorKind::Store(text.into())))
}

/// Durable commits, and the tables of this version.
pub(super) fn prepare(db: &mut Connection) -> rusqlite::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Lock, Tasks, Writer};

    const WAIT: Duration = Duration::from_secs(5);

    #[test]
    fn only_a_store_that_nobody_uses_is_removed() {
        if !cfg!(unix) {
            // Nothing that is open is removed there.
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("u.db");
        let names = || {
            let names = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name());
            let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
            names.sort();
            names
        };
        Writer::open(&path, WAIT, "test").unwrap().give_up().unwrap();
        assert_eq!(names(), [""; 0]);
        // Somebody may be about to put something into it.
        let writer = Writer::open(&path, WAIT, "test").unwrap();
        let mut tasks = Tasks::open(&path, WAIT).unwrap();
        writer.give_up().unwrap();
        tasks.account("new").unwrap();
        drop(tasks);
        fs::remove_file(dir.path().join("u.db.lock")).unwrap();
        assert_eq!(names(), ["u.db"]);
        // Or has done so.
        fs::remove_file(&path).unwrap();
        let writer = Writer::open(&path, WAIT, "test").unwrap();
        Tasks::open(&path, WAIT).unwrap().account("new").unwrap();
        writer.give_up().unwrap();
        assert_eq!(names(), ["u.db", "u.db.lock"]);
        let db = open_as_is(&path, WAIT, false).unwrap().0;
        let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert!(is_in_use(&db).unwrap() && mode == "wal");
    }

    #[test]
    fn who_waited_for_a_store_that_is_removed_does_not_write_to_what_is_left_of_it() {
        if !cfg!(unix) {
            // Nothing that is open is removed there.
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("u.db");
        let lock = Lock::take(&path, WAIT, "test").unwrap();
        let db = open_or_make(&path, WAIT).unwrap();
        assert!(is_alone(&db).unwrap());
        // As `remove_unused` does, but slowly.
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| open_as_is(&path, WAIT, true).map(drop));
            std::thread::sleep(Duration::from_millis(300));
            fs::remove_file(&path).unwrap();
            drop(db);
            let error = waits.join().unwrap().unwrap_err();
            assert!(error.message().contains("there is no store here"), "{}", error.message());
        });
        drop(lock);
    }
}
