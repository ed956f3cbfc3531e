//! Stores that this process may read but not write: they are read so that no file is ever made beside them. Such a file
//! would belong to this user, and keep out those who may write; and nobody can take it away again without the danger that it
//! is already another one, in which a writer's changes wait. So the database, which makes files when it opens a store, opens
//! a private copy, or the file alone, or a store in a folder where this process can make nothing.
//!
//! Others may write meanwhile, and the files that the database keeps beside a store come and go with them: if one is
//! seen halfway, reading is tried again.

use super::connect::{Access, beside, connect, plain};
use super::failure::failed;
use super::held;
use super::not_a_store::unopened;
use crate::error::{Error, ErrorKind, Result};
use crate::output::beside::{JOURNAL, SHM, WAL};
use crate::output::paths::{behind_links, folder};
use crate::output::{in_address, scratch, scratch_folder};
use crate::regular;
use rusqlite::ffi::{SQLITE_IOERR_SHMMAP, SQLITE_IOERR_SHMOPEN, SQLITE_IOERR_SHMSIZE};
use rusqlite::{Connection, ErrorCode};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// What keeps that which is read as it is while others write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// The files that the database keeps beside a store.
    Beside,
    /// Nothing: see [`super::Reader`].
    Unkept,
    /// It is a private copy.
    Copied,
}

/// Looks this often whether a store can be opened.
const TICK: Duration = Duration::from_millis(10);

/// Who writes changes something within this time; behind it, the files are as they will stay.
const STILL: Duration = Duration::from_secs(1);

/// Bytes of a store that is rather copied than read while others may write: that takes a moment.
const MOST_COPIED: u64 = 64 << 20;

/// Bytes at the beginning of a log, which are others whenever the log is begun anew.
const LOG_HEAD: u64 = 32;

/// The system tells the time of a change no closer than this.
const CLOCK: Duration = Duration::from_millis(10);

/// A store and the files beside it, as they stand: their length, and when they were changed.
#[derive(PartialEq, Eq)]
struct Standing([Option<(u64, Option<SystemTime>)>; 4]);

impl Standing {
    fn of(path: &Path) -> Self {
        let files = [path.to_owned(), beside(path, WAL), beside(path, SHM), beside(path, JOURNAL)];
        Self(files.map(|file| file.metadata().ok().map(|meta| (meta.len(), meta.modified().ok()))))
    }

    /// Whether something waits in the log.
    fn has_log(&self) -> bool {
        self.0[1].is_some_and(|(len, _)| len > 0)
    }

    /// Whether there is a journal: if a change stopped halfway, the database takes it back before it reads the store.
    fn has_journal(&self) -> bool {
        self.0[3].is_some_and(|(len, _)| len > 0)
    }

    /// What changes with the store's own file, and with what is to be taken back in it.
    fn of_store(&self) -> [Option<(u64, Option<SystemTime>)>; 2] {
        [self.0[0], self.0[3]]
    }

    /// Bytes of the store.
    fn len(&self) -> u64 {
        self.0[0].map_or(0, |(len, _)| len)
    }

    /// Whether the store was changed so lately that another change might bear the same time.
    fn is_fresh(&self) -> bool {
        let age = self.0[0].and_then(|(_, changed)| SystemTime::now().duration_since(changed?).ok());
        age.is_none_or(|age| age < STILL)
    }
}

/// Whether a store is to be opened by [`open`], after an attempt to open it as ever.
/// The database wants to make files beside a store even to read it.
pub(super) fn is_kept_out(path: &Path, error: &rusqlite::Error) -> bool {
    let has_no_room = [SQLITE_IOERR_SHMOPEN, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_SHMMAP];
    let code = error.sqlite_error().map(|error| error.extended_code);
    is_refused(error)
        || (error.sqlite_error_code() == Some(ErrorCode::DiskFull)
            || code.is_some_and(|code| has_no_room.contains(&code)))
            && !Standing::of(&behind_links(path)).has_log()
}

/// Whether the system refused what the database asked for.
pub(super) fn is_refused(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen))
}

/// Opens a store to read that this process cannot write; tries again for `wait` while others change it.
///
/// # Errors
/// When it cannot be read either, or was changed all the time.
pub(super) fn open(path: &Path, wait: Duration) -> Result<(Connection, Kept)> {
    // What is kept beside a store has the name of its file.
    let real = behind_links(path);
    let begun = Instant::now();
    let (mut seen, mut since) = (Standing::of(&real), begun);
    let mut is_last = false;
    loop {
        let opened = attempt(&real, wait).map_err(|e| e.at(path))?;
        if let Some(opened) = opened {
            return Ok(opened);
        }
        if is_last {
            return Err(Error::new(ErrorKind::Store(CHANGING.into())).at(path));
        }
        thread::sleep(TICK);
        let now = Standing::of(&real);
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        is_last = begun.elapsed() >= wait || since.elapsed() >= STILL;
    }
}

const CHANGING: &str = "other processes kept writing to the store, and this user cannot lock it: try again when \
                        nothing writes to it, or give a longer --lock-timeout";

