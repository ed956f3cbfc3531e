//! Whether a file has changed since it was looked up.

use super::local::stat_of;
use super::{Origins, Site, Source, Stat, Version};
use crate::hash;
use std::fs::File;
use std::io::{self, Read};

/// Files of at most so many bytes are read at once, and get a fingerprint.
pub(crate) const SMALL: u64 = 16 << 10;

/// Bytes at the start of a file that are compared once more when it has grown, where it is too long to compare all.
pub(crate) const START: usize = 512;

const REPLACED: &str =
    "was replaced by another file while it was read, so nothing of it counts; read it again";
const GONE: &str = "was moved or removed while it was read, so nothing of it counts; look where it is now";
const CHANGED: &str =
    "was changed while it was read, so nothing of it counts; read it again when nothing writes to it";

impl Source {
    /// What happened to the source by the end of reading `file`, which makes what was read worth nothing: see
    /// [`Source::change`]. What happens to it later is no matter: a log may be rotated once it was read.
    pub(crate) fn change_of(
        &self,
        file: &File,
        start: Option<u64>,
        origins: &dyn Origins,
    ) -> Option<&'static str> {
        let then = self.stat.and_then(Stat::version)?;
        match file.metadata().map(|meta| stat_of(&meta)) {
            // Nearly always, and nobody goes by its path then: whoever moves a file changes what is said of it, too.
            Ok(now) if Some(now) == self.stat => None,
            Ok(now) if !is_of_same_file(now, then) => Some(REPLACED),
            _ => self.change(start, origins),
        }
    }

    /// What happened to the file since it was looked at that makes what was read of it worth nothing. Whoever writes
    /// to a log while it is read only adds to it: then what was there counts. `start` is the hash of its first bytes as
    /// they were read, all of them or so many as are compared.
    pub(crate) fn change(&self, start: Option<u64>, origins: &dyn Origins) -> Option<&'static str> {
        let Stat::File { size, version } = self.stat? else { return None };
        let Ok(now) = origins.stat(&self.origin) else { return Some(GONE) };
        if Some(now) == self.stat {
            return None;
        }
        if !is_of_same_file(now, version) {
            return Some(REPLACED);
        }
        // Times alone do not tell growth from a log that was emptied and filled anew.
        let is_begun_alike = || start.is_none_or(|hash| begins_with(self.site(origins), size, hash));
        let is_grown = now.size() > Some(size) && is_begun_alike();
        (!is_grown).then_some(CHANGED)
    }
}

fn is_of_same_file(stat: Stat, version: Version) -> bool {
    stat.version().is_some_and(|now| now.is_of_same_file(version))
}

/// The hash of the first bytes of a file of `size` bytes by which it is known once it has grown; `head` holds them.
pub(crate) fn start_of(head: &[u8], size: u64) -> Option<u64> {
    head.get(..start_len(size)?).map(hash::many)
}

fn start_len(size: u64) -> Option<usize> {
    usize::try_from(if size <= SMALL { size } else { START as u64 }).ok()
}

/// Whether a file that had `size` bytes begins as it did.
fn begins_with(file: Site<'_>, size: u64, start: u64) -> bool {
    let read = || -> io::Result<Option<u64>> {
        let mut head = vec![0; start_len(size).unwrap_or(START)];
        file.open_at(0..size)?.read_exact(&mut head)?;
        Ok(start_of(&head, size))
    };
    read().is_ok_and(|now| now == Some(start))
}
