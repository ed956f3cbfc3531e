//! What the system says of a file, to find out whether it has changed.

use crate::hash;
use std::fs::Metadata;

/// Which file was at a path when it was looked up, and when that file was changed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Of device and number of the file.
    file: u64,
    /// Of the times when its content and when anything of it was changed.
    changed: u64,
}

impl Stamp {
    /// That of a file.
    #[cfg(unix)]
    pub(crate) fn of(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let hash = |numbers: [u64; 4]| numbers.iter().fold(0, |hash, n| hash::all(hash, &n.to_le_bytes()));
        let [modified, changed] = [meta.mtime(), meta.ctime()].map(i64::cast_unsigned);
        let [nanos, changed_nanos] = [meta.mtime_nsec(), meta.ctime_nsec()].map(i64::cast_unsigned);
        Self {
            file: hash([meta.dev(), meta.ino(), 0, 0]),
            changed: hash([modified, nanos, changed, changed_nanos]),
        }
    }

    /// Not every system numbers its files.
    #[cfg(not(unix))]
    pub(crate) fn of(meta: &Metadata) -> Self {
        let since = |time: std::io::Result<std::time::SystemTime>| {
            let since = time.ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            since.map_or(0, |since| since.as_nanos()).to_le_bytes()
        };
        Self { file: hash::many(&since(meta.created())), changed: hash::many(&since(meta.modified())) }
    }
}