/// Opens a store as it stands at this moment; none when it was met halfway.
fn attempt(path: &Path, wait: Duration) -> Result<Option<(Connection, Kept)>> {
    let before = Standing::of(path);
    if before.is_fresh() {
        // From now on, a change shows in the time of the file.
        thread::sleep(CLOCK);
    }
    let is_large = before.len() > MOST_COPIED;
    if before.has_log() {
        if is_large && is_closed(folder(path)) {
            // Somebody else has it open, and keeps the files beside it.
            match connect(address(path, "readonly_shm=1"), wait, Access::Fixed) {
                Err(error) if is_refused(&error) => {}
                Err(error) => return Err(unopened(path, error)),
                Ok(db) => return Ok(Some((db, Kept::Beside))),
            }
        }
        return copied(path, &before, wait).map_err(|not| unread(path, WAL, not.why()));
    }
    if before.has_journal() && is_unfinished(path) {
        return copied(path, &before, wait).map_err(|not| unread(path, JOURNAL, not.why()));
    }
    if !is_large {
        match copied(path, &before, wait) {
            Ok(copied) => return Ok(copied),
            Err(NotCopied::NoRoom(_)) => {}
            Err(NotCopied::Failed(error)) => return Err(error),
        }
    }
    alone(path, wait).map(|db| Some((db, Kept::Unkept))).map_err(|error| unopened(path, error))
}

/// Opens the file of a database, whatever waits beside it, and nothing else: it is not even locked.
pub(super) fn alone(path: &Path, wait: Duration) -> rusqlite::Result<Connection> {
    connect(address(path, "immutable=1"), wait, Access::Fixed)
}

/// Whether this process can make no file in a folder, and so the database, too, makes none.
fn is_closed(folder: &Path) -> bool {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    let is_refusal = |error: &io::Error| matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem);
    scratch(folder).is_err_and(|error| matches!(error.kind(), ErrorKind::Io(_, error) if is_refusal(error)))
}

/// Whether the journal beside a store is one of a change that was not finished. Some programs leave one behind that they
/// have crossed out, by its first byte.
fn is_unfinished(path: &Path) -> bool {
    let mut first = [0];
    let read = regular::open(&beside(path, JOURNAL)).and_then(|mut file| file.read(&mut first));
    read.is_err() || first != [0]
}

/// Why there is no copy of a store.
enum NotCopied {
    /// There is no room for one.
    NoRoom(Error),
    /// The store cannot be read.
    Failed(Error),
}

impl NotCopied {
    fn of(what: &'static str) -> impl Fn(io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        move |error| match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::NoRoom(Error::io(what)(error)),
            _ => Self::Failed(Error::io(what)(error)),
        }
    }

    /// What the database says of the copy holds for the store.
    fn by_database(path: &Path) -> impl Fn(rusqlite::Error) -> Self {
        move |error| match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::NoRoom(failed(error)),
            _ => Self::Failed(unopened(path, error)),
        }
    }

    fn why(self) -> Error {
        match self {
            Self::NoRoom(error) | Self::Failed(error) => error,
        }
    }
}

/// Copies a store with what waits beside it, and opens the copy, which is gone with the connection; none when the store was
/// changed meanwhile.
fn copied(path: &Path, before: &Standing, wait: Duration) -> Result<Option<(Connection, Kept)>, NotCopied> {
    let private = scratch_folder().map_err(NotCopied::NoRoom)?;
    let copy = private.path().join("usage.db");
    let copies = || -> io::Result<bool> {
        let log = if before.has_log() { Some(log_head(path)?) } else { None };
        held::copy(path, &mut File::create(&copy)?)?;
        let waiting = [(WAL, before.has_log()), (JOURNAL, before.has_journal())];
        for (ending, _) in waiting.into_iter().filter(|(_, is_there)| *is_there) {
            io::copy(&mut regular::open(&beside(path, ending))?, &mut File::create(beside(&copy, ending))?)?;
        }
        // Whatever is carried over from a log into the store meanwhile stands in the log as well, until it is begun anew.
        Ok(match log {
            Some(log) => log_head(path)? == log && log_head(&copy)? == log,
            None => Standing::of(path).of_store() == before.of_store(),
        })
    };
    match copies() {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(_) if Standing::of(path) != *before => return Ok(None),
        Err(error) => return Err(NotCopied::of("cannot copy the store to read it")(error)),
    }
    let opened = || {
        if before.has_log() || before.has_journal() {
            // Whoever opens it brings it to the state of its last whole change.
            let db = connect(plain(&copy), wait, Access::Write)?;
            db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            db.close().map_err(|(_, error)| error)?;
        }
        // Nobody is to take it for the store, and write to it.
        alone(&copy, wait)
    };
    opened().map(|db| Some((db, Kept::Copied))).map_err(NotCopied::by_database(path))
}

/// The beginning of the log beside a store.
fn log_head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    regular::open(&beside(path, WAL))?.take(LOG_HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// Says that what waits beside a store cannot be taken into account.
fn unread(path: &Path, ending: &str, error: Error) -> Error {
    let waiting = beside(path, ending);
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (store, waiting) = (name(path), name(&waiting));
    let what = if ending == WAL {
        format!("the latest changes are in {waiting}, and cannot be read")
    } else {
        format!("{waiting} shows that a change was not finished, and it cannot be undone")
    };
    Error::new(ErrorKind::Store(format!(
        "{what}: you cannot create a file here, and copying the store failed ({error}). Copy {store} and {waiting} to a \
         folder that you may write, and name the copy"
    )))
    .caused_by(error)
}

/// The address of a file, as `SQLite` reads addresses: from the root and with an empty host, as what follows `file:` may be
/// taken for a host, or for the name of a database in memory.
fn address(path: &Path, how: &str) -> String {
    let path = in_address(&std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path)));
    let root = if path.starts_with('/') { "" } else { "/" };
    format!("file://{root}{path}?{how}")
}
