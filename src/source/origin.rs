//! Where logs lie, and the one seam through which they are listed, looked at and opened.

use super::{Search, Source};
use crate::error::Result;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The range of all bytes of a log.
pub const WHOLE: Range<u64> = 0..u64::MAX;

/// Where a source lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Standard input.
    Stdin,
    /// A file, or a pipe or device with a name.
    File(PathBuf),
}

impl Origin {
    /// The path, if it has one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::File(path) => Some(path),
        }
    }
}

/// What is known of a source without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stat {
    /// It can be read only once, from its beginning: standard input, a pipe, a device.
    Stream,
    /// It can be read at any place, and again.
    File {
        /// Bytes as they lie there, packed or not.
        size: u64,
        /// Which file it is, in which state.
        version: Version,
    },
}

impl Stat {
    /// Bytes of a file.
    #[must_use]
    pub const fn size(self) -> Option<u64> {
        match self {
            Self::Stream => None,
            Self::File { size, .. } => Some(size),
        }
    }

    /// Which file it is, in which state.
    #[must_use]
    pub const fn version(self) -> Option<Version> {
        match self {
            Self::Stream => None,
            Self::File { version, .. } => Some(version),
        }
    }
}

/// Which file is at an origin, and in which state. Two equal versions have the same bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Device and number of the file, by which it is known under another name, where the system numbers files.
    pub number: Option<(u64, u64)>,
    /// When the file was made, where nothing numbers it; nanoseconds since 1970.
    pub created: Option<i64>,
    /// When its bytes were changed last, in nanoseconds since 1970.
    pub modified: Option<i64>,
    /// Changes with anything of it. Where it is always 0, as on systems that do not tell the standard library, a change that keeps
    /// the size, and gives a file back the time of before, is not seen.
    pub changed: i128,
}

impl Version {
    /// Whether it is the same file, changed or not.
    #[must_use]
    pub fn is_of_same_file(self, other: Self) -> bool {
        (self.number, self.created) == (other.number, other.created)
    }
}

/// Lists, stats and opens logs: the one seam between flowbook and where logs lie.
///
/// A new kind of place is a file with an implementation, which [`ORIGINS`](super::ORIGINS) names. It needs a variant of
/// [`Origin`] only if a path cannot say where its logs lie.
pub trait Origins: Sync {
    /// Finds the sources behind arguments, sorted by name, each once. What cannot be found becomes a source with a fault.
    ///
    /// # Errors
    /// When there is no argument, or one is not valid.
    fn list(&self, arguments: &[PathBuf], search: &Search) -> Result<Vec<Source>>;

    /// What stands at an origin now, without reading it.
    ///
    /// # Errors
    /// When nothing does, or nobody may look.
    fn stat(&self, origin: &Origin) -> io::Result<Stat>;

    /// Opens a file that was looked at before, to read a range of its bytes. What is no file any more is refused, and not
    /// waited for.
    ///
    /// # Errors
    /// When it cannot be opened, or is a stream.
    fn open(&self, origin: &Origin, range: Range<u64>) -> io::Result<Opened>;

    /// Opens what can be read only once; waits for who writes to it.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn open_stream(&self, origin: &Origin) -> io::Result<Box<dyn Read + Send>>;
}

/// An open file, at the beginning of the requested range. There may be more bytes after the range.
pub enum Opened {
    /// One of this system: several threads may read at several places of it. What [`Origins::stat`] gives of such a log must be
    /// what the system says of the file (`stat_of` in `local.rs`): that of the open one is compared with it.
    File(File),
    /// Anything else, from that place on.
    Bytes(Box<dyn Read + Send>),
}

impl Read for Opened {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(out),
            Self::Bytes(bytes) => bytes.read(out),
        }
    }
}

/// A log with who opens it.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// Who opens it.
    pub origins: &'a dyn Origins,
    /// Where it is.
    pub origin: &'a Origin,
}

impl Site<'_> {
    /// Opens all of a file; see [`Origins::open`].
    ///
    /// # Errors
    /// If it cannot be opened, or is not a file.
    pub fn open(self) -> io::Result<Opened> {
        self.open_at(WHOLE)
    }

    /// Opens a range of a file; see [`Origins::open`].
    ///
    /// # Errors
    /// If it cannot be opened, or is not a file.
    pub fn open_at(self, range: Range<u64>) -> io::Result<Opened> {
        self.origins.open(self.origin, range)
    }

    /// Whether there is a file.
    #[must_use]
    pub fn is_file(self) -> bool {
        self.origins.stat(self.origin).is_ok_and(|stat| stat != Stat::Stream)
    }
}
