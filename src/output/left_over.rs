//! Temporary files that killed runs left: removed by the next run that writes into their folder.
//!
//! The process that writes one holds a lock on it, which the system releases when the process ends, however it ends.

use super::{PREFIX, SUFFIX};
use crate::regular::{self, Links};
use crate::time::DAY_SECONDS;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Letters and digits in the name of a file in the making.
const LETTERS: usize = 6;

/// Younger ones may be those of a run on a machine or of a version that holds no lock.
const AGE: Duration = Duration::from_secs(DAY_SECONDS.unsigned_abs());

/// Names of a folder that are looked at: a run that writes one file is not to wait for a list of hundreds of thousands.
const LOOKED_AT: usize = 10_000;

/// Folders that this process has looked at.
static SWEPT: LazyLock<Mutex<HashSet<PathBuf>>> = LazyLock::new(Mutex::default);

/// Marks a file as one that somebody is making. Where the file system knows no locks, its age alone tells.
pub(super) fn claim(file: &File) {
    let _ = file.try_lock();
}

/// Removes what was left in a folder, once in a run; `own` is a file that this process has just made there. What cannot
/// be looked at or removed stays, and so does what stands in a long folder behind the first names: it harms nobody.
pub(super) fn sweep(folder: &Path, own: &File) {
    sweep_first(LOOKED_AT, folder, own);
}

fn sweep_first(most: usize, folder: &Path, own: &File) {
    if !SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned()) {
        return;
    }
    let (Ok(own), Ok(entries)) = (own.metadata(), fs::read_dir(folder)) else { return };
    for entry in entries.flatten().take(most).filter(|entry| is_named(&entry.file_name())) {
        // Of a link this is what the link itself is.
        if entry.metadata().is_ok_and(|meta| is_left(&meta, &own)) {
            remove(&entry.path());
        }
    }
}

fn is_named(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes().strip_prefix(PREFIX.as_bytes());
    let letters = name.and_then(|rest| rest.strip_suffix(SUFFIX.as_bytes()));
    letters.is_some_and(|letters| letters.len() == LETTERS && letters.iter().all(u8::is_ascii_alphanumeric))
}

/// Whether it is a plain file of the same user, and not changed for long.
fn is_left(meta: &Metadata, own: &Metadata) -> bool {
    let age = || SystemTime::now().duration_since(meta.modified().ok()?).ok();
    meta.is_file() && meta.uid() == own.uid() && age().is_some_and(|age| age >= AGE)
}

/// Removes a file that nobody holds.
fn remove(path: &Path) {
    // It may have become anything since it was looked at.
    let Ok(file) = regular::open_by(path, OpenOptions::new().read(true), Links::Refuse) else { return };
    // What was opened is what stands there.
    let which = |meta: io::Result<Metadata>| regular::number(&meta.ok()?);
    let is_it = || which(file.metadata()).is_some_and(|one| which(fs::symlink_metadata(path)) == Some(one));
    if file.try_lock().is_ok() && is_it() {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn old(path: &Path) -> File {
        let file = File::create(path).unwrap();
        file.set_modified(SystemTime::now() - AGE - Duration::from_secs(1)).unwrap();
        file
    }

    #[test]
    fn what_took_the_place_of_such_a_file_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let (pipe, link) = (dir.path().join("pipe"), dir.path().join("link"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        symlink("pipe", &link).unwrap();
        for path in [pipe, link] {
            remove(&path);
            assert!(path.symlink_metadata().is_ok());
        }
    }

    #[test]
    fn only_what_a_killed_run_left_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        drop(old(&at(".flowbook-aB3xYz.tmp")));
        let held = old(&at(".flowbook-held00.tmp"));
        claim(&held);
        held.set_modified(SystemTime::now() - 2 * AGE).unwrap();
        File::create(at(".flowbook-young0.tmp")).unwrap();
        let future = File::create(at(".flowbook-future.tmp")).unwrap();
        future.set_modified(SystemTime::now() + 2 * AGE).unwrap();
        for other in [
            ".flowbook-.tmp",
            ".flowbook-abcdefg.tmp",
            ".flowbook-abc_ef.tmp",
            "x.flowbook-abcdef.tmp",
            "target",
        ] {
            drop(old(&at(other)));
        }
        symlink("target", at(".flowbook-link00.tmp")).unwrap();
        fs::create_dir(at(".flowbook-folder.tmp")).unwrap();
        let names = || {
            let names = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
            names.collect::<HashSet<_>>()
        };
        let before = names();
        let own = File::create(at("own")).unwrap();
        sweep(dir.path(), &own);
        let gone: Vec<_> = before.difference(&names()).cloned().collect();
        assert_eq!(gone, [".flowbook-aB3xYz.tmp"]);
        // Of a long folder only the first names are looked at.
        let long = tempfile::tempdir().unwrap();
        let left = long.path().join(".flowbook-aB3xYz.tmp");
        drop(old(&left));
        sweep_first(0, long.path(), &own);
        assert!(left.exists());
        // Once in a run.
        drop(old(&at(".flowbook-aB3xYz.tmp")));
        sweep(dir.path(), &own);
        assert!(at(".flowbook-aB3xYz.tmp").exists());
    }
}
