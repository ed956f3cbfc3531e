//! Stores of older versions: upgraded by a command that writes to them, copied by a command that only reads.

use super::connect::mark;
use super::failure::failed;
use super::kept_out::Kept;
use super::lock::Lock;
use super::open::{copy, is_read_only, open_as_is, open_or_make};
use super::schema::VERSION;
use crate::error::{Error, ErrorKind, Result};
use crate::output::{Scratch, scratch_folder};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Opens a store to write, of this program's version; says what keeps it as it is while others
/// write. An older one is brought to this version first.
pub(super) fn open(path: &Path, wait: Duration) -> Result<(Connection, Kept)> {
    let (db, kept) = open_as_is(path, wait, true)?;
    let version = version(&db, path)?;
    if version >= VERSION {
        return Ok((db, kept));
    }
    drop(db);
    let work = "flowbook, upgrading the store";
    let brought = Lock::take(path, wait, work).and_then(|lock| Ok((open_or_make(path, wait)?, lock)));
    brought.map(drop).map_err(|error| {
        let text = format!(
            "is a store of version {version}; this flowbook reads version {VERSION}, and could not upgrade it: \
             {error}; run flowbook store vacuum as a user who may write it"
        );
        Error::new(ErrorKind::Store(text)).caused_by(error).at(path)
    })?;
    open_as_is(path, wait, true)
}

/// An upgraded copy of a store of an older version, to be read in its place. Reading changes nothing: an older flowbook
/// can still read the store. A command that writes to the store upgrades it.
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
        Self::made(path, version, wait).map(Some)
    }

    /// Makes a copy of a store to try a change out on, if it is of an older version, or this process can only read it.
    ///
    /// # Errors
    /// See [`OlderCopy::of`].
    pub fn to_try_out(path: &Path, wait: Duration) -> Result<Option<Self>> {
        match Self::of(path, wait)? {
            None if is_read_only(path, wait)? => Self::made(path, VERSION, wait).map(Some),
            older => Ok(older),
        }
    }

    fn made(path: &Path, version: u32, wait: Duration) -> Result<Self> {
        let older = Self { folder: scratch_folder()?, version };
        copy(path, &older.path(), wait)?;
        open_or_make(&older.path(), wait).map_err(|error| {
            let text = format!(
                "is a store of version {version}; this flowbook reads version {VERSION}, and could not upgrade a \
                 copy of it: {}",
                error.message()
            );
            Error::new(ErrorKind::Store(text)).caused_by(error).at(path)
        })?;
        Ok(older)
    }

    /// The version of the store itself.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Its path, until it is dropped.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("usage.db")
    }
}

/// Opens a store to look at it; says what keeps it as it is while others write, and what is
/// looked at in its place.
pub(super) fn open_to_read(path: &Path, wait: Duration) -> Result<(Connection, Kept, Option<OlderCopy>)> {
    let (db, kept) = open_as_is(path, wait, false)?;
    if version(&db, path)? >= VERSION {
        return Ok((db, kept, None));
    }
    drop(db);
    let older = OlderCopy::of(path, wait)?;
    let (db, kept) =
        open_as_is(&older.as_ref().map_or_else(|| path.to_owned(), OlderCopy::path), wait, false)?;
    Ok((db, kept, older))
}

fn version(db: &Connection, path: &Path) -> Result<u32> {
    let version = mark(db, "user_version").map_err(failed).map_err(|e| e.at(path))?;
    Ok(u32::try_from(version).unwrap_or(0))
}
