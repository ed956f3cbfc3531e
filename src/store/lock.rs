//! One writer at a time: a locked file beside the store, which says which process holds it.
//!
//! The system releases the lock when its process ends, however it ends.

use super::connect::{beside, plain};
use super::open::{has_second_name, refuse_what_is_no_file};
use crate::error::{Error, ErrorKind, Result};
use crate::output::beside::{LOCK, RUN_LOCK, TASKS_LOCK};
use crate::output::paths::behind_links;
use crate::regular::{self, Links};
use crate::time::iso;
use rusqlite::{Connection, MAIN_DB, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Looks this often whether the lock is free.
const TICK: Duration = Duration::from_millis(20);
/// The longest text about a holder.
const MAX_HOLDER: u64 = 1024;

/// The right to write to a store, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Waits for the right to make workbooks from the store at `path` and to store the results, so that an older
    /// workbook never replaces a newer one.
    ///
    /// # Errors
    /// See [`Lock::take`].
    pub fn of_tasks(path: &Path, wait: Duration, work: &str) -> Result<Self> {
        Self::take_at(path, TASKS_LOCK, wait, work)
    }

    /// Waits for the right to run a tick over the store at `path`.
    ///
    /// # Errors
    /// See [`Lock::take`].
    pub fn of_ticks(path: &Path, wait: Duration, work: &str) -> Result<Self> {
        Self::take_at(path, RUN_LOCK, wait, work)
    }

    /// Waits for the right to write to the store at `path`; `work` tells other processes what is being done.
    ///
    /// # Errors
    /// If another process still holds it after `wait`, or the lock file cannot be created.
    pub fn take(path: &Path, wait: Duration, work: &str) -> Result<Self> {
        Self::take_at(path, LOCK, wait, work)
    }

    fn take_at(path: &Path, ending: &str, wait: Duration, work: &str) -> Result<Self> {
        refuse_what_is_no_file(path)?;
        refuse_who_cannot_write(path)?;
        let place = place(path, ending);
        let file = open(&place, true).map_err(|error| match error.kind() {
            ErrorKind::Io(_, error) if error.kind() == io::ErrorKind::NotFound => {
                Error::io("create its folder first; cannot create a store here")(error.kind().into()).at(path)
            }
            _ => error.at(&place),
        })?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begun.elapsed() < wait => thread::sleep(TICK),
                Err(TryLockError::WouldBlock) => return Err(held(file, wait).at(path)),
                Err(TryLockError::Error(error)) => {
                    return Err(Error::io("cannot lock the store")(error).at(&place));
                }
            }
        }
        let mut lock = Self { file };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs().cast_signed());
        // Who holds the lock is a help to others; the lock is held without it, too.
        let _ = lock.say(&format!("process {}, {work}, since {}", std::process::id(), iso(now)));
        Ok(lock)
    }

    fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

/// Opens the file of a lock, made where there is none if that is wanted. What is no file of its own is left as it is: behind
/// a link there may be anything, and a lock is emptied.
fn open(place: &Path, is_made: bool) -> Result<File> {
    let refused = || {
        Error::usage("is in the place of the store's lock, but is a link or not a regular file; remove it")
    };
    let file = match open_or_make(place, is_made) {
        Err(_) if place.symlink_metadata().is_ok_and(|meta| !meta.is_file()) => return Err(refused()),
        Err(error) if place.exists() => return Err(Error::io(ANOTHERS)(error)),
        opened => opened.map_err(Error::io("cannot create the store's lock file"))?,
    };
    match file.metadata() {
        Ok(meta) if !has_second_name(&meta) => Ok(file),
        _ => Err(refused()),
    }
}

const ANOTHERS: &str = "cannot open the store's lock file, which another user created; remove it while no process uses the store";

/// Opens a file to lock it, made where there is none if that is wanted. One that only another user may write to is locked
/// as well, but does not say by whom.
fn open_or_make(place: &Path, is_made: bool) -> io::Result<File> {
    let by = |options: &mut OpenOptions| regular::open_by(place, options, Links::Refuse);
    let write = || {
        let mut options = OpenOptions::new();
        options.read(true).write(true).truncate(false);
        options
    };
    // First as one that is there: in a folder like /tmp, Linux lets nobody open another's file if it might be made.
    let opened = by(&mut write()).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound if is_made => by(write().create(true)),
        _ => Err(error),
    });
    opened.or_else(|error| match error.kind() {
        io::ErrorKind::PermissionDenied if place.exists() => by(OpenOptions::new().read(true)),
        _ => Err(error),
    })
}

/// Refuses who cannot write a store that is there, before a lock is made beside it: the lock would be this user's, and keep
/// out those who can.
fn refuse_who_cannot_write(path: &Path) -> Result<()> {
    // Asked of the database, which closes no file while a lock of another connection of this process hangs on it.
    let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let is_read_only =
        Connection::open_with_flags(plain(path), access).and_then(|db| db.is_readonly(MAIN_DB));
    if !matches!(is_read_only, Ok(true)) {
        return Ok(());
    }
    match OpenOptions::new().write(true).open(path) {
        Err(error) => Err(Error::io("cannot write the store")(error).at(path)),
        Ok(_) => Ok(()),
    }
}

/// A lock of a store is one, by whatever link the store is named. A link in the place of a lock is
/// not followed: it is no name of the store's, but anybody's.
fn place(path: &Path, ending: &str) -> PathBuf {
    beside(&behind_links(path), ending)
}

/// Says who holds the store at `path`, after it was waited for.
pub(super) fn busy(path: &Path, wait: Duration) -> Error {
    let nobody = |_| Error::new(ErrorKind::Store("the store is busy; try again later".into()));
    open(&place(path, LOCK), false).map_or_else(nobody, |file| held(file, wait))
}

fn held(file: File, wait: Duration) -> Error {
    let mut text = String::new();
    let _ = file.take(MAX_HOLDER).read_to_string(&mut text);
    let holder = if text.is_empty() { "another process" } else { &text };
    Error::new(ErrorKind::Store(format!(
        "the store is held by {holder}; gave up after {} s: try again later, or give a longer --lock-timeout (lock_timeout in a configuration)",
        wait.as_secs_f64()
    )))
}
