//! Whether a file is still what it was when it was looked at.

use super::{NO_FILE, Source};
use crate::output::Stamp;
use crate::{hash, regular};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// Files of at most so many bytes are read at once, and get a fingerprint.
pub(crate) const SMALL: u64 = 16 << 10;

/// Bytes at the start of a file that are compared once more when it has grown, where it is too long to compare all.
pub(crate) const START: usize = 512;

const REPLACED: &str =
    "was replaced by another file while it was read, so nothing of it counts; read it again";
const GONE: &str = "was moved or removed while it was read, so nothing of it counts; look where it is now";
const CHANGED: &str =
    "was changed while it was read, so nothing of it counts; read it again when nobody writes to it";

impl Source {
    /// Takes note of what the system says of the file. What is none is not opened, unless it was named itself: it would be
    /// waited for without end.
    pub(crate) fn note(&mut self, meta: &Metadata) {
        let is_file = meta.is_file();
        if !is_file && !self.is_named {
            self.fault.get_or_insert_with(|| NO_FILE.into());
        }
        self.size = is_file.then_some(meta.len());
        self.stamp = is_file.then(|| Stamp::of(meta));
    }

    /// Whether the system says of a file what it said when this one was looked at.
    fn is_as(&self, meta: &Metadata) -> bool {
        self.size == Some(meta.len()) && self.stamp == Some(Stamp::of(meta))
    }

    /// What happened to the source by the end of reading `file`, which makes what was read worth nothing: see
    /// [`Source::change`]. What happens to it later is no matter: a log may be rotated once it was read.
    pub(crate) fn change_of(&self, file: &File, start: Option<u64>) -> Option<&'static str> {
        let stamp = self.stamp?;
        match file.metadata() {
            // Nearly always, and nobody goes by its path then: whoever moves a file changes what is said of it, too.
            Ok(meta) if self.is_as(&meta) => None,
            Ok(meta) if !Stamp::of(&meta).is_of_same_file(stamp) => Some(REPLACED),
            _ => self.change(start),
        }
    }

    /// What happened to the file since it was looked at that makes what was read of it worth nothing. Whoever writes
    /// to a log while it is read only adds to it: then what was there counts. `start` is the hash of its first bytes as
    /// they were read, all of them or so many as are compared.
    #[must_use]
    pub fn change(&self, start: Option<u64>) -> Option<&'static str> {
        let (path, stamp, size) = (self.path.as_deref()?, self.stamp?, self.size?);
        let Ok(meta) = fs::metadata(path) else { return Some(GONE) };
        if self.is_as(&meta) {
            return None;
        }
        if !Stamp::of(&meta).is_of_same_file(stamp) {
            return Some(REPLACED);
        }
        // Times alone do not tell growth from a log that was emptied and filled anew.
        let is_grown = meta.len() > size && start.is_none_or(|hash| begins_with(path, size, hash));
        (!is_grown).then_some(CHANGED)
    }
}

/// The hash of the first bytes of a file of `size` bytes by which it is known once it has grown; `head` holds them.
pub(crate) fn start_of(head: &[u8], size: u64) -> Option<u64> {
    head.get(..start_len(size)?).map(hash::many)
}

fn start_len(size: u64) -> Option<usize> {
    usize::try_from(if size <= SMALL { size } else { START as u64 }).ok()
}

/// Whether a file that had `size` bytes begins as it did.
fn begins_with(path: &Path, size: u64, start: u64) -> bool {
    let read = || -> io::Result<Option<u64>> {
        let mut head = vec![0; start_len(size).unwrap_or(START)];
        regular::open(path)?.read_exact(&mut head)?;
        Ok(start_of(&head, size))
    };
    read().is_ok_and(|now| now == Some(start))
}
