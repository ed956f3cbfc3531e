//! One writer at a time: a locked file beside the store, which says which process holds it.
//!
//! The system releases the lock when its process ends, however it ends.

use super::connect::{beside, plain};
use super::open::refuse_what_is_no_file;
use super::side_files::has_second_name;
use crate::error::{Error, ErrorKind, Result};
use crate::output::beside::{LOCK, RUN_LOCK, TASKS_LOCK};
use crate::output::paths::behind_links;
#[cfg(unix)]
use crate::output::take_over;
use crate::regular::{self, Links};
use crate::time::iso;
use rusqlite::{Connection, MAIN_DB, OpenFlags};
#[cfg(unix)]
use std::fs::Metadata;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::mem::ManuallyDrop;
#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Looks this often whether the lock is free.
const TICK: Duration = Duration::from_millis(20);
/// Tries this often to open or make a lock that others make and take away.
const TRIES: usize = 100;
/// The longest text about a holder.
const MAX_HOLDER: u64 = 1024;

/// The right to write to a store, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    place: PathBuf,
    store: PathBuf,
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
        let make = || {
            open(&place, Some(path)).map_err(|error| match error.kind() {
                ErrorKind::Io(_, error) if error.kind() == io::ErrorKind::NotFound => {
                    Error::io("create its folder first; cannot create a store here")(error.kind().into())
                        .at(path)
                }
                _ => error.at(&place),
            })
        };
        let begun = Instant::now();
        let mut file = make()?;
        loop {
            match file.try_lock() {
                Ok(()) if stands_at(&file, &place) => break,
                // Whoever held it took it away, and others lock a new one.
                Ok(()) => file = make()?,
                Err(TryLockError::WouldBlock) if begun.elapsed() < wait => thread::sleep(TICK),
                Err(TryLockError::WouldBlock) => return Err(held(file, wait).at(path)),
                Err(TryLockError::Error(error)) => {
                    return Err(Error::io("cannot lock the store")(error).at(&place));
                }
            }
        }
        let mut lock = Self { file, place, store: path.to_owned() };
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
        // What was to be a store is none; nothing is left of it.
        if matches!(self.store.try_exists(), Ok(false)) && stands_at(&self.file, &self.place) {
            let _ = fs::remove_file(&self.place);
        }
    }
}

/// Whether an open file is still the one at its path.
#[cfg(unix)]
fn stands_at(file: &File, place: &Path) -> bool {
    let number = |meta: Metadata| (meta.dev(), meta.ino());
    file.metadata().ok().map(number) == place.symlink_metadata().ok().map(number)
}

/// Whether an open file is still the one at its path: on systems that do not tell, nothing takes the place of an open one.
#[cfg(not(unix))]
fn stands_at(_: &File, _: &Path) -> bool {
    true
}

/// Opens the file of a lock, made where there is none for a store. What is no file of its own is left as it is: behind
/// a link there may be anything, and a lock is emptied.
fn open(place: &Path, store: Option<&Path>) -> Result<File> {
    let refused = || {
        Error::usage("is in the place of the store's lock, but is a link or not a regular file; remove it")
    };
    let file = match open_or_make(place, store) {
        Err(_) if place.symlink_metadata().is_ok_and(|meta| !meta.is_file()) => return Err(refused()),
        Err(error) if place.exists() => return Err(Error::io(ANOTHERS)(error)),
        opened => opened.map_err(Error::io("cannot create the store's lock file"))?,
    };
    match file.metadata() {
        Ok(meta) if has_second_name(&meta) => Err(refused()),
        Ok(_) if is_of_lock(&file).unwrap_or(false) => Ok(file),
        Ok(_) => Err(Error::usage(
            "is in the place of the store's lock, but holds something else; move it, or name the store otherwise",
        )),
        Err(_) => Err(refused()),
    }
}

/// What a lock says begins with this.
const HOLDER: &[u8] = b"process ";

/// Whether a file is empty or says who holds a lock, as far as that is written yet.
fn is_of_lock(mut file: &File) -> io::Result<bool> {
    let mut head = Vec::new();
    file.take(HOLDER.len() as u64).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(HOLDER.starts_with(&head))
}

const ANOTHERS: &str = "cannot open the store's lock file, which another user created; remove it while no process uses the store";

/// Opens a file to lock it, made where there is none for a store. One that only another user may write to is locked as well,
/// but does not say by whom.
fn open_or_make(place: &Path, store: Option<&Path>) -> io::Result<File> {
    let by = |options: &mut OpenOptions| regular::open_by(place, options, Links::Refuse);
    let open = || by(OpenOptions::new().read(true).write(true));
    // First as one that is there: in a folder like /tmp, Linux lets nobody open another's file if it might be made.
    let mut opened = open();
    for _ in 0..TRIES {
        let is_none = opened.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let Some(store) = store.filter(|_| is_none) else { break };
        match by(OpenOptions::new().read(true).write(true).create_new(true)) {
            Ok(file) => {
                give(&file, store);
                return Ok(file);
            }
            // Another process was faster; it may take it away again.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => opened = open(),
            Err(error) => opened = Err(error),
        }
    }
    opened.or_else(|error| match error.kind() {
        io::ErrorKind::PermissionDenied if place.exists() => by(OpenOptions::new().read(true)),
        _ => Err(error),
    })
}

/// Gives a new lock to whoever the store is of, with the same rights, as far as this process may: who may write the store
/// may lock it, whoever locked it first. The database does so with its own files.
#[cfg(unix)]
fn give(file: &File, store: &Path) {
    if let Ok(meta) = store.metadata() {
        take_over(file, &meta);
    }
}

#[cfg(not(unix))]
fn give(_: &File, _: &Path) {}

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
        Ok(file) => {
            // Not closed, as in `held`.
            let _open = ManuallyDrop::new(file);
            Ok(())
        }
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
    open(&place(path, LOCK), None).map_or_else(nobody, |file| held(file, wait))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[cfg(unix)]
    #[test]
    fn one_at_a_time_also_when_the_lock_is_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let (path, wait) = (dir.path().join("u.db"), Duration::from_secs(9));
        let place = dir.path().join("u.db.lock");
        let first = Lock::take(&path, wait, "first").unwrap();
        let begun = Barrier::new(2);
        thread::scope(|scope| {
            let second = scope.spawn(|| {
                begun.wait();
                Lock::take(&path, wait, "second").unwrap()
            });
            begun.wait();
            thread::sleep(5 * TICK);
            drop(first);
            let _second = second.join().unwrap();
            // It holds the one that others try, though the first removed its own.
            assert!(place.exists());
            Lock::take(&path, Duration::ZERO, "third").unwrap_err();
        });
        assert!(!place.exists());
        // The lock of a store that is there stays.
        fs::write(&path, "").unwrap();
        drop(Lock::take(&path, wait, "first").unwrap());
        assert!(place.exists());
    }
}
