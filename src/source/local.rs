//! The files of this system, its pipes and standard input.
//!
//! If a pipe was put in the place of a file since it was looked up, opening neither waits for the pipe nor reads it.

use super::{Opened, Origin, Origins, Search, Source, Stat, Version, discover_by};
use crate::error::Result;
use crate::regular;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where logs lie on this system.
#[derive(Clone, Copy, Debug)]
pub struct Local;

impl Origins for Local {
    fn list(&self, arguments: &[PathBuf], search: &Search) -> Result<Vec<Source>> {
        discover_by(arguments, search)
    }

    fn stat(&self, origin: &Origin) -> io::Result<Stat> {
        match origin {
            Origin::Stdin => Ok(Stat::Stream),
            Origin::File(path) => Ok(stat_of(&fs::metadata(path)?)),
        }
    }

    fn open(&self, origin: &Origin, range: Range<u64>) -> io::Result<Opened> {
        let Origin::File(path) = origin else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "can be read only once"));
        };
        let mut file = regular::open_seen(path)?;
        if range.start > 0 {
            file.seek(SeekFrom::Start(range.start))?;
        }
        Ok(Opened::File(file))
    }

    fn open_stream(&self, origin: &Origin) -> io::Result<Box<dyn Read + Send>> {
        match origin {
            Origin::Stdin => Ok(Box::new(io::stdin())),
            Origin::File(path) => Ok(Box::new(File::open(path)?)),
        }
    }
}

/// What the system says of a file.
pub(crate) fn stat_of(meta: &Metadata) -> Stat {
    if !meta.is_file() {
        return Stat::Stream;
    }
    Stat::File { size: meta.len(), version: Version { modified: modified(meta), ..version_of(meta) } }
}

#[cfg(unix)]
fn version_of(meta: &Metadata) -> Version {
    use std::os::unix::fs::MetadataExt;
    let changed = i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec());
    Version { number: regular::number(meta), changed, ..Version::default() }
}

/// Not every system numbers its files.
#[cfg(not(unix))]
fn version_of(meta: &Metadata) -> Version {
    Version { created: meta.created().ok().and_then(nanoseconds), ..Version::default() }
}

/// When a file was changed, in nanoseconds since 1970.
pub(crate) fn modified(meta: &Metadata) -> Option<i64> {
    meta.modified().ok().and_then(nanoseconds)
}

/// Nanoseconds since 1970, or before it.
pub(crate) fn nanoseconds(time: SystemTime) -> Option<i64> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).ok(),
        Err(before) => i64::try_from(before.duration().as_nanos()).ok().map(|nanoseconds| -nanoseconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::WHOLE;
    use std::process::Command;

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_the_place_of_a_file_is_neither_waited_for_nor_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        let origin = Origin::File(path.clone());
        fs::write(&path, "lines").unwrap();
        assert!(matches!(Local.stat(&origin).unwrap(), Stat::File { size: 5, .. }));
        fs::remove_file(&path).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(Local.stat(&origin).unwrap(), Stat::Stream);
        assert!(Local.open(&origin, WHOLE).is_err());
        assert!(Local.open(&Origin::Stdin, WHOLE).is_err());
        assert!(Local.stat(&Origin::File(dir.path().join("none"))).is_err());
    }

    #[test]
    fn a_range_is_read_from_its_beginning() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "0123456789").unwrap();
        let origin = Origin::File(file.path().to_owned());
        let mut text = String::new();
        Local.open(&origin, 3..7).unwrap().take(4).read_to_string(&mut text).unwrap();
        assert_eq!(text, "3456");
    }

    #[test]
    fn a_file_is_known_under_another_name_and_in_another_state() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| Origin::File(dir.path().join(name));
        let version = |name: &str| Local.stat(&at(name)).unwrap().version().unwrap();
        fs::write(dir.path().join("a"), "1").unwrap();
        fs::write(dir.path().join("b"), "1").unwrap();
        let before = version("a");
        assert!(!before.is_of_same_file(version("b")));
        fs::rename(dir.path().join("a"), dir.path().join("c")).unwrap();
        assert!(version("c").is_of_same_file(before));
        let file = File::options().write(true).open(dir.path().join("c")).unwrap();
        file.set_modified(UNIX_EPOCH).unwrap();
        let after = version("c");
        assert!(after.is_of_same_file(before) && after != before && after.modified == Some(0));
    }
}
